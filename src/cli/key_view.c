#include "cli/key_view.h"

#include "base/error.h"
#include "cli/output.h"
#include "cli/secret_call.h"

#define LABEL_WIDTH 10u

static const char *member(SrJson *key, const char *name)
{
    return sr_json_string(key, name, NULL);
}

static gboolean flag(SrJson *key, const char *name)
{
    gboolean value = FALSE;

    sr_json_boolean_optional(key, name, &value, NULL);
    return value;
}

static gboolean is_named(SrJson *key, const char *name)
{
    const char *address = member(key, "address");

    if (!name)
        return flag(key, "default");
    return g_strcmp0(member(key, "id"), name) == 0 || g_strcmp0(member(key, "name"), name) == 0 ||
           (address && g_ascii_strcasecmp(address, name) == 0);
}

static gsize array_length(SrJson *array)
{
    return array ? json_object_array_length(array) : 0;
}

/* The one of @keys (NULL: none) that @name means. Borrowed. */
static SrJson *find(SrJson *keys, const char *name)
{
    for (gsize i = 0; i < array_length(keys); i++) {
        SrJson *key = json_object_array_get_idx(keys, i);

        if (is_named(key, name))
            return key;
    }
    return NULL;
}

SrJson *sr_key_view_find(SrCli *cli, const char *name, GError **error)
{
    g_autoptr(SrJson) result = NULL;
    SrJson *keys = NULL;
    SrJson *damaged = NULL;
    SrJson *key;

    if (!sr_cli_call(cli, "keys.list", NULL, -1, &result, error) ||
        !sr_json_array_optional(result, "keys", &keys, error) ||
        !sr_json_array_optional(result, "damaged", &damaged, error))
        return NULL;
    key = find(keys, name);
    if (key)
        return json_object_get(key);
    key = find(damaged, name);
    if (key)
        sr_error_set(error, SR_ERROR_CORRUPT, "%s", member(key, "problem"));
    else if (name)
        sr_error_set(error, SR_ERROR_KEY_NOT_FOUND, "there is no key %s", name);
    else
        sr_error_set(error, SR_ERROR_KEY_NOT_FOUND,
                     "there is no default key; make one with `sealring key create`, or choose one "
                     "with `sealring key default`");
    return NULL;
}

static void print_key(SrJson *key, gboolean whole)
{
    static const char *const labels[][2] = {
        {"Name", "name"},       {"Id", "id"},           {"Type", "type"},
        {"Address", "address"}, {"Created", "created"}, {"DID", "did"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(labels); i++)
        sr_output_field(labels[i][0], LABEL_WIDTH, member(key, labels[i][1]));
    sr_output_field("Sealed", LABEL_WIDTH,
                    flag(key, "sealed") ? "yes, has a passphrase of its own" : "no");
    sr_output_field("Default", LABEL_WIDTH, flag(key, "default") ? "yes" : "no");
    if (whole)
        sr_output_field("Public key", LABEL_WIDTH, member(key, "publicKey"));
}

void sr_key_view_print(SrJson *key)
{
    print_key(key, TRUE);
}

static void add_keys(SrTable *table, SrJson *keys)
{
    for (gsize i = 0; i < array_length(keys); i++) {
        SrJson *key = json_object_array_get_idx(keys, i);
        const char *cells[] = {
            flag(key, "default") ? "*" : "",
            member(key, "name"),
            member(key, "type"),
            member(key, "address"),
            flag(key, "sealed") ? "yes" : "",
            member(key, "id"),
        };

        sr_table_add(table, cells);
    }
}

static void add_damaged(SrTable *table, SrJson *damaged)
{
    for (gsize i = 0; i < array_length(damaged); i++) {
        SrJson *key = json_object_array_get_idx(damaged, i);
        const char *cells[] = {
            flag(key, "default") ? "*!" : "!",
            member(key, "name"),
            "damaged",
            "",
            "",
            member(key, "id"),
        };

        sr_table_add(table, cells);
    }
}

gboolean sr_key_view_print_list(SrJson *result, GError **error)
{
    static const char *const headings[] = {"", "NAME", "TYPE", "ADDRESS", "SEALED", "ID", NULL};
    g_autoptr(SrTable) table = sr_table_new(headings);
    SrJson *keys = NULL;
    SrJson *damaged = NULL;

    if (!sr_json_array_optional(result, "keys", &keys, error) ||
        !sr_json_array_optional(result, "damaged", &damaged, error))
        return FALSE;
    if (array_length(keys) + array_length(damaged) == 0) {
        sr_output_line("No keys. `sealring key create` makes one.");
        return TRUE;
    }
    add_keys(table, keys);
    add_damaged(table, damaged);
    sr_table_print(table);
    if (array_length(damaged) > 0)
        sr_output_line("A damaged key (!) cannot be used: restore it from a backup, or delete it "
                       "with `sealring key delete ID`.");
    return TRUE;
}

gboolean sr_key_view_print_result(SrJson *result, GError **error)
{
    SrJson *key = NULL;

    if (!sr_json_object_optional(result, "key", &key, error))
        return FALSE;
    if (key)
        print_key(key, FALSE);
    return TRUE;
}

void sr_key_view_add_options(SrJson *params, const SrArguments *arguments)
{
    const char *name = sr_arguments_option(arguments, "name");
    const char *type = sr_arguments_option(arguments, "type");

    if (name)
        sr_json_add_string(params, "name", name);
    if (type)
        sr_json_add_string(params, "type", type);
}

gboolean sr_key_view_seal(SrCli *cli, const SrSecret *passphrase, SrJson **inout_result,
                          GError **error)
{
    SrJson *params = json_object_new_object();
    SrJson *key = NULL;
    SrJson *sealed = NULL;

    json_object_object_get_ex(*inout_result, "key", &key);
    sr_json_add_string(params, "key", key ? member(key, "id") : NULL);
    if (!sr_secret_call_passphrase(cli, "keys.seal", params, passphrase, &sealed, error)) {
        g_prefix_error(error, "the key was made, but not sealed: ");
        return FALSE;
    }
    sr_json_free(*inout_result);
    *inout_result = sealed;
    return TRUE;
}
