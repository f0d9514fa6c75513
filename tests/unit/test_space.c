/* Names of TinyCloud: spaces, resources in them, encryption networks. */
#include "tinycloud/space.h"

#include "base/error.h"

#include <string.h>

#define ADDRESS "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
#define SMALL "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
#define OTHER "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
#define SPACE "tinycloud:pkh:eip155:1:" ADDRESS ":default"
#define NETWORK "urn:tinycloud:encryption:"
#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static SrSlice slice(const char *text)
{
    return (SrSlice){text, strlen(text)};
}

static void assert_slice(SrSlice actual, const char *expected)
{
    g_autofree char *text = actual.data ? g_strndup(actual.data, actual.length) : NULL;

    g_assert_cmpstr(text, ==, expected);
}

static SrSpaceOwner owner_of(const char *address, gint64 chain_id)
{
    g_autoptr(GError) error = NULL;
    SrSpaceOwner owner;

    sr_space_owner_init(&owner, address, chain_id, &error);
    g_assert_no_error(error);
    return owner;
}

static void assert_refused(const GError *error)
{
    g_assert_error(error, SR_ERROR, SR_ERROR_INVALID_PARAMS);
    g_assert_null(sr_error_detail(error)->field);
}

/* --- accounts -------------------------------------------------------------------------------- */

static void test_owner(void)
{
    const SrSpaceOwner owner = owner_of(SMALL, 137);
    g_autofree char *did = sr_space_owner_did(&owner);
    g_autofree char *id = sr_space_id_new(&owner, "my-app.v1_~", NULL);

    g_assert_cmpstr(owner.address, ==, ADDRESS);
    g_assert_cmpstr(did, ==, "did:pkh:eip155:137:" ADDRESS);
    g_assert_cmpstr(id, ==, "tinycloud:pkh:eip155:137:" ADDRESS ":my-app.v1_~");
}

static void test_owners_that_are_none(void)
{
    static const struct {
        const char *address;
        gint64 chain_id;
    } rows[] = {
        {"", 1},
        {"f39fd6e51aad88f6f4ce6ab8827279cfffb92266", 1},
        {"0xF39Fd6e51aad88F6F4ce6aB8827279cffFb92266", 1}, /* wrong checksum */
        {ADDRESS "0", 1},
        {ADDRESS, 0},
        {ADDRESS, -1},
        {ADDRESS, SR_CHAIN_ID_MAX + 1},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        SrSpaceOwner owner;

        g_assert_false(sr_space_owner_init(&owner, rows[i].address, rows[i].chain_id, &error));
        assert_refused(error);
    }
}

/* --- spaces and resources -------------------------------------------------------------------- */

