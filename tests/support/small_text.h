/* support/small_text.h - the text with nodes of a few bytes, in one program.
 *
 * Include first, in one file of a test program. It defines every function of the text itself, so
 * that the linker takes none from the library: leaves of 16 bytes under nodes of 4 children, where
 * a line of input makes a tree of several levels and every edge is reached often. */
#ifndef SUPPORT_SMALL_TEXT_H
#define SUPPORT_SMALL_TEXT_H

#define TEXT_LEAF_CAP   16
#define TEXT_INNER_CAP  4
#define TEXT_HEIGHT_MAX 32
#define TEXT_CP_MAX     100000 /* a limit that a test can reach */

#include "text/node.h"

#include "text/build.c"
#include "text/check.c"
#include "text/edit.c"
#include "text/leaf.c"
#include "text/pool.c"
#include "text/query.c"
#include "text/tree.c"

#endif
