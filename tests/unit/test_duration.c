/* Durations as manifests write them. */
#include "tinycloud/duration.h"

/* What the npm package ms 2.1.3 makes of them. */
static void test_durations(void)
{
    static const struct {
        const char *text;
        gint64 ms;
    } rows[] = {
        {"30d", 2592000000},
        {"2h", 7200000},
        {"90m", 5400000},
        {"45s", 45000},
        {"1y", 31557600000},
        {"1w", 604800000},
        {"100", 100},
        {"100ms", 100},
        {"5 ", 5},
        {"1.5h", 5400000},
        {".5s", 500},
        {"0.001s", 1},
        {"2 days", 172800000},
        {"1   Week", 604800000},
        {"3 HRS", 10800000},
        {"1 min", 60000},
        {"2 mins", 120000},
        {"1 msec", 1},
        {"2 milliseconds", 2},
        {"1 sec", 1000},
        {"2 secs", 2000},
        {"1 second", 1000},
        {"2 minutes", 120000},
        {"1 hour", 3600000},
        {"1 hr", 3600000},
        {"1 yr", 31557600000},
        {"2 yrs", 63115200000},
        {"1 year", 31557600000},
        {"007d", 604800000},
        {"1.9", 1},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        gint64 ms = -1;

        g_test_message("%s", rows[i].text);
        g_assert_true(sr_duration_parse(rows[i].text, &ms));
        g_assert_cmpint(ms, ==, rows[i].ms);
    }
}

static void test_no_durations(void)
{
    static const char *const texts[] = {"",
                                        "d",
                                        "0",
                                        "0d",
                                        "-1d",
                                        "+1d",
                                        "1 x",
                                        "1d 2h",
                                        "1e3",
                                        "1e3ms",
                                        "1.",
                                        "1.d",
                                        "1.2.3",
                                        "0x10",
                                        " 1d",
                                        "1d ",
                                        "1\td",
                                        "1 month",
                                        "inf",
                                        "nan",
                                        "1,5h",
                                        ("\xd9\xa1"
                                         "d"),
                                        "0.4ms",
                                        "300000y",
                                        "99999999999999999999"};
    g_autofree char *long_text = g_strnfill(SR_DURATION_TEXT_MAX + 1, '0');
    gint64 ms;

    long_text[SR_DURATION_TEXT_MAX] = '9';
    g_assert_false(sr_duration_parse(long_text, &ms));
    g_assert_true(sr_duration_parse(long_text + 1, &ms));
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_test_message("%s", texts[i]);
        g_assert_false(sr_duration_parse(texts[i], &ms));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/duration/is-read-as-the-sdk-reads-it", test_durations);
    g_test_add_func("/duration/what-is-none-is-refused", test_no_durations);
    return g_test_run();
}
