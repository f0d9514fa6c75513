/* sealring client register|list|show|update|disable|enable|delete: OAuth clients of an OpenKey
 * server, through its admin API. */
#include "base/error.h"
#include "cli/cli.h"
#include "cli/files.h"
#include "cli/output.h"
#include "cli/passphrase.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LABEL_WIDTH 9u
#define SECRET_MAX 4096u

#define SERVER_OPTION                                                                              \
    {                                                                                              \
        "server", "URL", "the server"                                                              \
    }
#define KEY_OPTION                                                                                 \
    {                                                                                              \
        "admin-key-fd", "N", "read the admin key from file descriptor N"                           \
    }
#define REMEMBER_OPTION                                                                            \
    {                                                                                              \
        "remember-key", NULL, "keep the admin key in the keyring"                                  \
    }

static const SrOption options[] = {
    SERVER_OPTION,
    KEY_OPTION,
    REMEMBER_OPTION,
    {NULL, NULL, NULL},
};

static const SrOption register_options[] = {
    SERVER_OPTION,
    KEY_OPTION,
    REMEMBER_OPTION,
    {"name", "NAME", "what people see"},
    {"type", "TYPE", "spa, native or web"},
    {"redirect-uris", "URIS", "where it may be redirected to, between blanks"},
    {"uri", "URL", "its home page"},
    {"keep-for", "ISSUER", "keep a secret in the keyring for sign-ins at ISSUER; it is not shown"},
    {NULL, NULL, NULL},
};

static const SrOption update_options[] = {
    SERVER_OPTION,
    KEY_OPTION,
    REMEMBER_OPTION,
    {"name", "NAME", "what people see"},
    {"redirect-uris", "URIS", "where it may be redirected to, between blanks"},
    {"uri", "URL", "its home page"},
    {NULL, NULL, NULL},
};

/* --- calling
 * ----------------------------------------------------------------------------------------- */

static const char *member(SrJson *object, const char *name)
{
    return sr_json_string(object, name, NULL);
}

/* The memory file that takes the key there and a secret back; -1 with @error. */
static int open_memory_file(const SrArguments *arguments, SrJson *params, GError **error)
{
    g_autoptr(SrSecret) key = NULL;
    gint64 fd = -1;

    if (!sr_arguments_number(arguments, "admin-key-fd", 0, G_MAXINT, &fd, error))
        return -1;
    if (fd >= 0) {
        key = sr_secret_read_fd((int)fd, SECRET_MAX, TRUE, error);
        if (!key)
            return -1;
        sr_json_add_boolean(params, "adminKey", TRUE);
    }
    return sr_passphrase_to_file(key, error);
}

/* A secret that came back. Owned by the caller; NULL with an error. */
static SrSecret *read_back(int fd, GError **error)
{
    return lseek(fd, 0, SEEK_SET) == 0 ? sr_secret_read_fd(fd, SECRET_MAX, TRUE, error) : NULL;
}

/* Takes @params. *ret_secret (may be NULL) is set when the server gave a secret. */
static gboolean call(SrCli *cli, const SrArguments *arguments, const char *method, SrJson *params,
                     SrJson **ret_result, SrSecret **ret_secret, GError **error)
{
    const char *server = sr_arguments_option(arguments, "server");
    const char *secret = NULL;
    gboolean done;
    int fd;

    if (!server) {
        sr_json_free(params);
        return sr_usage_error(error, "--server is needed");
    }
    sr_json_add_string(params, "server", server);
    if (sr_arguments_flag(arguments, "remember-key"))
        sr_json_add_boolean(params, "rememberKey", TRUE);
    fd = open_memory_file(arguments, params, error);
    if (fd < 0) {
        sr_json_free(params);
        return FALSE;
    }
    done = sr_cli_call(cli, method, params, fd, ret_result, error) &&
           sr_json_string_optional(*ret_result, "secret", &secret, error);
    if (done && ret_secret && g_strcmp0(secret, "passed") == 0) {
        *ret_secret = read_back(fd, error);
        done = *ret_secret != NULL;
    }
    close(fd);
    return done;
}

