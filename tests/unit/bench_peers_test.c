/* The adapters of other servers against what those servers sent, recorded from ShareDB 7.0.0,
 * @y/websocket-server 0.1.1 and Hocuspocus 4.7.0, and against the updates that Yjs 13.6.33 itself
 * made of the same typing. A message is given as a block of exactly its length, so that a sanitizer
 * sees a byte read beyond it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/adapter.h"
#include "bench/relay.h"
#include "bench/sharedb.h"
#include "bench/yjs.h"

/* What was emitted, in words: one line for each event. */
struct heard {
    struct adapter_sink sink; /* first */
    bool binary;
    char words[4096];
    size_t len;
};

static const char *const WHAT[] = {"joined", "ack",     "delivery", "cursor",
                                   "send",   "refused", "broken"};

static void hear(struct adapter_sink *sink, const struct adapter_event *e)
{
    struct heard *h = (struct heard *)sink;
    char *at = h->words + h->len;
    size_t room = sizeof h->words - h->len;
    int n = 0;
    if (e->what == ADAPTER_SEND && h->binary) {
        n = snprintf(at, room, "send ");
        for (size_t i = 0; i < e->len; i++)
            n += snprintf(at + n, room - (size_t)n, "%02x", ((const uint8_t *)e->bytes)[i]);
        n += snprintf(at + n, room - (size_t)n, "\n");
    } else if (e->what == ADAPTER_SEND) {
        n = snprintf(at, room, "send %.*s\n", (int)e->len, (const char *)e->bytes);
    } else if (e->what == ADAPTER_ACK) {
        n = snprintf(at, room, "ack %llu+%llu as %llu\n", (unsigned long long)e->first,
                     (unsigned long long)e->n, (unsigned long long)e->revision);
    } else if (e->what == ADAPTER_DELIVERY) {
        n = snprintf(at, room, "delivery %u: %llu+%llu\n", e->writer, (unsigned long long)e->first,
                     (unsigned long long)e->n);
    } else if (e->what == ADAPTER_CURSOR || e->what == ADAPTER_REFUSED) {
        n = snprintf(at, room, "%s %llu\n", WHAT[e->what],
                     (unsigned long long)(e->what == ADAPTER_CURSOR ? e->n : e->first));
    } else {
        n = snprintf(at, room, "%s\n", WHAT[e->what]);
    }
    h->len += (size_t)n;
    assert_true(h->len < sizeof h->words);
}

struct peer {
    const struct adapter *adapter;
    struct adapter_conn conn;
    struct heard heard;
};

static void peer_init(struct peer *p, const struct adapter *adapter, uint32_t index)
{
    memset(p, 0, sizeof *p);
    p->adapter = adapter;
    p->conn = (struct adapter_conn){.index = index, .chars = 1, .room = "r1"};
    p->conn.state = calloc(1, adapter->conn_bytes + 1);
    p->heard.sink.emit = hear;
    p->heard.binary = adapter->binary;
}

static void peer_done(struct peer *p)
{
    free(p->conn.state);
}

static void expect(struct peer *p, const char *words)
{
    assert_string_equal(p->heard.words, words);
    p->heard.words[0] = '\0';
    p->heard.len = 0;
}

static void receive_bytes(struct peer *p, const uint8_t *bytes, size_t len, bool binary)
{
    uint8_t *exact = malloc(len + (len == 0));
    assert_non_null(exact);
    memcpy(exact, bytes, len);
    p->adapter->received(&p->conn, exact, len, binary, &p->heard.sink);
    free(exact);
}

static size_t from_hex(const char *hex, uint8_t *out)
{
    size_t n = 0;
    for (; hex[2 * n] != '\0'; n++) {
        char two[3] = {hex[2 * n], hex[2 * n + 1], '\0'};
        out[n] = (uint8_t)strtoul(two, NULL, 16);
    }
    return n;
}

