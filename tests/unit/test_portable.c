/* Portable delegations: the JSON says what is signed, or it is refused by the name of a member. */
#include "tinycloud/portable.h"

#include "base/error.h"
#include "support/secret_text.h"
#include "support/session_maker.h"
#include "tinycloud/did.h"

#include <string.h>

#define OTHER_WALLET "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF" /* of the key 2 */
#define OTHER_SPACE "tinycloud:pkh:eip155:1:" TEST_WALLET ":other"
#define NETWORK "urn:tinycloud:encryption:did:pkh:eip155:1:" TEST_WALLET ":default"

/* What sealring writes for @authorization. */
static SrJson *write_portable(const char *authorization)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrDelegation) delegation = sr_delegation_read(authorization, &error);

    g_assert_no_error(error);
    return sr_portable_write(delegation, authorization, TEST_SPACE, "https://node.example.com",
                             FALSE);
}

static SrJson *good_json(void)
{
    g_autofree char *ucan = test_ucan(NULL);

    return write_portable(ucan);
}

static SrPortable *read_good(SrJson *json)
{
    g_autoptr(GError) error = NULL;
    SrPortable *portable = sr_portable_read(json, &error);

    g_assert_no_error(error);
    return portable;
}

static void assert_refused(SrJson *json, const char *field, const char *problem)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrPortable) portable = sr_portable_read(json, &error);

    g_assert_null(portable);
    sr_assert_blames(error, SR_ERROR_INVALID_PARAMS, field);
    if (!strstr(error->message, problem))
        g_error("%s: not \"%s\"", error->message, problem);
}

static void test_written(void)
{
    g_autofree char *ucan = test_ucan(NULL);
    g_autoptr(SrDelegation) delegation = sr_delegation_read(ucan, NULL);
    g_autoptr(SrJson) json =
        sr_portable_write(delegation, ucan, TEST_SPACE, "https://node.example.com", TRUE);
    g_autofree char *issuer = test_session_did(0x22);
    g_autofree char *audience = test_session_did(0x33);
    g_autofree char *text = sr_json_text(json);
    g_autofree char *expected = g_strdup_printf(
        "{\"cid\":\"%s\",\"delegationHeader\":{\"Authorization\":\"%s\"},"
        "\"host\":\"https://node.example.com\",\"ownerAddress\":\"" TEST_WALLET "\",\"chainId\":1,"
        "\"spaceId\":\"" TEST_SPACE "\",\"path\":\"notes\",\"actions\":[\"tinycloud.kv/get\"],"
        "\"resources\":[{\"service\":\"kv\",\"space\":\"" TEST_SPACE "\",\"path\":\"notes\","
        "\"actions\":[\"tinycloud.kv/get\"]}],\"expiry\":\"2026-06-22T12:00:00.000Z\","
        "\"delegateDID\":\"%s\",\"delegatorDID\":\"%s\",\"parentCid\":"
        "\"bafkr4ifpcne3t5pzugtkaqcn5i3nzskjtpfslsnnyejlpte2spfoihzsmi\","
        "\"disableSubDelegation\":true}",
        delegation->cid, ucan, audience, issuer);

    g_assert_cmpstr(text, ==, expected);
}

