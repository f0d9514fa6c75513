/* RFC 3339 times: what is one, which comes first, and how we write them. */
#include "ethereum/siwe_time.h"

#include <string.h>

static SrViolation parse(const char *text, SrSiweTime *ret_time, guint *ret_oddities)
{
    *ret_oddities = 0;
    return sr_siwe_time_parse((SrSlice){text, strlen(text)}, ret_time, ret_oddities);
}

static SrSiweTime time_of(const char *text)
{
    SrSiweTime time = {0};
    guint oddities;

    g_assert_cmpstr(parse(text, &time, &oddities).rule, ==, NULL);
    return time;
}

static void test_seconds(void)
{
    static const struct {
        const char *text;
        gint64 seconds;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1969-12-31T23:59:59Z", -1},
        {"2000-02-29T00:00:00Z", 951782400},
        {"2000-03-01T00:00:00Z", 951868800},
        {"2026-06-21T12:00:00.000Z", 1782043200},
        {"2026-06-21T12:00:00+02:00", 1782036000},
        {"2026-06-21T12:00:00-00:00", 1782043200},
        {"2026-06-21T12:00:00+23:59", 1782043200 - 86340},
        {"2026-06-21T12:00:00-23:59", 1782043200 + 86340},
        {"0001-01-01T00:00:00Z", -62135596800},
        {"9999-12-31T23:59:59Z", 253402300799},
        {"2016-12-31T23:59:60Z", 1483228800},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(time_of(cases[i].text).seconds, ==, cases[i].seconds);
}

/* Every day of 400 years and a bit, against GLib's calendar. */
static void test_calendar(void)
{
    g_autoptr(GDateTime) day = g_date_time_new_utc(1899, 12, 31, 0, 0, 0);

    for (guint i = 0; i < 401 * 366; i++) {
        g_autofree char *text = g_date_time_format(day, "%Y-%m-%dT00:00:00Z");
        GDateTime *next = g_date_time_add_days(day, 1);

        g_assert_cmpint(time_of(text).seconds, ==, g_date_time_to_unix(day));
        g_date_time_unref(day);
        day = next;
    }
}

static void test_refused(void)
{
    static const struct {
        const char *text;
        gsize offset;
    } cases[] = {
        {"", 0},
        {"2026-06-21", 10},
        {"2026-06-21T12:00Z", 16},
        {"2026-06-21 12:00:00Z", 10},
        {"2026-6-21T12:00:00Z", 6},
        {"26-06-21T12:00:00Z", 2},
        {"+2026-06-21T12:00:00Z", 0},
        {"20260621T120000Z", 4},
        {"0000-01-01T00:00:00Z", 0},
        {"2026-00-21T12:00:00Z", 5},
        {"2026-13-21T12:00:00Z", 5},
        {"2026-06-00T12:00:00Z", 8},
        {"2026-06-31T12:00:00Z", 8},
        {"2026-02-29T12:00:00Z", 8},
        {"1900-02-29T12:00:00Z", 8},
        {"2026-06-21T24:00:00Z", 11},
        {"2026-06-21T12:60:00Z", 14},
        {"2026-06-21T12:00:61Z", 17},
        {"2026-06-21T12:00:00", 19},
        {"2026-06-21T12:00:00.Z", 20},
        {"2026-06-21T12:00:00,5Z", 19},
        {"2026-06-21T12:00:00.5", 21},
        {"2026-06-21T12:00:00ZZ", 20},
        {"2026-06-21T12:00:00Z ", 20},
        {"2026-06-21T12:00:00+1:00", 21},
        {"2026-06-21T12:00:00+0100", 22},
        {"2026-06-21T12:00:00+01", 22},
        {"2026-06-21T12:00:00+01:000", 25},
        {"2026-06-21T12:00:00+24:00", 20},
        {"2026-06-21T12:00:00+01:60", 20},
        {"Sun Jun 21 2026", 0},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        SrSiweTime time;
        guint oddities;
        const SrViolation bad = parse(cases[i].text, &time, &oddities);

        g_test_message("%s", cases[i].text);
        g_assert_nonnull(bad.rule);
        g_assert_cmpuint(bad.offset, ==, cases[i].offset);
    }
}

static void test_oddities(void)
{
    static const struct {
        const char *text;
        guint oddities;
    } cases[] = {
        {"2026-06-21T12:00:00Z", 0},
        {"2026-06-21t12:00:00Z", SR_SIWE_LOWER_CASE_TIME},
        {"2026-06-21T12:00:00z", SR_SIWE_LOWER_CASE_TIME},
        {"2026-06-30T23:59:60Z", SR_SIWE_LEAP_SECOND},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        SrSiweTime time;
        guint oddities;

        g_assert_cmpstr(parse(cases[i].text, &time, &oddities).rule, ==, NULL);
        g_assert_cmpuint(oddities, ==, cases[i].oddities);
    }
}

static void test_order(void)
{
    static const struct {
        const char *a;
        const char *b;
        int order;
    } cases[] = {
        {"2026-06-21T12:00:00Z", "2026-06-21T12:00:01Z", -1},
        {"2026-06-21T12:00:00Z", "2026-06-21T14:00:00+02:00", 0},
        {"2026-06-21T12:00:00Z", "2026-06-21T12:00:00.000Z", 0},
        {"2026-06-21T12:00:00.1Z", "2026-06-21T12:00:00.09Z", 1},
        {"2026-06-21T12:00:00.00000000000000000001Z", "2026-06-21T12:00:00Z", 1},
        {"2026-06-21T12:00:00.12345678901234567890Z", "2026-06-21T12:00:00.12345678901234567891Z",
         -1},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const SrSiweTime a = time_of(cases[i].a);
        const SrSiweTime b = time_of(cases[i].b);

        g_assert_cmpint(sr_siwe_time_order(&a, &b), ==, cases[i].order);
        g_assert_cmpint(sr_siwe_time_order(&b, &a), ==, -cases[i].order);
    }
}

static void test_compare(void)
{
    const SrSiweTime time = time_of("1970-01-01T00:00:10.5Z");
    const SrSiweTime finer = time_of("1970-01-01T00:00:10.5000000001Z");

    g_assert_cmpint(sr_siwe_time_compare(&time, 10, 500000000), ==, 0);
    g_assert_cmpint(sr_siwe_time_compare(&time, 10, 499999999), ==, 1);
    g_assert_cmpint(sr_siwe_time_compare(&time, 10, 500000001), ==, -1);
    g_assert_cmpint(sr_siwe_time_compare(&time, 9, 999999999), ==, 1);
    g_assert_cmpint(sr_siwe_time_compare(&time, 11, 0), ==, -1);
    g_assert_cmpint(sr_siwe_time_compare(&finer, 10, 500000000), ==, 1);
}

static void test_text(void)
{
    static const struct {
        gint64 microseconds;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {G_GINT64_CONSTANT(1782043200123999), "2026-06-21T12:00:00.123Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {-1000000, "1969-12-31T23:59:59.000Z"},
        {G_GINT64_CONSTANT(253402300799999999), "9999-12-31T23:59:59.999Z"},
        {G_GINT64_CONSTANT(253402300800000000), NULL},
        {G_MAXINT64, NULL},
        {G_MININT64, NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = sr_siwe_time_text(cases[i].microseconds);

        g_assert_cmpstr(text, ==, cases[i].text);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/siwe-time/seconds-since-1970", test_seconds);
    g_test_add_func("/siwe-time/every-day-of-four-centuries", test_calendar);
    g_test_add_func("/siwe-time/others-are-refused-at-the-wrong-part", test_refused);
    g_test_add_func("/siwe-time/odd-forms-are-marked", test_oddities);
    g_test_add_func("/siwe-time/order-is-exact-to-any-fraction", test_order);
    g_test_add_func("/siwe-time/compared-with-nanoseconds", test_compare);
    g_test_add_func("/siwe-time/text-has-milliseconds", test_text);
    return g_test_run();
}
