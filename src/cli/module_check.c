#include "cli/module_check.h"

#include "cli/client.h"
#include "wire/operation.h"
#include "wire/socket.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MODULE "sealring-pkcs11.so"

/* ssh-agent resolves links, then looks at its -P list, of which these are the defaults. */
static void check_ssh_agent(SrCheckup *checkup, const char *module)
{
    static const char *const allowed[] = {"/usr/lib*/*", "/usr/local/lib*/*"};
    static const char name[] = "ssh-agent";
    char *resolved = realpath(module, NULL);
    g_autofree char *folder = g_path_get_dirname(resolved ? resolved : module);
    g_autofree char *next_step = g_strdup_printf(
        "install it with prefix=/usr or /usr/local, or start `ssh-agent -P '%s/*'`", folder);
    gboolean accepted = FALSE;

    for (gsize i = 0; resolved && i < G_N_ELEMENTS(allowed); i++)
        accepted = accepted || g_pattern_match_simple(allowed[i], resolved);
    free(resolved);
    if (accepted)
        sr_checkup_add(checkup, SR_CHECK_OK, name, NULL, "may load modules from %s", folder);
    else
        sr_checkup_add(checkup, SR_CHECK_WARN, name, next_step, "does not load modules from %s",
                       folder);
}

static void check_p11_kit(SrCheckup *checkup, const char *module)
{
    static const char name[] = "p11-kit";
    static const char folder[] = "~/.config/pkcs11/modules";
    char program[] = "p11-kit";
    char command[] = "list-modules";
    char *words[] = {program, command, NULL};
    g_autofree char *listed = NULL;
    g_autofree char *next_step = g_strdup_printf(
        "`mkdir -p %s && echo 'module: %s' >%s/sealring.module`", folder, module, folder);

    if (!g_spawn_sync(NULL, words, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
                      NULL, &listed, NULL, NULL, NULL))
        sr_checkup_add(checkup, SR_CHECK_OK, name, NULL,
                       "not installed; programs are told the path of the module");
    else if (listed && strstr(listed, MODULE))
        sr_checkup_add(checkup, SR_CHECK_OK, name, NULL, "knows the module");
    else
        sr_checkup_add(checkup, SR_CHECK_WARN, name, next_step, "does not know the module");
}

void sr_module_check_installation(SrCheckup *checkup)
{
    g_autofree char *module = sr_client_find(MODULE, SR_PKCS11DIR, G_FILE_TEST_EXISTS);

    if (!module) {
        sr_checkup_add(checkup, SR_CHECK_WARN, "PKCS#11 module",
                       "install it there; ssh, Firefox and other programs need it",
                       MODULE " is not beside this program, nor in " SR_PKCS11DIR);
        return;
    }
    sr_checkup_add(checkup, SR_CHECK_OK, "PKCS#11 module", NULL, "%s", module);
    check_ssh_agent(checkup, module);
    check_p11_kit(checkup, module);
}

void sr_module_check_socket(SrCheckup *checkup)
{
    static const char name[] = "PKCS#11 socket";
    char path[SR_PATH_MAX];
    int fd = sr_socket_path(SR_SOCKET_PKCS11, path, sizeof path);

    if (fd == 0)
        fd = sr_socket_connect(path);
    if (fd < 0) {
        sr_checkup_add(checkup, SR_CHECK_FAIL, name,
                       "`sealring agent stop`, then `sealring agent start`",
                       "the agent does not listen there: %s", g_strerror(-fd));
        return;
    }
    close(fd);
    sr_checkup_add(checkup, SR_CHECK_OK, name, NULL, "%s", path);
}
