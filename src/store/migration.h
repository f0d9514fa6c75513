/*
 * Moving everything from one store to the other (`sealring store move`): copy all records, read
 * each back and compare, only then remove the old ones. Killed at any point, no record is lost, and
 * running it again completes the move.
 *
 * A damaged record is neither moved nor removed: it stays in the old store as it is and is named to
 * the caller. So a store that begins to fail can be left, and nothing that might be repaired goes.
 *
 * How far a move got is kept in the target store, in a record of its own (SR_MIGRATION_MARKER_ID,
 * kind SR_RECORD_RECORD), until the move is complete: it decides which of two copies that differ is
 * the newer one after a move was interrupted and the store then used for a while.
 *
 *   copying     the old store was in use: its copy wins
 *   committing  either may have been: copies that differ stop the move
 *   removing    the new store is in use: its copy wins, what is left of the old ones goes
 */
#pragma once

#include "store/store.h"

#define SR_MIGRATION_MARKER_ID "sealring-store-move"

/* What is done after the copy is verified and before the old records go, typically writing the
 * choice of store durably. FALSE stops the move with both copies in place. A move that is completed
 * later calls it again. */
typedef gboolean (*SrMigrationCommit)(gpointer data, GError **error);

/*
 * *ret_moved (may be NULL): number of records that were moved. *ret_damaged (may be NULL): the
 * entries (SrRecord without secret) of the damaged ones that were left, owned by the caller; set
 * when the move is complete. Both stores must be open; it takes several store calls for each
 * record. SR_ERROR_KEY_EXISTS, before anything is changed, when both hold a record of the same kind
 * and id with other contents; SR_ERROR_CORRUPT when the target's record of that kind and id is
 * damaged (it is not written over), or when the copy does not read back the same; else the store's
 * own errors.
 */
gboolean sr_migration_run(SrStore *from, SrStore *to, SrMigrationCommit commit, gpointer data,
                          guint *ret_moved, GPtrArray **ret_damaged, GError **error);
