/*
 * Key sets and tokens, separated by a line break. The first byte chooses: 0 mod 3: a key set and a
 * token; 1: the claims of a token that a known key signs, so that the fuzzer gets behind the
 * signature; 2: its header and its claims.
 */
#include "oauth/id_token.h"

#include "base/encoding.h"
#include "crypto/signer.h"
#include "oauth/ascii.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEADER "{\"alg\":\"EdDSA\",\"kid\":\"k1\"}"

/* The key of RFC 8037 Appendix A. */
#define PRIVATE "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define JWKS                                                                                       \
    "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k1\","                              \
    "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}"

static SrSigner *make_signer(void)
{
    SrSecret *seed = sr_base64url_decode_secret(PRIVATE, strlen(PRIVATE), NULL);
    g_autoptr(SrKey) key = sr_key_new(SR_KEY_ED25519, seed, NULL);

    return sr_signer_new(key, NULL);
}

static SrSecret *sign(const char *header, const char *claims, size_t claims_size)
{
    static SrSigner *signer;
    g_autofree char *head = sr_base64url_encode((const guint8 *)header, strlen(header));
    g_autofree char *body = sr_base64url_encode((const guint8 *)claims, claims_size);
    g_autofree char *text = g_strconcat(head, ".", body, NULL);
    g_autofree char *last = NULL;
    g_autofree char *token = NULL;
    guint8 signature[SR_SIGNATURE_SIZE];

    if (!signer)
        signer = make_signer();
    g_assert(sr_signer_sign(signer, (const guint8 *)text, strlen(text), signature, NULL));
    last = sr_base64url_encode(signature, sizeof signature);
    token = g_strconcat(text, ".", last, NULL);
    return sr_secret_new_copy(token, strlen(token), NULL);
}

static void check(const SrSecret *token, const SrJwks *jwks)
{
    static const char *const algorithms[] = {"EdDSA", "ES256", "RS256", "PS256", NULL};
    g_autoptr(SrSecret) access_token = sr_secret_new_copy("AcC", 3, NULL);
    const SrIdTokenExpectation expectation = {.issuer = "https://op.example",
                                              .client_id = "id",
                                              .nonce = "n",
                                              .access_token = access_token,
                                              .algorithms = algorithms,
                                              .now = 1700000000,
                                              .leeway = 60};
    g_autoptr(GError) error = NULL;
    g_autoptr(SrIdToken) id_token = sr_id_token_verify(token, jwks, &expectation, &error);

    g_assert(!id_token == !!error);
    if (error)
        g_assert(sr_ascii_is_printable(error->message, strlen(error->message)));
    if (id_token) {
        g_assert(sr_id_token_has_key(token, jwks));
        g_assert(id_token->subject && *id_token->subject);
        g_assert(id_token->expires > 1700000000 - 60);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data + 1;
    const char *split = size > 1 ? memchr(text, '\n', size - 1) : NULL;
    const size_t first = split ? (size_t)(split - text) : 0;
    const char *second = split ? split + 1 : text;
    const size_t second_size = size ? size - 1 - (size_t)(second - text) : 0;
    g_autofree char *head = size ? g_strndup(text, first) : NULL;
    g_autoptr(SrJwks) jwks = NULL;
    g_autoptr(SrSecret) token = NULL;

    if (size == 0 || size > 12000)
        return 0;
    if (data[0] % 3 == 0) {
        jwks = sr_jwks_parse(text, first, NULL);
        token = sr_secret_new_copy(second, second_size, NULL);
    } else {
        jwks = sr_jwks_parse(JWKS, strlen(JWKS), NULL);
        token = data[0] % 3 == 1 ? sign(HEADER, text, size - 1) : sign(head, second, second_size);
    }
    if (jwks)
        check(token, jwks);
    return 0;
}
