#include "agent/grant_view.h"

#include "store/token_object.h"

static void add_time(SrJson *json, const char *name, gint64 microseconds)
{
    g_autofree char *text = sr_siwe_time_text(microseconds);

    sr_json_add_string(json, name, text);
}

/* What a grant for a program names: a key, or a token for all its keys. */
static const char *target_name(const SrGrant *grant)
{
    for (guint token = 0; token < SR_TOKENS; token++)
        if (g_str_equal(grant->key, sr_token_name((SrToken)token)))
            return "token";
    return "key";
}

/* What a grant for an extension (or the command line) names. */
static const char *target_of(SrGrantKind kind)
{
    if (kind == SR_GRANT_SIGN_IN)
        return "provider";
    return kind == SR_GRANT_TOKENS ? "account" : "key";
}

static void add_extension(SrJson *json, const SrGrant *grant)
{
    sr_json_add_string(json, "extension", grant->caller);
    sr_json_add_string(json, "origin", grant->origin);
    sr_json_add_string(json, target_of(grant->kind), grant->key);
    if (grant->kind != SR_GRANT_SIWE)
        return;
    sr_json_add_string(json, "domain", grant->domain);
    sr_json_add_string(json, "delegate", grant->delegate);
    sr_json_add_string(json, "capabilities", grant->capabilities);
    sr_json_add_integer(json, "maximumSeconds", grant->maximum_seconds);
}

SrJson *sr_grant_view_json(const SrGrant *grant)
{
    SrJson *json = json_object_new_object();

    sr_json_add_string(json, "id", grant->id);
    sr_json_add_string(json, "kind", sr_grant_kind_name(grant->kind));
    if (grant->kind == SR_GRANT_PROGRAM) {
        sr_json_add_string(json, "program", grant->caller);
        sr_json_add_string(json, target_name(grant), grant->key);
    } else {
        add_extension(json, grant);
    }
    add_time(json, "created", grant->created);
    if (grant->expires)
        add_time(json, "expires", grant->expires * G_USEC_PER_SEC);
    return json;
}