static void print_client(SrJson *client)
{
    static const char *const labels[][2] = {
        {"Client id", "clientId"}, {"Name", "name"},         {"Type", "type"},
        {"Home page", "uri"},      {"Created", "createdAt"},
    };
    SrJson *uris = NULL;
    gboolean disabled = FALSE;

    for (gsize i = 0; i < G_N_ELEMENTS(labels); i++)
        sr_output_field(labels[i][0], LABEL_WIDTH, member(client, labels[i][1]));
    if (sr_json_array_optional(client, "redirectUris", &uris, NULL) && uris)
        for (gsize i = 0; i < json_object_array_length(uris); i++)
            sr_output_field("Redirect", LABEL_WIDTH,
                            json_object_get_string(json_object_array_get_idx(uris, i)));
    if (sr_json_boolean_optional(client, "disabled", &disabled, NULL) && disabled)
        sr_output_field("State", LABEL_WIDTH, "disabled");
}

static gboolean print_result(SrCli *cli, SrJson *result, GError **error)
{
    SrJson *client = NULL;

    if (sr_cli_print_json(cli, result))
        return TRUE;
    if (!sr_json_object_optional(result, "client", &client, error))
        return FALSE;
    if (client)
        print_client(client);
    return TRUE;
}

/* --- list, show, delete
 * ------------------------------------------------------------------------------ */

static SrJson *params_of(const SrArguments *arguments)
{
    SrJson *params = json_object_new_object();
    const char *client = sr_arguments_operand(arguments, 0);

    if (client)
        sr_json_add_string(params, "clientId", client);
    return params;
}

static gboolean run_list(SrCli *cli, const SrArguments *arguments, GError **error)
{
    static const char *const headings[] = {"CLIENT ID", "NAME", "TYPE", NULL};
    g_autoptr(SrTable) table = sr_table_new(headings);
    g_autoptr(SrJson) result = NULL;
    SrJson *clients = NULL;

    if (!call(cli, arguments, "admin.clients.list", params_of(arguments), &result, NULL, error) ||
        !sr_json_array_optional(result, "clients", &clients, error))
        return FALSE;
    if (sr_cli_print_json(cli, result))
        return TRUE;
    for (gsize i = 0; clients && i < json_object_array_length(clients); i++) {
        SrJson *client = json_object_array_get_idx(clients, i);
        const char *cells[] = {member(client, "clientId"), member(client, "name"),
                               member(client, "type")};

        sr_table_add(table, cells);
    }
    sr_table_print(table);
    return TRUE;
}

static gboolean run_show(SrCli *cli, const SrArguments *arguments, GError **error)
{
    g_autoptr(SrJson) result = NULL;

    return call(cli, arguments, "admin.clients.show", params_of(arguments), &result, NULL, error) &&
           print_result(cli, result, error);
}

static gboolean run_delete(SrCli *cli, const SrArguments *arguments, GError **error)
{
    g_autoptr(SrJson) result = NULL;

    if (!call(cli, arguments, "admin.clients.delete", params_of(arguments), &result, NULL, error))
        return FALSE;
    if (!sr_cli_print_json(cli, result))
        sr_output_line("The client is deleted.");
    return TRUE;
}

/* --- register, update
 * -------------------------------------------------------------------------------- */

static SrJson *words_json(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    SrJson *array = json_object_new_array();

    for (char **word = words; *word; word++)
        if (**word)
            json_object_array_add(array, json_object_new_string(*word));
    return array;
}

static SrJson *fields_of(const SrArguments *arguments)
{
    static const char *const names[] = {"name", "uri", "type"};
    const char *uris = sr_arguments_option(arguments, "redirect-uris");
    SrJson *fields = json_object_new_object();

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *value = sr_arguments_option(arguments, names[i]);

        if (value)
            sr_json_add_string(fields, names[i], value);
    }
    if (uris)
        sr_json_add(fields, "redirectUris", words_json(uris));
    return fields;
}

