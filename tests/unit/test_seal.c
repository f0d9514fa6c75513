/* Keys sealed under a passphrase of their own. */
#include "crypto/seal.h"

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/digest.h"

#include <string.h>

static const SrScryptCost cheap = {16, 1, 1};

static SrSecret *passphrase_of(const char *text)
{
    return sr_secret_new_copy(text, strlen(text), NULL);
}

static void test_round_trip(void)
{
    g_autoptr(SrSecret) passphrase = passphrase_of("correct horse");

    for (guint type = SR_KEY_SECP256K1; type <= SR_KEY_ED25519; type++) {
        g_autoptr(SrKey) key = sr_key_generate((SrKeyType)type, NULL);
        g_autofree char *sealed = sr_seal_key(key, passphrase, cheap, NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(SrKey) opened =
            sr_unseal_key((SrKeyType)type, sr_key_public(key, NULL), sealed, passphrase, &error);

        g_assert_no_error(error);
        g_assert_true(g_str_has_prefix(sealed, "scrypt:16:1:1:"));
        g_assert_null(strpbrk(sealed, " \n"));
        g_assert_true(sr_secret_equal(sr_key_private(key), sr_key_private(opened)));
    }
}

static void test_default_cost(void)
{
    g_autoptr(SrSecret) passphrase = passphrase_of("correct horse");
    g_autoptr(SrKey) key = sr_key_generate(SR_KEY_ED25519, NULL);
    g_autofree char *sealed = sr_seal_key(key, passphrase, SR_SCRYPT_DEFAULT, NULL);

    g_assert_true(g_str_has_prefix(sealed, "scrypt:131072:8:1:"));
}

/* The same key and passphrase give another text each time, without the private bytes in it. */
static void test_fresh(void)
{
    g_autoptr(SrSecret) passphrase = passphrase_of("correct horse");
    g_autoptr(SrKey) key = sr_key_generate(SR_KEY_SECP256K1, NULL);
    g_autofree char *a = sr_seal_key(key, passphrase, cheap, NULL);
    g_autofree char *b = sr_seal_key(key, passphrase, cheap, NULL);

    g_assert_cmpstr(a, !=, b);
    g_assert_cmpint(strncmp(a, b, strlen("scrypt:16:1:1:") + 8), !=, 0);
}

static void assert_unseal_fails(const SrKey *key, SrKeyType type, const char *sealed,
                                const char *passphrase_text, SrErrorCode code)
{
    g_autoptr(SrSecret) passphrase = passphrase_of(passphrase_text);
    g_autoptr(GError) error = NULL;

    g_assert_null(sr_unseal_key(type, sr_key_public(key, NULL), sealed, passphrase, &error));
    g_assert_error(error, SR_ERROR, (gint)code);
}

static void test_binding(void)
{
    g_autoptr(SrSecret) passphrase = passphrase_of("right");
    g_autoptr(SrKey) key = sr_key_generate(SR_KEY_SECP256K1, NULL);
    g_autoptr(SrKey) other = sr_key_generate(SR_KEY_SECP256K1, NULL);
    g_autofree char *sealed = sr_seal_key(key, passphrase, cheap, NULL);

    assert_unseal_fails(key, SR_KEY_SECP256K1, sealed, "wrong", SR_ERROR_WRONG_PASSPHRASE);
    assert_unseal_fails(key, SR_KEY_SECP256K1, sealed, "", SR_ERROR_WRONG_PASSPHRASE);
    assert_unseal_fails(other, SR_KEY_SECP256K1, sealed, "right", SR_ERROR_WRONG_PASSPHRASE);
    assert_unseal_fails(key, SR_KEY_P256, sealed, "right", SR_ERROR_WRONG_PASSPHRASE);
}

static void test_empty_passphrase(void)
{
    g_autoptr(SrSecret) passphrase = passphrase_of("");
    g_autoptr(SrKey) key = sr_key_generate(SR_KEY_SECP256K1, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_null(sr_seal_key(key, passphrase, cheap, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_INVALID_PARAMS);
}

static void test_malformed(void)
{
    g_autoptr(SrSecret) passphrase = passphrase_of("right");
    g_autoptr(SrKey) key = sr_key_generate(SR_KEY_SECP256K1, NULL);
    g_autofree char *sealed = sr_seal_key(key, passphrase, cheap, NULL);
    const char *body = sealed + strlen("scrypt:16:1:1:");
    g_autofree char *long_text = g_strnfill(100000, ':');
    static const char *const heads[] = {
        "",
        "scrypt:",
        "scrypt:16:1:",
        "argon2:16:1:1:",
        "SCRYPT:16:1:1:",
        "scrypt:16:1:1:1:",
        "scrypt:+16:1:1:",
        "scrypt:-16:1:1:",
        "scrypt: 16:1:1:",
        "scrypt:016:1:1:",
        "scrypt:0x10:1:1:",
        "scrypt:16.0:1:1:",
        "scrypt::1:1:",
        "scrypt:16:1:4294967297:",
        "scrypt:18446744073709551632:1:1:",
        "scrypt:16:1:1: ",
        " scrypt:16:1:1:",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(heads); i++) {
        g_autofree char *text = g_strconcat(heads[i], body, NULL);

        assert_unseal_fails(key, SR_KEY_SECP256K1, text, "right", SR_ERROR_CORRUPT);
    }
    assert_unseal_fails(key, SR_KEY_SECP256K1, long_text, "right", SR_ERROR_CORRUPT);
    for (gsize cut = 1; cut < strlen(sealed); cut++) {
        g_autofree char *text = g_strndup(sealed, strlen(sealed) - cut);

        assert_unseal_fails(key, SR_KEY_SECP256K1, text, "right", SR_ERROR_CORRUPT);
    }
}

static void test_absurd_costs(void)
{
    static const char *const costs[] = {"3:1:1", "1:1:1", "2097152:8:1", "1024:33:1", "1024:8:17"};
    g_autoptr(SrSecret) passphrase = passphrase_of("right");
    g_autoptr(SrKey) key = sr_key_generate(SR_KEY_SECP256K1, NULL);
    g_autofree char *sealed = sr_seal_key(key, passphrase, cheap, NULL);
    const char *body = sealed + strlen("scrypt:16:1:1");

    for (gsize i = 0; i < G_N_ELEMENTS(costs); i++) {
        g_autofree char *text = g_strconcat("scrypt:", costs[i], body, NULL);

        assert_unseal_fails(key, SR_KEY_SECP256K1, text, "right", SR_ERROR_LIMIT_EXCEEDED);
    }
    /* A cost within bounds that is not the one it was sealed with. */
    g_autofree char *lower = g_strconcat("scrypt:8:1:1", body, NULL);

    assert_unseal_fails(key, SR_KEY_SECP256K1, lower, "right", SR_ERROR_WRONG_PASSPHRASE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/seal/keys-of-all-types-open-again", test_round_trip);
    g_test_add_func("/seal/the-default-cost-is-written", test_default_cost);
    g_test_add_func("/seal/each-seal-is-another-text", test_fresh);
    g_test_add_func("/seal/passphrase-type-and-public-key-are-bound", test_binding);
    g_test_add_func("/seal/an-empty-passphrase-is-refused", test_empty_passphrase);
    g_test_add_func("/seal/malformed-texts-are-corrupt", test_malformed);
    g_test_add_func("/seal/absurd-costs-are-refused", test_absurd_costs);
    return g_test_run();
}
