#include "pkcs11/link.h"

#include "pkcs11/connection.h"
#include "pkcs11/hello.h"
#include "wire/socket.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CONNECTIONS 8u
#define NO_CONNECTION CONNECTIONS
#define TURN_SECONDS (10 * 60)

struct SrLink {
    char path[SR_PATH_MAX]; /* of the socket; empty when there can be none */
    SrHello *hello;
    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t freed;
    SrConnection connections[CONNECTIONS];
    uint32_t latest; /* the connection used last: its other end is the most awake */
    uint8_t application[SR_APPLICATION_SIZE];
    pthread_mutex_t opening; /* one thread at a time connects, so that all get one application */
    atomic_uint failures;    /* how often that took the whole deadline */
    atomic_uint tokens;
    _Atomic uint64_t epoch; /* 0: never connected */
    atomic_bool shut;
};

/* --- the link --------------------------------------------------------------------------------- */

static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

SrLink *sr_link_new(void)
{
    SrLink *link = calloc(1, sizeof *link);
    SrHello *hello = sr_hello_new();

    if (!link || !hello) {
        sr_hello_free(hello);
        free(link);
        return NULL;
    }
    link->hello = hello;
    if (sr_socket_path(SR_SOCKET_PKCS11, link->path, sizeof link->path) != 0)
        link->path[0] = '\0';
    pthread_mutex_init(&link->lock, NULL);
    pthread_mutex_init(&link->opening, NULL);
    init_condition(&link->freed);
    for (uint32_t i = 0; i < CONNECTIONS; i++)
        link->connections[i].fd = -1;
    return link;
}

void sr_link_shut(SrLink *link)
{
    pthread_mutex_lock(&link->lock);
    atomic_store(&link->shut, true);
    for (uint32_t i = 0; i < CONNECTIONS; i++)
        sr_connection_cut(&link->connections[i]);
    pthread_cond_broadcast(&link->freed);
    pthread_mutex_unlock(&link->lock);
}

void sr_link_abandon(SrLink *link)
{
    for (uint32_t i = 0; i < CONNECTIONS; i++)
        sr_connection_close(&link->connections[i]);
}

void sr_link_free(SrLink *link)
{
    if (!link)
        return;
    sr_link_abandon(link);
    pthread_cond_destroy(&link->freed);
    pthread_mutex_destroy(&link->opening);
    pthread_mutex_destroy(&link->lock);
    sr_hello_free(link->hello);
    free(link);
}

uint64_t sr_link_epoch(const SrLink *link)
{
    return atomic_load(&link->epoch);
}

/* --- taking turns ----------------------------------------------------------------------------- */

/* A connection that no other thread has: the one used last, then connected ones, then others. */
static uint32_t choose(const SrLink *link)
{
    uint32_t best = NO_CONNECTION;

    if (!link->connections[link->latest].busy)
        return link->latest;
    for (uint32_t i = 0; i < CONNECTIONS; i++)
        if (!link->connections[i].busy) {
            best = i;
            if (link->connections[i].fd >= 0)
                break;
        }
    return best;
}

/* The same, waiting for other threads; NO_CONNECTION when they take too long. */
static uint32_t await(SrLink *link)
{
    uint32_t index = choose(link);
    struct timespec end;

    if (index != NO_CONNECTION)
        return index;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += TURN_SECONDS;
    do {
        if (pthread_cond_timedwait(&link->freed, &link->lock, &end) != 0)
            return NO_CONNECTION;
        index = choose(link);
    } while (index == NO_CONNECTION);
    return index;
}

static CK_RV take(SrLink *link, SrConnection **ret_connection)
{
    uint32_t index;

    pthread_mutex_lock(&link->lock);
    index = await(link);
    if (index != NO_CONNECTION) {
        *ret_connection = &link->connections[index];
        (*ret_connection)->busy = true;
    }
    pthread_mutex_unlock(&link->lock);
    return index == NO_CONNECTION ? CKR_DEVICE_ERROR : CKR_OK;
}

static void give_back(SrLink *link, SrConnection *connection)
{
    pthread_mutex_lock(&link->lock);
    connection->busy = false;
    link->latest = (uint32_t)(connection - link->connections);
    pthread_cond_signal(&link->freed);
    pthread_mutex_unlock(&link->lock);
}

/*
 * Under the lock, as sr_link_shut must not cut a descriptor that is something else by then. A child
 * of this process may hold a copy of the descriptor: closing it alone would tell the agent nothing.
 */
static void disconnect(SrLink *link, SrConnection *connection)
{
    pthread_mutex_lock(&link->lock);
    sr_connection_cut(connection);
    sr_connection_close(connection);
    pthread_mutex_unlock(&link->lock);
}

/* --- connecting ------------------------------------------------------------------------------- */

static void remember(SrLink *link, const SrWelcome *welcome)
{
    const bool known = link->epoch > 0 &&
                       memcmp(link->application, welcome->application, SR_APPLICATION_SIZE) == 0;

    memcpy(link->application, welcome->application, SR_APPLICATION_SIZE);
    atomic_store(&link->tokens, welcome->tokens);
    if (!known)
        atomic_fetch_add(&link->epoch, 1);
}

static CK_RV introduce(SrLink *link, SrConnection *connection)
{
    const uint8_t *application = link->epoch > 0 ? link->application : NULL;
    SrWelcome welcome;
    CK_RV result = CKR_DEVICE_ERROR;

    /* sr_link_shut may have been here before there was a descriptor to cut. */
    if (!atomic_load(&link->shut))
        result = sr_hello_say(link->hello, connection, application, &welcome);
    if (result == CKR_OK)
        remember(link, &welcome);
    else
        disconnect(link, connection);
    return result;
}

