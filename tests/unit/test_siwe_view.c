/* What a person is told of a sign-in message, and of each capability. */
#include "consent/capability.h"
#include "consent/siwe_view.h"

#include <string.h>

#define ADDRESS "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
#define OTHER "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
#define SPACE "tinycloud:pkh:eip155:1:" ADDRESS ":default"

typedef struct {
    const char *resource;
    const char *namespace;
    const char *names[6];
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
     "Decrypt your encrypted data, create the encryption network in the encryption network "
     "\"urn:tinycloud:encryption:did:pkh:eip155:1:" ADDRESS ":default\""},
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
    return g_test_run();
}
