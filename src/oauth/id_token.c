#include "oauth/id_token.h"

#include "base/encoding.h"
#include "base/error.h"
#include "base/json.h"
#include "crypto/digest.h"

#include <string.h>

#define SUBJECT_MAX 255u                             /* OpenID Connect Core §2: characters */
#define EMAIL_MAX 254u                               /* RFC 5321, with its brackets left out */
#define PERSON_NAME_MAX 256u                         /* bytes */
#define DATE_MAX G_GINT64_CONSTANT(9007199254740991) /* 2^53 - 1 */

void sr_id_token_free(SrIdToken *id_token)
{
    if (!id_token)
        return;
    g_free(id_token->subject);
    g_free(id_token->email);
    g_free(id_token->name);
    g_free(id_token);
}

gboolean sr_id_token_has_key(const SrSecret *token, const SrJwks *jwks)
{
    g_autoptr(SrJws) jws = sr_jws_parse(token, NULL);

    return jws && sr_jwks_has_key(jwks, jws);
}

static gboolean refuse(GError **error, const char *part, const char *problem)
{
    sr_error_set_at(error, SR_ERROR_ID_TOKEN_INVALID, part, -1, "%s", problem);
    return FALSE;
}

/* --- claims --------------------------------------------------------------------------------- */

/* The string claim @name; NULL when it is absent or something else. */
static const char *find_string(SrJson *claims, const char *name)
{
    return sr_json_string(claims, name, NULL);
}

/* Whether @text, for people or as a name, is at most @max bytes without control characters. */
static gboolean is_decent(const char *text, gsize max)
{
    if (!text || !*text || strlen(text) > max)
        return FALSE;
    for (const char *at = text; *at; at += g_utf8_skip[(guchar)*at])
        if (g_unichar_iscntrl(g_utf8_get_char(at)))
            return FALSE;
    return TRUE;
}

/* A NumericDate (RFC 7519 §2), which may have a fraction. FALSE when there is none. */
static gboolean find_date(SrJson *claims, const char *name, gint64 *ret_seconds)
{
    SrJson *value = NULL;
    double seconds;

    if (!json_object_object_get_ex(claims, name, &value) ||
        (!json_object_is_type(value, json_type_int) &&
         !json_object_is_type(value, json_type_double)))
        return FALSE;
    seconds = json_object_get_double(value);
    if (!(seconds >= 0 && seconds <= (double)DATE_MAX))
        return FALSE;
    *ret_seconds = (gint64)seconds;
    return TRUE;
}

static gboolean check_issuer(SrJson *claims, const SrIdTokenExpectation *expectation,
                             GError **error)
{
    return g_strcmp0(find_string(claims, "iss"), expectation->issuer) == 0 ||
           refuse(error, "iss", "is not the configured issuer");
}

/* Count the audiences into *ret_count; whether @client_id is one. */
static gboolean has_audience(SrJson *claims, const char *client_id, gsize *ret_count)
{
    SrJson *audience = NULL;
    gboolean found = FALSE;

    *ret_count = 1;
    json_object_object_get_ex(claims, "aud", &audience);
    if (json_object_is_type(audience, json_type_string))
        return strcmp(json_object_get_string(audience), client_id) == 0;
    if (!json_object_is_type(audience, json_type_array))
        return FALSE;
    *ret_count = json_object_array_length(audience);
    for (gsize i = 0; i < *ret_count; i++) {
        SrJson *item = json_object_array_get_idx(audience, i);

        if (!json_object_is_type(item, json_type_string))
            return FALSE;
        found |= strcmp(json_object_get_string(item), client_id) == 0;
    }
    return found;
}

/* §3.1.3.7, 3 to 5. */
static gboolean check_audience(SrJson *claims, const SrIdTokenExpectation *expectation,
                               GError **error)
{
    const gboolean has_party = json_object_object_get_ex(claims, "azp", NULL);
    gsize count;

    if (!has_audience(claims, expectation->client_id, &count))
        return refuse(error, "aud", "is not for this client");
    if (!has_party)
        return count == 1 || refuse(error, "azp", "is missing beside several audiences");
    return g_strcmp0(find_string(claims, "azp"), expectation->client_id) == 0 ||
           refuse(error, "azp", "is another client");
}

static gboolean check_times(SrJson *claims, const SrIdTokenExpectation *expectation,
                            SrIdToken *id_token, GError **error)
{
    const gint64 latest = expectation->now + expectation->leeway;
    gint64 issued;
    gint64 not_before;

    if (!find_date(claims, "exp", &id_token->expires))
        return refuse(error, "exp", "is missing or no time");
    if (id_token->expires <= expectation->now - expectation->leeway)
        return refuse(error, "exp", "is past; check the clock of this computer");
    if (!find_date(claims, "iat", &issued))
        return refuse(error, "iat", "is missing or no time");
    if (issued > latest)
        return refuse(error, "iat", "is in the future; check the clock of this computer");
    if (json_object_object_get_ex(claims, "nbf", NULL) &&
        (!find_date(claims, "nbf", &not_before) || not_before > latest))
        return refuse(error, "nbf", "is in the future or no time");
    if (json_object_object_get_ex(claims, "auth_time", NULL) &&
        !find_date(claims, "auth_time", &id_token->auth_time))
        return refuse(error, "auth_time", "is no time");
    return TRUE;
}

