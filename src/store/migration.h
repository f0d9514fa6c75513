/*
 * Moving everything from one store to the other (`sealring store move`): copy all records, read
 * each back and compare, only then remove the old ones. Killed at any point, no record is lost, and
 * running it again completes the move.
 */
#pragma once

#include "store/store.h"

/* What is done after the copy is verified and before the old records go, typically writing the
 * choice of store durably. FALSE stops the move with both copies in place. */
typedef gboolean (*SrMigrationCommit)(gpointer data, GError **error);

/* *ret_moved: number of records moved. Both stores must be open. */
gboolean sr_migration_run(SrStore *from, SrStore *to, SrMigrationCommit commit, gpointer data,
                          guint *ret_moved, GError **error);
