#include "sim/sim.h"

void note_begin(struct world *w)
{
    (void)w;
}
void note_event(struct world *w, int client, const char *event, const char *field,
                const uint8_t *json, size_t len)
{
    (void)w;
    (void)client;
    (void)event;
    (void)field;
    (void)json;
    (void)len;
}
void note_op(struct world *w, int client, const struct weft_op *op)
{
    (void)w;
    (void)client;
    (void)op;
}
void note_meta(struct world *w, int client, const struct room_meta *entries)
{
    (void)w;
    (void)client;
    (void)entries;
}
void note_sent(struct world *w, const struct weft_op *op, const struct room_meta *meta,
               uint64_t rev, uint64_t seq)
{
    (void)w;
    (void)op;
    (void)meta;
    (void)rev;
    (void)seq;
}
