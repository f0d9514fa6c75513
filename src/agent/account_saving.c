#include "agent/account_saving.h"

#include "agent/account_jobs.h"
#include "base/error.h"
#include "crypto/aead.h"
#include "policy/journal.h"

#include <string.h>

typedef struct {
    gboolean in_journal;
    SrAccountSaved saved;
    gpointer user_data;
} Saving;

gboolean sr_account_save_to_journal(SrAgent *agent, const SrAccount *account,
                                    const SrSecret *journal_key)
{
    g_autoptr(SrSecret) line = sr_account_write(account, NULL);
    g_autoptr(GByteArray) sealed =
        line ? sr_aead_seal(journal_key, account->id, strlen(account->id), sr_secret_peek(line),
                            sr_secret_size(line), NULL)
             : NULL;

    if (!sealed ||
        !sr_journal_write(agent->database, account->id, account->generation, sealed, NULL))
        return FALSE;
    return sr_agent_flush(agent);
}

static void on_put(gpointer result, const GError *error, gpointer data)
{
    g_autofree Saving *saving = data;

    (void)result;
    saving->saved(saving->in_journal ? NULL : error, saving->user_data);
}

/* The answer is waited for as long as it takes. */
static void on_late(gpointer data)
{
    (void)data;
}

static void free_account(gpointer account)
{
    sr_account_free(account);
}

/* There was no locked memory for a copy of the account. */
static gpointer no_memory_job(SrStore *store, gpointer data, GError **error)
{
    (void)store;
    (void)data;
    sr_error_set(error, SR_ERROR_LIMIT_EXCEEDED, "no more memory can be locked");
    return NULL;
}

void sr_account_save(SrAgent *agent, const SrAccount *account, const SrSecret *journal_key,
                     SrAccountSaved saved, gpointer user_data)
{
    Saving *saving = g_new0(Saving, 1);
    SrAccount *copy = sr_account_copy(account, NULL);

    saving->in_journal = journal_key && sr_account_save_to_journal(agent, account, journal_key);
    saving->saved = saved;
    saving->user_data = user_data;
    sr_store_thread_run_to_end(agent->store, copy ? sr_account_put_job : no_memory_job, copy,
                               free_account, SR_STORE_DEADLINE_MS, on_late, on_put, saving);
}
