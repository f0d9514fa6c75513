/*
 * The audit log: one line for every decision and every signature, no secrets, hash-chained.
 *
 * Entry n is compact JSON text; hash(n) = SHA-256(hash(n-1) || entry(n)), hash(0) = 32 zero bytes.
 * Changing, removing or inserting an entry breaks the chain from there on. Cutting off the end does
 * not: who needs to notice that keeps the last hash elsewhere.
 */
#pragma once

#include "base/json.h"
#include "policy/database.h"

typedef struct SrAudit SrAudit;

/* The log in @database (borrowed, must live longer). NULL with SR_ERROR_CORRUPT/_STORE_UNAVAILABLE.
 */
SrAudit *sr_audit_new(SrDatabase *database, GError **error);
void sr_audit_free(SrAudit *audit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrAudit, sr_audit_free)

/*
 * Append @entry (an object; "seq" and "time" are put in front). Part of the pending transaction.
 * Does not take @entry.
 */
gboolean sr_audit_append(SrAudit *audit, SrJson *entry, GError **error);

/* After a failed commit: read the end of the chain again. */
void sr_audit_reset(SrAudit *audit);

/* At most @limit entries with seq > @after, oldest first, each with its "hash"; a new array. */
SrJson *sr_audit_list(SrAudit *audit, gint64 after, gint64 limit, GError **error);

/* Recompute the chain. *ret_broken_at is the first bad seq, 0 when all is well. */
gboolean sr_audit_verify(SrAudit *audit, gint64 *ret_entries, gint64 *ret_broken_at,
                         GError **error);

/* seq of the last entry. */
gint64 sr_audit_last(const SrAudit *audit);
