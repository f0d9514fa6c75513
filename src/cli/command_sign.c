/* sealring sign: messages and typed data that are no sign-in. */
#include "base/encoding.h"
#include "base/error.h"
#include "cli/cli.h"
#include "cli/files.h"
#include "cli/key_view.h"
#include "cli/output.h"

#define MESSAGE_MAX 65536u     /* the agent's limit */
#define TYPED_DATA_MAX 524288u /* escaped, it must fit into a frame */

static const SrOption sign_options[] = {
    {"personal", NULL, "FILE is a message (EIP-191, personal_sign)"},
    {"typed-data", NULL, "FILE is typed data in JSON (EIP-712, eth_signTypedData_v4)"},
    {"key", "KEY", "sign with this key instead of the default one"},
    {NULL, NULL, NULL},
};

/* The parameters that EIP-1193 libraries send: message and address, in their odd orders. */
static SrJson *personal_params(const char *path, const char *address, GError **error)
{
    g_autoptr(GByteArray) message = sr_file_read(path, MESSAGE_MAX, error);
    g_autofree char *digits = NULL;
    SrJson *params;

    if (!message)
        return NULL;
    digits = sr_hex_encode(message->data, message->len, TRUE);
    params = json_object_new_array();
    json_object_array_add(params, json_object_new_string(digits));
    json_object_array_add(params, json_object_new_string(address));
    return params;
}

static SrJson *typed_data_params(const char *path, const char *address, GError **error)
{
    g_autoptr(GByteArray) bytes = sr_file_read(path, TYPED_DATA_MAX, error);
    SrJson *data;
    SrJson *params;

    if (!bytes)
        return NULL;
    data = sr_json_parse((const char *)bytes->data, bytes->len, error);
    if (!data) {
        g_prefix_error(error, "%s: ", path);
        return NULL;
    }
    params = json_object_new_array();
    json_object_array_add(params, json_object_new_string(address));
    json_object_array_add(params, data);
    return params;
}

static gboolean run_sign(SrCli *cli, const SrArguments *arguments, GError **error)
{
    gboolean personal = sr_arguments_flag(arguments, "personal");
    const char *path = sr_arguments_operand(arguments, 0);
    g_autoptr(SrJson) key = NULL;
    g_autoptr(SrJson) result = NULL;
    const char *address;
    SrJson *params;

    if (personal == sr_arguments_flag(arguments, "typed-data"))
        return sr_usage_error(error, "say --personal or --typed-data");
    key = sr_key_view_find(cli, sr_arguments_option(arguments, "key"), error);
    if (!key)
        return FALSE;
    address = sr_json_string(key, "address", NULL);
    if (!address) {
        sr_error_set(error, SR_ERROR_INVALID_PARAMS, "only a secp256k1 key has an address");
        return FALSE;
    }
    params = (personal ? personal_params : typed_data_params)(path, address, error);
    if (!params || !sr_cli_call(cli, personal ? "personal_sign" : "eth_signTypedData_v4", params,
                                -1, &result, error))
        return FALSE;
    if (!sr_cli_print_json(cli, result))
        sr_output_line(json_object_get_string(result));
    return TRUE;
}

const SrCommand sr_sign_commands[] = {
    {"sign", "FILE|-", 1, 1, sign_options, "Sign a message or typed data; asks every time",
     "Prints the signature: 65 bytes, r, s and v, in hexadecimal.", run_sign},
    {NULL, NULL, 0, 0, NULL, NULL, NULL, NULL},
};
