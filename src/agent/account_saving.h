/* Writing an OAuth account where it is safe: the journal in state.db, and the store. */
#pragma once

#include "agent/agent.h"
#include "oauth/account.h"

/* Called once, never from sr_account_save: @error (borrowed) when neither has it. */
typedef void (*SrAccountSaved)(const GError *error, gpointer user_data);

/* Note @account in the journal, sealed under @journal_key; TRUE when it is on disk. */
gboolean sr_account_save_to_journal(SrAgent *agent, const SrAccount *account,
                                    const SrSecret *journal_key);

/*
 * Write @account (a copy is made) to the journal, unless @journal_key is NULL, and to the store.
 * When the store does not take it in time but the journal has it, that is enough: the journal's
 * line is newer and counts.
 */
void sr_account_save(SrAgent *agent, const SrAccount *account, const SrSecret *journal_key,
                     SrAccountSaved saved, gpointer user_data);
