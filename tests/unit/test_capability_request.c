/*
 * What an application asks for, as attenuations. Expected values are those of js-sdk's own logic
 * for the same input (tests/vectors/tinycloud), and sizes measured with the real SDK.
 */
#include "tinycloud/capability_request.h"

#include "base/encoding.h"
#include "base/error.h"
#include "ethereum/siwe.h"
#include "support/secret_text.h"
#include "support/vector_file.h"

#include <string.h>

#define ADDRESS "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
#define OTHER "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
#define SPACE "tinycloud:pkh:eip155:1:" ADDRESS ":"
#define NETWORK "urn:tinycloud:encryption:did:pkh:eip155:1:"

static SrJson *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    SrJson *json = sr_json_parse(text, strlen(text), &error);

    g_assert_no_error(error);
    return json;
}

static SrJson *member_optional(SrJson *object, const char *name)
{
    SrJson *member = NULL;

    json_object_object_get_ex(object, name, &member);
    return member;
}

/* The request for @input: {address, chainId, spacePrefix, manifest, capabilityRequest}. */
static SrCapabilityRequest *request_of(SrJson *input, GError **error)
{
    SrJson *address = member_optional(input, "address");
    SrJson *chain = member_optional(input, "chainId");
    SrJson *prefix = member_optional(input, "spacePrefix");
    SrSpaceOwner owner;

    g_assert_true(sr_space_owner_init(&owner, address ? json_object_get_string(address) : ADDRESS,
                                      chain ? json_object_get_int64(chain) : 1, NULL));
    return sr_capability_request_new(&owner, prefix ? json_object_get_string(prefix) : NULL,
                                     member_optional(input, "manifest"),
                                     member_optional(input, "capabilityRequest"), error);
}

static SrCapabilityRequest *request_of_text(const char *text)
{
    g_autoptr(SrJson) input = parse(text);
    g_autoptr(GError) error = NULL;
    SrCapabilityRequest *request = request_of(input, &error);

    g_assert_no_error(error);
    return request;
}

/* --- the same as the SDK --------------------------------------------------------------------- */

/* Every ability of @grants ({resource: [ability]}) is in @attenuations without a restriction. */
static void assert_holds(SrJson *attenuations, SrJson *grants)
{
    json_object_object_foreach (grants, uri, abilities) {
        SrJson *actual = sr_test_member(attenuations, uri);

        g_assert_cmpint(json_object_object_length(actual), ==,
                        (int)json_object_array_length(abilities));
        for (gsize i = 0; i < json_object_array_length(abilities); i++) {
            const char *ability = json_object_get_string(json_object_array_get_idx(abilities, i));
            g_autofree char *restrictions = sr_json_text(sr_test_member(actual, ability));

            g_assert_cmpstr(restrictions, ==, "[{}]");
        }
    }
}

static void check_vector(SrJson *vector)
{
    SrJson *expected = sr_test_member(vector, "expected");
    SrJson *grants = sr_test_member(expected, "grants");
    g_autoptr(GError) error = NULL;
    g_autoptr(SrCapabilityRequest) request = request_of(vector, &error);
    g_autofree char *uri = NULL;

    g_test_message("%s", sr_test_string(vector, "name"));
    g_assert_no_error(error);
    g_assert_cmpint(json_object_object_length(request->attenuations), ==,
                    json_object_object_length(grants));
    assert_holds(request->attenuations, grants);
    g_assert_cmpstr(request->space_id, ==, sr_test_string(expected, "spaceId"));
    g_assert_cmpint(request->expiry_ms, ==,
                    json_object_get_int64(sr_test_member(expected, "expiryMs")));
    uri = sr_recap_encode(request->attenuations, NULL, &error);
    g_assert_no_error(error);
}

static void test_vectors(void)
{
    g_autoptr(SrJson) vectors = sr_test_own_json("tinycloud/capability_requests.json");

    g_assert_cmpuint(json_object_array_length(vectors), >, 30);
    for (gsize i = 0; i < json_object_array_length(vectors); i++)
        check_vector(json_object_array_get_idx(vectors, i));
}

