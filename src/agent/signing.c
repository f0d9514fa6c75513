#include "agent/signing.h"

#include "agent/limits.h"
#include "agent/sign_batch.h"
#include "base/encoding.h"
#include "base/error.h"
#include "consent/siwe_view.h"
#include "crypto/digest.h"
#include "crypto/secp256k1.h"
#include "ethereum/address.h"
#include "ethereum/message.h"
#include "ethereum/recap.h"
#include "policy/nonces.h"
#include "tinycloud/capability_request.h"

#include <string.h>

#define REMEMBER_SECONDS (30 * 24 * 60 * 60)

/* What a signing request keeps between its steps. The slices of siwe point into bytes. */
typedef struct {
    GBytes *bytes;
    char *key_name;
    gboolean only_siwe;
    gboolean is_siwe;
    SrSiwe siwe;
    SrRecap *recap;
    guint8 digest[32]; /* what is signed */
    const char *event;
    char *decision;   /* for the log: "asked", "grant:ID" */
    gboolean granted; /* the decision is a grant */
    gboolean waited;  /* for the user or the key, since the message was parsed */
    char *nonce_domain;
    gboolean may_remember;
    gint64 asked_at; /* seconds since 1970 */
    SrSigningResult result;
    const char *delegate; /* of a session: what a grant knows the message's URI as, else NULL */
    SrSigningNext next;   /* instead of result */
    gpointer data;
    GDestroyNotify free_data;
} Signing;

static void signing_free(gpointer data)
{
    Signing *signing = data;

    g_clear_pointer(&signing->bytes, g_bytes_unref);
    sr_recap_free(signing->recap);
    g_free(signing->key_name);
    g_free(signing->decision);
    g_free(signing->nonce_domain);
    if (signing->free_data)
        signing->free_data(signing->data);
    g_free(signing);
}

static Signing *signing_new(SrRequest *request, SrSigningResult result)
{
    Signing *signing = g_new0(Signing, 1);

    signing->result = result;
    request->state = signing;
    request->free_state = signing_free;
    return signing;
}

SrJson *sr_signing_plain_result(const SrRequest *request, const guint8 *signature,
                                const SrSiwe *delegation)
{
    g_autofree char *text = sr_hex_encode(signature, SR_SECP256K1_SIGNATURE_SIZE, TRUE);

    (void)request;
    (void)delegation;
    return json_object_new_string(text);
}

/* --- parse and check
 * --------------------------------------------------------------------------------- */

static gboolean malformed(GError **error, const SrSiweProblem *problem)
{
    sr_error_set_at(error, SR_ERROR_MALFORMED_SIWE, problem->field, (gint64)problem->offset, "%s",
                    problem->rule);
    return FALSE;
}

/* The domain as origin binding sees it: no difference in case, nor for the default port. */
static char *domain_of(const SrSiwe *siwe)
{
    g_autofree char *text = g_ascii_strdown(siwe->domain.data, (gssize)siwe->domain.length);

    if (g_str_has_suffix(text, ":443"))
        text[strlen(text) - strlen(":443")] = '\0';
    return g_steal_pointer(&text);
}

/* Parse as a sign-in message. FALSE for an error; is_siwe says whether it is one. */
static gboolean parse(Signing *signing, GError **error)
{
    gsize size;
    const char *bytes = g_bytes_get_data(signing->bytes, &size);
    SrSiweProblem problem;

    signing->is_siwe = sr_siwe_parse(bytes, size, &signing->siwe, &problem);
    if (signing->is_siwe) {
        signing->nonce_domain = domain_of(&signing->siwe);
        return sr_recap_from_siwe(&signing->siwe, bytes, &signing->recap, error);
    }
    if (signing->only_siwe || sr_message_resembles_siwe((const guint8 *)bytes, size))
        return malformed(error, &problem);
    if (size > SR_MESSAGE_MAX) {
        sr_error_set_at(error, SR_ERROR_LIMIT_EXCEEDED, "message", -1, "is longer than %u bytes",
                        SR_MESSAGE_MAX);
        return FALSE;
    }
    return TRUE;
}

