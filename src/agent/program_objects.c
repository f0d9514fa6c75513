/* CREATE, CHANGE, DESTROY: certificates, data, public keys. */
#include "agent/limits.h"
#include "agent/program_consent.h"
#include "agent/program_keys.h"
#include "agent/program_operations.h"
#include "agent/program_result.h"
#include "agent/programs.h"
#include "agent/vault_setup.h"
#include "base/error.h"
#include "crypto/digest.h"

#include <string.h>

gpointer sr_program_put_job(SrStore *store, gpointer record, GError **error)
{
    return sr_store_put(store, record, error) ? store : NULL;
}

gpointer sr_program_remove_job(SrStore *store, gpointer id, GError **error)
{
    return sr_store_remove(store, SR_RECORD_RECORD, id, error) ? store : NULL;
}

gboolean sr_program_new_number(const SrRequest *request, guint64 *ret_number, GError **error)
{
    const SrTokenObjects *objects = sr_programs_objects(request->agent->programs);
    const SrApplication *application = request->call->application;

    for (;;) {
        g_autofree char *key_id = NULL;

        if (!sr_random_bytes((guint8 *)ret_number, sizeof *ret_number, error))
            return FALSE;
        key_id = sr_token_key_id(*ret_number);
        if (*ret_number != 0 && !sr_token_objects_find(objects, *ret_number) &&
            !sr_key_ring_find(request->agent->keys, key_id, NULL) &&
            !g_hash_table_contains(application->session_keys, ret_number))
            return TRUE;
    }
}

static SrBytes attributes_of(const SrTokenObject *object)
{
    SrBytes attributes = {(const guint8 *)"", 0};

    if (object && g_bytes_get_size(object->attributes) > 0)
        attributes.data = g_bytes_get_data(object->attributes, &attributes.size);
    return attributes;
}

/* Append the attributes of @from that are not in @except. */
static void append_others(SrPacketWriter *writer, SrBytes from, SrBytes except)
{
    SrPacketReader reader;

    sr_packet_read(&reader, from.data, from.size);
    while (reader.at < reader.end && !reader.failed) {
        const guint32 type = sr_packet_get_u32(&reader);
        SrBytes value;
        SrBytes ignored;

        value.data = sr_packet_get_bytes(&reader, &value.size);
        if (reader.failed || sr_program_attribute(except, type, &ignored))
            continue;
        sr_packet_put_u32(writer, type);
        sr_packet_put_bytes(writer, value.data, value.size);
    }
}

SrTokenObject *sr_program_merge(guint64 number, SrToken token, guint32 class,
                                const SrTokenObject *object, SrBytes changes)
{
    const SrBytes old = attributes_of(object);
    const gsize room = SR_PACKET_HEADER_SIZE + old.size + changes.size;
    g_autofree guint8 *memory = g_malloc(room);
    const SrBytes nothing = {(const guint8 *)"", 0};
    SrPacketWriter writer;

    sr_packet_begin(&writer, memory, room, 0, 0);
    append_others(&writer, old, changes);
    append_others(&writer, changes, nothing);
    return sr_token_object_new(number, token, class, memory + SR_PACKET_HEADER_SIZE,
                               writer.size - SR_PACKET_HEADER_SIZE);
}

/* --- writing -------------------------------------------------------------------------------------
 */

static void on_put(SrRequest *request)
{
    SrTokenObjects *objects = sr_programs_objects(request->agent->programs);
    const gboolean is_new = request->call->body.operation == SR_OPERATION_CREATE;
    SrTokenObject *object = request->state;
    SrPacketWriter writer;
    GError *error = NULL;

    request->result = NULL;
    if (!sr_request_record(request, is_new ? "create-object" : "change-object", NULL, &error)) {
        sr_request_fail(request, error);
        return;
    }
    sr_program_call_begin(request->call, &writer, SR_ENTRY_MAX);
    sr_token_object_write(object, &writer);
    sr_program_call_end(request->call, &writer);
    if (sr_token_objects_is_loaded(objects)) {
        sr_token_objects_put(objects, object);
        request->state = NULL;
        request->free_state = NULL;
    }
    sr_request_finish_call(request);
}

