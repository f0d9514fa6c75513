/*
 * How fast one core signs an invocation (beside the bare signature of the same bytes), encodes a
 * sign-in, and restores a session with all that the SDK asks for by itself: reading its record and
 * judging it. One line a figure: name, value, unit.
 */
#include "base/encoding.h"
#include "support/session_maker.h"
#include "tinycloud/cacao.h"
#include "tinycloud/cid.h"
#include "tinycloud/session_check.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS 5
#define NOW (TEST_START * G_USEC_PER_SEC)
#define ACCOUNT "tinycloud:pkh:eip155:1:" TEST_WALLET ":account"
#define SECRETS "tinycloud:pkh:eip155:1:" TEST_WALLET ":secrets"
#define NETWORK "urn:tinycloud:encryption:did:pkh:eip155:1:" TEST_WALLET ":default"

/* Abilities of a resource, as JSON. */
#define KV                                                                                         \
    "{\"tinycloud.kv/del\":[{}],\"tinycloud.kv/get\":[{}],\"tinycloud.kv/list\":[{}],"             \
    "\"tinycloud.kv/metadata\":[{}],\"tinycloud.kv/put\":[{}]}"
#define SQL                                                                                        \
    "{\"tinycloud.sql/admin\":[{}],\"tinycloud.sql/read\":[{}],\"tinycloud.sql/schema\":[{}],"     \
    "\"tinycloud.sql/write\":[{}]}"
#define DUCKDB                                                                                     \
    "{\"tinycloud.duckdb/admin\":[{}],\"tinycloud.duckdb/export\":[{}],"                           \
    "\"tinycloud.duckdb/import\":[{}],\"tinycloud.duckdb/read\":[{}],"                             \
    "\"tinycloud.duckdb/write\":[{}]}"
#define HOOKS                                                                                      \
    "{\"tinycloud.hooks/list\":[{}],\"tinycloud.hooks/register\":[{}],"                            \
    "\"tinycloud.hooks/subscribe\":[{}],\"tinycloud.hooks/unregister\":[{}]}"
#define DELEGATION                                                                                 \
    "{\"tinycloud.delegation/list\":[{}],\"tinycloud.delegation/revoke\":[{}],"                    \
    "\"tinycloud.delegation/status\":[{}]}"
#define READ "{\"tinycloud.capabilities/read\":[{}]}"
#define DECRYPT                                                                                    \
    "{\"tinycloud.encryption/decrypt\":[{}],\"tinycloud.encryption/network.create\":[{}]}"

static const char attenuations[] =
    "{\"" ACCOUNT "/capabilities\":" READ ",\"" ACCOUNT "/delegation\":" DELEGATION ",\"" ACCOUNT
    "/kv/applications/\":" KV ",\"" ACCOUNT "/kv/spaces/\":" KV ",\"" ACCOUNT
    "/kv/system/bootstrap/complete\":" KV ",\"" ACCOUNT "/sql/account\":" SQL ",\"" TEST_SPACE
    "/capabilities\":" READ ",\"" TEST_SPACE "/duckdb\":" DUCKDB ",\"" TEST_SPACE "/hooks\":" HOOKS
    ",\"" TEST_SPACE "/kv\":" KV ",\"" TEST_SPACE "/sql\":" SQL ",\"" SECRETS
    "/kv/vault/secrets/\":" KV ",\"" NETWORK "\":" DECRYPT "}";

typedef struct {
    SrSession *session;
    SrSecret *line;
    SrSiwe siwe;
    guint8 signature[SR_CACAO_SIGNATURE_SIZE];
    SrUcan *invocation;
    SrSigner *signer;
    EVP_PKEY *key;
    EVP_MD_CTX *context;
    char *input; /* of an invocation's signature */
} Bench;

/* --- what is measured ----------------------------------------------------------------------- */

static void work_ucan(const Bench *bench)
{
    g_autofree char *text = sr_ucan_sign(bench->invocation, bench->signer, NULL);

    if (!text)
        g_error("the invocation was not signed");
}