/* Forms that a verifier may read as something else than we do are parsed, but not signed. */
static gboolean check_oddities(const SrSiwe *siwe, GError **error)
{
    if (siwe->oddities & SR_SIWE_CHAIN_ID_ODD) {
        sr_error_set_at(error, SR_ERROR_MALFORMED_SIWE, "chainId", -1,
                        "must be from 1 to 2^63 - 1 without leading zeros to be signed");
        return FALSE;
    }
    if (siwe->oddities & SR_SIWE_LEAP_SECOND && siwe->expiration_time.data) {
        sr_error_set_at(error, SR_ERROR_MALFORMED_SIWE, "expirationTime", -1,
                        "a leap second cannot be signed");
        return FALSE;
    }
    return TRUE;
}

static gboolean check_time(const SrSiwe *siwe, GError **error)
{
    const gint64 now = g_get_real_time();

    if (!siwe->expiration_time.data ||
        sr_siwe_time_compare(&siwe->expires, now / G_USEC_PER_SEC,
                             (guint32)(now % G_USEC_PER_SEC) * 1000) > 0)
        return TRUE;
    sr_error_set_at(error, SR_ERROR_EXPIRED, "expirationTime", -1, "the message has expired");
    return FALSE;
}

static gboolean check_address(const SrRequest *request, const SrSiwe *siwe, GError **error)
{
    if (memcmp(request->key->address, siwe->address_bytes, SR_ADDRESS_SIZE) == 0)
        return TRUE;
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "address", -1,
                    "the message is for another key than the one asked for");
    return FALSE;
}

static gboolean check_siwe(const SrRequest *request, const Signing *signing, GError **error)
{
    const SrSiwe *siwe = &signing->siwe;
    const SrOriginPolicy policy = sr_agent_origin_policy(request->agent);

    return check_address(request, siwe, error) && check_oddities(siwe, error) &&
           (!sr_request_is_extension(request) ||
            sr_origin_binds(request->origin, siwe, &policy, error)) &&
           check_time(siwe, error) &&
           sr_nonces_check(request->agent->database, signing->nonce_domain,
                           strlen(signing->nonce_domain), siwe->nonce.data, siwe->nonce.length,
                           signing->digest, error);
}

/* --- sign
 * -------------------------------------------------------------------------------------------- */

/* The log and the list of nonces, as part of what the reply relies on. */
static gboolean record(SrRequest *request, const Signing *signing, GError **error)
{
    SrJson *more = json_object_new_object();
    g_autofree char *digest = sr_hex_encode(signing->digest, sizeof signing->digest, FALSE);

    sr_json_add_string(more, "digest", digest);
    sr_json_add_string(more, "decision", signing->decision);
    if (signing->is_siwe) {
        const SrSiwe *siwe = &signing->siwe;

        sr_json_add(more, "domain",
                    json_object_new_string_len(siwe->domain.data, (int)siwe->domain.length));
        if (!sr_nonces_use(request->agent->database, signing->nonce_domain,
                           strlen(signing->nonce_domain), siwe->nonce.data, siwe->nonce.length,
                           signing->digest, error)) {
            sr_json_free(more);
            return FALSE;
        }
    }
    return sr_request_record(request, signing->event, more, error);
}

/* The message as a grant compares it. The key of a session is a new one each time. */
static SrSiwe terms_of(const Signing *signing)
{
    SrSiwe terms = signing->siwe;

    if (signing->delegate)
        terms.uri = (SrSlice){signing->delegate, strlen(signing->delegate)};
    return terms;
}

/* Keep the user's offer to be asked no more, and say so in the log. */
static gboolean remember(SrRequest *request, Signing *signing, GError **error)
{
    const SrSiwe terms = terms_of(signing);
    g_autofree char *summary = NULL;
    const SrGrant *grant;

    if (!request->remember || !signing->may_remember)
        return TRUE;
    summary = sr_siwe_view_summary(&terms, signing->recap);
    grant = sr_grants_remember(request->agent->grants, request->caller->extension, request->origin,
                               request->key->id, &terms, summary, signing->asked_at,
                               REMEMBER_SECONDS, error);
    if (!grant)
        return FALSE;
    g_free(signing->decision);
    signing->decision = g_strconcat("asked, remembered:", grant->id, NULL);
    return TRUE;
}

