/* sealring key import|export|seal|unseal: commands that take or give a secret. */
#include "base/error.h"
#include "cli/cli.h"
#include "cli/files.h"
#include "cli/key_view.h"
#include "cli/output.h"
#include "cli/passphrase.h"
#include "cli/secret_call.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HEX_MAX 128u        /* bytes of a file with 64 digits */
#define KEYSTORE_MAX 65536u /* bytes of a keystore file; they have about 500 */

static const SrOption import_options[] = {
    {"format", "FORMAT", "hex (64 digits) or keystore (JSON, version 3); default: by content"},
    {"name", "NAME", "what to call the key"},
    {"type", "TYPE", "secp256k1 (default), p256 or ed25519"},
    {"passphrase-fd", "N", "read the keystore's passphrase from file descriptor N"},
    {NULL, NULL, NULL},
};

typedef enum { FORMAT_UNSAID, FORMAT_HEX, FORMAT_KEYSTORE } Format;

static gboolean get_format(const SrArguments *arguments, Format *inout_format, GError **error)
{
    const char *name = sr_arguments_option(arguments, "format");

    if (!name)
        return TRUE;
    if (strcmp(name, "hex") == 0)
        *inout_format = FORMAT_HEX;
    else if (strcmp(name, "keystore") == 0)
        *inout_format = FORMAT_KEYSTORE;
    else
        return sr_usage_error(error, "--format is hex or keystore");
    return TRUE;
}

/* A key instead of a file: it is in the shell's history now, and must not get into an error too. */
static gboolean looks_like_key(const char *word)
{
    const char *digits = g_str_has_prefix(word, "0x") ? word + 2 : word;

    return strlen(digits) == 64 && strspn(digits, "0123456789abcdefABCDEF") == 64;
}

/* What is to be imported: a file, or for digits what is typed. */
static SrSecret *get_key_material(const SrCli *cli, const char *path, Format format, GError **error)
{
    if (path && looks_like_key(path)) {
        sr_usage_error(error, "a private key does not belong on the command line, where other "
                              "programs see it; leave it out and type it when asked");
        return NULL;
    }
    if (path)
        return sr_file_read_secret(path, KEYSTORE_MAX, error);
    if (format == FORMAT_KEYSTORE || !cli->terminal) {
        sr_usage_error(error, "name the file to import, or - for standard input");
        return NULL;
    }
    return sr_passphrase_ask(cli->terminal, "Private key (64 hexadecimal digits)", FALSE, NULL,
                             error);
}

static Format format_of(const SrSecret *material)
{
    const guint8 *bytes = sr_secret_peek(material);
    gsize i = 0;

    while (i < sr_secret_size(material) && g_ascii_isspace(bytes[i]))
        i++;
    return i < sr_secret_size(material) && bytes[i] == '{' ? FORMAT_KEYSTORE : FORMAT_HEX;
}

static gboolean import_hex(SrCli *cli, const SrArguments *arguments, const SrSecret *digits,
                           SrJson **ret_result, GError **error)
{
    SrJson *params;

    if (sr_arguments_flag(arguments, "passphrase-fd"))
        return sr_usage_error(error, "--passphrase-fd is for keystore files");
    if (sr_secret_size(digits) > HEX_MAX) {
        sr_error_set(error, SR_ERROR_MALFORMED_KEY, "a private key has 64 hexadecimal digits");
        return FALSE;
    }
    params = json_object_new_object();
    sr_json_add_string(params, "format", "hex");
    sr_key_view_add_options(params, arguments);
    return sr_secret_call(cli, "keys.import", params, digits, ret_result, error);
}

static gboolean import_keystore(SrCli *cli, const SrArguments *arguments, const SrSecret *file,
                                SrJson **ret_result, GError **error)
{
    const char *text = (const char *)sr_secret_peek(file);
    g_autoptr(SrSecret) passphrase = NULL;
    SrJson *params;

    if (!g_utf8_validate(text, (gssize)sr_secret_size(file), NULL)) {
        sr_error_set(error, SR_ERROR_MALFORMED_KEY, "the keystore file is not text");
        return FALSE;
    }
    if (!sr_passphrase_get(arguments, cli->terminal, "Passphrase of the keystore file", FALSE,
                           &passphrase, error))
        return FALSE;
    if (!passphrase)
        return sr_usage_error(error, "without a terminal, --passphrase-fd is needed");
    params = json_object_new_object();
    sr_json_add_string(params, "format", "keystore");
    sr_json_add(params, "keystore", json_object_new_string_len(text, (int)sr_secret_size(file)));
    sr_key_view_add_options(params, arguments);
    return sr_secret_call(cli, "keys.import", params, passphrase, ret_result, error);
}

static gboolean run_import(SrCli *cli, const SrArguments *arguments, GError **error)
{
    Format format = FORMAT_UNSAID;
    g_autoptr(SrSecret) material = NULL;
    g_autoptr(SrJson) result = NULL;

    if (!get_format(arguments, &format, error))
        return FALSE;
    material = get_key_material(cli, sr_arguments_operand(arguments, 0), format, error);
    if (!material)
        return FALSE;
    if (format == FORMAT_UNSAID)
        format = format_of(material);
    if (!(format == FORMAT_HEX ? import_hex : import_keystore)(cli, arguments, material, &result,
                                                               error))
        return FALSE;
    return sr_cli_print_json(cli, result) || sr_key_view_print_result(result, error);
}

static const SrOption export_options[] = {
    {"format", "FORMAT", "hex (64 digits) or keystore (default; JSON, version 3)"},
    {"output", "FILE", "write to this new file, readable by you alone"},
    {"passphrase-fd", "N", "read the passphrase for the keystore from file descriptor N"},
    {NULL, NULL, NULL},
};

