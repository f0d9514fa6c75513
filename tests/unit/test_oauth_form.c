#include "oauth/form.h"

#include "base/error.h"
#include "support/secret_text.h"

static void test_form(void)
{
    g_autoptr(SrForm) form = sr_form_new(NULL);
    g_autoptr(SrSecret) code = sr_test_secret("a+b/c=%&\xc3\xa4");
    g_autoptr(SrSecret) empty = sr_test_secret("");
    g_autoptr(SrSecret) text = NULL;

    sr_form_add(form, "grant_type", "authorization_code");
    sr_form_add_secret(form, "code", code);
    sr_form_add(form, "none", NULL);
    sr_form_add(form, "empty", "");
    sr_form_add_secret(form, "none", NULL);
    sr_form_add_secret(form, "empty", empty);
    sr_form_add(form, "redirect_uri", "http://127.0.0.1:1/c?x=1 2");
    sr_form_add(form, "a b", "-._~");
    text = sr_form_finish(form, NULL);
    sr_assert_secret(text, "grant_type=authorization_code&code=a%2Bb%2Fc%3D%25%26%C3%A4"
                           "&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fc%3Fx%3D1%202&a%20b=-._~");
}

static void test_empty_form(void)
{
    g_autoptr(SrForm) form = sr_form_new(NULL);
    g_autoptr(SrSecret) text = sr_form_finish(form, NULL);

    sr_assert_secret(text, "");
}

static void test_too_long(void)
{
    g_autoptr(SrForm) form = sr_form_new(NULL);
    g_autofree char *value = g_strnfill(SR_FORM_MAX / 3, '+');
    g_autoptr(GError) error = NULL;

    sr_form_add(form, "a", value);
    /* Not even what would have room: a form without one of its pairs is another form. */
    sr_form_add(form, "b", "c");
    g_assert_null(sr_form_finish(form, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_LIMIT_EXCEEDED);
}

static void test_escape(void)
{
    g_autofree char *text = sr_form_escape("AZaz09-._~ !*'():/?#[]@$&+,;=%\"\x01\xff");
    g_autoptr(SrSecret) plain = sr_test_secret("AZaz09-._~ :%");
    g_autoptr(SrSecret) secret = sr_form_escape_secret(plain, NULL);

    g_assert_cmpstr(text, ==,
                    "AZaz09-._~%20%21%2A%27%28%29%3A%2F%3F%23%5B%5D%40%24%26%2B%2C%3B%3D%25%22"
                    "%01%FF");
    sr_assert_secret(secret, "AZaz09-._~%20%3A%25");
}

static GHashTable *parse(const char *query, GError **error)
{
    return sr_form_parse_query(query, strlen(query), error);
}

static void test_query(void)
{
    g_autoptr(GHashTable) query =
        parse("code=a%2Bb&state=x+y%20z&&iss=https%3a%2F%2Fop.example&flag&empty=&k=a=b&=v", NULL);
    static const char *const rows[][2] = {
        {"code", "a+b"}, {"state", "x y z"}, {"iss", "https://op.example"},
        {"flag", ""},    {"empty", ""},      {"k", "a=b"},
        {"", "v"},
    };

    g_assert_nonnull(query);
    g_assert_cmpuint(g_hash_table_size(query), ==, G_N_ELEMENTS(rows));
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpstr(g_hash_table_lookup(query, rows[i][0]), ==, rows[i][1]);
}

static void test_empty_query(void)
{
    g_autoptr(GHashTable) query = parse("", NULL);

    g_assert_cmpuint(g_hash_table_size(query), ==, 0);
}

static void test_query_refusals(void)
{
    static const char *const queries[] = {
        "code=a&code=a",
        "code=a&state=b&code=c",
        "code=a&%63ode=b",
        "a&a",
        "code=%",
        "code=%4",
        "code=%4g",
        "code=%0x",
        "code=%00",
        "code=a%0Ab",
        "code=a%7f",
        "code=%C2%85",
        "code=%ff",
        "code=%C3",
        "code=%ED%A0%80",
        "co%0Ade=a",
        "code=a\nb",
        "code=\xff",
        "code=%F4%90%80%80",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(queries); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(parse(queries[i], &error));
        sr_assert_blames(error, SR_ERROR_INVALID_PARAMS, "query");
    }
    g_assert_null(sr_form_parse_query("a=b\0c", 5, NULL));
}

static void test_query_limits(void)
{
    GString *many = g_string_new("n0=v");
    g_autofree char *name = g_strnfill(8190, 'n');
    g_autofree char *longest = g_strconcat(name, "=v", NULL);
    g_autofree char *longer = g_strconcat(name, "=vw", NULL);
    g_autoptr(GHashTable) full = NULL;
    g_autoptr(GHashTable) most = parse(longest, NULL);

    for (guint i = 1; i < 64; i++)
        g_string_append_printf(many, "&n%u=v", i);
    full = parse(many->str, NULL);
    g_assert_nonnull(full);
    g_string_append(many, "&n64=v");
    g_assert_null(parse(many->str, NULL));
    g_assert_nonnull(most);
    g_assert_null(parse(longer, NULL));
    g_string_free(many, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/oauth-form/pairs-are-encoded-in-order", test_form);
    g_test_add_func("/oauth-form/nothing-is-an-empty-form", test_empty_form);
    g_test_add_func("/oauth-form/a-form-too-long-fails-as-a-whole", test_too_long);
    g_test_add_func("/oauth-form/only-unreserved-characters-stay", test_escape);
    g_test_add_func("/oauth-form/a-query-is-decoded", test_query);
    g_test_add_func("/oauth-form/an-empty-query", test_empty_query);
    g_test_add_func("/oauth-form/duplicates-and-bad-encodings-are-refused", test_query_refusals);
    g_test_add_func("/oauth-form/limits-of-a-query", test_query_limits);
    return g_test_run();
}
