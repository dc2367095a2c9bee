/* wire/query.c - the parts of a URL: percent-encoding (RFC 3986 section 2.1) and, in a query, '+'
 * for a space, as browsers' URLSearchParams and HTML forms write it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "wire/field.h"
#include "wire/wire.h"
#include "wire/words.h"

_Static_assert(ROOM_NAME_BYTES_MAX == 128, "the words below say so");

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

enum percent { PERCENT_OK, PERCENT_BAD, PERCENT_LONG };

/* Decodes into out, of cap bytes. */
static enum percent percent_decode(struct room_str s, bool plus_is_space, char *out, size_t cap,
                                   size_t *ret_len)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len;) {
        char c = s.at[i];
        size_t took = 1;
        if (c == '%') {
            int high = s.len - i >= 3 ? hex_digit(s.at[i + 1]) : -1;
            int low = s.len - i >= 3 ? hex_digit(s.at[i + 2]) : -1;
            if (high < 0 || low < 0)
                return PERCENT_BAD;
            c = (char)(high * 16 + low);
            took = 3;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        if (n == cap)
            return PERCENT_LONG;
        out[n++] = c;
        i += took;
    }
    *ret_len = n;
    return PERCENT_OK;
}

static int fail(struct room_error *ret, const char *field, struct room_str found,
                const char *expected)
{
    char shown[FOUND_BYTES];
    words_quote(found.at, found.len, shown);
    return words_fail(ret, WEFT_EINVAL, 0, field, shown, expected);
}

/* --- the query --- */

enum { VALUE_BYTES_MAX = 96 }; /* the longest that is ever right has 64 */

struct query {
    struct wire_connect c;
    struct room_error *error;
    bool has_epoch;
    bool foreign_epoch;
    bool has_rev;
    bool only_rev; /* other keys are not ours here */
};

static int set_name(struct query *q, struct room_str v)
{
    if (!field_name_ok(v.at, v.len))
        return fail(q->error, "name", v, NAME_EXPECTED);
    memcpy(q->c.name, v.at, v.len);
    q->c.name_len = (uint8_t)v.len;
    return 0;
}

static int set_color(struct query *q, struct room_str v)
{
    q->c.has_color = v.len != 0; /* a form's empty field is none */
    if (!q->c.has_color)
        return 0;
    if (!field_color_ok(v.at, v.len))
        return fail(q->error, "color", v, COLOR_EXPECTED ", written %23c2185b in a URL");
    memcpy(q->c.color, v.at, COLOR_BYTES);
    return 0;
}

static int set_mode(struct query *q, struct room_str v)
{
    bool is_read = v.len == 4 && memcmp(v.at, "read", 4) == 0;
    bool is_write = v.len == 5 && memcmp(v.at, "write", 5) == 0;
    if (!is_read && !is_write)
        return fail(q->error, "mode", v, "read or write");
    q->c.mode = is_read ? ROOM_READ : ROOM_WRITE;
    return 0;
}

static int set_epoch(struct query *q, struct room_str v)
{
    /* What is no UUID is no epoch of ours: it matches nothing, which is an answer and no mistake. */
    q->foreign_epoch = !uuid_parse(v.at, v.len, &q->c.epoch);
    q->has_epoch = true;
    return 0;
}

static int set_rev(struct query *q, struct room_str v)
{
    uint64_t rev = 0;
    bool good = v.len >= 1 && v.len <= 16;
    for (size_t i = 0; good && i < v.len; i++) {
        good = v.at[i] >= '0' && v.at[i] <= '9';
        rev = rev * 10 + (uint64_t)(v.at[i] - '0');
    }
    if (!good || rev > REV_MAX)
        return fail(q->error, "rev", v, "an integer from 0 to 9007199254740992");
    q->c.rev = rev;
    q->has_rev = true;
    return 0;
}

static const struct {
    const char *name;
    int (*set)(struct query *q, struct room_str value);
} KEYS[] = {
    {"name", set_name},   {"color", set_color}, {"mode", set_mode},
    {"epoch", set_epoch}, {"rev", set_rev},
};
enum { N_KEYS = sizeof KEYS / sizeof *KEYS };

