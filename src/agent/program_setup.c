/* SET_PIN, INIT_TOKEN: for the keys token only. */
#include "agent/program_consent.h"
#include "agent/program_operations.h"
#include "agent/program_pin.h"
#include "agent/program_result.h"
#include "agent/programs.h"
#include "agent/vault_setup.h"
#include "base/error.h"

#include <string.h>

static gboolean is_pin(gsize size)
{
    return size >= SR_PIN_MIN && size <= SR_PIN_MAX;
}

/* --- C_InitPIN, C_SetPIN -------------------------------------------------------------------------
 */

/* As it was when the request came: what is checked or asked for is what is stored. */
static SrPin pin_of(const SrRequest *request)
{
    return request->call->body.user == SR_USER_SO ? SR_PIN_SO : SR_PIN_USER;
}

static void on_pin_stored(SrRequest *request)
{
    SrJson *more = json_object_new_object();

    sr_json_add_string(more, "pin", pin_of(request) == SR_PIN_SO ? "so" : "user");
    if (sr_program_record(request, "set-pin", more))
        sr_program_answer(request, SR_CKR_OK);
}

static void store_new_pin(SrRequest *request)
{
    const SrBytes pin = request->call->body.new_pin;
    GError *error = NULL;
    SrSecret *secret = sr_secret_new_copy(pin.data, pin.size, &error);

    if (secret)
        sr_program_pin_store(request, pin_of(request), secret, on_pin_stored);
    else
        sr_request_fail(request, error);
}

static void on_pin_typed(SrRequest *request)
{
    if (!is_pin(sr_secret_size(request->passphrase)))
        sr_program_answer(request, SR_CKR_PIN_LEN_RANGE);
    else
        sr_program_pin_store(request, pin_of(request), g_steal_pointer(&request->passphrase),
                             on_pin_stored);
}

static void ask_for_pin(SrRequest *request)
{
    SrConsentModel *model =
        sr_request_consent(request, pin_of(request) == SR_PIN_SO
                                        ? "Choose an administrator's PIN for your sealring keys"
                                        : "Choose a PIN for your sealring keys");

    sr_consent_model_add(model, SR_CONSENT_WARNING,
                         "Whoever has the PIN can use your keys without asking you.");
    sr_consent_model_add(model, SR_CONSENT_FACT, "Length: %u to %u characters", SR_PIN_MIN,
                         SR_PIN_MAX);
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Set the PIN");
    sr_request_prompt_new_passphrase(request, model, on_pin_typed);
}

static void on_objects_to_set(SrRequest *request)
{
    const SrProgramBody *body = &request->call->body;

    if (!body->has_pin)
        ask_for_pin(request);
    else if (!is_pin(body->new_pin.size))
        sr_program_answer(request, SR_CKR_PIN_LEN_RANGE);
    else if (body->is_init)
        store_new_pin(request);
    else
        sr_program_pin_check(request, pin_of(request), body->pin, store_new_pin);
}

static void on_store_to_set(SrRequest *request)
{
    sr_program_need_objects(request, TRUE, on_objects_to_set);
}

void sr_program_set_pin(SrRequest *request)
{
    SrProgramBody *body = &request->call->body;
    const gboolean is_so = request->call->application->is_so;

    body->user = is_so && !body->is_init ? SR_USER_SO : SR_USER_USER;
    if (body->token != SR_TOKEN_KEYS)
        sr_program_answer(request, SR_CKR_TOKEN_WRITE_PROTECTED);
    else if (body->is_init && !is_so)
        sr_program_answer(request, SR_CKR_USER_NOT_LOGGED_IN);
    else
        sr_request_need_store(request, on_store_to_set);
}

/* --- C_InitToken ---------------------------------------------------------------------------------
 */

/* What goes; keys and objects in the order of their ids, which all who clear have. */
typedef struct {
    GPtrArray *keys;    /* ids */
    GArray *numbers;    /* of other objects */
    GPtrArray *records; /* ids of the records with what belongs to them, the keys' first */
    guint turns;        /* how many keys and objects it is this request's turn of */
} Clearing;

