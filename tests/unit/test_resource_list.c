/* Lists of resources: there and back, and each form that is refused with the member to blame. */
#include "tinycloud/resource_list.h"

#include "base/error.h"
#include "base/json_canonical.h"
#include "support/secret_text.h"
#include "support/session_maker.h"

#include <string.h>

#define OTHER "tinycloud:pkh:eip155:1:" TEST_WALLET ":other"
#define SMALL "tinycloud:pkh:eip155:1:0x7e5f4552091a69125d5dfcb7b8c2659029395bdf:other"
#define NETWORK "urn:tinycloud:encryption:did:pkh:eip155:1:" TEST_WALLET ":default"
#define GET "\"actions\":[\"tinycloud.kv/get\"]"

static SrJson *read_list(const char *text, GError **error)
{
    const SrPlace place = sr_place_member(NULL, "resources");
    g_autoptr(SrJson) list = test_json(text);

    return sr_resource_list_read(&place, list, TEST_SPACE, error);
}

typedef struct {
    const char *name;
    const char *list;
    const char *attenuations;
} Read;

static const Read good[] = {
    {"all-members",
     "[{\"service\":\"kv\",\"space\":\"" OTHER "\",\"path\":\"notes/\"," GET ",\"caveats\":[]}]",
     "{\"" OTHER "/kv/notes/\":{\"tinycloud.kv/get\":[{}]}}"},
    {"actions-alone", "[{" GET "}]", "{\"" TEST_SPACE "/kv\":{\"tinycloud.kv/get\":[{}]}}"},
    {"empty-path", "[{\"path\":\"\"," GET "}]",
     "{\"" TEST_SPACE "/kv\":{\"tinycloud.kv/get\":[{}]}}"},
    {"owner-in-small-letters", "[{\"space\":\"" SMALL "\"," GET "}]",
     "{\"" OTHER "/kv\":{\"tinycloud.kv/get\":[{}]}}"},
    {"two-services", "[{\"path\":\"a\",\"actions\":[\"tinycloud.kv/get\",\"tinycloud.sql/read\"]}]",
     "{\"" TEST_SPACE "/kv/a\":{\"tinycloud.kv/get\":[{}]},\"" TEST_SPACE
     "/sql/a\":{\"tinycloud.sql/read\":[{}]}}"},
    {"two-elements-of-one-resource",
     "[{" GET "},{\"actions\":[\"tinycloud.kv/put\",\"tinycloud.kv/get\"]}]",
     "{\"" TEST_SPACE "/kv\":{\"tinycloud.kv/get\":[{}],\"tinycloud.kv/put\":[{}]}}"},
    {"everything-of-sql", "[{\"actions\":[\"tinycloud.sql/*\"]}]",
     "{\"" TEST_SPACE "/sql\":{\"tinycloud.sql/*\":[{}]}}"},
    {"caveats", "[{" GET ",\"caveats\":[{\"max\":1},{}]}]",
     "{\"" TEST_SPACE "/kv\":{\"tinycloud.kv/get\":[{\"max\":1},{}]}}"},
    {"network",
     "[{\"service\":\"encryption\",\"space\":\"encryption\",\"path\":\"" NETWORK "\","
     "\"actions\":[\"tinycloud.encryption/decrypt\",\"tinycloud.encryption/network.create\"]}]",
     "{\"" NETWORK "\":{\"tinycloud.encryption/decrypt\":[{}],"
     "\"tinycloud.encryption/network.create\":[{}]}}"},
};

static void test_good(gconstpointer data)
{
    const Read *row = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(SrJson) found = read_list(row->list, &error);
    g_autoptr(SrJson) expected = test_json(row->attenuations);

    g_assert_no_error(error);
    g_assert_true(json_object_equal(found, expected));
}

typedef struct {
    const char *name;
    const char *list;
    const char *field;
    const char *problem;
} Refused;

