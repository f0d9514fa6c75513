/*
 * sealring-prompt: shows the model on its standard input and answers with its exit status
 * (docs/PROMPT.md). It decides nothing, opens no file and no connection but the display's.
 */
#include "base/error.h"
#include "consent/model.h"
#include "prompt/consent_window.h"
#include "prompt/passphrase_window.h"
#include "prompt/style.h"

#include <gtk/gtk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    STATUS_AGREED = 0,
    STATUS_DENIED = 1,
    STATUS_NO_PROMPT = 2,
};

typedef struct {
    gboolean passphrase;
    gboolean new_one;
    gboolean help;
    gboolean version;
} SrOptions;

static const char usage[] =
    "usage: sealring-prompt [--passphrase [--new]] < MODEL\n"
    "Ask the user the question on standard input, lines of \"name<TAB>text\".\n"
    "\n"
    "  --passphrase  ask for a passphrase and write it to standard output\n"
    "  --new         ask for it twice\n"
    "  --version     print the version\n"
    "  --help        print this text\n"
    "\n"
    "Exit status: 0 agreed, 1 denied, 2 no question could be shown.\n"
    "\"remember\" is written to standard output when the user ticked that offer.\n";

static gboolean parse_options(int argc, char **argv, SrOptions *ret_options)
{
    SrOptions options = {0};

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--passphrase") == 0)
            options.passphrase = TRUE;
        else if (strcmp(argv[i], "--new") == 0)
            options.new_one = TRUE;
        else if (strcmp(argv[i], "--help") == 0)
            options.help = TRUE;
        else if (strcmp(argv[i], "--version") == 0)
            options.version = TRUE;
        else
            return FALSE;
    }
    *ret_options = options;
    return options.passphrase || !options.new_one;
}

/* The model on standard input, up to one byte more than a model may have. */
static SrConsentModel *read_model(GError **error)
{
    g_autofree char *text = g_malloc(SR_CONSENT_MODEL_MAX + 1);
    const gsize length = fread(text, 1, SR_CONSENT_MODEL_MAX + 1, stdin);

    if (ferror(stdin)) {
        sr_error_set(error, SR_ERROR_INTERNAL, "cannot read the model from standard input");
        return NULL;
    }
    return sr_consent_model_parse(text, length, error);
}

/* A passphrase is typed here: no core dumps, no debuggers of the same user. */
static void protect_memory(void)
{
    const struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
}

/*
 * Without a session bus GLib would start one (dbus-launch) and GTK would complain; with the GL
 * renderer a dialog would load a graphics driver. Neither is needed to show a question.
 */
static void settle_environment(void)
{
    const char *runtime = g_getenv("XDG_RUNTIME_DIR");
    g_autofree char *bus = g_build_filename(runtime ? runtime : "/nonexistent", "bus", NULL);

    g_setenv("GSK_RENDERER", "cairo", FALSE);
    if (g_getenv("DBUS_SESSION_BUS_ADDRESS") || access(bus, F_OK) == 0)
        return;
    g_setenv("DBUS_SESSION_BUS_ADDRESS", "disabled:", TRUE);
    g_setenv("GTK_A11Y", "none", TRUE);
}

static int ask(const SrConsentModel *model)
{
    const SrDecision decision = sr_consent_window_run(model);

    if (decision == SR_DECISION_DENY)
        return STATUS_DENIED;
    if (decision == SR_DECISION_AGREE_REMEMBER)
        puts("remember");
    return fflush(stdout) == 0 ? STATUS_AGREED : STATUS_DENIED;
}

static int show(const SrOptions *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrConsentModel) model = read_model(&error);

    if (!model) {
        fprintf(stderr, "sealring-prompt: %s\n", error->message);
        return STATUS_NO_PROMPT;
    }
    settle_environment();
    if (!gtk_init_check()) {
        fputs("sealring-prompt: cannot open a display; set DISPLAY or WAYLAND_DISPLAY\n", stderr);
        return STATUS_NO_PROMPT;
    }
    sr_style_load(gdk_display_get_default());
    if (!options->passphrase)
        return ask(model);
    return sr_passphrase_window_run(model, options->new_one, STDOUT_FILENO) ? STATUS_AGREED
                                                                            : STATUS_DENIED;
}

int main(int argc, char **argv)
{
    SrOptions options;

    protect_memory();
    if (!parse_options(argc, argv, &options)) {
        fputs(usage, stderr);
        return STATUS_NO_PROMPT;
    }
    if (options.help || options.version) {
        fputs(options.help ? usage : "sealring-prompt " SR_VERSION "\n", stdout);
        return EXIT_SUCCESS;
    }
    /* The status is the answer: no exit handler of a library may change it (standard output has
     * been flushed). */
    _exit(show(&options));
}
