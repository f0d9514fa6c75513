#include "support/fake_agent.h"

#include "wire/channel.h"
#include "wire/socket.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define OPERATIONS (SR_OPERATION_COPY + 1u)
#define CKR_OK 0u
#define CKR_FUNCTION_NOT_SUPPORTED 0x54u
#define CKR_SIGNATURE_INVALID 0xc0u
#define REPLY_ROOM (SR_PACKET_HEADER_SIZE + SR_PACKET_BODY_MAX)
#define NEVER_CHANGED 0xffffffffu

typedef struct {
    FakeAgent *agent;
    int fd;
    GThread *thread;
    SrChannel channel;
} Connection;

struct FakeAgent {
    char *folder;
    char *path;
    int listener;
    GThread *acceptor;
    pthread_mutex_t lock; /* for what follows; ThreadSanitizer knows no GMutex */
    pthread_cond_t changed;
    GPtrArray *connections; /* of Connection, also ended ones */
    guint open;
    gint stopping;
    guint counts[OPERATIONS];
    FakeFault faults[OPERATIONS];
    int times[OPERATIONS];
    guint32 failure;
    FakeAnswer answer;
    gpointer answer_data;
    guint8 tokens;
    guint32 flags;
    guint8 application; /* what HELLO gives: 16 times this byte */
};

/* --- answers -----------------------------------------------------------------------------------
 */

void fake_agent_sign(const guint8 *data, gsize data_size, guint8 *ret_signature, gsize size)
{
    for (gsize i = 0; i < size; i++)
        ret_signature[i] = data_size ? data[i % data_size] : 0;
}

static void put_key(SrPacketWriter *reply, guint64 number, guint8 curve)
{
    const gboolean edwards = curve == SR_CURVE_ED25519;
    guint8 point[65];
    const char *labels[] = {"account", "p256", "ed25519"};

    memset(point, (int)(0x40 + number), sizeof point);
    point[0] = edwards ? point[0] : 4;
    sr_packet_put_u8(reply, SR_ENTRY_KEY);
    sr_packet_put_u64(reply, number);
    sr_packet_put_u8(reply, curve);
    sr_packet_put_u8(reply, 0);
    sr_packet_put_u64(reply, 1700000000);
    sr_packet_put_text(reply, labels[curve]);
    sr_packet_put_bytes(reply, &number, sizeof number);
    sr_packet_put_bytes(reply, point, edwards ? 32 : 65);
}

static void answer_hello(FakeAgent *agent, SrPacketWriter *reply)
{
    guint8 application[16];

    memset(application, agent->application, sizeof application);
    sr_packet_put_bytes(reply, application, sizeof application);
    sr_packet_put_u8(reply, agent->tokens);
}

static void answer_token(FakeAgent *agent, SrPacketReader *request, SrPacketWriter *reply)
{
    const guint32 token = sr_packet_get_u32(request);

    sr_packet_put_u32(reply, agent->flags);
    sr_packet_put_text(reply, token == SR_TOKEN_ACCOUNTS ? "sealring accounts" : "sealring keys");
    sr_packet_put_u64(reply, 1);
}

static void answer_list(SrPacketReader *request, SrPacketWriter *reply)
{
    const guint32 token = sr_packet_get_u32(request);
    const guint64 known = sr_packet_get_u64(request);

    sr_packet_put_u64(reply, 1);
    sr_packet_put_u32(reply, 0);
    if (known == 1) {
        sr_packet_put_u32(reply, NEVER_CHANGED);
    } else if (token == SR_TOKEN_ACCOUNTS) {
        sr_packet_put_u32(reply, 1);
        put_key(reply, FAKE_KEY_ACCOUNT, SR_CURVE_SECP256K1);
    } else {
        sr_packet_put_u32(reply, 2);
        put_key(reply, FAKE_KEY_P256, SR_CURVE_P256);
        put_key(reply, FAKE_KEY_ED25519, SR_CURVE_ED25519);
    }
}

