/* Attenuations: what lies within what, by the rules of TinyCloud's node. */
#include "tinycloud/attenuation.h"

#include "base/error.h"
#include "support/secret_text.h"
#include "support/session_maker.h"

#include <string.h>

#define OWNER "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
#define SMALL_OWNER "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"
#define OTHER_OWNER "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF"
#define SPACE "tinycloud:pkh:eip155:1:" OWNER ":default"
#define NETWORK "urn:tinycloud:encryption:did:pkh:eip155:1:" OWNER ":default"

#define ONE(resource, ability, restrictions) "{\"" resource "\":{\"" ability "\":" restrictions "}}"
#define KV(path, ability) ONE(SPACE "/kv" path, "tinycloud.kv/" ability, "[{}]")
#define ANY(resource) ONE(resource, "tinycloud.kv/get", "[{}]")
#define SQL(ability) ONE(SPACE "/sql/db", "tinycloud.sql/" ability, "[{}]")
#define DUCK(ability) ONE(SPACE "/duckdb/db", "tinycloud.duckdb/" ability, "[{}]")
#define LIMITED(restrictions) ONE(SPACE "/kv", "tinycloud.kv/get", restrictions)

typedef struct {
    const char *name;
    gboolean covered;
    const char *parent;
    const char *child;
} Pair;

