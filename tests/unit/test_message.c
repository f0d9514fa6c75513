/* EIP-191 digests, and recognising a sign-in message in disguise. */
#include "ethereum/message.h"

#include "base/encoding.h"
#include "crypto/secp256k1.h"
#include "support/assert_bytes.h"
#include "support/vector_lines.h"

#include <string.h>
#include <time.h>

#define PHRASE "wants you to sign in with your Ethereum account"

/* Digests of 'a' repeated: the length is written in decimal, and counts bytes. */
static void test_digests(void)
{
    static const struct {
        gsize length;
        const char *digest;
    } cases[] = {
        {0, "5f35dce98ba4fba25530a026ed80b2cecdaa31091ba4958b99b52ea1d068adad"},
        {1, "34f291c0b5f0c13c8f43e9d37c04094c22234da43f4040adb36654c98235b4b3"},
        {9, "88995234d4eb226af685fa2580eef084276924ab4ef7849b29712b1056ef3916"},
        {10, "1e4bedee6ac3c9810061c8bc59736e1a482e656de13b4648a7f965b58fd6843d"},
        {99, "f7dd7608b0c349a85025cf8cd0f25110ef341e555c5501bdf31719aee8831f1a"},
        {100, "90b496d4433ae2fe10bba2f73ca6a210a57d8499db0ae5dfb05f3fbeeff2b0cf"},
        {999, "f6ae3601c9f0029814dcef7fa7d2f5f36be12363c864b18aeb14b417d361a95a"},
        {1000, "646dfe80977f3cb244f566d96cd3aabb891d47b9ba5159076d78e9999835e0d6"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strnfill(cases[i].length, 'a');
        g_autofree char *hex = NULL;
        guint8 digest[32];

        sr_message_digest((const guint8 *)text, cases[i].length, digest);
        hex = sr_hex_encode(digest, sizeof digest, FALSE);
        g_assert_cmpstr(hex, ==, cases[i].digest);
    }
}

/* The digest of 'ü', which is two bytes. */
static void test_digest_counts_bytes(void)
{
    guint8 digest[32];
    g_autofree char *hex = NULL;

    sr_message_digest((const guint8 *)"\xc3\xbc", 2, digest);
    hex = sr_hex_encode(digest, sizeof digest, FALSE);
    g_assert_cmpstr(hex, ==, "b1784706c41e7eee360c881d33ab51e134139ba9a0d673bce42d236197d0a8da");
}

static gboolean resembles(const char *text)
{
    return sr_message_resembles_siwe((const guint8 *)text, strlen(text));
}

static void test_disguises(void)
{
    static const char *const disguised[] = {
        /* where it stands */
        PHRASE,
        "example.com " PHRASE ":\n0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf\n\n\nURI: urn:a",
        "Please read this first.\n\nexample.com " PHRASE ":",
        PHRASE " and then some more text",
        "{\"text\":\"" PHRASE "\"}",
        /* case and white space */
        "WANTS YOU TO SIGN IN WITH YOUR ETHEREUM ACCOUNT",
        "wAnTs YoU tO sIgN iN wItH yOuR eThErEuM aCcOuNt",
        "wants\nyou\nto\nsign\nin\nwith\nyour\nEthereum\naccount",
        "wants you to sign in\r\nwith your Ethereum account:\r\n",
        "wants  you\tto   sign in with your Ethereum\v\faccount",
        "wantsyoutosigninwithyourEthereumaccount",
        "w a n t s y o u t o s i g n i n w i t h y o u r E t h e r e u m a c c o u n t",
        "wants\xc2\xa0you\xc2\xa0to sign in with your\xe2\x80\x83"
        "Ethereum\xe3\x80\x80"
        "account",
        /* punctuation and symbols between */
        "wants-you-to-sign-in-with-your-Ethereum-account",
        "*wants* _you_ to **sign in** with your `Ethereum` account",
        "wants you to sign-in with your (Ethereum) account",
        "wants you to \xe2\x9c\xa8sign in\xe2\x9c\xa8 with your Ethereum account",
        /* invisible characters and controls */
        "wan\xe2\x80\x8bts you to si\xe2\x80\x8dgn in with your Eth\xef\xbb\xbf"
        "ereum account",
        "wants you to s\xc2\xadign in with your Ethereum acc\xe2\x81\xa0ount",
        "wants you to sign\xe3\x85\xa4in with your \xe1\x85\x9f"
        "Ethereum account",
        "wants you to sign in with your Ethereum acc\x7fount",
        "wants you to sign in with your Ethe\xff\xfereum account",
        "wants you to si\xef\xb8\x8fgn in with your Ethereum acc\xe2\xa0\x80ount",
        /* written backwards for a right-to-left override */
        "\xe2\x80\xaetnuocca muerehtE ruoy htiw ni ngis ot uoy stnaw\xe2\x80\xac",
        /* other letters that look alike: full width, Cyrillic, Greek, accents, mathematical */
        "\xef\xbd\x97\xef\xbd\x81\xef\xbd\x8e\xef\xbd\x94\xef\xbd\x93 you to sign in with your "
        "Ethereum account",
        "w\xd0\xb0nts y\xd0\xbeu t\xd0\xbe sign in with your Ethereum account",
        "wants you to \xd1\x95ign \xd1\x96n with your \xd0\x95th\xd0\xb5r\xd0\xb5um "
        "\xd0\xb0\xd1\x81\xd1\x81\xd0\xbeunt",
        "wants you to sign in with your \xce\x95\xce\xa4\xce\x97\xce\x95R\xce\x95UM "
        "\xce\x91\x43\x43\xce\x9fU\xce\x9d\xce\xa4",
        "w\xc3\xa5nts y\xc3\xb6\xc3\xbc to sign in with your \xc3\x89th\xc3\xa9r\xc3\xa8um account",
        "wants you to s\xc4\xb1gn \xc4\xb1n with your Ethereum account",
        "a\xcc\x81 wa\xcc\x8ants yo\xcc\x88u to sign in with your Ethereum account",
        "\xf0\x9d\x90\xb0\xf0\x9d\x90\x9a\xf0\x9d\x90\xa7\xf0\x9d\x90\xad\xf0\x9d\x90\xac you to "
        "sign in with your Ethereum account",
        "\xe2\x93\xa6\xe2\x93\x90\xe2\x93\x9d\xe2\x93\xa3\xe2\x93\xa2 you to sign in with your "
        "Ethereum account",
        "\xf0\x9f\x86\x86\xf0\x9f\x85\xb0\xf0\x9f\x85\xbd\xf0\x9f\x86\x83\xf0\x9f\x86\x82 you to "
        "sign in with your Ethereum account",
        "\xe1\x97\xaf\xe1\x97\xa9\xe1\x91\x8eT\xe1\x94\x95 you to sign in with your Ethereum "
        "account",
        "\xea\x93\xaa\xea\x93\xae\xea\x93\xa0\xea\x93\x94\xea\x93\xa2 you to sign in with your "
        "Ethereum account",
        /* digits and pairs of letters */
        "w4nts y0u t0 s1gn 1n w1th y0ur 3th3r3um 4cc0unt",
        "vvants you to sign in vvith your Ethereurn account",
        "wants you to slgn ln wlth your Ethereum account",
        "w@nt$ you to sign in with your Ethereum @ccount",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(disguised); i++)
        if (!resembles(disguised[i]))
            g_error("not recognised: %s", disguised[i]);
}

/* UTF-16, as a signer that takes bytes may be sent. */
static void test_utf16(void)
{
    guint8 bytes[2 * (sizeof PHRASE - 1)] = {0};

    for (gsize i = 0; i < sizeof PHRASE - 1; i++)
        bytes[2 * i] = (guint8)PHRASE[i];
    g_assert_true(sr_message_resembles_siwe(bytes, sizeof bytes));
}

static void test_ordinary_text(void)
{
    static const char *const ordinary[] = {
        "",
        "a",
        "Hello, world!",
        "Sign in",
        "Sign in with Ethereum",
        "Please sign in with your account",
        "Your Ethereum account wants you to sign in",
        "example.com wants you to sign in with your Solana account:",
        "example.com wants you to sign in with your Ethereum",
        "wants you to sign up with your Ethereum account",
        "wants you to sign in with your new Ethereum account",
        "Welcome to OpenSea! Click to sign in and accept the Terms of Service.",
        "By signing this message you prove that you own this Ethereum account. No gas is spent.",
        "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82, \xd0\xbc\xd0\xb8\xd1\x80!",
        "\xe4\xbd\xa0\xe5\xa5\xbd",
        "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf",
        "\xff\xfe\xfd",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(ordinary); i++)
        if (resembles(ordinary[i]))
            g_error("taken for a sign-in message: %s", ordinary[i]);
}

static void test_long_text(void)
{
    static const char *const pieces[] = {"wants you to sign in with your ", "\xd0\xb0",
                                         "\xef\xb7\xba", "\xff"};

    for (gsize i = 0; i < G_N_ELEMENTS(pieces); i++) {
        g_autoptr(GString) text = g_string_new(NULL);
        const clock_t start = clock();

        while (text->len < 1024 * 1024)
            g_string_append(text, pieces[i]);
        g_assert_false(resembles(text->str));
        g_string_append(text, PHRASE);
        g_assert_true(resembles(text->str));
        g_assert_cmpint(clock() - start, <, 5 * CLOCKS_PER_SEC);
    }
}

/* The recorded calls of MetaMask's library: personal_sign with a given key. */
static void check_call(SrJson *line, gpointer data)
{
    guint *calls = data;
    SrJson *arguments = json_object_array_get_idx(sr_test_member_optional(line, "args"), 0);
    SrJson *key = sr_test_member_optional(arguments, "privateKey");
    const char *text = json_object_get_string(sr_test_member_optional(arguments, "data"));
    const char *result = json_object_get_string(sr_test_member_optional(line, "result"));
    g_autoptr(GByteArray) bytes = NULL;
    g_autoptr(GByteArray) expected = NULL;
    g_autoptr(GByteArray) key_bytes = NULL;
    g_autoptr(SrSecret) secret = NULL;
    const char *key_hex;
    guint8 public_key[65], digest[32], signature[65];

    /* The other calls recover keys, or are errors of JavaScript. */
    if (!key || !text || !result ||
        strcmp(json_object_get_string(sr_test_member_optional(line, "fn")), "personalSign") != 0)
        return;
    key_hex = json_object_get_string(sr_test_member_optional(key, "$hex"));
    bytes = g_str_has_prefix(text, "0x") ? sr_hex_decode(text, strlen(text)) : NULL;
    if (!bytes) {
        bytes = g_byte_array_new();
        g_byte_array_append(bytes, (const guint8 *)text, (guint)strlen(text));
    }
    expected = sr_hex_decode(result, strlen(result));
    key_bytes = sr_hex_decode(key_hex, strlen(key_hex));
    secret = sr_secret_new_copy(key_bytes->data, key_bytes->len, NULL);
    g_assert_true(sr_secp256k1_public_key(secret, public_key, NULL));
    sr_message_digest(bytes->data, bytes->len, digest);
    g_assert_true(sr_secp256k1_sign(secret, public_key, digest, signature, NULL));
    sr_assert_bytes(signature, sizeof signature, expected->data, expected->len);
    (*calls)++;
}

static void test_recorded_calls(void)
{
    guint calls = 0;

    if (sr_test_vector_lines("eip191/ethsigutil-personal-sign.calls.jsonl", check_call, &calls))
        g_assert_cmpuint(calls, >, 4);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/message/digests-of-lengths-with-one-to-four-digits", test_digests);
    g_test_add_func("/message/the-length-counts-bytes", test_digest_counts_bytes);
    g_test_add_func("/message/signatures-of-metamask", test_recorded_calls);
    g_test_add_func("/message/sign-in-text-is-recognised-in-disguise", test_disguises);
    g_test_add_func("/message/sign-in-text-is-recognised-in-utf-16", test_utf16);
    g_test_add_func("/message/ordinary-text-is-not-taken-for-it", test_ordinary_text);
    g_test_add_func("/message/long-text-takes-linear-time", test_long_text);
    return g_test_run();
}
