#include "store/say.h"

#include <stdarg.h>
#include <stdio.h>

int store_say(char *why, size_t why_bytes, int err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why, why_bytes, format, args);
    va_end(args);
    return err;
}
