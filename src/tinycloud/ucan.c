#include "tinycloud/ucan.h"

#include "base/dotted.h"
#include "base/encoding.h"
#include "base/error.h"
#include "base/json_canonical.h"
#include "tinycloud/did.h"

#include <string.h>

#define FRAME_SIZE 512                           /* more than header, signature and dots have */
#define TIME_MAX G_GINT64_CONSTANT(253402300799) /* the last second of the year 9999 */

SrUcan *sr_ucan_new(void)
{
    SrUcan *ucan = g_new0(SrUcan, 1);

    ucan->proofs = g_ptr_array_new_with_free_func(g_free);
    return ucan;
}

void sr_ucan_free(SrUcan *ucan)
{
    if (!ucan)
        return;
    g_free(ucan->issuer);
    g_free(ucan->audience);
    g_free(ucan->nonce);
    sr_json_free(ucan->facts);
    sr_json_free(ucan->attenuations);
    g_ptr_array_unref(ucan->proofs);
    g_free(ucan);
}

/* --- writing -------------------------------------------------------------------------------- */

/* The header's text for a public key: names in canonical order, nothing to escape. */
static char *header_text(const guint8 *public_key)
{
    g_autofree char *x = sr_base64url_encode(public_key, SR_ED25519_PUBLIC_SIZE);

    return g_strdup_printf("{\"alg\":\"EdDSA\",\"jwk\":{\"alg\":\"EdDSA\",\"crv\":\"Ed25519\","
                           "\"kty\":\"OKP\",\"x\":\"%s\"},\"typ\":\"JWT\",\"ucv\":\"0.10.0\"}",
                           x);
}

static SrJson *payload_json(const SrUcan *ucan)
{
    SrJson *payload = json_object_new_object();
    SrJson *proofs = json_object_new_array_ext((int)ucan->proofs->len);

    for (guint i = 0; i < ucan->proofs->len; i++)
        json_object_array_add(proofs, json_object_new_string(ucan->proofs->pdata[i]));
    sr_json_add(payload, "att", json_object_get(ucan->attenuations));
    sr_json_add_string(payload, "aud", ucan->audience);
    sr_json_add_integer(payload, "exp", ucan->expires);
    if (ucan->facts)
        sr_json_add(payload, "fct", json_object_get(ucan->facts));
    sr_json_add_string(payload, "iss", ucan->issuer);
    if (ucan->has_not_before)
        sr_json_add_integer(payload, "nbf", ucan->not_before);
    if (ucan->nonce)
        sr_json_add_string(payload, "nnc", ucan->nonce);
    sr_json_add(payload, "prf", proofs);
    return payload;
}

/* base64url of @header, a dot, base64url of @payload: what is signed (RFC 7515 §5.1). */
static char *signing_input(const char *header, const char *payload)
{
    g_autofree char *head = sr_base64url_encode((const guint8 *)header, strlen(header));
    g_autofree char *body = sr_base64url_encode((const guint8 *)payload, strlen(payload));

    return g_strconcat(head, ".", body, NULL);
}

static char *with_signature(const char *input, const guint8 signature[SR_SIGNATURE_SIZE])
{
    g_autofree char *text = sr_base64url_encode(signature, SR_SIGNATURE_SIZE);

    return g_strconcat(input, ".", text, NULL);
}

/* The payload's text, when it is not too long. Owned by the caller. */
static char *write_payload(const SrUcan *ucan, GError **error)
{
    g_autoptr(SrJson) json = payload_json(ucan);
    g_autofree char *payload = sr_json_canonical(json, error);

    if (!payload || strlen(payload) <= (SR_UCAN_MAX - FRAME_SIZE) / 4 * 3)
        return g_steal_pointer(&payload);
    sr_error_set(error, SR_ERROR_LIMIT_EXCEEDED, "it would be longer than %u bytes", SR_UCAN_MAX);
    return NULL;
}

char *sr_ucan_sign(const SrUcan *ucan, SrSigner *signer, GError **error)
{
    g_autofree char *payload = write_payload(ucan, error);
    g_autofree char *header = NULL;
    g_autofree char *input = NULL;
    guint8 signature[SR_SIGNATURE_SIZE];

    if (!payload)
        return NULL;
    header = header_text(sr_signer_public(signer, NULL));
    input = signing_input(header, payload);
    if (!sr_signer_sign(signer, (const guint8 *)input, strlen(input), signature, error))
        return NULL;
    return with_signature(input, signature);
}

/* --- reading -------------------------------------------------------------------------------- */

static gboolean refuse(GError **error, const char *problem)
{
    sr_error_set(error, SR_ERROR_CORRUPT, "the UCAN is not valid: %s", problem);
    return FALSE;
}

/* The JSON object in @part. */
static SrJson *read_json(SrSlice part)
{
    g_autoptr(GByteArray) bytes = sr_base64url_decode(part.data, part.length, NULL);
    g_autoptr(SrJson) json =
        bytes ? sr_json_parse((const char *)bytes->data, bytes->len, NULL) : NULL;

    return json_object_is_type(json, json_type_object) ? g_steal_pointer(&json) : NULL;
}

static gboolean is_text(SrJson *object, const char *name, const char *text)
{
    const char *found = sr_json_string(object, name, NULL);

    return found && strcmp(found, text) == 0;
}

/* EdDSA, and no key but the issuer's; nothing that would have to be understood (RFC 7515 §4.1.11).
 */
