/* What a person is told of a sign-in message, and of each capability. */
#include "consent/capability.h"
#include "consent/siwe_view.h"

#include "tinycloud/capability_request.h"

#include <string.h>

#define ADDRESS "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
#define OTHER "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
#define SPACE "tinycloud:pkh:eip155:1:" ADDRESS ":default"

typedef struct {
    const char *resource;
    const char *namespace;
    const char *names[8];
    const char *restrictions;
    gboolean no_valid_use;
    const char *words;
} Case;

static const Case cases[] = {
    {SPACE "/kv/app",
     "tinycloud.kv",
     {"get"},
     NULL,
     FALSE,
     "Read entries in your space \"default\" (key-value store, below \"app\")"},
    {SPACE "/kv",
     "tinycloud.kv",
     {"get", "list", "put"},
     NULL,
     FALSE,
     "Read, list and write entries in your space \"default\" (key-value store)"},
    {SPACE "/sql/notes",
     "tinycloud.sql",
     {"read", "write"},
     NULL,
     FALSE,
     "Read and change the database in your space \"default\" (database, below \"notes\")"},
    {SPACE "/space",
     "tinycloud.space",
     {"host"},
     NULL,
     FALSE,
     "Host all data in your space \"default\""},
    {SPACE "/capabilities",
     "tinycloud.capabilities",
     {"read"},
     NULL,
     FALSE,
     "See who has access in your space \"default\" (access list)"},
    {"tinycloud:pkh:eip155:1:" OTHER ":x/kv",
     "tinycloud.kv",
     {"get"},
     NULL,
     FALSE,
     "Read entries in the space of " OTHER ": \"x\" (key-value store)"},
    {SPACE "/future",
     "tinycloud.future",
     {"a", "b"},
     NULL,
     FALSE,
     "Use \"tinycloud.future/a\", use \"tinycloud.future/b\" in your space \"default\" (service "
     "\"future\")"},
    {SPACE "/kv",
     "tinycloud.kv",
     {"get", "unheard"},
     NULL,
     FALSE,
     "Read entries, use \"tinycloud.kv/unheard\" in your space \"default\" (key-value store)"},
    {"urn:tinycloud:encryption:did:pkh:eip155:1:" ADDRESS ":default",
     "tinycloud.encryption",
     {"decrypt", "network.create"},
     NULL,
     FALSE,
     "Decrypt data, create the network in your encryption network \"default\""},
    {"urn:tinycloud:encryption:did:pkh:eip155:10:" ADDRESS ":work",
     "tinycloud.encryption",
     {"network.create", "network.revoke"},
     NULL,
     FALSE,
     "Create and end the network in your encryption network \"work\" on chain 10"},
    {"urn:tinycloud:encryption:did:pkh:eip155:1:" OTHER ":default",
     "tinycloud.encryption",
     {"decrypt"},
     NULL,
     FALSE,
     "Decrypt data in the encryption network \"default\" of did:pkh:eip155:1:" OTHER},
    {"urn:tinycloud:encryption:did:key:z6Mk:team",
     "tinycloud.encryption",
     {"decrypt"},
     NULL,
     FALSE,
     "Decrypt data in the encryption network \"team\" of did:key:z6Mk"},
    {"urn:tinycloud:encryption:*",
     "tinycloud.encryption",
     {"decrypt"},
     NULL,
     FALSE,
     "Decrypt data in \"urn:tinycloud:encryption:*\""},
    {"tinycloud:pkh:eip155:1:" ADDRESS ":account/kv/applications/",
     "tinycloud.kv",
     {"get", "list", "put"},
     NULL,
     FALSE,
     "Read, list and write entries in your space \"account\" (key-value store, below "
     "\"applications/\": the list of your applications)"},
    {"tinycloud:pkh:eip155:1:" ADDRESS ":account/kv/applications/com.example.app",
     "tinycloud.kv",
     {"put"},
     NULL,
     FALSE,
     "Write entries in your space \"account\" (key-value store, below "
     "\"applications/com.example.app\": the list of your applications)"},
    {"tinycloud:pkh:eip155:1:" ADDRESS ":account/kv/spaces/",
     "tinycloud.kv",
     {"get"},
     NULL,
     FALSE,
     "Read entries in your space \"account\" (key-value store, below \"spaces/\": the list of your "
     "spaces)"},
    {"tinycloud:pkh:eip155:1:" ADDRESS ":account/kv/system/bootstrap/complete",
     "tinycloud.kv",
     {"get", "put"},
     NULL,
     FALSE,
     "Read and write entries in your space \"account\" (key-value store, below "
     "\"system/bootstrap/complete\": whether your account is set up)"},
    {"tinycloud:pkh:eip155:1:" ADDRESS ":account/kv/system/bootstrap/complete2",
     "tinycloud.kv",
     {"get"},
     NULL,
     FALSE,
     "Read entries in your space \"account\" (key-value store, below "
     "\"system/bootstrap/complete2\")"},
    {"tinycloud:pkh:eip155:1:" ADDRESS ":account/sql/account",
     "tinycloud.sql",
     {"read", "schema", "write"},
     NULL,
     FALSE,
     "Read, change the structure of and change the database in your space \"account\" (database, "
     "below \"account\": the index of your account)"},
    {"tinycloud:pkh:eip155:1:" ADDRESS ":account/delegation",
     "tinycloud.delegation",
     {"list", "status"},
     NULL,
     FALSE,
     "List and check access given to others in your space \"account\" (delegations)"},
    {"tinycloud:pkh:eip155:1:" ADDRESS ":secrets/kv/vault/secrets/",
     "tinycloud.kv",
     {"del", "get", "list", "metadata", "put"},
     NULL,
     FALSE,
     "Delete, read, list, see details of and write entries in your space \"secrets\" (key-value "
     "store, below \"vault/secrets/\": your secrets, encrypted)"},
    {"tinycloud:pkh:eip155:1:" OTHER ":secrets/kv/vault/secrets/",
     "tinycloud.kv",
     {"get"},
     NULL,
     FALSE,
     "Read entries in the space of " OTHER
     ": \"secrets\" (key-value store, below \"vault/secrets/\")"},
    {SPACE "/kv",
     "tinycloud.kv",
     {"*", "delete"},
     NULL,
     FALSE,
     "Do anything with and delete entries in your space \"default\" (key-value store)"},
    {SPACE "/sql",
     "tinycloud.sql",
     {"admin", "export", "read", "schema", "write"},
     NULL,
     FALSE,
     "Administer, copy, read, change the structure of and change the database in your space "
     "\"default\" (database)"},
    {SPACE "/sql",
     "tinycloud.sql",
     {"*", "execute", "select"},
     NULL,
     FALSE,
     "Do anything with, run commands in and query the database in your space \"default\" "
     "(database)"},
    {SPACE "/duckdb",
     "tinycloud.duckdb",
     {"admin", "describe", "execute", "export", "import", "read", "write"},
     NULL,
     FALSE,
     "Administer, see the structure of, run commands in, copy, replace, read and change the "
     "analytics database in your space \"default\" (analytics database)"},
    {SPACE "/duckdb",
     "tinycloud.duckdb",
     {"*", "select"},
     NULL,
     FALSE,
     "Do anything with and query the analytics database in your space \"default\" (analytics "
     "database)"},
    {SPACE "/hooks",
     "tinycloud.hooks",
     {"list", "register", "subscribe", "unregister"},
     NULL,
     FALSE,
     "List what is called on changes, be called, be told and end calls when something changes in "
     "your space \"default\" (change notices)"},
    {SPACE "/compute/f",
     "tinycloud.compute",
     {"deploy", "execute", "list"},
     NULL,
     FALSE,
     "Install, run and list programs in your space \"default\" (programs, below \"f\")"},
    {SPACE "/space",
     "tinycloud.space",
     {"create", "info", "list"},
     NULL,
     FALSE,
     "Create the space, see details, list spaces in your space \"default\""},
    {"tinycloud:pkh:eip155:10:" ADDRESS ":default/kv/",
     "tinycloud.kv",
     {"get"},
     NULL,
     FALSE,
     "Read entries in your space \"default\" on chain 10 (key-value store)"},
    {SPACE, "tinycloud.kv", {"get"}, NULL, FALSE, "Read entries in your space \"default\""},
    {"https://bank.example/account",
     "bank",
     {"pay"},
     "{\"max\":5}",
     FALSE,
     "Use \"bank/pay\" in \"https://bank.example/account\", with conditions {\"max\":5}"},
    {"urn:x",
     "kv",
     {"get"},
     NULL,
     TRUE,
     "Use \"kv/get\" in \"urn:x\" (as written, this cannot be used)"},
    {"tinycloud:pkh:eip155:1",
     "tinycloud.kv",
     {"get"},
     NULL,
     FALSE,
     "Read entries in \"tinycloud:pkh:eip155:1\""},
};

