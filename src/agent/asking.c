/* The steps of request.h that ask the user: consent and passphrases. */
#include "agent/prompter.h"
#include "agent/request.h"
#include "base/error.h"

static void fail_answer(SrRequest *request, SrAnswer what)
{
    GError *error = NULL;
    g_autoptr(SrJson) more = json_object_new_object();

    if (what == SR_ANSWER_NO)
        sr_error_set(&error, SR_ERROR_USER_REJECTED, "the user said no");
    else if (what == SR_ANSWER_TIMEOUT)
        sr_error_set(&error, SR_ERROR_NO_PROMPT, "the user did not answer in time");
    else
        sr_error_set(&error, SR_ERROR_NO_PROMPT,
                     "the user cannot be asked: no prompt could be shown; see sealring doctor");
    sr_json_add_string(more, "reason", sr_error_reason(error));
    sr_request_record(request, "denied", g_steal_pointer(&more), NULL);
    sr_request_fail(request, error);
}

/* Go on after an answer, if what the request relies on still holds. */
static void go_on(SrRequest *request)
{
    GError *error = NULL;

    if (sr_request_revalidate(request, &error))
        request->next(request);
    else
        sr_request_fail(request, error);
}

static void on_consent(SrAnswer what, SrSecret *passphrase, gpointer data)
{
    SrRequest *request = data;

    request->ticket = NULL;
    sr_secret_free(passphrase);
    request->remember = what == SR_ANSWER_YES_REMEMBER;
    if (what != SR_ANSWER_YES && what != SR_ANSWER_YES_REMEMBER)
        fail_answer(request, what);
    else
        go_on(request);
}

static void on_passphrase(SrAnswer what, SrSecret *passphrase, gpointer data)
{
    SrRequest *request = data;

    request->ticket = NULL;
    if (what == SR_ANSWER_YES && passphrase) {
        sr_secret_free(request->passphrase);
        request->passphrase = passphrase;
        go_on(request);
        return;
    }
    sr_secret_free(passphrase);
    fail_answer(request, what == SR_ANSWER_YES ? SR_ANSWER_NO : what);
}

static void set_withdrawn(GError **error)
{
    sr_error_set(error, SR_ERROR_USER_REJECTED, "the question was withdrawn");
}

static void ask(SrRequest *request, SrConsentModel *model, SrPromptKind kind, SrPromptDone done,
                SrRequestStep next)
{
    g_autoptr(SrConsentModel) owned = model;
    GError *error = NULL;

    request->next = next;
    if (request->withdrawn)
        set_withdrawn(&error);
    else if (!request->connection || request->agent->stopping)
        sr_error_set(&error, SR_ERROR_NO_PROMPT, "the client or the agent is ending");
    else
        request->ticket =
            sr_prompter_ask(request->agent->prompter, request->connection, request->origin,
                            g_steal_pointer(&owned), kind, done, request, &error);
    if (!request->ticket)
        sr_request_fail(request, error);
}

gboolean sr_request_is_away(const SrRequest *request)
{
    return request->has_job || request->ticket;
}

void sr_request_ask(SrRequest *request, SrConsentModel *model, SrRequestStep next)
{
    ask(request, model, SR_PROMPT_CONSENT, on_consent, next);
}

void sr_request_cancel_prompt(SrRequest *request, GError *error)
{
    if (!request->ticket) {
        g_error_free(error);
        return;
    }
    sr_prompter_cancel(request->agent->prompter, g_steal_pointer(&request->ticket));
    sr_request_fail(request, error);
}

void sr_request_withdraw(SrRequest *request)
{
    GError *error = NULL;

    request->withdrawn = TRUE;
    if (!request->ticket)
        return;
    sr_prompter_withdraw(request->agent->prompter, g_steal_pointer(&request->ticket));
    set_withdrawn(&error);
    sr_request_fail(request, error);
}

void sr_request_prompt_passphrase(SrRequest *request, SrConsentModel *model, SrRequestStep next)
{
    ask(request, model, SR_PROMPT_PASSPHRASE, on_passphrase, next);
}

void sr_request_prompt_new_passphrase(SrRequest *request, SrConsentModel *model, SrRequestStep next)
{
    ask(request, model, SR_PROMPT_NEW_PASSPHRASE, on_passphrase, next);
}

void sr_request_passphrase(SrRequest *request, SrConsentModel *model, gboolean is_new,
                           SrRequestStep next)
{
    g_autoptr(SrConsentModel) owned = model;
    gboolean passed = FALSE;
    GError *error = NULL;

    if (!sr_json_boolean_optional(request->params, "passphrase", &passed, &error)) {
        sr_request_fail(request, error);
        return;
    }
    if (!passed) {
        ask(request, g_steal_pointer(&owned),
            is_new ? SR_PROMPT_NEW_PASSPHRASE : SR_PROMPT_PASSPHRASE, on_passphrase, next);
        return;
    }
    sr_secret_free(request->passphrase);
    request->passphrase = sr_request_read_passed(request, SR_PASSPHRASE_MAX, &error);
    if (request->passphrase)
        next(request);
    else
        sr_request_fail(request, error);
}
