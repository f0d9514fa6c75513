/* The line of a session in a store: there and back, and not a byte of it another one. */
#include "tinycloud/session.h"

#include "base/error.h"
#include "support/secret_text.h"
#include "support/session_maker.h"

#include <string.h>

static SrSession *key_only_session(void)
{
    g_autoptr(GError) error = NULL;
    SrSession *session = sr_session_generate("extension", "https://app.example.com",
                                             TEST_START * G_USEC_PER_SEC, &error);

    g_assert_no_error(error);
    return session;
}

static SrSession *signed_in_session(void)
{
    return test_session(&(TestSignIn){0});
}

static SrSecret *line_of(const SrSession *session)
{
    g_autoptr(GError) error = NULL;
    SrSecret *line = sr_session_write(session, &error);

    g_assert_no_error(error);
    return line;
}

static void assert_json(SrJson *found, SrJson *expected)
{
    g_assert_true(json_object_equal(found, expected));
}

static void assert_same(const SrSession *found, const SrSession *expected)
{
    g_assert_cmpstr(found->id, ==, expected->id);
    g_assert_cmpstr(found->caller, ==, expected->caller);
    g_assert_cmpstr(found->origin, ==, expected->origin);
    g_assert_cmpint(found->kind, ==, expected->kind);
    g_assert_cmpstr(found->did, ==, expected->did);
    g_assert_cmpint(found->created, ==, expected->created);
    g_assert_cmpstr(found->key_id, ==, expected->key_id);
    g_assert_cmpstr(found->siwe, ==, expected->siwe);
    g_assert_cmpstr(found->signature, ==, expected->signature);
    g_assert_cmpstr(found->header, ==, expected->header);
    g_assert_cmpstr(found->cid, ==, expected->cid);
    g_assert_cmpstr(found->space_id, ==, expected->space_id);
    g_assert_cmpstr(found->expires_at, ==, expected->expires_at);
    assert_json(found->spaces, expected->spaces);
    assert_json(found->portable, expected->portable);
    g_assert_true(sr_secret_equal(found->private_key, expected->private_key));
}

typedef SrSession *(*Maker)(void);

static const struct {
    const char *name;
    Maker make;
} kinds[] = {
    {"key", key_only_session},
    {"signed-in", signed_in_session},
    {"delegated", test_delegated_session},
};

static void test_round_trip(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autoptr(SrSession) session = kinds[i].make();
        g_autoptr(SrSecret) line = line_of(session);
        g_autoptr(GError) error = NULL;
        g_autoptr(SrSession) again = sr_session_read(session->id, line, &error);
        g_autoptr(SrSecret) line_again = NULL;
        g_autoptr(SrKey) key = NULL;

        g_assert_no_error(error);
        g_assert_cmpstr(sr_session_kind_name(session->kind), ==, kinds[i].name);
        assert_same(again, session);
        line_again = line_of(again);
        g_assert_true(sr_secret_equal(line_again, line));
        key = sr_session_key(again, &error);
        g_assert_no_error(error);
    }
}

/* The line of the key 32 times 0x22, as it is in stores already. */
static void test_form(void)
{
    static const char text[] =
        "1.eyJjYWxsZXIiOiJleHRlbnNpb24iLCJvcmlnaW4iOiJodHRwczovL2FwcC5leGFtcGxlLmNvbSIsImtpbmQiOiJr"
        "ZXkiLCJkaWQiOiJkaWQ6a2V5Ono2TWtxR0MzbldaaFlpZUVWVFZES1c1djU4OENpR2ZzRFNtUlZHOVp3d1dUdkxTSy"
        "N6"
        "Nk1rcUdDM25XWmhZaWVFVlRWREtXNXY1ODhDaUdmc0RTbVJWRzlad3dXVHZMU0siLCJjcmVhdGVkIjoxNzgyMDQzMj"
        "Aw"
        "MDAwMDAwfQ.IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI."
        "mLBy8s07nDJk3dfacbnnV9SBcpCPAfrKOoDHOi67YXo";
    g_autofree char *prefix = sr_session_id_prefix("extension", "https://app.example.com");
    g_autoptr(SrSecret) line = sr_test_secret(text);
    g_autoptr(GError) error = NULL;
    g_autoptr(SrSession) session = sr_session_read(prefix, line, &error);
    g_autoptr(SrSecret) again = NULL;

    g_assert_no_error(error);
    g_assert_cmpint(session->created, ==, TEST_START * G_USEC_PER_SEC);
    again = line_of(session);
    sr_assert_secret(again, text);
}

