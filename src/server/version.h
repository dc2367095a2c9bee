/* The version, unless the build gives another one (-DWEFT_VERSION='"1.2.3"'). */
#ifndef SERVER_VERSION_H
#define SERVER_VERSION_H

#ifndef WEFT_VERSION
#define WEFT_VERSION "0.1.0"
#endif

#endif
