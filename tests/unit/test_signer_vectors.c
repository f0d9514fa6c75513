/* Known answers for signatures and their verification: RFC 8032, RFC 6979, Wycheproof. */
#include "crypto/signer.h"

#include "base/encoding.h"
#include "crypto/digest.h"
#include "support/assert_bytes.h"
#include "support/vector_file.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <string.h>

/* RFC 8032 §7.1: TEST 1, 2, 3 and SHA(abc). */
static void test_rfc_8032(void)
{
    static const struct {
        const char *seed;
        const char *public_key;
        const char *message;
        const char *signature;
    } rows[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e3970"
         "1cf9b46bd25bf5f0595bbe24655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613"
         "d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760"
         "984dc6594a7c15e9716ed28dc027beceea1ec40a"},
        {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
         "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23"
         "a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
         "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c6"
         "6431e0303dca179c138ac17ad9bef1177331a704"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GByteArray) seed = sr_hex_decode(rows[i].seed, 64);
        g_autoptr(GByteArray) point = sr_hex_decode(rows[i].public_key, 64);
        g_autoptr(GByteArray) message = sr_hex_decode(rows[i].message, strlen(rows[i].message));
        g_autoptr(GByteArray) expected = sr_hex_decode(rows[i].signature, 128);
        g_autoptr(SrKey) key =
            sr_key_new(SR_KEY_ED25519, sr_secret_new_copy(seed->data, seed->len, NULL), NULL);
        g_autoptr(SrSigner) signer = sr_signer_new(key, NULL);
        guint8 signature[64];

        sr_assert_bytes(sr_signer_public(signer, NULL), 32, point->data, point->len);
        g_assert_true(sr_signer_sign(signer, message->data, message->len, signature, NULL));
        sr_assert_bytes(signature, 64, expected->data, expected->len);
        g_assert_true(sr_signature_verify(SR_KEY_ED25519, point->data, message->data, message->len,
                                          signature, NULL));
    }
}

/* RFC 6979 §A.2.5: digests longer, shorter and as long as the group order. */
static void test_rfc_6979(void)
{
    static const char private_key[] =
        "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
    static const struct {
        const char *hash;
        const char *message;
        const char *signature;
    } rows[] = {
        {"SHA1", "sample",
         "61340c88c3aaebeb4f6d667f672ca9759a6ccaa9fa8811313039ee4a35471d326d7f147dac089441bb2e2fe8"
         "f7a3fa264b9c475098fdcf6e00d7c996e1b8b7eb"},
        {"SHA256", "sample",
         "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1"
         "b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
        {"SHA384", "sample",
         "0eafea039b20e9b42309fb1d89e213057cbf973dc0cfc8f129edddc800ef77194861f0491e6998b9455193e3"
         "4e7b0d284ddd7149a74b95b9261f13abde940954"},
        {"SHA512", "sample",
         "8496a60b5e9b47c825488827e0495b0e3fa109ec4568fd3f8d1097678eb97f002362ab1adbe2b8adf9cb9eda"
         "b740ea6049c028114f2460f96554f61fae3302fe"},
        {"SHA256", "test",
         "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367019f4113742a2b14bd25926b"
         "49c649155f267e60d3814b4c0cc84250e46f0083"},
    };
    g_autoptr(GByteArray) scalar = sr_hex_decode(private_key, 64);
    g_autoptr(SrKey) key =
        sr_key_new(SR_KEY_P256, sr_secret_new_copy(scalar->data, scalar->len, NULL), NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GByteArray) signature = sr_hex_decode(rows[i].signature, 128);
        guint8 digest[EVP_MAX_MD_SIZE];
        size_t size = 0;

        g_assert_cmpint(EVP_Q_digest(NULL, rows[i].hash, NULL, rows[i].message,
                                     strlen(rows[i].message), digest, &size),
                        ==, 1);
        g_assert_true(sr_signature_verify(SR_KEY_P256, sr_key_public(key, NULL), digest, size,
                                          signature->data, NULL));
        digest[0] ^= 1;
        g_assert_false(sr_signature_verify(SR_KEY_P256, sr_key_public(key, NULL), digest, size,
                                           signature->data, NULL));
    }
}

typedef gboolean (*CheckFunc)(SrJson *group, SrJson *test);