static void test_capabilities(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(GStrv) names = g_strdupv((char **)(guintptr)cases[i].names);
        SrRecapGroup group = {.resource = g_strdup(cases[i].resource),
                              .namespace = g_strdup(cases[i].namespace),
                              .names = names,
                              .restrictions = g_strdup(cases[i].restrictions),
                              .no_valid_use = cases[i].no_valid_use};
        g_autofree char *words = sr_capability_describe(&group, ADDRESS);

        g_assert_cmpstr(words, ==, cases[i].words);
        g_free(group.resource);
        g_free(group.namespace);
        g_free(group.restrictions);
    }
}

static void test_durations(void)
{
    static const struct {
        gint64 seconds;
        const char *text;
    } rows[] = {{604800, "7 days"},   {86400, "1 day"},      {90000, "25 hours"}, {3600, "1 hour"},
                {5400, "90 minutes"}, {60, "1 minute"},      {59, "59 seconds"},  {1, "1 second"},
                {172800, "2 days"},   {31536000, "365 days"}};

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = sr_duration_text(rows[i].seconds);

        g_assert_cmpstr(text, ==, rows[i].text);
    }
}

#define MESSAGE(tail)                                                                              \
    "app.example.com wants you to sign in with your Ethereum account:\n" ADDRESS                   \
    "\n\nHello.\n\nURI: https://app.example.com/login\nVersion: 1\nChain ID: 1\n"                  \
    "Nonce: abcdefgh12345678\nIssued At: 2026-11-24T10:00:00.000Z" tail

