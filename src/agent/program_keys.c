/* CHANGE and DESTROY of keys. */
#include "agent/program_keys.h"

#include "agent/key_deletion.h"
#include "agent/program_consent.h"
#include "agent/program_result.h"
#include "agent/programs.h"

void sr_program_write_key(SrRequest *request)
{
    const SrTokenObjects *objects = sr_programs_objects(request->agent->programs);
    SrPacketWriter writer;

    sr_program_call_begin(request->call, &writer, SR_ENTRY_MAX);
    sr_token_objects_write_key(objects, request->key, &writer);
    sr_program_call_end(request->call, &writer);
}

/* --- change --------------------------------------------------------------------------------------
 */

static void on_changed(SrRequest *request)
{
    SrTokenObjects *objects = sr_programs_objects(request->agent->programs);
    GError *error = NULL;

    request->result = NULL;
    if (sr_token_objects_is_loaded(objects)) {
        request->free_state = NULL;
        sr_token_objects_put(objects, g_steal_pointer(&request->state));
    }
    if (!sr_request_record(request, "change-key", NULL, &error)) {
        sr_request_fail(request, error);
        return;
    }
    sr_program_write_key(request);
    sr_request_finish_call(request);
}

static void change_now(SrRequest *request)
{
    const SrProgramBody *body = &request->call->body;
    const SrTokenObjects *objects = sr_programs_objects(request->agent->programs);
    const SrTokenObject *said = sr_token_objects_find(objects, body->object);
    const SrToken token = sr_token_of_type(request->key->type);
    SrTokenObject *object;
    SrRecord *record;
    GError *error = NULL;

    object = sr_program_merge(body->object, token, SR_CKO_PRIVATE_KEY, said, body->attributes);
    sr_request_clear_state(request);
    request->state = object;
    request->free_state = (GDestroyNotify)sr_token_object_free;
    record = sr_token_object_record(object, request->key->name, &error);
    if (record)
        sr_request_change_store(request, sr_program_put_job, record, (GDestroyNotify)sr_record_free,
                                SR_STORE_DEADLINE_MS, on_changed);
    else
        sr_request_fail(request, error);
}

void sr_program_keys_change(SrRequest *request)
{
    sr_request_take_key(request, request->key->id, change_now);
}

/* --- destroy -------------------------------------------------------------------------------------
 */

void sr_program_keys_destroy(SrRequest *request)
{
    g_autofree char *name = sr_program_short_name(request);
    SrConsentModel *model = sr_request_consent(request, "Let %s delete the key \"%s\" for ever?",
                                               name, request->key->name);

    sr_request_add_key(request, model);
    sr_consent_model_add(model, SR_CONSENT_WARNING,
                         "Without a copy of the key, what belongs to it is lost.");
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Delete");
    sr_request_ask(request, model, sr_key_deletion_start);
}

void sr_program_session_key_destroy(SrRequest *request)
{
    SrApplication *application = request->call->application;
    const guint64 number = request->call->body.object;

    sr_application_remove_permit(application, number);
    g_hash_table_remove(application->session_keys, &number);
    sr_program_answer(request, SR_CKR_OK);
}
