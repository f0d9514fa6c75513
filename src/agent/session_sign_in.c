#include "agent/session_sign_in.h"

#include "agent/session_saving.h"
#include "agent/signing.h"
#include "base/encoding.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "crypto/secp256k1.h"
#include "ethereum/recap.h"
#include "ethereum/siwe_time.h"
#include "tinycloud/attenuation.h"
#include "tinycloud/cacao.h"
#include "tinycloud/capability_request.h"
#include "tinycloud/cid.h"
#include "tinycloud/did.h"

#include <string.h>

#define NONCE_LENGTH 17 /* as TinyCloud's own messages have it */
#define VALIDITY_SECONDS_DEFAULT (7 * 86400)
#define VALIDITY_SECONDS_MAX (366 * 86400)

/* What a grant knows the URI of these messages as: no message has it. */
#define DELEGATE "a session key kept by sealring"

/* A sign-in being composed. */
typedef struct {
    SrSession *session;
    SrCapabilityRequest *wanted;
    char *domain;
    char *nonce;
    char *issued_at;
    const char *not_before;
} Draft;

static void draft_free(Draft *draft)
{
    sr_session_free(draft->session);
    sr_capability_request_free(draft->wanted);
    g_free(draft->domain);
    g_free(draft->nonce);
    g_free(draft->issued_at);
    g_free(draft);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Draft, draft_free)

/* --- params ---------------------------------------------------------------------------------- */

/* A manifest may be one object or an array of them. Borrowed. */
static gboolean read_manifest(SrRequest *request, SrJson **ret_manifest, GError **error)
{
    SrJson *value = json_object_object_get(request->params, "manifest");

    *ret_manifest = value;
    if (!value || json_object_is_type(value, json_type_object) ||
        json_object_is_type(value, json_type_array))
        return TRUE;
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "manifest", -1,
                    "must be an object or an array of them");
    return FALSE;
}

static gboolean read_owner(SrRequest *request, SrSpaceOwner *ret_owner, GError **error)
{
    gint64 chain_id = request->agent->configuration->chain_id;
    char address[SR_ADDRESS_TEXT_SIZE];

    if (!sr_json_integer_optional(request->params, "chainId", 1, SR_CHAIN_ID_MAX, &chain_id, error))
        return FALSE;
    sr_address_text(request->key->address, address);
    return sr_space_owner_init(ret_owner, address, chain_id, error);
}

static gboolean read_capabilities(SrRequest *request, Draft *draft, const SrSpaceOwner *owner,
                                  GError **error)
{
    const char *prefix;
    SrJson *manifest;
    SrJson *composed;

    if (!sr_json_string_optional(request->params, "spacePrefix", &prefix, error) ||
        !read_manifest(request, &manifest, error) ||
        !sr_json_object_optional(request->params, "capabilityRequest", &composed, error))
        return FALSE;
    draft->wanted = sr_capability_request_new(owner, prefix, manifest, composed, error);
    return draft->wanted != NULL;
}

/* The page's own domain unless params say otherwise. */
static gboolean read_domain(SrRequest *request, Draft *draft, GError **error)
{
    const char *slashes = strstr(request->origin, "://");
    const char *domain;

    if (!sr_json_string_optional(request->params, "domain", &domain, error))
        return FALSE;
    if (!domain && slashes)
        domain = slashes + strlen("://");
    draft->domain = g_strdup(domain);
    if (domain)
        return TRUE;
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "domain", -1, "is missing");
    return FALSE;
}

/* For how long, when params do not say it: as long as the SDK's sessions, or shorter if the
 * application asks for that. */
static gboolean read_wish(SrRequest *request, const Draft *draft, gint64 *ret_seconds,
                          GError **error)
{
    const gint64 wish = draft->wanted->expiry_ms / 1000;

    *ret_seconds =
        draft->wanted->expiry_ms ? MIN(wish, VALIDITY_SECONDS_DEFAULT) : VALIDITY_SECONDS_DEFAULT;
    if (*ret_seconds >= 1 && wish <= VALIDITY_SECONDS_MAX)
        return TRUE;
    sr_error_set_at(
        error, SR_ERROR_INVALID_PARAMS,
        json_object_object_get(request->params, "manifest") ? "manifest"
                                                            : "capabilityRequest.expiryMs",
        -1, "its expiry must be from 1 second to %d days", VALIDITY_SECONDS_MAX / 86400);
    return FALSE;
}

static gboolean read_times(SrRequest *request, Draft *draft, GError **error)
{
    gint64 seconds;

    if (!read_wish(request, draft, &seconds, error) ||
        !sr_json_integer_optional(request->params, "expirationSeconds", 1, VALIDITY_SECONDS_MAX,
                                  &seconds, error) ||
        !sr_json_string_optional(request->params, "notBefore", &draft->not_before, error))
        return FALSE;
    draft->issued_at = sr_siwe_time_text(draft->session->created);
    draft->session->expires_at =
        sr_siwe_time_text(draft->session->created + seconds * G_USEC_PER_SEC);
    return TRUE;
}

static gboolean read_nonce(SrRequest *request, Draft *draft, GError **error)
{
    const char *nonce;

    if (!sr_json_string_optional(request->params, "nonce", &nonce, error))
        return FALSE;
    draft->nonce = nonce ? g_strdup(nonce) : sr_random_alphanumeric(NONCE_LENGTH, error);
    return draft->nonce != NULL;
}

