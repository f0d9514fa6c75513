#include "agent/program_pin.h"

#include "agent/program_keys.h"
#include "agent/program_result.h"
#include "base/error.h"
#include "store/token_pin.h"

#include <string.h>

static const char *const settings[SR_PINS] = {"pkcs11-pin-user", "pkcs11-pin-so"};
static const char *const record_ids[SR_PINS] = {SR_TOKEN_PIN_USER, SR_TOKEN_PIN_SO};

/* --- what is known -------------------------------------------------------------------------------
 */

gboolean sr_program_pin_is_set(const SrAgent *agent, SrPin pin)
{
    g_autofree char *failures = sr_database_setting(agent->database, settings[pin]);

    return failures != NULL;
}

guint sr_program_pin_failures(const SrAgent *agent, SrPin pin)
{
    g_autofree char *failures = sr_database_setting(agent->database, settings[pin]);

    return failures ? (guint)g_ascii_strtoull(failures, NULL, 10) : 0;
}

static gboolean set_failures(SrAgent *agent, SrPin pin, guint failures, GError **error)
{
    char text[16];

    g_snprintf(text, sizeof text, "%u", failures);
    return sr_database_set_setting(agent->database, settings[pin], text, error);
}

void sr_program_pin_found(SrAgent *agent, SrPin pin, gboolean is_set)
{
    gboolean done = TRUE;

    if (is_set == sr_program_pin_is_set(agent, pin))
        return;
    done = is_set ? set_failures(agent, pin, 0, NULL)
                  : sr_database_set_setting(agent->database, settings[pin], NULL, NULL);
    if (done)
        sr_database_settle(agent->database);
}

/* --- checking ------------------------------------------------------------------------------------
 */

typedef struct {
    SrPin pin;
    SrSecret *given;
    SrRequestStep next;
} Checking;

static void checking_free(gpointer data)
{
    Checking *checking = data;

    sr_secret_free(checking->given);
    g_free(checking);
}

/* What the worker has. */
typedef struct {
    SrRecord *record;
    SrSecret *given;
} Trial;

static void trial_free(gpointer data)
{
    Trial *trial = data;

    sr_record_free(trial->record);
    sr_secret_free(trial->given);
    g_free(trial);
}

/* What the worker returns instead of an error when the PIN was wrong. */
static const char wrong_pin[] = "";

static gpointer try_pin(gpointer data, GError **error)
{
    const Trial *trial = data;
    g_autoptr(GError) problem = NULL;

    if (sr_token_pin_check(trial->record, trial->given, &problem))
        return data;
    if (g_error_matches(problem, SR_ERROR, SR_ERROR_WRONG_PASSPHRASE))
        return (gpointer)(guintptr)wrong_pin;
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
}

static void on_wrong(SrRequest *request, SrPin pin)
{
    const guint failures = sr_program_pin_failures(request->agent, pin);
    SrJson *more = json_object_new_object();

    sr_json_add_string(more, "pin", pin == SR_PIN_SO ? "so" : "user");
    sr_json_add_integer(more, "failures", failures);
    if (sr_program_record(request, "wrong-pin", more))
        sr_program_answer(request,
                          failures >= SR_PIN_ATTEMPTS ? SR_CKR_PIN_LOCKED : SR_CKR_PIN_INCORRECT);
}

static void on_tried(SrRequest *request)
{
    const Checking *checking = request->state;
    const gboolean wrong = g_steal_pointer(&request->result) == wrong_pin;
    const SrRequestStep next = checking->next;
    const SrPin pin = checking->pin;
    GError *error = NULL;

    sr_request_clear_state(request);
    sr_key_claims_release(request->agent->claims, request);
    if (wrong)
        on_wrong(request, pin);
    else if (set_failures(request->agent, pin, 0, &error))
        next(request);
    else
        sr_request_fail(request, error);
}

/* Before the check: whoever kills the agent in the middle has used an attempt all the same. */
static gboolean count_attempt(SrRequest *request, SrPin pin)
{
    SrAgent *agent = request->agent;
    const guint failures = sr_program_pin_failures(agent, pin) + 1;

    if (!set_failures(agent, pin, failures, NULL)) {
        sr_agent_undo(agent);
        return FALSE;
    }
    sr_database_settle(agent->database);
    sr_agent_flush(agent);
    return sr_program_pin_failures(agent, pin) == failures;
}

