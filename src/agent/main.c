/*
 * sealring-agent: holds the keys, asks the user, signs. Started on demand by sealring-host and the
 * CLI, or by systemd. Writes to standard error only why it could not start.
 */
#include "agent/agent.h"
#include "agent/credential.h"
#include "agent/hardening.h"
#include "agent/listener.h"
#include "base/error.h"
#include "wire/socket.h"

#include <glib-unix.h>
#include <stdio.h>
#include <string.h>

static gboolean on_signal(gpointer data)
{
    sr_agent_stop(data);
    return G_SOURCE_CONTINUE;
}

static char *make_runtime_folder(GError **error)
{
    char folder[SR_PATH_MAX];
    int status = sr_socket_folder(folder, sizeof folder);

    if (status == 0)
        status = sr_socket_make_folder(folder);
    if (status == 0)
        return g_strdup(folder);
    sr_error_set(error, SR_ERROR_AGENT_UNAVAILABLE,
                 "no folder for the agent's socket (%s); set XDG_RUNTIME_DIR to a folder of yours",
                 g_strerror(-status));
    return NULL;
}

static gboolean run(GError **error)
{
    const SrPassedSockets passed = sr_listener_passed();
    g_autofree char *file = sr_configuration_path();
    g_autofree char *folder = NULL;
    SrConfiguration *configuration;
    g_autoptr(SrAgent) agent = NULL;

    if (!sr_hardening_apply(passed.count, error))
        return FALSE;
    folder = make_runtime_folder(error);
    configuration = folder ? sr_configuration_read(file, error) : NULL;
    agent = configuration ? sr_agent_new(configuration, folder, error) : NULL;
    if (!agent)
        return FALSE;
    sr_credential_unlock(agent);
    agent->listener = sr_listener_new(agent, passed, error);
    if (!agent->listener)
        return FALSE;
    g_unix_signal_add(SIGTERM, on_signal, agent);
    g_unix_signal_add(SIGINT, on_signal, agent);
    g_unix_signal_add(SIGHUP, on_signal, agent);
    g_main_loop_run(agent->loop);
    return TRUE;
}

static gboolean check_configuration(GError **error)
{
    g_autofree char *file = sr_configuration_path();
    g_autoptr(SrConfiguration) configuration = sr_configuration_read(file, error);

    if (configuration)
        printf("%s: good\n", file);
    return configuration != NULL;
}

/* The exit status, with the reason on standard error. */
static int finish(const GError *error)
{
    if (error)
        fprintf(stderr, "sealring-agent: %s\n", error->message);
    return error ? 1 : 0;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;

    if (argc == 1) {
        run(&error);
        return finish(error);
    }
    if (argc == 2 && strcmp(argv[1], "--check-config") == 0) {
        check_configuration(&error);
        return finish(error);
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return printf("sealring-agent " SR_VERSION "\n") < 0;
    fprintf(stderr, "Usage: sealring-agent [--check-config | --version]\n"
                    "Runs in the foreground. See sealring-agent(1).\n");
    return 2;
}
