/* Stored objects and PINs: what goes into a store comes out again, and nothing else passes. */
#include "base/error.h"
#include "store/token_object.h"
#include "store/token_pin.h"

#include <string.h>

static const SrScryptCost cheap = {16, 8, 1};

static SrRecord *record_of(const char *id, const char *text)
{
    g_autoptr(GError) error = NULL;
    SrSecret *secret = sr_secret_new_copy(text, strlen(text), &error);

    g_assert_no_error(error);
    return sr_record_new(SR_RECORD_RECORD, id, NULL, "label", secret);
}

static void test_objects_come_back(void)
{
    const guint8 attributes[] = {3, 0, 0, 0, 2, 0, 0, 0, 'h', 'i'};
    const gsize sizes[] = {0, sizeof attributes};

    for (guint token = 0; token < SR_TOKENS; token++) {
        for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
            g_autoptr(SrTokenObject) object = sr_token_object_new(
                0x0123456789abcdefu, (SrToken)token, 0xfffffffeu, attributes, sizes[i]);
            g_autoptr(GError) error = NULL;
            g_autoptr(SrRecord) record = sr_token_object_record(object, "label", &error);
            g_autoptr(SrTokenObject) back = NULL;

            g_assert_no_error(error);
            g_assert_cmpstr(record->id, ==, "pkcs11-0123456789abcdef");
            g_assert_cmpstr(record->label, ==, "label");
            back = sr_token_object_parse(record, &error);
            g_assert_no_error(error);
            g_assert_cmpuint(back->number, ==, object->number);
            g_assert_cmpuint(back->token, ==, token);
            g_assert_cmpuint(back->class, ==, 0xfffffffeu);
            g_assert_true(g_bytes_equal(back->attributes, object->attributes));
        }
    }
}

typedef struct {
    const char *id;
    const char *text;
} Case;

static void test_damage_is_an_error(void)
{
    static const char id[] = "pkcs11-0000000000000001";
    static const Case cases[] = {
        {id, "sealring-object:2:keys:1:"},
        {id, "sealring-key:1:keys:1:"},
        {id, "sealring-object:1:others:1:"},
        {id, "sealring-object:1:keys:-1:"},
        {id, "sealring-object:1:keys:4294967296:"},
        {id, "sealring-object:1:keys::"},
        {id, "sealring-object:1:keys:1"},
        {id, "sealring-object:1:keys:1:A"},
        {id, "sealring-object:1:keys:1:AA=="},
        {id, "sealring-object:1:keys:1:AA:AA"},
        {"pkcs11-0000000000000000", "sealring-object:1:keys:1:"},
        {"pkcs11-000000000000001", "sealring-object:1:keys:1:"},
        {"pkcs11-0x00000000000001", "sealring-object:1:keys:1:"},
        {"pkcs11-pin-user", "sealring-object:1:keys:1:"},
        {"0000000000000001", "sealring-object:1:keys:1:"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(SrRecord) record = record_of(cases[i].id, cases[i].text);
        g_autoptr(GError) error = NULL;

        g_assert_null(sr_token_object_parse(record, &error));
        g_assert_error(error, SR_ERROR, SR_ERROR_CORRUPT);
    }
}

static SrSecret *pin_of(const char *text)
{
    g_autoptr(GError) error = NULL;
    SrSecret *pin = sr_secret_new_copy(text, strlen(text), &error);

    g_assert_no_error(error);
    return pin;
}

static void test_a_pin_is_right_or_wrong(void)
{
    g_autoptr(SrSecret) pin = pin_of("1234");
    g_autoptr(SrSecret) wrong = pin_of("12345");
    g_autoptr(GError) error = NULL;
    g_autoptr(SrRecord) record = sr_token_pin_record(SR_TOKEN_PIN_USER, pin, cheap, &error);
    g_autoptr(SrRecord) other = sr_token_pin_record(SR_TOKEN_PIN_USER, pin, cheap, &error);

    g_assert_no_error(error);
    g_assert_true(sr_token_pin_check(record, pin, &error));
    g_assert_no_error(error);
    g_assert_false(sr_record_equal(record, other)); /* salted */
    g_assert_false(sr_token_pin_check(record, wrong, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_WRONG_PASSPHRASE);
}

static void test_a_damaged_pin_is_an_error(void)
{
    static const char *const texts[] = {
        "sealring-pin:1:16:8:1:AAAAAAAAAAAAAAAAAAAAAA:AAAA",
        "sealring-pin:1:16:8:1:AAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "sealring-pin:1:17:8:1:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ("sealring-pin:1:4294967296:8:1:AAAAAAAAAAAAAAAAAAAAAA:"
         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        "sealring-pin:2:16:8:1:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "sealring-pin:1:16:8:1:AAAAAAAAAAAAAAAAAAAAAA",
        "x",
    };
    g_autoptr(SrSecret) pin = pin_of("1234");

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(SrRecord) record = record_of(SR_TOKEN_PIN_USER, texts[i]);
        g_autoptr(GError) error = NULL;

        g_assert_false(sr_token_pin_check(record, pin, &error));
        g_assert_error(error, SR_ERROR, SR_ERROR_CORRUPT);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/token-object/comes-back", test_objects_come_back);
    g_test_add_func("/token-object/damage-is-an-error", test_damage_is_an_error);
    g_test_add_func("/token-pin/is-right-or-wrong", test_a_pin_is_right_or_wrong);
    g_test_add_func("/token-pin/damage-is-an-error", test_a_damaged_pin_is_an_error);
    return g_test_run();
}
