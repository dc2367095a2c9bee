#include <string.h>

#include "bench/adapter.h"
#include "bench/relay.h"
#include "bench/sharedb.h"
#include "bench/weft.h"
#include "bench/yjs.h"

const struct adapter *const ADAPTERS[] = {
    &ADAPTER_WEFT, &ADAPTER_SHAREDB, &ADAPTER_YJS, &ADAPTER_HOCUSPOCUS, &ADAPTER_RELAY, NULL,
};

const struct adapter *adapter_find(const char *name)
{
    for (size_t i = 0; ADAPTERS[i] != NULL; i++)
        if (strcmp(ADAPTERS[i]->name, name) == 0)
            return ADAPTERS[i];
    return NULL;
}
