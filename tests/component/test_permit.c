/* Permits, while several threads use them and another takes them back: after that nothing signs. */
#include "agent/application.h"
#include "agent/program_hash.h"
#include "agent/program_result.h"
#include "base/error.h"

#include <string.h>

#define WORKERS 4u

static const guint8 digest[32] = {1, 2, 3};

static SrPermit *permit_of(SrKeyType type, gint64 cache_seconds)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrKey) key = sr_key_generate(type, &error);
    SrSigner *signer = sr_signer_new(key, &error);

    g_assert_no_error(error);
    return sr_permit_new(signer, "0123456789abcdef", cache_seconds);
}

static SrPermitOutcome sign(SrPermit *permit, guint32 scheme)
{
    guint8 signature[SR_SIGNATURE_SIZE];

    return sr_permit_sign(permit, scheme, (SrBytes){digest, sizeof digest}, signature);
}

static void test_only_what_is_allowed_signs(void)
{
    SrPermit *permit = permit_of(SR_KEY_P256, 60);

    g_assert_cmpint(sign(permit, SR_SCHEME_DIGEST), ==, SR_PERMIT_GONE);
    sr_permit_allow(permit);
    g_assert_cmpint(sign(permit, SR_SCHEME_DIGEST), ==, SR_PERMIT_DONE);
    g_assert_cmpint(sign(permit, SR_SCHEME_SHA384), ==, SR_PERMIT_DONE);
    g_assert_cmpint(sign(permit, SR_SCHEME_EDDSA), ==, SR_PERMIT_GONE);
    g_assert_cmpint(sign(permit, SR_SCHEME_PERSONAL), ==, SR_PERMIT_GONE);
    sr_permit_revoke(permit);
    g_assert_cmpint(sign(permit, SR_SCHEME_DIGEST), ==, SR_PERMIT_GONE);
    sr_permit_allow(permit); /* what was taken back stays so */
    g_assert_cmpint(sign(permit, SR_SCHEME_DIGEST), ==, SR_PERMIT_GONE);
    g_assert_true(sr_permit_is_over(permit));
    sr_permit_unref(permit);
}

static void test_uses_are_counted_once(void)
{
    SrPermit *permit = permit_of(SR_KEY_ED25519, -1);
    guint64 counts[SR_PERMIT_USES];

    sr_permit_allow(permit);
    g_assert_false(sr_permit_take_counts(permit, counts));
    for (guint i = 0; i < 3; i++)
        g_assert_cmpint(sign(permit, SR_SCHEME_EDDSA), ==, SR_PERMIT_DONE);
    sr_permit_revoke(permit); /* what was done is still to be written down */
    g_assert_true(sr_permit_take_counts(permit, counts));
    g_assert_cmpuint(counts[SR_SCHEME_EDDSA], ==, 3);
    g_assert_cmpuint(counts[SR_SCHEME_DIGEST], ==, 0);
    g_assert_false(sr_permit_take_counts(permit, counts));
    sr_permit_unref(permit);
}

static void test_time_ends_it(void)
{
    SrPermit *cached = permit_of(SR_KEY_SECP256K1, 0);
    SrPermit *granted = permit_of(SR_KEY_SECP256K1, 60);

    sr_permit_allow(cached);
    g_assert_cmpint(sign(cached, SR_SCHEME_DIGEST), ==, SR_PERMIT_GONE);
    sr_permit_set_grant(granted, "grant", g_get_real_time() / G_USEC_PER_SEC - 1);
    sr_permit_allow(granted);
    g_assert_cmpint(sign(granted, SR_SCHEME_DIGEST), ==, SR_PERMIT_GONE);
    g_assert_true(sr_permit_relies_on(granted, "grant"));
    g_assert_false(sr_permit_relies_on(cached, "grant"));
    sr_permit_unref(cached);
    sr_permit_unref(granted);
}

/* --- threads ------------------------------------------------------------------------------------
 */

typedef struct {
    SrApplication *application;
    gint revoked; /* atomic: set once nothing may be signed any more */
    gint late;    /* atomic: signatures after that */
} Race;

static gpointer work(gpointer data)
{
    Race *race = data;

    for (;;) {
        SrPermit *permit = sr_application_permit(race->application, 1);
        const gint before = __atomic_load_n(&race->revoked, __ATOMIC_ACQUIRE);
        SrPermitOutcome outcome = SR_PERMIT_GONE;

        if (permit) {
            outcome = sign(permit, SR_SCHEME_DIGEST);
            sr_permit_unref(permit);
        }
        if (before && outcome == SR_PERMIT_DONE)
            __atomic_fetch_add(&race->late, 1, __ATOMIC_RELAXED);
        if (before)
            return NULL;
    }
}

typedef void (*Ending)(SrApplication *application);

static void log_out(SrApplication *application)
{
    sr_application_logout(application, SR_TOKEN_KEYS);
}

static void remove_it(SrApplication *application)
{
    sr_application_remove_permit(application, 1);
}

static gboolean drop(SrPermit *permit, gpointer data)
{
    (void)data;
    sr_permit_revoke(permit);
    return FALSE;
}

static void drop_all(SrApplication *application)
{
    sr_application_visit_permits(application, drop, NULL);
}

