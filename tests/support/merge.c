#include "support/merge.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"

/* The other's lines that one side has not seen, rewritten to run after its own newest line. */
struct unseen {
    struct weft_op *ops; /* ops[first .. n) */
    size_t first, n, cap;
    size_t seen; /* lines of the other that it has seen */
};

static void must(int err)
{
    WEFT_ASSERT(err == 0);
}

static void see(struct unseen *u, size_t base)
{
    for (; u->seen < base; u->seen++) {
        WEFT_ASSERT(u->first < u->n);
        weft_op_done(&u->ops[u->first++]);
    }
}

static void add(struct unseen *u, const struct weft_op *op)
{
    if (u->n == u->cap) {
        u->n -= u->first;
        if (u->n != 0)
            memmove(u->ops, u->ops + u->first, u->n * sizeof *u->ops);
        u->first = 0;
        if (u->n * 2 >= u->cap) {
            u->cap = u->cap != 0 ? u->cap * 2 : 64;
            u->ops = realloc(u->ops, u->cap * sizeof *u->ops);
            WEFT_ASSERT(u->ops != NULL);
        }
    }
    weft_op_init(&u->ops[u->n], weft_heap());
    must(weft_op_copy(&u->ops[u->n++], op));
}

static void log_put(struct buf *log, const struct weft_op *op)
{
    size_t size = weft_op_encoded_size(op);
    must(buf_reserve(log, size));
    weft_op_encode(op, log->data + log->len);
    log->len += size;
}

struct merged merge_session(const struct trace *t)
{
    struct merged m = {0};
    struct unseen sides[2] = {{0}};
    struct buf log;
    struct weft_op op;
    buf_init(&log, weft_heap());
    weft_op_init(&op, weft_heap());
    must(weft_text_new(weft_heap(), &m.text));
    for (size_t i = 0; i < t->n; i++) {
        const struct trace_line *line = &t->lines[i];
        struct unseen *u = &sides[line->client];
        see(u, line->base);
        trace_op(line, &op);
        must(weft_op_transform_lists(&op, 1, u->ops + u->first, u->n - u->first));
        m.pairs += u->n - u->first;
        log_put(&log, &op);
        must(weft_op_apply(&op, m.text));
        add(&sides[1 - line->client], &op);
    }
    m.log_bytes = log.len;
    for (int i = 0; i < 2; i++) {
        see(&sides[i], sides[i].seen + sides[i].n - sides[i].first);
        free(sides[i].ops);
    }
    weft_op_done(&op);
    buf_done(&log);
    return m;
}
