#include "support/history_log.h"

int history_log(struct history *h, const struct weft_op *op)
{
    uint64_t rev = history_head(h) + 1;
    struct record r = {.prev_sum = 7, .rev = rev, .seq = rev, .at_ms = 1};
    size_t len = record_size(&r, op);
    uint8_t *record = history_reserve(h, len);
    if (record == NULL)
        return WEFT_ENOMEM;
    record_put(&r, op, record, len);
    int64_t length_cp = (int64_t)history_length_cp(h, rev - 1) + weft_op_delta(op);
    history_push(h, &(struct history_entry){.record = record,
                                            .len = (uint32_t)len,
                                            .op_at = (uint16_t)r.op_at,
                                            .length_cp = (uint32_t)length_cp});
    return 0;
}