static void test_taken_back_while_in_use(gconstpointer data)
{
    Ending const *end = data;
    g_autoptr(GError) error = NULL;
    GThread *threads[WORKERS];
    Race race = {0};
    SrPermit *permit = permit_of(SR_KEY_P256, 60);

    race.application = sr_application_new(1, "/bin/true", TRUE, 3, &error);
    g_assert_no_error(error);
    sr_permit_allow(permit);
    sr_application_add_permit(race.application, 1, permit);
    for (guint i = 0; i < WORKERS; i++)
        threads[i] = g_thread_new("worker", work, &race);
    g_usleep(20000);
    (*end)(race.application);
    __atomic_store_n(&race.revoked, 1, __ATOMIC_RELEASE);
    for (guint i = 0; i < WORKERS; i++)
        g_thread_join(threads[i]);
    g_assert_cmpint(race.late, ==, 0);
    sr_application_unref(race.application);
}

/* --- applications -------------------------------------------------------------------------------
 */

static void test_an_application_is_known_by_its_value(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrApplication) one = sr_application_new(1, "/bin/true", TRUE, 2, &error);
    g_autoptr(SrApplication) other = sr_application_new(1, "/bin/true", TRUE, 3, &error);

    g_assert_true(sr_application_is(one, (SrBytes){one->value, sizeof one->value}));
    g_assert_false(sr_application_is(one, (SrBytes){other->value, sizeof other->value}));
    g_assert_false(sr_application_is(one, (SrBytes){one->value, sizeof one->value - 1}));
    g_assert_false(sr_application_is(one, (SrBytes){(const guint8 *)"", 0}));
    g_assert_false(sr_application_sees(one, SR_TOKEN_ACCOUNTS));
    g_assert_true(sr_application_sees(one, SR_TOKEN_KEYS));
}

static void test_keys_of_the_session_outlive_the_lock(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrApplication) application = sr_application_new(1, "/bin/true", TRUE, 3, &error);
    SrPermit *own = permit_of(SR_KEY_P256, -1);
    SrPermit *users = permit_of(SR_KEY_P256, 60);

    application->logins[SR_TOKEN_KEYS] = SR_LOGIN_FULL;
    sr_permit_allow(own);
    sr_permit_allow(users);
    sr_application_add_permit(application, 1, sr_permit_ref(own));
    sr_application_add_permit(application, 2, sr_permit_ref(users));
    sr_application_forget(application);
    g_assert_cmpint(sign(own, SR_SCHEME_DIGEST), ==, SR_PERMIT_DONE);
    g_assert_cmpint(sign(users, SR_SCHEME_DIGEST), ==, SR_PERMIT_GONE);
    g_assert_cmpint(application->logins[SR_TOKEN_KEYS], ==, SR_LOGIN_NONE);
    sr_permit_unref(own);
    sr_permit_unref(users);
}

/* --- errors -------------------------------------------------------------------------------------
 */

static guint32 result_of(SrOperation operation, SrErrorCode code)
{
    g_autoptr(GError) error = NULL;

    sr_error_set(&error, code, "a problem");
    return sr_program_result(operation, error);
}

static void test_errors_have_their_names(void)
{
    g_assert_cmphex(result_of(SR_OPERATION_LOGIN, SR_ERROR_USER_REJECTED), ==,
                    SR_CKR_FUNCTION_CANCELED);
    g_assert_cmphex(result_of(SR_OPERATION_SIGN, SR_ERROR_USER_REJECTED), ==,
                    SR_CKR_FUNCTION_REJECTED);
    g_assert_cmphex(result_of(SR_OPERATION_SIGN, SR_ERROR_LIMIT_EXCEEDED), ==,
                    SR_CKR_DATA_LEN_RANGE);
    g_assert_cmphex(result_of(SR_OPERATION_CREATE, SR_ERROR_LIMIT_EXCEEDED), ==,
                    SR_CKR_DEVICE_MEMORY);
    g_assert_cmphex(result_of(SR_OPERATION_IMPORT, SR_ERROR_MALFORMED_KEY), ==,
                    SR_CKR_ATTRIBUTE_VALUE_INVALID);
    g_assert_cmphex(result_of(SR_OPERATION_DERIVE, SR_ERROR_MALFORMED_KEY), ==,
                    SR_CKR_MECHANISM_PARAM_INVALID);
    g_assert_cmphex(result_of(SR_OPERATION_SIGN, SR_ERROR_NONCE_REUSED), ==, SR_CKR_DATA_INVALID);
    g_assert_cmphex(result_of(SR_OPERATION_SIGN, SR_ERROR_STORE_LOCKED), ==,
                    SR_CKR_USER_NOT_LOGGED_IN);
    g_assert_cmphex(result_of(SR_OPERATION_SIGN, SR_ERROR_INTERNAL), ==, SR_CKR_DEVICE_ERROR);
}

int main(int argc, char **argv)
{
    static const Ending log_out_end = log_out;
    static const Ending forget_end = sr_application_forget;
    static const Ending remove_end = remove_it;
    static const Ending drop_end = drop_all;

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/permit/only-what-is-allowed-signs", test_only_what_is_allowed_signs);
    g_test_add_func("/permit/uses-are-counted-once", test_uses_are_counted_once);
    g_test_add_func("/permit/time-ends-it", test_time_ends_it);
    g_test_add_data_func("/permit/logout-while-in-use", &log_out_end, test_taken_back_while_in_use);
    g_test_add_data_func("/permit/lock-while-in-use", &forget_end, test_taken_back_while_in_use);
    g_test_add_data_func("/permit/removed-while-in-use", &remove_end, test_taken_back_while_in_use);
    g_test_add_data_func("/permit/dropped-while-in-use", &drop_end, test_taken_back_while_in_use);
    g_test_add_func("/application/known-by-its-value", test_an_application_is_known_by_its_value);
    g_test_add_func("/application/keys-of-the-session-outlive-the-lock",
                    test_keys_of_the_session_outlive_the_lock);
    g_test_add_func("/program-result/errors-have-their-names", test_errors_have_their_names);
    return g_test_run();
}