/* A message as it was recorded: text as it is, binary as hexadecimal digits. */
static void receive(struct peer *p, const char *message)
{
    uint8_t bytes[2048];
    if (!p->adapter->binary) {
        receive_bytes(p, (const uint8_t *)message, strlen(message), false);
        return;
    }
    assert_true(strlen(message) / 2 <= sizeof bytes);
    receive_bytes(p, bytes, from_hex(message, bytes), true);
}

static void expect_op(struct peer *p, uint64_t number, uint64_t random, const char *wanted)
{
    char out[ADAPTER_MESSAGE_BYTES_MAX];
    uint8_t bytes[2048];
    size_t len = p->adapter->op(&p->conn, number, random, out);
    if (p->adapter->binary) {
        assert_int_equal(len, from_hex(wanted, bytes));
        assert_memory_equal(out, bytes, len);
    } else {
        assert_int_equal(len, strlen(wanted));
        assert_memory_equal(out, wanted, len);
    }
}

/* Whatever is cut off a message's end is told as broken, and nothing is read beyond it. */
static void expect_broken_when_cut(struct peer *p, const char *message, size_t from)
{
    uint8_t bytes[2048];
    size_t len = p->adapter->binary ? from_hex(message, bytes) : strlen(message);
    const uint8_t *at = p->adapter->binary ? bytes : (const uint8_t *)message;
    for (size_t cut = from; cut < len; cut++) {
        receive_bytes(p, at, cut, p->adapter->binary);
        assert_non_null(strstr(p->heard.words, "broken"));
        p->heard.len = 0;
    }
    p->heard.words[0] = '\0';
}

/* ---- ShareDB ----------------------------------------------------------------------------------- */

#define INIT                                                                                          \
    "{\"a\":\"init\",\"protocol\":1,\"protocolMinor\":2,\"id\":\"64dea7cdd7e85ee977c4da8b2b08b85c\"," \
    "\"type\":\"http://sharejs.org/types/JSONv0\"}"
#define NOTHING "{\"data\":{\"v\":0,\"type\":null},\"a\":\"s\",\"c\":\"texts\",\"d\":\"r1\"}"
#define MAKE                                                                                       \
    "{\"a\":\"op\",\"c\":\"texts\",\"d\":\"r1\",\"seq\":1,\"v\":0,\"create\":{\"type\":"           \
    "\"http://sharejs.org/types/text-unicode\",\"data\":\"\\n\"}"

static void ack(struct peer *p, unsigned seq, unsigned v)
{
    char words[256];
    snprintf(words, sizeof words,
             "{\"src\":\"64dea7cdd7e85ee977c4da8b2b08b85c\",\"seq\":%u,\"v\":%u,\"a\":\"op\","
             "\"c\":\"texts\",\"d\":\"r1\"}",
             seq, v);
    receive(p, words);
}

static void other(struct peer *p, unsigned v)
{
    char words[256];
    snprintf(words, sizeof words,
             "{\"a\":\"op\",\"c\":\"texts\",\"d\":\"r1\",\"v\":%u,\"src\":"
             "\"4c6521add1ba5a8530cf84db00d79df8\",\"seq\":2,\"op\":[\"b\"]}",
             v);
    receive(p, words);
}

static void sharedb_makes_the_document(void **unused)
{
    (void)unused;
    struct peer p;
    peer_init(&p, &ADAPTER_SHAREDB, 0);
    p.adapter->opened(&p.conn, &p.heard.sink);
    expect(&p, "send {\"a\":\"hs\",\"id\":null,\"protocol\":1,\"protocolMinor\":2}\n"
               "send {\"a\":\"s\",\"c\":\"texts\",\"d\":\"r1\",\"v\":null}\n");
    receive(&p, INIT);
    expect(&p, "");
    receive(&p, NOTHING);
    expect(&p, "send " MAKE "}\n");
    ack(&p, 1, 0);
    expect(&p, "joined\n");
    expect_op(&p, 1, 77,
              "{\"a\":\"op\",\"c\":\"texts\",\"d\":\"r1\",\"seq\":2,\"v\":1,\"op\":[\"b\"]}");
    ack(&p, 2, 1);
    expect(&p, "ack 1+1 as 2\n");
    other(&p, 2);
    expect(&p, "delivery 0: 3+1\n");
    expect_op(&p, 2, 1,
              "{\"a\":\"op\",\"c\":\"texts\",\"d\":\"r1\",\"seq\":3,\"v\":3,\"op\":[1,\"c\"]}");
    peer_done(&p);
}