/* The real SDK's message for example.com had 5520 bytes, and 13 groups. */
static void test_size_of_a_plain_sign_in(void)
{
    g_autoptr(SrCapabilityRequest) request = request_of_text("{}");
    g_autofree char *recap_uri = sr_recap_encode(request->attenuations, NULL, NULL);
    g_autoptr(SrRecap) recap = sr_recap_decode(recap_uri, strlen(recap_uri), NULL);
    g_autofree char *statement = sr_recap_statement(recap);
    const char *const resources[] = {recap_uri, NULL};
    const SrSiweFields fields = {
        .domain = "example.com",
        .address = ADDRESS,
        .statement = statement,
        .uri = "did:key:z6MkqGC3nWZhYieEVTVDKW5v588CiGfsDSmRVG9ZwwWTvLSK"
               "#z6MkqGC3nWZhYieEVTVDKW5v588CiGfsDSmRVG9ZwwWTvLSK",
        .chain_id = "1",
        .nonce = "B8fUVlabzBBrPaQVo",
        .issued_at = "2026-11-22T04:03:43.056Z",
        .expiration_time = "2026-11-29T04:03:43.056Z",
        .resources = resources,
    };
    g_autofree char *message = sr_siwe_build(&fields, NULL);

    g_assert_cmpuint(recap->groups->len, ==, 13);
    g_assert_cmpuint(strlen(message), ==, 5520);
}

static void test_spaces_and_networks(void)
{
    g_autoptr(SrCapabilityRequest) plain = request_of_text("{}");
    g_autoptr(SrCapabilityRequest) foreign = request_of_text(
        "{\"manifest\":{\"app_id\":\"a\",\"name\":\"A\",\"permissions\":[{\"service\":"
        "\"tinycloud.encryption\",\"path\":\"" NETWORK OTHER
        ":default\",\"actions\":[\"decrypt\"]}]}}");
    g_autoptr(SrCapabilityRequest) twice = request_of_text(
        "{\"manifest\":{\"app_id\":\"a\",\"name\":\"A\",\"permissions\":[{\"service\":"
        "\"tinycloud.encryption\",\"path\":\"" NETWORK ADDRESS
        ":x\",\"actions\":[\"decrypt\"]},{\"service\":\"tinycloud.encryption\",\"path\":\"" NETWORK
            ADDRESS ":x\",\"actions\":[\"network.create\"]}]}}");
    g_autofree char *spaces = sr_json_text(plain->spaces);

    g_assert_cmpstr(spaces, ==, "{\"public\":\"" SPACE "public\"}");
    g_assert_cmpstr(plain->own_networks[0], ==, NETWORK ADDRESS ":default");
    g_assert_null(plain->own_networks[1]);
    g_assert_null(foreign->own_networks[0]);
    g_assert_cmpstr(twice->own_networks[0], ==, NETWORK ADDRESS ":x");
    g_assert_null(twice->own_networks[1]);
}

/* --- what is refused ------------------------------------------------------------------------- */

#define MANIFEST(more) "{\"manifest\":{\"app_id\":\"a\",\"name\":\"A\"" more "}}"
#define PERMISSION(more) MANIFEST(",\"permissions\":[{" more "}]")
#define KV(more)                                                                                   \
    PERMISSION("\"service\":\"tinycloud.kv\",\"path\":\"x\",\"actions\":[\"get\"]" more)
#define PATH(path)                                                                                 \
    PERMISSION("\"service\":\"tinycloud.kv\",\"actions\":[\"get\"],\"path\":\"" path "\"")
#define ACTIONS(service, actions)                                                                  \
    PERMISSION("\"service\":\"tinycloud." service "\",\"path\":\"x\",\"actions\":" actions)
#define ENCRYPTION(path, actions)                                                                  \
    PERMISSION("\"service\":\"tinycloud.encryption\",\"path\":\"" path "\",\"actions\":" actions)
