#include "agent/program_grant.h"

#include "agent/token_objects.h"

static gint64 now(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

const SrGrant *sr_program_grant(const SrAgent *agent, const SrApplication *application,
                                const SrKeyInfo *info)
{
    if (!application->is_confirmed)
        return NULL;
    return sr_grants_find_program(agent->grants, application->program,
                                  sr_token_name(sr_token_of_type(info->type)), info->id, now());
}

/* Whether @grant is for keys of @token that are there. */
static gboolean is_about(const SrAgent *agent, const SrGrant *grant, SrToken token)
{
    const SrKeyInfo *info;

    if (g_str_equal(grant->key, sr_token_name(token)))
        return TRUE;
    info = sr_key_ring_find(agent->keys, grant->key, NULL);
    return info && g_str_equal(info->id, grant->key) && sr_token_of_type(info->type) == token;
}

gboolean sr_program_grant_any(const SrAgent *agent, const SrApplication *application, SrToken token)
{
    g_autoptr(GPtrArray) grants = NULL;

    if (!application->is_confirmed)
        return FALSE;
    /* By the grants, of which there are fewer than keys: programs ask this again and again. */
    grants = sr_grants_list(agent->grants);
    for (guint i = 0; i < grants->len; i++) {
        const SrGrant *grant = grants->pdata[i];

        if (grant->kind == SR_GRANT_PROGRAM && g_str_equal(grant->caller, application->program) &&
            is_about(agent, grant, token))
            return TRUE;
    }
    return FALSE;
}
