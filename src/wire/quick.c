#include "wire/quick.h"

#include <string.h>

#include <weft/op_json.h>

#include "base/escape.h"
#include "base/limits.h"

enum key { TYPE, POSITION, TEXT, REV, SEQ, LENGTH, ANCHOR, OP, KEYS };

static const struct {
    const char *name;
    uint8_t len;
} NAMES[KEYS] = {[TYPE] = {"type", 4},     [POSITION] = {"position", 8},
                 [TEXT] = {"text", 4},     [REV] = {"rev", 3},
                 [SEQ] = {"seq", 3},       [LENGTH] = {"length", 6},
                 [ANCHOR] = {"anchor", 6}, [OP] = {"op", 2}};

/* What was found, by key. */
struct found {
    const char *at;
    const char *end;
    unsigned has;                  /* bits by key */
    struct room_str strings[KEYS]; /* TYPE, TEXT: inside the quotes; OP: with its brackets */
    uint64_t numbers[KEYS];
};

static void skip_spaces(struct found *f)
{
    while (f->at != f->end && *f->at == ' ')
        f->at++;
}

/* The byte, with spaces before and behind it. */
static bool take_byte(struct found *f, char byte)
{
    skip_spaces(f);
    if (f->at == f->end || *f->at != byte)
        return false;
    f->at++;
    skip_spaces(f);
    return true;
}

/* At a quote: the inside. False where there is an escape, or no end. */
static bool take_string(struct found *f, struct room_str *ret)
{
    if (f->at == f->end || *f->at != '"')
        return false;
    const char *from = ++f->at;
    f->at += escape_clean_run(from, (size_t)(f->end - from));
    if (f->at == f->end || *f->at != '"')
        return false;
    *ret = (struct room_str){from, (size_t)(f->at - from)};
    f->at++;
    return true;
}

static bool take_number(struct found *f, uint64_t *ret)
{
    enum { DIGITS_MAX = 16 }; /* 2^53 has as many */
    const char *from = f->at;
    uint64_t v = 0;
    for (; f->at != f->end && *f->at >= '0' && *f->at <= '9'; f->at++) {
        if (f->at - from == DIGITS_MAX)
            return false;
        v = v * 10 + (uint64_t)(*f->at - '0');
    }
    /* What must not follow a number, as in 1.5 or 1e3, is neither a comma nor a bracket. */
    if (f->at == from || (*from == '0' && f->at - from > 1) || v > REV_MAX)
        return false;
    *ret = v;
    return true;
}

/* At a bracket: up to the one that closes it. What is between is read by weft_op_from_json(). */
static bool take_array(struct found *f, struct room_str *ret)
{
    struct room_str inside;
    const char *from = f->at;
    if (f->at == f->end || *f->at != '[')
        return false;
    f->at++;
    while (f->at != f->end && *f->at != ']') {
        if (*f->at == '"') {
            if (!take_string(f, &inside))
                return false;
        } else if (*f->at == '[' || *f->at == '{' || *f->at == '}') {
            return false;
        } else {
            f->at++;
        }
    }
    if (f->at == f->end)
        return false;
    f->at++;
    *ret = (struct room_str){from, (size_t)(f->at - from)};
    return true;
}

static bool str_is(struct room_str s, const char *word, size_t len)
{
    return s.len == len && memcmp(s.at, word, len) == 0;
}

static bool take_pair(struct found *f)
{
    struct room_str name;
    unsigned key = 0;
    if (!take_string(f, &name) || !take_byte(f, ':'))
        return false;
    while (key < KEYS && !str_is(name, NAMES[key].name, NAMES[key].len))
        key++;
    if (key == KEYS || (f->has & 1u << key) != 0)
        return false;
    f->has |= 1u << key;
    if (key == TYPE || key == TEXT)
        return take_string(f, &f->strings[key]);
    return key == OP ? take_array(f, &f->strings[key]) : take_number(f, &f->numbers[key]);
}

static bool take_object(struct found *f)
{
    if (!take_byte(f, '{'))
        return false;
    do {
        if (!take_pair(f))
            return false;
    } while (take_byte(f, ','));
    return take_byte(f, '}') && f->at == f->end;
}

/* --- what it means --- */