/* What the writer makes of delegations of several kinds is read, and written the same again. */
static void test_round_trip(void)
{
    static const char *const replacements[] = {
        NULL,
        "{\"prf\":[]}",
        "{\"exp\":1782129600.5}",
        "{\"att\":{\"" TEST_SPACE "/kv\":{\"tinycloud.kv/get\":[{}],\"tinycloud.kv/put\":[{}]}}}",
        "{\"att\":{\"" TEST_SPACE "/kv\":{\"tinycloud.kv/get\":[{\"max\":1}],"
        "\"tinycloud.kv/list\":[{\"max\":1}],\"tinycloud.kv/put\":[{}]}}}",
        "{\"att\":{\"" OTHER_SPACE "/kv\":{\"tinycloud.kv/get\":[{}]},\"" TEST_SPACE
        "/kv/notes\":{\"tinycloud.kv/get\":[{\"max\":1}]},\"" NETWORK
        "\":{\"tinycloud.encryption/decrypt\":[{}]}}}",
        "{\"fct\":[{\"xyz.tinycloud.policy/delegationMode\":\"terminal\"}]}",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(replacements); i++) {
        g_autofree char *ucan = test_ucan(replacements[i]);
        g_autoptr(SrJson) json = write_portable(ucan);
        g_autoptr(SrPortable) portable = read_good(json);
        g_autoptr(SrJson) again = sr_portable_write(portable->delegation, ucan, portable->space_id,
                                                    "https://node.example.com", FALSE);

        g_assert_true(json_object_equal(json, again));
        g_assert_cmpstr(portable->space_id, ==, TEST_SPACE);
        g_assert_cmpstr(portable->expires_at, ==, "2026-06-22T12:00:00.000Z");
        g_assert_cmpint(portable->no_subdelegation, ==, i == G_N_ELEMENTS(replacements) - 1);
    }
}

/* Capabilities that are not in the space that it would be about. */
static void test_elsewhere(void)
{
    static const struct {
        const char *replace;
        const char *space;
        const char *path;
    } cases[] = {
        {"{\"att\":{\"" OTHER_SPACE "/kv/a\":{\"tinycloud.kv/get\":[{}]}}}", OTHER_SPACE, "a"},
        {"{\"att\":{\"" NETWORK "\":{\"tinycloud.encryption/decrypt\":[{}]},\"" OTHER_SPACE
         "/kv/a\":{\"tinycloud.kv/get\":[{}]}}}",
         OTHER_SPACE, "a"},
        {"{\"att\":{\"" NETWORK "\":{\"tinycloud.encryption/decrypt\":[{}]}}}", TEST_SPACE,
         NETWORK},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *ucan = test_ucan(cases[i].replace);
        g_autoptr(SrJson) json = write_portable(ucan);
        g_autoptr(SrPortable) portable = read_good(json);

        g_assert_cmpstr(portable->space_id, ==, cases[i].space);
        g_assert_cmpstr(sr_json_string(json, "path", NULL), ==, cases[i].path);
    }
}

/* A wallet delegates with a sign-in message to somebody's session key. */
static void test_cacao(void)
{
    g_autofree char *message = test_sign_in_message(&(TestSignIn){.session_seed = 0x33});
    g_autofree char *header = test_cacao_header(1, message, 0);
    g_autoptr(SrJson) json = write_portable(header);
    g_autoptr(SrPortable) portable = read_good(json);

    g_assert_cmpstr(portable->delegation->message, ==, message);
}

static void test_no_end(void)
{
    g_autofree char *message = test_sign_in_message(&(TestSignIn){.expiration = ""});
    g_autofree char *header = test_cacao_header(1, message, 0);
    g_autoptr(SrJson) json = write_portable(header);

    assert_refused(json, "delegation.expiry", "the signed delegation has no end");
}

static void test_types(void)
{
    static const char *const values[] = {"null", "[]", "1", "\"x\"", "true"};

    for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autoptr(SrJson) array = g_strcmp0(values[i], "null") ? test_json(values[i]) : NULL;

        assert_refused(array, "delegation", "must be an object");
    }
}

/* --- one member missing, of another type, or another one ------------------------------------ */

typedef struct {
    const char *member;
    gboolean needed;
} Member;

static const Member members[] = {
    {"cid", TRUE},
    {"delegationHeader", TRUE},
    {"ownerAddress", TRUE},
    {"chainId", TRUE},
    {"host", FALSE},
    {"spaceId", TRUE},
    {"path", TRUE},
    {"actions", TRUE},
    {"expiry", TRUE},
    {"delegateDID", TRUE},
    {"delegatorDID", FALSE},
    {"parentCid", FALSE},
    {"resources", FALSE},
    {"caveats", FALSE},
    {"disableSubDelegation", FALSE},
};