static void test_resources(void)
{
    static const struct {
        const char *uri;
        const char *text; /* NULL: the same */
        gint64 chain_id;
        const char *name;
        const char *service;
        const char *path;
    } rows[] = {
        {SPACE "/kv", NULL, 1, "default", "kv", NULL},
        {SPACE "/kv/", NULL, 1, "default", "kv", ""},
        {SPACE "/kv/a/b.c", NULL, 1, "default", "kv", "a/b.c"},
        {SPACE "/kv//", NULL, 1, "default", "kv", "/"},
        {SPACE "/sql/com.example/x:y@z", NULL, 1, "default", "sql", "com.example/x:y@z"},
        {SPACE "/kv/a/...", NULL, 1, "default", "kv", "a/..."},
        {"tinycloud:pkh:eip155:9007199254740991:" ADDRESS ":x*'()/kv/*", NULL, SR_CHAIN_ID_MAX,
         "x*'()", "kv", "*"},
        {"tinycloud:pkh:eip155:10:" SMALL ":x/kv/0xAB",
         "tinycloud:pkh:eip155:10:" ADDRESS ":x/kv/0xAB", 10, "x", "kv", "0xAB"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;
        SrResource resource;

        sr_resource_parse(slice(rows[i].uri), &resource, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(resource.space.owner.address, ==, ADDRESS);
        g_assert_cmpint(resource.space.owner.chain_id, ==, rows[i].chain_id);
        assert_slice(resource.space.name, rows[i].name);
        assert_slice(resource.service, rows[i].service);
        assert_slice(resource.path, rows[i].path);
        text = sr_resource_text(&resource);
        g_assert_cmpstr(text, ==, rows[i].text ? rows[i].text : rows[i].uri);
    }
}

static const char *const no_resources[] = {
    "",
    "tinycloud:",
    SPACE,
    SPACE "/",
    SPACE "/kv?x",
    SPACE "/kv#x",
    SPACE "/kv/a?b",
    SPACE "/kv/a#get",
    SPACE "/kv/a%20b",
    SPACE "/kv/a b",
    SPACE "/kv/a\xc3\xa4",
    SPACE "/kv/.",
    SPACE "/kv/a/..",
    SPACE "/kv/../sql",
    SPACE "/kv/a/./b",
    SPACE "/../kv",
    SPACE "//a",
    "TINYCLOUD:pkh:eip155:1:" ADDRESS ":default/kv",
    "tinycloud:key:z6Mk:default/kv",
    "tinycloud:pkh:eip155:1:" ADDRESS ":/kv",
    "tinycloud:pkh:eip155:1:" ADDRESS "/kv",
    "tinycloud:pkh:eip155:1:" ADDRESS ":a:b/kv",
    "tinycloud:pkh:eip155:1:" ADDRESS ":a%b/kv",
    "tinycloud:pkh:eip155:0:" ADDRESS ":a/kv",
    "tinycloud:pkh:eip155:01:" ADDRESS ":a/kv",
    "tinycloud:pkh:eip155:+1:" ADDRESS ":a/kv",
    "tinycloud:pkh:eip155::" ADDRESS ":a/kv",
    "tinycloud:pkh:eip155:9007199254740992:" ADDRESS ":a/kv",
    "tinycloud:pkh:eip155:99999999999999999999:" ADDRESS ":a/kv",
    "tinycloud:pkh:eip155:1:0xF39Fd6e51aad88F6F4ce6aB8827279cffFb92266:a/kv",
    "tinycloud:pkh:eip155:1:*:a/kv",
    "tinycloud:pkh:eip155:1:" ADDRESS ":" HUNDRED TEN TEN "012345678/kv",
};

static void test_no_resources(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(no_resources); i++) {
        g_autoptr(GError) error = NULL;
        SrResource resource;

        g_test_message("%s", no_resources[i]);
        g_assert_false(sr_resource_parse(slice(no_resources[i]), &resource, &error));
        assert_refused(error);
    }
}

static void test_making_resources(void)
{
    static const struct {
        const char *service;
        const char *path;
        const char *uri; /* NULL: refused */
    } rows[] = {
        {"kv", NULL, SPACE "/kv"},  {"kv", "", SPACE "/kv"}, {"kv", "a/", SPACE "/kv/a/"},
        {"kv", "/", SPACE "/kv//"}, {"kv", "a%", NULL},      {"kv", "a?b", NULL},
        {"kv", "a#b", NULL},        {"kv", "a/../b", NULL},  {"", "a", NULL},
        {"k/v", "a", NULL},         {"..", "a", NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *uri = sr_resource_uri_new(SPACE, rows[i].service, rows[i].path, &error);

        g_assert_cmpstr(uri, ==, rows[i].uri);
        g_assert_true((uri == NULL) == (error != NULL));
    }
}

static void test_lengths(void)
{
    const SrSpaceOwner owner = owner_of(ADDRESS, 1);
    g_autofree char *name = g_strnfill(SR_SPACE_NAME_MAX + 1, 'a');
    g_autofree char *path = g_strnfill(SR_RESOURCE_PATH_MAX + 1, 'a');
    g_autofree char *id = NULL;
    g_autofree char *uri = NULL;

    g_assert_null(sr_space_id_new(&owner, name, NULL));
    g_assert_null(sr_resource_uri_new(SPACE, "kv", path, NULL));
    name[SR_SPACE_NAME_MAX] = '\0';
    path[SR_RESOURCE_PATH_MAX] = '\0';
    id = sr_space_id_new(&owner, name, NULL);
    uri = sr_resource_uri_new(id, "kv", path, NULL);
    g_assert_nonnull(uri);
}

static void test_short_names(void)
{
    static const char *const bad[] = {
        "", "a:b", "pkh:eip155:1:" OTHER ":default", "a/b", "a b", "a%20", "a?", "a#", "\xc3\xa4"};
    const SrSpaceOwner owner = owner_of(ADDRESS, 1);

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(sr_space_id_new(&owner, bad[i], &error));
        assert_refused(error);
    }
}

static void test_covers(void)
{
    static const struct {
        const char *parent;
        const char *child;
        gboolean covers;
    } rows[] = {
        {SPACE "/kv", SPACE "/kv", TRUE},
        {SPACE "/kv", SPACE "/kv/a", TRUE},
        {SPACE "/kv/a", SPACE "/kv/a", TRUE},
        {SPACE "/kv/a", SPACE "/kv/a/b", TRUE},
        {SPACE "/kv/a/", SPACE "/kv/a/b", TRUE},
        {SPACE "/kv/a/", SPACE "/kv/a/", TRUE},
        {"tinycloud:pkh:eip155:1:" SMALL ":default/kv", SPACE "/kv/a", TRUE},
        {SPACE "/kv/a", SPACE "/kv/ab", FALSE},
        {SPACE "/kv/a/", SPACE "/kv/a", FALSE},
        {SPACE "/kv/a", SPACE "/kv", FALSE},
        {SPACE "/kv/", SPACE "/kv", FALSE},
        {SPACE "/kv/", SPACE "/kv/a", FALSE},
        {SPACE "/kv//", SPACE "/kv/a", FALSE},
        {SPACE "/kv/A", SPACE "/kv/a", FALSE},
        {SPACE "/kv", SPACE "/sql", FALSE},
        {SPACE "/kv", SPACE "2/kv", FALSE},
        {SPACE "/kv", "tinycloud:pkh:eip155:2:" ADDRESS ":default/kv", FALSE},
        {SPACE "/kv", "tinycloud:pkh:eip155:1:" OTHER ":default/kv", FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        SrResource parent;
        SrResource child;

        g_test_message("%s and %s", rows[i].parent, rows[i].child);
        g_assert_true(sr_resource_parse(slice(rows[i].parent), &parent, NULL));
        g_assert_true(sr_resource_parse(slice(rows[i].child), &child, NULL));
        g_assert_cmpint(sr_resource_covers(&parent, &child), ==, rows[i].covers);
    }
}

/* --- encryption networks --------------------------------------------------------------------- */

static void test_networks(void)
{
    static const struct {
        const char *id;
        const char *did;
        const char *name;
        gboolean is_owned;
    } rows[] = {
        {NETWORK "did:pkh:eip155:1:" ADDRESS ":default", "did:pkh:eip155:1:" ADDRESS, "default",
         TRUE},
        {NETWORK "did:pkh:eip155:1:" SMALL ":a-1-", "did:pkh:eip155:1:" SMALL, "a-1-", TRUE},
        {NETWORK "did:pkh:eip155:2:" ADDRESS ":default", "did:pkh:eip155:2:" ADDRESS, "default",
         FALSE},
        {NETWORK "did:pkh:eip155:1:" OTHER ":0", "did:pkh:eip155:1:" OTHER, "0", FALSE},
        {NETWORK "did:key:z6Mk:team", "did:key:z6Mk", "team", FALSE},
        {NETWORK "did:web:a.example:x:team", "did:web:a.example:x", "team", FALSE},
    };
    const SrSpaceOwner owner = owner_of(ADDRESS, 1);

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        SrEncryptionNetwork network;

        sr_network_parse(slice(rows[i].id), &network, &error);
        g_assert_no_error(error);
        assert_slice(network.owner_did, rows[i].did);
        assert_slice(network.name, rows[i].name);
        g_assert_cmpint(sr_network_is_owned(&network, &owner), ==, rows[i].is_owned);
    }
}

static const char *const no_networks[] = {
    "",
    NETWORK,
    NETWORK "default",
    NETWORK "did:key:default",
    NETWORK "did::z6Mk:default",
    NETWORK "did:key::default",
    NETWORK "did:key:z6Mk:",
    NETWORK "did:key:z6Mk:-a",
    NETWORK "did:key:z6Mk:A",
    NETWORK "did:key:z6Mk:a_b",
    NETWORK "did:key:z6Mk:*",
    NETWORK "did:key:z6Mk#x:a",
    NETWORK "did:key:z6Mk/x:a",
    NETWORK "did:key:z6%4dk:a",
    NETWORK "did:pkh:eip155:01:" ADDRESS ":a",
    NETWORK "did:pkh:eip155:1:0xF39Fd6e51aad88F6F4ce6aB8827279cffFb92266:a",
    NETWORK "did:pkh:eip155:1:" ADDRESS ":a:b",
    NETWORK "key:did:z6Mk:a",
    "URN:tinycloud:encryption:did:key:z6Mk:a",
    "tinycloud:encryption:did:key:z6Mk:a",
};

static void test_no_networks(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(no_networks); i++) {
        g_autoptr(GError) error = NULL;
        SrEncryptionNetwork network;

        g_test_message("%s", no_networks[i]);
        g_assert_false(sr_network_parse(slice(no_networks[i]), &network, &error));
        assert_refused(error);
    }
}