#define TWO(first, second)                                                                         \
    MANIFEST(",\"permissions\":[{\"service\":\"tinycloud.kv\",\"path\":\"x\",\"actions\":["        \
             "\"get\"]" first "},{\"service\":\"tinycloud.kv\",\"path\":\"x\",\"actions\":["       \
             "\"put\"]" second "}]")
#define SECRET(value) MANIFEST(",\"secrets\":{\"KEY\":" value "}")
#define COMPOSED(resource) "{\"capabilityRequest\":{\"resources\":[{" resource "}]}}"

typedef struct {
    const char *input;
    const char *field;
} Refused;

static const Refused refused[] = {
    /* the manifest */
    {"{\"manifest\":[]}", "manifest"},
    {"{\"manifest\":\"a\"}", "manifest"},
    {"{\"manifest\":[{\"app_id\":\"a\",\"name\":\"A\"},7]}", "manifest[1]"},
    {"{\"manifest\":{\"name\":\"A\"}}", "manifest.app_id"},
    {"{\"manifest\":{\"app_id\":\"a\"}}", "manifest.name"},
    {"{\"manifest\":{\"app_id\":\"\",\"name\":\"A\"}}", "manifest.app_id"},
    {"{\"manifest\":{\"app_id\":5,\"name\":\"A\"}}", "manifest.app_id"},
    {MANIFEST(",\"manifest_version\":2"), "manifest.manifest_version"},
    {MANIFEST(",\"manifest_version\":\"1\""), "manifest.manifest_version"},
    {MANIFEST(",\"delegations\":[]"), "manifest.delegations"},
    {MANIFEST(",\"a b\":1"), "manifest[\"a b\"]"},
    {MANIFEST(",\"did\":\"\""), "manifest.did"},
    {MANIFEST(",\"did\":null"), "manifest.did"},
    {MANIFEST(",\"icon\":1"), "manifest.icon"},
    {MANIFEST(",\"expiry\":\"soon\""), "manifest.expiry"},
    {MANIFEST(",\"expiry\":\"0d\""), "manifest.expiry"},
    {MANIFEST(",\"expiry\":\"-1d\""), "manifest.expiry"},
    {MANIFEST(",\"expiry\":30"), "manifest.expiry"},
    {MANIFEST(",\"expiry\":\"\""), "manifest.expiry"},
    {MANIFEST(",\"space\":\"\""), "manifest.space"},
    {MANIFEST(",\"space\":\"a/b\""), "manifest.space"},
    {MANIFEST(",\"space\":\"pkh:eip155:1:" OTHER ":default\""), "manifest.space"},
    {MANIFEST(",\"space\":\"" OTHER ":default\""), "manifest.space"},
    {MANIFEST(",\"space\":\"tinycloud:key:z6Mk:default\""), "manifest.space"},
    {MANIFEST(",\"prefix\":null"), "manifest.prefix"},
    {MANIFEST(",\"prefix\":\"a b\""), "manifest.prefix"},
    {"{\"manifest\":{\"app_id\":\"my app\",\"name\":\"A\"}}", "manifest.app_id"},
    {MANIFEST(",\"defaults\":\"false\""), "manifest.defaults"},
    {MANIFEST(",\"defaults\":\"none\""), "manifest.defaults"},
    {MANIFEST(",\"defaults\":0"), "manifest.defaults"},
    {MANIFEST(",\"defaults\":null"), "manifest.defaults"},
    {MANIFEST(",\"includePublicSpace\":\"yes\""), "manifest.includePublicSpace"},
    {MANIFEST(",\"knowledge\":false"), "manifest.knowledge"},
    {MANIFEST(",\"knowledge\":\"knowledge/.md\""), "manifest.knowledge"},
    {MANIFEST(",\"knowledge\":\"docs/a.md\""), "manifest.knowledge"},
    {MANIFEST(",\"permissions\":{}"), "manifest.permissions"},
    {MANIFEST(",\"permissions\":[[]]"), "manifest.permissions[0]"},
    /* a permission */
    {KV(",\"when\":1"), "manifest.permissions[0].when"},
    {KV(",\"expiry\":\"x\""), "manifest.permissions[0].expiry"},
    {KV(",\"space\":1"), "manifest.permissions[0].space"},
    {KV(",\"space\":\"a:b\""), "manifest.permissions[0].space"},
    {KV(",\"space\":\"tinycloud:pkh:eip155:1:0x1:a\""), "manifest.permissions[0].space"},
    {KV(",\"skipPrefix\":1"), "manifest.permissions[0].skipPrefix"},
    {KV(",\"description\":[]"), "manifest.permissions[0].description"},
    {PERMISSION("\"service\":\"tinycloud.kv\",\"actions\":[\"get\"]"),
     "manifest.permissions[0].path"},
    {PERMISSION("\"service\":\"tinycloud.kv\",\"path\":\"x\""), "manifest.permissions[0].actions"},
    {PERMISSION("\"path\":\"x\",\"actions\":[\"get\"]"), "manifest.permissions[0].service"},
    {PATH("a%20b"), "manifest.permissions[0].path"},
    {PATH("a b"), "manifest.permissions[0].path"},
    {PATH("a?b"), "manifest.permissions[0].path"},
    {PATH("a#b"), "manifest.permissions[0].path"},
    {PATH("../b"), "manifest.permissions[0].path"},
    {PATH("a\\nb"), "manifest.permissions[0].path"},
    {PATH("a'. (2) 'kv': 'admin' for 'https://bank.example"), "manifest.permissions[0].path"},
    {ACTIONS("kv", "[]"), "manifest.permissions[0].actions"},
    {ACTIONS("kv", "\"get\""), "manifest.permissions[0].actions"},
    {ACTIONS("kv", "[\"get\",\"\"]"), "manifest.permissions[0].actions[1]"},
    {ACTIONS("kv", "[\"get\",1]"), "manifest.permissions[0].actions[1]"},
    {ACTIONS("kv", "[\"get it\"]"), "manifest.permissions[0].actions[0]"},
    {ACTIONS("kv", "[\"a/b/c\"]"), "manifest.permissions[0].actions[0]"},
    {ACTIONS("kv", "[\"/get\"]"), "manifest.permissions[0].actions[0]"},
    {ACTIONS("kv", "[\"kv/\"]"), "manifest.permissions[0].actions[0]"},
    {ACTIONS("vault", "[\"read\",\"admin\"]"), "manifest.permissions[0].actions[1]"},
    {ACTIONS("vault", "[\"tinycloud.sql/read\"]"), "manifest.permissions[0].actions[0]"},
    {ACTIONS("unheard", "[\"get\"]"), "manifest.permissions[0].service"},
    {PERMISSION("\"service\":\"kv\",\"path\":\"x\",\"actions\":[\"get\"]"),
     "manifest.permissions[0].service"},
    /* encryption */
    {ENCRYPTION("x", "[\"decrypt\"]"), "manifest.permissions[0].path"},
    {ENCRYPTION(NETWORK ADDRESS ":Default", "[\"decrypt\"]"), "manifest.permissions[0].path"},
    {ENCRYPTION(NETWORK ADDRESS ":*", "[\"decrypt\"]"), "manifest.permissions[0].path"},
    {ENCRYPTION(NETWORK ADDRESS ":a", "[\"encrypt\"]"), "manifest.permissions[0].actions[0]"},
    {ENCRYPTION(NETWORK OTHER ":a", "[\"decrypt\",\"network.create\"]"),
     "manifest.permissions[0].actions[1]"},
    {ENCRYPTION(NETWORK OTHER ":a", "[\"network.revoke\"]"), "manifest.permissions[0].actions[0]"},
    /* what contradicts itself */
    {"{\"manifest\":{\"app_id\":\"a\",\"name\":\"A\"},\"capabilityRequest\":{\"resources\":[]}}",
     "capabilityRequest"},
    {TWO(",\"expiry\":\"1h\"", ",\"expiry\":\"2h\""), "manifest.permissions[1].expiry"},
    {TWO("", ",\"expiry\":\"2h\""), "manifest.permissions[1].expiry"},
    {TWO(",\"space\":\"mine\"", ",\"space\":\"" SPACE "mine\""), "manifest.permissions[1].space"},
    {TWO(",\"space\":\"" SPACE "applications\"", ""), "manifest.permissions[0].space"},
    /* secrets */
    {MANIFEST(",\"secrets\":[]"), "manifest.secrets"},
    {MANIFEST(",\"secrets\":{\"key\":true}"), "manifest.secrets.key"},
    {MANIFEST(",\"secrets\":{\"_KEY\":true}"), "manifest.secrets._KEY"},
    {SECRET("false"), "manifest.secrets.KEY"},
    {SECRET("null"), "manifest.secrets.KEY"},
    {SECRET("\"\""), "manifest.secrets.KEY"},
    {SECRET("\"head\""), "manifest.secrets.KEY"},
    {SECRET("[]"), "manifest.secrets.KEY"},
    {SECRET("[\"read\",\"tinycloud.vault/read\"]"), "manifest.secrets.KEY"},
    {SECRET("{\"actions\":1}"), "manifest.secrets.KEY.actions"},
    {SECRET("{\"name\":\"low\"}"), "manifest.secrets.KEY.name"},
    {SECRET("{\"scope\":\"Global\"}"), "manifest.secrets.KEY.scope"},
    {SECRET("{\"scope\":\" - \"}"), "manifest.secrets.KEY.scope"},
    {SECRET("{\"scope\":\"\xe2\x84\xaa\"}"), "manifest.secrets.KEY.scope"},
    {SECRET("{\"expiry\":\"x\"}"), "manifest.secrets.KEY.expiry"},
    {SECRET("{\"other\":1}"), "manifest.secrets.KEY.other"},
    /* a composed request */
    {"{\"capabilityRequest\":[]}", "capabilityRequest"},
    {"{\"capabilityRequest\":{}}", "capabilityRequest.resources"},
    {"{\"capabilityRequest\":{\"resources\":[]}}", "capabilityRequest.resources"},
    {"{\"capabilityRequest\":{\"resources\":[],\"x\":1}}", "capabilityRequest.x"},
    {"{\"capabilityRequest\":{\"manifests\":1}}", "capabilityRequest.manifests"},
    {"{\"capabilityRequest\":{\"expiryMs\":\"1\"}}", "capabilityRequest.expiryMs"},
    {"{\"capabilityRequest\":{\"expiryMs\":0}}", "capabilityRequest.expiryMs"},
    {"{\"capabilityRequest\":{\"includePublicSpace\":1}}", "capabilityRequest.includePublicSpace"},
    {COMPOSED("\"service\":\"tinycloud.kv\",\"space\":\"a\",\"path\":\"\",\"actions\":[\"get\"]"),
     "capabilityRequest.resources[0].actions[0]"},
    {COMPOSED("\"service\":\"tinycloud.kv\",\"path\":\"\",\"actions\":[\"tinycloud.kv/get\"]"),
     "capabilityRequest.resources[0].space"},
    {COMPOSED("\"service\":\"tinycloud.vault\",\"space\":\"a\",\"path\":\"\",\"actions\":["
              "\"tinycloud.kv/get\"]"),
     "capabilityRequest.resources[0].service"},
    {COMPOSED("\"service\":\"tinycloud.kv\",\"space\":\"a\",\"path\":\"\",\"actions\":["
              "\"tinycloud.kv/get\"],\"skipPrefix\":true"),
     "capabilityRequest.resources[0].skipPrefix"},
    {COMPOSED("\"service\":\"tinycloud.kv\",\"space\":\"a\",\"path\":\"\",\"actions\":["
              "\"tinycloud.kv/get\"],\"expiryMs\":-5"),
     "capabilityRequest.resources[0].expiryMs"},
    {COMPOSED("\"service\":\"tinycloud.encryption\",\"space\":\"encryption\",\"path\":"
              "\"https://bank.example\",\"actions\":[\"tinycloud.encryption/decrypt\"]"),
     "capabilityRequest.resources[0].path"},
    {COMPOSED(
         "\"service\":\"tinycloud.encryption\",\"space\":\"encryption\",\"path\":\"" NETWORK OTHER
         ":a\",\"actions\":[\"tinycloud.encryption/network.create\"]"),
     "capabilityRequest.resources[0].actions[0]"},
    /* the prefix */
    {"{\"spacePrefix\":\"a:b\"}", "spacePrefix"},
    {"{\"spacePrefix\":\"tinycloud:pkh:eip155:1:" ADDRESS ":default\"}", "spacePrefix"},
    {"{\"spacePrefix\":\"a%20b\"}", "spacePrefix"},
};

