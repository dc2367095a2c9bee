/* support/lanes.h - bad network links between one server and up to 255 clients, as a queue of packets.
 *
 * Idea: each client has a lane up to the server and one down from it, each with a rule of its own. A
 * packet that is offered is lost, cut off, doubled, or waits in one heap for all lanes until it is
 * due. Nothing here knows a socket or a clock: tools/tun_relay.c moves the bytes, and tests may move
 * the time.
 *
 * A lane with a rate sends one packet after the other, and drops what finds more than `queue_bytes`
 * waiting, as a router does. Delay and jitter come after that; a reordered packet has neither, and
 * so overtakes. What is drawn depends on the seed and on the packets offered before, on nothing else. */
#ifndef SUPPORT_LANES_H
#define SUPPORT_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/rng.h"

enum {
    LANES_CLIENTS = 256,         /* 1 to 255; 0 stands for all of them in lanes_set() */
    LANES_PACKETS_MAX = 1 << 14, /* under way at once; above it they are dropped */
    LANES_PACKET_BYTES = 9000,
};

enum lane_dir { LANE_UP, LANE_DOWN, LANE_DIRS };

struct lane_rule {
    uint32_t delay_us;
    uint32_t jitter_us; /* more or less than delay_us by up to this */
    uint32_t loss_ppm;
    uint32_t dup_ppm;
    uint32_t reorder_ppm;
    uint64_t rate_bits; /* per second; 0: no limit */
    uint32_t queue_bytes;
    uint32_t reset; /* of so many TCP segments a reset is made (tools/tun_relay.c) */
    bool is_cut;
};

struct lane {
    struct lane_rule rule;
    int64_t free_us; /* when its last packet has left */
};

struct lane_packet {
    int64_t due_us;
    uint64_t serial; /* those due together go in the order they came in */
    enum lane_dir dir;
    size_t len;
    uint8_t bytes[];
};

struct lane_counters {
    uint64_t offered, passed, passed_bytes, lost, cut, doubled, overtaking, overflowed, reset;
};

struct lanes {
    struct lane lane[LANES_CLIENTS][LANE_DIRS];
    struct lane_counters counters[LANE_DIRS];
    struct rng rng;
    uint64_t serial;
    struct lane_packet **heap;
    size_t n;
};

void lanes_init(struct lanes *l, uint64_t seed);
void lanes_done(struct lanes *l);

/* Reads `<client|*> <up|down|both> <key> <value> ...`, with the keys delay, jitter (ms), loss, dup,
 * reorder (per cent), rate (bits a second), queue (bytes), reset (segments), cut (0, 1) and clear
 * (a value that does not matter: a perfect link again). False: not understood, nothing changed. */
bool lanes_set(struct lanes *l, const char *line);

/* A packet of this client has come in. */
void lanes_offer(struct lanes *l, int64_t now_us, unsigned client, enum lane_dir dir,
                 const uint8_t *bytes, size_t len);

/* When the next packet is due; INT64_MAX: none is under way. */
int64_t lanes_due_us(const struct lanes *l);

/* A packet that is due, to be freed with free(); NULL: none. */
struct lane_packet *lanes_take(struct lanes *l, int64_t now_us);

#endif
