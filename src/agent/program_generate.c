/* GENERATE, IMPORT, COPY: new keys, in a token or for the session. */
#include "agent/program_keys.h"

#include "agent/key_writing.h"
#include "agent/limits.h"
#include "agent/program_consent.h"
#include "agent/program_operations.h"
#include "agent/program_result.h"
#include "agent/programs.h"
#include "agent/vault_setup.h"
#include "base/error.h"
#include "crypto/digest.h"

#include <string.h>

#define KEY_ATTRIBUTES_MAX 1024u

/* A key on its way into the store, with what the program says of it. */
typedef struct {
    SrKey *key;
    SrKeyInfo *info;
    SrTokenObject *said;
} Coming;

static void coming_free(gpointer data)
{
    Coming *coming = data;

    sr_key_free(coming->key);
    sr_key_info_free(coming->info);
    sr_token_object_free(coming->said);
    g_free(coming);
}

/* The session's key that COPY is about; a new reference, NULL when there is none (any more). */
static SrPermit *session_key(const SrRequest *request)
{
    SrApplication *application = request->call->application;
    const guint64 number = request->call->body.object;

    return g_hash_table_contains(application->session_keys, &number)
               ? sr_application_permit(application, number)
               : NULL;
}

static SrKey *copy_key(const SrRequest *request, GError **error)
{
    SrPermit *permit = session_key(request);
    SrKey *key;

    if (!permit) {
        sr_error_set(error, SR_ERROR_KEY_NOT_FOUND, "the session's key is gone");
        return NULL;
    }
    key = sr_permit_copy_key(permit, error);
    sr_permit_unref(permit);
    return key;
}

static SrKey *make_key(const SrRequest *request, GError **error)
{
    const SrProgramBody *body = &request->call->body;
    SrSecret *private_key;

    if (body->operation == SR_OPERATION_GENERATE)
        return sr_key_generate((SrKeyType)body->curve, error);
    if (body->operation == SR_OPERATION_COPY)
        return copy_key(request, error);
    private_key = sr_secret_new_copy(body->data.data, body->data.size, error);
    return private_key ? sr_key_new((SrKeyType)body->curve, private_key, error) : NULL;
}

/* Whether nobody knows where the new key has been before. */
static gboolean is_brought(const SrRequest *request)
{
    return !(request->call->body.flags & SR_ENTRY_LOCAL);
}

/* --- keys of the session -------------------------------------------------------------------------
 */

static void write_session_entry(SrRequest *request, const SrKey *key, guint64 number)
{
    const SrProgramBody *body = &request->call->body;
    SrPacketWriter writer;
    gsize size;
    const guint8 *public_key = sr_key_public(key, &size);

    sr_program_call_begin(request->call, &writer, SR_ENTRY_MAX);
    sr_packet_put_u8(&writer, SR_ENTRY_KEY);
    sr_packet_put_u64(&writer, number);
    sr_packet_put_u8(&writer, body->curve);
    sr_packet_put_u8(&writer, body->flags);
    sr_packet_put_u64(&writer, (guint64)(g_get_real_time() / G_USEC_PER_SEC));
    sr_packet_put_bytes(&writer, body->label.data, body->label.size);
    if (body->id.size > 0)
        sr_packet_put_bytes(&writer, body->id.data, body->id.size);
    else
        sr_packet_put_bytes(&writer, &number, sizeof number);
    sr_packet_put_bytes(&writer, public_key, size);
    sr_program_call_end(request->call, &writer);
}

/* Made by the program for itself: nobody needs to be asked, nothing is stored. */
static void make_session_key(SrRequest *request)
{
    SrApplication *application = request->call->application;
    const guint8 flags = request->call->body.flags;
    g_autoptr(SrKey) key = NULL;
    SrSigner *signer = NULL;
    SrPermit *permit;
    guint64 number;
    GError *error = NULL;

    if (g_hash_table_size(application->session_keys) >= SR_PROGRAM_SESSION_KEYS_MAX) {
        sr_program_answer(request, SR_CKR_DEVICE_MEMORY);
        return;
    }
    key = make_key(request, &error);
    signer = key ? sr_signer_new(key, &error) : NULL;
    if (!signer || !sr_program_new_number(request, &number, &error)) {
        sr_signer_free(signer);
        sr_request_fail(request, error);
        return;
    }
    permit = sr_permit_new(signer, "session", -1);
    request->call->permit = sr_permit_ref(permit);
    sr_application_add_permit(application, number, permit);
    g_hash_table_insert(application->session_keys, g_memdup2(&number, sizeof number),
                        GUINT_TO_POINTER(flags));
    write_session_entry(request, key, number);
    sr_request_finish_call(request);
}

/* --- keys of a token -----------------------------------------------------------------------------
 */

static void on_said(SrRequest *request)
{
    Coming *coming = request->state;
    SrTokenObjects *objects = sr_programs_objects(request->agent->programs);

    request->result = NULL;
    if (sr_token_objects_is_loaded(objects))
        sr_token_objects_put(objects, g_steal_pointer(&coming->said));
    request->call->encode = sr_program_write_key;
    sr_key_writing_start(request, g_steal_pointer(&coming->info), g_steal_pointer(&coming->key),
                         NULL, TRUE, is_brought(request) ? "import-key" : "create-key");
}

/* What the program says of the key comes first: a key that is there is complete. */
static void write_said(SrRequest *request)
{
    const Coming *coming = request->state;
    GError *error = NULL;
    SrRecord *record;

    if (sr_key_ring_find(request->agent->keys, coming->info->id, NULL)) {
        sr_program_answer(request, SR_CKR_FUNCTION_REJECTED);
        return;
    }
    record = sr_token_object_record(coming->said, coming->info->name, &error);
    if (record)
        sr_request_change_store(request, sr_program_put_job, record, (GDestroyNotify)sr_record_free,
                                SR_STORE_DEADLINE_MS, on_said);
    else
        sr_request_fail(request, error);
}