static void test_refused(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(SrJson) input = parse(refused[i].input);
        g_autoptr(GError) error = NULL;

        g_test_message("%s", refused[i].input);
        g_assert_null(request_of(input, &error));
        sr_assert_blames(error, SR_ERROR_INVALID_PARAMS, refused[i].field);
        g_assert_true(g_str_has_prefix(error->message, refused[i].field));
        /* And without anybody who wants to know why. */
        g_assert_null(request_of(input, NULL));
    }
}

/* --- limits ---------------------------------------------------------------------------------- */

/* A manifest with @n_permissions permissions of @n_actions actions each. */
static SrJson *large_manifest(guint n_permissions, guint n_actions, guint first)
{
    SrJson *manifest = parse("{\"app_id\":\"a\",\"name\":\"A\",\"defaults\":false}");
    SrJson *permissions = json_object_new_array();

    for (guint i = 0; i < n_permissions; i++) {
        SrJson *permission = parse("{\"service\":\"tinycloud.kv\"}");
        SrJson *actions = json_object_new_array();
        g_autofree char *path = g_strdup_printf("p%u", first + i);

        for (guint j = 0; j < n_actions; j++)
            json_object_array_add(actions, json_object_new_string("get"));
        sr_json_add_string(permission, "path", path);
        sr_json_add(permission, "actions", actions);
        json_object_array_add(permissions, permission);
    }
    sr_json_add(manifest, "permissions", permissions);
    return manifest;
}