static void sharedb_comes_second(void **unused)
{
    (void)unused;
    struct peer p;
    peer_init(&p, &ADAPTER_SHAREDB, 1);
    receive(&p, NOTHING);
    expect(&p, "send " MAKE "}\n");
    receive(&p, "{\"a\":\"op\",\"c\":\"texts\",\"d\":\"r1\",\"v\":0,\"src\":"
                "\"64dea7cdd7e85ee977c4da8b2b08b85c\",\"seq\":1,\"create\":{\"type\":"
                "\"http://sharejs.org/types/text-unicode\",\"data\":\"\\n\"}}");
    expect(&p, "joined\n");
    receive(&p, MAKE ",\"error\":{\"code\":\"ERR_DOC_ALREADY_CREATED\",\"message\":\"Document was "
                     "created remotely\"}}");
    expect(&p, "");
    /* What the answer to a stale operation carries comes again in the stream. */
    other(&p, 1);
    other(&p, 1);
    expect(&p, "delivery 0: 2+1\n");
    receive(&p,
            "{\"a\":\"op\",\"c\":\"texts\",\"d\":\"r1\",\"seq\":4,\"v\":3,\"op\":[77,\"a\"],"
            "\"error\":{\"code\":\"ERR_OT_OP_NOT_APPLIED\",\"message\":\"The op is too long\"}}");
    expect(&p, "refused 3\n");
    peer_done(&p);
}

static void sharedb_out_of_order(void **unused)
{
    (void)unused;
    struct peer p;
    peer_init(&p, &ADAPTER_SHAREDB, 0);
    receive(&p,
            "{\"data\":{\"v\":3,\"data\":\"b\\\"a\\n\",\"type\":"
            "\"http://sharejs.org/types/text-unicode\"},\"a\":\"s\",\"c\":\"texts\",\"d\":\"r1\"}");
    expect(&p, "joined\n");
    other(&p, 4);
    other(&p, 5);
    other(&p, 4);
    expect(&p, "delivery 0: 5+1\ndelivery 0: 6+1\n");
    ack(&p, 2, 3);
    expect(&p, "ack 1+1 as 4\n");
    expect_op(&p, 2, 0,
              "{\"a\":\"op\",\"c\":\"texts\",\"d\":\"r1\",\"seq\":3,\"v\":6,\"op\":[\"c\"]}");
    ack(&p, 3, 5);
    expect(&p, "broken\n");
    other(&p, 6 + 65);
    expect(&p, "broken\n");
    peer_done(&p);
}

static void sharedb_snapshot(void **unused)
{
    (void)unused;
    static const char snapshot[] =
        "{\"data\":{\"v\":3,\"data\":\"ba\\n\",\"type\":\"http://sharejs.org/types/text-unicode\"},"
        "\"a\":\"s\",\"c\":\"texts\",\"d\":\"r1\"}";
    struct peer p;
    peer_init(&p, &ADAPTER_SHAREDB, 0);
    receive(&p, snapshot);
    expect(&p, "joined\n");
    expect_op(&p, 1, 2,
              "{\"a\":\"op\",\"c\":\"texts\",\"d\":\"r1\",\"seq\":2,\"v\":3,\"op\":[2,\"b\"]}");
    receive(&p, snapshot);
    expect(&p, "broken\n");
    receive(&p, "{\"a\":\"q\"}");
    expect(&p, "broken\n");
    receive_bytes(&p, (const uint8_t *)INIT, sizeof INIT - 1, true);
    expect(&p, "broken\n");
    peer_done(&p);
    peer_init(&p, &ADAPTER_SHAREDB, 0);
    expect_broken_when_cut(&p, "{\"data\":{\"v\":3,\"data\":\"b\\\"", 0);
    peer_done(&p);
}

