#include "support/session_maker.h"

#include "base/encoding.h"
#include "crypto/secp256k1.h"
#include "ethereum/address.h"
#include "ethereum/message.h"
#include "ethereum/recap.h"
#include "tinycloud/cacao.h"
#include "tinycloud/cid.h"
#include "tinycloud/delegation.h"
#include "tinycloud/did.h"
#include "tinycloud/portable.h"

#include <string.h>

#define SESSION_SEED 0x22
#define FRIEND_SEED 0x33

SrJson *test_json(const char *text)
{
    g_autoptr(GError) error = NULL;
    SrJson *json = sr_json_parse(text, strlen(text), &error);

    g_assert_no_error(error);
    return json;
}

static SrSecret *secret_of(guint8 fill, guint8 last)
{
    SrSecret *secret = sr_secret_new(32, NULL);

    memset(sr_secret_data(secret), fill, 32);
    sr_secret_data(secret)[31] = last;
    return secret;
}

/* --- session keys --------------------------------------------------------------------------- */

static SrKey *session_key(guint8 seed)
{
    return sr_key_new(SR_KEY_ED25519, secret_of(seed, seed), NULL);
}

char *test_session_did(guint8 seed)
{
    g_autoptr(SrKey) key = session_key(seed);

    return sr_key_did(SR_KEY_ED25519, sr_key_public(key, NULL));
}

SrSigner *test_session_signer(guint8 seed)
{
    g_autoptr(SrKey) key = session_key(seed);

    return sr_signer_new(key, NULL);
}

static char *session_url(guint8 seed)
{
    g_autofree char *did = test_session_did(seed);

    return sr_did_url(did);
}

/* --- sign-ins ------------------------------------------------------------------------------- */

static void wallet_public(guint8 wallet, guint8 ret_public[SR_SECP256K1_PUBLIC_SIZE])
{
    g_autoptr(SrSecret) key = secret_of(0, wallet);

    g_assert_true(sr_secp256k1_public_key(key, ret_public, NULL));
}

static void wallet_address(guint8 wallet, char text[SR_ADDRESS_TEXT_SIZE])
{
    guint8 public_key[SR_SECP256K1_PUBLIC_SIZE];
    guint8 address[SR_ADDRESS_SIZE];

    wallet_public(wallet, public_key);
    sr_address_from_public_key(public_key, address);
    sr_address_text(address, text);
}

static guint8 wallet_of(const TestSignIn *sign_in)
{
    return sign_in->wallet ? sign_in->wallet : 1;
}

static guint8 seed_of(const TestSignIn *sign_in)
{
    return sign_in->session_seed ? sign_in->session_seed : SESSION_SEED;
}

/* The ReCap of @attenuations, and the statement that goes with it. */
static char *recap_of(const char *attenuations, char **ret_statement)
{
    g_autoptr(SrJson) json = test_json(attenuations ? attenuations : TEST_NOTES);
    g_autoptr(GError) error = NULL;
    char *uri = sr_recap_encode(json, NULL, &error);
    g_autoptr(SrRecap) recap = NULL;

    g_assert_no_error(error);
    recap = sr_recap_decode(uri, strlen(uri), NULL);
    *ret_statement = sr_recap_statement(recap);
    return uri;
}

static const char *or_default(const char *text, const char *otherwise)
{
    if (!text)
        return otherwise;
    return *text ? text : NULL;
}

char *test_sign_in_message(const TestSignIn *sign_in)
{
    char address[SR_ADDRESS_TEXT_SIZE];
    g_autofree char *url = session_url(seed_of(sign_in));
    g_autofree char *statement = NULL;
    g_autofree char *recap = recap_of(sign_in->attenuations, &statement);
    const char *const resources[] = {recap, NULL};
    g_autoptr(GError) error = NULL;
    char *message;

    wallet_address(wallet_of(sign_in), address);
    const SrSiweFields fields = {
        .domain = "app.example.com",
        .address = address,
        .statement = statement,
        .uri = url,
        .chain_id = "1",
        .nonce = or_default(sign_in->nonce, "4kXh2bQ9Zp0aLr7c8"),
        .issued_at = "2026-06-21T12:00:00.000Z",
        .expiration_time = or_default(sign_in->expiration, "2026-06-22T12:00:00.000Z"),
        .not_before = or_default(sign_in->not_before, NULL),
        .resources = resources,
    };
    message = sr_siwe_build(&fields, &error);
    g_assert_no_error(error);
    return message;
}

void test_wallet_sign(guint8 wallet, const char *message, guint8 ret_signature[65])
{
    g_autoptr(SrSecret) key = secret_of(0, wallet);
    guint8 public_key[SR_SECP256K1_PUBLIC_SIZE];
    guint8 digest[32];

    wallet_public(wallet, public_key);
    sr_message_digest((const guint8 *)message, strlen(message), digest);
    g_assert_true(sr_secp256k1_sign(key, public_key, digest, ret_signature, NULL));
}

static GByteArray *cacao_of(const char *message, const guint8 signature[65])
{
    SrSiweProblem problem;
    SrSiwe siwe;

    g_assert_true(sr_siwe_parse(message, strlen(message), &siwe, &problem));
    return sr_cacao_encode(&siwe, signature);
}