static void test_missing(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
        g_autoptr(SrJson) json = good_json();
        g_autofree char *field = g_strconcat("delegation.", members[i].member, NULL);

        json_object_object_del(json, members[i].member);
        if (members[i].needed)
            assert_refused(json, field, "");
        else
            sr_portable_free(read_good(json));
    }
}

/* null, a fraction and a nested list are nothing that any member may be. */
static void test_other_types(void)
{
    static const char *const values[] = {"{\"x\":null}", "{\"x\":1.5}", "{\"x\":[[]]}"};

    for (gsize i = 0; i < G_N_ELEMENTS(members); i++)
        for (gsize j = 0; j < G_N_ELEMENTS(values); j++) {
            g_autoptr(SrJson) json = good_json();
            g_autoptr(SrJson) holder = test_json(values[j]);
            g_autofree char *field = g_strconcat("delegation.", members[i].member, NULL);
            g_autoptr(GError) error = NULL;

            sr_json_add(json, members[i].member,
                        json_object_get(json_object_object_get(holder, "x")));
            g_assert_null(sr_portable_read(json, &error));
            g_assert_error(error, SR_ERROR, SR_ERROR_INVALID_PARAMS);
            g_assert_true(g_str_has_prefix(sr_error_detail(error)->field, field));
        }
}

typedef struct {
    const char *name;
    const char *changes; /* members to set */
    const char *field;
    const char *problem;
} Change;

#define SIGNED "is not what the signed delegation says"