/* Takes @object. */
static void put_object(SrRequest *request, SrTokenObject *object)
{
    SrRecord *record;
    SrBytes label = {(const guint8 *)"", 0};
    g_autofree char *text = NULL;
    g_autofree char *valid = NULL;
    GError *error = NULL;

    request->state = object;
    request->free_state = (GDestroyNotify)sr_token_object_free;
    if (g_bytes_get_size(object->attributes) > SR_ATTRIBUTES_MAX) {
        sr_program_answer(request, SR_CKR_DEVICE_MEMORY);
        return;
    }
    sr_program_attribute(attributes_of(object), SR_CKA_LABEL, &label);
    valid = g_utf8_make_valid((const char *)label.data, (gssize)label.size);
    text = g_strescape(valid, "");
    record = sr_token_object_record(object, text, &error);
    if (record)
        sr_request_change_store(request, sr_program_put_job, record, (GDestroyNotify)sr_record_free,
                                SR_STORE_DEADLINE_MS, on_put);
    else
        sr_request_fail(request, error);
}

/* --- who may write -------------------------------------------------------------------------------
 */

/* What stands among the ids of remembered keys, which have hexadecimal digits only. */
static char *writing_name(SrToken token)
{
    return g_strconcat("write ", sr_token_name(token), NULL);
}

static void on_writing_agreed(SrRequest *request)
{
    const SrToken token = (SrToken)GPOINTER_TO_UINT(request->state);

    request->state = NULL;
    g_hash_table_add(request->call->application->remembered, writing_name(token));
    sr_program_need_objects(request, TRUE, request->call->after_objects);
}

/*
 * Logging in at the accounts is free, and a grant is for using one key: neither lets a program
 * change what others find by its label. FALSE: the user is asked, and who agrees gets here again.
 */
static gboolean may_write(SrRequest *request, SrToken token)
{
    const SrApplication *application = request->call->application;
    g_autofree char *wanted = writing_name(token);
    g_autofree char *name = sr_program_short_name(request);
    SrConsentModel *model;

    if ((token == SR_TOKEN_KEYS && application->logins[token] == SR_LOGIN_FULL) ||
        g_hash_table_contains(application->remembered, wanted))
        return TRUE;
    model = sr_request_consent(request, "Let %s change what programs find beside your %s?", name,
                               token == SR_TOKEN_KEYS ? "keys" : "Ethereum accounts");
    sr_consent_model_add(model, SR_CONSENT_GRANT,
                         "Add, change and remove certificates and data, and the labels by which "
                         "programs find keys");
    sr_consent_model_add(model, SR_CONSENT_FACT, "Until: the program ends, or sealring is locked");
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Allow");
    sr_request_clear_state(request);
    request->state = GUINT_TO_POINTER(token);
    sr_request_ask(request, model, on_writing_agreed);
    return FALSE;
}

/* --- create --------------------------------------------------------------------------------------
 */

static void on_objects_to_create(SrRequest *request)
{
    const SrProgramBody *body = &request->call->body;
    guint64 number;
    GError *error = NULL;

    if (!may_write(request, (SrToken)body->token))
        return;
    if (sr_token_objects_count(sr_programs_objects(request->agent->programs)) >=
        SR_PROGRAM_OBJECTS_MAX)
        sr_program_answer(request, SR_CKR_DEVICE_MEMORY);
    else if (!sr_program_new_number(request, &number, &error))
        sr_request_fail(request, error);
    else
        put_object(request, sr_token_object_new(number, (SrToken)body->token, body->class,
                                                body->attributes.data, body->attributes.size));
}

static void on_store(SrRequest *request)
{
    sr_program_need_objects(request, TRUE, on_objects_to_create);
}

void sr_program_create(SrRequest *request)
{
    const SrProgramBody *body = &request->call->body;
    const SrApplication *application = request->call->application;

    if (!sr_application_sees(application, (SrToken)body->token))
        sr_program_answer(request, SR_CKR_TOKEN_NOT_PRESENT);
    else if (application->logins[body->token] == SR_LOGIN_NONE)
        sr_program_answer(request, SR_CKR_USER_NOT_LOGGED_IN);
    else
        sr_request_need_store(request, on_store);
}

/* --- change, destroy -----------------------------------------------------------------------------
 */

/* The object that CHANGE or DESTROY is about: its key goes to request->key. NULL when it was
 * answered that there is none, or no login. */
