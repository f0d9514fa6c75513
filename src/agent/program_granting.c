#include "agent/program_granting.h"

#include "agent/grant_view.h"
#include "agent/token_objects.h"
#include "base/error.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECONDS_MAX 31536000

typedef struct {
    char *program;     /* as /proc will name it */
    const char *token; /* all keys of it; NULL: request->key */
    gint64 expires;    /* seconds since 1970; 0: never */
} Granting;

static void granting_free(gpointer data)
{
    Granting *granting = data;

    g_free(granting->program);
    g_free(granting);
}

/* --- reading -------------------------------------------------------------------------------------
 */

/* Whether @path begins as a script does (execve(2)). */
static gboolean is_script(const char *path)
{
    char start[2] = {0};
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const gboolean found =
        fd >= 0 && read(fd, start, sizeof start) == sizeof start && memcmp(start, "#!", 2) == 0;

    if (fd >= 0)
        close(fd);
    return found;
}

/* The kernel names a running program by its path without symbolic links. Owned by the caller. */
static char *resolve_program(SrRequest *request, GError **error)
{
    const char *path = sr_request_string(request, "program", error);
    char *resolved = path && g_path_is_absolute(path) ? realpath(path, NULL) : NULL;
    gboolean is_program = FALSE;
    struct stat status;
    char *copy = NULL;

    if (resolved && stat(resolved, &status) == 0 && S_ISREG(status.st_mode) &&
        access(resolved, X_OK) == 0 && g_utf8_validate(resolved, -1, NULL))
        is_program = TRUE;
    if (is_program && is_script(resolved))
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "program", -1,
                        "is a script: the kernel knows only its interpreter, and a grant for that "
                        "would be one for all its scripts");
    else if (is_program)
        copy = g_strdup(resolved);
    else if (path)
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "program", -1,
                        "must be the absolute path of a program that is there");
    free(resolved);
    return copy;
}

static gboolean read_token(Granting *granting, const char *name, GError **error)
{
    for (guint token = 0; token < SR_TOKENS; token++) {
        if (strcmp(name, sr_token_name((SrToken)token)) == 0) {
            granting->token = sr_token_name((SrToken)token);
            return TRUE;
        }
    }
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "token", -1, "must be accounts or keys");
    return FALSE;
}

/* Exactly one of "key" and "token". */
static gboolean read_target(SrRequest *request, Granting *granting, GError **error)
{
    const char *key;
    const char *token;

    if (!sr_json_string_optional(request->params, "key", &key, error) ||
        !sr_json_string_optional(request->params, "token", &token, error))
        return FALSE;
    if (!key == !token) {
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "key", -1,
                        "either key or token must be given");
        return FALSE;
    }
    return key ? sr_request_choose_key(request, key, error) : read_token(granting, token, error);
}

static gboolean read_granting(SrRequest *request, Granting *granting, GError **error)
{
    gint64 seconds = 0;

    granting->program = resolve_program(request, error);
    if (!granting->program || !read_target(request, granting, error) ||
        !sr_json_integer_optional(request->params, "seconds", 1, SECONDS_MAX, &seconds, error))
        return FALSE;
    if (seconds > 0)
        granting->expires = g_get_real_time() / G_USEC_PER_SEC + seconds;
    return TRUE;
}

/* --- asking --------------------------------------------------------------------------------------
 */

static void add_grant(SrRequest *request)
{
    const Granting *granting = request->state;
    const SrGrant *grant;
    GError *error = NULL;
    SrJson *more = json_object_new_object();
    SrJson *result;

    sr_json_add_string(more, "program", granting->program);
    if (granting->token)
        sr_json_add_string(more, "token", granting->token);
    grant = sr_grants_allow_program(request->agent->grants, granting->program,
                                    granting->token ? granting->token : request->key->id,
                                    granting->expires, &error);
    if (!grant || !sr_request_record(request, "add-grant", g_steal_pointer(&more), &error)) {
        sr_json_free(more);
        sr_request_fail(request, error);
        return;
    }
    result = json_object_new_object();
    sr_json_add(result, "grant", sr_grant_view_json(grant));
    sr_request_reply(request, result);
}

static gboolean is_about_accounts(const SrRequest *request, const Granting *granting)
{
    if (granting->token)
        return strcmp(granting->token, sr_token_name(SR_TOKEN_ACCOUNTS)) == 0;
    return sr_token_of_type(request->key->type) == SR_TOKEN_ACCOUNTS;
}

static SrConsentModel *granting_model(const SrRequest *request, const Granting *granting)
{
    const gboolean accounts = is_about_accounts(request, granting);
    g_autofree char *name = g_path_get_basename(granting->program);
    SrConsentModel *model;

    if (granting->token)
        model = sr_request_consent(request, "Let %s use all your %s without asking?", name,
                                   accounts ? "Ethereum accounts"
                                            : "sealring keys that are no Ethereum accounts");
    else
        model = sr_request_consent(request, "Let %s use the key \"%s\" without asking?", name,
                                   request->key->name);
    if (request->key)
        sr_request_add_key(request, model);
    sr_consent_model_add(model, SR_CONSENT_FACT, "Program: %s", granting->program);
    if (accounts)
        sr_consent_model_add(model, SR_CONSENT_WARNING,
                             "It can sign anything in your name that nobody has read: a payment, "
                             "or a permission to take everything.");
    sr_consent_model_add(model, SR_CONSENT_WARNING,
                         "Whoever can start this program can use the key through it.");
    return model;
}

static void ask(SrRequest *request, const Granting *granting)
{
    SrConsentModel *model = granting_model(request, granting);

    if (granting->expires) {
        g_autofree char *until = sr_siwe_time_text(granting->expires * G_USEC_PER_SEC);

        sr_consent_model_add(model, SR_CONSENT_FACT, "Until: %s", until);
    } else {
        sr_consent_model_add(model, SR_CONSENT_FACT, "Until: you take it back");
    }
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Allow");
    sr_request_ask(request, model, add_grant);
}

static void on_keys(SrRequest *request)
{
    Granting *granting = g_new0(Granting, 1);
    GError *error = NULL;

    request->state = granting;
    request->free_state = granting_free;
    if (read_granting(request, granting, &error))
        ask(request, granting);
    else
        sr_request_fail(request, error);
}

void sr_program_granting_handle(SrRequest *request)
{
    static const char *const names[] = {"kind", "program", "key", "token", "seconds", NULL};
    GError *error = NULL;

    if (sr_json_only(request->params, names, &error))
        sr_request_need_keys(request, TRUE, on_keys);
    else
        sr_request_fail(request, error);
}
