#include "wire/scan.h"

#include <string.h>

#include "base/limits.h"

/* Offset behind the closing quote of the string whose inside starts at i; len where it never ends. */
static size_t string_end(const char *json, size_t len, size_t i)
{
    while (i < len) {
        if (json[i] == '"')
            return i + 1;
        i += json[i] == '\\' && len - i >= 2 ? 2 : 1;
    }
    return len;
}

size_t scan_too_deep(const char *json, size_t len, unsigned max)
{
    unsigned depth = 0;
    for (size_t i = 0; i < len;) {
        char c = json[i];
        if (c == '"') {
            i = string_end(json, len, i + 1);
            continue;
        }
        if ((c == '{' || c == '[') && ++depth > max)
            return i;
        if ((c == '}' || c == ']') && depth > 0)
            depth--;
        i++;
    }
    return len;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t skip_space(const char *json, size_t len, size_t i)
{
    while (i < len && is_space(json[i]))
        i++;
    return i;
}

static bool is_number_char(char c)
{
    return (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.' || c == 'e' || c == 'E';
}

/* The value of a \uXXXX escape at s, or -1. */
static int32_t unicode_escape(const char *s, size_t len)
{
    if (len < 6 || s[0] != '\\' || s[1] != 'u')
        return -1;
    int32_t v = 0;
    for (size_t i = 2; i < 6; i++) {
        char c = s[i];
        int32_t digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
        if (digit < 0)
            return -1;
        v = v * 16 + digit;
    }
    return v;
}

static bool is_high(int32_t v)
{
    return v >= 0xd800 && v <= 0xdbff;
}

static bool is_low(int32_t v)
{
    return v >= 0xdc00 && v <= 0xdfff;
}

/* The first lone surrogate among the escapes of a string's inside (RFC 8259 section 8.2). */
static struct room_str lone_surrogate(const char *s, size_t len)
{
    for (size_t i = 0; i < len;) {
        if (s[i] != '\\') {
            i++;
            continue;
        }
        int32_t v = unicode_escape(s + i, len - i);
        if (is_high(v) && is_low(unicode_escape(s + i + 6, len - i - 6))) {
            i += 12;
            continue;
        }
        if (is_high(v) || is_low(v))
            return (struct room_str){s + i, 6};
        i += 2;
    }
    return (struct room_str){NULL, 0};
}

/* An integer 1 .. 2^53 that stands alone at i, or 0. */
static uint64_t small_integer(const char *json, size_t len, size_t i)
{
    uint64_t v = 0;
    size_t start = i;
    for (; i < len && json[i] >= '0' && json[i] <= '9' && i - start < 17; i++)
        v = v * 10 + (uint64_t)(json[i] - '0');
    bool alone = i == len || !is_number_char(json[i]);
    return alone && v <= REV_MAX ? v : 0;
}

struct scan_facts scan_facts_of(const char *json, size_t len, size_t limit)
{
    struct scan_facts f = {0};
    unsigned depth = 0;
    for (size_t i = 0; i < len;) {
        char c = json[i];
        depth += c == '{' || c == '[';
        depth -= (c == '}' || c == ']') && depth > 0;
        if (c != '"') {
            i++;
            continue;
        }
        size_t end = string_end(json, len, i + 1);
        struct room_str inside = {json + i + 1, end - i - (end - i >= 2 ? 2 : 1)};
        if (end <= limit)
            f.string = inside;
        if (f.lone.at == NULL && i < limit)
            f.lone = lone_surrogate(inside.at, inside.len);
        size_t colon = skip_space(json, len, end);
        bool is_key = depth == 1 && colon < len && json[colon] == ':';
        if (is_key && i < limit)
            f.key = inside;
        if (is_key && inside.len == 3 && memcmp(inside.at, "seq", 3) == 0)
            f.seq = small_integer(json, len, skip_space(json, len, colon + 1));
        i = end;
    }
    size_t start = limit < len ? limit : len;
    size_t stop = start;
    while (start > 0 && is_number_char(json[start - 1]))
        start--;
    if (start < stop)
        f.number = (struct room_str){json + start, stop - start};
    return f;
}