/* 2026-11-24T10:00:00Z in microseconds. */
#define NOW (G_GINT64_CONSTANT(1795514400) * G_USEC_PER_SEC)

static char *view_of(const char *message, gint64 now)
{
    g_autoptr(SrConsentModel) model = sr_consent_model_new();
    g_autofree char *title = NULL;
    SrSiweProblem problem;
    SrSiwe siwe;

    g_assert_true(sr_siwe_parse(message, strlen(message), &siwe, &problem));
    title = sr_siwe_view_title(&siwe, NULL);
    sr_consent_model_add(model, SR_CONSENT_TITLE, "%s", title);
    sr_siwe_view_add(model, &siwe, NULL, message, strlen(message), now);
    return sr_consent_model_serialize(model);
}

static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        g_error("\"%s\" is not in:\n%s", part, text);
}

/* The view of a message that carries @attenuations, a ReCap in JSON. */
static char *recap_view(const char *attenuations, const char *expiration)
{
    g_autoptr(SrJson) json = sr_json_parse(attenuations, strlen(attenuations), NULL);
    g_autofree char *uri = sr_recap_encode(json, NULL, NULL);
    g_autoptr(SrRecap) recap = sr_recap_decode(uri, strlen(uri), NULL);
    g_autofree char *statement = sr_recap_statement(recap);
    const char *const resources[] = {uri, NULL};
    const SrSiweFields fields = {
        .domain = "app.example.com",
        .address = ADDRESS,
        .statement = statement,
        .uri = "did:key:z6MkfakePeer",
        .chain_id = "1",
        .nonce = "B8fUVlabzBBrPaQVo",
        .issued_at = "2026-11-24T10:00:00.000Z",
        .expiration_time = expiration,
        .resources = resources,
    };
    g_autofree char *message = sr_siwe_build(&fields, NULL);
    g_autoptr(SrConsentModel) model = sr_consent_model_new();
    g_autofree char *title = NULL;
    SrSiweProblem problem;
    SrSiwe siwe;

    g_assert_true(sr_siwe_parse(message, strlen(message), &siwe, &problem));
    title = sr_siwe_view_title(&siwe, recap);
    sr_consent_model_add(model, SR_CONSENT_TITLE, "%s", title);
    sr_siwe_view_add(model, &siwe, recap, message, strlen(message), NOW);
    return sr_consent_model_serialize(model);
}

