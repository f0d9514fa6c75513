#include "cli/tool.h"

#include "base/child.h"

#include <string.h>
#include <sys/wait.h>

#define TIMEOUT_SECONDS 2
#define OUTPUT_MAX 4096u

typedef struct {
    gboolean done;
    int status;
    char *output;
} Answer;

static void finish(SrChildEnd end, int status, const SrSecret *output, gpointer user_data)
{
    Answer *answer = user_data;

    answer->done = TRUE;
    if (end != SR_CHILD_EXITED || !WIFEXITED(status))
        return;
    answer->status = WEXITSTATUS(status);
    answer->output = g_strndup((const char *)sr_secret_peek(output), sr_secret_size(output));
    g_strchomp(answer->output);
}

char *sr_tool_run(const char *const *words, int *ret_status)
{
    g_auto(GStrv) environment = g_get_environ();
    g_autofree char *program = g_find_program_in_path(words[0]);
    Answer answer = {.status = -1};
    const SrChildSetup setup = {
        .program = program,
        .arguments = words + 1,
        .environment = environment,
        .output_max = OUTPUT_MAX,
        .timeout_seconds = TIMEOUT_SECONDS,
        .done = finish,
        .user_data = &answer,
    };
    SrChild *child = program ? sr_child_start(&setup) : NULL;

    while (child && !answer.done)
        g_main_context_iteration(NULL, TRUE);
    if (ret_status)
        *ret_status = answer.status;
    return answer.output;
}