/* The line is refused, and the reason does not say @key. */
static void assert_corrupt(const char *id, const SrSecret *line, const char *key)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrSession) session = sr_session_read(id, line, &error);

    g_assert_null(session);
    g_assert_error(error, SR_ERROR, SR_ERROR_CORRUPT);
    g_assert_null(strstr(error->message, key));
    g_assert_nonnull(strstr(error->message, id));
}

/* The part of a line that is the key, as text. */
static char *key_text(const SrSecret *line)
{
    const char *check = strrchr(sr_test_secret_text(line), '.');
    const char *key =
        g_strrstr_len(sr_test_secret_text(line), check - sr_test_secret_text(line), ".");

    return g_strndup(key + 1, (gsize)(check - key - 1));
}

/* Each byte of the line in turn: another bit, and characters that mean something there. Long lines
 * get the first of these. */
static void test_changed(void)
{
    static const char instead[] = {'.', '-', '_', '=', 'A', '\0', '\n'};

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autoptr(SrSession) session = kinds[i].make();
        g_autoptr(SrSecret) line = line_of(session);
        g_autofree char *key = key_text(line);
        guint8 *bytes = sr_secret_data(line);

        for (gsize at = 0; at < sr_secret_size(line); at++) {
            const guint8 kept = bytes[at];

            bytes[at] ^= 1;
            assert_corrupt(session->id, line, key);
            for (gsize j = 0; j < (i == 0 ? sizeof instead : 1); j++) {
                bytes[at] = (guint8)instead[j];
                if (bytes[at] != kept)
                    assert_corrupt(session->id, line, key);
            }
            bytes[at] = kept;
        }
    }
}

static void test_cut(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autoptr(SrSession) session = kinds[i].make();
        g_autoptr(SrSecret) line = line_of(session);
        g_autofree char *key = key_text(line);

        for (gsize size = 0; size < sr_secret_size(line); size++) {
            g_autoptr(SrSecret) front = sr_secret_new_copy(sr_secret_peek(line), size, NULL);

            assert_corrupt(session->id, front, key);
        }
    }
}

static void test_longer(void)
{
    static const char *const tails[] = {".", "A", "\n", ".A", "="};
    g_autoptr(SrSession) session = key_only_session();
    g_autoptr(SrSecret) line = line_of(session);

    for (gsize i = 0; i < G_N_ELEMENTS(tails); i++) {
        g_autofree char *text = g_strconcat(sr_test_secret_text(line), tails[i], NULL);
        g_autoptr(SrSecret) longer = sr_test_secret(text);

        assert_corrupt(session->id, longer, ".");
    }
}

/* Facts of one record do not go with the key of another. */
static void test_exchanged(void)
{
    g_autoptr(SrSession) one = key_only_session();
    g_autoptr(SrSession) two = key_only_session();
    g_autoptr(SrSecret) first = line_of(one);
    g_autoptr(SrSecret) second = line_of(two);

    for (guint part = 0; part < 4; part++) {
        g_auto(GStrv) parts = g_strsplit(sr_test_secret_text(first), ".", -1);
        g_auto(GStrv) others = g_strsplit(sr_test_secret_text(second), ".", -1);
        g_autofree char *text = NULL;
        g_autoptr(SrSecret) mixed = NULL;

        if (part == 0) /* the version is the same one */
            continue;
        g_free(parts[part]);
        parts[part] = g_strdup(others[part]);
        text = g_strjoinv(".", parts);
        mixed = sr_test_secret(text);
        assert_corrupt(one->id, mixed, ".");
    }
}