static void assert_limit(SrJson *manifest, const char *field)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrCapabilityRequest) request = NULL;
    SrSpaceOwner owner;

    g_assert_true(sr_space_owner_init(&owner, ADDRESS, 1, NULL));
    request = sr_capability_request_new(&owner, NULL, manifest, NULL, &error);
    if (!field) {
        g_assert_no_error(error);
        return;
    }
    g_assert_null(request);
    sr_assert_blames(error, SR_ERROR_INVALID_PARAMS, field);
}

static void test_counts(void)
{
    g_autoptr(SrJson) most = large_manifest(SR_REQUEST_PERMISSIONS_MAX, SR_REQUEST_ACTIONS_MAX, 0);
    g_autoptr(SrJson) permissions = large_manifest(SR_REQUEST_PERMISSIONS_MAX + 1, 1, 0);
    g_autoptr(SrJson) actions = large_manifest(1, SR_REQUEST_ACTIONS_MAX + 1, 0);
    g_autoptr(SrJson) together = json_object_new_array();
    g_autoptr(SrJson) manifests = json_object_new_array();

    json_object_array_add(together, large_manifest(SR_REQUEST_PERMISSIONS_MAX, 1, 0));
    json_object_array_add(together, large_manifest(1, 1, SR_REQUEST_PERMISSIONS_MAX));
    for (guint i = 0; i <= SR_REQUEST_MANIFESTS_MAX; i++)
        json_object_array_add(manifests, large_manifest(1, 1, 0));
    assert_limit(most, NULL);
    assert_limit(permissions, "manifest.permissions");
    assert_limit(actions, "manifest.permissions[0].actions");
    assert_limit(together, "manifest[1].permissions[0]");
    assert_limit(manifests, "manifest");
}