static size_t find_key(struct room_str raw)
{
    char key[16];
    size_t len;
    if (percent_decode(raw, true, key, sizeof key, &len) != PERCENT_OK)
        return N_KEYS;
    size_t i = 0;
    while (i < N_KEYS && (strlen(KEYS[i].name) != len || memcmp(KEYS[i].name, key, len) != 0))
        i++;
    return i;
}

static int set_pair(struct query *q, struct room_str pair, bool seen[N_KEYS])
{
    const char *equals = pair.len != 0 ? memchr(pair.at, '=', pair.len) : NULL;
    size_t key_len = equals != NULL ? (size_t)(equals - pair.at) : pair.len;
    size_t key = find_key((struct room_str){pair.at, key_len});
    if (key == N_KEYS || (q->only_rev && KEYS[key].set != set_rev))
        return 0;
    const char *name = KEYS[key].name;
    if (seen[key])
        return words_fail(q->error, WEFT_EINVAL, 0, name, "it twice", "it once");
    seen[key] = true;
    struct room_str raw = {pair.at + key_len, 0};
    if (equals != NULL)
        raw = (struct room_str){equals + 1, pair.len - key_len - 1};
    char value[VALUE_BYTES_MAX];
    size_t len = 0;
    switch (percent_decode(raw, true, value, sizeof value, &len)) {
    case PERCENT_BAD:
        return fail(q->error, name, raw, "two hex digits after each %");
    case PERCENT_LONG:
        return fail(q->error, name, raw, key == 0 ? NAME_EXPECTED : "something shorter");
    case PERCENT_OK:
        break;
    }
    return KEYS[key].set(q, (struct room_str){value, len});
}

static int set_pairs(struct query *q, const char *query, size_t len)
{
    bool seen[N_KEYS] = {false};
    for (size_t i = 0; i < len;) {
        const char *amp = memchr(query + i, '&', len - i);
        size_t pair_len = amp != NULL ? (size_t)(amp - query) - i : len - i;
        int err = set_pair(q, (struct room_str){query + i, pair_len}, seen);
        if (err != 0)
            return err;
        i += pair_len + 1;
    }
    return 0;
}

int wire_decode_query_rev(const char *query, size_t len, bool *ret_has_rev, uint64_t *ret_rev,
                          struct room_error *ret_error)
{
    struct query q = {.error = ret_error, .only_rev = true};
    int err = set_pairs(&q, query, len);
    if (err != 0)
        return err;
    *ret_has_rev = q.has_rev;
    *ret_rev = q.c.rev;
    return 0;
}

int wire_decode_query(const char *query, size_t len, struct wire_connect *ret,
                      struct room_error *ret_error)
{
    struct query q = {.c = {.mode = ROOM_WRITE}, .error = ret_error};
    int err = set_pairs(&q, query, len);
    if (err != 0)
        return err;
    if (q.has_epoch != q.has_rev)
        return words_fail(ret_error, WEFT_EINVAL, 0, q.has_epoch ? "rev" : "epoch", "nothing",
                          "both epoch and rev, or neither");
    q.c.has_rev = q.has_rev && !q.foreign_epoch;
    *ret = q.c;
    return 0;
}

/* --- the room's name --- */

bool wire_is_room_name(const char *name, size_t len)
{
    return len != 0 && len <= ROOM_NAME_BYTES_MAX && utf8_valid(name, len, NULL) &&
           !field_has_control(name, len) && memchr(name, '/', len) == NULL;
}

int wire_decode_room_name(const char *segment, size_t len, char ret[ROOM_NAME_BYTES_MAX + 1],
                          size_t *ret_len, struct room_error *ret_error)
{
    static const char EXPECTED[] = "1 to 128 bytes of UTF-8 without control characters and '/'";
    struct room_str raw = {segment, len};
    char name[ROOM_NAME_BYTES_MAX];
    size_t n = 0;
    enum percent p = percent_decode(raw, false, name, sizeof name, &n);
    if (p == PERCENT_BAD)
        return fail(ret_error, "room", raw, "two hex digits after each %");
    if (p == PERCENT_LONG || n == 0)
        return fail(ret_error, "room", raw, EXPECTED);
    if (!wire_is_room_name(name, n))
        return fail(ret_error, "room", (struct room_str){name, n}, EXPECTED);
    memcpy(ret, name, n);
    ret[n] = '\0';
    *ret_len = n;
    return 0;
}
