#include "support/keyring_process.h"

#include <gio/gio.h>
#include <string.h>

#define SCRIPT "tests/support/keyring.py"

struct KeyringProcess {
    GSubprocess *process;
    GDataInputStream *output;
    char *address;
};

static char *read_line(KeyringProcess *keyring)
{
    g_autoptr(GError) error = NULL;
    char *line = g_data_input_stream_read_line(keyring->output, NULL, NULL, &error);

    g_assert_no_error(error);
    return line ? line : g_strdup("skip its helper ended");
}

KeyringProcess *keyring_process_new(char **ret_reason)
{
    KeyringProcess *keyring = g_new0(KeyringProcess, 1);
    g_autoptr(GError) error = NULL;
    g_autofree char *line = NULL;

    keyring->process =
        g_subprocess_new(G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error,
                         "python3", "-B", SCRIPT, "serve", NULL);
    g_assert_no_error(error);
    keyring->output = g_data_input_stream_new(g_subprocess_get_stdout_pipe(keyring->process));
    line = read_line(keyring);
    if (g_str_has_prefix(line, "address ")) {
        keyring->address = g_strdup(line + strlen("address "));
        return keyring;
    }
    g_assert_true(g_str_has_prefix(line, "skip "));
    *ret_reason = g_strdup(line + strlen("skip "));
    keyring_process_free(keyring);
    return NULL;
}

const char *keyring_process_address(const KeyringProcess *keyring)
{
    return keyring->address;
}

void keyring_process_command(KeyringProcess *keyring, const char *command)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *line = g_strconcat(command, "\n", NULL);
    g_autofree char *answer = NULL;

    g_output_stream_write_all(g_subprocess_get_stdin_pipe(keyring->process), line, strlen(line),
                              NULL, NULL, &error);
    g_assert_no_error(error);
    answer = read_line(keyring);
    g_assert_cmpstr(answer, ==, "done");
}

void keyring_process_free(KeyringProcess *keyring)
{
    if (!keyring)
        return;
    g_output_stream_close(g_subprocess_get_stdin_pipe(keyring->process), NULL, NULL);
    g_subprocess_wait(keyring->process, NULL, NULL);
    g_object_unref(keyring->output);
    g_object_unref(keyring->process);
    g_free(keyring->address);
    g_free(keyring);
}