static void answer_sign(SrPacketReader *request, SrPacketWriter *reply)
{
    guint8 signature[65];
    guint32 scheme;
    gsize size;
    const guint8 *data;
    gsize wanted;

    sr_packet_get_u64(request);
    scheme = sr_packet_get_u32(request);
    data = sr_packet_get_bytes(request, &size);
    wanted = scheme == SR_SCHEME_PERSONAL || scheme == SR_SCHEME_SIWE ? 65 : 64;
    fake_agent_sign(data, size, signature, wanted);
    sr_packet_put_bytes(reply, signature, wanted);
}

static guint32 answer_verify(SrPacketReader *request)
{
    guint8 expected[65];
    gsize size;
    gsize given_size;
    const guint8 *data;
    const guint8 *given;

    sr_packet_get_u8(request);
    sr_packet_get_bytes(request, &size);
    sr_packet_get_u32(request);
    data = sr_packet_get_bytes(request, &size);
    given = sr_packet_get_bytes(request, &given_size);
    fake_agent_sign(data, size, expected, given_size);
    return memcmp(expected, given, given_size) == 0 ? CKR_OK : CKR_SIGNATURE_INVALID;
}

static guint32 answer(FakeAgent *agent, guint32 operation, SrPacketReader *request,
                      SrPacketWriter *reply)
{
    guint32 code = CKR_OK;

    if (agent->answer && agent->answer(agent, operation, request, reply, &code, agent->answer_data))
        return code;
    switch (operation) {
    case SR_OPERATION_HELLO:
        answer_hello(agent, reply);
        return CKR_OK;
    case SR_OPERATION_TOKEN:
        answer_token(agent, request, reply);
        return CKR_OK;
    case SR_OPERATION_LIST:
        answer_list(request, reply);
        return CKR_OK;
    case SR_OPERATION_SIGN:
        answer_sign(request, reply);
        return CKR_OK;
    case SR_OPERATION_VERIFY:
        return answer_verify(request);
    case SR_OPERATION_LOGIN:
    case SR_OPERATION_LOGOUT:
    case SR_OPERATION_DESTROY:
    case SR_OPERATION_INIT_TOKEN:
    case SR_OPERATION_SET_PIN:
        return CKR_OK;
    default:
        return CKR_FUNCTION_NOT_SUPPORTED;
    }
}

/* --- faults ------------------------------------------------------------------------------------
 */

static void send_bytes(Connection *connection, const void *bytes, gsize size)
{
    sr_channel_send(&connection->channel, bytes, size, 1000);
}

static void send_wait(Connection *connection, guint32 serial, guint32 size)
{
    struct {
        SrPacketHeader header;
        guint8 body[4];
    } packet = {{size, SR_PACKET_WAIT, serial}, "abc"};

    send_bytes(connection, &packet, sizeof packet.header + size);
}

static gboolean is_stopping(FakeAgent *agent)
{
    return g_atomic_int_get(&agent->stopping);
}

static void send_waits(Connection *connection, FakeFault fault, guint32 serial)
{
    const guint times = fault == FAKE_WAITS ? 3 : fault == FAKE_WAITS_TOO_MUCH ? 100000 : 1000000;

    for (guint i = 0; i < times && !is_stopping(connection->agent); i++) {
        send_wait(connection, serial, fault == FAKE_WAITS_WITH_BODY ? 4 : 0);
        if (fault != FAKE_WAITS_TOO_MUCH)
            g_usleep(20000);
        if (fault == FAKE_WAITS_WITH_BODY)
            return;
    }
}

/* A packet of @size bytes as its header says (or of the header alone). */
static void set_size(guint8 *packet, gsize body)
{
    const guint32 size = (guint32)body;

    memcpy(packet + offsetof(SrPacketHeader, size), &size, sizeof size);
}

static void send_garbage(Connection *connection)
{
    guint8 bytes[200];

    for (gsize i = 0; i < sizeof bytes; i++)
        bytes[i] = (guint8)g_random_int();
    send_bytes(connection, bytes, sizeof bytes);
}

