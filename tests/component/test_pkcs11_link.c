/* The module and an agent that is absent, goes away, or answers as none should. */
#include "support/fake_agent.h"
#include "support/pkcs11_caller.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* The application with a signing session, for a test each. */
typedef struct {
    FakeAgent *agent;
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE key;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->agent = fake_agent_new();
    caller_start();
    fixture->session = caller_log_in(SLOT_KEYS);
    fixture->key = caller_find(fixture->session, CKO_PRIVATE_KEY, "p256");
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    caller_end();
    fake_agent_free(fixture->agent);
}

static double seconds_of(gint64 start)
{
    return (double)(g_get_monotonic_time() - start) / 1e6;
}

/* --- nobody there ------------------------------------------------------------------------------
 */

static void assert_no_token(void)
{
    CK_SLOT_ID slots[2];
    CK_ULONG count = 2;
    CK_SLOT_INFO slot;
    CK_TOKEN_INFO token;
    CK_SESSION_HANDLE session;
    const gint64 start = g_get_monotonic_time();

    assert_rv(C_GetSlotList(CK_TRUE, slots, &count), CKR_OK);
    g_assert_cmpuint(count, ==, 0);
    count = 2;
    assert_rv(C_GetSlotList(CK_FALSE, slots, &count), CKR_OK);
    g_assert_cmpuint(count, ==, 2);
    assert_rv(C_GetSlotInfo(SLOT_KEYS, &slot), CKR_OK);
    g_assert_cmphex(slot.flags & CKF_TOKEN_PRESENT, ==, 0);
    assert_rv(C_GetTokenInfo(SLOT_KEYS, &token), CKR_TOKEN_NOT_PRESENT);
    assert_rv(C_OpenSession(SLOT_KEYS, READ_ONLY, NULL, NULL, &session), CKR_TOKEN_NOT_PRESENT);
    assert_rv(C_InitToken(SLOT_KEYS, NULL, 0, (guint8 *)slot.slotDescription),
              CKR_TOKEN_NOT_PRESENT);
    g_assert_cmpfloat(seconds_of(start), <, 4); /* it gives up a silent agent after 5 */
}

static void test_absent(void)
{
    g_autoptr(FakeAgent) agent = fake_agent_new();

    fake_agent_stop(agent);
    caller_start();
    assert_no_token();
    fake_agent_start_again(agent);
    caller_open(SLOT_KEYS, READ_ONLY);
    caller_end();
}

static void test_no_folder(void)
{
    setenv("SEALRING_RUNTIME_DIR", "/nonexistent/folder", 1);
    caller_start();
    assert_no_token();
    caller_end();
    setenv("SEALRING_RUNTIME_DIR", "not/absolute", 1);
    caller_start();
    assert_no_token();
    caller_end();
    unsetenv("SEALRING_RUNTIME_DIR");
}

static void test_shared_folder(void)
{
    g_autoptr(FakeAgent) agent = fake_agent_new();

    g_assert_cmpint(g_chmod(fake_agent_folder(agent), 0770), ==, 0);
    caller_start();
    assert_no_token();
    g_assert_cmpuint(fake_agent_count(agent, SR_OPERATION_HELLO), ==, 0);
    caller_end();
    g_chmod(fake_agent_folder(agent), 0700);
}

static void test_foreign_folder(void)
{
    if (geteuid() != 0) {
        g_test_skip("needs root to give the folder away");
        return;
    }
    g_autoptr(FakeAgent) agent = fake_agent_new();

    g_assert_cmpint(chown(fake_agent_folder(agent), 65534, 65534), ==, 0);
    caller_start();
    assert_no_token();
    g_assert_cmpuint(fake_agent_count(agent, SR_OPERATION_HELLO), ==, 0);
    caller_end();
    g_assert_cmpint(chown(fake_agent_folder(agent), 0, 0), ==, 0);
}

