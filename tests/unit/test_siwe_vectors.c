/* Third-party sign-in messages: 14 000 generated ones with verdict and signature, and the
 * libraries' own. */
#include "base/encoding.h"
#include "base/secret.h"
#include "crypto/secp256k1.h"
#include "ethereum/address.h"
#include "ethereum/message.h"
#include "ethereum/siwe.h"
#include "support/assert_bytes.h"
#include "support/siwe_fields.h"
#include "support/vector_file.h"
#include "support/vector_lines.h"

#include <string.h>

/*
 * Each line has a message and the verdict of the EIP's text. Its `ambig` names the forms that
 * implementations read differently; for those our own policy decides.
 */
#define GENERATED "siwe/gen-dev-20260101.jsonl"

typedef struct {
    guint accepted;
    guint refused;
    guint by_policy; /* conforming by the letter, refused by policy */
} Tally;

static gboolean has_tag(SrJson *line, const char *tag)
{
    SrJson *tags = sr_test_member_optional(sr_test_member_optional(line, "verdict"), "ambig");

    for (gsize i = 0; i < json_object_array_length(tags); i++)
        if (strcmp(json_object_get_string(json_object_array_get_idx(tags, i)), tag) == 0)
            return TRUE;
    return FALSE;
}

/* The message's bytes: text, or hexadecimal when they are not UTF-8. */
static GByteArray *message_bytes(SrJson *line)
{
    SrJson *text = sr_test_member_optional(line, "msg");
    GByteArray *bytes;

    if (!text) {
        const char *hex = sr_test_string(line, "msgHex");

        bytes = sr_hex_decode(hex, strlen(hex));
        g_assert_nonnull(bytes);
        return bytes;
    }
    bytes = g_byte_array_new();
    g_byte_array_append(bytes, (const guint8 *)json_object_get_string(text),
                        (guint)json_object_get_string_len(text));
    return bytes;
}

/* Each tag of the generator has its bit; the one for chain ids is ours: zero in front, 0, > 2^63-1.
 */
static void assert_oddities(const SrSiwe *siwe, SrJson *line)
{
    static const struct {
        const char *tag;
        guint bit;
    } tags[] = {
        {"single-case-address", SR_SIWE_SINGLE_CASE_ADDRESS},
        {"empty-statement", SR_SIWE_EMPTY_STATEMENT},
        {"empty-request-id", SR_SIWE_EMPTY_REQUEST_ID},
        {"empty-resources", SR_SIWE_EMPTY_RESOURCES},
        {"lowercase-tz", SR_SIWE_LOWER_CASE_TIME},
        {"leap-second", SR_SIWE_LEAP_SECOND},
        {"empty-port", SR_SIWE_EMPTY_PORT},
        {"port>65535", SR_SIWE_BIG_PORT},
        {"empty-host", SR_SIWE_EMPTY_HOST},
    };
    gboolean odd_chain = siwe->chain_id.data[0] == '0' || siwe->chain_id.length > 19;

    for (gsize i = 0; i < G_N_ELEMENTS(tags); i++)
        g_assert_cmpint((siwe->oddities & tags[i].bit) != 0, ==, has_tag(line, tags[i].tag));
    if (siwe->chain_id.length == 19) {
        g_autofree char *text = g_strndup(siwe->chain_id.data, 19);

        odd_chain |= strcmp(text, "9223372036854775807") > 0;
    }
    g_assert_cmpint((siwe->oddities & SR_SIWE_CHAIN_ID_ODD) != 0, ==, odd_chain);
}

static void check_generated(SrJson *line, gpointer data)
{
    Tally *tally = data;
    g_autoptr(GByteArray) bytes = message_bytes(line);
    SrJson *verdict = sr_test_member_optional(line, "verdict");
    const gboolean valid = json_object_get_boolean(sr_test_member_optional(verdict, "valid"));
    const gboolean wanted = valid && !has_tag(line, "0X-prefix");
    SrSiweProblem problem = {0};
    SrSiwe siwe;
    const gboolean ok = sr_siwe_parse((const char *)bytes->data, bytes->len, &siwe, &problem);

    if (ok != wanted)
        g_error("line %s: %s at %s %" G_GSIZE_FORMAT ": %s",
                json_object_get_string(sr_test_member_optional(line, "id")),
                ok ? "accepted" : "refused", problem.field, problem.offset, problem.rule);
    if (ok) {
        tally->accepted++;
        sr_test_assert_siwe_fields(&siwe, sr_test_member(line, "fields"));
        assert_oddities(&siwe, line);
        return;
    }
    tally->refused++;
    if (valid)
        tally->by_policy++;
    g_assert_nonnull(problem.field);
    g_assert_nonnull(problem.rule);
    g_assert_cmpuint(problem.offset, <=, bytes->len);
}

static void test_generated(void)
{
    Tally tally = {0};
    const guint lines = sr_test_vector_lines(GENERATED, check_generated, &tally);

    if (!lines)
        return;
    g_assert_cmpuint(lines, ==, 14000);
    g_test_message("%u accepted, %u refused, %u of them by policy", tally.accepted, tally.refused,
                   tally.by_policy);
    g_assert_cmpuint(tally.accepted, >, 7000);
    g_assert_cmpuint(tally.by_policy, >, 200);
}

/* A key of the generator and what belongs to it. There are few, and locking memory takes time. */
typedef struct {
    SrSecret *private_key;
    guint8 public_key[65];
    char address[SR_ADDRESS_TEXT_SIZE];
} Signer;

static void signer_free(gpointer data)
{
    Signer *signer = data;

    sr_secret_free(signer->private_key);
    g_free(signer);
}

static Signer *signer_for(GHashTable *signers, const char *key)
{
    Signer *signer = g_hash_table_lookup(signers, key);
    guint8 bytes[32], address[SR_ADDRESS_SIZE];

    if (signer)
        return signer;
    signer = g_new0(Signer, 1);
    g_assert_true(sr_hex_decode_fixed(key, strlen(key), bytes, sizeof bytes));
    signer->private_key = sr_secret_new_copy(bytes, sizeof bytes, NULL);
    g_assert_true(sr_secp256k1_public_key(signer->private_key, signer->public_key, NULL));
    sr_address_from_public_key(signer->public_key, address);
    sr_address_text(address, signer->address);
    g_hash_table_insert(signers, g_strdup(key), signer);
    return signer;
}

static void check_signature(SrJson *line, gpointer data)
{
    const Signer *signer = signer_for(data, sr_test_string(line, "key"));
    g_autoptr(GByteArray) bytes = message_bytes(line);
    g_autoptr(GByteArray) expected = sr_test_hex(line, "sig");
    guint8 digest[32], signature[65];

    g_assert_cmpstr(signer->address, ==, sr_test_string(line, "addr"));
    sr_message_digest(bytes->data, bytes->len, digest);
    g_assert_true(
        sr_secp256k1_sign(signer->private_key, signer->public_key, digest, signature, NULL));
    sr_assert_bytes(signature, sizeof signature, expected->data, expected->len);
}

static void test_signatures(void)
{
    g_autoptr(GHashTable) signers =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, signer_free);

    sr_test_vector_lines(GENERATED, check_signature, signers);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/siwe-vectors/every-generated-message-has-the-verdict-of-the-eip",
                    test_generated);
    g_test_add_func("/siwe-vectors/every-generated-message-has-the-signature-of-the-others",
                    test_signatures);
    return g_test_run();
}
