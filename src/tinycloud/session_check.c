#include "tinycloud/session_check.h"

#include "base/error.h"
#include "ethereum/siwe_time.h"
#include "tinycloud/attenuation.h"
#include "tinycloud/did.h"

#include <string.h>

/* Whether header and CID are what message and signature make, byte for byte: a CACAO has one
 * encoding, and reading it has checked that this is it. */
static gboolean is_built_from_parts(const SrSession *session, const SrDelegation *delegation)
{
    return delegation->message && strcmp(session->siwe, delegation->message) == 0 &&
           strcmp(session->signature, delegation->signature) == 0;
}

/* Whether the session came with this delegation. */
static gboolean is_portable_of(const SrSession *session)
{
    SrJson *header = json_object_object_get(session->portable, "delegationHeader");
    const char *text = sr_json_string(header, "Authorization", NULL);

    return text && strcmp(text, session->header) == 0;
}

/* Whether the session's own end is the signed one, rounded to seconds as a UCAN has it. */
static gboolean has_signed_end(const SrSession *session, const SrDelegation *delegation)
{
    SrSiweTime time;
    guint oddities = 0;
    const SrViolation violation =
        sr_siwe_time_parse(sr_slice_of(session->expires_at), &time, &oddities);

    return !violation.rule && delegation->expires != 0 && time.seconds == delegation->expires;
}

static SrSessionVerdict check_key(const SrSession *session, const char **ret_problem)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrKey) key = sr_session_key(session, &error);

    if (key)
        return SR_SESSION_GOOD;
    if (g_error_matches(error, SR_ERROR, SR_ERROR_LIMIT_EXCEEDED)) {
        *ret_problem = "no more memory can be locked (RLIMIT_MEMLOCK)";
        return SR_SESSION_UNCHECKED;
    }
    *ret_problem = "the session key is not the one of its DID";
    return SR_SESSION_BROKEN;
}

/* What must hold whatever the time is; NULL when all does. */
static const char *find_problem(const SrSession *session, const SrDelegation *delegation)
{
    if (!delegation)
        return "the delegation does not verify";
    if (strcmp(delegation->cid, session->cid) != 0)
        return "the delegation has another CID";
    if (!sr_did_equal(sr_slice_of(delegation->audience), sr_slice_of(session->did)))
        return "the delegation is to another key";
    if (session->kind == SR_SESSION_SIGNED_IN && !is_built_from_parts(session, delegation))
        return "the delegation is not made of its message and signature";
    if (session->kind == SR_SESSION_DELEGATED && !is_portable_of(session))
        return "the portable delegation holds another one";
    if (!has_signed_end(session, delegation))
        return "the session's end is not the signed one";
    if (!sr_attenuation_has_space(delegation->attenuations, session->space_id))
        return "the capabilities do not cover the session's space";
    return NULL;
}

/* Whether @delegation holds at the time; what is wrong when it does not. */
static const char *find_time_problem(const SrDelegation *delegation, gint64 seconds)
{
    if (delegation->expires <= seconds)
        return "the session has expired";
    if (delegation->starts > seconds)
        return "the session is not valid yet";
    return NULL;
}

SrSessionVerdict sr_session_check(const SrSession *session, gint64 now,
                                  SrDelegation **ret_delegation, const char **ret_problem)
{
    g_autoptr(SrDelegation) delegation = NULL;
    SrSessionVerdict verdict;

    *ret_problem = NULL;
    if (ret_delegation)
        *ret_delegation = NULL;
    verdict = check_key(session, ret_problem);
    if (verdict != SR_SESSION_GOOD || session->kind == SR_SESSION_KEY_ONLY)
        return verdict;
    delegation = session->header ? sr_delegation_read(session->header, NULL) : NULL;
    *ret_problem = find_problem(session, delegation);
    if (*ret_problem)
        return SR_SESSION_BROKEN;
    *ret_problem = find_time_problem(delegation, now / G_USEC_PER_SEC);
    if (*ret_problem)
        return SR_SESSION_EXPIRED;
    if (ret_delegation)
        *ret_delegation = g_steal_pointer(&delegation);
    return SR_SESSION_GOOD;
}
