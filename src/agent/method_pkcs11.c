/* pkcs11.*: what programs see and do, and the PIN of the keys token. */
#include "agent/program_pin.h"
#include "agent/programs.h"
#include "agent/vault_setup.h"
#include "base/error.h"

/* --- status
 * -------------------------------------------------------------------------------------------- */

static const char *pin_state(const SrAgent *agent, SrPin pin)
{
    if (!sr_program_pin_is_set(agent, pin))
        return "none";
    return sr_program_pin_failures(agent, pin) >= SR_PIN_ATTEMPTS ? "locked" : "set";
}

static SrJson *pin_json(const SrAgent *agent)
{
    SrJson *json = json_object_new_object();

    sr_json_add_string(json, "state", pin_state(agent, SR_PIN_USER));
    sr_json_add_integer(json, "failures", sr_program_pin_failures(agent, SR_PIN_USER));
    sr_json_add_string(json, "administrator", pin_state(agent, SR_PIN_SO));
    return json;
}

static SrJson *logins_json(const SrApplication *application)
{
    SrJson *array = json_object_new_array();

    for (guint token = 0; token < SR_TOKENS; token++)
        if (application->logins[token] != SR_LOGIN_NONE)
            json_object_array_add(array, json_object_new_string(sr_token_name((SrToken)token)));
    return array;
}

static gboolean count_usable(SrPermit *permit, gpointer count)
{
    *(gint64 *)count += !sr_permit_is_over(permit);
    return TRUE;
}

static SrJson *application_json(SrApplication *application)
{
    SrJson *json = json_object_new_object();
    gint64 usable = 0;

    sr_application_visit_permits(application, count_usable, &usable);
    sr_json_add_string(json, "program", application->program);
    sr_json_add_boolean(json, "confirmed", application->is_confirmed);
    sr_json_add_integer(json, "pid", application->pid);
    sr_json_add_integer(json, "connections", application->connections);
    sr_json_add_boolean(json, "seesAccounts", sr_application_sees(application, SR_TOKEN_ACCOUNTS));
    sr_json_add(json, "loggedIn", logins_json(application));
    sr_json_add_integer(json, "keysInUse", usable);
    return json;
}

static void handle_status(SrRequest *request)
{
    const GPtrArray *applications = sr_programs_applications(request->agent->programs);
    SrJson *array = json_object_new_array();
    SrJson *result = json_object_new_object();

    for (guint i = 0; i < applications->len; i++)
        json_object_array_add(array, application_json(applications->pdata[i]));
    sr_json_add(result, "pin", pin_json(request->agent));
    sr_json_add(result, "programs", array);
    sr_request_reply(request, result);
}

/* --- the PIN
 * ------------------------------------------------------------------------------------------- */

static void reply_recorded(SrRequest *request, const char *event)
{
    GError *error = NULL;

    if (sr_request_record(request, event, NULL, &error))
        sr_request_reply(request, NULL);
    else
        sr_request_fail(request, error);
}

static void on_pin_set(SrRequest *request)
{
    reply_recorded(request, "set-pin");
}

static void store_pin(SrRequest *request)
{
    sr_program_pin_store(request, SR_PIN_USER, g_steal_pointer(&request->passphrase), on_pin_set);
}

static SrConsentModel *pin_model(const SrRequest *request)
{
    SrConsentModel *model =
        sr_request_consent(request, sr_program_pin_is_set(request->agent, SR_PIN_USER)
                                        ? "Choose another PIN for your sealring keys"
                                        : "Choose a PIN for your sealring keys");

    sr_consent_model_add(model, SR_CONSENT_WARNING,
                         "Whoever has the PIN can use your keys without asking you.");
    sr_consent_model_add(model, SR_CONSENT_FACT, "Length: %u to %u characters", SR_PIN_MIN,
                         SR_PIN_MAX);
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Set the PIN");
    return model;
}

static void on_pin(SrRequest *request)
{
    const gsize size = sr_secret_size(request->passphrase);
    GError *error = NULL;

    if (size < SR_PIN_MIN || size > SR_PIN_MAX) {
        sr_error_set(&error, SR_ERROR_INVALID_PARAMS, "a PIN has %u to %u characters", SR_PIN_MIN,
                     SR_PIN_MAX);
        sr_request_fail(request, error);
    } else if (request->fd >= 0) { /* whoever could run the command is not yet the user */
        sr_request_ask(request, pin_model(request), store_pin);
    } else {
        store_pin(request);
    }
}

static void on_store_to_set(SrRequest *request)
{
    const gboolean is_set = sr_program_pin_is_set(request->agent, SR_PIN_USER);
    gboolean replace = FALSE;
    GError *error = NULL;

    if (!sr_json_boolean_optional(request->params, "replace", &replace, &error))
        sr_request_fail(request, error);
    else if (replace == is_set) {
        sr_request_passphrase(request, pin_model(request), TRUE, on_pin);
    } else {
        sr_error_set(&error, is_set ? SR_ERROR_KEY_EXISTS : SR_ERROR_KEY_NOT_FOUND, "%s",
                     is_set ? "a PIN is set already; change it with: sealring pkcs11 pin change"
                            : "no PIN is set; set one with: sealring pkcs11 pin set");
        sr_request_fail(request, error);
    }
}

static void handle_set_pin(SrRequest *request)
{
    static const char *const names[] = {"replace", "passphrase", NULL};
    GError *error = NULL;

    if (!request->params || sr_json_only(request->params, names, &error))
        sr_request_need_store(request, on_store_to_set);
    else
        sr_request_fail(request, error);
}

static void on_pin_removed(SrRequest *request)
{
    reply_recorded(request, "remove-pin");
}

static void remove_pin(SrRequest *request)
{
    sr_program_pin_store(request, SR_PIN_USER, NULL, on_pin_removed);
}

static void on_keys_to_remove(SrRequest *request)
{
    SrConsentModel *model;
    GError *error = NULL;

    if (!sr_program_pin_is_set(request->agent, SR_PIN_USER)) {
        sr_error_set(&error, SR_ERROR_KEY_NOT_FOUND, "no PIN is set");
        sr_request_fail(request, error);
        return;
    }
    model = sr_request_consent(request, "Remove the PIN of your sealring keys?");
    sr_consent_model_add(model, SR_CONSENT_FACT, "From then on: programs are let in by you alone");
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Remove");
    sr_request_ask(request, model, remove_pin);
}

static void handle_remove_pin(SrRequest *request)
{
    sr_request_need_keys(request, TRUE, on_keys_to_remove);
}

const SrMethod sr_methods_pkcs11[] = {
    {"pkcs11.status", SR_METHOD_CLI_ONLY, handle_status},
    {"pkcs11.setPin", SR_METHOD_CLI_ONLY | SR_METHOD_FD, handle_set_pin},
    {"pkcs11.removePin", SR_METHOD_CLI_ONLY, handle_remove_pin},
    {NULL, 0, NULL},
};