static gboolean is_header_of(SrJson *header, const guint8 *public_key)
{
    static const char *const names[] = {"alg", "jwk", "kid", "typ", "ucv", NULL};
    g_autofree char *x = sr_base64url_encode(public_key, SR_ED25519_PUBLIC_SIZE);
    SrJson *jwk;

    return sr_json_only(header, names, NULL) && is_text(header, "alg", "EdDSA") &&
           is_text(header, "typ", "JWT") && sr_json_object_optional(header, "jwk", &jwk, NULL) &&
           (!jwk || (is_text(jwk, "crv", "Ed25519") && is_text(jwk, "x", x)));
}

static gboolean check_signature(const SrUcan *ucan, const SrSlice parts[3], GError **error)
{
    g_autoptr(SrJson) header = read_json(parts[0]);
    g_autoptr(GByteArray) signature = sr_base64url_decode(parts[2].data, parts[2].length, NULL);
    guint8 public_key[SR_ED25519_PUBLIC_SIZE];

    if (!sr_did_read_ed25519(sr_slice_of(ucan->issuer), public_key))
        return refuse(error, "\"iss\" is no Ed25519 did:key");
    if (!is_header_of(header, public_key))
        return refuse(error, "its header is not one of its issuer's Ed25519 key");
    if (!signature || signature->len != SR_SIGNATURE_SIZE ||
        !sr_signature_verify(SR_KEY_ED25519, public_key, (const guint8 *)parts[0].data,
                             parts[0].length + 1 + parts[1].length, signature->data, NULL))
        return refuse(error, "its signature is not by its issuer");
    return TRUE;
}

/* A NumericDate (RFC 7519 §2); other writers have fractions of a second, which are rounded. */
static gboolean read_time(SrJson *payload, const char *name, gboolean up, gint64 *ret_time,
                          gboolean *ret_has)
{
    SrJson *value;

    *ret_has = json_object_object_get_ex(payload, name, &value);
    if (!*ret_has)
        return TRUE;
    if (!json_object_is_type(value, json_type_double))
        return value && sr_json_integer_optional(payload, name, 0, TIME_MAX, ret_time, NULL);
    const double seconds = json_object_get_double(value);

    *ret_time = (gint64)CLAMP(seconds, 0, (double)TIME_MAX);
    *ret_time += up && (double)*ret_time < seconds;
    return seconds >= 0 && seconds <= (double)TIME_MAX;
}

static gboolean read_proofs(SrUcan *ucan, SrJson *payload)
{
    SrJson *proofs = json_object_object_get(payload, "prf");

    if (!json_object_is_type(proofs, json_type_array))
        return FALSE;
    for (gsize i = 0; i < json_object_array_length(proofs); i++) {
        SrJson *proof = json_object_array_get_idx(proofs, i);

        if (!json_object_is_type(proof, json_type_string))
            return FALSE;
        g_ptr_array_add(ucan->proofs, g_strdup(json_object_get_string(proof)));
    }
    return TRUE;
}

/* A member that is an object or an array; NULL for anything else. A new reference. */
static SrJson *take_member(SrJson *payload, const char *name, json_type type)
{
    SrJson *member = json_object_object_get(payload, name);

    return json_object_is_type(member, type) ? json_object_get(member) : NULL;
}

/* Facts may be absent, and nothing else but an array: who looks for one must find it. */
static gboolean take_facts(SrUcan *ucan, SrJson *payload)
{
    ucan->facts = take_member(payload, "fct", json_type_array);
    return ucan->facts || !json_object_object_get_ex(payload, "fct", NULL);
}

static gboolean read_payload(SrUcan *ucan, SrJson *payload, GError **error)
{
    static const char *const names[] = {"att", "aud", "exp", "fct", "iss",
                                        "nbf", "nnc", "prf", NULL};
    const char *nonce;
    gboolean has_expiry;

    if (!sr_json_only(payload, names, NULL))
        return refuse(error, "its payload has a member that is not known");
    ucan->issuer = g_strdup(sr_json_string(payload, "iss", NULL));
    ucan->audience = g_strdup(sr_json_string(payload, "aud", NULL));
    if (!ucan->issuer || !ucan->audience)
        return refuse(error, "\"iss\" or \"aud\" is missing");
    if (!read_time(payload, "exp", FALSE, &ucan->expires, &has_expiry) || !has_expiry ||
        !read_time(payload, "nbf", TRUE, &ucan->not_before, &ucan->has_not_before))
        return refuse(error, "\"exp\" or \"nbf\" is not a time");
    if (!sr_json_string_optional(payload, "nnc", &nonce, NULL))
        return refuse(error, "\"nnc\" is not a text");
    ucan->nonce = g_strdup(nonce);
    if (!take_facts(ucan, payload))
        return refuse(error, "\"fct\" is not an array");
    ucan->attenuations = take_member(payload, "att", json_type_object);
    if (!ucan->attenuations || !read_proofs(ucan, payload))
        return refuse(error, "\"att\" or \"prf\" is missing");
    return TRUE;
}

SrUcan *sr_ucan_read(const char *text, gsize length, GError **error)
{
    g_autoptr(SrUcan) ucan = sr_ucan_new();
    g_autoptr(SrJson) payload = NULL;
    SrSlice parts[3];

    if (length > SR_UCAN_MAX || !sr_dotted_split(text, length, parts, 3)) {
        refuse(error, "it is not of three parts, or too long");
        return NULL;
    }
    payload = read_json(parts[1]);
    if (!payload) {
        refuse(error, "its payload is not JSON");
        return NULL;
    }
    if (!read_payload(ucan, payload, error) || !check_signature(ucan, parts, error))
        return NULL;
    return g_steal_pointer(&ucan);
}
