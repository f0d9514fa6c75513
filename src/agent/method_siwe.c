/* siwe.*: build, parse, sign, verify. */
#include "agent/message_param.h"
#include "agent/request.h"
#include "agent/signing.h"
#include "base/encoding.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "crypto/secp256k1.h"
#include "ethereum/address.h"
#include "ethereum/message.h"
#include "ethereum/recap.h"
#include "ethereum/siwe_json.h"
#include "ethereum/siwe_time.h"
#include "tinycloud/cacao.h"
#include "tinycloud/cid.h"

#include <string.h>

#define NONCE_LENGTH 17 /* as TinyCloud's own messages have it */
#define VALIDITY_SECONDS_MAX (10 * 366 * 86400LL)

/* Parse @bytes; an error names field, offset and rule. */
static gboolean parse(GBytes *bytes, SrSiwe *ret_siwe, GError **error)
{
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);
    SrSiweProblem problem;

    if (sr_siwe_parse(data, size, ret_siwe, &problem))
        return TRUE;
    sr_error_set_at(error, SR_ERROR_MALFORMED_SIWE, problem.field, (gint64)problem.offset, "%s",
                    problem.rule);
    return FALSE;
}

/* --- parse
 * ------------------------------------------------------------------------------------------------
 */

static void handle_parse(SrRequest *request)
{
    GError *error = NULL;
    g_autoptr(GBytes) bytes = sr_message_param(request, &error);
    g_autoptr(SrRecap) recap = NULL;
    SrSiwe siwe;
    SrJson *result;

    if (!bytes || !parse(bytes, &siwe, &error) ||
        !sr_recap_from_siwe(&siwe, g_bytes_get_data(bytes, NULL), &recap, &error)) {
        sr_request_fail(request, error);
        return;
    }
    result = json_object_new_object();
    sr_json_add(result, "fields", sr_siwe_fields_json(&siwe));
    sr_json_add(result, "oddities", sr_siwe_oddities_json(&siwe));
    sr_json_add(result, "recap", sr_recap_json(recap));
    sr_request_reply(request, result);
}

/* --- sign
 * --------------------------------------------------------------------------------------------------
 */

/* What a TinyCloud node is given: message and signature, encoded, and the identifier of that. */
static void add_delegation(SrJson *result, const SrSiwe *siwe, const guint8 *signature)
{
    g_autoptr(GByteArray) bytes = sr_cacao_encode(siwe, signature);
    g_autofree char *text = sr_base64url_encode_padded(bytes->data, bytes->len);
    g_autofree char *cid = sr_cid_of(bytes->data, bytes->len);
    SrJson *header = json_object_new_object();

    sr_json_add_string(header, "Authorization", text);
    sr_json_add(result, "delegationHeader", header);
    sr_json_add_string(result, "delegationCid", cid);
}

static SrJson *sign_result(const SrRequest *request, const guint8 *signature,
                           const SrSiwe *delegation)
{
    g_autofree char *text = sr_hex_encode(signature, SR_SECP256K1_SIGNATURE_SIZE, TRUE);
    SrJson *result = json_object_new_object();
    char address[SR_ADDRESS_TEXT_SIZE];

    sr_address_text(request->key->address, address);
    sr_json_add_string(result, "signature", text);
    sr_json_add_string(result, "address", address);
    if (delegation)
        add_delegation(result, delegation, signature);
    return result;
}

static void handle_sign(SrRequest *request)
{
    GError *error = NULL;
    GBytes *bytes = sr_message_param(request, &error);
    const char *key = NULL;

    if (bytes && sr_json_string_optional(request->params, "key", &key, &error)) {
        sr_signing_start(request, bytes, key, TRUE, sign_result);
        return;
    }
    g_clear_pointer(&bytes, g_bytes_unref);
    sr_request_fail(request, error);
}

/* --- verify
 * ------------------------------------------------------------------------------------------------
 */

static gboolean is_signed_by(const SrSiwe *siwe, GBytes *bytes, const char *signature_hex)
{
    guint8 signature[SR_SECP256K1_SIGNATURE_SIZE];
    guint8 public_key[SR_SECP256K1_PUBLIC_SIZE];
    guint8 address[SR_ADDRESS_SIZE];
    guint8 digest[32];
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);

    sr_message_digest(data, size, digest);
    if (!sr_hex_decode_fixed(signature_hex, strlen(signature_hex), signature, sizeof signature) ||
        !sr_secp256k1_recover(signature, digest, public_key))
        return FALSE;
    sr_address_from_public_key(public_key, address);
    return memcmp(address, siwe->address_bytes, SR_ADDRESS_SIZE) == 0;
}

/* What a relying party expects; NULL members are not checked. */
typedef struct {
    const char *signature;
    const char *domain;
    const char *nonce;
    gint64 seconds;
    guint32 nanoseconds;
} Expected;