/* A store that did not give the record has cost no attempt. */
static void on_record(SrRequest *request)
{
    Checking *checking = request->state;
    g_autoptr(SrRecord) record = g_steal_pointer(&request->result);
    Trial *trial;

    if (!count_attempt(request, checking->pin)) {
        sr_program_answer(request, SR_CKR_DEVICE_ERROR);
        return;
    }
    trial = g_new0(Trial, 1);
    trial->record = g_steal_pointer(&record);
    trial->given = g_steal_pointer(&checking->given);
    sr_request_on_worker(request, try_pin, trial, trial_free, NULL, on_tried);
}

static gpointer get_job(SrStore *store, gpointer id, GError **error)
{
    return sr_store_get(store, SR_RECORD_RECORD, id, error);
}

static void check_in_turn(SrRequest *request)
{
    const Checking *checking = request->state;
    const SrPin pin = checking->pin;

    if (!sr_program_pin_is_set(request->agent, pin))
        sr_program_answer(request, SR_CKR_PIN_INCORRECT);
    else if (sr_program_pin_failures(request->agent, pin) >= SR_PIN_ATTEMPTS)
        sr_program_answer(request, SR_CKR_PIN_LOCKED);
    else
        sr_request_on_store(request, get_job, g_strdup(record_ids[pin]), g_free,
                            (GDestroyNotify)sr_record_free, SR_STORE_DEADLINE_MS, on_record);
}

void sr_program_pin_check(SrRequest *request, SrPin pin, SrBytes given, SrRequestStep next)
{
    Checking *checking;
    GError *error = NULL;

    if (!sr_program_pin_is_set(request->agent, pin) || given.size < SR_PIN_MIN ||
        given.size > SR_PIN_MAX) { /* no guess at all */
        sr_program_answer(request, sr_program_pin_failures(request->agent, pin) >= SR_PIN_ATTEMPTS
                                       ? SR_CKR_PIN_LOCKED
                                       : SR_CKR_PIN_INCORRECT);
        return;
    }
    checking = g_new0(Checking, 1);
    checking->pin = pin;
    checking->next = next;
    checking->given = sr_secret_new_copy(given.data, given.size, &error);
    request->state = checking;
    request->free_state = checking_free;
    /* One at a time: each counts as wrong until it is known to be right, and many right ones at
     * once would look like an attack. */
    if (checking->given)
        sr_request_take_key(request, record_ids[pin], check_in_turn);
    else
        sr_request_fail(request, error);
}

/* --- changing ------------------------------------------------------------------------------------
 */

typedef struct {
    SrPin pin;
    SrRequestStep next;
} Changing;

/* What the worker has. */
typedef struct {
    SrPin pin;
    SrSecret *value;
    SrScryptCost cost;
} Making;

static void making_free(gpointer data)
{
    Making *making = data;

    sr_secret_free(making->value);
    g_free(making);
}

static gpointer make_record(gpointer data, GError **error)
{
    const Making *making = data;

    return sr_token_pin_record(record_ids[making->pin], making->value, making->cost, error);
}

static void on_stored(SrRequest *request)
{
    const Changing *changing = request->state;
    const SrRequestStep next = changing->next;
    GError *error = NULL;

    request->result = NULL;
    if (!set_failures(request->agent, changing->pin, 0, &error)) {
        sr_request_fail(request, error);
        return;
    }
    sr_request_clear_state(request);
    next(request);
}

static void on_removed(SrRequest *request)
{
    const Changing *changing = request->state;
    const SrRequestStep next = changing->next;
    GError *error = NULL;

    request->result = NULL;
    if (!sr_database_set_setting(request->agent->database, settings[changing->pin], NULL, &error)) {
        sr_request_fail(request, error);
        return;
    }
    sr_request_clear_state(request);
    next(request);
}

static void on_made(SrRequest *request)
{
    sr_request_change_store(request, sr_program_put_job, g_steal_pointer(&request->result),
                            (GDestroyNotify)sr_record_free, 0, on_stored);
}

void sr_program_pin_store(SrRequest *request, SrPin pin, SrSecret *value, SrRequestStep next)
{
    Changing *changing = g_new0(Changing, 1);
    Making *making;

    changing->pin = pin;
    changing->next = next;
    sr_request_clear_state(request);
    request->state = changing;
    request->free_state = g_free;
    if (!value) {
        sr_request_change_store(request, sr_program_remove_job, g_strdup(record_ids[pin]), g_free,
                                0, on_removed);
        return;
    }
    making = g_new0(Making, 1);
    making->pin = pin;
    making->value = value;
    making->cost = sr_configuration_scrypt_cost(request->agent->configuration);
    sr_request_on_worker(request, make_record, making, making_free, (GDestroyNotify)sr_record_free,
                         on_made);
}
