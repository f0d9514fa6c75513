/*
 * LOGIN, LOGOUT: what lets an application use the keys of a token.
 *
 * Keys: the user agrees once, or the PIN is right, or a grant says so; then it may use them until
 * it ends, logs out or sealring is locked. Accounts: logging in is free, because every use is asked
 * for (program_sign.c).
 */
#include "agent/program_consent.h"
#include "agent/program_grant.h"
#include "agent/program_operations.h"
#include "agent/program_pin.h"
#include "agent/program_result.h"
#include "agent/programs.h"
#include "base/error.h"

#define NAMES_MAX 8u

/* --- effects -------------------------------------------------------------------------------------
 */

static void take_effect(SrRequest *request, SrLogin login, const char *decision)
{
    const SrProgramBody *body = &request->call->body;
    SrApplication *application = request->call->application;
    SrJson *more = json_object_new_object();

    sr_json_add_string(more, "token", sr_token_name((SrToken)body->token));
    sr_json_add_string(more, "as",
                       body->user == SR_USER_SO        ? "so"
                       : body->user == SR_USER_CONTEXT ? "once"
                                                       : "user");
    sr_json_add_string(more, "decision", decision);
    if (!sr_program_record(request, "program-login", more))
        return;
    if (body->user == SR_USER_SO)
        application->is_so = TRUE;
    else if (body->user == SR_USER_CONTEXT)
        application->context = body->object;
    else
        application->logins[body->token] = login;
    sr_program_answer(request, SR_CKR_OK);
}

static void on_agreed(SrRequest *request)
{
    take_effect(request, SR_LOGIN_FULL, "asked");
}

static void on_pin(SrRequest *request)
{
    take_effect(request, SR_LOGIN_FULL, "pin");
}

/* --- questions -----------------------------------------------------------------------------------
 */

/* The names of the keys that the login is about, a few of them. */
static void add_keys(const SrRequest *request, SrConsentModel *model)
{
    g_autoptr(GPtrArray) keys = sr_key_ring_list(request->agent->keys);
    guint count = 0;

    for (guint i = 0; i < keys->len; i++) {
        const SrKeyInfo *info = keys->pdata[i];

        if (sr_token_of_type(info->type) == SR_TOKEN_KEYS && ++count <= NAMES_MAX)
            sr_consent_model_add(model, SR_CONSENT_KEY, "%s (%s)", info->name,
                                 sr_key_type_name(info->type));
    }
    if (count > NAMES_MAX)
        sr_consent_model_add(model, SR_CONSENT_FACT, "Other keys: %u more", count - NAMES_MAX);
    if (count == 0)
        sr_consent_model_add(model, SR_CONSENT_FACT, "Keys: none yet");
}

static void ask_user(SrRequest *request)
{
    g_autofree char *name = sr_program_short_name(request);
    SrConsentModel *model = sr_request_consent(request, "Let %s use your keys?", name);

    add_keys(request, model);
    sr_consent_model_add(model, SR_CONSENT_GRANT,
                         "Sign in and sign data with these keys without asking again");
    sr_consent_model_add(model, SR_CONSENT_GRANT, "Make and store new keys");
    sr_consent_model_add(model, SR_CONSENT_FACT,
                         "Until: the program ends or logs out, or sealring is locked");
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Allow");
    sr_request_ask(request, model, on_agreed);
}

static void ask_so(SrRequest *request)
{
    g_autofree char *name = sr_program_short_name(request);
    SrConsentModel *model = sr_request_consent(request, "Let %s set the PIN of your keys?", name);

    sr_consent_model_add(model, SR_CONSENT_WARNING,
                         "Whoever has the PIN can use your keys without asking you.");
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Allow");
    sr_request_ask(request, model, on_agreed);
}

static void ask_once(SrRequest *request)
{
    g_autofree char *name = sr_program_short_name(request);
    SrConsentModel *model;

    model =
        sr_request_consent(request, "Let %s use the key \"%s\" once?", name, request->key->name);
    sr_request_add_key(request, model);
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Allow once");
    sr_request_ask(request, model, on_agreed);
}

