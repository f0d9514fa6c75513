#include "agent/program_connection.h"

#include "agent/connection.h"
#include "agent/program_hash.h"
#include "agent/program_operations.h"
#include "agent/program_result.h"
#include "agent/programs.h"
#include "wire/channel.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define HELLO_MS 5000
#define BODY_MS 10000
#define SEND_MS 10000
#define WAIT_MS 1000
#define QUICK_BODY 1024u /* bytes of a body that needs no memory of its own */

struct SrProgramConnection {
    SrAgent *agent;
    int fd;
    int event_fd; /* tells the thread that its call is done */
    pid_t pid;
    GThread *thread;

    pthread_mutex_t lock;
    SrProgramCall *handed; /* to the main loop; a reference; guarded by lock */

    /* For the main loop. */
    SrConnection *connection; /* the agent's */
    SrApplication *application;
    SrProgramCall *answered; /* a reference */
    gboolean relies;         /* on the pending transaction */

    /* For the thread. */
    SrChannel channel;
    SrApplication *serving;
    gboolean is_over; /* atomic */
};

/* --- the main loop's side ------------------------------------------------------------------------
 */

SrConnection *sr_program_connection_client(const SrProgramConnection *program)
{
    return program->connection;
}

pid_t sr_program_connection_pid(const SrProgramConnection *program)
{
    return program->pid;
}

SrApplication *sr_program_connection_application(const SrProgramConnection *program)
{
    return program->application;
}

void sr_program_connection_join(SrProgramConnection *program, SrApplication *application)
{
    program->application = sr_application_ref(application);
}

static void wake(const SrProgramConnection *program)
{
    eventfd_write(program->event_fd, 1);
}

void sr_program_connection_answered(SrProgramConnection *program, SrProgramCall *call,
                                    gboolean recorded)
{
    /* One call at a time: the thread waits for it. */
    program->answered = sr_program_call_ref(call);
    program->relies = recorded;
}

void sr_program_connection_flush(SrProgramConnection *program, gboolean committed)
{
    g_autoptr(SrProgramCall) call = g_steal_pointer(&program->answered);
    const gboolean holds = committed || !program->relies;

    if (!call)
        return;
    if (call->permit && holds && call->result == SR_CKR_OK)
        sr_permit_allow(call->permit);
    /* A decision that is not on record has not been made. */
    if (!holds && program->application)
        sr_application_forget(program->application);
    sr_program_call_finish(call, holds ? call->result : SR_CKR_DEVICE_ERROR);
    wake(program);
}

/* What the thread has handed over; a reference. */
static SrProgramCall *take_handed(SrProgramConnection *program)
{
    SrProgramCall *call;

    pthread_mutex_lock(&program->lock);
    call = g_steal_pointer(&program->handed);
    pthread_mutex_unlock(&program->lock);
    return call;
}

static gboolean on_handover(gpointer data)
{
    SrProgramConnection *program = data;
    SrProgramCall *call = take_handed(program);
    SrRequest *request;

    if (program->agent->stopping) {
        sr_program_call_finish(call, SR_CKR_DEVICE_REMOVED);
        sr_program_call_unref(call);
        wake(program);
        return G_SOURCE_REMOVE;
    }
    if (program->application && !call->application)
        call->application = sr_application_ref(program->application);
    request = sr_request_new(program->connection, sr_program_method(call->body.operation), "null",
                             NULL, NULL);
    request->call = call;
    request->method->handle(request);
    return G_SOURCE_REMOVE;
}

static gboolean on_over(gpointer data)
{
    SrProgramConnection *program = data;

    sr_programs_ended(program->agent->programs, program);
    return G_SOURCE_REMOVE;
}

/*
 * Run @function in the main loop. Not g_main_context_invoke, which would run it in this thread when
 * the loop has ended.
 */
static void in_main_loop(GSourceFunc function, SrProgramConnection *program)
{
    GSource *source = g_idle_source_new();

    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, function, program, NULL);
    g_source_attach(source, NULL);
    g_source_unref(source);
}

/* --- the thread ----------------------------------------------------------------------------------
 */

static gboolean send_packet(SrProgramConnection *program, const void *packet, gsize size)
{
    return sr_channel_send(&program->channel, packet, size, SEND_MS) == 0;
}

