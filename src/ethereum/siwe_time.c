#include "ethereum/siwe_time.h"

#include "ethereum/char_class.h"

#include <stdio.h>

#define SECONDS_A_DAY 86400
#define ZONE_LENGTH 6u /* "+01:00" */

static const char form[] = "dddd-dd-ddTdd:dd:dd";

#define FORM_LENGTH (sizeof form - 1)

/* The number in the @digits characters at @offset, which are digits. */
static guint number(SrSlice text, gsize offset, gsize digits)
{
    guint value = 0;

    for (gsize i = 0; i < digits; i++)
        value = value * 10 + (guint)(text.data[offset + i] - '0');
    return value;
}

/* The first character of @text that is not as in @shape ("d": a digit), its length when all are. */
static gsize match(SrSlice text, gsize offset, const char *shape, gsize length)
{
    gsize i = 0;

    while (i < length && offset + i < text.length) {
        const char c = text.data[offset + i];

        if (shape[i] == 'd' ? !g_ascii_isdigit(c) : c != shape[i] && !(shape[i] == 'T' && c == 't'))
            break;
        i++;
    }
    return offset + i;
}

static guint days_of_month(guint year, guint month)
{
    static const guint8 days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const gboolean leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

/* Days from 1970-01-01 in the Gregorian calendar. Years start in March, so leap days come last. */
static gint64 days_since_1970(guint year, guint month, guint day)
{
    const gint64 y = (gint64)year - (month <= 2);
    const gint64 m = (month + 9) % 12;

    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

/* The limits of RFC 3339 §5.7. */
static SrViolation check_ranges(SrSlice text)
{
    const guint year = number(text, 0, 4);
    const guint month = number(text, 5, 2);
    const guint day = number(text, 8, 2);

    if (year == 0)
        return sr_violation("year 0000 does not exist", 0);
    if (month < 1 || month > 12)
        return sr_violation("a month is 01 to 12", 5);
    if (day < 1 || day > days_of_month(year, month))
        return sr_violation("the month does not have this day", 8);
    if (number(text, 11, 2) > 23)
        return sr_violation("an hour is 00 to 23", 11);
    if (number(text, 14, 2) > 59)
        return sr_violation("a minute is 00 to 59", 14);
    if (number(text, 17, 2) > 60)
        return sr_violation("a second is 00 to 60", 17);
    return sr_violation(NULL, 0);
}

/* Read "Z" or an offset at @offset, the end of @text, into seconds east of UTC. */
static SrViolation parse_zone(SrSlice text, gsize offset, gint64 *ret_seconds)
{
    guint hours, minutes;
    gsize end;

    *ret_seconds = 0;
    if (offset == text.length)
        return sr_violation("\"Z\" or an offset like \"+01:00\" must follow the time", offset);
    if (text.data[offset] == 'Z' || text.data[offset] == 'z')
        return sr_violation(text.length == offset + 1 ? NULL : "nothing may follow the \"Z\"",
                            offset + 1);
    end = match(text, offset, text.data[offset] == '-' ? "-dd:dd" : "+dd:dd", ZONE_LENGTH);
    if (end != offset + ZONE_LENGTH || end != text.length)
        return sr_violation("a time ends in \"Z\" or an offset like \"+01:00\"", end);
    hours = number(text, offset + 1, 2);
    minutes = number(text, offset + 4, 2);
    if (hours > 23 || minutes > 59)
        return sr_violation("an offset is at most 23:59", offset + 1);
    *ret_seconds = (gint64)hours * 3600 + minutes * 60;
    if (text.data[offset] == '-')
        *ret_seconds = -*ret_seconds;
    return sr_violation(NULL, 0);
}

SrViolation sr_siwe_time_parse(SrSlice text, SrSiweTime *ret_time, guint *inout_oddities)
{
    gsize at = match(text, 0, form, FORM_LENGTH);
    gint64 zone;
    SrViolation bad;

    if (at != FORM_LENGTH)
        return sr_violation("must be an RFC 3339 date and time, as 2026-01-31T12:00:00Z", at);
    bad = check_ranges(text);
    if (bad.rule)
        return bad;
    ret_time->fraction = (SrSlice){NULL, 0};
    if (at < text.length && text.data[at] == '.') {
        const gsize digits = sr_char_span(text.data + at + 1, text.length - at - 1, SR_CHAR_DIGIT);

        if (digits == 0)
            return sr_violation("digits must follow the point", at + 1);
        ret_time->fraction = (SrSlice){text.data + at + 1, digits};
        at += 1 + digits;
    }
    bad = parse_zone(text, at, &zone);
    if (bad.rule)
        return bad;
    ret_time->seconds =
        days_since_1970(number(text, 0, 4), number(text, 5, 2), number(text, 8, 2)) *
            SECONDS_A_DAY +
        number(text, 11, 2) * 3600 + number(text, 14, 2) * 60 + number(text, 17, 2) - zone;
    if (text.data[10] == 't' || text.data[text.length - 1] == 'z')
        *inout_oddities |= SR_SIWE_LOWER_CASE_TIME;
    if (number(text, 17, 2) == 60)
        *inout_oddities |= SR_SIWE_LEAP_SECOND;
    return bad;
}

/* Digits after the point, as if both had endless zeros behind. */
static int order_fractions(SrSlice a, SrSlice b)
{
    const gsize longest = MAX(a.length, b.length);

    for (gsize i = 0; i < longest; i++) {
        const char x = i < a.length ? a.data[i] : '0';
        const char y = i < b.length ? b.data[i] : '0';

        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
}

int sr_siwe_time_order(const SrSiweTime *a, const SrSiweTime *b)
{
    if (a->seconds != b->seconds)
        return a->seconds < b->seconds ? -1 : 1;
    return order_fractions(a->fraction, b->fraction);
}

int sr_siwe_time_compare(const SrSiweTime *time, gint64 seconds, guint32 nanoseconds)
{
    char digits[16];
    const int length = snprintf(digits, sizeof digits, "%09u", nanoseconds);
    const SrSiweTime other = {seconds, {digits, (gsize)length}};

    return sr_siwe_time_order(time, &other);
}

char *sr_siwe_time_text(gint64 microseconds)
{
    const gint64 part = (microseconds % G_USEC_PER_SEC + G_USEC_PER_SEC) % G_USEC_PER_SEC;
    const gint64 seconds = microseconds / G_USEC_PER_SEC - (microseconds % G_USEC_PER_SEC < 0);
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);
    g_autofree char *text = NULL;

    if (!time)
        return NULL;
    text = g_date_time_format(time, "%Y-%m-%dT%H:%M:%S");
    return g_strdup_printf("%s.%03dZ", text, (int)(part / 1000));
}