static void test_a_host_message_never_expires(void)
{
    g_autofree char *text =
        recap_view("{\"" SPACE "/space\":{\"tinycloud.space/host\":[{}]}}", NULL);

    assert_contains(text, "title\tLet a server host your TinyCloud space, for app.example.com?\n");
    assert_contains(text, "fact\tServer: did:key:z6MkfakePeer\n");
    assert_contains(text, "fact\tValid until: no end is given\n");
    assert_contains(text, "warning\tThis never expires. The server may host the space until the "
                          "permission is revoked.\n");
    assert_contains(text, "grant\tHost all data in your space \"default\"\n");
    assert_contains(text, "action\tLet it host\n");
}

static void test_a_sign_in_without_end_never_expires(void)
{
    g_autofree char *text = recap_view("{\"" SPACE "/kv\":{\"tinycloud.kv/get\":[{}]}}", NULL);

    assert_contains(text, "title\tSign in to app.example.com with TinyCloud access?\n");
    assert_contains(text, "fact\tActs for you: did:key:z6MkfakePeer\n");
    assert_contains(text,
                    "warning\tThis never expires. Whoever gets the signature can use it until "
                    "it is revoked.\n");
    assert_contains(text, "action\tSign in\n");
}

static void test_a_star_gets_a_warning(void)
{
    static const char end[] = "2026-12-01T10:00:00.000Z";
    g_autofree char *wide = recap_view("{\"" SPACE "/sql\":{\"tinycloud.sql/*\":[{}]}}", end);
    g_autofree char *narrow = recap_view("{\"" SPACE "/sql\":{\"tinycloud.sql/admin\":[{}]}}", end);

    assert_contains(wide, "warning\tA \"*\" stands for everything: this gives more than is listed "
                          "here.\n");
    g_assert_null(strstr(narrow, "warning\t"));
}

/* All 13 groups of TinyCloud's own sign-in have words of their own: none is quoted as unknown. */
static void test_a_plain_sign_in_is_all_in_plain_words(void)
{
    g_autoptr(SrCapabilityRequest) request = NULL;
    g_autofree char *attenuations = NULL;
    g_autofree char *text = NULL;
    SrSpaceOwner owner;

    g_assert_true(sr_space_owner_init(&owner, ADDRESS, 1, NULL));
    request = sr_capability_request_new(&owner, NULL, NULL, NULL, NULL);
    attenuations = sr_json_text(request->attenuations);
    text = recap_view(attenuations, "2026-12-01T10:00:00.000Z");
    g_assert_null(strstr(text, "se \"tinycloud."));
    g_assert_null(strstr(text, "service \""));
    g_assert_null(strstr(text, "in \""));
    g_assert_null(strstr(text, "warning\t"));
}