/* A socket that root listens on is not this user's agent. */
static void test_foreign_listener(void)
{
    if (geteuid() != 0) {
        g_test_skip("needs root to become somebody else");
        return;
    }
    g_autoptr(FakeAgent) agent = fake_agent_new();
    g_autofree char *path = g_build_filename(fake_agent_folder(agent), SR_SOCKET_PKCS11, NULL);

    g_assert_cmpint(chown(fake_agent_folder(agent), 65534, 65534), ==, 0);
    g_assert_cmpint(chown(path, 65534, 65534), ==, 0);
    g_assert_cmpint(seteuid(65534), ==, 0);
    caller_start();
    assert_no_token();
    caller_end();
    g_assert_cmpint(seteuid(0), ==, 0);
    g_assert_cmpuint(fake_agent_count(agent, SR_OPERATION_HELLO), ==, 0);
    g_assert_cmpint(chown(fake_agent_folder(agent), 0, 0), ==, 0);
}

/* --- what comes back ---------------------------------------------------------------------------
 */

/* Signing gives @expected with @fault, and works again afterwards. */
static void check_fault(Fixture *fixture, FakeFault fault, CK_RV expected)
{
    const guint before = fake_agent_count(fixture->agent, SR_OPERATION_SIGN);
    guint8 signature[64];

    fake_agent_set_fault(fixture->agent, SR_OPERATION_SIGN, fault, 1);
    assert_rv(caller_sign(fixture->session, fixture->key, 7, signature), expected);
    /* A signature is not asked for twice when it may have been made. */
    g_assert_cmpuint(fake_agent_count(fixture->agent, SR_OPERATION_SIGN), ==, before + 1);
    caller_assert_signs(fixture->session, fixture->key, 8);
}

static void test_faults(Fixture *fixture, gconstpointer data)
{
    (void)data;
    check_fault(fixture, FAKE_SAYS_GARBAGE, CKR_DEVICE_ERROR);
    check_fault(fixture, FAKE_CUTS_HEADER, CKR_DEVICE_REMOVED);
    check_fault(fixture, FAKE_CUTS_BODY, CKR_DEVICE_REMOVED);
    check_fault(fixture, FAKE_CLOSES, CKR_DEVICE_REMOVED);
    check_fault(fixture, FAKE_ANSWERS_ANOTHER, CKR_DEVICE_ERROR);
    check_fault(fixture, FAKE_SAYS_TOO_MUCH, CKR_DEVICE_ERROR);
    check_fault(fixture, FAKE_ADDS_BYTES, CKR_DEVICE_ERROR);
    check_fault(fixture, FAKE_LEAVES_OUT_BYTES, CKR_DEVICE_ERROR);
    check_fault(fixture, FAKE_WAITS, CKR_OK);
    check_fault(fixture, FAKE_WAITS_TOO_MUCH, CKR_DEVICE_ERROR);
    check_fault(fixture, FAKE_WAITS_WITH_BODY, CKR_DEVICE_ERROR);
    check_fault(fixture, FAKE_FAILS_WITH_BODY, CKR_DEVICE_ERROR);
}

static void test_codes(Fixture *fixture, gconstpointer data)
{
    static const CK_RV passed[] = {CKR_FUNCTION_REJECTED, CKR_DATA_INVALID, CKR_KEY_HANDLE_INVALID,
                                   CKR_DEVICE_MEMORY, CKR_GENERAL_ERROR};
    static const CK_RV refused[] = {CKR_BUFFER_TOO_SMALL,       CKR_CRYPTOKI_NOT_INITIALIZED,
                                    CKR_SESSION_HANDLE_INVALID, CKR_OPERATION_ACTIVE,
                                    CKR_VENDOR_DEFINED,         0xffffffff};

    (void)data;
    for (gsize i = 0; i < G_N_ELEMENTS(passed); i++) {
        fake_agent_fail_with(fixture->agent, (guint32)passed[i]);
        check_fault(fixture, FAKE_FAILS, passed[i]);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        fake_agent_fail_with(fixture->agent, (guint32)refused[i]);
        check_fault(fixture, FAKE_FAILS, CKR_DEVICE_ERROR);
    }
}