static const Refused refused[] = {
    {"no-list", "{}", "resources", "must be an array"},
    {"empty-list", "[]", "resources", "must not be empty"},
    {"element-that-is-null", "[null]", "resources[0]", "must be an object"},
    {"element-that-is-text", "[\"kv\"]", "resources[0]", "must be an object"},
    {"unknown-member", "[{" GET ",\"skipPrefix\":true}]", "resources[0].skipPrefix",
     "is not known"},
    {"no-actions", "[{\"path\":\"a\"}]", "resources[0].actions", "must be an array"},
    {"actions-null", "[{\"actions\":null}]", "resources[0].actions", "must be an array"},
    {"actions-as-text", "[{\"actions\":\"tinycloud.kv/get\"}]", "resources[0].actions",
     "must be an array"},
    {"empty-actions", "[{\"actions\":[]}]", "resources[0].actions", "must not be empty"},
    {"action-null", "[{\"actions\":[null]}]", "resources[0].actions[0]", "must be a text"},
    {"action-empty", "[{\"actions\":[\"\"]}]", "resources[0].actions[0]", "must not be empty"},
    {"short-action", "[{\"actions\":[\"get\"]}]", "resources[0].actions[0]", "not an action"},
    {"action-of-a-short-service", "[{\"actions\":[\"kv/get\"]}]", "resources[0].actions[0]",
     "not an action"},
    {"service-without-action", "[{\"actions\":[\"tinycloud.kv\"]}]", "resources[0].actions[0]",
     "not an action"},
    {"action-without-name", "[{\"actions\":[\"tinycloud.kv/\"]}]", "resources[0].actions[0]",
     "not an action"},
    {"action-with-two-slashes", "[{\"actions\":[\"tinycloud.kv/a/b\"]}]", "resources[0].actions[0]",
     "not an action"},
    {"action-with-space", "[{\"actions\":[\"tinycloud.kv/a b\"]}]", "resources[0].actions[0]",
     "not an action"},
    {"action-with-quote", "[{\"actions\":[\"tinycloud.kv/a'\"]}]", "resources[0].actions[0]",
     "not an action"},
    {"action-of-no-service", "[{\"actions\":[\"/get\"]}]", "resources[0].actions[0]",
     "not an action"},
    {"action-of-an-unknown-service", "[{\"actions\":[\"tinycloud.mail/get\"]}]",
     "resources[0].actions[0]", "not an action"},
    {"action-of-the-vault", "[{\"actions\":[\"tinycloud.vault/read\"]}]", "resources[0].actions[0]",
     "not an action"},
    {"second-action", "[{\"actions\":[\"tinycloud.kv/get\",\"get\"]}]", "resources[0].actions[1]",
     "not an action"},
    {"action-of-another-service", "[{\"service\":\"sql\"," GET "}]", "resources[0].actions[0]",
     "not an action of the service \"sql\""},
    {"service-empty", "[{\"service\":\"\"," GET "}]", "resources[0].service", "must not be empty"},
    {"service-null", "[{\"service\":null," GET "}]", "resources[0].service", "must be a text"},
    {"path-null", "[{\"path\":null," GET "}]", "resources[0].path", "must be a text"},
    {"path-with-dots", "[{\"path\":\"a/../b\"," GET "}]", "resources[0].path", "\"..\""},
    {"path-with-percent", "[{\"path\":\"a%2fb\"," GET "}]", "resources[0].path", "\"%\""},
    {"path-with-query", "[{\"path\":\"a?b\"," GET "}]", "resources[0].path", "URI"},
    {"path-with-line", "[{\"path\":\"a\\nb\"," GET "}]", "resources[0].path", "URI"},
    {"space-null", "[{\"space\":null," GET "}]", "resources[0].space", "must be a text"},
    {"space-by-its-name", "[{\"space\":\"default\"," GET "}]", "resources[0].space",
     "is not the id of a space"},
    {"space-with-a-service", "[{\"space\":\"" OTHER "/sql\"," GET "}]", "resources[0].space",
     "the name of a space"},
    {"space-with-a-wrong-checksum",
     "[{\"space\":\"tinycloud:pkh:eip155:1:0x7E5F4552091A69125d5DfCb7b8C2659029395BDf:x\"," GET
     "}]",
     "resources[0].space", "is not the id of a space"},
    {"space-of-kv-that-is-encryption", "[{\"space\":\"encryption\"," GET "}]", "resources[0].space",
     "is not the id of a space"},
    {"network-without-path", "[{\"actions\":[\"tinycloud.encryption/decrypt\"]}]",
     "resources[0].path", "must be the id of a network"},
    {"network-that-is-none",
     "[{\"path\":\"notes\",\"actions\":[\"tinycloud.encryption/decrypt\"]}]", "resources[0].path",
     "is not the id of an encryption network"},
    {"caveats-null", "[{" GET ",\"caveats\":null}]", "resources[0].caveats", "must be an array"},
    {"caveats-as-object", "[{" GET ",\"caveats\":{}}]", "resources[0].caveats", "must be an array"},
    {"caveat-null", "[{" GET ",\"caveats\":[null]}]", "resources[0].caveats[0]",
     "must be an object"},
    {"caveat-as-list", "[{" GET ",\"caveats\":[{},[]]}]", "resources[0].caveats[1]",
     "must be an object"},
    {"caveat-with-a-fraction", "[{" GET ",\"caveats\":[{\"max\":1.5}]}]", "resources",
     "a number that is not whole"},
    {"the-same-action-with-other-caveats", "[{" GET ",\"caveats\":[{\"max\":1}]},{" GET "}]",
     "resources[1].actions[0]", "is there before with other caveats"},
    {"second-element", "[{" GET "},{}]", "resources[1].actions", "must be an array"},
};

static void test_refused(gconstpointer data)
{
    const Refused *row = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(SrJson) found = read_list(row->list, &error);

    g_assert_null(found);
    sr_assert_blames(error, SR_ERROR_INVALID_PARAMS, row->field);
    if (!strstr(error->message, row->problem))
        g_error("%s", error->message);
}

/* A list of @count times @element. */
static char *repeat(const char *element, guint count)
{
    GString *list = g_string_new("[");

    for (guint i = 0; i < count; i++)
        g_string_append_printf(list, "%s%s", i ? "," : "", element);
    g_string_append(list, "]");
    return g_string_free(list, FALSE);
}

