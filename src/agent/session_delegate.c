#include "agent/session_access.h"
#include "agent/session_use.h"
#include "base/error.h"
#include "consent/capability.h"
#include "consent/siwe_view.h"
#include "ethereum/recap.h"
#include "ethereum/siwe.h"
#include "tinycloud/did.h"
#include "tinycloud/portable.h"

#include <string.h>

#define SECONDS_DEFAULT 3600
#define SECONDS_MAX (366 * 86400)

static gint64 now_seconds(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

/* The DID it is for: a did:key of a session, or one of another method. Borrowed. */
static const char *read_delegate(SrRequest *request, GError **error)
{
    const char *did = sr_request_string(request, "delegateDID", error);
    guint8 public_key[SR_ED25519_PUBLIC_SIZE];

    if (!did)
        return NULL;
    if (g_str_has_prefix(did, "did:key:") ? sr_did_read_ed25519(sr_slice_of(did), public_key)
                                          : sr_did_is_valid(sr_slice_of(did)))
        return did;
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "delegateDID", -1,
                    "is no DID, or one of a key that is not Ed25519");
    return NULL;
}

/* A child never outlives its parent: asked to, it is refused; not asked, it ends with it. */
static gboolean read_end(SrRequest *request, const SrOpenSession *open, gint64 *ret_end,
                         GError **error)
{
    const gint64 parent = open->delegation->expires ? open->delegation->expires : G_MAXINT64;
    gint64 seconds = 0;

    if (!sr_json_integer_optional(request->params, "expirationSeconds", 1, SECONDS_MAX, &seconds,
                                  error))
        return FALSE;
    *ret_end = now_seconds() + (seconds ? seconds : SECONDS_DEFAULT);
    if (!seconds)
        *ret_end = MIN(*ret_end, parent);
    if (*ret_end <= parent)
        return TRUE;
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "expirationSeconds", -1,
                    "the session itself ends before that");
    return FALSE;
}

/* What only the portable delegation says. */
static gboolean read_rest(SrRequest *request, gboolean *ret_last, const char **ret_host,
                          GError **error)
{
    *ret_last = FALSE;
    if (!sr_json_boolean_optional(request->params, "disableSubDelegation", ret_last, error) ||
        !sr_json_string_optional(request->params, "host", ret_host, error))
        return FALSE;
    if (!*ret_host || strlen(*ret_host) <= SR_PORTABLE_TEXT_MAX)
        return TRUE;
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "host", -1, "has at most %u bytes",
                    SR_PORTABLE_TEXT_MAX);
    return FALSE;
}

/* A child does not begin before its parent. */
static void set_start(SrUcan *ucan, const SrDelegation *parent)
{
    ucan->has_not_before = parent->starts > 0;
    if (ucan->has_not_before)
        ucan->not_before = parent->starts;
}

/* Whether @wanted can be shown, and read again by whom it is for: it is no longer than a ReCap. */
static gboolean check_size(SrJson *wanted, GError **error)
{
    g_autofree char *uri = sr_recap_encode(wanted, NULL, error);

    return uri != NULL;
}

/* The unsigned delegation that params ask for. */
static SrUcan *make_delegation(SrRequest *request, const SrOpenSession *open, GError **error)
{
    g_autoptr(SrJson) wanted = sr_session_read_wanted(request, open, "resources", error);
    const char *delegate = wanted ? read_delegate(request, error) : NULL;
    SrUcan *ucan;
    const char *host;
    gboolean last;
    gint64 end;

    if (!delegate || !check_size(wanted, error) || !read_rest(request, &last, &host, error))
        return NULL;
    if (open->no_subdelegation) {
        sr_error_set_at(error, SR_ERROR_NOT_GRANTED, "session", -1,
                        "its delegation may not be handed on");
        return NULL;
    }
    if (!read_end(request, open, &end, error))
        return NULL;
    ucan = sr_session_ucan(open, delegate, wanted, end, error);
    if (ucan)
        set_start(ucan, open->delegation);
    return ucan;
}

/* The portable delegation of what was signed; NULL when it does not verify. */
static SrJson *portable_of(SrRequest *request, const SrOpenSession *open, const char *text,
                           GError **error)
{
    g_autoptr(SrDelegation) delegation = sr_delegation_read(text, error);
    const char *host;
    gboolean last;

    if (!delegation || !read_rest(request, &last, &host, error))
        return NULL;
    return sr_portable_write(delegation, text, open->session->space_id, host, last);
}

static void reply_delegation(SrRequest *request)
{
    SrOpenSession *open = sr_request_session(request);
    SrUcan *ucan = request->state;
    GError *error = NULL;
    g_autofree char *text = NULL;
    g_autoptr(SrJson) portable = NULL;

    text = sr_ucan_sign(ucan, open->signer, &error);
    portable = text ? portable_of(request, open, text, &error) : NULL;
    if (portable && sr_session_record(request, "delegate", ucan->attenuations, &error))
        sr_request_reply(request, g_steal_pointer(&portable));
    else
        sr_request_fail(request, error);
}

static void on_agreed(SrRequest *request)
{
    sr_request_need_session(request, reply_delegation); /* it may have ended, or be signed out */
}

/* What is handed on, in plain words. */
static void add_capabilities(SrConsentModel *model, const SrOpenSession *open, SrJson *wanted)
{
    g_autoptr(SrRecap) recap = NULL;
    g_autofree char *uri = sr_recap_compose(wanted, NULL, &recap, NULL);
    const char *issuer = open->delegation->issuer;
    const char *address = strrchr(issuer, ':') + 1; /* of did:pkh:…; no address of another DID */

    for (guint i = 0; uri && i < recap->groups->len; i++) {
        g_autofree char *words = sr_capability_describe(recap->groups->pdata[i], address);

        sr_consent_model_add(model, SR_CONSENT_GRANT, "%s", words);
    }
}

static void ask(SrRequest *request, const SrUcan *ucan)
{
    SrConsentModel *model =
        sr_request_consent(request, "Let somebody else act in your TinyCloud space?");
    g_autofree char *end = sr_date_text(ucan->expires);
    g_autofree char *length = sr_duration_text(ucan->expires - now_seconds());

    sr_consent_model_add(model, SR_CONSENT_FACT, "For: %s", ucan->audience);
    sr_consent_model_add(model, SR_CONSENT_FACT, "Valid until: %s (%s)", end, length);
    add_capabilities(model, sr_request_session(request), ucan->attenuations);
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Delegate");
    sr_request_ask(request, model, on_agreed);
}

static void free_ucan(gpointer ucan)
{
    sr_ucan_free(ucan);
}

static void on_session_to_delegate(SrRequest *request)
{
    GError *error = NULL;
    SrUcan *ucan = make_delegation(request, sr_request_session(request), &error);

    if (!ucan) {
        sr_request_fail(request, error);
        return;
    }
    request->state = ucan;
    request->free_state = free_ucan;
    ask(request, ucan);
}

void sr_session_delegate(SrRequest *request)
{
    static const char *const names[] = {
        "session", "delegateDID", "resources", "expirationSeconds", "disableSubDelegation",
        "host",    NULL};
    GError *error = NULL;

    if (!request->params || sr_json_only(request->params, names, &error))
        sr_request_need_session(request, on_session_to_delegate);
    else
        sr_request_fail(request, error);
}
