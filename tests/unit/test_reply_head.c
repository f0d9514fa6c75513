/* What is kept of the head of a server's reply. */
#include "net/reply_head.h"

#include <glib.h>
#include <string.h>

/* Take all of @lines, in which "\n" stands for the line break. */
static SrReplyHead take(const char *lines)
{
    g_auto(GStrv) split = g_strsplit(lines, "\n", -1);
    SrReplyHead head;

    sr_reply_head_init(&head);
    for (guint i = 0; split[i] && split[i + 1]; i++) {
        g_autofree char *line = g_strconcat(split[i], "\r\n", NULL);

        g_assert_true(sr_reply_head_take(&head, line, strlen(line)));
    }
    return head;
}

static void test_headers_are_kept(void)
{
    SrReplyHead head = take("HTTP/1.1 429 Too Many Requests\ncontent-TYPE:  application/json \n"
                            "X-Other: 1\nDPoP-Nonce: n0nce:1\nRetry-After: 7\n\n");

    g_assert_true(head.is_complete);
    g_assert_cmpuint(head.status, ==, 429);
    g_assert_cmpstr(head.content_type, ==, "application/json");
    g_assert_cmpstr(head.dpop_nonce, ==, "n0nce:1");
    g_assert_cmpint(head.retry_after, ==, 7);
    sr_reply_head_clear(&head);
}

static void test_a_head_without_its_end_is_not_complete(void)
{
    SrReplyHead head = take("HTTP/1.1 200 OK\nContent-Type: application/json\n");

    g_assert_false(head.is_complete);
    sr_reply_head_clear(&head);
}

static void test_an_interim_reply_leaves_nothing(void)
{
    SrReplyHead head = take("HTTP/1.1 103 Early Hints\nContent-Type: text/plain\n"
                            "Retry-After: 9\n\n");

    g_assert_false(head.is_complete);
    sr_reply_head_clear(&head);
    head = take("HTTP/1.1 100 Continue\nDPoP-Nonce: a\nRetry-After: 9\n\nHTTP/1.1 204 No\n\n");
    g_assert_true(head.is_complete);
    g_assert_cmpuint(head.status, ==, 204);
    g_assert_null(head.dpop_nonce);
    g_assert_cmpint(head.retry_after, ==, -1);
    sr_reply_head_clear(&head);
}

static void test_trailers_and_repetitions_change_nothing(void)
{
    SrReplyHead head = take("HTTP/1.1 200 OK\nDPoP-Nonce: first\nDPoP-Nonce: second\n\n"
                            "Retry-After: 3\nContent-Type: text/plain\n\n");

    g_assert_cmpstr(head.dpop_nonce, ==, "first");
    g_assert_null(head.content_type);
    g_assert_cmpint(head.retry_after, ==, -1);
    sr_reply_head_clear(&head);
}

static void test_a_head_over_the_limit_is_refused(void)
{
    g_autofree char *line = g_strnfill(SR_REPLY_HEAD_MAX / 2, 'x');
    SrReplyHead head;

    sr_reply_head_init(&head);
    g_assert_true(sr_reply_head_take(&head, line, SR_REPLY_HEAD_MAX / 2));
    g_assert_true(sr_reply_head_take(&head, line, SR_REPLY_HEAD_MAX / 2));
    g_assert_false(sr_reply_head_take(&head, line, 1));
    sr_reply_head_clear(&head);
}

/* Interim replies count, or a server could send them for ever. */
static void test_interim_replies_count_for_the_limit(void)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n";
    SrReplyHead head;
    guint taken = 0;

    sr_reply_head_init(&head);
    while (sr_reply_head_take(&head, line, strlen(line)) && taken < SR_REPLY_HEAD_MAX)
        taken++;
    g_assert_cmpuint(taken, ==, SR_REPLY_HEAD_MAX / strlen(line));
    sr_reply_head_clear(&head);
}

static void test_retry_after(void)
{
    static const gint64 now = 784111777; /* Sun, 06 Nov 1994 08:49:37 GMT */
    static const struct {
        const char *text;
        gint64 seconds;
    } cases[] = {
        {"0", 0},
        {"120", 120},
        {"86400", 86400},
        {"86401", 86400},
        {"18446744073709551615", 86400},
        {"Sun, 06 Nov 1994 08:50:37 GMT", 60},
        {"Sunday, 06-Nov-94 08:50:37 GMT", 60},
        {"Sun Nov  6 08:50:37 1994", 60},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 0},
        {"Sun, 06 Nov 1994 08:40:00 GMT", 0},
        {"Tue, 06 Nov 2040 08:49:37 GMT", 86400},
        {"", -1},
        {"soon", -1},
        {"-1", -1},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const gint64 seconds = sr_reply_head_seconds(cases[i].text, now);

        if (seconds != cases[i].seconds)
            g_error("%" G_GINT64_FORMAT " seconds for \"%s\"", seconds, cases[i].text);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/reply-head/headers-are-kept", test_headers_are_kept);
    g_test_add_func("/reply-head/without-its-end-it-is-not-complete",
                    test_a_head_without_its_end_is_not_complete);
    g_test_add_func("/reply-head/an-interim-reply-leaves-nothing",
                    test_an_interim_reply_leaves_nothing);
    g_test_add_func("/reply-head/trailers-and-repetitions-change-nothing",
                    test_trailers_and_repetitions_change_nothing);
    g_test_add_func("/reply-head/over-the-limit-it-is-refused",
                    test_a_head_over_the_limit_is_refused);
    g_test_add_func("/reply-head/interim-replies-count-for-the-limit",
                    test_interim_replies_count_for_the_limit);
    g_test_add_func("/reply-head/retry-after", test_retry_after);
    return g_test_run();
}
