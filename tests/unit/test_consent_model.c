#include "base/error.h"
#include "consent/model.h"
#include "consent/render.h"

#include <string.h>

static SrConsentModel *make_model(void)
{
    SrConsentModel *model = sr_consent_model_new();

    sr_consent_model_add(model, SR_CONSENT_TITLE, "Sign in to %s?", "app.example");
    sr_consent_model_add(model, SR_CONSENT_PAGE, "https://app.example");
    sr_consent_model_add(model, SR_CONSENT_ASKER, "Companion (%s)", "Firefox");
    sr_consent_model_add(model, SR_CONSENT_KEY, "main 0x1234");
    sr_consent_model_add(model, SR_CONSENT_FACT, "Valid until: tomorrow");
    sr_consent_model_add(model, SR_CONSENT_GRANT, "read files");
    sr_consent_model_add_text(model, "one\n\ntwo", 8);
    sr_consent_model_add(model, SR_CONSENT_REMEMBER, "Until tomorrow");
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Sign in");
    return model;
}

static const char wire[] = "title\tSign in to app.example?\n"
                           "page\thttps://app.example\n"
                           "asker\tCompanion (Firefox)\n"
                           "key\tmain 0x1234\n"
                           "fact\tValid until: tomorrow\n"
                           "grant\tread files\n"
                           "text\tone\n"
                           "text\t\n"
                           "text\ttwo\n"
                           "remember\tUntil tomorrow\n"
                           "action\tSign in\n";

static void test_wire_form(void)
{
    g_autoptr(SrConsentModel) model = make_model();
    g_autofree char *text = sr_consent_model_serialize(model);

    g_assert_cmpstr(text, ==, wire);
}

static void test_round_trip(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrConsentModel) model = sr_consent_model_parse(wire, strlen(wire), &error);
    g_autofree char *text = NULL;

    g_assert_no_error(error);
    text = sr_consent_model_serialize(model);
    g_assert_cmpstr(text, ==, wire);
    g_assert_cmpuint(sr_consent_model_entries(model)->len, ==, 11);
    g_assert_cmpstr(sr_consent_model_first(model, SR_CONSENT_TEXT), ==, "one");
    g_assert_null(sr_consent_model_first(model, SR_CONSENT_ERROR));
    g_assert_cmpuint(sr_consent_model_count(model, SR_CONSENT_TEXT), ==, 3);
}

static void test_names(void)
{
    g_assert_cmpstr(sr_consent_kind_name(SR_CONSENT_TITLE), ==, "title");
    g_assert_cmpstr(sr_consent_kind_name(SR_CONSENT_WARNING), ==, "warning");
    g_assert_cmpstr(sr_consent_kind_name(SR_CONSENT_ACTION), ==, "action");
}

/* No argument can add a line or an entry of another kind. */
static void test_added_text_is_escaped(void)
{
    g_autoptr(SrConsentModel) model = sr_consent_model_new();
    g_autofree char *text = NULL;

    sr_consent_model_add(model, SR_CONSENT_TITLE, "a%sb", "\naction\tYes");
    text = sr_consent_model_serialize(model);
    g_assert_cmpstr(text, ==, "title\ta<U+000A>action<U+0009>Yesb\n");
}

typedef struct {
    const char *input;
    gsize size;
    const char *output;
    guint escaped;
} TextRow;

static void test_text_lines(void)
{
    static const TextRow rows[] = {
        {"", 0, "text\t\n", 0},
        {"a", 1, "text\ta\n", 0},
        {"a\n", 2, "text\ta\ntext\t\n", 0},
        {"\n\n", 2, "text\t\ntext\t\ntext\t\n", 0},
        {"a\r\nb", 4, "text\ta<U+000D>\ntext\tb\n", 1},
        {"\0\n\xff<U+", 6, "text\t<U+0000>\ntext\t<0xFF><U+003C>U+\n", 3},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(SrConsentModel) model = sr_consent_model_new();
        g_autofree char *text = NULL;

        sr_consent_model_add_text(model, rows[i].input, rows[i].size);
        text = sr_consent_model_serialize(model);
        g_assert_cmpstr(text, ==, rows[i].output);
        g_assert_cmpuint(sr_consent_model_escaped(model), ==, rows[i].escaped);
    }
}

static void test_long_line_stays_one_entry(void)
{
    g_autoptr(SrConsentModel) model = sr_consent_model_new();
    g_autofree char *line = g_strnfill(400, 'A');

    sr_consent_model_add_text(model, line, 400);
    g_assert_cmpuint(sr_consent_model_entries(model)->len, ==, 1);
    g_assert_cmpstr(sr_consent_model_first(model, SR_CONSENT_TEXT), ==, line);
}

/* Only what the reader scrolls through is counted; a parsed model counts the same. */
static void test_escaped_counts_the_text(void)
{
    g_autoptr(SrConsentModel) model = sr_consent_model_new();
    g_autoptr(SrConsentModel) parsed = NULL;
    g_autofree char *text = NULL;

    sr_consent_model_add(model, SR_CONSENT_TITLE, "\xc3\xa9?");
    sr_consent_model_add_text(model, "\xc3\xa9<b>\x01", 6);
    g_assert_cmpuint(sr_consent_model_escaped(model), ==, 2);
    text = sr_consent_model_serialize(model);
    parsed = sr_consent_model_parse(text, strlen(text), NULL);
    g_assert_cmpuint(sr_consent_model_escaped(parsed), ==, 2);
}

typedef struct {
    const char *name;
    const char *input;
    gint64 offset;
} BadRow;

