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

/* The last one (owned by the caller) and its generation; NULL when there is none. */
GBytes *sr_journal_read(SrDatabase *database, const char *account, gint64 *ret_generation);

/* Forget @account. Part of the pending transaction. */
gboolean sr_journal_remove(SrDatabase *database, const char *account, GError **error);