static const Change changes[] = {
    {"unknown-member", "{\"publicDelegation\":{}}", "delegation.publicDelegation", "is not known"},
    {"unknown-header", "{\"delegationHeader\":{\"Authorization\":\"x\",\"Cookie\":\"y\"}}",
     "delegation.delegationHeader.Cookie", "is not known"},
    {"header-without-delegation", "{\"delegationHeader\":{}}",
     "delegation.delegationHeader.Authorization", "is missing"},
    {"header-that-is-none", "{\"delegationHeader\":{\"Authorization\":\"AA==\"}}",
     "delegation.delegationHeader.Authorization", "no signed sign-in message"},
    {"other-cid", "{\"cid\":\"bafkr4ifpcne3t5pzugtkaqcn5i3nzskjtpfslsnnyejlpte2spfoihzsmi\"}",
     "delegation.cid", SIGNED},
    {"empty-cid", "{\"cid\":\"\"}", "delegation.cid", "must not be empty"},
    {"other-delegate",
     "{\"delegateDID\":\"did:key:z6MkqGC3nWZhYieEVTVDKW5v588CiGfsDSmRVG9ZwwWTvLSK\"}",
     "delegation.delegateDID", SIGNED},
    {"other-delegator", "{\"delegatorDID\":\"did:pkh:eip155:1:" TEST_WALLET "\"}",
     "delegation.delegatorDID", SIGNED},
    {"other-parent", "{\"parentCid\":\"bafkr4i\"}", "delegation.parentCid", SIGNED},
    {"later-end", "{\"expiry\":\"2026-06-22T12:00:02.000Z\"}", "delegation.expiry", SIGNED},
    {"earlier-end", "{\"expiry\":\"2026-06-22T11:59:59.999Z\"}", "delegation.expiry", SIGNED},
    {"end-that-is-a-date", "{\"expiry\":\"2026-06-22\"}", "delegation.expiry", "is not a time"},
    {"space-by-its-name", "{\"spaceId\":\"default\"}", "delegation.spaceId",
     "is not the id of a space"},
    {"other-space", "{\"spaceId\":\"" OTHER_SPACE "\"}", "delegation.spaceId", SIGNED},
    {"space-of-another-owner",
     "{\"spaceId\":\"tinycloud:pkh:eip155:1:" OTHER_WALLET ":default\",\"ownerAddress\":"
     "\"" OTHER_WALLET "\"}",
     "delegation.spaceId", SIGNED},
    {"other-owner", "{\"ownerAddress\":\"" OTHER_WALLET "\"}", "delegation.ownerAddress",
     "is not the owner"},
    {"owner-that-is-none", "{\"ownerAddress\":\"0x12\"}", "delegation.ownerAddress",
     "not an Ethereum address"},
    {"other-chain", "{\"chainId\":10}", "delegation.chainId", "is not that of the space"},
    {"chain-0", "{\"chainId\":0}", "delegation.chainId", "from 1 to"},
    {"chain-below-0", "{\"chainId\":-1}", "delegation.chainId", "from 1 to"},
    {"chain-as-text", "{\"chainId\":\"1\"}", "delegation.chainId", "from 1 to"},
    {"host-empty", "{\"host\":\"\"}", "delegation.host", "must not be empty"},
    {"wider-path", "{\"path\":\"\"}", "delegation.actions", SIGNED},
    {"other-path", "{\"path\":\"notes2\"}", "delegation.actions", SIGNED},
    {"path-with-dots", "{\"path\":\"notes/..\"}", "delegation.path", "\"..\""},
    {"more-actions", "{\"actions\":[\"tinycloud.kv/get\",\"tinycloud.kv/put\"]}",
     "delegation.actions", SIGNED},
    {"short-action", "{\"actions\":[\"get\"]}", "delegation.actions[0]", "not an action"},
    {"empty-actions", "{\"actions\":[]}", "delegation.actions", "must not be empty"},
    {"empty-resources", "{\"resources\":[]}", "delegation.resources", "must not be empty"},
    {"more-in-resources",
     "{\"resources\":[{\"path\":\"notes\",\"actions\":[\"tinycloud.kv/get\"]},"
     "{\"path\":\"keys\",\"actions\":[\"tinycloud.kv/get\"]}]}",
     "delegation.resources", SIGNED},
    {"resource-of-another-space",
     "{\"resources\":[{\"space\":\"" OTHER_SPACE "\",\"path\":\"notes\","
     "\"actions\":[\"tinycloud.kv/get\"]}]}",
     "delegation.resources", SIGNED},
    {"bad-resource", "{\"resources\":[{\"path\":\"notes\",\"actions\":[]}]}",
     "delegation.resources[0].actions", "must not be empty"},
    {"caveats-as-object", "{\"caveats\":{}}", "delegation.caveats", "must be an array"},
    {"disable-as-text", "{\"disableSubDelegation\":\"true\"}", "delegation.disableSubDelegation",
     "must be true or false"},
};

static void change(SrJson *json, const char *text)
{
    g_autoptr(SrJson) changed = test_json(text);

    json_object_object_foreach (changed, name, value)
        sr_json_add(json, name, json_object_get(value));
}

static void test_change(gconstpointer data)
{
    const Change *row = data;
    g_autoptr(SrJson) json = good_json();

    change(json, row->changes);
    assert_refused(json, row->field, row->problem);
}

/* Other ways to say the same, or less. */
static void test_accepted(void)
{
    static const char *const accepted[] = {
        "{\"path\":\"notes/1\"}",
        "{\"caveats\":[]}",
        "{\"caveats\":[{\"max\":1}]}",
        "{\"expiry\":\"2026-06-22T14:00:00+02:00\"}",
        "{\"expiry\":\"2026-06-22T12:00:00.999Z\"}",
        "{\"expiry\":\"2026-06-22T12:00:01Z\"}",
        "{\"ownerAddress\":\"0x7e5f4552091a69125d5dfcb7b8c2659029395bdf\"}",
        ("{\"spaceId\":\"tinycloud:pkh:eip155:1:0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"
         ":default\"}"),
        "{\"disableSubDelegation\":false}",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(accepted); i++) {
        g_autoptr(SrJson) json = good_json();
        g_autoptr(SrPortable) portable = NULL;

        change(json, accepted[i]);
        portable = read_good(json);
        g_assert_cmpstr(portable->space_id, ==, TEST_SPACE);
        g_assert_cmpstr(portable->expires_at, ==, "2026-06-22T12:00:00.000Z");
        g_assert_false(portable->no_subdelegation);
    }
}