static void test_silence(Fixture *fixture, gconstpointer data)
{
    const gint64 start = g_get_monotonic_time();

    (void)data;
    check_fault(fixture, FAKE_SAYS_NOTHING, CKR_DEVICE_ERROR);
    g_assert_cmpfloat(seconds_of(start), >, 4.5);
    g_assert_cmpfloat(seconds_of(start), <, 10);
}

/* Every fault of the first exchange leaves a slot without a token, and no waiting but for silence.
 */
static void test_hello_faults(void)
{
    static const FakeFault faults[] = {
        FAKE_SAYS_GARBAGE,    FAKE_CUTS_HEADER,   FAKE_CUTS_BODY,  FAKE_CLOSES,
        FAKE_ANSWERS_ANOTHER, FAKE_SAYS_TOO_MUCH, FAKE_ADDS_BYTES, FAKE_LEAVES_OUT_BYTES,
        FAKE_WAITS_WITH_BODY, FAKE_FAILS};
    g_autoptr(FakeAgent) agent = fake_agent_new();
    CK_SLOT_INFO info;
    CK_SESSION_HANDLE session;

    caller_start();
    for (gsize i = 0; i < G_N_ELEMENTS(faults); i++) {
        fake_agent_set_fault(agent, SR_OPERATION_HELLO, faults[i], -1);
        assert_rv(C_GetSlotInfo(SLOT_KEYS, &info), CKR_OK);
        g_assert_cmphex(info.flags & CKF_TOKEN_PRESENT, ==, 0);
        assert_rv(C_OpenSession(SLOT_KEYS, READ_ONLY, NULL, NULL, &session), CKR_DEVICE_ERROR);
    }
    fake_agent_set_fault(agent, SR_OPERATION_HELLO, FAKE_ANSWERS, 0);
    caller_open(SLOT_KEYS, READ_ONLY);
    caller_end();
}

/* --- the introduction --------------------------------------------------------------------------
 */

typedef struct {
    GPtrArray *applications; /* GBytes, one for each HELLO */
    char *program;
    char *variables[4];
} Introduction;

static char *get_text(SrPacketReader *reader)
{
    gsize size;
    const guint8 *bytes = sr_packet_get_bytes(reader, &size);

    return g_strndup((const char *)bytes, size);
}

static gboolean hear(FakeAgent *agent, guint32 operation, SrPacketReader *request,
                     SrPacketWriter *reply, guint32 *ret_code, gpointer data)
{
    Introduction *heard = data;
    SrPacketReader copy = *request;
    const guint8 *application;
    gsize size;

    (void)agent;
    (void)reply;
    (void)ret_code;
    if (operation != SR_OPERATION_HELLO || sr_packet_get_u32(&copy) != SR_OPERATION_VERSION)
        return FALSE;
    application = sr_packet_get_bytes(&copy, &size);
    g_ptr_array_add(heard->applications, g_bytes_new(application, size));
    g_free(heard->program);
    heard->program = get_text(&copy);
    for (gsize i = 0; i < G_N_ELEMENTS(heard->variables); i++) {
        g_free(heard->variables[i]);
        heard->variables[i] = get_text(&copy);
    }
    g_assert_true(sr_packet_is_complete(&copy));
    return FALSE;
}

static void forget(Introduction *heard)
{
    g_ptr_array_unref(heard->applications);
    g_free(heard->program);
    for (gsize i = 0; i < G_N_ELEMENTS(heard->variables); i++)
        g_free(heard->variables[i]);
}

