#include "ethereum/recap.h"

#include "base/encoding.h"
#include "base/error.h"
#include "base/json_canonical.h"

#include <string.h>

/* What was encoded, if we would sign it without a warning; NULL if not. */
static SrRecap *decode(const char *uri, GError **error)
{
    g_autoptr(SrRecap) recap = sr_recap_decode(uri, strlen(uri), error);

    for (guint i = 0; recap && i < recap->groups->len; i++) {
        const SrRecapGroup *group = g_ptr_array_index(recap->groups, i);

        if (group->no_valid_use) {
            sr_error_set_at(error, SR_ERROR_UNSUPPORTED_RECAP, "resources", -1,
                            "an ability of \"%s\" on %s has no restriction object; write [{}] for "
                            "no restriction",
                            group->namespace, group->resource);
            return NULL;
        }
    }
    return g_steal_pointer(&recap);
}

/* The canonical text of @value. There is no one way to write a fraction that all writers share. */
static char *canonical(SrJson *value, GError **error)
{
    char *text = sr_json_canonical(value, NULL);

    if (!text)
        sr_error_set_at(error, SR_ERROR_UNSUPPORTED_RECAP, "resources", -1,
                        "numbers in a ReCap must be whole");
    return text;
}

char *sr_recap_compose(SrJson *attenuations, SrJson *proofs, SrRecap **ret_recap, GError **error)
{
    g_autofree char *att = canonical(attenuations, error);
    g_autofree char *prf = !att || !proofs ? g_strdup("[]") : canonical(proofs, error);
    g_autofree char *text =
        att && prf ? g_strconcat("{\"att\":", att, ",\"prf\":", prf, "}", NULL) : NULL;
    g_autofree char *encoded = NULL;
    g_autofree char *uri = NULL;

    if (!text)
        return NULL;
    encoded = sr_base64url_encode((const guint8 *)text, strlen(text));
    uri = g_strconcat("urn:recap:", encoded, NULL);
    if (strlen(uri) > SR_SIWE_URI_MAX) {
        sr_error_set_at(error, SR_ERROR_UNSUPPORTED_RECAP, "resources", -1,
                        "a ReCap has at most %d bytes", SR_SIWE_URI_MAX);
        return NULL;
    }
    *ret_recap = decode(uri, error);
    return *ret_recap ? g_steal_pointer(&uri) : NULL;
}

char *sr_recap_encode(SrJson *attenuations, SrJson *proofs, GError **error)
{
    g_autoptr(SrRecap) recap = NULL;

    return sr_recap_compose(attenuations, proofs, &recap, error);
}
