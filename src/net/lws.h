/* net/lws.h - the one place that includes libwebsockets, whose header does not live up to our
 * warnings. */
#ifndef NET_LWS_H
#define NET_LWS_H

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#pragma GCC diagnostic ignored "-Wshadow"
#include <libwebsockets.h>
#pragma GCC diagnostic pop

#endif