/* What the agent hears of the application, and that later connections belong to the same one. */
static void test_hello(void)
{
    Introduction heard = {g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref), NULL, {0}};
    g_autoptr(FakeAgent) agent = fake_agent_new();
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *long_value = g_strnfill(5000, 'x');
    CK_TOKEN_INFO info;
    gsize size;

    fake_agent_set_answer(agent, hear, &heard);
    setenv("DISPLAY", ":77", 1);
    setenv("XAUTHORITY", long_value, 1);
    unsetenv("WAYLAND_DISPLAY");
    setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/bus", 1);
    caller_start();
    caller_open(SLOT_KEYS, READ_ONLY);
    setenv("DISPLAY", ":78", 1);
    fake_agent_set_fault(agent, SR_OPERATION_TOKEN, FAKE_CLOSES, 1);
    assert_rv(C_GetTokenInfo(SLOT_KEYS, &info), CKR_OK);
    caller_end();
    g_assert_cmpstr(heard.program, ==, program);
    g_assert_cmpstr(heard.variables[0], ==, ":77");
    g_assert_cmpstr(heard.variables[1], ==, "");
    g_assert_cmpstr(heard.variables[2], ==, "");
    g_assert_cmpstr(heard.variables[3], ==, "unix:path=/run/bus");
    g_assert_cmpuint(heard.applications->len, ==, 2);
    g_bytes_get_data(heard.applications->pdata[0], &size);
    g_assert_cmpuint(size, ==, 0);
    g_bytes_get_data(heard.applications->pdata[1], &size);
    g_assert_cmpuint(size, ==, 16);
    forget(&heard);
}

/* --- lost connections --------------------------------------------------------------------------
 */

/* A restarted agent has no login of ours; what asks for nothing secret goes on. */
static void test_restart(Fixture *fixture, gconstpointer data)
{
    CK_MECHANISM mechanism = {.mechanism = CKM_ECDSA};
    CK_OBJECT_HANDLE public_key;
    CK_SESSION_INFO info;
    CK_TOKEN_INFO token;
    guint8 digest[32] = {3};
    guint8 signature[64];

    (void)data;
    public_key = caller_find(fixture->session, CKO_PUBLIC_KEY, "p256");
    fake_agent_stop(fixture->agent);
    fake_agent_start_again(fixture->agent);
    assert_rv(C_GetTokenInfo(SLOT_KEYS, &token), CKR_OK);
    assert_rv(C_GetSessionInfo(fixture->session, &info), CKR_OK);
    g_assert_cmpuint(info.state, ==, CKS_RW_PUBLIC_SESSION);
    assert_rv(caller_sign(fixture->session, fixture->key, 1, signature), CKR_KEY_HANDLE_INVALID);
    fake_agent_sign(digest, sizeof digest, signature, sizeof signature);
    assert_rv(C_VerifyInit(fixture->session, &mechanism, public_key), CKR_OK);
    assert_rv(C_Verify(fixture->session, digest, sizeof digest, signature, sizeof signature),
              CKR_OK);
    assert_rv(C_Login(fixture->session, CKU_USER, NULL, 0), CKR_OK);
    caller_assert_signs(fixture->session, fixture->key, 2);
}

/* The request did not get out, so it may be made again; the agent decides what that needs. */
static void test_restart_unnoticed(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_agent_stop(fixture->agent);
    fake_agent_start_again(fixture->agent);
    caller_assert_signs(fixture->session, fixture->key, 2);
}

static void test_repeated(Fixture *fixture, gconstpointer data)
{
    const guint before = fake_agent_count(fixture->agent, SR_OPERATION_TOKEN);
    CK_TOKEN_INFO info;

    (void)data;
    fake_agent_set_fault(fixture->agent, SR_OPERATION_TOKEN, FAKE_CLOSES, 1);
    assert_rv(C_GetTokenInfo(SLOT_KEYS, &info), CKR_OK);
    g_assert_cmpuint(fake_agent_count(fixture->agent, SR_OPERATION_TOKEN), ==, before + 2);
    fake_agent_set_fault(fixture->agent, SR_OPERATION_TOKEN, FAKE_CLOSES, 2);
    assert_rv(C_GetTokenInfo(SLOT_KEYS, &info), CKR_TOKEN_NOT_PRESENT);
    g_assert_cmpuint(fake_agent_count(fixture->agent, SR_OPERATION_TOKEN), ==, before + 4);
    fake_agent_set_fault(fixture->agent, SR_OPERATION_LOGIN, FAKE_CLOSES, 1);
    assert_rv(C_Logout(fixture->session), CKR_OK);
    assert_rv(C_Login(fixture->session, CKU_USER, NULL, 0), CKR_DEVICE_REMOVED);
    g_assert_cmpuint(fake_agent_count(fixture->agent, SR_OPERATION_LOGIN), ==, 2);
}