static void test_expiry_is_a_date_and_a_duration(void)
{
    g_autofree char *text = view_of(MESSAGE("\nExpiration Time: 2026-12-01T10:00:00.000Z"), NOW);

    assert_contains(text, "title\tSign in to app.example.com?\n");
    assert_contains(text, "fact\tValid until: 1 December 2026, 10:00 UTC (7 days)\n");
    g_assert_null(strstr(text, "warning\t"));
}

static void test_every_line_of_the_message_is_there(void)
{
    static const char message[] = MESSAGE("\nRequest ID: r-1\nResources:\n- https://a.example/x");
    g_autofree char *text = view_of(message, NOW);
    g_auto(GStrv) lines = g_strsplit(message, "\n", -1);

    for (char **line = lines; *line; line++) {
        g_autofree char *entry = g_strconcat("text\t", *line, "\n", NULL);

        assert_contains(text, entry);
    }
    assert_contains(text, "fact\tStatement: Hello.\n");
    assert_contains(text, "fact\tResource: https://a.example/x\n");
}

static void test_an_old_message_gets_a_warning(void)
{
    g_autofree char *text = view_of(MESSAGE(""), NOW + G_GINT64_CONSTANT(7200) * G_USEC_PER_SEC);

    assert_contains(text, "warning\tThe message says it was made 2 hours ago.\n");
}

static void test_a_summary_counts_permissions(void)
{
    static const char *const attenuations[] = {
        "{\"" SPACE "/kv\":{\"tinycloud.kv/get\":[{}]}}",
        "{\"" SPACE "/kv\":{\"tinycloud.kv/get\":[{}]},\"" SPACE
        "/sql\":{\"tinycloud.sql/read\":[{}]}}",
    };
    static const char *const ends[] = {", 1 permission", ", 2 permissions"};
    g_autofree char *none = NULL;
    SrSiweProblem problem;
    SrSiwe siwe;

    g_assert_true(sr_siwe_parse(MESSAGE(""), strlen(MESSAGE("")), &siwe, &problem));
    none = sr_siwe_view_summary(&siwe, NULL);
    g_assert_cmpstr(none, ==,
                    "sign-in to app.example.com for https://app.example.com/login, no permissions");
    for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
        g_autoptr(SrJson) json = sr_json_parse(attenuations[i], strlen(attenuations[i]), NULL);
        g_autofree char *uri = sr_recap_encode(json, NULL, NULL);
        g_autoptr(SrRecap) recap = sr_recap_decode(uri, strlen(uri), NULL);
        g_autofree char *text = sr_siwe_view_summary(&siwe, recap);

        g_assert_true(g_str_has_suffix(text, ends[i]));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/capability/each-is-said-in-plain-words", test_capabilities);
    g_test_add_func("/duration/is-said-in-the-largest-fitting-unit", test_durations);
    g_test_add_func("/siwe-view/expiry-is-a-date-and-a-duration",
                    test_expiry_is_a_date_and_a_duration);
    g_test_add_func("/siwe-view/every-line-of-the-message-is-there",
                    test_every_line_of_the_message_is_there);
    g_test_add_func("/siwe-view/an-old-message-gets-a-warning", test_an_old_message_gets_a_warning);
    g_test_add_func("/siwe-view/a-space-host-message-is-said-to-be-one-that-never-expires",
                    test_a_host_message_never_expires);
    g_test_add_func("/siwe-view/a-sign-in-without-end-is-said-to-never-expire",
                    test_a_sign_in_without_end_never_expires);
    g_test_add_func("/siwe-view/a-star-for-everything-gets-a-warning", test_a_star_gets_a_warning);
    g_test_add_func("/siwe-view/a-plain-tinycloud-sign-in-is-all-in-plain-words",
                    test_a_plain_sign_in_is_all_in_plain_words);
    g_test_add_func("/siwe-view/a-summary-counts-permissions-or-says-that-there-are-none",
                    test_a_summary_counts_permissions);
    return g_test_run();
}
