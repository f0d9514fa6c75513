/* sealring siwe sign|verify|parse: sign-in messages, with the agent. */
#include "base/encoding.h"
#include "base/error.h"
#include "cli/cli.h"
#include "cli/files.h"
#include "cli/output.h"
#include "cli/siwe_check.h"
#include "ethereum/siwe.h"

#include <string.h>

#define LABEL_WIDTH 15u

/* {"messageHex":…} of the file of the first operand: the agent gets exactly its bytes. */
static SrJson *message_params(const SrArguments *arguments, GError **error)
{
    const char *path = sr_arguments_operand(arguments, 0);
    g_autoptr(GByteArray) message = sr_file_read(path, SR_SIWE_MESSAGE_MAX, error);
    g_autofree char *digits = NULL;
    SrJson *params;

    if (!message)
        return NULL;
    digits = sr_hex_encode(message->data, message->len, TRUE);
    params = json_object_new_object();
    sr_json_add_string(params, "messageHex", digits);
    return params;
}

/* Whether the message @digits (hexadecimal) is one but for a line feed at its end. */
static gboolean has_only_a_line_feed_too_much(const char *digits)
{
    g_autoptr(GByteArray) bytes = sr_hex_decode(digits, strlen(digits));
    SrSiwe siwe;
    SrSiweProblem problem;

    return bytes && bytes->len > 0 && bytes->data[bytes->len - 1] == '\n' &&
           sr_siwe_parse((const char *)bytes->data, bytes->len - 1, &siwe, &problem);
}

/* Ask the agent about the message of @params (taken). */
static gboolean call_with_message(SrCli *cli, const char *method, SrJson *params,
                                  SrJson **ret_result, GError **error)
{
    g_autofree char *digits = g_strdup(sr_json_string(params, "messageHex", NULL));
    GError *problem = NULL;

    if (sr_cli_call(cli, method, params, -1, ret_result, &problem))
        return TRUE;
    if (has_only_a_line_feed_too_much(digits)) {
        g_autofree char *said = problem->message;

        problem->message =
            g_strconcat(said, " (editors put one there; `head -c -1` takes it away)", NULL);
    }
    g_propagate_error(error, problem);
    return FALSE;
}

static void add_option(SrJson *params, const SrArguments *arguments, const char *name)
{
    const char *value = sr_arguments_option(arguments, name);

    if (value)
        sr_json_add_string(params, name, value);
}

static const SrOption sign_options[] = {
    {"key", "KEY", "sign with this key instead of the default one"},
    {NULL, NULL, NULL},
};

static gboolean run_sign(SrCli *cli, const SrArguments *arguments, GError **error)
{
    SrJson *params = message_params(arguments, error);
    g_autoptr(SrJson) result = NULL;
    const char *signature;

    if (!params)
        return FALSE;
    add_option(params, arguments, "key");
    if (!call_with_message(cli, "siwe.sign", params, &result, error))
        return FALSE;
    if (sr_cli_print_json(cli, result))
        return TRUE;
    signature = sr_json_string(result, "signature", error);
    if (signature)
        sr_output_line(signature);
    return signature != NULL;
}

static const SrOption verify_options[] = {
    {"signature", "HEX", "the signature: 65 bytes in hexadecimal"},
    {"domain", "DOMAIN", "the domain that is expected"},
    {"nonce", "NONCE", "the nonce that is expected"},
    {"time", "TIME", "check the validity at this time (RFC 3339; default: now)"},
    {NULL, NULL, NULL},
};

static gboolean print_verdict(SrJson *result, gboolean valid, GError **error)
{
    const char *problem = NULL;
    const char *address = NULL;
    g_autofree char *text = NULL;

    if (!sr_json_string_optional(result, "problem", &problem, error) ||
        !sr_json_string_optional(result, "address", &address, error))
        return FALSE;
    text = valid ? g_strdup_printf("Valid: signed by %s.", address)
                 : g_strdup_printf("Not valid: %s.", problem ? problem : "no reason was given");
    sr_output_line(text);
    return TRUE;
}