/* --- the message ------------------------------------------------------------------------------ */

/* A session that would begin after its end. */
static gboolean check_order(const SrSiwe *siwe, GError **error)
{
    if (!siwe->not_before.data || sr_siwe_time_order(&siwe->starts, &siwe->expires) < 0)
        return TRUE;
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "notBefore", -1,
                    "must be before the session's end");
    return FALSE;
}

static gboolean check_message(const char *message, GError **error)
{
    SrSiweProblem problem;
    SrSiwe siwe;

    return sr_siwe_parse(message, strlen(message), &siwe, &problem) && check_order(&siwe, error);
}

static char *build_message(const Draft *draft, const SrSpaceOwner *owner, GError **error)
{
    g_autoptr(SrRecap) recap = NULL;
    g_autofree char *uri = sr_recap_compose(draft->wanted->attenuations, NULL, &recap, error);
    g_autofree char *statement = recap ? sr_recap_statement(recap) : NULL;
    g_autofree char *chain_id = g_strdup_printf("%" G_GINT64_FORMAT, owner->chain_id);
    const char *const resources[] = {uri, NULL};
    const SrSiweFields fields = {
        .domain = draft->domain,
        .address = owner->address,
        .statement = statement,
        .uri = draft->session->did,
        .chain_id = chain_id,
        .nonce = draft->nonce,
        .issued_at = draft->issued_at,
        .expiration_time = draft->session->expires_at,
        .not_before = draft->not_before,
        .resources = resources,
    };
    g_autofree char *message = recap ? sr_siwe_build(&fields, error) : NULL;

    return message && check_message(message, error) ? g_steal_pointer(&message) : NULL;
}

/* --- signed ------------------------------------------------------------------------------------
 */

static void free_session(gpointer session)
{
    sr_session_free(session);
}

/* Header and CID of what was signed. */
static void complete(SrSession *session, const guint8 *signature)
{
    g_autoptr(GByteArray) bytes = NULL;
    SrSiweProblem problem;
    SrSiwe siwe;

    sr_siwe_parse(session->siwe, strlen(session->siwe), &siwe, &problem);
    bytes = sr_cacao_encode(&siwe, signature);
    session->signature = sr_hex_encode(signature, SR_CACAO_SIGNATURE_SIZE, TRUE);
    session->header = sr_base64url_encode_padded(bytes->data, bytes->len);
    session->cid = sr_cid_of(bytes->data, bytes->len);
    session->kind = SR_SESSION_SIGNED_IN;
}

static void on_signed(SrRequest *request, const guint8 *signature, gpointer data)
{
    SrSession *session = data;

    session->key_id = g_strdup(request->key->id);
    complete(session, signature);
    sr_session_save(request, session);
}

/* The space the session is for: the request's own if anything is asked for in it, else the first
 * one in which something is. */
static char *choose_space(const SrCapabilityRequest *wanted, GError **error)
{
    g_autofree char *first = sr_attenuation_first_space(wanted->attenuations);

    if (first)
        return sr_attenuation_has_space(wanted->attenuations, wanted->space_id)
                   ? g_strdup(wanted->space_id)
                   : g_steal_pointer(&first);
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "capabilityRequest.resources", -1,
                    "nothing is asked for in any space; a session is for one");
    return NULL;
}

/* --- start --------------------------------------------------------------------------------------
 */

static gboolean read_draft(SrRequest *request, Draft *draft, const SrSpaceOwner *owner,
                           GError **error)
{
    draft->session =
        sr_session_generate(sr_request_owner(request), request->origin, g_get_real_time(), error);
    if (!draft->session || !read_capabilities(request, draft, owner, error) ||
        !read_domain(request, draft, error) || !read_times(request, draft, error) ||
        !read_nonce(request, draft, error))
        return FALSE;
    draft->session->space_id = choose_space(draft->wanted, error);
    if (!draft->session->space_id)
        return FALSE;
    draft->session->spaces = json_object_get(draft->wanted->spaces);
    draft->session->siwe = build_message(draft, owner, error);
    return draft->session->siwe != NULL;
}

static void on_keys(SrRequest *request)
{
    g_autoptr(Draft) draft = g_new0(Draft, 1);
    GError *error = NULL;
    const char *key = NULL;
    SrSpaceOwner owner;
    GBytes *bytes;

    if (!sr_json_string_optional(request->params, "key", &key, &error) ||
        !sr_request_choose_key(request, key, &error) || !read_owner(request, &owner, &error) ||
        !read_draft(request, draft, &owner, &error)) {
        sr_request_fail(request, error);
        return;
    }
    bytes = g_bytes_new(draft->session->siwe, strlen(draft->session->siwe));
    sr_signing_start_session(request, bytes, request->key->id, DELEGATE, on_signed,
                             g_steal_pointer(&draft->session), free_session);
}

void sr_session_sign_in(SrRequest *request)
{
    static const char *const names[] = {
        "key",       "domain", "chainId",           "spacePrefix", "manifest", "capabilityRequest",
        "notBefore", "nonce",  "expirationSeconds", NULL};
    GError *error = NULL;

    if (!request->params)
        request->params = json_object_new_object();
    if (sr_json_only(request->params, names, &error))
        sr_request_need_keys(request, TRUE, on_keys);
    else
        sr_request_fail(request, error);
}
