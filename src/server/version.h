/* The server's version is the library's. */
#ifndef SERVER_VERSION_H
#define SERVER_VERSION_H

#include <weft/version.h>

#endif