static const Pair pairs[] = {
    {"the-same", TRUE, KV("/notes", "get"), KV("/notes", "get")},
    {"a-path-below", TRUE, KV("/notes", "get"), KV("/notes/1", "get")},
    {"a-path-far-below", TRUE, KV("/notes", "get"), KV("/notes/1/2/3", "get")},
    {"the-path-with-a-slash", TRUE, KV("/notes", "get"), KV("/notes/", "get")},
    {"a-name-that-begins-the-same", FALSE, KV("/notes", "get"), KV("/notes2", "get")},
    {"a-path-above", FALSE, KV("/notes/1", "get"), KV("/notes", "get")},
    {"below-a-folder", TRUE, KV("/notes/", "get"), KV("/notes/1", "get")},
    {"a-folder-itself", TRUE, KV("/notes/", "get"), KV("/notes/", "get")},
    {"a-folder-without-its-slash", FALSE, KV("/notes/", "get"), KV("/notes", "get")},
    {"any-path-of-a-service", TRUE, KV("", "get"), KV("/notes/1", "get")},
    {"the-service-itself", TRUE, KV("", "get"), KV("", "get")},
    {"the-service-from-a-path", FALSE, KV("/notes", "get"), KV("", "get")},
    {"the-service-from-its-empty-path", FALSE, KV("/", "get"), KV("", "get")},
    {"paths-from-the-empty-path", FALSE, KV("/", "get"), KV("/notes", "get")},
    {"another-case", FALSE, KV("/notes", "get"), KV("/Notes", "get")},
    {"another-service", FALSE, ANY(SPACE "/kv"), ANY(SPACE "/sql")},
    {"a-service-that-begins-the-same", FALSE, ANY(SPACE "/kv"), ANY(SPACE "/kv2")},
    {"another-space", FALSE, ANY(SPACE "/kv"), ANY(SPACE "2/kv")},
    {"another-chain", FALSE, ANY(SPACE "/kv"), ANY("tinycloud:pkh:eip155:10:" OWNER ":default/kv")},
    {"another-owner", FALSE, ANY(SPACE "/kv"),
     ANY("tinycloud:pkh:eip155:1:" OTHER_OWNER ":default/kv")},
    {"the-owner-in-small-letters", TRUE, ANY("tinycloud:pkh:eip155:1:" SMALL_OWNER ":default/kv"),
     ANY(SPACE "/kv/notes")},
    {"the-owner-in-capitals-below-small", TRUE, ANY(SPACE "/kv"),
     ANY("tinycloud:pkh:eip155:1:" SMALL_OWNER ":default/kv/notes")},
    {"dots-up-from-a-path", FALSE, KV("/notes", "get"), KV("/notes/../keys", "get")},
    {"a-query", FALSE, ANY(SPACE "/kv"), ANY(SPACE "/kv?x")},
    {"a-fragment", FALSE, ANY(SPACE "/kv"), ANY(SPACE "/kv#x")},
    {"an-odd-resource-that-is-the-same", TRUE, ANY("urn:cid:abc"), ANY("urn:cid:abc")},
    {"a-network", TRUE, ANY(NETWORK), ANY(NETWORK)},
    {"a-network-that-begins-the-same", FALSE, ANY(NETWORK), ANY(NETWORK "2")},
    {"a-path-in-a-network", FALSE, ANY(NETWORK), ANY(NETWORK "/x")},
    {"another-ability", FALSE, KV("/notes", "get"), KV("/notes", "put")},
    {"an-ability-that-begins-the-same", FALSE, KV("/notes", "get"), KV("/notes", "getall")},
    {"an-ability-of-another-namespace", FALSE, ANY(SPACE "/kv"),
     ONE(SPACE "/kv", "tinycloud.sql/get", "[{}]")},
    {"delete-from-del", TRUE, KV("/notes", "del"), KV("/notes", "delete")},
    {"del-from-delete", TRUE, KV("/notes", "delete"), KV("/notes", "del")},
    {"del-from-put", FALSE, KV("/notes", "put"), KV("/notes", "del")},
    {"everything-is-no-name-of-kv", FALSE, KV("/notes", "*"), KV("/notes", "get")},
    {"everything-of-kv-is-itself", TRUE, KV("/notes", "*"), KV("/notes/1", "*")},
    {"read-from-all-of-sql", TRUE, SQL("*"), SQL("read")},
    {"select-from-all-of-sql", TRUE, SQL("*"), SQL("select")},
    {"schema-from-all-of-sql", TRUE, SQL("*"), SQL("schema")},
    {"what-sql-does-not-have-from-all", FALSE, SQL("*"), SQL("drop")},
    {"all-of-sql-from-read", FALSE, SQL("read"), SQL("*")},
    {"schema-from-admin", TRUE, SQL("admin"), SQL("schema")},
    {"read-from-admin", FALSE, SQL("admin"), SQL("read")},
    {"admin-from-schema", FALSE, SQL("schema"), SQL("admin")},
    {"select-from-read", TRUE, SQL("read"), SQL("select")},
    {"read-from-select", TRUE, SQL("select"), SQL("read")},
    {"write-from-read", FALSE, SQL("read"), SQL("write")},
    {"export-from-all-of-duckdb", TRUE, DUCK("*"), DUCK("export")},
    {"select-from-read-of-duckdb", TRUE, DUCK("read"), DUCK("select")},
    {"schema-from-admin-of-duckdb", FALSE, DUCK("admin"), DUCK("schema")},
    {"restrictions-under-none", TRUE, LIMITED("[{}]"), LIMITED("[{\"max\":1}]")},
    {"restrictions-beside-none", TRUE, LIMITED("[{\"max\":1},{}]"), LIMITED("[{}]")},
    {"the-same-restrictions", TRUE, LIMITED("[{\"max\":1}]"), LIMITED("[{\"max\":1}]")},
    {"restrictions-in-another-order", TRUE, LIMITED("[{\"a\":1,\"b\":[{\"c\":2}]}]"),
     LIMITED("[{\"b\":[{\"c\":2}],\"a\":1}]")},
    {"one-of-two-restrictions", TRUE, LIMITED("[{\"max\":1},{\"max\":2}]"),
     LIMITED("[{\"max\":2}]")},
    {"a-restriction-twice", TRUE, LIMITED("[{\"max\":1}]"), LIMITED("[{\"max\":1},{\"max\":1}]")},
    {"one-restriction-more", FALSE, LIMITED("[{\"max\":1}]"), LIMITED("[{\"max\":1},{\"max\":2}]")},
    {"no-restriction-under-one", FALSE, LIMITED("[{\"max\":1}]"), LIMITED("[{}]")},
    {"another-restriction", FALSE, LIMITED("[{\"max\":1}]"), LIMITED("[{\"max\":2}]")},
    {"an-empty-list-under-a-restriction", FALSE, LIMITED("[{\"max\":1}]"), LIMITED("[]")},
    {"no-restriction-under-an-empty-list", FALSE, LIMITED("[]"), LIMITED("[{}]")},
    {"an-empty-list-under-an-empty-list", FALSE, LIMITED("[]"), LIMITED("[]")},
    {"nothing", TRUE, KV("/notes", "get"), "{}"},
    {"something-under-nothing", FALSE, "{}", KV("/notes", "get")},
    {"one-of-two-resources", TRUE,
     "{\"" SPACE "/kv/a\":{\"tinycloud.kv/get\":[{}]},\"" SPACE
     "/kv/b\":{\"tinycloud.kv/put\":[{}]}}",
     KV("/b/c", "put")},
    {"the-ability-of-the-other-resource", FALSE,
     "{\"" SPACE "/kv/a\":{\"tinycloud.kv/get\":[{}]},\"" SPACE
     "/kv/b\":{\"tinycloud.kv/put\":[{}]}}",
     KV("/a", "put")},
    {"one-that-is-not-given-beside-one-that-is", FALSE, KV("/notes", "get"),
     "{\"" SPACE "/kv/notes\":{\"tinycloud.kv/get\":[{}],\"tinycloud.kv/put\":[{}]}}"},
};

