/* Native-messaging manifests as text, and the ids of extensions in them. */
#include "base/error.h"
#include "browsers/host_manifest.h"
#include "wire/extension_form.h"

#include <string.h>

#define HOST "/usr/libexec/sealring/sealring-host"
#define OTHER "ponmlkjihgfedcbaponmlkjihgfedcba"

/* --- ids ------------------------------------------------------------------------------------ */

static void test_ids_belong_to_the_family_of_their_form(void)
{
    static const struct {
        const char *id;
        SrFamily family;
    } rows[] = {
        {SR_COMPANION_CHROMIUM, SR_FAMILY_CHROMIUM},
        {OTHER, SR_FAMILY_CHROMIUM},
        {SR_COMPANION_FIREFOX, SR_FAMILY_FIREFOX},
        {"@nameless", SR_FAMILY_FIREFOX},
        {"A.b-c_9@d.e", SR_FAMILY_FIREFOX},
        {"{d0e1f2a3-1111-2222-3333-44445555666F}", SR_FAMILY_FIREFOX},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        SrFamily family = SR_FAMILY_CHROMIUM;

        g_assert_true(sr_extension_id_read(rows[i].id, &family));
        g_assert_cmpint(family, ==, rows[i].family);
    }
    g_assert_cmpstr(sr_extension_id_companion(SR_FAMILY_FIREFOX), ==, SR_COMPANION_FIREFOX);
}

static void test_what_is_no_id_is_refused(void)
{
    static const char *const bad[] = {
        "",
        "*",
        "abcdefghijklmnopabcdefghijklmno",
        "abcdefghijklmnopabcdefghijklmnopa",
        "abcdefghijklmnopabcdefghijklmnoq",
        "ABCDEFGHIJKLMNOPABCDEFGHIJKLMNOP",
        "chrome-extension://" SR_COMPANION_CHROMIUM "/",
        "name@",
        "a@b@c",
        "a b@c",
        "a@b\"",
        "a@b\n",
        "{d0e1f2a3-1111-2222-3333-44445555666f",
        "{d0e1f2a3-1111-2222-3333-44445555666g}",
        "d0e1f2a3-1111-2222-3333-44445555666f",
    };
    g_autofree char *longest = g_strnfill(SR_EXTENSION_ID_MAX - 1, 'a');
    g_autofree char *fits = g_strconcat("@", longest, NULL);
    g_autofree char *too_long = g_strconcat("@a", longest, NULL);
    SrFamily family;

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(sr_extension_id_read(bad[i], &family));
    g_assert_true(sr_extension_id_read(fits, &family));
    g_assert_false(sr_extension_id_read(too_long, &family));
}

/* --- text ----------------------------------------------------------------------------------- */

static SrHostManifest *parse(SrFamily family, const char *text, GError **error)
{
    return sr_host_manifest_parse(family, text, strlen(text), error);
}

static void test_the_text_is_what_browsers_read(void)
{
    g_autoptr(SrHostManifest) chromium = sr_host_manifest_new(SR_FAMILY_CHROMIUM, HOST);
    g_autoptr(SrHostManifest) firefox = sr_host_manifest_new(SR_FAMILY_FIREFOX, HOST);
    g_autofree char *origins = NULL;
    g_autofree char *ids = NULL;

    sr_host_manifest_add(chromium, SR_COMPANION_CHROMIUM);
    sr_host_manifest_add(firefox, SR_COMPANION_FIREFOX);
    origins = sr_host_manifest_text(chromium);
    ids = sr_host_manifest_text(firefox);
    g_assert_cmpstr(origins, ==,
                    "{\n"
                    "  \"name\": \"org.sealring.host\",\n"
                    "  \"description\": \"sealring: keys in the system's keyring\",\n"
                    "  \"path\": \"" HOST "\",\n"
                    "  \"type\": \"stdio\",\n"
                    "  \"allowed_origins\": [\n"
                    "    \"chrome-extension://" SR_COMPANION_CHROMIUM "/\"\n"
                    "  ]\n"
                    "}\n");
    g_assert_nonnull(
        strstr(ids, "\"allowed_extensions\": [\n    \"" SR_COMPANION_FIREFOX "\"\n  ]"));
    g_assert_null(strstr(ids, "allowed_origins"));
    g_assert_null(strstr(origins, "allowed_extensions"));
}

