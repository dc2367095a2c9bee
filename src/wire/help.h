/* wire/help.h - the answer to `help`, and the list that bad_type shows. */
#ifndef WIRE_HELP_H
#define WIRE_HELP_H

#include "wire/json_write.h"

/* {"type":"help","messages":[{"type":...,"meaning":...,"example":{...}},...]} */
void help_write(struct json_writer *w);

/* "one of insert delete ... help" */
extern const char HELP_TYPES[];

#endif
