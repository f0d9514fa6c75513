#include "base/error.h"

#include <gio/gio.h>
#include <string.h>

static const SrErrorCode last_code = SR_ERROR_WRONG_PASSPHRASE;

static void test_every_code_has_a_reason(void)
{
    for (SrErrorCode code = SR_ERROR_PARSE_ERROR; code <= last_code; code++) {
        const char *reason = sr_error_code_reason(code);

        if (code != SR_ERROR_INTERNAL)
            g_assert_cmpstr(reason, !=, "INTERNAL");
        g_assert_cmpint(sr_error_code_from_reason(reason), ==, code);
        for (const char *c = reason; *c; c++)
            g_assert_true(g_ascii_isupper(*c) || *c == '_');
    }
}

/* The numbers are a contract with clients. */
static void test_rpc_codes(void)
{
    static const struct {
        SrErrorCode code;
        int rpc_code;
    } rows[] = {
        {SR_ERROR_PARSE_ERROR, -32700},
        {SR_ERROR_INVALID_REQUEST, -32600},
        {SR_ERROR_METHOD_NOT_FOUND, -32601},
        {SR_ERROR_INVALID_PARAMS, -32602},
        {SR_ERROR_INTERNAL, -32603},
        {SR_ERROR_USER_REJECTED, 4001},
        {SR_ERROR_NO_PROMPT, 4001},
        {SR_ERROR_NOT_GRANTED, 4100},
        {SR_ERROR_STORE_LOCKED, 4100},
        {SR_ERROR_UNSUPPORTED_METHOD, 4200},
        {SR_ERROR_AGENT_UNAVAILABLE, 4900},
        {SR_ERROR_STORE_UNAVAILABLE, -32001},
        {SR_ERROR_BUSY, -32005},
        {SR_ERROR_LIMIT_EXCEEDED, -32006},
        {SR_ERROR_DOMAIN_MISMATCH, -32007},
        {SR_ERROR_MALFORMED_SIWE, -32008},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;

        sr_error_set(&error, rows[i].code, "x");
        g_assert_cmpint(sr_error_rpc_code(error), ==, rows[i].rpc_code);
    }
}

/* Below -32000 a number means one reason only. */
static void test_own_codes_are_unique(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

    for (SrErrorCode code = SR_ERROR_PARSE_ERROR; code <= last_code; code++) {
        g_autoptr(GError) error = NULL;
        int number;

        sr_error_set(&error, code, "x");
        number = sr_error_rpc_code(error);
        if (number < 0)
            g_assert_true(g_hash_table_add(seen, GINT_TO_POINTER(number)));
    }
}

static void test_plain_error(void)
{
    g_autoptr(GError) error = NULL;

    sr_error_set(&error, SR_ERROR_BUSY, "%d requests wait", 4);
    g_assert_error(error, SR_ERROR, SR_ERROR_BUSY);
    g_assert_cmpstr(error->message, ==, "4 requests wait");
    g_assert_cmpstr(sr_error_reason(error), ==, "BUSY");
    g_assert_null(sr_error_detail(error)->field);
    g_assert_cmpint(sr_error_detail(error)->offset, ==, -1);
}

static void test_field_and_offset(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) copy = NULL;
    g_autofree char *field = g_strdup("nonce");

    sr_error_set_at(&error, SR_ERROR_MALFORMED_SIWE, field, 214, "at least %d letters", 8);
    memset(field, 'x', 5);
    g_assert_cmpstr(error->message, ==, "nonce: at byte 214: at least 8 letters");
    copy = g_error_copy(error);
    g_clear_error(&error);
    g_assert_cmpstr(sr_error_detail(copy)->field, ==, "nonce");
    g_assert_cmpint(sr_error_detail(copy)->offset, ==, 214);
    g_prefix_error(&copy, "siwe.sign: ");
    g_assert_cmpstr(sr_error_detail(copy)->field, ==, "nonce");
    g_clear_error(&copy);
    sr_error_set_at(&copy, SR_ERROR_INVALID_PARAMS, "label", -1, "is missing");
    g_assert_cmpstr(copy->message, ==, "label: is missing");
    g_clear_error(&copy);
    sr_error_set_at(&copy, SR_ERROR_PARSE_ERROR, "json", 0, "100%% %s", "%s%n");
    g_assert_cmpstr(copy->message, ==, "json: at byte 0: 100% %s%n");
}

static void test_nobody_wants_the_error(void)
{
    sr_error_set(NULL, SR_ERROR_BUSY, "x");
    sr_error_set_at(NULL, SR_ERROR_BUSY, "field", 1, "x");
    g_assert_null(sr_error_detail(NULL));
}

static void test_errors_of_others(void)
{
    g_autoptr(GError) error = g_error_new(G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "x");

    g_assert_cmpstr(sr_error_reason(error), ==, "INTERNAL");
    g_assert_cmpint(sr_error_rpc_code(error), ==, -32603);
    g_assert_null(sr_error_detail(error));
    g_assert_cmpint(sr_error_code_from_reason("FROM_THE_FUTURE"), ==, SR_ERROR_INTERNAL);
    g_assert_cmpint(sr_error_code_from_reason(""), ==, SR_ERROR_INTERNAL);
    g_assert_cmpint(sr_error_code_from_reason(NULL), ==, SR_ERROR_INTERNAL);
    g_assert_cmpstr(sr_error_code_reason((SrErrorCode)9999), ==, "INTERNAL");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/error/every-code-has-a-reason-of-its-own", test_every_code_has_a_reason);
    g_test_add_func("/error/numbers-of-the-contract", test_rpc_codes);
    g_test_add_func("/error/own-numbers-are-unique", test_own_codes_are_unique);
    g_test_add_func("/error/plain-error", test_plain_error);
    g_test_add_func("/error/field-and-offset-survive-copies", test_field_and_offset);
    g_test_add_func("/error/nobody-wants-the-error", test_nobody_wants_the_error);
    g_test_add_func("/error/errors-of-other-domains-are-internal", test_errors_of_others);
    return g_test_run();
}