char *test_cacao_header(guint8 wallet, const char *message, guint8 v_less)
{
    g_autoptr(GByteArray) bytes = NULL;
    guint8 signature[65];

    test_wallet_sign(wallet, message, signature);
    signature[64] = (guint8)(signature[64] - v_less);
    bytes = cacao_of(message, signature);
    return sr_base64url_encode_padded(bytes->data, bytes->len);
}

/* --- sessions ------------------------------------------------------------------------------- */

static SrSession *session_with_key(guint8 seed)
{
    SrSession *session = sr_session_new();
    g_autofree char *prefix = sr_session_id_prefix("extension", "https://app.example.com");

    session->id = g_strconcat(prefix, "0123456789abcdef", NULL);
    session->caller = g_strdup("extension");
    session->origin = g_strdup("https://app.example.com");
    session->did = session_url(seed);
    session->created = TEST_START * G_USEC_PER_SEC;
    session->private_key = secret_of(seed, seed);
    return session;
}

SrSession *test_session(const TestSignIn *sign_in)
{
    SrSession *session = session_with_key(seed_of(sign_in));
    g_autoptr(GByteArray) bytes = NULL;
    guint8 signature[65];
    char address[SR_ADDRESS_TEXT_SIZE];

    wallet_address(wallet_of(sign_in), address);
    session->kind = SR_SESSION_SIGNED_IN;
    session->key_id = g_strdup("main");
    session->siwe = test_sign_in_message(sign_in);
    test_wallet_sign(wallet_of(sign_in), session->siwe, signature);
    session->signature = sr_hex_encode(signature, sizeof signature, TRUE);
    bytes = cacao_of(session->siwe, signature);
    session->header = sr_base64url_encode_padded(bytes->data, bytes->len);
    session->cid = sr_cid_of(bytes->data, bytes->len);
    session->space_id = g_strdup_printf("tinycloud:pkh:eip155:1:%s:default", address);
    session->spaces = json_object_new_object();
    sr_json_add_string(session->spaces, "default", session->space_id);
    session->expires_at =
        g_strdup(or_default(sign_in->expiration, "2026-06-22T12:00:00.000Z") ?: "");
    return session;
}

/* --- UCANs ---------------------------------------------------------------------------------- */

static SrJson *ucan_payload(const char *replace)
{
    g_autofree char *issuer = session_url(SESSION_SEED);
    g_autofree char *audience = test_session_did(FRIEND_SEED);
    g_autofree char *text = g_strdup_printf(
        "{\"att\":" TEST_NOTES ",\"aud\":\"%s\",\"exp\":%" G_GINT64_FORMAT ",\"iss\":\"%s\","
        "\"nnc\":\"urn:uuid:1\",\"prf\":["
        "\"bafkr4ifpcne3t5pzugtkaqcn5i3nzskjtpfslsnnyejlpte2spfoihzsmi\"]}",
        audience, TEST_END, issuer);
    SrJson *payload = test_json(text);
    g_autoptr(SrJson) changes = test_json(replace ? replace : "{}");

    json_object_object_foreach (changes, name, value) {
        if (value)
            sr_json_add(payload, name, json_object_get(value));
        else
            json_object_object_del(payload, name);
    }
    return payload;
}

char *test_jwt(const char *header, const char *payload)
{
    g_autoptr(SrSigner) signer = test_session_signer(SESSION_SEED);
    g_autofree char *head = sr_base64url_encode((const guint8 *)header, strlen(header));
    g_autofree char *body = sr_base64url_encode((const guint8 *)payload, strlen(payload));
    g_autofree char *input = g_strconcat(head, ".", body, NULL);
    g_autofree char *tail = NULL;
    guint8 signature[SR_SIGNATURE_SIZE];

    g_assert_true(sr_signer_sign(signer, (const guint8 *)input, strlen(input), signature, NULL));
    tail = sr_base64url_encode(signature, sizeof signature);
    return g_strconcat(input, ".", tail, NULL);
}

char *test_ucan(const char *replace)
{
    g_autoptr(SrJson) payload = ucan_payload(replace);
    g_autoptr(SrSigner) signer = test_session_signer(SESSION_SEED);
    g_autofree char *x =
        sr_base64url_encode(sr_signer_public(signer, NULL), SR_ED25519_PUBLIC_SIZE);
    g_autofree char *header =
        g_strdup_printf("{\"alg\":\"EdDSA\",\"jwk\":{\"alg\":\"EdDSA\",\"crv\":\"Ed25519\","
                        "\"kty\":\"OKP\",\"x\":\"%s\"},\"typ\":\"JWT\",\"ucv\":\"0.10.0\"}",
                        x);
    g_autofree char *text = sr_json_text(payload);

    return test_jwt(header, text);
}

SrSession *test_delegated_session(void)
{
    SrSession *session = session_with_key(FRIEND_SEED);
    g_autoptr(SrDelegation) delegation = NULL;

    session->kind = SR_SESSION_DELEGATED;
    session->header = test_ucan(NULL);
    delegation = sr_delegation_read(session->header, NULL);
    g_assert_nonnull(delegation);
    session->cid = g_strdup(delegation->cid);
    session->space_id = g_strdup(TEST_SPACE);
    session->expires_at = g_strdup("2026-06-22T12:00:00.000Z");
    session->portable = sr_portable_write(delegation, session->header, TEST_SPACE, NULL, FALSE);
    return session;
}