static void test_gone(Fixture *fixture, gconstpointer data)
{
    guint8 signature[64];
    CK_SESSION_INFO info;

    (void)data;
    fake_agent_stop(fixture->agent);
    assert_rv(caller_sign(fixture->session, fixture->key, 1, signature), CKR_DEVICE_REMOVED);
    assert_rv(C_GetSessionInfo(fixture->session, &info), CKR_OK);
    assert_no_token();
    assert_rv(C_Logout(fixture->session), CKR_OK);
    assert_rv(C_CloseSession(fixture->session), CKR_OK);
}

/* --- descriptors -------------------------------------------------------------------------------
 */

static guint count_descriptors(void)
{
    GDir *folder = g_dir_open("/proc/self/fd", 0, NULL);
    guint count = 0;

    while (g_dir_read_name(folder))
        count++;
    g_dir_close(folder);
    return count;
}

/* Whether @fd is a connection to @agent. */
static gboolean is_connection(const FakeAgent *agent, int fd)
{
    g_autofree char *path = g_build_filename(fake_agent_folder(agent), SR_SOCKET_PKCS11, NULL);
    struct sockaddr_un address = {0};
    socklen_t size = sizeof address;

    return getpeername(fd, (struct sockaddr *)&address, &size) == 0 &&
           strcmp(address.sun_path, path) == 0;
}

/* The module's descriptor: the socket with the highest number that is connected to the agent. */
static int find_descriptor(const FakeAgent *agent)
{
    for (int fd = 1023; fd > 2; fd--)
        if (is_connection(agent, fd))
            return fd;
    g_assert_not_reached();
}

/* An application that closes descriptors which are not its own gets nothing of ours into its files.
 */
static void test_replaced(Fixture *fixture, gconstpointer data)
{
    const int fd = find_descriptor(fixture->agent);
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "replaced-XXXXXX", NULL);
    const int file = g_mkstemp(path);
    struct stat status;

    (void)data;
    g_assert_cmpint(fcntl(fd, F_GETFD), ==, FD_CLOEXEC);
    g_assert_cmpint(dup2(file, fd), ==, fd);
    caller_assert_signs(fixture->session, fixture->key, 5);
    caller_end();
    g_assert_cmpint(fstat(fd, &status), ==, 0);
    g_assert_cmpint(status.st_size, ==, 0);
    close(fd);
    close(file);
    g_unlink(path);
    caller_start();
}

/* A daemon that closed its standard streams: what it prints does not go to the agent. */
static void test_streams(void)
{
    g_autoptr(FakeAgent) agent = fake_agent_new();
    const int saved = dup(STDIN_FILENO);

    close(STDIN_FILENO);
    caller_start();
    caller_open(SLOT_KEYS, READ_ONLY);
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        g_assert_false(is_connection(agent, fd));
    g_assert_cmpint(fcntl(find_descriptor(agent), F_GETFD), ==, FD_CLOEXEC);
    caller_end();
    fake_agent_stop(agent);
    g_assert_cmpint(dup2(saved, STDIN_FILENO), ==, STDIN_FILENO);
    close(saved);
}

/* A connection that is given up ends for the agent, too, although a child has its descriptor. */
static void test_child_keeps_nothing(Fixture *fixture, gconstpointer data)
{
    const gint64 start = g_get_monotonic_time();
    const pid_t child = fork();
    guint8 signature[64];
    guint open;

    (void)data;
    if (child == 0) {
        pause();
        _exit(0);
    }
    fake_agent_set_fault(fixture->agent, SR_OPERATION_SIGN, FAKE_ANSWERS_ANOTHER, 1);
    assert_rv(caller_sign(fixture->session, fixture->key, 1, signature), CKR_DEVICE_ERROR);
    while (fake_agent_connections(fixture->agent) > 0 && seconds_of(start) < 60)
        g_usleep(1000);
    open = fake_agent_connections(fixture->agent);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    g_assert_cmpuint(open, ==, 0);
}

