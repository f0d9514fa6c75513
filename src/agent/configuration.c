#include "agent/configuration.h"

#include "base/error.h"

#include <string.h>
#include <sys/stat.h>

#define GROUP "sealring"
#define CONFIGURATION_MAX (64 * 1024)

/* OpenSSH's agent ends when it meets a secp256k1 key. */
#define HIDE_ACCOUNTS_DEFAULT "ssh ssh-add ssh-agent ssh-keygen ssh-pkcs11-helper sshd"

/* libp11's engine (before 0.4.17) gives up a token on which it meets an Ed25519 key. */
#define HIDE_ED25519_DEFAULT "apache2 curl haproxy nginx openssl wpa_supplicant"

static const char *const choices[] = {"auto", "secret-service", "vault"};

const char *sr_store_choice_name(SrStoreChoice choice)
{
    return choices[choice];
}

char *sr_configuration_path(void)
{
    return g_build_filename(g_get_user_config_dir(), "sealring", "sealring.conf", NULL);
}

SrScryptCost sr_configuration_scrypt_cost(const SrConfiguration *configuration)
{
    return (SrScryptCost){G_GUINT64_CONSTANT(1) << configuration->scrypt_log2_n, 8, 1};
}

static gboolean bad_value(GError **error, const char *name, const char *wanted)
{
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, name, -1, "must be %s", wanted);
    return FALSE;
}

static gboolean read_integer(const char *name, const char *text, gint64 minimum, gint64 maximum,
                             gint64 *ret_value, GError **error)
{
    g_autofree char *wanted = NULL;

    if (g_ascii_string_to_signed(text, 10, minimum, maximum, ret_value, NULL))
        return TRUE;
    wanted = g_strdup_printf("a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                             minimum, maximum);
    return bad_value(error, name, wanted);
}

static gboolean read_boolean(const char *name, const char *text, gboolean *ret_value,
                             GError **error)
{
    *ret_value = strcmp(text, "true") == 0;
    if (*ret_value || strcmp(text, "false") == 0)
        return TRUE;
    return bad_value(error, name, "true or false");
}

static gboolean read_choice(const char *name, const char *text, SrStoreChoice *ret_choice,
                            GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(choices); i++) {
        if (strcmp(text, choices[i]) == 0) {
            *ret_choice = (SrStoreChoice)i;
            return TRUE;
        }
    }
    return bad_value(error, name, "auto, secret-service or vault");
}

/* Names of programs, or absolute paths, with blanks between them; empty for none. */
static gboolean read_programs(const char *name, const char *text, char ***ret_programs,
                              GError **error)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \t", -1);
    g_autoptr(GPtrArray) programs = g_ptr_array_new_with_free_func(g_free);

    for (char **word = words; *word; word++) {
        if (!**word)
            continue;
        if (strchr(*word, '/') && !g_path_is_absolute(*word))
            return bad_value(error, name, "names of programs, or absolute paths, between blanks");
        g_ptr_array_add(programs, g_strdup(*word));
    }
    g_ptr_array_add(programs, NULL);
    g_strfreev(*ret_programs);
    *ret_programs = (char **)g_ptr_array_steal(programs, NULL);
    return TRUE;
}

static gboolean unknown(const char *name, GError **error)
{
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, name, -1, "is not a known setting");
    return FALSE;
}

static gboolean read_path(const char *name, const char *text, char **ret_path, GError **error)
{
    if (!g_path_is_absolute(text))
        return bad_value(error, name, "an absolute path");
    g_free(*ret_path);
    *ret_path = g_strdup(text);
    return TRUE;
}

/* A password in it would be seen in the list of processes. */
static gboolean read_proxy(const char *name, const char *text, char **ret_proxy, GError **error)
{
    g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_NONE, NULL);

    if (!uri || !g_uri_get_host(uri) || g_uri_get_userinfo(uri) ||
        !g_str_has_prefix(g_uri_get_scheme(uri), "http"))
        return bad_value(error, name, "http://HOST:PORT, without user and password");
    g_free(*ret_proxy);
    *ret_proxy = g_strdup(text);
    return TRUE;
}

static gboolean read_oauth(SrConfiguration *configuration, const char *name, const char *text,
                           GError **error)
{
    if (strcmp(name, "oauth-ca-file") == 0)
        return read_path(name, text, &configuration->oauth_ca_file, error);
    if (strcmp(name, "oauth-proxy") == 0)
        return read_proxy(name, text, &configuration->oauth_proxy, error);
    if (strcmp(name, "oauth-loopback-http") == 0)
        return read_boolean(name, text, &configuration->oauth_loopback_http, error);
    return unknown(name, error);
}

static gboolean read_value(SrConfiguration *configuration, const char *name, const char *text,
                           GError **error)
{
    if (strcmp(name, "store") == 0)
        return read_choice(name, text, &configuration->store, error);
    if (strcmp(name, "prompt-command") == 0) {
        if (!g_path_is_absolute(text))
            return bad_value(error, name, "the absolute path of a program");
        g_free(configuration->prompt_command);
        configuration->prompt_command = g_strdup(text);
        return TRUE;
    }
    if (strcmp(name, "prompt-timeout-seconds") == 0)
        return read_integer(name, text, 1, 600, &configuration->prompt_timeout_seconds, error);
    if (strcmp(name, "key-cache-seconds") == 0)
        return read_integer(name, text, 0, 86400, &configuration->key_cache_seconds, error);
    if (strcmp(name, "chain-id") == 0)
        return read_integer(name, text, 1, G_MAXINT64, &configuration->chain_id, error);
    if (strcmp(name, "scrypt-log2-n") == 0)
        return read_integer(name, text, 15, 20, &configuration->scrypt_log2_n, error);
    if (strcmp(name, "developer-mode") == 0)
        return read_boolean(name, text, &configuration->developer_mode, error);
    if (strcmp(name, "pkcs11-hide-accounts") == 0)
        return read_programs(name, text, &configuration->pkcs11_hide_accounts, error);
    if (strcmp(name, "pkcs11-hide-ed25519") == 0)
        return read_programs(name, text, &configuration->pkcs11_hide_ed25519, error);
    if (g_str_has_prefix(name, "oauth-"))
        return read_oauth(configuration, name, text, error);
    return unknown(name, error);
}

