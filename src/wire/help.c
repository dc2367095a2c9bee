#include "wire/help.h"

#include "wire/messages.h"

#define TYPE(name, read, meaning, example) " " name
const char HELP_TYPES[] = "one of" WIRE_MESSAGES(TYPE);
#undef TYPE

#define ENTRY(name, read, meaning, example)                                                        \
    ",{\"type\":\"" name "\",\"meaning\":\"" meaning "\",\"example\":" example "}"
static const char ENTRIES[] = WIRE_MESSAGES(ENTRY);
#undef ENTRY

void help_write(struct json_writer *w)
{
    JW_LIT(w, "{\"type\":\"help\",\"messages\":[");
    jw_raw(w, ENTRIES + 1, sizeof ENTRIES - 2); /* without the first comma */
    JW_LIT(w, "]}");
}