static gboolean send_result(SrProgramConnection *program, guint32 result, guint32 serial)
{
    const SrPacketHeader header = {0, result, serial};

    return send_packet(program, &header, sizeof header);
}

/* Wait until the main loop has answered. FALSE when the program is gone before. */
static gboolean wait_for(SrProgramConnection *program, SrProgramCall *call)
{
    struct pollfd polled[] = {{program->event_fd, POLLIN, 0}, {program->fd, POLLRDHUP, 0}};

    while (!sr_program_call_is_done(call)) {
        const int ready = poll(polled, G_N_ELEMENTS(polled), WAIT_MS);
        eventfd_t ignored;

        if (ready < 0 && errno != EINTR)
            return FALSE;
        if (ready == 0 && !send_result(program, SR_PACKET_WAIT, call->serial))
            return FALSE;
        if (ready > 0 && polled[0].revents)
            eventfd_read(program->event_fd, &ignored);
        else if (ready > 0 && polled[1].revents)
            return FALSE;
    }
    return TRUE;
}

static gboolean answer_slowly(SrProgramConnection *program, SrProgramCall *call)
{
    pthread_mutex_lock(&program->lock);
    program->handed = sr_program_call_ref(call);
    pthread_mutex_unlock(&program->lock);
    in_main_loop(on_handover, program);
    if (!wait_for(program, call))
        return FALSE;
    if (!program->serving && call->result == SR_CKR_OK)
        program->serving = sr_application_ref(call->application);
    if (call->packet && call->result == SR_CKR_OK)
        return send_packet(program, call->packet, call->packet_size);
    return send_result(program, call->result, call->serial);
}

static gboolean send_bytes(SrProgramConnection *program, const guint8 *bytes, gsize size,
                           guint32 serial)
{
    guint8 memory[128];
    SrPacketWriter writer;
    gboolean sent;

    sr_packet_begin(&writer, memory, sizeof memory, SR_CKR_OK, serial);
    sr_packet_put_bytes(&writer, bytes, size);
    sent = send_packet(program, memory, sr_packet_end(&writer));
    explicit_bzero(memory, sizeof memory);
    return sent;
}

static SrPermitOutcome use_permit(SrProgramConnection *program, SrPermit *permit,
                                  const SrProgramBody *body, guint32 serial, gboolean *ret_sent)
{
    guint8 signature[SR_SIGNATURE_SIZE];
    g_autoptr(SrSecret) secret = NULL;
    SrPermitOutcome outcome;

    if (body->operation == SR_OPERATION_DERIVE)
        outcome = sr_permit_derive(permit, body->data, &secret);
    else
        outcome = sr_permit_sign(permit, body->scheme, body->data, signature);
    if (outcome == SR_PERMIT_FAILED)
        *ret_sent =
            send_result(program,
                        body->operation == SR_OPERATION_DERIVE ? SR_CKR_MECHANISM_PARAM_INVALID
                                                               : SR_CKR_DEVICE_ERROR,
                        serial);
    else if (outcome == SR_PERMIT_DONE)
        *ret_sent = send_bytes(program, secret ? sr_secret_peek(secret) : signature,
                               secret ? sr_secret_size(secret) : sizeof signature, serial);
    return outcome;
}

/* Answer without the main loop if that is possible; *ret_sent whether the program is still there.
 */
static gboolean answer_at_once(SrProgramConnection *program, const SrProgramBody *body,
                               guint32 serial, gboolean *ret_sent)
{
    SrPermitOutcome outcome = SR_PERMIT_GONE;
    SrPermit *permit;

    if (body->operation == SR_OPERATION_VERIFY) {
        *ret_sent = send_result(program, sr_program_verify(body), serial);
        return TRUE;
    }
    if (body->operation == SR_OPERATION_SIGN || body->operation == SR_OPERATION_DERIVE) {
        permit = sr_application_permit(program->serving, body->object);
        if (permit) {
            if (sr_program_body_fits(body, sr_permit_type(permit)) == SR_CKR_OK)
                outcome = use_permit(program, permit, body, serial, ret_sent);
            sr_permit_unref(permit);
        }
    }
    return outcome != SR_PERMIT_GONE;
}