static void test_other_owner(void)
{
    static const char *const owners[][2] = {
        {"extension", "https://app.example.org"},
        {"extension2", "https://app.example.com"},
        {"extension https://app.example.com", ""},
        {"", "extension https://app.example.com"},
        {"cli", "cli"},
    };
    g_autoptr(SrSession) session = signed_in_session();
    g_autoptr(SrSecret) line = line_of(session);

    for (gsize i = 0; i < G_N_ELEMENTS(owners); i++) {
        g_autofree char *prefix = sr_session_id_prefix(owners[i][0], owners[i][1]);
        g_autofree char *id = g_strconcat(prefix, "0123456789abcdef", NULL);

        assert_corrupt(id, line, ".");
    }
    assert_corrupt("", line, ".");
}

/* A record whose facts lack what its kind needs, or whose key is another's. */
static void test_incomplete(void)
{
    g_autoptr(SrSession) signed_in = signed_in_session();
    g_autoptr(SrSession) delegated = test_delegated_session();
    char **const needed[] = {&signed_in->siwe,      &signed_in->signature, &signed_in->header,
                             &signed_in->cid,       &signed_in->space_id,  &signed_in->did,
                             &signed_in->expires_at};
    SrJson *portable = delegated->portable;

    for (gsize i = 0; i < G_N_ELEMENTS(needed); i++) {
        char *kept = *needed[i];
        g_autoptr(SrSecret) line = NULL;

        *needed[i] = NULL;
        line = line_of(signed_in);
        assert_corrupt(signed_in->id, line, ".");
        *needed[i] = kept;
    }
    delegated->portable = NULL;
    g_autoptr(SrSecret) line = line_of(delegated);
    assert_corrupt(delegated->id, line, ".");
    delegated->portable = portable;
}

static void test_other_key(void)
{
    g_autoptr(SrSession) session = signed_in_session();
    g_autoptr(SrKey) key = NULL;
    g_autoptr(GError) error = NULL;

    sr_secret_data(session->private_key)[0] ^= 1;
    key = sr_session_key(session, &error);
    g_assert_null(key);
    g_assert_error(error, SR_ERROR, SR_ERROR_CORRUPT);
}

static void test_generate(void)
{
    g_autoptr(SrSession) one = key_only_session();
    g_autoptr(SrSession) two = key_only_session();
    g_autofree char *prefix = sr_session_id_prefix(one->caller, one->origin);

    g_assert_cmpstr(one->id, !=, two->id);
    g_assert_cmpstr(one->did, !=, two->did);
    g_assert_true(g_str_has_prefix(one->id, prefix));
    g_assert_false(sr_secret_equal(one->private_key, two->private_key));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/session-record/all-kinds-come-back-as-they-were", test_round_trip);
    g_test_add_func("/session-record/the-form-stays-as-it-is", test_form);
    g_test_add_func("/session-record/no-byte-can-be-another-one", test_changed);
    g_test_add_func("/session-record/no-end-can-be-cut-off", test_cut);
    g_test_add_func("/session-record/nothing-can-be-added", test_longer);
    g_test_add_func("/session-record/no-part-can-be-that-of-another-record", test_exchanged);
    g_test_add_func("/session-record/it-is-of-no-use-under-another-owners-id", test_other_owner);
    g_test_add_func("/session-record/what-its-kind-needs-must-be-there", test_incomplete);
    g_test_add_func("/session-record/a-key-that-is-not-of-its-did-is-refused", test_other_key);
    g_test_add_func("/session-record/each-new-session-has-its-own-id-and-key", test_generate);
    return g_test_run();
}
