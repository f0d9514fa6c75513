/*
 * How many signatures applications get from PKCS#11 modules in a second (C_SignInit and C_Sign, one
 * thread), in turns with what the libraries alone make.
 *
 *   bench_pkcs11_sign [NAME MODULE PIN]…     PIN "-": none
 *
 * The modules have keys "bench-CURVE-00000". One line a figure: raw-CURVE or NAME-CURVE, value,
 * unit; the value is the median of the rounds.
 */
#include "support/application.h"

#include <glib.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <secp256k1.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS 15u
#define ROUND_US 50000
#define CURVES 3u
#define FIGURES_MAX (3u * CURVES)
#define DIGEST_SIZE 32u

static const char *const curves[CURVES] = {"secp256k1", "p256", "ed25519"};

typedef struct {
    secp256k1_context *secp256k1;
    EVP_PKEY_CTX *ecdsa;
    EVP_MD_CTX *eddsa;
} Raw;

typedef struct {
    char *name;
    gsize curve;
    Raw *raw; /* NULL: the module's key */
    SrTestKey key;
    double rates[ROUNDS];
} Figure;

static void sign_raw(Raw *raw, gsize curve, guint8 digest[DIGEST_SIZE])
{
    static const guint8 private_key[32] = {1};
    secp256k1_ecdsa_signature secp256k1_signature;
    guint8 signature[80];
    size_t size = sizeof signature;
    gboolean done = FALSE;

    if (curve == 0)
        done = secp256k1_ecdsa_sign(raw->secp256k1, &secp256k1_signature, digest, private_key, NULL,
                                    NULL) &&
               secp256k1_ecdsa_signature_serialize_compact(raw->secp256k1, signature,
                                                           &secp256k1_signature);
    else if (curve == 1)
        done = EVP_PKEY_sign(raw->ecdsa, signature, &size, digest, DIGEST_SIZE) == 1;
    else
        done = EVP_DigestSign(raw->eddsa, signature, &size, digest, DIGEST_SIZE) == 1;
    if (!done)
        g_error("no raw %s signature", curves[curve]);
}

static void sign(Figure *figure, guint8 digest[DIGEST_SIZE])
{
    guint8 signature[64];

    if (figure->raw)
        sign_raw(figure->raw, figure->curve, digest);
    else
        sr_test_key_sign(&figure->key, digest, signature);
}

/* Signatures a second in one round; each is of another digest. */
static double measure(Figure *figure)
{
    const gint64 start = g_get_monotonic_time();
    gint64 now = start;
    guint32 count = 0;

    while (now - start < ROUND_US) {
        for (guint i = 0; i < 20; i++, count++) {
            guint8 digest[DIGEST_SIZE] = {1};

            memcpy(digest + 4, &count, sizeof count);
            sign(figure, digest);
        }
        now = g_get_monotonic_time();
    }
    return (double)count * G_USEC_PER_SEC / (double)(now - start);
}

static int compare_rates(const void *a, const void *b)
{
    const double left = *(const double *)a;
    const double right = *(const double *)b;

    return (left > right) - (left < right);
}

static void prepare_raw(Raw *raw)
{
    EVP_PKEY *p256 = EVP_EC_gen("P-256");
    EVP_PKEY *ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

    raw->secp256k1 = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    raw->ecdsa = EVP_PKEY_CTX_new(p256, NULL);
    raw->eddsa = EVP_MD_CTX_new();
    if (EVP_PKEY_sign_init(raw->ecdsa) != 1 ||
        EVP_DigestSignInit(raw->eddsa, NULL, NULL, NULL, ed25519) != 1)
        g_error("OpenSSL has no keys");
}

int main(int argc, char **argv)
{
    SrTestModule modules[2];
    Figure figures[FIGURES_MAX] = {0};
    gsize count = 0;
    Raw raw;

    prepare_raw(&raw);
    for (gsize curve = 0; curve < CURVES; curve++, count++)
        figures[count] =
            (Figure){.name = g_strdup_printf("raw-%s", curves[curve]), .curve = curve, .raw = &raw};
    for (int i = 1; i + 2 < argc && count < FIGURES_MAX; i += 3) {
        SrTestModule *module = &modules[count / CURVES - 1];

        sr_test_module_load(module, argv[i + 1], strcmp(argv[i + 2], "-") ? argv[i + 2] : NULL);
        for (gsize curve = 0; curve < CURVES; curve++, count++) {
            g_autofree char *label = g_strdup_printf("bench-%s-00000", curves[curve]);

            figures[count] =
                (Figure){.name = g_strdup_printf("%s-%s", argv[i], curves[curve]), .curve = curve};
            sr_test_key_find(module, label, &figures[count].key);
        }
    }
    /* In turns, so that a busy moment of the machine does not hit one figure alone. */
    for (guint round = 0; round < ROUNDS; round++)
        for (gsize i = 0; i < count; i++)
            figures[i].rates[round] = measure(&figures[i]);
    for (gsize i = 0; i < count; i++) {
        qsort(figures[i].rates, ROUNDS, sizeof *figures[i].rates, compare_rates);
        printf("%s %.0f per second\n", figures[i].name, figures[i].rates[ROUNDS / 2]);
    }
    fflush(stdout);
    /* SoftHSM's destructors and OpenSSL's do not agree on an order. */
    _exit(0);
}