static const BadRow bad_rows[] = {
    {"nothing", "", 0},
    {"no-title", "text\ta\n", 7},
    {"empty-title", "title\t\n", 7},
    {"no-final-line-feed", "title\ta", 0},
    {"no-final-line-feed-later", "title\ta\ntext\tb", 8},
    {"empty-line", "title\ta\n\n", 8},
    {"no-tab", "title\ta\ntext\n", 8},
    {"unknown-name", "title\ta\nbutton\tb\n", 8},
    {"longer-name", "title\ta\ntexts\tb\n", 8},
    {"shorter-name", "title\ta\ntex\tb\n", 8},
    {"upper-case-name", "Title\ta\n", 0},
    {"space-before-the-name", " title\ta\n", 0},
    {"no-name", "\ta\n", 0},
    {"tab-in-the-text", "title\ta\tb\n", 0},
    {"carriage-return", "title\ta\r\n", 0},
    {"terminal-escape", "title\t\x1b[31m\n", 0},
    {"non-ascii", "title\t\xc3\xa9\n", 0},
    {"delete", "title\t\x7f\n", 0},
    {"two-titles", "title\ta\ntitle\tb\n", 8},
    {"two-actions", "title\ta\naction\tb\naction\tb\n", 17},
    {"two-offers", "title\ta\nremember\tb\nremember\tb\n", 19},
};

static void test_bad(gconstpointer data)
{
    const BadRow *row = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(SrConsentModel) model =
        sr_consent_model_parse(row->input, strlen(row->input), &error);

    g_assert_null(model);
    g_assert_error(error, SR_ERROR, SR_ERROR_INVALID_PARAMS);
    g_assert_cmpint(sr_error_detail(error)->offset, ==, row->offset);
}

static void test_nul_is_refused(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(sr_consent_model_parse("title\ta\0b\n", 10, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_INVALID_PARAMS);
}

static void test_size_limit(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrConsentModel) model = NULL;
    g_autoptr(SrConsentModel) over = NULL;
    GString *text = g_string_new("title\t");

    while (text->len < SR_CONSENT_MODEL_MAX - 1)
        g_string_append_c(text, 'a');
    g_string_append_c(text, '\n');
    model = sr_consent_model_parse(text->str, text->len, &error);
    g_assert_no_error(error);
    g_assert_nonnull(model);
    g_string_insert_c(text, 6, 'a');
    over = sr_consent_model_parse(text->str, text->len, &error);
    g_assert_null(over);
    g_assert_error(error, SR_ERROR, SR_ERROR_INVALID_PARAMS);
    g_string_free(text, TRUE);
}

static void test_render(void)
{
    g_autoptr(SrConsentModel) model = make_model();
    g_autofree char *text = sr_consent_model_render(model, 80);

    g_assert_cmpstr(text, ==,
                    "Sign in to app.example?\n"
                    "  Page:     https://app.example\n"
                    "  Asked by: Companion (Firefox)\n"
                    "  Key:      main 0x1234\n"
                    "  Valid until: tomorrow\n"
                    "\n"
                    "This allows:\n"
                    "  * read files\n"
                    "\n"
                    "Full text (3 lines):\n"
                    "  | one\n"
                    "  | \n"
                    "  | two\n");
}

static void test_render_errors_first(void)
{
    g_autoptr(SrConsentModel) model = make_model();
    g_autofree char *text = NULL;

    sr_consent_model_add(model, SR_CONSENT_ERROR, "wrong page");
    text = sr_consent_model_render(model, 80);
    g_assert_true(g_str_has_prefix(text, "ERROR: wrong page\nSign in"));
}

/* Every row keeps to the width, is marked as what it is, and no character is lost. */
static void test_render_wraps(void)
{
    for (guint columns = 0; columns < 100; columns += 7) {
        g_autoptr(SrConsentModel) model = sr_consent_model_new();
        g_autofree char *line = g_strnfill(400, 'A');
        g_autofree char *text = NULL;
        g_auto(GStrv) rows = NULL;
        gsize found = 0;

        sr_consent_model_add(model, SR_CONSENT_TITLE, "?");
        sr_consent_model_add_text(model, line, 400);
        text = sr_consent_model_render(model, columns);
        rows = g_strsplit(text, "\n", -1);
        for (guint i = 3; rows[i] && *rows[i]; i++) {
            g_assert_true(g_str_has_prefix(rows[i], i == 3 ? "  | " : "  + "));
            g_assert_cmpuint(strlen(rows[i]), <=, MAX(columns, 40));
            found += strspn(rows[i] + 4, "A");
        }
        g_assert_cmpuint(found, ==, 400);
    }
}

static void add_bad_rows(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(bad_rows); i++) {
        g_autofree char *path = g_strdup_printf("/consent-model/refuses/%s", bad_rows[i].name);

        g_test_add_data_func(path, &bad_rows[i], test_bad);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/consent-model/wire-form", test_wire_form);
    g_test_add_func("/consent-model/wire-form-can-be-read-back", test_round_trip);
    g_test_add_func("/consent-model/names-of-kinds", test_names);
    g_test_add_func("/consent-model/added-text-cannot-add-entries", test_added_text_is_escaped);
    g_test_add_func("/consent-model/no-line-of-a-text-is-left-out", test_text_lines);
    g_test_add_func("/consent-model/long-line-stays-one-entry", test_long_line_stays_one_entry);
    g_test_add_func("/consent-model/escaped-counts-the-text", test_escaped_counts_the_text);
    g_test_add_func("/consent-model/refuses/nul", test_nul_is_refused);
    g_test_add_func("/consent-model/refuses/one-byte-over-the-limit", test_size_limit);
    g_test_add_func("/consent-render/order-and-form", test_render);
    g_test_add_func("/consent-render/errors-come-first", test_render_errors_first);
    g_test_add_func("/consent-render/wraps-without-losing-a-character", test_render_wraps);
    add_bad_rows();
    return g_test_run();
}
