#include "consent/siwe_view.h"

#include "consent/capability.h"
#include "tinycloud/capability_request.h"

#include <string.h>

#define FRESH_SECONDS 600 /* an issue time further away than this gets a warning */

/* For printf's "%.*s". */
#define SLICE(slice) (int)(slice).length, (slice).data

static gboolean is_did(SrSlice uri)
{
    return uri.length > 4 && memcmp(uri.data, "did:", 4) == 0;
}

/* TinyCloud asks a node to host a space with a message of its own kind, which never expires. */
static gboolean is_space_host(const SrRecap *recap)
{
    const SrRecapGroup *group;

    if (!recap || recap->groups->len != 1)
        return FALSE;
    group = recap->groups->pdata[0];
    return strcmp(group->namespace, "tinycloud.space") == 0 &&
           g_strv_contains((const char *const *)group->names, "host");
}

static gboolean is_tinycloud(const SrRecap *recap)
{
    for (guint i = 0; recap && i < recap->groups->len; i++)
        if (g_str_has_prefix(((const SrRecapGroup *)recap->groups->pdata[i])->namespace,
                             "tinycloud."))
            return TRUE;
    return FALSE;
}

char *sr_siwe_view_title(const SrSiwe *siwe, const SrRecap *recap)
{
    if (is_space_host(recap))
        return g_strdup_printf("Let a server host your TinyCloud space, for %.*s?",
                               SLICE(siwe->domain));
    if (is_tinycloud(recap))
        return g_strdup_printf("Sign in to %.*s with TinyCloud access?", SLICE(siwe->domain));
    return g_strdup_printf("Sign in to %.*s?", SLICE(siwe->domain));
}

char *sr_duration_text(gint64 seconds)
{
    static const struct {
        gint64 seconds;
        const char *name;
    } units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};

    for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
        /* Two days and more in days, two hours and more in hours: no "1 day" for 47 hours. */
        const gint64 count = (seconds + units[i].seconds / 2) / units[i].seconds;

        if (seconds >= 2 * units[i].seconds || seconds == units[i].seconds || i == 3)
            return g_strdup_printf("%" G_GINT64_FORMAT " %s%s", count, units[i].name,
                                   count == 1 ? "" : "s");
    }
    return NULL;
}

char *sr_date_text(gint64 seconds)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);

    return time ? g_date_time_format(time, "%-d %B %Y, %H:%M UTC") : g_strdup("an unknown date");
}

/* Without a delegate a sign-in only proves an address; with one, somebody can act until the end. */
static void add_expiry(SrConsentModel *model, const SrSiwe *siwe, const SrRecap *recap, gint64 now)
{
    g_autofree char *date = NULL;
    g_autofree char *left = NULL;

    if (siwe->expiration_time.data) {
        date = sr_date_text(siwe->expires.seconds);
        left = sr_duration_text(siwe->expires.seconds - now / G_USEC_PER_SEC);
        sr_consent_model_add(model, SR_CONSENT_FACT, "Valid until: %s (%s)", date, left);
        return;
    }
    sr_consent_model_add(model, SR_CONSENT_FACT, "Valid until: no end is given");
    if (is_space_host(recap))
        sr_consent_model_add(model, SR_CONSENT_WARNING,
                             "This never expires. The server may host the space until the "
                             "permission is revoked.");
    else if (recap || is_did(siwe->uri))
        sr_consent_model_add(model, SR_CONSENT_WARNING,
                             "This never expires. Whoever gets the signature can use it until it "
                             "is revoked.");
}

static void add_start(SrConsentModel *model, const SrSiwe *siwe, gint64 now)
{
    const gint64 age = now / G_USEC_PER_SEC - siwe->issued.seconds;

    if (siwe->not_before.data) {
        g_autofree char *date = sr_date_text(siwe->starts.seconds);

        sr_consent_model_add(model, SR_CONSENT_FACT, "Valid from: %s", date);
    }
    if (ABS(age) > FRESH_SECONDS) {
        g_autofree char *distance = sr_duration_text(ABS(age));

        sr_consent_model_add(model, SR_CONSENT_WARNING, "The message says it was made %s %s.",
                             distance, age > 0 ? "ago" : "in the future");
    }
}