/* The moment to judge at: the "time" param, else now. */
static gboolean read_time(SrRequest *request, Expected *expected, GError **error)
{
    const gint64 now = g_get_real_time();
    SrSiweTime time;
    SrViolation violation;
    guint oddities = 0;
    const char *text;

    if (!sr_json_string_optional(request->params, "time", &text, error))
        return FALSE;
    expected->seconds = now / G_USEC_PER_SEC;
    expected->nanoseconds = (guint32)(now % G_USEC_PER_SEC) * 1000;
    if (!text)
        return TRUE;
    violation = sr_siwe_time_parse((SrSlice){text, strlen(text)}, &time, &oddities);
    if (violation.rule) {
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "time", -1, "%s", violation.rule);
        return FALSE;
    }
    expected->seconds = time.seconds;
    expected->nanoseconds = 0;
    return TRUE;
}

/* Why the message is not acceptable, NULL when it is. */
static const char *find_problem(const SrSiwe *siwe, GBytes *bytes, const Expected *expected)
{
    if (expected->domain && !sr_slice_is(siwe->domain, expected->domain))
        return "the domain is another one";
    if (expected->nonce && !sr_slice_is(siwe->nonce, expected->nonce))
        return "the nonce is another one";
    if (siwe->expiration_time.data &&
        sr_siwe_time_compare(&siwe->expires, expected->seconds, expected->nanoseconds) <= 0)
        return "the message has expired";
    if (siwe->not_before.data &&
        sr_siwe_time_compare(&siwe->starts, expected->seconds, expected->nanoseconds) > 0)
        return "the message is not valid yet";
    if (!is_signed_by(siwe, bytes, expected->signature))
        return "the signature is not by this address";
    return NULL;
}

static void handle_verify(SrRequest *request)
{
    GError *error = NULL;
    g_autoptr(GBytes) bytes = sr_message_param(request, &error);
    Expected expected = {0};
    SrSiwe siwe;
    const char *problem;
    SrJson *result;

    if (bytes)
        expected.signature = sr_request_string(request, "signature", &error);
    if (!expected.signature ||
        !sr_json_string_optional(request->params, "domain", &expected.domain, &error) ||
        !sr_json_string_optional(request->params, "nonce", &expected.nonce, &error) ||
        !read_time(request, &expected, &error) || !parse(bytes, &siwe, &error)) {
        sr_request_fail(request, error);
        return;
    }
    problem = find_problem(&siwe, bytes, &expected);
    result = json_object_new_object();
    sr_json_add_boolean(result, "valid", problem == NULL);
    sr_json_add(result, "address",
                json_object_new_string_len(siwe.address.data, (int)siwe.address.length));
    if (problem)
        sr_json_add_string(result, "problem", problem);
    sr_request_reply(request, result);
}

/* --- build
 * -------------------------------------------------------------------------------------------------
 */

/* The texts a message is built from; what params do not give is made here. */
typedef struct {
    SrSiweFields fields;
    char address[SR_ADDRESS_TEXT_SIZE];
    char *domain;
    char *uri;
    char *chain_id;
    char *nonce;
    char *issued_at;
    char *expiration_time;
    char *statement;
    GPtrArray *resources;
} Build;

static void build_free(Build *build)
{
    g_free(build->domain);
    g_free(build->uri);
    g_free(build->chain_id);
    g_free(build->nonce);
    g_free(build->issued_at);
    g_free(build->expiration_time);
    g_free(build->statement);
    if (build->resources)
        g_ptr_array_unref(build->resources);
    g_free(build);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Build, build_free)

static gboolean take(SrRequest *request, const char *name, char **ret_text, GError **error)
{
    const char *text;

    if (!sr_json_string_optional(request->params, name, &text, error))
        return FALSE;
    *ret_text = g_strdup(text);
    return TRUE;
}

/* The chain id as text or as a number. */
static gboolean take_chain_id(SrRequest *request, Build *build, GError **error)
{
    gint64 number = request->agent->configuration->chain_id;
    SrJson *value = NULL;

    json_object_object_get_ex(request->params, "chainId", &value);
    if (json_object_is_type(value, json_type_string))
        return take(request, "chainId", &build->chain_id, error);
    if (!sr_json_integer_optional(request->params, "chainId", 1, G_MAXINT64, &number, error))
        return FALSE;
    build->chain_id = g_strdup_printf("%" G_GINT64_FORMAT, number);
    return TRUE;
}

static gboolean take_times(SrRequest *request, Build *build, GError **error)
{
    const gint64 now = g_get_real_time();
    gint64 seconds = 0;

    if (!take(request, "issuedAt", &build->issued_at, error) ||
        !take(request, "expirationTime", &build->expiration_time, error) ||
        !sr_json_integer_optional(request->params, "expirationSeconds", 1, VALIDITY_SECONDS_MAX,
                                  &seconds, error))
        return FALSE;
    if (!build->issued_at)
        build->issued_at = sr_siwe_time_text(now);
    if (!build->expiration_time && seconds)
        build->expiration_time = sr_siwe_time_text(now + seconds * G_USEC_PER_SEC);
    return TRUE;
}