/* ---- Yjs --------------------------------------------------------------------------------------- */

#define FIRST  "0101c0843d0004010474657874016100"     /* 'a', of client 1000000 */
#define SECOND "0101c0843d0184c0843d00016300"         /* 'c' behind it */
#define THIRD  "0101c0843d02c4c0843d00c0843d01016400" /* 'd' between them */
#define MERGED "0201c1843d0004010474657874016202c0843d0184c0843d000163c4c0843d00c0843d01016400"
#define NAME   "027231"
#define CURSOR                                                                                       \
    "01890101c0843d0182017b22637572736f72223a7b22616e63686f72223a7b2274797065223a6e756c6c2c22746e"   \
    "616d65223a2274657874222c226974656d223a6e756c6c2c226173736f63223a307d2c2268656164223a7b22747970" \
    "65223a6e756c6c2c22746e616d65223a2274657874222c226974656d223a6e756c6c2c226173736f63223a307d7d"   \
    "7d"

/* The letters are those that op() picks by the number: a, c, d are of 26, 2 and 3. */
static void yjs_types_as_yjs_does(void **unused)
{
    (void)unused;
    struct peer p;
    peer_init(&p, &ADAPTER_YJS, 0);
    expect_op(&p, 26, 0, "000210" FIRST);
    expect_op(&p, 2, 0, "00020e" SECOND);
    expect_op(&p, 3, 0, "000212" THIRD);
    peer_done(&p);
    peer_init(&p, &ADAPTER_HOCUSPOCUS, 0);
    expect_op(&p, 26, 0, NAME "000210" FIRST);
    expect_op(&p, 2, 0, NAME "00020e" SECOND);
    peer_done(&p);
}

static void yjs_hears(void **unused)
{
    (void)unused;
    struct peer p;
    peer_init(&p, &ADAPTER_YJS, 1);
    p.adapter->opened(&p.conn, &p.heard.sink);
    expect(&p, "send 00000100\n");
    receive(&p, "00000100");
    expect(&p, "send 0001020000\n");
    receive(&p, CURSOR); /* of those who are there already: not a cursor that moved */
    expect(&p, "");
    receive(&p, "0001020000");
    expect(&p, "joined\n");
    receive(&p, "000210" FIRST);
    receive(&p, "00020e" SECOND);
    receive(&p, "000212" THIRD);
    expect(&p, "delivery 0: 1+1\ndelivery 0: 2+1\ndelivery 0: 3+1\n");
    receive(&p, "0002100101c1843d0004010474657874016200");
    expect(&p, "ack 1+1 as 0\n");
    receive(&p, CURSOR);
    expect(&p, "cursor 1\n");
    receive(&p, "010a01c0843d01046e756c6c"); /* left */
    expect(&p, "");
    peer_done(&p);
}

