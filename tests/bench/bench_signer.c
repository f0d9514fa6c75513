/*
 * How many raw signatures a prepared signer makes and verifies in a second, beside what the library
 * alone does with a context that is prepared as well: libsecp256k1 with its RFC 6979 nonces,
 * OpenSSL's EVP for the other two. One line a figure: name, value, unit.
 */
#include "crypto/signer.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <secp256k1.h>
#include <stdio.h>

#define ROUNDS 20
#define CALLS 500u
#define DIGEST_SIZE 32u

typedef struct {
    SrSigner *signers[3];
    secp256k1_context *context;
    guint8 private_key[32];
    EVP_PKEY *p256;
    EVP_PKEY_CTX *ecdsa;
    EVP_PKEY *ed25519;
    EVP_MD_CTX *eddsa;
    guint8 digest[DIGEST_SIZE];
} Bench;

static void raw_secp256k1(Bench *bench)
{
    secp256k1_ecdsa_signature signature;
    guint8 compact[64];

    if (!secp256k1_ecdsa_sign(bench->context, &signature, bench->digest, bench->private_key, NULL,
                              NULL))
        g_error("libsecp256k1 did not sign");
    secp256k1_ecdsa_signature_serialize_compact(bench->context, compact, &signature);
}

static void raw_p256(Bench *bench)
{
    guint8 der[80];
    size_t size = sizeof der;

    if (EVP_PKEY_sign(bench->ecdsa, der, &size, bench->digest, DIGEST_SIZE) != 1)
        g_error("OpenSSL did not sign");
}

static void raw_ed25519(Bench *bench)
{
    guint8 signature[64];
    size_t size = sizeof signature;

    if (EVP_DigestSign(bench->eddsa, signature, &size, bench->digest, DIGEST_SIZE) != 1)
        g_error("OpenSSL did not sign");
}

static void sign(Bench *bench, SrKeyType type)
{
    guint8 signature[SR_SIGNATURE_SIZE];

    if (!sr_signer_sign(bench->signers[type], bench->digest, DIGEST_SIZE, signature, NULL))
        g_error("no signature");
}

static void signer_secp256k1(Bench *bench)
{
    sign(bench, SR_KEY_SECP256K1);
}

static void signer_p256(Bench *bench)
{
    sign(bench, SR_KEY_P256);
}

static void signer_ed25519(Bench *bench)
{
    sign(bench, SR_KEY_ED25519);
}

typedef struct {
    const char *name;
    void (*work)(Bench *bench);
    double best; /* calls a second */
} Figure;

/* Calls of @figure a second in one round; each call signs another digest. */
static void measure(Bench *bench, Figure *figure)
{
    const gint64 start = g_get_monotonic_time();

    for (guint i = 0; i < CALLS; i++) {
        bench->digest[0] = (guint8)i;
        bench->digest[1] = (guint8)(i >> 8);
        figure->work(bench);
    }
    figure->best = MAX(figure->best, CALLS * 1e6 / (double)(g_get_monotonic_time() - start));
}

static void prepare(Bench *bench)
{
    for (gsize type = 0; type < G_N_ELEMENTS(bench->signers); type++) {
        g_autoptr(SrKey) key = sr_key_generate((SrKeyType)type, NULL);

        bench->signers[type] = sr_signer_new(key, NULL);
        if (!bench->signers[type])
            g_error("no signer");
    }
    bench->context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    bench->private_key[0] = 1;
    bench->p256 = EVP_EC_gen("P-256");
    bench->ecdsa = EVP_PKEY_CTX_new(bench->p256, NULL);
    bench->ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    bench->eddsa = EVP_MD_CTX_new();
    if (EVP_PKEY_sign_init(bench->ecdsa) != 1 ||
        EVP_DigestSignInit(bench->eddsa, NULL, NULL, NULL, bench->ed25519) != 1)
        g_error("OpenSSL has no keys");
}

static void clear(Bench *bench)
{
    for (gsize type = 0; type < G_N_ELEMENTS(bench->signers); type++)
        sr_signer_free(bench->signers[type]);
    secp256k1_context_destroy(bench->context);
    EVP_PKEY_CTX_free(bench->ecdsa);
    EVP_MD_CTX_free(bench->eddsa);
    EVP_PKEY_free(bench->p256);
    EVP_PKEY_free(bench->ed25519);
}

int main(void)
{
    Figure figures[] = {
        {"raw-secp256k1", raw_secp256k1, 0}, {"signer-secp256k1", signer_secp256k1, 0},
        {"raw-p256", raw_p256, 0},           {"signer-p256", signer_p256, 0},
        {"raw-ed25519", raw_ed25519, 0},     {"signer-ed25519", signer_ed25519, 0},
    };
    Bench bench = {0};

    prepare(&bench);
    /* In turns, so that a busy moment of the machine does not hit one figure alone. */
    for (guint round = 0; round < ROUNDS; round++)
        for (gsize i = 0; i < G_N_ELEMENTS(figures); i++)
            measure(&bench, &figures[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(figures); i++)
        printf("%s %.0f per second\n", figures[i].name, figures[i].best);
    clear(&bench);
    return 0;
}