static void test_pair(gconstpointer data)
{
    const Pair *pair = data;
    g_autoptr(SrJson) parent = test_json(pair->parent);
    g_autoptr(SrJson) child = test_json(pair->child);
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(sr_attenuation_check(parent, child, &error), ==, pair->covered);
    if (pair->covered)
        g_assert_no_error(error);
    else
        g_assert_error(error, SR_ERROR, SR_ERROR_NOT_GRANTED);
}

static void test_message(void)
{
    g_autoptr(SrJson) parent = test_json(KV("/notes", "get"));
    g_autoptr(SrJson) child = test_json(KV("/notes", "put"));
    g_autoptr(GError) error = NULL;

    g_assert_false(sr_attenuation_check(parent, child, &error));
    g_assert_nonnull(strstr(error->message, "tinycloud.kv/put on " SPACE "/kv/notes"));
}

static void test_valid(void)
{
    static const struct {
        gboolean valid;
        const char *json;
    } cases[] = {
        {TRUE, KV("/notes", "get")},
        {TRUE, LIMITED("[{\"max\":1}]")},
        {FALSE, "{}"},
        {FALSE, "[]"},
        {FALSE, "1"},
        {FALSE, "{\"" SPACE "/kv\":{}}"},
        {FALSE, "{\"" SPACE "/kv\":[]}"},
        {FALSE, "{\"" SPACE "/kv\":null}"},
        {FALSE, "{\"" SPACE "/kv\":{\"tinycloud.kv/get\":null}}"},
        {FALSE, LIMITED("[]")},
        {FALSE, LIMITED("{}")},
        {FALSE, LIMITED("[null]")},
        {FALSE, LIMITED("[[]]")},
        {FALSE, LIMITED("[{\"max\":1.5}]")},
        {FALSE, ONE(SPACE "/kv", "get", "[{}]")},
        {FALSE, ONE("nouri", "tinycloud.kv/get", "[{}]")},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(SrJson) json = test_json(cases[i].json);

        if (sr_attenuation_is_valid(json) != cases[i].valid)
            g_error("%s", cases[i].json);
    }
    g_assert_false(sr_attenuation_is_valid(NULL));
}

static void test_space(void)
{
    g_autoptr(SrJson) small =
        test_json("{\"tinycloud:pkh:eip155:1:" SMALL_OWNER ":default/kv\":{\"a/b\":[{}]},"
                  "\"" NETWORK "\":{\"a/b\":[{}]}}");
    g_autoptr(SrJson) networks = test_json(ANY(NETWORK));

    g_assert_true(sr_attenuation_has_space(small, SPACE));
    g_assert_false(sr_attenuation_has_space(small, SPACE "2"));
    g_assert_false(sr_attenuation_has_space(small, "tinycloud:pkh:eip155:1:" OWNER ":defaul"));
    g_assert_false(sr_attenuation_has_space(small, "tinycloud:pkh:eip155:2:" OWNER ":default"));
    g_assert_false(sr_attenuation_has_space(small, SPACE "/kv"));
    g_assert_false(sr_attenuation_has_space(small, NETWORK));
    g_assert_false(sr_attenuation_has_space(small, ""));
    g_assert_true(sr_attenuation_has_space(networks, SPACE));
    g_assert_false(sr_attenuation_has_space(networks, ""));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++) {
        g_autofree char *path = g_strdup_printf(
            "/attenuation/%s/%s", pairs[i].covered ? "covers" : "does-not-cover", pairs[i].name);

        g_test_add_data_func(path, &pairs[i], test_pair);
    }
    g_test_add_func("/attenuation/what-is-not-given-is-named", test_message);
    g_test_add_func("/attenuation/only-what-a-recap-may-hold-is-valid", test_valid);
    g_test_add_func("/attenuation/a-space-is-found-whatever-the-case-of-its-owner", test_space);
    return g_test_run();
}