static void hocuspocus_hears(void **unused)
{
    (void)unused;
    struct peer p;
    peer_init(&p, &ADAPTER_HOCUSPOCUS, 0);
    p.adapter->opened(&p.conn, &p.heard.sink);
    expect(&p, "send " NAME "0200046e6f6e65\nsend " NAME "00000100\n");
    receive(&p, NAME "02020a726561642d7772697465");
    expect(&p, "");
    receive(&p, NAME "00000100");
    expect(&p, "send " NAME "0001020000\n");
    receive(&p, NAME "0001020000");
    expect(&p, "joined\n");
    receive(&p, NAME "0801"); /* of what was sent to synchronise */
    expect(&p, "");
    receive(&p, NAME "0801");
    expect(&p, "ack 1+1 as 0\n");
    receive(&p, NAME "000210" FIRST); /* the echo says nothing new */
    expect(&p, "");
    receive(&p, NAME "0801");
    receive(&p, NAME "0801");
    expect(&p, "ack 2+1 as 0\nack 3+1 as 0\n");
    receive(&p, NAME "000227" MERGED);
    expect(&p, "delivery 1: 1+1\n");
    receive(&p, NAME "0800");
    expect(&p, "refused 4\n");
    receive(&p, NAME CURSOR);
    expect(&p, "");
    receive(&p, NAME "02010464656e79");
    expect(&p, "refused 0\n");
    receive(&p, "027232"
                "0801");
    expect(&p, "broken\n");
    peer_done(&p);
    /* The same merged update, seen by a third. */
    peer_init(&p, &ADAPTER_HOCUSPOCUS, 7);
    receive(&p, NAME "0001020000");
    receive(&p, NAME "000227" MERGED);
    expect(&p, "joined\ndelivery 1: 1+1\ndelivery 0: 2+2\n");
    peer_done(&p);
}

/* What is skipped and what was deleted is no delivery, and splits the runs. */
static void yjs_gaps(void **unused)
{
    (void)unused;
    struct peer p;
    peer_init(&p, &ADAPTER_YJS, 5);
    receive(&p, "0001020000");
    expect(&p, "joined\n");
    receive(&p, "000219"
                "0103c0843d00"
                "0401047465787401610a0284c0843d02016400");
    expect(&p, "delivery 0: 1+1\ndelivery 0: 4+1\n");
    receive(&p, "00021a"
                "0103c0843d00"
                "0401047465787401618100000284c0843d02016400");
    expect(&p, "delivery 0: 1+1\ndelivery 0: 4+1\n");
    peer_done(&p);
}

static void yjs_cut(void **unused)
{
    (void)unused;
    struct peer p;
    peer_init(&p, &ADAPTER_YJS, 5);
    receive(&p, "0001020000");
    expect(&p, "joined\n");
    expect_broken_when_cut(&p, "000212" THIRD, 0);
    expect_broken_when_cut(&p, CURSOR, 0);
    /* Whole as a message, and cut inside. */
    receive(&p, "00020f"
                "0101c0843d00040104746578740161");
    expect(&p, "delivery 0: 1+1\n"); /* the deletions are not looked at */
    receive(&p, "00020e"
                "0101c0843d000401047465787401");
    expect(&p, "broken\n");
    receive(&p, "00020f"
                "0102c0843d00040104746578740161"); /* two structs, and one is there */
    expect(&p, "broken\n");
    receive(&p, "000205"
                "ffffffff7f");
    expect(&p, "broken\n");
    receive(&p, "000208"
                "01ffffff7fc0843d00");
    expect(&p, "broken\n");
    receive(&p, "00020a"
                "0101c0843d0006010474"); /* an embed: not typed by this program */
    expect(&p, "broken\n");
    peer_done(&p);
}

/* Pieces of several characters, any number of them: clocks go up without a gap, and both neighbours
 * of an insert are characters that there are. */
static void yjs_many(void **unused)
{
    (void)unused;
    enum { CHARS = 10, OPS = 3000 };
    struct peer writer, reader;
    peer_init(&writer, &ADAPTER_YJS, 3);
    peer_init(&reader, &ADAPTER_YJS, 4);
    writer.conn.chars = reader.conn.chars = CHARS;
    receive(&reader, "0001020000");
    expect(&reader, "joined\n");
    uint64_t random = 88172645463325252u;
    for (uint64_t number = 1; number <= OPS; number++) {
        char out[ADAPTER_MESSAGE_BYTES_MAX], wanted[64];
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        size_t len = writer.adapter->op(&writer.conn, number, random, out);
        receive_bytes(&reader, (const uint8_t *)out, len, true);
        snprintf(wanted, sizeof wanted, "delivery 3: %llu+1\n", (unsigned long long)number);
        expect(&reader, wanted);
    }
    peer_done(&writer);
    peer_done(&reader);
}

