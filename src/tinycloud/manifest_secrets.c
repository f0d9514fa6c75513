#include "tinycloud/manifest_reader.h"
#include "tinycloud/service.h"

#include <string.h>

#define SECRETS_SPACE "secrets"

/* What a manifest says of one secret. */
typedef struct {
    const char *name;
    const char *scope; /* NULL: the one for all applications */
    const char *expiry;
    const char *actions[SR_REQUEST_ACTIONS_MAX + 1];
} Secret;

/* [A-Z][A-Z0-9_]* */
static gboolean is_secret_name(const char *name)
{
    if (!g_ascii_isupper(name[0]))
        return FALSE;
    for (const char *c = name; *c; c++)
        if (!g_ascii_isupper(*c) && !g_ascii_isdigit(*c) && *c != '_')
            return FALSE;
    return TRUE;
}

/*
 * The scope as it stands in a path: small letters, digits and single "-" for everything else. NULL
 * when nothing is left of it, or it is one of the names for "all applications". Owned by the
 * caller.
 */
static char *canonical_scope(const char *scope)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (const char *c = scope; *c; c++) {
        const char small = g_ascii_tolower(*c);
        const gboolean dash = !g_ascii_isalnum(*c);

        if (!dash || (text->len > 0 && text->str[text->len - 1] != '-'))
            g_string_append_c(text, dash ? '-' : small);
    }
    if (text->len > 0 && text->str[text->len - 1] == '-')
        g_string_truncate(text, text->len - 1);
    if (text->len == 0 || strcmp(text->str, "default") == 0 || strcmp(text->str, "global") == 0)
        return NULL;
    return g_strdup(text->str);
}

/* The key of the secret in the vault. Owned by the caller. */
static char *make_path(const Secret *secret, const SrPlace *place, GError **error)
{
    const SrPlace name_place = sr_place_member(place, "name");
    const SrPlace scope_place = sr_place_member(place, "scope");
    g_autofree char *scope = NULL;

    if (!is_secret_name(secret->name)) {
        sr_place_refuse(&name_place, error,
                        "the name of a secret has capital letters, digits and \"_\": \"%.100s\"",
                        secret->name);
        return NULL;
    }
    if (!secret->scope)
        return g_strconcat("secrets/", secret->name, NULL);
    scope = g_str_is_ascii(secret->scope) ? canonical_scope(secret->scope) : NULL;
    if (!scope) {
        sr_place_refuse(&scope_place, error,
                        "has letters or digits of ASCII, and is not \"default\" or \"global\" "
                        "(leave it away for secrets of all applications): \"%.100s\"",
                        secret->scope);
        return NULL;
    }
    return g_strconcat("secrets/scoped/", scope, "/", secret->name, NULL);
}

/* One action or a list of them. */
static gboolean read_actions(Secret *secret, SrJson *value, const SrPlace *place, GError **error)
{
    if (!json_object_is_type(value, json_type_string))
        return sr_manifest_read_actions(value, place, secret->actions, error);
    secret->actions[0] = sr_place_get_text(place, value, SR_REQUEST_ACTION_TEXT_MAX, error);
    secret->actions[1] = NULL;
    return secret->actions[0] != NULL;
}

static gboolean read_object(Secret *secret, SrJson *value, const SrPlace *place, GError **error)
{
    static const char *const known[] = {"name", "scope", "actions", "expiry", "description", NULL};
    const SrPlace actions_place = sr_place_member(place, "actions");
    const char *name;
    const char *unused;
    SrJson *actions;

    if (!sr_place_check_object(place, value, known, error) ||
        !sr_place_get_text_member(place, value, "name", SR_TEXT_OPTIONAL, SR_REQUEST_TEXT_MAX,
                                  &name, error) ||
        !sr_place_get_text_member(place, value, "scope", SR_TEXT_OPTIONAL, SR_REQUEST_TEXT_MAX,
                                  &secret->scope, error) ||
        !sr_place_get_text_member(place, value, "expiry", SR_TEXT_OPTIONAL, SR_REQUEST_TEXT_MAX,
                                  &secret->expiry, error) ||
        !sr_place_get_text_member(place, value, "description", SR_TEXT_OPTIONAL_EMPTY,
                                  SR_REQUEST_TEXT_MAX, &unused, error))
        return FALSE;
    if (name)
        secret->name = name;
    return !json_object_object_get_ex(value, "actions", &actions) ||
           read_actions(secret, actions, &actions_place, error);
}

static gboolean read_secret(Secret *secret, SrJson *value, const SrPlace *place, GError **error)
{
    if (json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value))
        return TRUE;
    if (json_object_is_type(value, json_type_string) || json_object_is_type(value, json_type_array))
        return read_actions(secret, value, place, error);
    if (json_object_is_type(value, json_type_object))
        return read_object(secret, value, place, error);
    return sr_place_refuse(place, error, "must be true, an action, actions, or an object");
}

/* Fewer than the vault has: no "head", and only the long names that entries of kv have. */
static gboolean check_actions(const Secret *secret, const SrPlace *place, GError **error)
{
    static const char *const known[] = {"read",
                                        "write",
                                        "delete",
                                        "get",
                                        "put",
                                        "del",
                                        "list",
                                        "metadata",
                                        "tinycloud.kv/get",
                                        "tinycloud.kv/put",
                                        "tinycloud.kv/del",
                                        "tinycloud.kv/list",
                                        "tinycloud.kv/metadata",
                                        NULL};

    for (gsize i = 0; secret->actions[i]; i++)
        if (!g_strv_contains(known, secret->actions[i]))
            return sr_place_refuse(place, error,
                                   "\"%s\" is none of the actions on secrets: read, write, delete, "
                                   "list and metadata",
                                   secret->actions[i]);
    return TRUE;
}

static gboolean add_secret(SrManifestReader *reader, const char *name, SrJson *value,
                           const SrPlace *place, GError **error)
{
    Secret secret = {.name = name, .actions = {"read"}};
    SrPermission permission = {SR_SERVICE_VAULT, SECRETS_SPACE, NULL, secret.actions};
    g_autofree char *path = NULL;

    if (!is_secret_name(name))
        return sr_place_refuse(place, error,
                               "the name of a secret has capital letters, digits and \"_\"");
    if (!read_secret(&secret, value, place, error) || !check_actions(&secret, place, error))
        return FALSE;
    path = make_path(&secret, place, error);
    permission.path = path;
    return path && sr_manifest_reader_add(reader, &permission, secret.expiry, place, error);
}

gboolean sr_manifest_add_secrets(SrManifestReader *reader, SrJson *secrets, const SrPlace *place,
                                 GError **error)
{
    if (!json_object_is_type(secrets, json_type_object))
        return sr_place_refuse(place, error, "must be an object");
    json_object_object_foreach (secrets, name, value) {
        const SrPlace member = sr_place_member(place, name);

        if (!add_secret(reader, name, value, &member, error))
            return FALSE;
    }
    return TRUE;
}
