#include "tinycloud/duration.h"

#include <string.h>

#define SECOND 1000.0
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define EXACT_MAX 9007199254740991.0 /* 2^53 - 1 */

static const struct {
    const char *names[6];
    double ms;
} units[] = {
    {{"", "ms", "msec", "msecs", "millisecond", "milliseconds"}, 1},
    {{"s", "sec", "secs", "second", "seconds"}, SECOND},
    {{"m", "min", "mins", "minute", "minutes"}, MINUTE},
    {{"h", "hr", "hrs", "hour", "hours"}, HOUR},
    {{"d", "day", "days"}, DAY},
    {{"w", "week", "weeks"}, 7 * DAY},
    {{"y", "yr", "yrs", "year", "years"}, 365.25 * DAY},
};

/* Milliseconds of the unit @name, 0 when there is no such unit. */
static double find_unit(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
        for (gsize j = 0; j < G_N_ELEMENTS(units[i].names) && units[i].names[j]; j++)
            if (g_ascii_strcasecmp(units[i].names[j], name) == 0)
                return units[i].ms;
    return 0;
}

/* Length of the number at the start of @text: "1", "1.5", ".5", not "1."; 0 when there is none. */
static gsize number_length(const char *text)
{
    const gsize whole = strspn(text, "0123456789");
    const gsize fraction = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;

    return fraction > 0 ? whole + 1 + fraction : whole;
}

gboolean sr_duration_parse(const char *text, gint64 *ret_ms)
{
    const gsize length = number_length(text);
    double ms;

    if (length == 0 || strlen(text) > SR_DURATION_TEXT_MAX)
        return FALSE;
    ms = g_ascii_strtod(text, NULL) * find_unit(text + length + strspn(text + length, " "));
    if (!(ms >= 1 && ms <= EXACT_MAX))
        return FALSE;
    *ret_ms = (gint64)ms;
    return TRUE;
}
