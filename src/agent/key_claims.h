/*
 * Who writes which key: one request at a time for each key, and each new name for one request only.
 * Other objects of programs count as keys here, under their own ids.
 *
 * An owner holds what it claimed until it releases it, that is until the store has answered. Used
 * from the main loop only.
 */
#pragma once

#include <glib.h>

typedef struct SrKeyClaims SrKeyClaims;

/* Nothing claimed. Owned by the caller. */
SrKeyClaims *sr_key_claims_new(void);

/* No turn is called any more. NULL is fine. */
void sr_key_claims_free(SrKeyClaims *claims);

/* Claim @name for @owner; FALSE when another owner has it. */
gboolean sr_key_claims_take_name(SrKeyClaims *claims, const char *name, gconstpointer owner);

/* Called when it is the owner's turn. */
typedef void (*SrKeyTurn)(gpointer owner);

/*
 * Claim the key @id for @owner. Who claims several does so in the order of their ids, so that two
 * do not wait for each other. TRUE when it has it now; FALSE when it must wait: @turn is then
 * called from the main loop as soon as those before it have released the key.
 */
gboolean sr_key_claims_take_key(SrKeyClaims *claims, const char *id, gpointer owner,
                                SrKeyTurn turn);

/* Give back everything @owner has or waits for. */
void sr_key_claims_release(SrKeyClaims *claims, gconstpointer owner);
