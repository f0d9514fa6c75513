/* Keys as the agent describes them (docs/PROTOCOL.md, "Keys"): found, and shown to people. */
#pragma once

#include "base/secret.h"
#include "cli/cli.h"

/* The key with id, name or address @name, NULL: the default key. A new reference, or NULL with
 * SR_ERROR_KEY_NOT_FOUND, or SR_ERROR_CORRUPT for a damaged one. */
SrJson *sr_key_view_find(SrCli *cli, const char *name, GError **error);

/* Print one key in full. */
void sr_key_view_print(SrJson *key);

/* Print the result of keys.list: all keys, the damaged ones last, with what to do about them. FALSE
 * with an error when it is not such a result. */
gboolean sr_key_view_print_list(SrJson *result, GError **error);

/* Print the {"key":…} of a result without its long public key. FALSE likewise. */
gboolean sr_key_view_print_result(SrJson *result, GError **error);

/* Put --name and --type into @params when they were given. */
void sr_key_view_add_options(SrJson *params, const SrArguments *arguments);

/* Seal the key of *inout_result with @passphrase (NULL: the agent asks); the new result replaces
 * it. */
gboolean sr_key_view_seal(SrCli *cli, const SrSecret *passphrase, SrJson **inout_result,
                          GError **error);
