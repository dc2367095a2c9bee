#include "server/chance.h"

#include <uuid/uuid.h>

void chance_uuid(uint8_t out[16])
{
    uuid_generate_random(out);
}
