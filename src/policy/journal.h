/*
 * The journal of token rotations: for each account the line that its last refresh brought, sealed
 * (the key is in the store, not here) and on disk before anyone sees the new access token.
 *
 * Some keyrings acknowledge a write before it is on disk, and one may be locked or gone between
 * request and reply. A refresh token that is lost then signs the user out; so at the next look the
 * newer of journal and store counts.
 */
#pragma once

#include "policy/database.h"

/*
 * Note @sealed as generation @generation of @account, durably with the next commit. Part of the
 * pending transaction.
 */
gboolean sr_journal_write(SrDatabase *database, const char *account, gint64 generation,
                          GByteArray *sealed, GError **error);

/* A line of it. */
typedef struct {
    gint64 generation;
    GBytes *sealed;
} SrJournalLine;

void sr_journal_line_free(SrJournalLine *line);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrJournalLine, sr_journal_line_free)

/* That of @account, NULL when there is none. Owned by the caller. */
SrJournalLine *sr_journal_read(SrDatabase *database, const char *account);

/* All lines: a table from the account's id to its SrJournalLine. Owned by the caller. */
GHashTable *sr_journal_read_all(SrDatabase *database);

/* Forget @account. Part of the pending transaction. */
gboolean sr_journal_remove(SrDatabase *database, const char *account, GError **error);