/* Answer the request in @bytes, which may be the memory of @call (NULL: a call is made if needed).
 */
static gboolean answer(SrProgramConnection *program, const SrPacketHeader *header, guint8 *bytes,
                       SrProgramCall *call)
{
    g_autoptr(SrProgramCall) made = NULL;
    SrProgramBody body;
    guint32 result = sr_program_body_read(header->code, bytes, header->size, &body);
    gboolean sent = FALSE;

    if (result == SR_CKR_OK && (header->code == SR_OPERATION_HELLO) == (program->serving != NULL))
        result = SR_CKR_ARGUMENTS_BAD;
    if (result != SR_CKR_OK)
        return send_result(program, result, header->serial);
    if (program->serving && answer_at_once(program, &body, header->serial, &sent))
        return sent;
    if (!call) {
        made = sr_program_call_new(header->code, header->serial, header->size);
        call = made;
        memcpy(sr_program_call_room(call), bytes, header->size);
    }
    sr_program_body_read(header->code, sr_program_call_room(call), header->size, &call->body);
    return answer_slowly(program, call);
}

/* A body that is long or secret goes into memory of its own. */
static gboolean serve_large(SrProgramConnection *program, const SrPacketHeader *header)
{
    g_autoptr(SrProgramCall) call = sr_program_call_new(header->code, header->serial, header->size);

    if (!call || sr_channel_receive_body(&program->channel, sr_program_call_room(call),
                                         header->size, BODY_MS) != 0)
        return FALSE;
    return answer(program, header, sr_program_call_room(call), call);
}

static gboolean serve_one(SrProgramConnection *program, int timeout_ms)
{
    SrPacketHeader header;
    guint8 bytes[QUICK_BODY];

    if (sr_channel_receive_header(&program->channel, &header, timeout_ms) != 0)
        return FALSE;
    if (!program->serving && header.code != SR_OPERATION_HELLO)
        return FALSE;
    if (header.size > sizeof bytes || sr_program_body_is_secret(header.code))
        return serve_large(program, &header);
    if (header.size > 0 &&
        sr_channel_receive_body(&program->channel, bytes, header.size, BODY_MS) != 0)
        return FALSE;
    return answer(program, &header, bytes, NULL);
}

static gpointer serve(gpointer data)
{
    SrProgramConnection *program = data;

    sr_channel_init(&program->channel, program->fd);
    /* A program that is refused does not get a second try. */
    if (serve_one(program, HELLO_MS) && program->serving)
        while (serve_one(program, -1))
            ;
    sr_application_unref(program->serving);
    explicit_bzero(&program->channel, sizeof program->channel);
    __atomic_store_n(&program->is_over, TRUE, __ATOMIC_RELEASE);
    in_main_loop(on_over, program);
    return NULL;
}

/* --- from birth to death -------------------------------------------------------------------------
 */

SrProgramConnection *sr_program_connection_new(SrAgent *agent, int fd, pid_t pid)
{
    SrProgramConnection *program = g_new0(SrProgramConnection, 1);

    program->agent = agent;
    program->fd = fd;
    program->pid = pid;
    pthread_mutex_init(&program->lock, NULL);
    program->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    program->connection = sr_connection_new_for_program(agent, sr_caller_new(pid), program);
    if (program->event_fd >= 0)
        program->thread = g_thread_try_new("program", serve, program, NULL);
    if (program->thread)
        return program;
    sr_connection_free(program->connection);
    sr_program_connection_free(program);
    return NULL;
}

void sr_program_connection_close(SrProgramConnection *program)
{
    shutdown(program->fd, SHUT_RD);
}

gboolean sr_program_connection_is_over(const SrProgramConnection *program)
{
    return __atomic_load_n(&program->is_over, __ATOMIC_ACQUIRE);
}

void sr_program_connection_free(SrProgramConnection *program)
{
    shutdown(program->fd, SHUT_RDWR);
    if (program->thread)
        g_thread_join(program->thread);
    close(program->fd);
    if (program->event_fd >= 0)
        close(program->event_fd);
    pthread_mutex_destroy(&program->lock);
    sr_program_call_unref(program->handed);
    sr_program_call_unref(program->answered);
    sr_application_unref(program->application);
    g_free(program);
}
