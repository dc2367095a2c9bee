/* weft/weft.h - all of libweft: texts, operations on them, and their JSON form.
 *
 *     text.h      the document, a rope that counts in every unit
 *     op.h        operations: apply, transform, compose, invert, diff
 *     op_json.h   operations as JSON
 *     alloc.h     where memory comes from
 *     error.h     what can go wrong
 *     limits.h    the bounds
 *     panic.h     what a failed assert does
 *     version.h   which weft this is
 *
 * Rules that hold everywhere:
 *
 * - A function that can fail returns 0 or a negative WEFT_E*. A `ret` argument is written on success
 *   only, where its header does not say otherwise; after an error, what was given in is unchanged.
 * - A pointer given in is borrowed until the function returns, an allocator for the life of what was
 *   made with it. Who calls _new or _from calls _free; who calls _init calls _done.
 * - Lengths end in their unit: _cp code points, _bytes UTF-8 bytes, _u16 UTF-16 units.
 * - No pointer may be NULL unless the function says so; a text of 0 bytes may be.
 * - Nothing is global and nothing is locked: an object belongs to one thread at a time, different
 *   objects to any.
 *
 * docs/library.md shows how to link; docs/example.c is a program that uses most of it. */
#ifndef WEFT_WEFT_H
#define WEFT_WEFT_H

#include <weft/alloc.h>
#include <weft/error.h>
#include <weft/limits.h>
#include <weft/op.h>
#include <weft/op_json.h>
#include <weft/panic.h>
#include <weft/text.h>
#include <weft/version.h>

#endif