static gboolean run_verify(SrCli *cli, const SrArguments *arguments, GError **error)
{
    SrJson *params;
    g_autoptr(SrJson) result = NULL;
    gboolean valid = FALSE;

    if (!sr_arguments_flag(arguments, "signature"))
        return sr_usage_error(error, "--signature is missing");
    params = message_params(arguments, error);
    if (!params)
        return FALSE;
    for (const SrOption *option = verify_options; option->name; option++)
        add_option(params, arguments, option->name);
    if (!call_with_message(cli, "siwe.verify", params, &result, error) ||
        !sr_json_boolean_optional(result, "valid", &valid, error))
        return FALSE;
    if (!valid)
        cli->status = SR_EXIT_FAILED;
    return sr_cli_print_json(cli, result) || print_verdict(result, valid, error);
}

static void print_list(const char *label, SrJson *list)
{
    for (gsize i = 0; list && i < json_object_array_length(list); i++)
        sr_output_field(i == 0 ? label : "", LABEL_WIDTH,
                        json_object_get_string(json_object_array_get_idx(list, i)));
}

static gboolean print_fields(SrJson *result, GError **error)
{
    static const char *const labels[][2] = {
        {"Scheme", "scheme"},
        {"Domain", "domain"},
        {"Address", "address"},
        {"Statement", "statement"},
        {"URI", "uri"},
        {"Version", "version"},
        {"Chain id", "chainId"},
        {"Nonce", "nonce"},
        {"Issued at", "issuedAt"},
        {"Expires", "expirationTime"},
        {"Not before", "notBefore"},
        {"Request id", "requestId"},
    };
    SrJson *fields = NULL;
    SrJson *list = NULL;

    if (!sr_json_object_optional(result, "fields", &fields, error))
        return FALSE;
    for (gsize i = 0; fields && i < G_N_ELEMENTS(labels); i++)
        sr_output_field(labels[i][0], LABEL_WIDTH, sr_json_string(fields, labels[i][1], NULL));
    if (fields && sr_json_array_optional(fields, "resources", &list, NULL))
        print_list("Resources", list);
    if (sr_json_array_optional(result, "oddities", &list, NULL))
        print_list("Odd forms", list);
    if (json_object_object_get_ex(result, "recap", &list) && list) {
        g_autofree char *text = sr_json_text(list);

        sr_output_field("ReCap", LABEL_WIDTH, text);
    }
    return TRUE;
}

static gboolean run_parse(SrCli *cli, const SrArguments *arguments, GError **error)
{
    SrJson *params = message_params(arguments, error);
    g_autoptr(SrJson) result = NULL;

    if (!params || !call_with_message(cli, "siwe.parse", params, &result, error))
        return FALSE;
    return sr_cli_print_json(cli, result) || print_fields(result, error);
}

static gboolean run_check(SrCli *cli, const SrArguments *arguments, GError **error)
{
    const char *path = sr_arguments_operand(arguments, 0);

    if (!sr_arguments_flag(arguments, "jsonl"))
        return sr_usage_error(error, "--jsonl is missing");
    (void)cli;
    return sr_siwe_check_file(path ? path : "-", sr_arguments_flag(arguments, "recap"), error);
}

static const SrOption check_options[] = {
    {"jsonl", NULL, "one JSON object per line in, one per line out"},
    {"recap", NULL, "also decode ReCaps and check that the statement says what they grant"},
    {NULL, NULL, NULL},
};

const SrCommand sr_siwe_commands[] = {
    {"siwe sign", "FILE|-", 1, 1, sign_options, "Sign a sign-in message (EIP-4361); asks first",
     "Signs exactly the bytes of FILE. A conforming message does not end in a line break.\n"
     "Prints the signature.",
     run_sign},
    {"siwe verify", "FILE|-", 1, 1, verify_options, "Check a sign-in message and its signature",
     "Exit status 1 when it is not valid. Contract signatures (EIP-1271) need a node and are not\n"
     "checked.",
     run_verify},
    {"siwe parse", "FILE|-", 1, 1, NULL, "Show the fields of a sign-in message", NULL, run_parse},
    {"siwe check", "[FILE|-]", 0, 1, check_options, "Check many messages, without the agent",
     "Every line in is {\"message\":TEXT} or {\"messageHex\":HEX}; every line out is\n"
     "{\"ok\":true,\"fields\":{...}} or "
     "{\"ok\":false,\"field\":...,\"reason\":...,\"offset\":...}.\n"
     "A line that is not such an object gives field \"line\". Exit status 0 when all lines were\n"
     "answered, whatever the answers are.",
     run_check},
    {NULL, NULL, 0, 0, NULL, NULL, NULL, NULL},
};