static void clearing_free(gpointer data)
{
    Clearing *clearing = data;

    g_ptr_array_unref(clearing->keys);
    g_ptr_array_unref(clearing->records);
    g_array_unref(clearing->numbers);
    g_free(clearing);
}

static gint by_id(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *find_keys(const SrAgent *agent)
{
    g_autoptr(GPtrArray) keys = sr_key_ring_list(agent->keys);
    GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < keys->len; i++) {
        const SrKeyInfo *info = keys->pdata[i];

        if (sr_token_of_type(info->type) == SR_TOKEN_KEYS)
            g_ptr_array_add(ids, g_strdup(info->id));
    }
    g_ptr_array_sort(ids, by_id);
    return ids;
}

static Clearing *find_all(const SrRequest *request)
{
    Clearing *clearing = g_new0(Clearing, 1);
    g_autoptr(GPtrArray) objects =
        sr_token_objects_of(sr_programs_objects(request->agent->programs), SR_TOKEN_KEYS);

    clearing->keys = find_keys(request->agent);
    clearing->records = g_ptr_array_new_with_free_func(g_free);
    clearing->numbers = g_array_new(FALSE, FALSE, sizeof(guint64));
    for (guint i = 0; i < clearing->keys->len; i++)
        g_ptr_array_add(clearing->records,
                        sr_token_object_id(sr_token_key_number(clearing->keys->pdata[i])));
    for (guint i = 0; i < objects->len; i++) {
        const guint64 number = ((const SrTokenObject *)objects->pdata[i])->number;

        g_array_append_val(clearing->numbers, number);
        g_ptr_array_add(clearing->records, sr_token_object_id(number));
    }
    return clearing;
}

static gboolean remove_records(SrStore *store, SrRecordKind kind, const GPtrArray *ids,
                               GError **error)
{
    for (guint i = 0; i < ids->len; i++)
        if (!sr_store_remove(store, kind, ids->pdata[i], error))
            return FALSE;
    return TRUE;
}

static gpointer clear_job(SrStore *store, gpointer data, GError **error)
{
    const Clearing *clearing = data;

    return remove_records(store, SR_RECORD_RECORD, clearing->records, error) &&
                   remove_records(store, SR_RECORD_KEY, clearing->keys, error)
               ? store
               : NULL;
}

static void on_so_pin_stored(SrRequest *request)
{
    const SrBytes label = request->call->body.label;
    g_autofree char *text =
        g_strchomp(g_utf8_make_valid((const char *)label.data, (gssize)label.size));
    GError *error = NULL;

    if (text[0] &&
        !sr_database_set_setting(request->agent->database, SR_SETTING_TOKEN_LABEL, text, &error))
        sr_request_fail(request, error);
    else if (sr_program_record(request, "init-token", NULL))
        sr_program_answer(request, SR_CKR_OK);
}

/* The user's PIN went with the rest; the administrator's is what the program says. */
static void on_user_pin_removed(SrRequest *request)
{
    const SrProgramBody *body = &request->call->body;
    SrSecret *pin;
    GError *error = NULL;

    if (!body->has_pin) {
        on_so_pin_stored(request);
        return;
    }
    pin = sr_secret_new_copy(body->pin.data, body->pin.size, &error);
    if (pin)
        sr_program_pin_store(request, SR_PIN_SO, pin, on_so_pin_stored);
    else
        sr_request_fail(request, error);
}

static gboolean forget_all(SrRequest *request, const Clearing *clearing, GError **error)
{
    SrAgent *agent = request->agent;

    for (guint i = 0; i < clearing->numbers->len; i++)
        sr_token_objects_remove(sr_programs_objects(agent->programs),
                                g_array_index(clearing->numbers, guint64, i));
    for (guint i = 0; i < clearing->keys->len; i++) {
        sr_key_ring_remove(agent->keys, clearing->keys->pdata[i]);
        if (!sr_grants_revoke_key(agent->grants, clearing->keys->pdata[i], error))
            return FALSE;
    }
    return TRUE;
}

