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

gboolean sr_program_grant_any(const SrAgent *agent, const SrApplication *application, SrToken token)
{
    g_autoptr(GPtrArray) keys = NULL;

    if (!application->is_confirmed)
        return FALSE;
    if (sr_grants_find_program(agent->grants, application->program, sr_token_name(token), NULL,
                               now()))
        return TRUE;
    keys = sr_key_ring_list(agent->keys);
    for (guint i = 0; i < keys->len; i++) {
        const SrKeyInfo *info = keys->pdata[i];

        if (sr_token_of_type(info->type) == token && sr_program_grant(agent, application, info))
            return TRUE;
    }
    return FALSE;
}