/* The agent writes the digits into the file it is given. */
static SrSecret *export_hex(SrCli *cli, const char *key, GError **error)
{
    SrJson *params = json_object_new_object();
    int fd = sr_passphrase_to_file(NULL, error);
    SrSecret *digits = NULL;

    sr_json_add_string(params, "key", key);
    sr_json_add_string(params, "format", "hex");
    if (fd < 0) {
        sr_json_free(params);
        return NULL;
    }
    if (sr_cli_call(cli, "keys.export", params, fd, NULL, error) && lseek(fd, 0, SEEK_SET) == 0)
        digits = sr_secret_read_fd(fd, HEX_MAX, TRUE, error);
    close(fd);
    return digits;
}

static SrSecret *export_keystore(SrCli *cli, const SrArguments *arguments, GError **error)
{
    SrJson *params;
    g_autoptr(SrSecret) passphrase = NULL;
    g_autoptr(SrJson) result = NULL;
    const char *text;

    if (!sr_passphrase_get(arguments, cli->terminal, "Passphrase for the keystore", TRUE,
                           &passphrase, error))
        return NULL;
    if (!passphrase) {
        sr_usage_error(error, "without a terminal, --passphrase-fd is needed");
        return NULL;
    }
    params = json_object_new_object();
    sr_json_add_string(params, "key", sr_arguments_operand(arguments, 0));
    sr_json_add_string(params, "format", "keystore");
    if (!sr_secret_call(cli, "keys.export", params, passphrase, &result, error))
        return NULL;
    text = sr_json_string(result, "keystore", error);
    return text ? sr_secret_new_copy(text, strlen(text), error) : NULL;
}

static gboolean check_export(const SrCli *cli, const SrArguments *arguments, Format format,
                             GError **error)
{
    const char *path = sr_arguments_option(arguments, "output");

    if (format == FORMAT_HEX && sr_arguments_flag(arguments, "passphrase-fd"))
        return sr_usage_error(error, "--passphrase-fd is for --format keystore");
    if (cli->json && !path)
        return sr_usage_error(error, "--json needs --output here: a key is no part of a result");
    if (path && access(path, F_OK) == 0) {
        sr_error_set(error, SR_ERROR_INVALID_PARAMS, "%s is there already", path);
        return FALSE;
    }
    if (!path && format == FORMAT_HEX && isatty(STDOUT_FILENO))
        fputs("sealring: warning: the private key will stay visible in this terminal; --output "
              "writes it to a file\n",
              stderr);
    return TRUE;
}

static gboolean run_export(SrCli *cli, const SrArguments *arguments, GError **error)
{
    Format format = FORMAT_KEYSTORE;
    const char *path = sr_arguments_option(arguments, "output");
    g_autoptr(SrSecret) content = NULL;
    g_autoptr(SrJson) result = NULL;

    if (!get_format(arguments, &format, error) || !check_export(cli, arguments, format, error))
        return FALSE;
    content = format == FORMAT_HEX ? export_hex(cli, sr_arguments_operand(arguments, 0), error)
                                   : export_keystore(cli, arguments, error);
    if (!content || !sr_file_write_secret(path, content, error))
        return FALSE;
    if (!path)
        return TRUE;
    result = json_object_new_object();
    sr_json_add_string(result, "output", path);
    if (!sr_cli_print_json(cli, result))
        sr_output_field("Written", 0, path);
    return TRUE;
}

static const SrOption passphrase_options[] = {
    SR_PASSPHRASE_OPTION,
    {NULL, NULL, NULL},
};

static gboolean change_seal(SrCli *cli, const SrArguments *arguments, gboolean seal, GError **error)
{
    g_autoptr(SrSecret) passphrase = NULL;
    g_autoptr(SrJson) result = NULL;
    SrJson *params;

    if (!sr_passphrase_get(arguments, cli->terminal,
                           seal ? "New passphrase for the key" : "Passphrase of the key", seal,
                           &passphrase, error))
        return FALSE;
    params = json_object_new_object();
    sr_json_add_string(params, "key", sr_arguments_operand(arguments, 0));
    if (!sr_secret_call_passphrase(cli, seal ? "keys.seal" : "keys.unseal", params, passphrase,
                                   &result, error))
        return FALSE;
    return sr_cli_print_json(cli, result) || sr_key_view_print_result(result, error);
}

static gboolean run_seal(SrCli *cli, const SrArguments *arguments, GError **error)
{
    return change_seal(cli, arguments, TRUE, error);
}

static gboolean run_unseal(SrCli *cli, const SrArguments *arguments, GError **error)
{
    return change_seal(cli, arguments, FALSE, error);
}

const SrCommand sr_key_secret_commands[] = {
    {"key import", "[FILE|-]", 0, 1, import_options, "Take over a key made elsewhere",
     "Without FILE the digits of the private key are asked for at the terminal and not shown.",
     run_import},
    {"key export", "KEY", 1, 1, export_options, "Give a key out; asks first",
     "Whoever has the exported key can sign as you. Without --output it goes to standard output.",
     run_export},
    {"key seal", "KEY", 1, 1, passphrase_options, "Give a key a passphrase of its own",
     "From then on, reading the keyring is not enough to get the key.", run_seal},
    {"key unseal", "KEY", 1, 1, passphrase_options, "Take a key's passphrase away again", NULL,
     run_unseal},
    {NULL, NULL, 0, 0, NULL, NULL, NULL, NULL},
};
