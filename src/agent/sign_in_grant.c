#include "agent/sign_in_grant.h"

#include "oauth/flow.h"
#include "oauth/form.h"

#include <string.h>

/* No client is called so: parentheses are encoded. */
#define REGISTERED "(registered)"

/* "ISSUER CLIENT": an issuer has no spaces, an encoded client neither. Owned by the caller. */
static char *name_provider(const char *issuer, const char *client_id)
{
    g_autofree char *client = client_id ? sr_form_escape(client_id) : g_strdup(REGISTERED);

    return g_strconcat(issuer, " ", client, NULL);
}

char *sr_sign_in_grant_name(const char *issuer, const char *client_id, const char *scope)
{
    g_autofree char *provider = name_provider(issuer, client_id);

    return g_strconcat(provider, " ", scope, NULL);
}

/* Whether @name is of @provider and has all words of @scope. */
static gboolean names(const char *name, const char *provider, const char *scope)
{
    const gsize length = strlen(provider);

    return strncmp(name, provider, length) == 0 && name[length] == ' ' &&
           (!scope || sr_flow_scope_covers(name + length + 1, scope));
}

gboolean sr_sign_in_grant_covers(const SrGrants *grants, const char *caller, const char *origin,
                                 const char *issuer, const char *client_id, const char *scope)
{
    g_autofree char *provider = name_provider(issuer, client_id);
    g_autoptr(GPtrArray) list = sr_grants_list(grants);

    for (guint i = 0; i < list->len; i++) {
        const SrGrant *grant = list->pdata[i];

        if (grant->kind == SR_GRANT_SIGN_IN && strcmp(grant->caller, caller) == 0 &&
            strcmp(grant->origin, origin) == 0 && names(grant->key, provider, scope))
            return TRUE;
    }
    return FALSE;
}