static void test_making_networks(void)
{
    const SrSpaceOwner owner = owner_of(ADDRESS, 1);
    g_autofree char *id = sr_network_id_new(&owner, "default", NULL);
    g_autoptr(GError) error = NULL;

    g_assert_cmpstr(id, ==, NETWORK "did:pkh:eip155:1:" ADDRESS ":default");
    g_assert_null(sr_network_id_new(&owner, "Default", &error));
    assert_refused(error);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/space/an-account-gets-its-checksum-and-its-ids", test_owner);
    g_test_add_func("/space/what-is-no-account-is-refused", test_owners_that_are_none);
    g_test_add_func("/space/resources-are-read-in-pieces-and-written-the-same", test_resources);
    g_test_add_func("/space/what-is-no-resource-is-refused", test_no_resources);
    g_test_add_func("/space/resources-are-made-as-the-sdk-makes-them", test_making_resources);
    g_test_add_func("/space/names-and-paths-have-a-limit", test_lengths);
    g_test_add_func("/space/a-short-name-names-nobody-else", test_short_names);
    g_test_add_func("/space/a-resource-covers-what-lies-below-it", test_covers);
    g_test_add_func("/network/is-read-and-known-as-own-or-foreign", test_networks);
    g_test_add_func("/network/what-is-no-network-is-refused", test_no_networks);
    g_test_add_func("/network/ids-are-made-for-an-account", test_making_networks);
    return g_test_run();
}