/* --- login ---------------------------------------------------------------------------------------
 */

static void login_with_pin(SrRequest *request)
{
    const SrProgramBody *body = &request->call->body;

    if (body->token == SR_TOKEN_KEYS && body->pin.size > 0)
        sr_program_pin_check(request, body->user == SR_USER_SO ? SR_PIN_SO : SR_PIN_USER, body->pin,
                             on_pin);
    else
        sr_program_answer(request, SR_CKR_PIN_INCORRECT);
}

/* It is free and decides nothing: that the application was there is worth one line, not one for
 * each of the many logins that some programs do. */
static void login_to_accounts(SrRequest *request)
{
    SrApplication *application = request->call->application;

    if (!application->at_accounts) {
        application->at_accounts = TRUE;
        take_effect(request, SR_LOGIN_FULL, "every use is asked for");
        return;
    }
    application->logins[SR_TOKEN_ACCOUNTS] = SR_LOGIN_FULL;
    sr_program_answer(request, SR_CKR_OK);
}

static void login_user(SrRequest *request)
{
    const SrApplication *application = request->call->application;
    const SrToken token = (SrToken)request->call->body.token;

    if (application->logins[token] == SR_LOGIN_FULL)
        sr_program_answer(request, SR_CKR_OK);
    else if (token == SR_TOKEN_ACCOUNTS)
        login_to_accounts(request);
    else if (sr_program_grant_any(request->agent, application, token))
        take_effect(request, SR_LOGIN_GRANTED, "grant");
    else
        ask_user(request);
}

/*
 * Whether the PIN is to be looked at. Not where the token says that there is another way in
 * (CKF_PROTECTED_AUTHENTICATION_PATH) and the program only had to send something: pkcs11js cannot
 * leave the PIN out, so it comes empty; ssh-agent takes no empty one, so its user, who let it in by
 * a grant, types anything.
 */
static gboolean pin_counts(const SrRequest *request)
{
    const SrProgramBody *body = &request->call->body;
    const SrToken token = (SrToken)body->token;

    if (!body->has_pin || body->user == SR_USER_SO)
        return body->has_pin;
    if (body->pin.size == 0)
        return token == SR_TOKEN_KEYS && sr_program_pin_is_set(request->agent, SR_PIN_USER);
    return token != SR_TOKEN_KEYS || sr_program_pin_is_set(request->agent, SR_PIN_USER) ||
           !sr_program_grant_any(request->agent, request->call->application, token);
}

static void on_objects(SrRequest *request)
{
    const SrProgramBody *body = &request->call->body;

    if (body->user == SR_USER_CONTEXT && !sr_program_choose_key(request, body->object))
        return;
    if (pin_counts(request))
        login_with_pin(request);
    else if (body->user == SR_USER_SO)
        ask_so(request);
    else if (body->user == SR_USER_CONTEXT)
        ask_once(request);
    else
        login_user(request);
}

void sr_program_login(SrRequest *request)
{
    const SrProgramBody *body = &request->call->body;
    const SrApplication *application = request->call->application;

    if (!sr_application_sees(application, (SrToken)body->token))
        sr_program_answer(request, SR_CKR_TOKEN_NOT_PRESENT);
    else if (body->user == SR_USER_SO && body->token == SR_TOKEN_ACCOUNTS)
        sr_program_answer(request, SR_CKR_USER_TYPE_INVALID);
    else if (body->user == SR_USER_CONTEXT && application->logins[body->token] == SR_LOGIN_NONE)
        sr_program_answer(request, SR_CKR_USER_NOT_LOGGED_IN);
    else
        sr_program_need_objects(request, TRUE, on_objects);
}

/* --- logout --------------------------------------------------------------------------------------
 */

void sr_program_logout(SrRequest *request)
{
    const SrToken token = (SrToken)request->call->body.token;

    sr_application_logout(request->call->application, token);
    sr_program_answer(request, SR_CKR_OK);
}