static gboolean read_all(SrConfiguration *configuration, GKeyFile *file, GError **error)
{
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    g_auto(GStrv) names = NULL;

    for (char **group = groups; *group; group++) {
        if (strcmp(*group, GROUP) != 0) {
            sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, *group, -1, "is not a known section");
            return FALSE;
        }
    }
    names = g_key_file_get_keys(file, GROUP, NULL, NULL);
    for (char **name = names; name && *name; name++) {
        g_autofree char *text = g_key_file_get_string(file, GROUP, *name, error);

        if (!text || !read_value(configuration, *name, g_strstrip(text), error))
            return FALSE;
    }
    return TRUE;
}

/* The first line that says something; a file without a section gets ours. */
static gboolean has_section(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line; line++) {
        const char *start = g_strchug(*line);

        if (*start && *start != '#')
            return *start == '[';
    }
    return FALSE;
}

/* 0: it is not there. */
static gint64 time_of_change(const char *file)
{
    struct stat found;

    if (stat(file, &found) < 0)
        return 0;
    return found.st_mtim.tv_sec * G_USEC_PER_SEC + found.st_mtim.tv_nsec / 1000;
}

gboolean sr_configuration_is_outdated(const SrConfiguration *configuration)
{
    return time_of_change(configuration->file) != configuration->read_at;
}

SrConfiguration *sr_configuration_read(const char *file, GError **error)
{
    g_autoptr(SrConfiguration) configuration = g_new0(SrConfiguration, 1);
    g_autoptr(GKeyFile) key_file = g_key_file_new();
    g_autoptr(GError) problem = NULL;
    g_autofree char *text = NULL;
    g_autofree char *whole = NULL;
    gsize length;

    configuration->file = g_strdup(file);
    configuration->read_at = time_of_change(file); /* before: a change meanwhile must show */
    configuration->prompt_timeout_seconds = 120;
    configuration->key_cache_seconds = 300;
    configuration->chain_id = 1;
    configuration->scrypt_log2_n = 17;
    configuration->pkcs11_hide_accounts = g_strsplit(HIDE_ACCOUNTS_DEFAULT, " ", -1);
    configuration->pkcs11_hide_ed25519 = g_strsplit(HIDE_ED25519_DEFAULT, " ", -1);
    if (!g_file_get_contents(file, &text, &length, &problem)) {
        if (g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return g_steal_pointer(&configuration);
        sr_error_set(error, SR_ERROR_INVALID_PARAMS, "%s", problem->message);
        return NULL;
    }
    if (length > CONFIGURATION_MAX || strlen(text) != length) {
        sr_error_set(error, SR_ERROR_INVALID_PARAMS, "%s is not a configuration file", file);
        return NULL;
    }
    whole = g_strconcat(has_section(text) ? "" : "[" GROUP "]\n", text, NULL);
    if (!g_key_file_load_from_data(key_file, whole, strlen(whole), G_KEY_FILE_NONE, &problem) ||
        !read_all(configuration, key_file, &problem)) {
        sr_error_set(error, SR_ERROR_INVALID_PARAMS, "%s: %s", file, problem->message);
        return NULL;
    }
    return g_steal_pointer(&configuration);
}

SrJson *sr_configuration_json(const SrConfiguration *configuration)
{
    SrJson *values = json_object_new_object();
    g_autofree char *without_accounts = g_strjoinv(" ", configuration->pkcs11_hide_accounts);
    g_autofree char *without_ed25519 = g_strjoinv(" ", configuration->pkcs11_hide_ed25519);

    sr_json_add_string(values, "store", sr_store_choice_name(configuration->store));
    sr_json_add_string(values, "prompt-command", configuration->prompt_command);
    sr_json_add_integer(values, "prompt-timeout-seconds", configuration->prompt_timeout_seconds);
    sr_json_add_integer(values, "key-cache-seconds", configuration->key_cache_seconds);
    sr_json_add_integer(values, "chain-id", configuration->chain_id);
    sr_json_add_integer(values, "scrypt-log2-n", configuration->scrypt_log2_n);
    sr_json_add_boolean(values, "developer-mode", configuration->developer_mode);
    sr_json_add_string(values, "pkcs11-hide-accounts", without_accounts);
    sr_json_add_string(values, "pkcs11-hide-ed25519", without_ed25519);
    sr_json_add_string(values, "oauth-ca-file", configuration->oauth_ca_file);
    sr_json_add_string(values, "oauth-proxy", configuration->oauth_proxy);
    sr_json_add_boolean(values, "oauth-loopback-http", configuration->oauth_loopback_http);
    return values;
}

void sr_configuration_free(SrConfiguration *configuration)
{
    if (!configuration)
        return;
    g_free(configuration->file);
    g_free(configuration->prompt_command);
    g_strfreev(configuration->pkcs11_hide_accounts);
    g_strfreev(configuration->pkcs11_hide_ed25519);
    g_free(configuration->oauth_ca_file);
    g_free(configuration->oauth_proxy);
    g_free(configuration);
}
