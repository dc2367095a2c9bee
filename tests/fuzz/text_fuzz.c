/* Bytes as edits of a text with small nodes, beside the flat model.
 *
 * Each edit is three bytes and an argument: what, where (a fraction of the text), how much. An
 * insertion takes its bytes from the input as they are, so broken UTF-8 gets in and must be refused
 * without a trace. Some edits run without memory and must then change nothing. */
#include "support/small_text.h"

#include "base/buf.h"
#include "support/faulty.h"
#include "support/flat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz {
    struct faulty faulty;
    struct weft_text *text;
    struct flat flat;
    size_t cp;
};

enum { FLAT_BYTES_MAX = 600 }; /* the model copies it all at each edit */

static void compare(const struct fuzz *z)
{
    WEFT_ASSERT(weft_text_check(z->text));
    WEFT_ASSERT(weft_text_equal(z->text, z->flat.bytes, z->flat.len));
    WEFT_ASSERT(weft_text_memory(z->text) == z->faulty.live_bytes);
}

static void fuzz_insert(struct fuzz *z, size_t pos, const char *s, size_t len)
{
    int err = weft_text_insert(z->text, pos, s, len);
    if (!utf8_valid(s, len, NULL) || utf8_has_nul(s, len)) {
        WEFT_ASSERT(err == WEFT_EUTF8);
        return;
    }
    if (err == WEFT_ENOMEM) {
        WEFT_ASSERT(z->faulty.fail_at >= 0);
        return;
    }
    WEFT_ASSERT(err == 0);
    flat_insert(&z->flat, pos, s, len);
    z->cp = weft_text_size(z->text).cp;
}

static void fuzz_delete(struct fuzz *z, size_t pos, size_t n_cp)
{
    if (n_cp > z->cp - pos) {
        WEFT_ASSERT(weft_text_delete(z->text, pos, n_cp) == WEFT_ERANGE);
        n_cp = z->cp - pos;
    }
    WEFT_ASSERT(weft_text_delete(z->text, pos, n_cp) == 0);
    flat_delete(&z->flat, pos, n_cp);
    z->cp -= n_cp;
}

static void fuzz_query(const struct fuzz *z, size_t pos)
{
    struct weft_size want = flat_measure(&z->flat, 0, flat_offset(&z->flat, pos));
    struct weft_size got;
    WEFT_ASSERT(weft_text_at_cp(z->text, pos, &got) == 0 && flat_size_equal(got, want));
    WEFT_ASSERT(weft_text_at_byte(z->text, want.bytes, &got) == 0 && flat_size_equal(got, want));
    WEFT_ASSERT(weft_text_at_u16(z->text, want.u16, &got) == 0 && flat_size_equal(got, want));
    WEFT_ASSERT(weft_text_at_line(z->text, want.lines, &got) == 0 && got.lines == want.lines);
    WEFT_ASSERT(got.bytes <= want.bytes);
}

/* One insertion that was reserved passes without memory. */
static void fuzz_reserved(struct fuzz *z, size_t pos, const char *s, size_t len)
{
    if (!utf8_valid(s, len, NULL) || utf8_has_nul(s, len))
        return;
    WEFT_ASSERT(weft_text_reserve(z->text, 1, len) == 0);
    z->faulty.fail_at = z->faulty.requests;
    WEFT_ASSERT(weft_text_insert(z->text, pos, s, len) == 0);
    WEFT_ASSERT(z->faulty.requests == z->faulty.fail_at);
    flat_insert(&z->flat, pos, s, len);
    z->cp = weft_text_size(z->text).cp;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz z = {0};
    struct cur c = cur_of(data, size);
    faulty_init(&z.faulty, -1);
    flat_init(&z.flat);
    WEFT_ASSERT(weft_text_new(&z.faulty.alloc, &z.text) == 0);
    flat_set(&z.flat, "", 0);
    while (cur_left(&c) >= 3 && z.flat.len < FLAT_BYTES_MAX) {
        uint8_t what = cur_u8(&c);
        size_t pos = cur_u8(&c) * (z.cp + 1) / 256;
        size_t much = cur_u8(&c);
        z.faulty.fail_at = (what & 0x80) != 0 ? z.faulty.requests + (what >> 5 & 3) : -1;
        size_t len = much < cur_left(&c) ? much : cur_left(&c);
        switch (what & 7) {
        case 0:
        case 1:
            fuzz_insert(&z, pos, (const char *)cur_bytes(&c, len), len);
            break;
        case 2: /* many times one byte: grows fast */
            for (size_t i = 0; i < much; i++)
                fuzz_insert(&z, pos + (z.cp < pos + i ? 0 : i), (what & 8) != 0 ? "\n" : "x", 1);
            break;
        case 3:
        case 4:
            fuzz_delete(&z, pos, much);
            break;
        case 5:
            fuzz_delete(&z, pos, z.cp * much / 255);
            break;
        case 6:
            z.faulty.fail_at = -1;
            fuzz_reserved(&z, pos, (const char *)cur_bytes(&c, len), len);
            break;
        default:
            fuzz_query(&z, pos);
            break;
        }
        compare(&z);
    }
    weft_text_free(z.text);
    WEFT_ASSERT(z.faulty.live_blocks == 0);
    flat_done(&z.flat);
    return 0;
}
