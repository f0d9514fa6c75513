#include "agent/sign_ins.h"

#include "base/error.h"

#include <string.h>

#define OF_CALLER_MAX 8u

struct SrSignIns {
    GPtrArray *list; /* of SrSignIn, which take themselves out */
};

SrSignIns *sr_sign_ins_new(void)
{
    SrSignIns *sign_ins = g_new0(SrSignIns, 1);

    sign_ins->list = g_ptr_array_new();
    return sign_ins;
}

void sr_sign_ins_free(SrSignIns *sign_ins)
{
    if (!sign_ins)
        return;
    while (sign_ins->list->len > 0)
        sr_sign_in_free(sign_ins->list->pdata[sign_ins->list->len - 1]);
    g_ptr_array_unref(sign_ins->list);
    g_free(sign_ins);
}

gboolean sr_sign_ins_has_room(const SrSignIns *sign_ins, const char *caller, GError **error)
{
    guint own = 0;

    for (guint i = 0; i < sign_ins->list->len; i++)
        own += strcmp(((const SrSignIn *)sign_ins->list->pdata[i])->caller, caller) == 0;
    if (own < OF_CALLER_MAX && sign_ins->list->len < SR_SIGN_INS_MAX)
        return TRUE;
    sr_error_set(error, SR_ERROR_BUSY, "too many sign-ins are under way; cancel some or wait");
    return FALSE;
}

/* One whose request is on its way elsewhere must stay until that comes back. */
static gboolean may_end(const SrSignIn *sign_in)
{
    return !sign_in->is_saving && (!sign_in->request || !sr_request_is_away(sign_in->request));
}

void sr_sign_ins_end(SrSignIns *sign_ins, SrErrorCode code, const char *why)
{
    for (guint i = sign_ins->list->len; i > 0; i--) {
        SrSignIn *sign_in = sign_ins->list->pdata[i - 1];
        GError *error = NULL;

        if (!may_end(sign_in))
            continue;
        sr_error_set(&error, code, "%s", why);
        sr_sign_in_fail(sign_in, error);
    }
}

gboolean sr_sign_ins_is_saving(const SrSignIns *sign_ins)
{
    for (guint i = 0; i < sign_ins->list->len; i++)
        if (((const SrSignIn *)sign_ins->list->pdata[i])->is_saving)
            return TRUE;
    return FALSE;
}

void sr_sign_ins_add(SrSignIns *sign_ins, SrSignIn *sign_in)
{
    g_ptr_array_add(sign_ins->list, sign_in);
}

void sr_sign_ins_remove(SrSignIns *sign_ins, SrSignIn *sign_in)
{
    g_ptr_array_remove_fast(sign_ins->list, sign_in);
}

SrSignIn *sr_sign_ins_find(const SrSignIns *sign_ins, const char *caller, const char *origin,
                           const char *flow)
{
    for (guint i = 0; i < sign_ins->list->len; i++) {
        SrSignIn *sign_in = sign_ins->list->pdata[i];

        if (sign_in->flow && strcmp(sign_in->flow->id, flow) == 0 &&
            strcmp(sign_in->caller, caller) == 0 && strcmp(sign_in->origin, origin) == 0)
            return sign_in;
    }
    return NULL;
}