/* Send the @size bytes of a reply with @fault; whether the connection goes on. */
static gboolean send_faulty(Connection *connection, FakeFault fault, guint8 *packet, gsize size,
                            guint32 serial)
{
    const guint32 other = serial + 1;

    switch (fault) {
    case FAKE_SAYS_GARBAGE:
        send_garbage(connection);
        return TRUE;
    case FAKE_CUTS_HEADER:
        send_bytes(connection, packet, SR_PACKET_HEADER_SIZE / 2);
        return FALSE;
    case FAKE_CUTS_BODY:
        send_bytes(connection, packet, size - 1);
        return FALSE;
    case FAKE_CLOSES:
        return FALSE;
    case FAKE_ANSWERS_ANOTHER:
        memcpy(packet + offsetof(SrPacketHeader, serial), &other, sizeof other);
        break;
    case FAKE_SAYS_TOO_MUCH:
        set_size(packet, SR_PACKET_BODY_MAX + 1);
        break;
    case FAKE_ADDS_BYTES:
        size++;
        set_size(packet, size - SR_PACKET_HEADER_SIZE);
        break;
    case FAKE_LEAVES_OUT_BYTES:
        size = size > SR_PACKET_HEADER_SIZE ? size - 1 : size;
        set_size(packet, size - SR_PACKET_HEADER_SIZE);
        break;
    default:
        break;
    }
    send_bytes(connection, packet, size);
    return TRUE;
}

static FakeFault next_fault(FakeAgent *agent, guint32 operation)
{
    FakeFault fault = FAKE_ANSWERS;

    pthread_mutex_lock(&agent->lock);
    agent->counts[operation]++;
    if (agent->times[operation] != 0) {
        fault = agent->faults[operation];
        agent->times[operation] -= agent->times[operation] > 0;
    }
    pthread_cond_broadcast(&agent->changed);
    pthread_mutex_unlock(&agent->lock);
    return fault;
}

/* --- connections -------------------------------------------------------------------------------
 */

static gboolean reply_to(Connection *connection, const SrPacketHeader *header, const guint8 *body,
                         guint8 *memory)
{
    FakeAgent *agent = connection->agent;
    const guint32 operation = header->code < OPERATIONS ? header->code : 0;
    const FakeFault fault = next_fault(agent, operation);
    SrPacketReader request;
    SrPacketWriter reply;
    guint32 code;

    if (fault == FAKE_SAYS_NOTHING)
        return TRUE;
    if (fault >= FAKE_WAITS && fault <= FAKE_WAITS_WITH_BODY)
        send_waits(connection, fault, header->serial);
    if (is_stopping(agent))
        return FALSE;
    sr_packet_read(&request, body, header->size);
    sr_packet_begin(&reply, memory, REPLY_ROOM, CKR_OK, header->serial);
    if (fault == FAKE_FAILS || fault == FAKE_FAILS_WITH_BODY)
        code = agent->failure;
    else
        code = answer(agent, operation, &request, &reply);
    if (code != CKR_OK)
        reply.size = SR_PACKET_HEADER_SIZE;
    if (fault == FAKE_FAILS_WITH_BODY)
        sr_packet_put_u32(&reply, 0);
    memcpy(memory + offsetof(SrPacketHeader, code), &code, sizeof code);
    return send_faulty(connection, fault, memory, sr_packet_end(&reply), header->serial);
}

static gpointer serve(gpointer data)
{
    Connection *connection = data;
    FakeAgent *agent = connection->agent;
    g_autofree guint8 *body = g_malloc(SR_PACKET_BODY_MAX);
    g_autofree guint8 *memory = g_malloc(REPLY_ROOM + 1);
    SrPacketHeader header;

    sr_channel_init(&connection->channel, connection->fd);
    while (sr_channel_receive(&connection->channel, &header, body, SR_PACKET_BODY_MAX, -1) == 0)
        if (!reply_to(connection, &header, body, memory))
            break;
    shutdown(connection->fd, SHUT_RDWR);
    pthread_mutex_lock(&agent->lock);
    agent->open--;
    pthread_cond_broadcast(&agent->changed);
    pthread_mutex_unlock(&agent->lock);
    return NULL;
}

static void add_connection(FakeAgent *agent, int fd)
{
    Connection *connection = g_new0(Connection, 1);

    *connection = (Connection){.agent = agent, .fd = fd};
    pthread_mutex_lock(&agent->lock);
    g_ptr_array_add(agent->connections, connection);
    agent->open++;
    connection->thread = g_thread_new("fake-agent", serve, connection);
    pthread_mutex_unlock(&agent->lock);
}