static void test_lengths(void)
{
    static const struct {
        const char *name;
        gsize maximum;
    } rows[] = {{"app_id", SR_RESOURCE_PATH_MAX - 1}, /* and the "/" of the default paths */
                {"name", SR_REQUEST_TEXT_MAX},
                {"description", SR_REQUEST_TEXT_MAX},
                {"space", SR_SPACE_NAME_MAX}};

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(SrJson) manifest = parse("{\"app_id\":\"a\",\"name\":\"A\"}");
        g_autofree char *text = g_strnfill(rows[i].maximum + 1, 'a');
        g_autoptr(GError) error = NULL;
        g_autoptr(SrCapabilityRequest) request = NULL;
        SrSpaceOwner owner;

        g_assert_true(sr_space_owner_init(&owner, ADDRESS, 1, NULL));
        sr_json_add_string(manifest, rows[i].name, text);
        g_assert_null(sr_capability_request_new(&owner, NULL, manifest, NULL, &error));
        g_assert_error(error, SR_ERROR, SR_ERROR_INVALID_PARAMS);
        sr_json_add_string(manifest, rows[i].name, text + 1);
        request = sr_capability_request_new(&owner, NULL, manifest, NULL, NULL);
        g_assert_nonnull(request);
    }
}

/* --- too wide -------------------------------------------------------------------------------- */

