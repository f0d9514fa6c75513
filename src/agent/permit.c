#include "agent/permit.h"

#include "agent/program_hash.h"
#include "base/error.h"

#include <pthread.h>
#include <string.h>

struct SrPermit {
    int references; /* atomic */
    char *key_id;
    SrKeyType type;
    gint64 cache_time; /* microseconds, -1: no end */

    pthread_mutex_t lock; /* guards what follows */
    SrSigner *signer;     /* NULL once wiped */
    gboolean allowed;
    char *grant;
    gint64 expires;    /* monotonic, microseconds; G_MAXINT64: never */
    gint64 grant_ends; /* seconds since 1970, 0: never */
    guint64 counts[SR_PERMIT_USES];
};

static void renew(SrPermit *permit)
{
    permit->expires =
        permit->cache_time < 0 ? G_MAXINT64 : g_get_monotonic_time() + permit->cache_time;
}

SrPermit *sr_permit_new(SrSigner *signer, const char *key_id, gint64 cache_seconds)
{
    SrPermit *permit = g_new0(SrPermit, 1);

    permit->references = 1;
    permit->key_id = g_strdup(key_id);
    permit->type = sr_signer_type(signer);
    permit->cache_time = cache_seconds < 0 ? -1 : cache_seconds * G_USEC_PER_SEC;
    permit->signer = signer;
    pthread_mutex_init(&permit->lock, NULL);
    renew(permit);
    return permit;
}

SrPermit *sr_permit_ref(SrPermit *permit)
{
    __atomic_add_fetch(&permit->references, 1, __ATOMIC_RELAXED);
    return permit;
}

void sr_permit_unref(SrPermit *permit)
{
    if (__atomic_sub_fetch(&permit->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    sr_signer_free(permit->signer);
    pthread_mutex_destroy(&permit->lock);
    g_free(permit->grant);
    g_free(permit->key_id);
    g_free(permit);
}

const char *sr_permit_key(const SrPermit *permit)
{
    return permit->key_id;
}

SrKeyType sr_permit_type(const SrPermit *permit)
{
    return permit->type;
}

gboolean sr_permit_is_of_session(const SrPermit *permit)
{
    return permit->cache_time < 0;
}

static void wipe(SrPermit *permit)
{
    g_clear_pointer(&permit->signer, sr_signer_free);
    permit->allowed = FALSE;
}

static void wipe_if_over(SrPermit *permit)
{
    if (g_get_monotonic_time() >= permit->expires ||
        (permit->grant_ends && g_get_real_time() / G_USEC_PER_SEC >= permit->grant_ends))
        wipe(permit);
}

void sr_permit_set_grant(SrPermit *permit, const char *grant, gint64 expires)
{
    pthread_mutex_lock(&permit->lock);
    g_free(permit->grant);
    permit->grant = g_strdup(grant);
    permit->grant_ends = expires;
    pthread_mutex_unlock(&permit->lock);
}

gboolean sr_permit_relies_on(SrPermit *permit, const char *grant)
{
    gboolean relies;

    pthread_mutex_lock(&permit->lock);
    relies = g_strcmp0(permit->grant, grant) == 0;
    pthread_mutex_unlock(&permit->lock);
    return relies;
}

void sr_permit_allow(SrPermit *permit)
{
    pthread_mutex_lock(&permit->lock);
    permit->allowed = permit->signer != NULL;
    pthread_mutex_unlock(&permit->lock);
}

void sr_permit_revoke(SrPermit *permit)
{
    pthread_mutex_lock(&permit->lock);
    wipe(permit);
    pthread_mutex_unlock(&permit->lock);
}

gboolean sr_permit_is_over(SrPermit *permit)
{
    gboolean over;

    pthread_mutex_lock(&permit->lock);
    wipe_if_over(permit);
    over = permit->signer == NULL;
    pthread_mutex_unlock(&permit->lock);
    return over;
}

/* --- use ---------------------------------------------------------------------------------------
 */

/* Whether it may be used now. Its lock is held. */
static gboolean is_usable(SrPermit *permit)
{
    if (permit->signer)
        wipe_if_over(permit);
    return permit->allowed && permit->signer;
}

static SrPermitOutcome counted(SrPermit *permit, guint use, gboolean done)
{
    if (!done)
        return SR_PERMIT_FAILED;
    permit->counts[use]++;
    renew(permit);
    return SR_PERMIT_DONE;
}

SrPermitOutcome sr_permit_sign(SrPermit *permit, guint32 scheme, SrBytes data,
                               guint8 ret_signature[SR_SIGNATURE_SIZE])
{
    SrPermitOutcome outcome = SR_PERMIT_GONE;
    guint8 digest[SR_DIGEST_MAX];
    const SrBytes signed_data = sr_program_hash(scheme, data, digest);

    pthread_mutex_lock(&permit->lock);
    if (is_usable(permit) && scheme <= SR_SCHEME_EDDSA &&
        sr_program_scheme_fits(scheme, permit->type))
        outcome = counted(permit, scheme,
                          sr_signer_sign(permit->signer, signed_data.data, signed_data.size,
                                         ret_signature, NULL));
    pthread_mutex_unlock(&permit->lock);
    return outcome;
}

SrPermitOutcome sr_permit_derive(SrPermit *permit, SrBytes peer, SrSecret **ret_secret)
{
    SrPermitOutcome outcome = SR_PERMIT_GONE;

    pthread_mutex_lock(&permit->lock);
    if (is_usable(permit) && permit->type == SR_KEY_P256) {
        *ret_secret = sr_signer_derive(permit->signer, peer.data, NULL);
        outcome = counted(permit, SR_PERMIT_DERIVE, *ret_secret != NULL);
    }
    pthread_mutex_unlock(&permit->lock);
    return outcome;
}

SrKey *sr_permit_copy_key(SrPermit *permit, GError **error)
{
    SrKey *key = NULL;

    pthread_mutex_lock(&permit->lock);
    if (permit->signer)
        key = sr_signer_copy_key(permit->signer, error);
    else
        sr_error_set(error, SR_ERROR_KEY_NOT_FOUND, "the key is gone");
    pthread_mutex_unlock(&permit->lock);
    return key;
}

gboolean sr_permit_take_counts(SrPermit *permit, guint64 ret_counts[SR_PERMIT_USES])
{
    gboolean any = FALSE;

    pthread_mutex_lock(&permit->lock);
    for (guint i = 0; i < SR_PERMIT_USES; i++) {
        ret_counts[i] = permit->counts[i];
        any = any || permit->counts[i] > 0;
        permit->counts[i] = 0;
    }
    pthread_mutex_unlock(&permit->lock);
    return any;
}

void sr_permit_add_counts(SrPermit *permit, const guint64 counts[SR_PERMIT_USES])
{
    pthread_mutex_lock(&permit->lock);
    for (guint i = 0; i < SR_PERMIT_USES; i++)
        permit->counts[i] += counts[i];
    pthread_mutex_unlock(&permit->lock);
}
