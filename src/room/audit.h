/* room/audit.h - a whole log, walked from its first record: is it what a room wrote?
 *
 * Opening a room reads the newest snapshot and what lies behind it, and checks that. An audit goes
 * through every record from the epoch on, and holds every snapshot against the text, the entries and
 * the sessions that the records before it make. What passes opens at every revision, from every
 * snapshot, with one text.
 *
 *     audit_new(...);
 *     for each rev from 1: audit_record(...); when a snapshot stands at rev: audit_snapshot(...);
 *     audit_free(...);
 *
 * Cost: one decoding and one edit a record; memory for the text and for what a room keeps of its
 * sessions, not for the log. */
#ifndef ROOM_AUDIT_H
#define ROOM_AUDIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include <weft/alloc.h>
#include <weft/error.h>
#include <weft/text.h>

struct audit;

/* Of a log with this epoch. 0 or WEFT_ENOMEM. */
WEFT_CHECKED int audit_new(const struct weft_alloc *alloc, const struct uuid *epoch,
                           struct audit **ret);
void audit_free(struct audit *a); /* NULL is fine */

/* Where the log was trimmed, before any record: the snapshot that stands at its base, which is taken as it
 * is, as far as its own checksum can tell. Errors as below; after one only audit_free() is left. */
WEFT_CHECKED int audit_begin(struct audit *a, uint64_t base_rev, const uint8_t *bytes, size_t len,
                             char *why, size_t why_bytes);

/* The record of audit_rev() + 1. 0, WEFT_ENOMEM, or WEFT_ECORRUPT with a sentence in `why` that names
 * the revision. After an error no further record or snapshot may be given; audit_rev() is still that
 * of the last good record. */
WEFT_CHECKED int audit_record(struct audit *a, const uint8_t *bytes, size_t len, char *why,
                              size_t why_bytes);

/* A snapshot that stands at audit_rev(), which it does not change. Errors as above, but after
 * WEFT_ECORRUPT the audit can go on: records are good without a snapshot. */
WEFT_CHECKED int audit_snapshot(struct audit *a, const uint8_t *bytes, size_t len, char *why,
                                size_t why_bytes);

uint64_t audit_rev(const struct audit *a); /* the last good record; 0: none yet */

/* The document after the last good record. Not after an error of audit_record(). */
const struct weft_text *audit_text(const struct audit *a);

#endif