static void test_what_was_written_is_read_again(void)
{
    static const char strange[] = "/opt/\"quoted\" and \\ \xc3\xa9/sealring-host";
    g_autoptr(SrHostManifest) manifest = sr_host_manifest_new(SR_FAMILY_CHROMIUM, strange);
    g_autoptr(SrHostManifest) again = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    sr_host_manifest_add(manifest, OTHER);
    sr_host_manifest_add(manifest, SR_COMPANION_CHROMIUM);
    sr_host_manifest_add(manifest, OTHER);
    text = sr_host_manifest_text(manifest);
    again = parse(SR_FAMILY_CHROMIUM, text, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(again->program, ==, strange);
    g_assert_cmpuint(again->extensions->len, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(again->extensions, 0), ==, OTHER);
    sr_host_manifest_drop(again, OTHER);
    sr_host_manifest_drop(again, OTHER);
    g_assert_false(sr_host_manifest_has(again, OTHER));
    g_assert_true(sr_host_manifest_has(again, SR_COMPANION_CHROMIUM));
}

#define START                                                                                      \
    "{\"name\":\"org.sealring.host\",\"description\":\"d\",\"type\":\"stdio\",\"path\":\"" HOST "\""

static void test_unknown_members_and_an_empty_list_are_no_damage(void)
{
    g_autoptr(SrHostManifest) manifest =
        parse(SR_FAMILY_FIREFOX, START ",\"more\":{\"a\":[1]},\"allowed_extensions\":[]}", NULL);

    g_assert_nonnull(manifest);
    g_assert_cmpuint(manifest->extensions->len, ==, 0);
}

static void test_a_manifest_of_something_else_is_foreign(void)
{
    static const char *const foreign[] = {
        "{\"name\":\"com.example.host\",\"type\":\"stdio\",\"path\":\"" HOST
        "\",\"allowed_origins\":[]}",
        "{\"name\":\"org.sealring.host\",\"type\":\"stdio\",\"path\":\"/usr/bin/evil\","
        "\"allowed_origins\":[]}",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(foreign); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(parse(SR_FAMILY_CHROMIUM, foreign[i], &error));
        g_assert_error(error, SR_ERROR, SR_ERROR_KEY_EXISTS);
    }
}

static void test_what_no_browser_reads_is_damaged(void)
{
    static const char *const damaged[] = {
        "",
        "[]",
        "\"text\"",
        START,
        START "}",
        START ",\"allowed_extensions\":[\"a@b\"]}",
        START ",\"allowed_origins\":\"chrome-extension://" OTHER "/\"}",
        START ",\"allowed_origins\":[1]}",
        START ",\"allowed_origins\":[\"\"]}",
        START ",\"allowed_origins\":[\"chrome-extension://\"]}",
        START ",\"allowed_origins\":[\"chrome-extension://" OTHER "\"]}",
        START ",\"allowed_origins\":[\"chrome-extension://*/\"]}",
        START ",\"allowed_origins\":[\"https://example.com/\"]}",
        "{\"name\":\"org.sealring.host\",\"type\":\"pipe\",\"path\":\"" HOST
        "\",\"allowed_origins\":[]}",
        "{\"name\":\"org.sealring.host\",\"type\":\"stdio\",\"path\":\"sealring-host\","
        "\"allowed_origins\":[]}",
        "{\"name\":1,\"type\":\"stdio\",\"path\":\"" HOST "\",\"allowed_origins\":[]}",
        START ",\"allowed_origins\":[]} {}",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(damaged); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(parse(SR_FAMILY_CHROMIUM, damaged[i], &error));
        g_assert_error(error, SR_ERROR, SR_ERROR_CORRUPT);
    }
}

static void test_more_extensions_than_the_limit_are_damage(void)
{
    for (guint extra = 0; extra < 2; extra++) {
        g_autoptr(SrHostManifest) many = sr_host_manifest_new(SR_FAMILY_FIREFOX, HOST);
        g_autoptr(SrHostManifest) again = NULL;
        g_autofree char *text = NULL;

        for (guint i = 0; i < SR_HOST_MANIFEST_IDS_MAX + extra; i++) {
            g_autofree char *id = g_strdup_printf("n%u@example", i);

            sr_host_manifest_add(many, id);
        }
        text = sr_host_manifest_text(many);
        again = parse(SR_FAMILY_FIREFOX, text, NULL);
        g_assert_cmpint(again != NULL, ==, extra == 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host-manifest/ids-belong-to-the-family-of-their-form",
                    test_ids_belong_to_the_family_of_their_form);
    g_test_add_func("/host-manifest/what-is-no-id-is-refused", test_what_is_no_id_is_refused);
    g_test_add_func("/host-manifest/the-text-is-what-browsers-read",
                    test_the_text_is_what_browsers_read);
    g_test_add_func("/host-manifest/what-was-written-is-read-again",
                    test_what_was_written_is_read_again);
    g_test_add_func("/host-manifest/unknown-members-and-an-empty-list-are-no-damage",
                    test_unknown_members_and_an_empty_list_are_no_damage);
    g_test_add_func("/host-manifest/a-manifest-of-something-else-is-foreign",
                    test_a_manifest_of_something_else_is_foreign);
    g_test_add_func("/host-manifest/what-no-browser-reads-is-damaged",
                    test_what_no_browser_reads_is_damaged);
    g_test_add_func("/host-manifest/more-extensions-than-the-limit-are-damage",
                    test_more_extensions_than_the_limit_are_damage);
    return g_test_run();
}
