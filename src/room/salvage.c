#include "room/salvage.h"

#include "base/assert.h"

struct salvage salvage_of(const struct salvage_found *found)
{
    struct salvage s = {.base_rev = found->start_rev, .last_rev = found->good};
    WEFT_ASSERT(found->good >= found->start_rev);
    WEFT_ASSERT(found->start_rev == 0 || found->start_rev >= found->base_rev);
    if (!found->records_damaged && !found->snapshots_damaged) {
        s.what = SALVAGE_NOTHING;
    } else if (found->head == 0 || (found->base_rev != 0 && found->start_rev == 0)) {
        s.what = SALVAGE_LOST;
    } else {
        WEFT_ASSERT(found->good <= found->head);
        s.what = SALVAGE_REWRITE;
        s.new_epoch = found->good != found->head;
    }
    return s;
}