static gboolean find_target(SrRequest *request, const SrTokenObject **ret_object)
{
    const guint64 number = request->call->body.object;
    const SrApplication *application = request->call->application;
    const SrTokenObject *object =
        sr_token_objects_find(sr_programs_objects(request->agent->programs), number);
    SrToken token;

    *ret_object = object && object->class != SR_CKO_PRIVATE_KEY ? object : NULL;
    if (*ret_object && !sr_application_sees(application, object->token)) {
        sr_program_answer(request, SR_CKR_OBJECT_HANDLE_INVALID);
        return FALSE;
    }
    if (!*ret_object && !sr_program_choose_key(request, number))
        return FALSE;
    token = *ret_object ? (*ret_object)->token : sr_token_of_type(request->key->type);
    if (application->logins[token] != SR_LOGIN_NONE)
        return TRUE;
    sr_program_answer(request, SR_CKR_USER_NOT_LOGGED_IN);
    return FALSE;
}

/* Whether @changes are only what a program may say of a key. */
static gboolean are_for_keys(SrBytes changes)
{
    SrPacketReader reader;

    sr_packet_read(&reader, changes.data, changes.size);
    while (reader.at < reader.end && !reader.failed) {
        const guint32 type = sr_packet_get_u32(&reader);
        size_t size;

        sr_packet_get_bytes(&reader, &size);
        if ((type != SR_CKA_LABEL && type != SR_CKA_ID) || size > SR_LABEL_MAX)
            return FALSE;
    }
    return TRUE;
}

/* The object as it is now that it is this request's turn; NULL when it was answered that it is
 * gone.
 */
static const SrTokenObject *object_in_turn(SrRequest *request)
{
    const SrTokenObject *object = sr_token_objects_find(
        sr_programs_objects(request->agent->programs), request->call->body.object);

    if (!object)
        sr_program_answer(request, SR_CKR_OBJECT_HANDLE_INVALID);
    return object;
}

/* Objects have one writer at a time, as keys have. */
static void take_object(SrRequest *request, SrRequestStep next)
{
    g_autofree char *id = sr_token_object_id(request->call->body.object);

    sr_request_take_key(request, id, next);
}

static void change_object(SrRequest *request)
{
    const SrTokenObject *object = object_in_turn(request);

    if (object)
        put_object(request, sr_program_merge(object->number, object->token, object->class, object,
                                             request->call->body.attributes));
}

static void on_objects_to_change(SrRequest *request)
{
    const SrTokenObject *object;

    if (!find_target(request, &object) ||
        !may_write(request, object ? object->token : sr_token_of_type(request->key->type)))
        return;
    if (object)
        take_object(request, change_object);
    else if (are_for_keys(request->call->body.attributes))
        sr_program_keys_change(request);
    else
        sr_program_answer(request, SR_CKR_ATTRIBUTE_READ_ONLY);
}

void sr_program_change(SrRequest *request)
{
    sr_program_need_objects(request, TRUE, on_objects_to_change);
}

static void on_removed(SrRequest *request)
{
    GError *error = NULL;

    request->result = NULL;
    sr_token_objects_remove(sr_programs_objects(request->agent->programs),
                            request->call->body.object);
    if (sr_request_record(request, "delete-object", NULL, &error))
        sr_program_answer(request, SR_CKR_OK);
    else
        sr_request_fail(request, error);
}

static void destroy_object(SrRequest *request)
{
    const SrTokenObject *object = object_in_turn(request);

    if (object)
        sr_request_change_store(request, sr_program_remove_job, sr_token_object_id(object->number),
                                g_free, SR_STORE_DEADLINE_MS, on_removed);
}

static void on_objects_to_destroy(SrRequest *request)
{
    const SrTokenObject *object;

    if (!find_target(request, &object) || (object && !may_write(request, object->token)))
        return;
    if (object)
        take_object(request, destroy_object);
    else
        sr_program_keys_destroy(request);
}

void sr_program_destroy(SrRequest *request)
{
    if (g_hash_table_contains(request->call->application->session_keys,
                              &request->call->body.object))
        sr_program_session_key_destroy(request);
    else
        sr_program_need_objects(request, TRUE, on_objects_to_destroy);
}