static void yjs_cursor(void **unused)
{
    (void)unused;
    const struct adapter *const both[] = {&ADAPTER_YJS, &ADAPTER_HOCUSPOCUS};
    for (size_t i = 0; i < 2; i++) {
        struct peer writer, reader;
        char out[ADAPTER_MESSAGE_BYTES_MAX];
        peer_init(&writer, both[i], 0);
        peer_init(&reader, both[i], 1);
        receive(&reader, i == 0 ? "0001020000" : NAME "0001020000");
        expect(&reader, "joined\n");
        size_t len = both[i]->cursor(&writer.conn, 5, out);
        if (i == 0) {
            uint8_t bytes[512];
            assert_int_equal(len, from_hex(CURSOR, bytes));
            assert_memory_equal(out, bytes, len);
        }
        receive_bytes(&reader, (const uint8_t *)out, len, true);
        expect(&reader, "cursor 1\n");
        (void)both[i]->op(&writer.conn, 1, 0, out);
        len = both[i]->cursor(&writer.conn, 5, out);
        receive_bytes(&reader, (const uint8_t *)out, len, true);
        expect(&reader, "cursor 1\n");
        peer_done(&writer);
        peer_done(&reader);
    }
}

/* ---- a relay ----------------------------------------------------------------------------------- */

static void relay(void **unused)
{
    (void)unused;
    struct peer writer, reader;
    char out[ADAPTER_MESSAGE_BYTES_MAX];
    peer_init(&writer, &ADAPTER_RELAY, 12);
    peer_init(&reader, &ADAPTER_RELAY, 13);
    writer.adapter->opened(&writer.conn, &writer.heard.sink);
    expect(&writer, "joined\n");
    assert_int_equal(writer.adapter->path(&writer.conn, out), 3);
    assert_string_equal(out, "/r1");
    size_t len = writer.adapter->op(&writer.conn, 345, 0, out);
    assert_int_equal(len, 62);
    receive_bytes(&writer, (const uint8_t *)out, len, false);
    expect(&writer, "ack 345+1 as 0\n");
    receive_bytes(&reader, (const uint8_t *)out, len, false);
    expect(&reader, "delivery 12: 345+1\n");
    out[len] = '\0';
    expect_broken_when_cut(&reader, out, 0);
    receive_bytes(&reader, (const uint8_t *)out, len, true);
    expect(&reader, "broken\n");
    writer.conn.chars = 100;
    assert_int_equal(writer.adapter->op(&writer.conn, 1, 0, out), 124);
    len = writer.adapter->cursor(&writer.conn, 5, out);
    receive_bytes(&writer, (const uint8_t *)out, len, false);
    expect(&writer, "");
    receive_bytes(&reader, (const uint8_t *)out, len, false);
    expect(&reader, "cursor 1\n");
    peer_done(&writer);
    peer_done(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sharedb_makes_the_document),
        cmocka_unit_test(sharedb_comes_second),
        cmocka_unit_test(sharedb_out_of_order),
        cmocka_unit_test(sharedb_snapshot),
        cmocka_unit_test(yjs_types_as_yjs_does),
        cmocka_unit_test(yjs_hears),
        cmocka_unit_test(hocuspocus_hears),
        cmocka_unit_test(yjs_gaps),
        cmocka_unit_test(yjs_cut),
        cmocka_unit_test(yjs_many),
        cmocka_unit_test(yjs_cursor),
        cmocka_unit_test(relay),
    };
    return cmocka_run_group_tests_name("other servers' words", tests, NULL, NULL);
}