/* What was shown is what is signed: after a wait the digest is computed again from the same bytes.
 */
static gboolean digest_still_holds(const Signing *signing, GError **error)
{
    guint8 again[32];
    gsize size;
    const guint8 *bytes;

    if (!signing->bytes || !signing->waited)
        return TRUE;
    bytes = g_bytes_get_data(signing->bytes, &size);
    sr_message_digest(bytes, size, again);
    if (memcmp(again, signing->digest, sizeof again) == 0)
        return TRUE;
    sr_error_set(error, SR_ERROR_INTERNAL, "the message changed while it was shown");
    return FALSE;
}

static void ask_siwe(SrRequest *request, Signing *signing);

/* The grant that covers the sign-in now, or NULL. Borrowed. */
static const SrGrant *find_grant(const SrRequest *request, const Signing *signing)
{
    const SrSiwe terms = terms_of(signing);

    if (!signing->is_siwe || !sr_request_is_extension(request))
        return NULL;
    return sr_grants_find(request->agent->grants, request->caller->extension, request->origin,
                          request->key->id, &terms, g_get_real_time() / G_USEC_PER_SEC);
}

static void on_signed(SrRequest *request, const guint8 *signature, GError *error)
{
    Signing *signing = request->state;
    gpointer data;

    if (!signature || !remember(request, signing, &error) || !record(request, signing, &error)) {
        sr_request_fail(request, error);
        return;
    }
    if (signing->next) {
        data = g_steal_pointer(&signing->data);
        signing->next(request, signature, data);
        return;
    }
    sr_request_reply(request,
                     signing->result(request, signature, signing->recap ? &signing->siwe : NULL));
}

static void sign(SrRequest *request)
{
    Signing *signing = request->state;
    GError *error = NULL;

    /* Opening the key took time: the grant may have been revoked or have ended. */
    if (signing->granted && signing->waited && !find_grant(request, signing)) {
        signing->granted = FALSE;
        g_clear_pointer(&signing->decision, g_free);
        ask_siwe(request, signing);
        return;
    }
    if (digest_still_holds(signing, &error))
        sr_sign_batch_add(request->agent->batch, request, signing->digest,
                          sr_connection_has_more(request->connection), on_signed);
    else
        sr_request_fail(request, error);
}

/* --- decide
 * ------------------------------------------------------------------------------------------- */

static void on_agreed(SrRequest *request)
{
    Signing *signing = request->state;
    GError *error = NULL;

    signing->waited = TRUE;
    signing->decision = g_strdup("asked");
    /* The prompt took time: the message may have expired, its nonce been used meanwhile. */
    if (signing->is_siwe && !check_siwe(request, signing, &error)) {
        sr_request_fail(request, error);
        return;
    }
    sr_request_open_key(request, sign);
}

static gboolean is_too_wide(const Signing *signing)
{
    return signing->recap && sr_recap_is_too_wide(signing->recap);
}

static void ask_siwe(SrRequest *request, Signing *signing)
{
    g_autofree char *title = sr_siwe_view_title(&signing->siwe, signing->recap);
    SrConsentModel *model = sr_request_consent(request, "%s", title);
    gsize size;
    const char *bytes = g_bytes_get_data(signing->bytes, &size);

    sr_request_add_key(request, model);
    if (!sr_request_is_extension(request))
        sr_consent_model_add(model, SR_CONSENT_WARNING,
                             "No browser vouches for the site: the message comes from a %s.",
                             sr_request_is_cli(request) ? "command" : "program");
    sr_siwe_view_add(model, &signing->siwe, signing->recap, bytes, size, g_get_real_time());
    if (signing->delegate)
        sr_consent_model_add(model, SR_CONSENT_FACT,
                             "The session's key stays with sealring: neither page nor browser "
                             "gets it.");
    signing->asked_at = g_get_real_time() / G_USEC_PER_SEC;
    signing->may_remember = sr_request_is_extension(request) && !is_too_wide(signing) &&
                            sr_grants_can_remember(&signing->siwe, signing->asked_at);
    if (signing->may_remember)
        sr_consent_model_add(model, SR_CONSENT_REMEMBER,
                             "Sign in like this without asking for 30 days (same site, same "
                             "permissions)");
    sr_request_ask(request, model, on_agreed);
}