static bool has(const struct found *f, enum key key)
{
    return (f->has & 1u << key) != 0;
}

/* All of `must`, and nothing but these and `may`. */
static bool has_keys(const struct found *f, unsigned must, unsigned may)
{
    return (f->has & must) == must && (f->has & ~(must | may)) == 0;
}

enum {
    B_TYPE = 1 << TYPE,
    B_POSITION = 1 << POSITION,
    B_TEXT = 1 << TEXT,
    B_REV = 1 << REV,
    B_SEQ = 1 << SEQ,
    B_LENGTH = 1 << LENGTH,
    B_ANCHOR = 1 << ANCHOR,
    B_OP = 1 << OP,
};

static bool submission(const struct found *f, struct wire_message *m)
{
    struct room_submission *s = &m->event.submission;
    m->event.kind = ROOM_OPERATION;
    s->has_rev = has(f, REV);
    s->rev = s->has_rev ? f->numbers[REV] : 0;
    s->has_seq = has(f, SEQ);
    s->seq = s->has_seq ? f->numbers[SEQ] : 0;
    s->op = &m->op_;
    return !s->has_seq || s->seq != 0;
}

static bool read_insert(const struct found *f, struct wire_message *m)
{
    struct room_str text = f->strings[TEXT];
    if (!has_keys(f, B_TYPE | B_TEXT, B_POSITION | B_REV | B_SEQ) || text.len == 0 ||
        !submission(f, m) || f->numbers[POSITION] > CP_MAX)
        return false;
    m->event.submission.at_end = !has(f, POSITION);
    return weft_op_retain(&m->op_, (size_t)f->numbers[POSITION]) == 0 &&
           weft_op_insert(&m->op_, text.at, text.len) == 0;
}

static bool read_delete(const struct found *f, struct wire_message *m)
{
    uint64_t length_cp = has(f, LENGTH) ? f->numbers[LENGTH] : 1;
    return has_keys(f, B_TYPE | B_POSITION, B_LENGTH | B_REV | B_SEQ) && submission(f, m) &&
           f->numbers[POSITION] <= CP_MAX && length_cp != 0 && length_cp <= CP_MAX &&
           weft_op_retain(&m->op_, (size_t)f->numbers[POSITION]) == 0 &&
           weft_op_delete(&m->op_, (size_t)length_cp) == 0;
}

static bool read_edit(const struct found *f, struct wire_message *m)
{
    struct room_str op = f->strings[OP];
    return has_keys(f, B_TYPE | B_OP, B_REV | B_SEQ) && submission(f, m) &&
           weft_op_from_json(op.at, op.len, &m->op_, NULL) == 0;
}

static bool read_cursor(const struct found *f, struct wire_message *m)
{
    struct room_cursor_move *c = &m->event.cursor;
    if (!has_keys(f, B_TYPE | B_POSITION, B_ANCHOR | B_REV) || f->numbers[POSITION] > CP_MAX ||
        f->numbers[ANCHOR] > CP_MAX)
        return false;
    m->event.kind = ROOM_CURSOR;
    c->has_rev = has(f, REV);
    c->rev = f->numbers[REV];
    c->has_anchor = has(f, ANCHOR);
    c->position_cp = (size_t)f->numbers[POSITION];
    c->anchor_cp = (size_t)f->numbers[ANCHOR];
    return true;
}

static bool read_any(const struct found *f, struct wire_message *m)
{
    struct room_str type = f->strings[TYPE];
    if (str_is(type, "insert", 6))
        return read_insert(f, m);
    if (str_is(type, "delete", 6))
        return read_delete(f, m);
    if (str_is(type, "edit", 4))
        return read_edit(f, m);
    return str_is(type, "cursor", 6) && read_cursor(f, m);
}

bool quick_decode(const char *json, size_t len, struct wire_message *ret)
{
    struct found f = {.at = json, .end = json + len};
    if (!take_object(&f) || !has(&f, TYPE))
        return false;
    /* Whatever is not text was compared with ASCII; text is checked where it is put into op_. */
    if (read_any(&f, ret))
        return true;
    weft_op_clear(&ret->op_);
    memset(&ret->event, 0, sizeof ret->event);
    return false;
}
