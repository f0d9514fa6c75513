#include "cli/secret_call.h"

#include "cli/passphrase.h"

#include <unistd.h>

gboolean sr_secret_call(SrCli *cli, const char *method, SrJson *params, const SrSecret *secret,
                        SrJson **ret_result, GError **error)
{
    int fd = sr_passphrase_to_file(secret, error);
    gboolean done;

    if (fd < 0) {
        sr_json_free(params);
        return FALSE;
    }
    done = sr_cli_call(cli, method, params, fd, ret_result, error);
    close(fd);
    return done;
}

gboolean sr_secret_call_passphrase(SrCli *cli, const char *method, SrJson *params,
                                   const SrSecret *passphrase, SrJson **ret_result, GError **error)
{
    if (!passphrase)
        return sr_cli_call(cli, method, params, -1, ret_result, error);
    sr_json_add_boolean(params, "passphrase", TRUE);
    return sr_secret_call(cli, method, params, passphrase, ret_result, error);
}
