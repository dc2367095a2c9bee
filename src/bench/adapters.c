#include <string.h>

#include "bench/adapter.h"
#include "bench/weft.h"

const struct adapter *const ADAPTERS[] = {
    &ADAPTER_WEFT,
    NULL,
};

const struct adapter *adapter_find(const char *name)
{
    for (size_t i = 0; ADAPTERS[i] != NULL; i++)
        if (strcmp(ADAPTERS[i]->name, name) == 0)
            return ADAPTERS[i];
    return NULL;
}