static gpointer accept_all(gpointer data)
{
    FakeAgent *agent = data;

    while (!is_stopping(agent)) {
        GPollFD poller = {.fd = agent->listener, .events = G_IO_IN};
        int fd;

        g_poll(&poller, 1, 20);
        fd = accept4(agent->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            add_connection(agent, fd);
    }
    return NULL;
}

static void connection_free(gpointer data)
{
    Connection *connection = data;

    shutdown(connection->fd, SHUT_RDWR);
    g_thread_join(connection->thread);
    close(connection->fd);
    g_free(connection);
}

/* --- life --------------------------------------------------------------------------------------
 */

void fake_agent_start_again(FakeAgent *agent)
{
    agent->application++;
    agent->stopping = FALSE;
    agent->open = 0;
    agent->connections = g_ptr_array_new_with_free_func(connection_free);
    agent->listener = sr_socket_listen(agent->path);
    g_assert_cmpint(agent->listener, >=, 0);
    agent->acceptor = g_thread_new("fake-agent-accept", accept_all, agent);
}

FakeAgent *fake_agent_new(void)
{
    FakeAgent *agent = g_new0(FakeAgent, 1);

    pthread_mutex_init(&agent->lock, NULL);
    pthread_cond_init(&agent->changed, NULL);
    agent->folder = g_dir_make_tmp("fake-agent-XXXXXX", NULL);
    agent->path = g_build_filename(agent->folder, SR_SOCKET_PKCS11, NULL);
    agent->tokens = 3;
    agent->failure = 6;
    setenv("SEALRING_RUNTIME_DIR", agent->folder, 1);
    fake_agent_start_again(agent);
    return agent;
}

void fake_agent_stop(FakeAgent *agent)
{
    if (!agent->acceptor)
        return;
    g_atomic_int_set(&agent->stopping, TRUE);
    g_thread_join(g_steal_pointer(&agent->acceptor));
    close(agent->listener);
    g_clear_pointer(&agent->connections, g_ptr_array_unref);
    g_unlink(agent->path);
}

void fake_agent_free(FakeAgent *agent)
{
    g_autofree char *lock = g_strconcat(agent->path, ".lock", NULL);

    fake_agent_stop(agent);
    g_unlink(lock);
    g_rmdir(agent->folder);
    unsetenv("SEALRING_RUNTIME_DIR");
    pthread_cond_destroy(&agent->changed);
    pthread_mutex_destroy(&agent->lock);
    g_free(agent->path);
    g_free(agent->folder);
    g_free(agent);
}

const char *fake_agent_folder(const FakeAgent *agent)
{
    return agent->folder;
}

/* --- what the test says ------------------------------------------------------------------------
 */

void fake_agent_set_fault(FakeAgent *agent, guint32 operation, FakeFault fault, int times)
{
    pthread_mutex_lock(&agent->lock);
    agent->faults[operation] = fault;
    agent->times[operation] = times;
    pthread_mutex_unlock(&agent->lock);
}

void fake_agent_fail_with(FakeAgent *agent, guint32 code)
{
    agent->failure = code;
}

void fake_agent_set_answer(FakeAgent *agent, FakeAnswer answer_first, gpointer data)
{
    agent->answer_data = data;
    agent->answer = answer_first;
}

void fake_agent_set_tokens(FakeAgent *agent, guint8 tokens)
{
    agent->tokens = tokens;
}

void fake_agent_set_flags(FakeAgent *agent, guint32 flags)
{
    agent->flags = flags;
}

guint fake_agent_count(FakeAgent *agent, guint32 operation)
{
    guint count;

    pthread_mutex_lock(&agent->lock);
    count = agent->counts[operation];
    pthread_mutex_unlock(&agent->lock);
    return count;
}

guint fake_agent_connections(FakeAgent *agent)
{
    guint count;

    pthread_mutex_lock(&agent->lock);
    count = agent->open;
    pthread_mutex_unlock(&agent->lock);
    return count;
}

void fake_agent_await(FakeAgent *agent, guint32 operation, guint count)
{
    pthread_mutex_lock(&agent->lock);
    while (agent->counts[operation] < count)
        pthread_cond_wait(&agent->changed, &agent->lock);
    pthread_mutex_unlock(&agent->lock);
}
