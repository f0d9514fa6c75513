#include "agent/program_call.h"

#include "agent/program_result.h"

#include <string.h>

/* Bodies with a secret are short: a PIN or a key, and a label. */
#define SECRET_BODY_MAX 4096u

SrProgramCall *sr_program_call_new(guint32 operation, guint32 serial, gsize size)
{
    const gboolean is_secret = sr_program_body_is_secret(operation);
    SrProgramCall *call;
    SrSecret *secret = NULL;

    if (is_secret && (size > SECRET_BODY_MAX || !(secret = sr_secret_new(MAX(size, 1), NULL))))
        return NULL;
    call = g_new0(SrProgramCall, 1);
    call->references = 1;
    call->serial = serial;
    call->secret = secret;
    call->memory = is_secret ? NULL : g_malloc(MAX(size, 1));
    pthread_mutex_init(&call->lock, NULL);
    return call;
}

guint8 *sr_program_call_room(SrProgramCall *call)
{
    return call->secret ? sr_secret_data(call->secret) : call->memory;
}

SrProgramCall *sr_program_call_ref(SrProgramCall *call)
{
    __atomic_add_fetch(&call->references, 1, __ATOMIC_RELAXED);
    return call;
}

void sr_program_call_unref(SrProgramCall *call)
{
    if (!call || __atomic_sub_fetch(&call->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    if (call->packet)
        explicit_bzero(call->packet, call->packet_size);
    if (call->permit)
        sr_permit_unref(call->permit);
    sr_application_unref(call->application);
    sr_secret_free(call->secret);
    pthread_mutex_destroy(&call->lock);
    g_free(call->memory);
    g_free(call->packet);
    g_free(call);
}

gboolean sr_program_call_is_done(SrProgramCall *call)
{
    gboolean done;

    pthread_mutex_lock(&call->lock);
    done = call->is_done;
    pthread_mutex_unlock(&call->lock);
    return done;
}

static void drop_packet(SrProgramCall *call)
{
    if (call->packet)
        explicit_bzero(call->packet, call->packet_size);
    g_clear_pointer(&call->packet, g_free);
    call->packet_size = 0;
}

/*
 * A store that answers late finds its program told so already: the thread may be reading that
 * answer, which is not touched any more. Only the main loop answers, so it needs no lock to look.
 */
static void set_result(SrProgramCall *call, guint32 result)
{
    if (!call->is_done)
        call->result = result;
}

void sr_program_call_finish(SrProgramCall *call, guint32 result)
{
    if (call->is_done)
        return;
    pthread_mutex_lock(&call->lock);
    call->result = result;
    if (result != SR_CKR_OK)
        drop_packet(call);
    call->is_done = TRUE;
    pthread_mutex_unlock(&call->lock);
}

/* --- for the functions that answer ---------------------------------------------------------------
 */

void sr_program_call_begin(SrProgramCall *call, SrPacketWriter *writer, gsize room)
{
    if (call->is_done) { /* nobody reads it */
        sr_packet_begin(writer, NULL, 0, SR_CKR_OK, call->serial);
        return;
    }
    drop_packet(call);
    call->packet = g_malloc(SR_PACKET_HEADER_SIZE + room);
    sr_packet_begin(writer, call->packet, SR_PACKET_HEADER_SIZE + room, SR_CKR_OK, call->serial);
}

void sr_program_call_end(SrProgramCall *call, SrPacketWriter *writer)
{
    if (call->is_done)
        return;
    call->packet_size = sr_packet_end(writer);
    if (call->packet_size == 0) {
        g_clear_pointer(&call->packet, g_free);
        call->result = SR_CKR_DEVICE_MEMORY;
    }
}

void sr_program_answer(SrRequest *request, guint32 result)
{
    set_result(request->call, result);
    sr_request_finish_call(request);
}

void sr_program_call_succeeded(SrRequest *request)
{
    if (request->call->encode)
        request->call->encode(request);
}

gboolean sr_program_call_failed(SrRequest *request, const GError *error)
{
    SrProgramCall *call = request->call;
    const SrRequestStep fallback = call->fallback;

    call->fallback = NULL;
    if (fallback && request->connection) {
        fallback(request);
        return FALSE;
    }
    set_result(call, sr_program_result(call->body.operation, error));
    return TRUE;
}
