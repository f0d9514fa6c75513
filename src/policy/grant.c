#include "policy/grant.h"

#include "crypto/digest.h"

#include <string.h>

static const char *const kind_names[] = {"accounts", "siwe", "program", "sign-in", "tokens"};

const char *sr_grant_kind_name(SrGrantKind kind)
{
    return kind_names[kind];
}

SrGrantKind sr_grant_kind_of(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(kind_names); i++)
        if (strcmp(name, kind_names[i]) == 0)
            return (SrGrantKind)i;
    return SR_GRANT_ACCOUNTS;
}

void sr_grant_free(SrGrant *grant)
{
    if (!grant)
        return;
    g_free(grant->id);
    g_free(grant->caller);
    g_free(grant->origin);
    g_free(grant->key);
    g_free(grant->domain);
    g_free(grant->delegate);
    g_free(grant->capabilities);
    g_free(grant->scope);
    g_free(grant);
}

SrGrant *sr_grant_new(SrGrantKind kind, const char *caller, const char *origin, const char *key,
                      GError **error)
{
    g_autofree char *id = sr_random_alphanumeric(12, error);
    SrGrant *grant;

    if (!id)
        return NULL;
    grant = g_new0(SrGrant, 1);
    grant->id = g_steal_pointer(&id);
    grant->kind = kind;
    grant->caller = g_strdup(caller);
    grant->origin = g_strdup(origin);
    grant->key = g_strdup(key);
    grant->created = g_get_real_time();
    return grant;
}