static void add_oddities(SrConsentModel *model, const SrSiwe *siwe)
{
    for (guint bit = 1; bit <= SR_SIWE_EMPTY_HOST; bit <<= 1)
        if (siwe->oddities & bit)
            sr_consent_model_add(model, SR_CONSENT_WARNING,
                                 "Unusual form that other programs may read differently: %s.",
                                 sr_siwe_oddity_name((SrSiweOddity)bit));
}

static void add_capabilities(SrConsentModel *model, const SrSiwe *siwe, const SrRecap *recap)
{
    g_autofree char *address = g_strndup(siwe->address.data, siwe->address.length);

    for (guint i = 0; i < recap->groups->len; i++) {
        g_autofree char *words = sr_capability_describe(recap->groups->pdata[i], address);

        sr_consent_model_add(model, SR_CONSENT_GRANT, "%s", words);
    }
    if (sr_recap_is_too_wide(recap))
        sr_consent_model_add(model, SR_CONSENT_WARNING,
                             "A \"*\" stands for everything: this gives more than is listed here.");
    if (recap->unknown)
        sr_consent_model_add(model, SR_CONSENT_WARNING,
                             "The permission record has parts that sealring does not know: %s",
                             recap->unknown);
    if (recap->proofs->len > 0)
        sr_consent_model_add(model, SR_CONSENT_FACT, "Passes on: %u earlier permission%s",
                             recap->proofs->len, recap->proofs->len == 1 ? "" : "s");
}

/* Who asks, and who is given something. */
static void add_parties(SrConsentModel *model, const SrSiwe *siwe, const SrRecap *recap)
{
    const char *role = "For";

    if (siwe->scheme.data)
        sr_consent_model_add(model, SR_CONSENT_FACT, "Site: %.*s://%.*s", SLICE(siwe->scheme),
                             SLICE(siwe->domain));
    else
        sr_consent_model_add(model, SR_CONSENT_FACT, "Site: %.*s", SLICE(siwe->domain));
    if (is_space_host(recap))
        role = "Server";
    else if (is_did(siwe->uri))
        role = "Acts for you";
    sr_consent_model_add(model, SR_CONSENT_FACT, "%s: %.*s", role, SLICE(siwe->uri));
}

void sr_siwe_view_add(SrConsentModel *model, const SrSiwe *siwe, const SrRecap *recap,
                      const char *message, gsize size, gint64 now)
{
    add_parties(model, siwe, recap);
    add_expiry(model, siwe, recap, now);
    add_start(model, siwe, now);
    if (siwe->statement.data && !recap)
        sr_consent_model_add(model, SR_CONSENT_FACT, "Statement: %.*s",
                             siwe->statement.length ? (int)siwe->statement.length : 7,
                             siwe->statement.length ? siwe->statement.data : "(empty)");
    for (guint i = 0; i + (recap ? 1 : 0) < siwe->n_resources; i++)
        sr_consent_model_add(model, SR_CONSENT_FACT, "Resource: %.*s", SLICE(siwe->resources[i]));
    add_oddities(model, siwe);
    if (recap)
        add_capabilities(model, siwe, recap);
    sr_consent_model_add_text(model, message, size);
    sr_consent_model_add(model, SR_CONSENT_ACTION, "%s",
                         is_space_host(recap) ? "Let it host" : "Sign in");
}

char *sr_siwe_view_summary(const SrSiwe *siwe, const SrRecap *recap)
{
    const guint count = recap ? recap->groups->len : 0;
    g_autofree char *number = count ? g_strdup_printf("%u", count) : g_strdup("no");

    return g_strdup_printf("sign-in to %.*s for %.*s, %s permission%s", SLICE(siwe->domain),
                           SLICE(siwe->uri), number, count == 1 ? "" : "s");
}
