/* Addresses: EIP-55 text in both directions, and from keys. */
#include "ethereum/address.h"

#include "base/encoding.h"
#include "crypto/secp256k1.h"
#include "support/vector_file.h"

#include <string.h>

/* The examples of EIP-55: mixed case, all upper case, all lower case. */
static const char *const examples[] = {
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    "0x52908400098527886E0F7030069857D2E4169EE7", "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77", "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x0000000000000000000000000000000000000000", "0x1234567890123456789012345678901234567890",
};

static void test_examples(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(examples); i++) {
        guint8 address[SR_ADDRESS_SIZE];
        char text[SR_ADDRESS_TEXT_SIZE];

        g_assert_cmpint(sr_address_parse(examples[i], 42, address), ==, SR_ADDRESS_CHECKSUMMED);
        sr_address_text(address, text);
        g_assert_cmpstr(text, ==, examples[i]);
    }
}

static void test_forms(void)
{
    static const struct {
        const char *text;
        SrAddressForm form;
    } cases[] = {
        {"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", SR_ADDRESS_SINGLE_CASE},
        {"0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED", SR_ADDRESS_SINGLE_CASE},
        {"0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed", SR_ADDRESS_BAD_CHECKSUM},
        {"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", SR_ADDRESS_BAD_CHECKSUM},
        {"0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", SR_ADDRESS_BAD},
        {"5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", SR_ADDRESS_BAD},
        {"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", SR_ADDRESS_BAD},
        {"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAedd", SR_ADDRESS_BAD},
        {"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg", SR_ADDRESS_BAD},
        {" x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", SR_ADDRESS_BAD},
        {"0x", SR_ADDRESS_BAD},
        {"", SR_ADDRESS_BAD},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const gsize length = strlen(cases[i].text);
        guint8 address[SR_ADDRESS_SIZE] = {0};

        g_assert_cmpint(sr_address_parse(cases[i].text, length, NULL), ==, cases[i].form);
        if (sr_address_read(cases[i].text, length, address))
            g_assert_cmpint(address[0], ==, 0x5a);
        g_assert_cmpint(sr_address_read(cases[i].text, length, NULL), ==,
                        cases[i].form != SR_ADDRESS_BAD);
    }
}

static void assert_address_of_key(const char *key_hex, const char *expected)
{
    guint8 bytes[32], public_key[65], address[SR_ADDRESS_SIZE];
    char text[SR_ADDRESS_TEXT_SIZE];
    g_autoptr(SrSecret) key = NULL;

    g_assert_true(sr_hex_decode_fixed(key_hex, strlen(key_hex), bytes, sizeof bytes));
    key = sr_secret_new_copy(bytes, sizeof bytes, NULL);
    g_assert_true(sr_secp256k1_public_key(key, public_key, NULL));
    sr_address_from_public_key(public_key, address);
    sr_address_text(address, text);
    g_assert_cmpstr(text, ==, expected);
}

static void test_key_one(void)
{
    assert_address_of_key("0000000000000000000000000000000000000000000000000000000000000001",
                          "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf");
}

static void test_ethers(void)
{
    g_autoptr(SrJson) root = sr_test_vector_json("eip55/ethers-accounts.json");
    guint keys = 0;

    for (gsize i = 0; root && i < json_object_array_length(root); i++) {
        SrJson *row = json_object_array_get_idx(root, i);
        const char *address = sr_test_string(row, "address");
        SrJson *key = NULL;

        g_assert_cmpint(sr_address_parse(address, strlen(address), NULL), ==,
                        SR_ADDRESS_CHECKSUMMED);
        if (json_object_object_get_ex(row, "privateKey", &key) && key) {
            assert_address_of_key(json_object_get_string(key), address);
            keys++;
        }
    }
    if (root)
        g_assert_cmpuint(keys, >, 100);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/address/examples-of-eip-55", test_examples);
    g_test_add_func("/address/other-forms-are-told-apart", test_forms);
    g_test_add_func("/address/of-the-private-key-one", test_key_one);
    g_test_add_func("/address/ethers-vectors", test_ethers);
    return g_test_run();
}
