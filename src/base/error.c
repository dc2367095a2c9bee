#include <weft/error.h>

#include <stddef.h>

const char *weft_error_text(int err)
{
#define TEXT(name, value, wire, text)                                                              \
    case (value):                                                                                  \
        return text;
    switch (err) {
        WEFT_ERRORS(TEXT)
    case 0:
        return "no error";
    default:
        return "unknown error";
    }
#undef TEXT
}

const char *weft_error_wire(int err)
{
#define WIRE(name, value, wire, text)                                                              \
    case (value):                                                                                  \
        return wire;
    switch (err) {
        WEFT_ERRORS(WIRE)
    default:
        return NULL;
    }
#undef WIRE
}