/* DIDs are the same with and without their fragment. */
static void test_fragments(void)
{
    static const char *const names[] = {"delegateDID", "delegatorDID"};
    g_autoptr(SrJson) json = good_json();

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *url = sr_did_url(sr_json_string(json, names[i], NULL));

        sr_json_add_string(json, names[i], url);
    }
    sr_portable_free(read_good(json));
}

/* The restrictions of what is signed may not be left out of what is said, nowhere. */
static void test_restrictions(void)
{
    static const char *const places[] = {"delegation.actions", "delegation.resources"};
    g_autofree char *ucan =
        test_ucan("{\"att\":{\"" TEST_SPACE "/kv/notes\":{\"tinycloud.kv/get\":[{\"max\":1}]}}}");

    for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autoptr(SrJson) json = write_portable(ucan);
        SrJson *resources = json_object_object_get(json, "resources");

        json_object_object_del(i == 0 ? json : json_object_array_get_idx(resources, 0), "caveats");
        assert_refused(json, places[i], SIGNED);
    }
}

/* A signed delegation with the owner in small letters: its space is the same one. */
static void test_small_letters(void)
{
    g_autofree char *ucan =
        test_ucan("{\"att\":{\"tinycloud:pkh:eip155:1:0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"
                  ":default/kv/notes\":{\"tinycloud.kv/get\":[{}]}}}");
    g_autofree char *other = test_ucan(NULL);
    g_autoptr(SrDelegation) delegation = sr_delegation_read(ucan, NULL);
    g_autoptr(SrJson) json = write_portable(other);
    SrJson *header = json_object_object_get(json, "delegationHeader");

    sr_json_add_string(json, "cid", delegation->cid);
    sr_json_add_string(header, "Authorization", ucan);
    sr_portable_free(read_good(json));
}

static void test_disabled(void)
{
    g_autoptr(SrJson) json = good_json();
    g_autoptr(SrPortable) portable = NULL;

    sr_json_add_boolean(json, "disableSubDelegation", TRUE);
    portable = read_good(json);
    g_assert_true(portable->no_subdelegation);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/portable/written-as-the-sdks-have-it", test_written);
    g_test_add_func("/portable/what-is-written-reads-as-the-same", test_round_trip);
    g_test_add_func("/portable/it-is-about-the-space-of-its-capabilities", test_elsewhere);
    g_test_add_func("/portable/a-wallets-own-delegation-is-read", test_cacao);
    g_test_add_func("/portable/one-without-end-is-refused", test_no_end);
    g_test_add_func("/portable/it-is-an-object", test_types);
    g_test_add_func("/portable/a-missing-member-is-named", test_missing);
    g_test_add_func("/portable/a-member-of-another-type-is-named", test_other_types);
    for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
        g_autofree char *path = g_strconcat("/portable/refuses/", changes[i].name, NULL);

        g_test_add_data_func(path, &changes[i], test_change);
    }
    g_test_add_func("/portable/less-or-the-same-in-other-words-is-read", test_accepted);
    g_test_add_func("/portable/fragments-of-dids-do-not-matter", test_fragments);
    g_test_add_func("/portable/restrictions-are-said-too", test_restrictions);
    g_test_add_func("/portable/an-owner-in-small-letters-is-the-same", test_small_letters);
    g_test_add_func("/portable/the-recipient-may-be-the-last", test_disabled);
    return g_test_run();
}