static void test_too_wide(void)
{
    static const struct {
        const char *resource;
        const char *ability;
        gboolean is_too_wide;
    } rows[] = {
        {SPACE "default/kv", "tinycloud.kv/get", FALSE},
        {SPACE "default/sql", "tinycloud.sql/admin", FALSE},
        {SPACE "default/kv/a*b", "tinycloud.kv/get", FALSE},
        {SPACE "default/kv/notes/*", "tinycloud.kv/get", FALSE},
        {"urn:x", "a/b", FALSE},
        {SPACE "default/sql", "tinycloud.sql/*", TRUE},
        {SPACE "default/sql", "tinycloud.*/read", TRUE},
        {SPACE "default/sql", "*/*", TRUE},
        {SPACE "default/kv/*", "tinycloud.kv/get", TRUE},
        {SPACE "default/kv//*", "tinycloud.kv/get", TRUE},
        {SPACE "default/kv/**", "tinycloud.kv/get", TRUE},
        {SPACE "default/*", "tinycloud.kv/get", TRUE},
        {SPACE "*/kv", "tinycloud.kv/get", TRUE},
        {"tinycloud:pkh:eip155:1:*:default/kv", "tinycloud.kv/get", TRUE},
        {"tinycloud:*", "tinycloud.kv/get", TRUE},
        {"urn:tinycloud:encryption:*", "tinycloud.encryption/decrypt", TRUE},
        {"urn:x:*", "a/b", TRUE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strdup_printf("{\"urn:a\":{\"a/b\":[{}]},\"%s\":{\"%s\":[{}]}}",
                                                rows[i].resource, rows[i].ability);
        g_autoptr(SrJson) attenuations = parse(text);
        g_autofree char *uri = sr_recap_encode(attenuations, NULL, NULL);
        g_autoptr(SrRecap) recap = sr_recap_decode(uri, strlen(uri), NULL);

        g_test_message("%s", text);
        g_assert_cmpint(sr_attenuations_are_too_wide(attenuations), ==, rows[i].is_too_wide);
        g_assert_cmpint(sr_recap_is_too_wide(recap), ==, rows[i].is_too_wide);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/capability-request/is-what-the-sdk-makes-of-the-same-input", test_vectors);
    g_test_add_func("/capability-request/a-plain-sign-in-has-the-size-of-the-sdks",
                    test_size_of_a_plain_sign_in);
    g_test_add_func("/capability-request/spaces-and-own-networks-are-listed",
                    test_spaces_and_networks);
    g_test_add_func("/capability-request/what-is-wrong-or-ambiguous-is-refused-by-its-place",
                    test_refused);
    g_test_add_func("/capability-request/counts-have-a-limit", test_counts);
    g_test_add_func("/capability-request/texts-have-a-limit", test_lengths);
    g_test_add_func("/capability-request/a-star-for-everything-is-too-wide", test_too_wide);
    return g_test_run();
}
