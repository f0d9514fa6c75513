#include "agent/application.h"

#include "base/secret.h"
#include "crypto/digest.h"

#include <string.h>

SrApplication *sr_application_new(pid_t pid, const char *program, gboolean is_confirmed,
                                  guint8 tokens, GError **error)
{
    SrApplication *application = g_new0(SrApplication, 1);

    if (!sr_random_bytes(application->value, sizeof application->value, error)) {
        g_free(application);
        return NULL;
    }
    application->references = 1;
    application->pid = pid;
    application->program = g_strdup(program);
    application->is_confirmed = is_confirmed;
    application->tokens = tokens;
    application->remembered = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    application->session_keys = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    application->permits =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, (GDestroyNotify)sr_permit_unref);
    pthread_mutex_init(&application->lock, NULL);
    return application;
}

SrApplication *sr_application_ref(SrApplication *application)
{
    __atomic_add_fetch(&application->references, 1, __ATOMIC_RELAXED);
    return application;
}

void sr_application_unref(SrApplication *application)
{
    if (!application || __atomic_sub_fetch(&application->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    g_hash_table_unref(application->permits);
    g_hash_table_unref(application->session_keys);
    g_hash_table_unref(application->remembered);
    pthread_mutex_destroy(&application->lock);
    g_free(application->program);
    g_free(application);
}

gboolean sr_application_is(const SrApplication *application, SrBytes value)
{
    return value.size == sizeof application->value &&
           sr_memory_equal(application->value, value.data, value.size);
}

gboolean sr_application_sees(const SrApplication *application, SrToken token)
{
    return (application->tokens >> token & 1) != 0;
}

/* --- permits -----------------------------------------------------------------------------------
 */

static gpointer number_copy(guint64 number)
{
    return g_memdup2(&number, sizeof number);
}

SrPermit *sr_application_permit(SrApplication *application, guint64 number)
{
    SrPermit *permit;

    pthread_mutex_lock(&application->lock);
    permit = g_hash_table_lookup(application->permits, &number);
    if (permit)
        sr_permit_ref(permit);
    pthread_mutex_unlock(&application->lock);
    return permit;
}

void sr_application_remove_permit(SrApplication *application, guint64 number)
{
    SrPermit *permit = sr_application_permit(application, number);

    if (!permit)
        return;
    sr_permit_revoke(permit);
    pthread_mutex_lock(&application->lock);
    g_hash_table_remove(application->permits, &number);
    pthread_mutex_unlock(&application->lock);
    sr_permit_unref(permit);
}

void sr_application_add_permit(SrApplication *application, guint64 number, SrPermit *permit)
{
    SrPermit *old = sr_application_permit(application, number);
    guint64 counts[SR_PERMIT_USES];

    if (old) {
        sr_permit_revoke(old);
        /* Else whoever logs out and in again would have used the key without a line in the log. */
        if (sr_permit_take_counts(old, counts))
            sr_permit_add_counts(permit, counts);
        sr_permit_unref(old);
    }
    pthread_mutex_lock(&application->lock);
    g_hash_table_insert(application->permits, number_copy(number), permit);
    pthread_mutex_unlock(&application->lock);
}

void sr_application_visit_permits(SrApplication *application, SrPermitVisit visit, gpointer data)
{
    GHashTableIter iterator;
    gpointer permit;

    pthread_mutex_lock(&application->lock);
    g_hash_table_iter_init(&iterator, application->permits);
    while (g_hash_table_iter_next(&iterator, NULL, &permit))
        if (!visit(permit, data))
            g_hash_table_iter_remove(&iterator);
    pthread_mutex_unlock(&application->lock);
}

/* --- logging out -------------------------------------------------------------------------------
 */

static SrToken token_of(const SrPermit *permit)
{
    return sr_permit_type(permit) == SR_KEY_SECP256K1 ? SR_TOKEN_ACCOUNTS : SR_TOKEN_KEYS;
}

/* Wiped, but kept: what it counted is still to be written down. */
static gboolean revoke_of_token(SrPermit *permit, gpointer token)
{
    if (!sr_permit_is_of_session(permit) && token_of(permit) == *(const SrToken *)token)
        sr_permit_revoke(permit);
    return TRUE;
}

void sr_application_logout(SrApplication *application, SrToken token)
{
    application->logins[token] = SR_LOGIN_NONE;
    application->context = 0;
    if (token == SR_TOKEN_KEYS)
        application->is_so = FALSE;
    sr_application_visit_permits(application, revoke_of_token, &token);
}

void sr_application_forget(SrApplication *application)
{
    g_hash_table_remove_all(application->remembered);
    application->at_accounts = FALSE;
    for (guint token = 0; token < SR_TOKENS; token++)
        sr_application_logout(application, (SrToken)token);
}