static gboolean check_nonce(SrJson *claims, const SrIdTokenExpectation *expectation, GError **error)
{
    return !expectation->nonce ||
           g_strcmp0(find_string(claims, "nonce"), expectation->nonce) == 0 ||
           refuse(error, "nonce", "is not of this sign-in");
}

static gboolean check_subject(SrJson *claims, const SrIdTokenExpectation *expectation,
                              SrIdToken *id_token, GError **error)
{
    const char *subject = find_string(claims, "sub");

    if (!is_decent(subject, SUBJECT_MAX))
        return refuse(error, "sub", "must be 1 to 255 characters");
    if (expectation->subject && strcmp(subject, expectation->subject) != 0)
        return refuse(error, "sub", "is another user than before; sign in again");
    id_token->subject = g_strdup(subject);
    return TRUE;
}

/*
 * §3.1.3.6: the left half of the hash of the algorithm. EdDSA names none; everybody takes SHA-512,
 * which Ed25519 uses inside (better-auth 1.7, oidc-token-hash 5).
 */
static char *hash_token(const SrSecret *token, SrJwsAlgorithm algorithm)
{
    guint8 digest[SR_SHA512_SIZE];
    gsize size = SR_SHA256_SIZE;

    if (algorithm == SR_JWS_EDDSA) {
        size = SR_SHA512_SIZE;
        sr_sha512(sr_secret_peek(token), sr_secret_size(token), digest);
    } else {
        sr_sha256(sr_secret_peek(token), sr_secret_size(token), digest);
    }
    return sr_base64url_encode(digest, size / 2);
}

static gboolean check_token_hash(SrJson *claims, const SrIdTokenExpectation *expectation,
                                 SrJwsAlgorithm algorithm, GError **error)
{
    g_autofree char *hash = NULL;

    if (!expectation->access_token || !json_object_object_get_ex(claims, "at_hash", NULL))
        return TRUE;
    hash = hash_token(expectation->access_token, algorithm);
    return g_strcmp0(find_string(claims, "at_hash"), hash) == 0 ||
           refuse(error, "at_hash", "is of another access token");
}

/* Whether nothing says that the provider has not verified the address (§5.1). */
static gboolean is_email_good(SrJson *claims)
{
    SrJson *verified = NULL;

    if (!json_object_object_get_ex(claims, "email_verified", &verified))
        return TRUE;
    /* Some providers write it as a string. */
    return json_object_is_type(verified, json_type_string)
               ? strcmp(json_object_get_string(verified), "true") == 0
               : json_object_is_type(verified, json_type_boolean) &&
                     json_object_get_boolean(verified);
}

static void read_person(SrJson *claims, SrIdToken *id_token)
{
    const char *email = find_string(claims, "email");
    const char *name = find_string(claims, "name");

    if (!is_decent(name, PERSON_NAME_MAX))
        name = find_string(claims, "preferred_username");
    if (is_decent(name, PERSON_NAME_MAX))
        id_token->name = g_strdup(name);
    if (is_decent(email, EMAIL_MAX) && is_email_good(claims))
        id_token->email = g_strdup(email);
}

/* --- all of it ------------------------------------------------------------------------------ */

static gboolean check_signature(const SrJws *jws, const SrJwks *jwks,
                                const SrIdTokenExpectation *expectation, GError **error)
{
    if (!g_strv_contains(expectation->algorithms, jws->algorithm_name))
        return refuse(error, "alg", "is not one that the provider's metadata lists");
    if (!jwks)
        return refuse(error, "signature", "cannot be checked: the provider publishes no keys");
    if (!sr_jwks_has_key(jwks, jws))
        return refuse(error, "kid", "is not among the provider's keys for this algorithm");
    return sr_jwks_verify(jwks, jws) || refuse(error, "signature", "is not by the provider");
}

static SrJson *parse_claims(const SrJws *jws, GError **error)
{
    SrJson *claims = sr_json_parse((const char *)sr_secret_peek(jws->payload),
                                   sr_secret_size(jws->payload), NULL);

    if (claims && json_object_is_type(claims, json_type_object))
        return claims;
    sr_json_free(claims);
    refuse(error, "token", "has no claims in JSON");
    return NULL;
}

SrIdToken *sr_id_token_verify(const SrSecret *token, const SrJwks *jwks,
                              const SrIdTokenExpectation *expectation, GError **error)
{
    g_autoptr(SrJws) jws = sr_jws_parse(token, error);
    g_autoptr(SrIdToken) id_token = g_new0(SrIdToken, 1);
    g_autoptr(SrJson) claims = NULL;

    if (!jws || !check_signature(jws, jwks, expectation, error))
        return NULL;
    claims = parse_claims(jws, error);
    if (!claims || !check_issuer(claims, expectation, error) ||
        !check_audience(claims, expectation, error) ||
        !check_times(claims, expectation, id_token, error) ||
        !check_nonce(claims, expectation, error) ||
        !check_subject(claims, expectation, id_token, error) ||
        !check_token_hash(claims, expectation, jws->algorithm, error))
        return NULL;
    read_person(claims, id_token);
    return g_steal_pointer(&id_token);
}
