#include "agent/program_operations.h"

#include "agent/program_pin.h"
#include "agent/program_result.h"
#include "agent/programs.h"
#include "base/error.h"
#include "store/token_pin.h"

#include <string.h>

const SrMethod *sr_program_method(SrOperation operation)
{
    static const SrMethod methods[] = {
        [SR_OPERATION_HELLO] = {"C_Initialize", 0, sr_program_hello},
        [SR_OPERATION_TOKEN] = {"C_GetTokenInfo", 0, sr_program_token},
        [SR_OPERATION_LIST] = {"C_FindObjects", 0, sr_program_list},
        [SR_OPERATION_LOGIN] = {"C_Login", 0, sr_program_login},
        [SR_OPERATION_LOGOUT] = {"C_Logout", 0, sr_program_logout},
        [SR_OPERATION_SIGN] = {"C_Sign", 0, sr_program_sign},
        [SR_OPERATION_VERIFY] = {"C_Verify", 0, NULL}, /* the serving threads do it */
        [SR_OPERATION_DERIVE] = {"C_DeriveKey", 0, sr_program_sign},
        [SR_OPERATION_GENERATE] = {"C_GenerateKeyPair", 0, sr_program_generate},
        [SR_OPERATION_IMPORT] = {"C_CreateObject", 0, sr_program_generate},
        [SR_OPERATION_CREATE] = {"C_CreateObject", 0, sr_program_create},
        [SR_OPERATION_CHANGE] = {"C_SetAttributeValue", 0, sr_program_change},
        [SR_OPERATION_DESTROY] = {"C_DestroyObject", 0, sr_program_destroy},
        [SR_OPERATION_INIT_TOKEN] = {"C_InitToken", 0, sr_program_init_token},
        [SR_OPERATION_SET_PIN] = {"C_SetPIN", 0, sr_program_set_pin},
        [SR_OPERATION_COPY] = {"C_CopyObject", 0, sr_program_copy},
    };

    return &methods[operation];
}

/* --- steps that several of them need -------------------------------------------------------------
 */

/* What the store has of the tokens. */
typedef struct {
    GPtrArray *objects; /* of SrTokenObject */
    gboolean has_pin[SR_PINS];
} Found;

static void found_free(gpointer data)
{
    Found *found = data;

    g_clear_pointer(&found->objects, g_ptr_array_unref);
    g_free(found);
}

/* One damaged certificate must not make the keys unusable: it is not shown, and left there. */
static gboolean take_record(const SrRecord *record, const GError *damage, gpointer data,
                            GError **error)
{
    Found *found = data;
    SrTokenObject *object = NULL;

    (void)error;
    if (damage)
        return TRUE;
    if (g_str_equal(record->id, SR_TOKEN_PIN_USER))
        found->has_pin[SR_PIN_USER] = TRUE;
    else if (g_str_equal(record->id, SR_TOKEN_PIN_SO))
        found->has_pin[SR_PIN_SO] = TRUE;
    else
        object = sr_token_object_parse(record, NULL);
    if (object)
        g_ptr_array_add(found->objects, object);
    return TRUE;
}

static gpointer list_job(SrStore *store, gpointer data, GError **error)
{
    Found *found = g_new0(Found, 1);
    const gboolean is_empty = sr_store_state(store, NULL) == SR_STORE_EMPTY;

    (void)data;
    found->objects = g_ptr_array_new_with_free_func((GDestroyNotify)sr_token_object_free);
    if (is_empty ||
        sr_store_visit(store, SR_RECORD_RECORD, SR_TOKEN_RECORD_PREFIX, take_record, found, error))
        return found;
    found_free(found);
    return NULL;
}

static void on_listed(SrRequest *request)
{
    Found *found = g_steal_pointer(&request->result);
    SrAgent *agent = request->agent;
    SrTokenObjects *objects = sr_programs_objects(agent->programs);

    if (sr_key_ring_is_loaded(agent->keys) && !sr_token_objects_is_loaded(objects)) {
        sr_token_objects_load(objects, g_steal_pointer(&found->objects));
        for (guint pin = 0; pin < SR_PINS; pin++)
            sr_program_pin_found(agent, (SrPin)pin, found->has_pin[pin]);
    }
    found_free(found);
    request->call->after_objects(request);
}

static void on_keys(SrRequest *request)
{
    if (sr_token_objects_is_loaded(sr_programs_objects(request->agent->programs)))
        request->call->after_objects(request);
    else
        sr_request_on_store(request, list_job, NULL, NULL, found_free, SR_STORE_DEADLINE_MS,
                            on_listed);
}

void sr_program_need_objects(SrRequest *request, gboolean ask, SrRequestStep next)
{
    request->call->after_objects = next;
    sr_request_need_keys(request, ask, on_keys);
}

gboolean sr_program_choose_key(SrRequest *request, guint64 number)
{
    g_autofree char *id = sr_token_key_id(number);
    const SrKeyInfo *info = sr_key_ring_find(request->agent->keys, id, NULL);

    if (info && g_str_equal(info->id, id) &&
        sr_application_sees(request->call->application, sr_token_of_type(info->type))) {
        sr_request_set_key(request, info);
        return TRUE;
    }
    sr_program_answer(request, SR_CKR_KEY_HANDLE_INVALID);
    return FALSE;
}

gboolean sr_program_record(SrRequest *request, const char *event, SrJson *more)
{
    GError *error = NULL;

    if (sr_request_record(request, event, more, &error)) {
        sr_database_want_durable(request->agent->database);
        return TRUE;
    }
    sr_request_fail(request, error);
    return FALSE;
}