static void test_limits(void)
{
    g_autofree char *most = repeat("{" GET "}", SR_RESOURCES_MAX);
    g_autofree char *more = repeat("{" GET "}", SR_RESOURCES_MAX + 1);
    g_autofree char *actions = repeat("\"tinycloud.kv/get\"", SR_RESOURCE_ACTIONS_MAX + 1);
    g_autofree char *caveats = repeat("{}", SR_RESOURCE_CAVEATS_MAX + 1);
    g_autofree char *of_actions = g_strdup_printf("[{\"actions\":%s}]", actions);
    g_autofree char *of_caveats = g_strdup_printf("[{" GET ",\"caveats\":%s}]", caveats);
    const char *const lists[][2] = {{more, "resources"},
                                    {of_actions, "resources[0].actions"},
                                    {of_caveats, "resources[0].caveats"}};
    g_autoptr(SrJson) found = read_list(most, NULL);

    g_assert_nonnull(found);
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(read_list(lists[i][0], &error));
        sr_assert_blames(error, SR_ERROR_INVALID_PARAMS, lists[i][1]);
    }
}

/* More than fits into a ReCap could not be shown to anybody. */
static void test_too_much(void)
{
    GString *list = g_string_new("[{" GET "}");
    g_autoptr(GError) error = NULL;

    for (guint i = 1; i < SR_RESOURCES_MAX; i++)
        g_string_append_printf(list, ",{\"path\":\"a/long/path/%u\"," GET "}", i);
    g_string_append(list, "]");
    g_assert_null(read_list(list->str, &error));
    sr_assert_blames(error, SR_ERROR_INVALID_PARAMS, "resources");
    g_assert_nonnull(strstr(error->message, "is too much at once"));
    g_string_free(list, TRUE);
}

/* What is written says the same to a reader. */
static const char *const written[] = {
    TEST_NOTES,
    "{\"" TEST_SPACE "/kv\":{\"tinycloud.kv/get\":[{}],\"tinycloud.kv/put\":[{}]}}",
    "{\"" OTHER "/kv/a/\":{\"tinycloud.kv/get\":[{}]},\"" TEST_SPACE
    "/sql/a\":{\"tinycloud.sql/read\":[{}]},\"" NETWORK
    "\":{\"tinycloud.encryption/decrypt\":[{}]}}",
    "{\"" TEST_SPACE "/kv\":{\"tinycloud.kv/del\":[{\"max\":1}],\"tinycloud.kv/get\":[{}],"
    "\"tinycloud.kv/list\":[{\"max\":1}],\"tinycloud.kv/put\":[{\"max\":1},{\"max\":2}]}}",
};

static void test_round_trip(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(written); i++) {
        const SrPlace place = sr_place_member(NULL, "resources");
        g_autoptr(SrJson) attenuations = test_json(written[i]);
        g_autoptr(SrJson) list = sr_resource_list_write(attenuations);
        g_autoptr(GError) error = NULL;
        g_autoptr(SrJson) again =
            sr_resource_list_read(&place, list, "tinycloud:of-no-use", &error);

        g_assert_no_error(error);
        g_assert_true(json_object_equal(again, attenuations));
    }
}

static void test_written(void)
{
    g_autoptr(SrJson) attenuations =
        test_json("{\"" TEST_SPACE "/kv/notes\":{\"tinycloud.kv/del\":[],"
                  "\"tinycloud.kv/get\":[{}],\"tinycloud.kv/put\":[{\"max\":1}]},\"" NETWORK
                  "\":{\"tinycloud.encryption/decrypt\":[{},{\"max\":1}]}}");
    g_autoptr(SrJson) list = sr_resource_list_write(attenuations);
    g_autofree char *text = sr_json_text(list);

    g_assert_cmpstr(text, ==,
                    "[{\"service\":\"kv\",\"space\":\"" TEST_SPACE "\",\"path\":\"notes\","
                    "\"actions\":[\"tinycloud.kv/get\"]},"
                    "{\"service\":\"kv\",\"space\":\"" TEST_SPACE "\",\"path\":\"notes\","
                    "\"actions\":[\"tinycloud.kv/put\"],\"caveats\":[{\"max\":1}]},"
                    "{\"service\":\"encryption\",\"space\":\"encryption\",\"path\":\"" NETWORK "\","
                    "\"actions\":[\"tinycloud.encryption/decrypt\"]}]");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autofree char *path = g_strconcat("/resource-list/reads/", good[i].name, NULL);

        g_test_add_data_func(path, &good[i], test_good);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autofree char *path = g_strconcat("/resource-list/refuses/", refused[i].name, NULL);

        g_test_add_data_func(path, &refused[i], test_refused);
    }
    g_test_add_func("/resource-list/limits", test_limits);
    g_test_add_func("/resource-list/no-more-than-a-recap-holds", test_too_much);
    g_test_add_func("/resource-list/what-is-written-reads-as-the-same", test_round_trip);
    g_test_add_func("/resource-list/written-as-the-sdks-have-it", test_written);
    return g_test_run();
}