static void work_signature(const Bench *bench)
{
    guint8 signature[SR_SIGNATURE_SIZE];
    size_t size = sizeof signature;

    if (EVP_DigestSignInit(bench->context, NULL, NULL, NULL, bench->key) != 1 ||
        EVP_DigestSign(bench->context, signature, &size, (const guint8 *)bench->input,
                       strlen(bench->input)) != 1)
        g_error("OpenSSL did not sign");
}

static void work_cacao(const Bench *bench)
{
    g_autoptr(GByteArray) bytes = sr_cacao_encode(&bench->siwe, bench->signature);
    g_autofree char *header = sr_base64url_encode_padded(bytes->data, bytes->len);
    g_autofree char *cid = sr_cid_of(bytes->data, bytes->len);

    if (strcmp(cid, bench->session->cid) != 0 || strcmp(header, bench->session->header) != 0)
        g_error("%s is another CID", cid);
}

static void check(const SrSession *session)
{
    const char *problem;

    if (sr_session_check(session, NOW, NULL, &problem) != SR_SESSION_GOOD)
        g_error("%s", problem);
}

static void work_check(const Bench *bench)
{
    check(bench->session);
}

static void work_restore(const Bench *bench)
{
    g_autoptr(SrSession) session = sr_session_read(bench->session->id, bench->line, NULL);

    check(session);
}

/* --- what it is measured with --------------------------------------------------------------- */

static SrUcan *invocation_new(const SrSession *session)
{
    SrUcan *ucan = sr_ucan_new();

    ucan->issuer = g_strdup(session->did);
    ucan->audience = test_session_did(0x22);
    ucan->expires = TEST_START + 60;
    ucan->nonce = g_strdup("urn:uuid:f81d4fae-7dec-41d0-a765-00a0c91e6bf6");
    ucan->attenuations = test_json("{\"" TEST_SPACE "/kv/notes/one\":{\"tinycloud.kv/get\":[{}]}}");
    g_ptr_array_add(ucan->proofs, g_strdup(session->cid));
    return ucan;
}

static void bench_open(Bench *bench)
{
    guint8 seed[32];
    SrSiweProblem problem;

    memset(seed, 0x22, sizeof seed);
    bench->session = test_session(&(TestSignIn){.attenuations = attenuations});
    bench->line = sr_session_write(bench->session, NULL);
    if (!sr_siwe_parse(bench->session->siwe, strlen(bench->session->siwe), &bench->siwe, &problem))
        g_error("%s: %s", problem.field, problem.rule);
    test_wallet_sign(1, bench->session->siwe, bench->signature);
    bench->invocation = invocation_new(bench->session);
    bench->signer = test_session_signer(0x22);
    bench->key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
    bench->context = EVP_MD_CTX_new();
    bench->input = sr_ucan_sign(bench->invocation, bench->signer, NULL);
    *strrchr(bench->input, '.') = '\0';
}

static void bench_close(Bench *bench)
{
    sr_session_free(bench->session);
    sr_secret_free(bench->line);
    sr_ucan_free(bench->invocation);
    sr_signer_free(bench->signer);
    EVP_PKEY_free(bench->key);
    EVP_MD_CTX_free(bench->context);
    g_free(bench->input);
}

/* Calls a second: the best of some rounds of @calls calls. */
static double measure(const Bench *bench, void (*work)(const Bench *bench), guint calls)
{
    double best = 0;

    for (guint round = 0; round < ROUNDS; round++) {
        const gint64 start = g_get_monotonic_time();

        for (guint i = 0; i < calls; i++)
            work(bench);
        best = MAX(best, calls * 1e6 / (double)(g_get_monotonic_time() - start));
    }
    return best;
}

int main(void)
{
    Bench bench;

    bench_open(&bench);
    printf("session-record-size %zu bytes\n",
           strlen(bench.session->siwe) + strlen(bench.session->header));
    printf("session-ucan-sign %.0f per second\n", measure(&bench, work_ucan, 2000));
    printf("session-ed25519 %.0f per second\n", measure(&bench, work_signature, 2000));
    printf("session-cacao-cid %.0f per second\n", measure(&bench, work_cacao, 2000));
    printf("session-check %.0f per second\n", measure(&bench, work_check, 500));
    printf("session-restore %.0f per second\n", measure(&bench, work_restore, 500));
    bench_close(&bench);
    return 0;
}