/* The secret is shown once, apart from what is said of the client. */
static gboolean print_secret(SrCli *cli, SrJson *result, const SrSecret *secret, GError **error)
{
    if (!secret) {
        if (!cli->json && g_strcmp0(member(result, "secret"), "kept") == 0)
            fputs("The client's secret is kept for sign-ins, and not shown.\n", stderr);
        return TRUE;
    }
    if (!cli->json)
        fputs("The client's secret, shown only now:\n", stderr);
    return fflush(stdout) == 0 && sr_file_write_secret(NULL, secret, error);
}

static gboolean run_register(SrCli *cli, const SrArguments *arguments, GError **error)
{
    const char *issuer = sr_arguments_option(arguments, "keep-for");
    g_autoptr(SrJson) result = NULL;
    g_autoptr(SrSecret) secret = NULL;
    SrJson *params;

    if (!sr_arguments_option(arguments, "name") || !sr_arguments_option(arguments, "type") ||
        !sr_arguments_option(arguments, "redirect-uris"))
        return sr_usage_error(error, "--name, --type and --redirect-uris are needed");
    params = json_object_new_object();
    sr_json_add(params, "fields", fields_of(arguments));
    if (issuer) {
        sr_json_add_boolean(params, "keepSecret", TRUE);
        sr_json_add_string(params, "issuer", issuer);
    }
    return call(cli, arguments, "admin.clients.register", params, &result, &secret, error) &&
           print_result(cli, result, error) && print_secret(cli, result, secret, error);
}

static gboolean update(SrCli *cli, const SrArguments *arguments, SrJson *fields, GError **error)
{
    g_autoptr(SrJson) result = NULL;
    SrJson *params = params_of(arguments);

    sr_json_add(params, "fields", fields);
    return call(cli, arguments, "admin.clients.update", params, &result, NULL, error) &&
           print_result(cli, result, error);
}

static gboolean run_update(SrCli *cli, const SrArguments *arguments, GError **error)
{
    SrJson *fields = fields_of(arguments);

    if (json_object_object_length(fields) == 0) {
        sr_json_free(fields);
        return sr_usage_error(error, "nothing to change: --name, --redirect-uris or --uri");
    }
    return update(cli, arguments, fields, error);
}

static gboolean set_disabled(SrCli *cli, const SrArguments *arguments, gboolean disabled,
                             GError **error)
{
    SrJson *fields = json_object_new_object();

    sr_json_add_boolean(fields, "disabled", disabled);
    return update(cli, arguments, fields, error);
}

static gboolean run_disable(SrCli *cli, const SrArguments *arguments, GError **error)
{
    return set_disabled(cli, arguments, TRUE, error);
}

static gboolean run_enable(SrCli *cli, const SrArguments *arguments, GError **error)
{
    return set_disabled(cli, arguments, FALSE, error);
}

const SrCommand sr_oauth_client_commands[] = {
    {"client register", "", 0, 0, register_options, "Register an OAuth client at an OpenKey server",
     "The admin key comes from --admin-key-fd, the keyring, or a prompt. A web client's secret is\n"
     "printed once on standard output, or kept in the keyring with --keep-for.",
     run_register},
    {"client list", "", 0, 0, options, "List the server's OAuth clients", NULL, run_list},
    {"client show", "CLIENT", 1, 1, options, "Show one OAuth client", NULL, run_show},
    {"client update", "CLIENT", 1, 1, update_options, "Change an OAuth client", NULL, run_update},
    {"client disable", "CLIENT", 1, 1, options, "Let nobody sign in with it", NULL, run_disable},
    {"client enable", "CLIENT", 1, 1, options, "Let people sign in with it again", NULL,
     run_enable},
    {"client delete", "CLIENT", 1, 1, options, "Delete an OAuth client; asks first", NULL,
     run_delete},
    {NULL, NULL, 0, 0, NULL, NULL, NULL, NULL},
};