void sr_signing_add_bytes(SrConsentModel *model, const char *bytes, gsize size)
{
    if (g_utf8_validate_len(bytes, size, NULL)) {
        sr_consent_model_add_text(model, bytes, size);
        return;
    }
    sr_consent_model_add(model, SR_CONSENT_WARNING,
                         "This is not text. What it means cannot be shown.");
    for (gsize at = 0; at < size; at += 32) {
        g_autofree char *line =
            sr_hex_encode((const guint8 *)bytes + at, MIN(size - at, 32), FALSE);

        sr_consent_model_add(model, SR_CONSENT_TEXT, "%s", line);
    }
}

static void ask_message(SrRequest *request, const Signing *signing)
{
    SrConsentModel *model = sr_request_consent(request, "Sign this message?");
    gsize size;
    const char *bytes = g_bytes_get_data(signing->bytes, &size);

    sr_request_add_key(request, model);
    sr_consent_model_add(model, SR_CONSENT_FACT, "Length: %zu bytes", size);
    sr_signing_add_bytes(model, bytes, size);
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Sign");
    sr_request_ask(request, model, on_agreed);
}

static void decide(SrRequest *request, Signing *signing)
{
    const SrGrant *grant = find_grant(request, signing);

    if (grant) {
        signing->granted = TRUE;
        signing->waited = !sr_key_ring_private(request->agent->keys, request->key->id);
        signing->decision = g_strconcat("grant:", grant->id, NULL);
        sr_request_open_key(request, sign);
    } else if (signing->is_siwe) {
        ask_siwe(request, signing);
    } else {
        ask_message(request, signing);
    }
}

static gboolean choose_key(SrRequest *request, const Signing *signing, GError **error)
{
    g_autofree char *address = NULL;

    if (!signing->key_name && signing->is_siwe)
        address = g_strndup(signing->siwe.address.data, signing->siwe.address.length);
    if (!sr_request_choose_key(request, signing->key_name ? signing->key_name : address, error))
        return FALSE;
    if (request->key->type == SR_KEY_SECP256K1)
        return TRUE;
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "key", -1,
                    "is not an Ethereum (secp256k1) key");
    return FALSE;
}

static void on_keys(SrRequest *request)
{
    Signing *signing = request->state;
    GError *error = NULL;

    if (!choose_key(request, signing, &error) ||
        (signing->is_siwe && !check_siwe(request, signing, &error))) {
        sr_request_fail(request, error);
        return;
    }
    signing->event = signing->is_siwe ? "sign-in" : "sign-message";
    decide(request, signing);
}

static void start(SrRequest *request, Signing *signing, GBytes *bytes, const char *key_name,
                  gboolean only_siwe)
{
    GError *error = NULL;

    signing->bytes = bytes;
    signing->key_name = g_strdup(key_name);
    signing->only_siwe = only_siwe;
    sr_message_digest(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), signing->digest);
    if (parse(signing, &error))
        sr_request_need_keys(request, TRUE, on_keys);
    else
        sr_request_fail(request, error);
}

void sr_signing_start(SrRequest *request, GBytes *bytes, const char *key_name, gboolean only_siwe,
                      SrSigningResult result)
{
    start(request, signing_new(request, result), bytes, key_name, only_siwe);
}

void sr_signing_start_session(SrRequest *request, GBytes *bytes, const char *key_name,
                              const char *delegate, SrSigningNext next, gpointer data,
                              GDestroyNotify free_data)
{
    Signing *signing = signing_new(request, NULL);

    signing->delegate = delegate;
    signing->next = next;
    signing->data = data;
    signing->free_data = free_data;
    start(request, signing, bytes, key_name, TRUE);
}

void sr_signing_start_digest(SrRequest *request, const guint8 digest[32], SrConsentModel *model,
                             const char *event, SrSigningResult result)
{
    Signing *signing = signing_new(request, result);

    memcpy(signing->digest, digest, sizeof signing->digest);
    signing->event = event;
    sr_request_add_key(request, model);
    sr_request_ask(request, model, on_agreed);
}
