#include "oauth/jwks.h"

#include "base/error.h"
#include "oauth/provider.h"

#define KEYS_MAX 64u

struct SrJwks {
    GPtrArray *keys; /* of SrJwk */
};

static void free_key(gpointer key)
{
    sr_jwk_free(key);
}

static SrJson *read_keys(SrJson *set, GError **error)
{
    SrJson *keys = NULL;

    if (!sr_json_array_optional(set, "keys", &keys, NULL) || !keys) {
        sr_error_set_at(error, SR_ERROR_PROVIDER_ERROR, "keys", -1,
                        "must be the list of the provider's keys");
        return NULL;
    }
    if (json_object_array_length(keys) > KEYS_MAX) {
        sr_error_set_at(error, SR_ERROR_PROVIDER_ERROR, "keys", -1, "more than %u keys", KEYS_MAX);
        return NULL;
    }
    return keys;
}

SrJwks *sr_jwks_parse(const char *text, gsize length, GError **error)
{
    g_autoptr(SrJson) set = sr_json_parse(text, length, error);
    SrJson *keys;
    SrJwks *jwks;

    sr_provider_blame(error);
    keys = set ? read_keys(set, error) : NULL;
    if (!keys)
        return NULL;
    jwks = g_new0(SrJwks, 1);
    jwks->keys = g_ptr_array_new_with_free_func(free_key);
    for (gsize i = 0; i < json_object_array_length(keys); i++) {
        /* What is not for us is left out; a set may have all kinds of keys. */
        SrJwk *key = sr_jwk_new(json_object_array_get_idx(keys, i), NULL);

        if (key)
            g_ptr_array_add(jwks->keys, key);
    }
    return jwks;
}

void sr_jwks_free(SrJwks *jwks)
{
    if (!jwks)
        return;
    g_ptr_array_unref(jwks->keys);
    g_free(jwks);
}

gboolean sr_jwks_has_key(const SrJwks *jwks, const SrJws *jws)
{
    for (guint i = 0; i < jwks->keys->len; i++)
        if (sr_jws_names(jws, g_ptr_array_index(jwks->keys, i)))
            return TRUE;
    return FALSE;
}

gboolean sr_jwks_verify(const SrJwks *jwks, const SrJws *jws)
{
    for (guint i = 0; i < jwks->keys->len; i++)
        if (sr_jws_verify(jws, g_ptr_array_index(jwks->keys, i)))
            return TRUE;
    return FALSE;
}
