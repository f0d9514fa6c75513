#include "oauth/jws.h"

#include "base/dotted.h"
#include "base/encoding.h"
#include "base/error.h"
#include "base/json.h"
#include "base/slice.h"
#include "oauth/token_response.h"

#include <string.h>

enum { PART_HEADER, PART_PAYLOAD, PART_SIGNATURE, N_PARTS };

static gboolean refuse(GError **error, const char *part, const char *problem)
{
    sr_error_set_at(error, SR_ERROR_ID_TOKEN_INVALID, part, -1, "%s", problem);
    return FALSE;
}

static gboolean split(const SrSecret *token, SrSlice parts[N_PARTS], GError **error)
{
    if (sr_secret_size(token) > SR_TOKEN_MAX)
        return refuse(error, "token", "is too long");
    return sr_dotted_split((const char *)sr_secret_peek(token), sr_secret_size(token), parts,
                           N_PARTS) ||
           refuse(error, "token", "must have three parts (RFC 7515 7.1)");
}

static gboolean read_algorithm(SrJws *jws, SrJson *header, GError **error)
{
    const char *name = sr_json_string(header, "alg", NULL);

    if (!name || !sr_jws_algorithm_from_name(name, &jws->algorithm))
        return refuse(error, "alg", "must be EdDSA, ES256, RS256 or PS256");
    jws->algorithm_name = g_strdup(name);
    return TRUE;
}

static gboolean read_members(SrJws *jws, SrJson *header, GError **error)
{
    const char *key_id;
    const char *type;

    if (!sr_json_string_optional(header, "kid", &key_id, NULL))
        return refuse(error, "kid", "must be a string");
    if (!sr_json_string_optional(header, "typ", &type, NULL) ||
        (type && g_ascii_strcasecmp(type, "JWT") != 0))
        return refuse(error, "typ", "must be JWT: this is another kind of token");
    if (json_object_object_get_ex(header, "crit", NULL))
        return refuse(error, "crit", "names extensions, none is known here");
    jws->key_id = g_strdup(key_id);
    return read_algorithm(jws, header, error);
}

static gboolean read_header(SrJws *jws, SrSlice part, GError **error)
{
    g_autoptr(GByteArray) text = sr_base64url_decode(part.data, part.length, NULL);
    g_autoptr(SrJson) header =
        text ? sr_json_parse((const char *)text->data, text->len, NULL) : NULL;

    if (!header || !json_object_is_type(header, json_type_object))
        return refuse(error, "token", "has no header in JSON");
    return read_members(jws, header, error);
}

static gboolean read_payload(SrJws *jws, SrSlice part, GError **error)
{
    g_autoptr(GError) cause = NULL;

    jws->payload = sr_base64url_decode_secret(part.data, part.length, &cause);
    if (jws->payload)
        return TRUE;
    if (g_error_matches(cause, SR_ERROR, SR_ERROR_CORRUPT))
        return refuse(error, "token", "has a payload that is not base64url");
    g_propagate_error(error, g_steal_pointer(&cause));
    return FALSE;
}

SrJws *sr_jws_parse(const SrSecret *token, GError **error)
{
    g_autoptr(SrJws) jws = g_new0(SrJws, 1);
    SrSlice parts[N_PARTS];

    if (!split(token, parts, error) || !read_header(jws, parts[PART_HEADER], error) ||
        !read_payload(jws, parts[PART_PAYLOAD], error))
        return NULL;
    jws->signature =
        sr_base64url_decode(parts[PART_SIGNATURE].data, parts[PART_SIGNATURE].length, NULL);
    if (!jws->signature) {
        refuse(error, "token", "has a signature that is not base64url");
        return NULL;
    }
    jws->signed_text = parts[PART_HEADER].data;
    jws->signed_length = parts[PART_HEADER].length + 1 + parts[PART_PAYLOAD].length;
    return g_steal_pointer(&jws);
}

void sr_jws_free(SrJws *jws)
{
    if (!jws)
        return;
    g_free(jws->algorithm_name);
    g_free(jws->key_id);
    sr_secret_free(jws->payload);
    g_clear_pointer(&jws->signature, g_byte_array_unref);
    g_free(jws);
}

gboolean sr_jws_names(const SrJws *jws, const SrJwk *jwk)
{
    return sr_jwk_fits(jwk, jws->algorithm) &&
           (!jws->key_id || g_strcmp0(jws->key_id, sr_jwk_id(jwk)) == 0);
}

gboolean sr_jws_verify(const SrJws *jws, const SrJwk *jwk)
{
    return sr_jws_names(jws, jwk) &&
           sr_jwk_verify(jwk, jws->algorithm, jws->signed_text, jws->signed_length,
                         jws->signature->data, jws->signature->len);
}
