/*
 * How many personal_sign signatures of a 400-byte message one process makes in a second. The limit
 * is what the libraries alone allow: keccak, libsecp256k1's sign, libsecp256k1's verify. One line a
 * figure: name, value, unit.
 */
#include "crypto/digest.h"
#include "crypto/keccak.h"
#include "crypto/secp256k1.h"
#include "ethereum/message.h"

#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS 20
#define CALLS 500u
#define MESSAGE_SIZE 400u

typedef struct {
    secp256k1_context *context;
    secp256k1_pubkey point;
    SrSecret *private_key;
    guint8 public_key[SR_SECP256K1_PUBLIC_SIZE];
    guint8 message[MESSAGE_SIZE];
} Bench;

static void library_sign(const Bench *bench, const guint8 digest[32],
                         secp256k1_ecdsa_recoverable_signature *signature)
{
    if (!secp256k1_ecdsa_sign_recoverable(bench->context, signature, digest,
                                          sr_secret_peek(bench->private_key), NULL, NULL))
        g_error("libsecp256k1 did not sign");
}

static void work_sign_alone(const Bench *bench)
{
    secp256k1_ecdsa_recoverable_signature signature;

    library_sign(bench, bench->message, &signature);
}

static void work_limit(const Bench *bench)
{
    secp256k1_ecdsa_recoverable_signature recoverable;
    secp256k1_ecdsa_signature signature;
    guint8 digest[32];

    sr_message_digest(bench->message, MESSAGE_SIZE, digest);
    library_sign(bench, digest, &recoverable);
    secp256k1_ecdsa_recoverable_signature_convert(bench->context, &signature, &recoverable);
    if (!secp256k1_ecdsa_verify(bench->context, &signature, digest, &bench->point))
        g_error("libsecp256k1 did not verify");
}

static void work_personal_sign(const Bench *bench)
{
    guint8 digest[32];
    guint8 signature[SR_SECP256K1_SIGNATURE_SIZE];

    sr_message_digest(bench->message, MESSAGE_SIZE, digest);
    if (!sr_secp256k1_sign(bench->private_key, bench->public_key, digest, signature, NULL))
        g_error("no signature");
}

typedef struct {
    const char *name;
    void (*work)(const Bench *bench);
    double best; /* calls a second */
} Figure;

/* Calls of @figure a second in one round; each call signs another message. */
static void measure(Bench *bench, Figure *figure)
{
    const gint64 start = g_get_monotonic_time();

    for (guint i = 0; i < CALLS; i++) {
        bench->message[0] = (guint8)i;
        bench->message[1] = (guint8)(i >> 8);
        figure->work(bench);
    }
    figure->best = MAX(figure->best, CALLS * 1e6 / (double)(g_get_monotonic_time() - start));
}

int main(void)
{
    Figure figures[] = {
        {"sign-alone", work_sign_alone, 0},
        {"sign-limit", work_limit, 0},
        {"sign-personal", work_personal_sign, 0},
    };
    Bench bench = {.context = secp256k1_context_create(SECP256K1_CONTEXT_NONE),
                   .private_key = sr_secp256k1_generate(NULL)};

    if (!bench.private_key || !sr_secp256k1_public_key(bench.private_key, bench.public_key, NULL) ||
        !secp256k1_ec_pubkey_parse(bench.context, &bench.point, bench.public_key,
                                   sizeof bench.public_key))
        g_error("no key");
    /* In turns, so that a busy moment of the machine does not hit one figure alone. */
    for (guint round = 0; round < ROUNDS; round++)
        for (gsize i = 0; i < G_N_ELEMENTS(figures); i++)
            measure(&bench, &figures[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(figures); i++)
        printf("%s %.0f per second\n", figures[i].name, figures[i].best);
    sr_secret_free(bench.private_key);
    secp256k1_context_destroy(bench.context);
    return 0;
}
