/* tools/lib/relay.h - the floor under a collaboration server: a relay that does nothing but frames.
 *
 * A bare epoll loop. Each frame of a client is taken as an operation: its author is sent an ack,
 * everybody else in the room the same number of bytes that weft sends for a typed character, with
 * everything that is pending for a client in one send() at the end of a loop turn. It parses no JSON, merges
 * nothing, keeps no text and no log. What it costs is what sockets cost on this machine. */
#ifndef TOOLS_RELAY_H
#define TOOLS_RELAY_H

/* Serves until it is killed. For process_fork(). */
void relay_serve(int listener);

#endif