static void on_cleared(SrRequest *request)
{
    GError *error = NULL;

    request->result = NULL;
    if (forget_all(request, request->state, &error))
        sr_program_pin_store(request, SR_PIN_USER, NULL, on_user_pin_removed);
    else
        sr_request_fail(request, error);
}

static void ask_to_clear(SrRequest *request);

static gboolean is_same(const GPtrArray *a, const GPtrArray *b)
{
    if (a->len != b->len)
        return FALSE;
    for (guint i = 0; i < a->len; i++)
        if (!g_str_equal(a->pdata[i], b->pdata[i]))
            return FALSE;
    return TRUE;
}

/* What came while the question was open was not agreed to: the user is asked again. */
static void clear_token(SrRequest *request)
{
    const Clearing *shown = request->state;
    Clearing *now = find_all(request);
    const gboolean as_shown = is_same(shown->records, now->records);
    GError *error = NULL;

    clearing_free(now);
    if (!sr_request_revalidate(request, &error)) {
        sr_request_fail(request, error);
        return;
    }
    if (!as_shown) {
        sr_key_claims_release(request->agent->claims, request);
        sr_program_need_objects(request, TRUE, ask_to_clear);
        return;
    }
    sr_request_change_store(request, clear_job, find_all(request), clearing_free, 0, on_cleared);
}

/* Nobody may be writing what goes: it would come back. */
static void take_turns(gpointer data)
{
    SrRequest *request = data;
    Clearing *shown = request->state;
    const guint keys = shown->keys->len;

    while (shown->turns < shown->records->len) {
        const guint turn = shown->turns++;
        const char *id = turn < keys ? shown->keys->pdata[turn] : shown->records->pdata[turn];

        if (!sr_key_claims_take_key(request->agent->claims, id, request, take_turns))
            return;
    }
    clear_token(request);
}

static void on_agreed_to_clear(SrRequest *request)
{
    take_turns(request);
}

static void ask_to_clear(SrRequest *request)
{
    Clearing *clearing = find_all(request);
    g_autofree char *name = sr_program_short_name(request);
    SrConsentModel *model = sr_request_consent(
        request, "Let %s delete all your sealring keys that are no Ethereum accounts?", name);

    sr_consent_model_add(model, SR_CONSENT_FACT, "Keys: %u", clearing->keys->len);
    sr_consent_model_add(model, SR_CONSENT_FACT, "Certificates and other objects: %u",
                         clearing->numbers->len);
    sr_consent_model_add(model, SR_CONSENT_WARNING,
                         "Without copies of the keys, what belongs to them is lost.");
    if (request->call->body.has_pin)
        sr_consent_model_add(model, SR_CONSENT_WARNING,
                             "The program sets the administrator's PIN. Whoever has it can let "
                             "programs use your new keys without asking you.");
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Delete all");
    sr_request_clear_state(request);
    request->state = clearing;
    request->free_state = clearing_free;
    sr_request_ask(request, model, on_agreed_to_clear);
}

static void on_objects_to_init(SrRequest *request)
{
    const SrProgramBody *body = &request->call->body;

    if (body->has_pin && !is_pin(body->pin.size))
        sr_program_answer(request, SR_CKR_PIN_LEN_RANGE);
    else if (body->has_pin && sr_program_pin_is_set(request->agent, SR_PIN_SO))
        sr_program_pin_check(request, SR_PIN_SO, body->pin, ask_to_clear);
    else
        ask_to_clear(request);
}

static void on_store_to_init(SrRequest *request)
{
    sr_program_need_objects(request, TRUE, on_objects_to_init);
}

void sr_program_init_token(SrRequest *request)
{
    if (request->call->body.token == SR_TOKEN_KEYS)
        sr_request_need_store(request, on_store_to_init);
    else
        sr_program_answer(request, SR_CKR_TOKEN_WRITE_PROTECTED);
}