static void add_flag(SrPacketWriter *writer, guint32 type, gboolean value)
{
    const guint8 byte = value ? 1 : 0;

    sr_packet_put_u32(writer, type);
    sr_packet_put_bytes(writer, &byte, 1);
}

/* The label only where it is not the key's name, so that it follows the name. */
static SrTokenObject *what_is_said(const SrProgramBody *body, const SrKeyInfo *info)
{
    const gboolean is_name = body->label.size == strlen(info->name) &&
                             memcmp(body->label.data, info->name, body->label.size) == 0;
    guint8 memory[SR_PACKET_HEADER_SIZE + KEY_ATTRIBUTES_MAX];
    SrPacketWriter writer;

    sr_packet_begin(&writer, memory, sizeof memory, 0, 0);
    if (body->label.size > 0 && !is_name) {
        sr_packet_put_u32(&writer, SR_CKA_LABEL);
        sr_packet_put_bytes(&writer, body->label.data, body->label.size);
    }
    if (body->id.size > 0) {
        sr_packet_put_u32(&writer, SR_CKA_ID);
        sr_packet_put_bytes(&writer, body->id.data, body->id.size);
    }
    add_flag(&writer, SR_CKA_LOCAL, body->flags & SR_ENTRY_LOCAL);
    add_flag(&writer, SR_CKA_ALWAYS_AUTHENTICATE, body->flags & SR_ENTRY_ALWAYS_AUTH);
    return sr_token_object_new(sr_token_key_number(info->id), sr_token_of_type(info->type),
                               SR_CKO_PRIVATE_KEY, memory + SR_PACKET_HEADER_SIZE,
                               writer.size - SR_PACKET_HEADER_SIZE);
}

/* The label if it can be a name and is free, else a name of ours. */
static char *choose_name(const SrRequest *request)
{
    const SrBytes label = request->call->body.label;
    g_autofree char *name = g_strndup((const char *)label.data, label.size);

    if (label.size > 0 && strlen(name) == label.size && g_utf8_validate(name, -1, NULL) &&
        sr_key_writing_claim_name(request, name, NULL))
        return g_steal_pointer(&name);
    return sr_key_writing_claim_free_name(request);
}

static void make_token_key(SrRequest *request)
{
    g_autofree char *name = choose_name(request);
    GError *error = NULL;
    SrKey *key = make_key(request, &error);
    Coming *coming;

    if (!key) {
        sr_request_fail(request, error);
        return;
    }
    coming = g_new0(Coming, 1);
    coming->key = key;
    coming->info = sr_key_info_new(key, name, g_get_real_time() / G_USEC_PER_SEC);
    coming->said = what_is_said(&request->call->body, coming->info);
    request->state = coming;
    request->free_state = coming_free;
    sr_request_take_key(request, coming->info->id, write_said);
}

/* Who may use all keys may make one; an account is asked for, since every use of it is. */
static void on_objects(SrRequest *request)
{
    const SrProgramBody *body = &request->call->body;
    const SrApplication *application = request->call->application;
    g_autofree char *name = sr_program_short_name(request);

    if (sr_key_ring_size(request->agent->keys) >= SR_PROGRAM_KEYS_MAX)
        sr_program_answer(request, SR_CKR_DEVICE_MEMORY);
    else if (body->token == SR_TOKEN_KEYS && application->logins[body->token] == SR_LOGIN_FULL)
        make_token_key(request);
    else
        sr_request_ask(
            request,
            sr_program_consent_new_key(request, name, (SrKeyType)body->curve, is_brought(request)),
            make_token_key);
}

static void on_store(SrRequest *request)
{
    sr_program_need_objects(request, TRUE, on_objects);
}

/* Make the key that the body of the call tells of, flags included. */
static void make(SrRequest *request)
{
    const SrProgramBody *body = &request->call->body;
    const SrApplication *application = request->call->application;

    if (body->token == SR_TOKEN_SESSION)
        make_session_key(request);
    else if (!sr_application_sees(application, (SrToken)body->token))
        sr_program_answer(request, SR_CKR_TOKEN_NOT_PRESENT);
    else if (sr_token_of_type((SrKeyType)body->curve) != (SrToken)body->token)
        sr_program_answer(request, SR_CKR_ARGUMENTS_BAD);
    else if (application->logins[body->token] == SR_LOGIN_NONE)
        sr_program_answer(request, SR_CKR_USER_NOT_LOGGED_IN);
    else
        sr_request_need_store(request, on_store);
}

void sr_program_generate(SrRequest *request)
{
    SrProgramBody *body = &request->call->body;

    body->flags &= SR_ENTRY_ALWAYS_AUTH;
    if (body->operation == SR_OPERATION_GENERATE)
        body->flags |= SR_ENTRY_LOCAL;
    make(request);
}

/* Curve and flags are those of the session's key. */
void sr_program_copy(SrRequest *request)
{
    SrProgramBody *body = &request->call->body;
    SrPermit *permit = session_key(request);

    if (!permit) {
        sr_program_answer(request, SR_CKR_OBJECT_HANDLE_INVALID);
        return;
    }
    body->curve = (guint8)sr_permit_type(permit);
    body->flags = (guint8)GPOINTER_TO_UINT(
        g_hash_table_lookup(request->call->application->session_keys, &body->object));
    sr_permit_unref(permit);
    make(request);
}