static gboolean take_resources(SrRequest *request, Build *build, GError **error)
{
    SrJson *array;

    build->resources = g_ptr_array_new_with_free_func(g_free);
    if (!sr_json_array_optional(request->params, "resources", &array, error))
        return FALSE;
    for (size_t i = 0; array && i < json_object_array_length(array); i++) {
        SrJson *item = json_object_array_get_idx(array, i);

        if (!json_object_is_type(item, json_type_string)) {
            sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "resources", -1,
                            "must be an array of strings");
            return FALSE;
        }
        g_ptr_array_add(build->resources, g_strdup(json_object_get_string(item)));
    }
    return TRUE;
}

/* The ReCap becomes the last resource, its translation the end of the statement (ERC-5573). */
static gboolean take_recap(SrRequest *request, Build *build, GError **error)
{
    SrJson *attenuations;
    SrJson *proofs;
    g_autofree char *uri = NULL;
    g_autofree char *words = NULL;
    g_autofree char *whole = NULL;
    g_autoptr(SrRecap) recap = NULL;

    if (!sr_json_object_optional(request->params, "attenuations", &attenuations, error) ||
        !sr_json_array_optional(request->params, "proofs", &proofs, error))
        return FALSE;
    if (!attenuations)
        return TRUE;
    uri = sr_recap_compose(attenuations, proofs, &recap, error);
    if (!uri)
        return FALSE;
    words = sr_recap_statement(recap);
    whole = build->statement ? g_strconcat(build->statement, " ", words, NULL) : g_strdup(words);
    g_free(build->statement);
    build->statement = g_steal_pointer(&whole);
    g_ptr_array_add(build->resources, g_steal_pointer(&uri));
    return TRUE;
}

/* Domain and URI of the page unless params say otherwise. */
static gboolean take_place(SrRequest *request, Build *build, GError **error)
{
    const char *slashes = strstr(request->origin, "://");

    if (!take(request, "domain", &build->domain, error) ||
        !take(request, "uri", &build->uri, error))
        return FALSE;
    if (!build->domain && slashes)
        build->domain = g_strdup(slashes + 3);
    if (!build->uri && slashes)
        build->uri = g_strdup(request->origin);
    if (build->domain && build->uri)
        return TRUE;
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, build->domain ? "uri" : "domain", -1,
                    "is missing");
    return FALSE;
}

static gboolean read_build(SrRequest *request, Build *build, GError **error)
{
    SrSiweFields *fields = &build->fields;

    if (!take_place(request, build, error) || !take_chain_id(request, build, error) ||
        !take_times(request, build, error) ||
        !take(request, "statement", &build->statement, error) ||
        !take(request, "nonce", &build->nonce, error) || !take_resources(request, build, error) ||
        !take_recap(request, build, error) ||
        !sr_json_string_optional(request->params, "scheme", &fields->scheme, error) ||
        !sr_json_string_optional(request->params, "notBefore", &fields->not_before, error) ||
        !sr_json_string_optional(request->params, "requestId", &fields->request_id, error))
        return FALSE;
    if (!build->nonce)
        build->nonce = sr_random_alphanumeric(NONCE_LENGTH, error);
    if (!build->nonce)
        return FALSE;
    g_ptr_array_add(build->resources, NULL);
    sr_address_text(request->key->address, build->address);
    fields->domain = build->domain;
    fields->address = build->address;
    fields->statement = build->statement;
    fields->uri = build->uri;
    fields->chain_id = build->chain_id;
    fields->nonce = build->nonce;
    fields->issued_at = build->issued_at;
    fields->expiration_time = build->expiration_time;
    fields->resources = (const char *const *)build->resources->pdata;
    return TRUE;
}

static void on_keys_to_build(SrRequest *request)
{
    static const char *const names[] = {
        "key",       "domain",   "scheme",         "statement",         "chainId",
        "nonce",     "issuedAt", "expirationTime", "expirationSeconds", "notBefore",
        "requestId", "uri",      "resources",      "attenuations",      "proofs",
        NULL};
    g_autoptr(Build) build = g_new0(Build, 1);
    g_autofree char *message = NULL;
    GError *error = NULL;
    const char *key = NULL;
    SrJson *result;

    if ((!request->params || sr_json_only(request->params, names, &error)) &&
        sr_json_string_optional(request->params, "key", &key, &error) &&
        sr_request_choose_key(request, key, &error) && read_build(request, build, &error))
        message = sr_siwe_build(&build->fields, &error);
    if (!message) {
        sr_request_fail(request, error);
        return;
    }
    result = json_object_new_object();
    sr_json_add_string(result, "message", message);
    sr_json_add_string(result, "address", build->address);
    sr_json_add_string(result, "nonce", build->nonce);
    sr_request_reply(request, result);
}

static void handle_build(SrRequest *request)
{
    sr_request_need_keys(request, TRUE, on_keys_to_build);
}

const SrMethod sr_methods_siwe[] = {
    {"siwe.build", SR_METHOD_OPEN, handle_build},
    {"siwe.parse", SR_METHOD_OPEN, handle_parse},
    {"siwe.sign", SR_METHOD_SIGN, handle_sign},
    {"siwe.verify", SR_METHOD_OPEN, handle_verify},
    {NULL, 0, NULL},
};
