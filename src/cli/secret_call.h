/* Calls that pass a secret along, as a memory file over the socket (docs/PROTOCOL.md, "Secrets").
 */
#pragma once

#include "base/secret.h"
#include "cli/cli.h"

/* Call @method with @params (taken); @secret is in the passed file. */
gboolean sr_secret_call(SrCli *cli, const char *method, SrJson *params, const SrSecret *secret,
                        SrJson **ret_result, GError **error);

/* The same with "passphrase":true; without a passphrase (NULL) nothing is passed and the agent asks
 * by itself. */
gboolean sr_secret_call_passphrase(SrCli *cli, const char *method, SrJson *params,
                                   const SrSecret *passphrase, SrJson **ret_result, GError **error);