typedef struct {
    pthread_t target;
    gint stop;
} Signaller;

static void ignore(int number)
{
    (void)number;
}

static gpointer send_signals(gpointer data)
{
    Signaller *signaller = data;

    while (!g_atomic_int_get(&signaller->stop))
        pthread_kill(signaller->target, SIGUSR1);
    return NULL;
}

/* Signals, of a profiler for one, neither fail a call nor cost the connection and with it the
 * login. */
static void test_signals(Fixture *fixture, gconstpointer data)
{
    const struct sigaction action = {.sa_handler = ignore};
    const gint64 start = g_get_monotonic_time();
    Signaller signaller = {.target = pthread_self()};
    GThread *thread;
    CK_SLOT_INFO info;

    (void)data;
    g_assert_cmpint(sigaction(SIGUSR1, &action, NULL), ==, 0);
    thread = g_thread_new("signals", send_signals, &signaller);
    while (seconds_of(start) < 1) {
        for (int i = 0; i < 100; i++)
            C_GetSlotInfo(SLOT_KEYS, &info);
        caller_assert_signs(fixture->session, fixture->key, 3);
    }
    g_atomic_int_set(&signaller.stop, 1);
    g_thread_join(thread);
    g_assert_cmpuint(fake_agent_count(fixture->agent, SR_OPERATION_HELLO), ==, 1);
}

static void test_no_leaks(void)
{
    g_autoptr(FakeAgent) agent = fake_agent_new();
    guint before;

    for (int i = 0; i < 3; i++) {
        caller_start();
        caller_log_in(SLOT_KEYS);
        caller_end();
    }
    fake_agent_stop(agent);
    before = count_descriptors();
    fake_agent_start_again(agent);
    for (int i = 0; i < 50; i++) {
        guint8 signature[64];
        CK_SESSION_HANDLE session;

        caller_start();
        session = caller_log_in(SLOT_KEYS);
        fake_agent_set_fault(agent, SR_OPERATION_SIGN,
                             i % 2 ? FAKE_CUTS_BODY : FAKE_ANSWERS_ANOTHER, 1);
        caller_sign(session, caller_find(session, CKO_PRIVATE_KEY, "p256"), 1, signature);
        caller_end();
    }
    fake_agent_stop(agent);
    g_assert_cmpuint(count_descriptors(), ==, before);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*test)(Fixture *fixture, gconstpointer data);
    } with_session[] = {
        {"/pkcs11/link/faults", test_faults},
        {"/pkcs11/link/only-the-agents-codes", test_codes},
        {"/pkcs11/link/silence-ends-after-5-seconds", test_silence},
        {"/pkcs11/link/restarted-agent", test_restart},
        {"/pkcs11/link/restarted-agent-unnoticed", test_restart_unnoticed},
        {"/pkcs11/link/what-is-repeated", test_repeated},
        {"/pkcs11/link/agent-gone", test_gone},
        {"/pkcs11/link/replaced-descriptor-is-left-alone", test_replaced},
        {"/pkcs11/link/a-child-keeps-no-connection-alive", test_child_keeps_nothing},
        {"/pkcs11/link/signals", test_signals},
    };

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pkcs11/link/absent-agent", test_absent);
    g_test_add_func("/pkcs11/link/no-folder", test_no_folder);
    g_test_add_func("/pkcs11/link/shared-folder", test_shared_folder);
    g_test_add_func("/pkcs11/link/foreign-folder", test_foreign_folder);
    g_test_add_func("/pkcs11/link/foreign-listener", test_foreign_listener);
    g_test_add_func("/pkcs11/link/hello", test_hello);
    g_test_add_func("/pkcs11/link/hello-faults", test_hello_faults);
    g_test_add_func("/pkcs11/link/no-descriptor-leaks", test_no_leaks);
    g_test_add_func("/pkcs11/link/closed-standard-streams-stay-closed", test_streams);
    for (gsize i = 0; i < G_N_ELEMENTS(with_session); i++)
        g_test_add(with_session[i].name, Fixture, NULL, set_up, with_session[i].test, tear_down);
    return g_test_run();
}