/* Run @accepts on each case of the Wycheproof file @name; it must say what the file does. */
static void run_wycheproof(const char *name, gsize expected, CheckFunc accepts)
{
    g_autofree char *path = g_strdup_printf("wycheproof/%s_test.json", name);
    g_autoptr(SrJson) file = sr_test_vector_json(path);
    SrJson *groups;
    gsize count = 0;

    if (!file)
        return;
    groups = sr_test_member(file, "testGroups");
    for (gsize i = 0; i < json_object_array_length(groups); i++) {
        SrJson *group = json_object_array_get_idx(groups, i);
        SrJson *tests = sr_test_member(group, "tests");

        for (gsize k = 0; k < json_object_array_length(tests); k++, count++) {
            SrJson *test = json_object_array_get_idx(tests, k);
            const gboolean valid = g_str_equal(sr_test_string(test, "result"), "valid");

            if (accepts(group, test) != valid)
                g_error("%s", sr_test_string(test, "comment"));
        }
    }
    g_assert_cmpuint(count, ==, expected);
}

/* r || s of strict DER whose numbers fit; FALSE otherwise. */
static gboolean read_der(const GByteArray *der, guint8 ret_signature[64])
{
    const guint8 *at = der->data;
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)der->len);
    guint8 *again = NULL;
    const int size = signature ? i2d_ECDSA_SIG(signature, &again) : -1;
    const gboolean good = size > 0 && (guint)size == der->len &&
                          memcmp(again, der->data, der->len) == 0 &&
                          !BN_is_negative(ECDSA_SIG_get0_r(signature)) &&
                          !BN_is_negative(ECDSA_SIG_get0_s(signature)) &&
                          BN_bn2binpad(ECDSA_SIG_get0_r(signature), ret_signature, 32) == 32 &&
                          BN_bn2binpad(ECDSA_SIG_get0_s(signature), ret_signature + 32, 32) == 32;

    OPENSSL_free(again);
    ECDSA_SIG_free(signature);
    return good;
}

static gboolean accepts_ecdsa(SrKeyType type, SrJson *group, SrJson *test)
{
    g_autoptr(GByteArray) point = sr_test_hex(sr_test_member(group, "publicKey"), "uncompressed");
    g_autoptr(GByteArray) message = sr_test_hex(test, "msg");
    g_autoptr(GByteArray) der = sr_test_hex(test, "sig");
    g_autoptr(GError) error = NULL;
    guint8 signature[64];
    guint8 digest[32];
    gboolean good;

    sr_sha256(message->data, message->len, digest);
    if (!read_der(der, signature))
        return FALSE;
    good = sr_signature_verify(type, point->data, digest, 32, signature, &error);
    g_assert_no_error(error);
    return good;
}

static gboolean accepts_secp256k1(SrJson *group, SrJson *test)
{
    return accepts_ecdsa(SR_KEY_SECP256K1, group, test);
}

static gboolean accepts_p256(SrJson *group, SrJson *test)
{
    return accepts_ecdsa(SR_KEY_P256, group, test);
}

static gboolean accepts_ed25519(SrJson *group, SrJson *test)
{
    g_autoptr(GByteArray) point = sr_test_hex(sr_test_member(group, "publicKey"), "pk");
    g_autoptr(GByteArray) message = sr_test_hex(test, "msg");
    g_autoptr(GByteArray) signature = sr_test_hex(test, "sig");
    g_autoptr(GError) error = NULL;
    gboolean good;

    /* Of another size it does not get as far as here. */
    if (signature->len != 64)
        return FALSE;
    good = sr_signature_verify(SR_KEY_ED25519, point->data, message->data, message->len,
                               signature->data, &error);
    g_assert_no_error(error);
    return good;
}

static void test_wycheproof_secp256k1(void)
{
    run_wycheproof("ecdsa_secp256k1_sha256", 476, accepts_secp256k1);
}

static void test_wycheproof_p256(void)
{
    run_wycheproof("ecdsa_secp256r1_sha256", 484, accepts_p256);
}

static void test_wycheproof_ed25519(void)
{
    run_wycheproof("ed25519", 151, accepts_ed25519);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/signer-vectors/ed25519-as-in-rfc-8032", test_rfc_8032);
    g_test_add_func("/signer-vectors/p256-verification-as-in-rfc-6979", test_rfc_6979);
    g_test_add_func("/signer-vectors/wycheproof-secp256k1", test_wycheproof_secp256k1);
    g_test_add_func("/signer-vectors/wycheproof-p256", test_wycheproof_p256);
    g_test_add_func("/signer-vectors/wycheproof-ed25519", test_wycheproof_ed25519);
    return g_test_run();
}