/* Connect, unless that failed in another thread while this one waited for its turn. */
static CK_RV connect_in_turn(SrLink *link, SrConnection *connection, unsigned failures)
{
    CK_RV result;

    if (atomic_load(&link->shut))
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    if (atomic_load(&link->failures) != failures)
        return CKR_DEVICE_ERROR;
    result = sr_connection_open(connection, link->path);
    if (result == CKR_OK)
        result = introduce(link, connection);
    if (atomic_load(&link->shut))
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    if (result == CKR_DEVICE_ERROR)
        atomic_fetch_add(&link->failures, 1);
    return result;
}

static CK_RV connect_again(SrLink *link, SrConnection *connection)
{
    const unsigned failures = atomic_load(&link->failures);
    CK_RV result;

    disconnect(link, connection);
    pthread_mutex_lock(&link->opening);
    result = connect_in_turn(link, connection, failures);
    pthread_mutex_unlock(&link->opening);
    return result;
}

CK_RV sr_link_tokens(SrLink *link, unsigned *ret_mask)
{
    SrConnection *connection;
    CK_RV result = take(link, &connection);

    if (result != CKR_OK)
        return result;
    if (!sr_connection_is_idle(connection))
        result = connect_again(link, connection);
    give_back(link, connection);
    *ret_mask = atomic_load(&link->tokens);
    return result;
}

/* --- calls ------------------------------------------------------------------------------------ */

CK_RV sr_call_begin(SrCall *call, SrOperation operation, size_t room)
{
    uint8_t *memory = call->request_room;

    call->request_memory = NULL;
    call->reply_memory = NULL;
    call->reply_size = 0;
    call->request.size = 0;
    if (room > SR_PACKET_BODY_MAX)
        return CKR_DATA_LEN_RANGE;
    room += SR_PACKET_HEADER_SIZE;
    if (room > sizeof call->request_room) {
        memory = malloc(room);
        if (!memory)
            return CKR_HOST_MEMORY;
        call->request_memory = memory;
    } else {
        room = sizeof call->request_room;
    }
    sr_packet_begin(&call->request, memory, room, operation, 0);
    return CKR_OK;
}

/* Whether doing it twice is as good as once. */
static bool is_repeatable(const SrCall *call)
{
    SrPacketHeader header;

    memcpy(&header, call->request.data, sizeof header);
    switch (header.code) {
    case SR_OPERATION_TOKEN:
    case SR_OPERATION_LIST:
    case SR_OPERATION_VERIFY:
    case SR_OPERATION_LOGOUT:
        return true;
    default:
        return false;
    }
}

/* It may hold a secret, also when it came only in part. */
static void forget_reply(SrCall *call)
{
    explicit_bzero(call->reply_memory ? call->reply_memory : call->reply_room, call->reply_size);
    free(call->reply_memory);
    call->reply_memory = NULL;
    call->reply_size = 0;
}

static SrExchange attempt(SrCall *call, SrConnection *connection, size_t size, CK_RV *ret_code)
{
    SrAnswer answer = {.body = call->reply_room, .size = sizeof call->reply_room};
    const SrExchange exchange =
        sr_connection_exchange(connection, call->request.data, size, &answer);

    call->reply_size = answer.size;
    if (answer.allocated)
        call->reply_memory = answer.body;
    if (exchange == SR_EXCHANGE_DONE) {
        sr_packet_read(&call->reply, answer.body, answer.size);
        *ret_code = answer.code;
    }
    return exchange;
}

static CK_RV failure(const SrLink *link, SrExchange exchange)
{
    if (atomic_load(&link->shut))
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    return exchange == SR_EXCHANGE_FAILED ? CKR_DEVICE_ERROR : CKR_DEVICE_REMOVED;
}

/* Run on a connection of this thread's, made anew once when it was lost. */
static CK_RV run_on(SrCall *call, SrLink *link, SrConnection *connection, size_t size)
{
    SrExchange exchange = SR_EXCHANGE_UNSENT;
    CK_RV result = CKR_OK;

    if (atomic_load(&connection->fd) >= 0)
        exchange = attempt(call, connection, size, &result);
    if (exchange == SR_EXCHANGE_UNSENT || (exchange == SR_EXCHANGE_LOST && is_repeatable(call))) {
        forget_reply(call);
        result = connect_again(link, connection);
        if (result != CKR_OK)
            return result;
        exchange = attempt(call, connection, size, &result);
    }
    if (exchange == SR_EXCHANGE_DONE)
        return result;
    disconnect(link, connection);
    return failure(link, exchange);
}

CK_RV sr_call_run(SrCall *call, SrLink *link)
{
    const size_t size = sr_packet_end(&call->request);
    SrConnection *connection;
    CK_RV result;

    if (size == 0)
        return CKR_GENERAL_ERROR;
    result = take(link, &connection);
    if (result != CKR_OK)
        return result;
    result = run_on(call, link, connection, size);
    give_back(link, connection);
    return result;
}

CK_RV sr_call_check(const SrCall *call)
{
    return sr_packet_is_complete(&call->reply) ? CKR_OK : CKR_DEVICE_ERROR;
}

void sr_call_end(SrCall *call)
{
    forget_reply(call);
    if (call->request.size > 0)
        explicit_bzero(call->request.data, call->request.size);
    free(call->request_memory);
}
