/* Who writes which key: names for one owner, turns in order, everything given back. */
#include "agent/key_claims.h"

#include <string.h>

static GString *turns;

static void on_turn(gpointer owner)
{
    g_string_append_printf(turns, "%s ", (const char *)owner);
}

static void run_loop(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

static char a[] = "a";
static char b[] = "b";
static char c[] = "c";

static void test_a_name_has_one_owner(void)
{
    SrKeyClaims *claims = sr_key_claims_new();

    g_assert_true(sr_key_claims_take_name(claims, "Main", a));
    g_assert_true(sr_key_claims_take_name(claims, "Main", a));
    g_assert_false(sr_key_claims_take_name(claims, "Main", b));
    g_assert_true(sr_key_claims_take_name(claims, "Other", b));
    sr_key_claims_release(claims, a);
    g_assert_true(sr_key_claims_take_name(claims, "Main", b));
    sr_key_claims_free(claims);
}

static void test_turns_come_in_order(void)
{
    SrKeyClaims *claims = sr_key_claims_new();

    turns = g_string_new(NULL);
    g_assert_true(sr_key_claims_take_key(claims, "1", a, on_turn));
    g_assert_false(sr_key_claims_take_key(claims, "1", b, on_turn));
    g_assert_false(sr_key_claims_take_key(claims, "1", c, on_turn));
    run_loop();
    g_assert_cmpstr(turns->str, ==, "");
    sr_key_claims_release(claims, a);
    g_assert_cmpstr(turns->str, ==, ""); /* never from within the release */
    run_loop();
    g_assert_cmpstr(turns->str, ==, "b ");
    sr_key_claims_release(claims, b);
    run_loop();
    g_assert_cmpstr(turns->str, ==, "b c ");
    sr_key_claims_release(claims, c);
    g_assert_true(sr_key_claims_take_key(claims, "1", a, on_turn));
    sr_key_claims_free(claims);
    g_string_free(turns, TRUE);
}

static void test_who_gives_up_gets_no_turn(void)
{
    SrKeyClaims *claims = sr_key_claims_new();

    turns = g_string_new(NULL);
    g_assert_true(sr_key_claims_take_key(claims, "1", a, on_turn));
    g_assert_false(sr_key_claims_take_key(claims, "1", b, on_turn));
    g_assert_false(sr_key_claims_take_key(claims, "1", c, on_turn));
    sr_key_claims_release(claims, b);
    sr_key_claims_release(claims, a);
    run_loop();
    g_assert_cmpstr(turns->str, ==, "c ");
    g_assert_true(sr_key_claims_take_key(claims, "2", b, on_turn));
    sr_key_claims_free(claims);
    g_string_free(turns, TRUE);
}

static void test_one_owner_has_several(void)
{
    SrKeyClaims *claims = sr_key_claims_new();

    turns = g_string_new(NULL);
    g_assert_true(sr_key_claims_take_key(claims, "2", a, on_turn));
    g_assert_true(sr_key_claims_take_key(claims, "1", b, on_turn));
    g_assert_false(sr_key_claims_take_key(claims, "2", b, on_turn));
    g_assert_false(sr_key_claims_take_key(claims, "1", c, on_turn));
    sr_key_claims_release(claims, a);
    run_loop();
    g_assert_cmpstr(turns->str, ==, "b ");
    g_assert_false(sr_key_claims_take_key(claims, "2", a, on_turn));
    sr_key_claims_release(claims, b);
    run_loop();
    g_assert_nonnull(strstr(turns->str, "a"));
    g_assert_nonnull(strstr(turns->str, "c"));
    sr_key_claims_free(claims);
    g_string_free(turns, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/key-claims/a-name-has-one-owner", test_a_name_has_one_owner);
    g_test_add_func("/key-claims/turns-come-in-order", test_turns_come_in_order);
    g_test_add_func("/key-claims/who-gives-up-gets-no-turn", test_who_gives_up_gets_no_turn);
    g_test_add_func("/key-claims/one-owner-has-several", test_one_owner_has_several);
    return g_test_run();
}
