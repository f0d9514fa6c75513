/* The module in a program: C_Initialize in all its forms, mutexes, threads, fork, C_Finalize at the
 * wrong moment. */
#include "support/fake_agent.h"
#include "support/pkcs11_caller.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Less than the 5 s after which the module gives up an agent that is silent. */
#define WAITING_MAX (4 * G_USEC_PER_SEC)

/* --- C_Initialize ------------------------------------------------------------------------------
 */

static CK_RV any_create(CK_VOID_PTR *mutex)
{
    *mutex = g_new0(pthread_mutex_t, 1);
    pthread_mutex_init(*mutex, NULL);
    return CKR_OK;
}

static CK_RV any_destroy(CK_VOID_PTR mutex)
{
    pthread_mutex_destroy(mutex);
    g_free(mutex);
    return CKR_OK;
}

static CK_RV any_lock(CK_VOID_PTR mutex)
{
    pthread_mutex_lock(mutex);
    return CKR_OK;
}

static CK_RV any_unlock(CK_VOID_PTR mutex)
{
    pthread_mutex_unlock(mutex);
    return CKR_OK;
}

static CK_RV failing_create(CK_VOID_PTR *mutex)
{
    (void)mutex;
    return CKR_HOST_MEMORY;
}

static const CK_C_INITIALIZE_ARGS with_mutexes = {any_create, any_destroy, any_lock,
                                                  any_unlock, 0,           NULL};

static void test_initialize(void)
{
    CK_C_INITIALIZE_ARGS args = {0};
    CK_INFO info;

    assert_rv(C_GetInfo(&info), CKR_CRYPTOKI_NOT_INITIALIZED);
    assert_rv(C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
    for (int i = 0; i < 3; i++) {
        args.flags = i == 1 ? CKF_OS_LOCKING_OK : i == 2 ? CKF_LIBRARY_CANT_CREATE_OS_THREADS : 0;
        assert_rv(C_Initialize(&args), CKR_OK);
        assert_rv(C_Initialize(&args), CKR_CRYPTOKI_ALREADY_INITIALIZED);
        assert_rv(C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED);
        assert_rv(C_Finalize(&info), CKR_ARGUMENTS_BAD);
        assert_rv(C_GetInfo(&info), CKR_OK);
        caller_end();
    }
    args = with_mutexes;
    args.flags = CKF_OS_LOCKING_OK;
    assert_rv(C_Initialize(&args), CKR_OK);
    caller_end();
}

static void test_initialize_refused(void)
{
    CK_C_INITIALIZE_ARGS args = {0};

    args.pReserved = &args;
    assert_rv(C_Initialize(&args), CKR_ARGUMENTS_BAD);
    for (guint given = 1; given < 15; given++) {
        args = (CK_C_INITIALIZE_ARGS){.CreateMutex = given & 1 ? any_create : NULL,
                                      .DestroyMutex = given & 2 ? any_destroy : NULL,
                                      .LockMutex = given & 4 ? any_lock : NULL,
                                      .UnlockMutex = given & 8 ? any_unlock : NULL};
        assert_rv(C_Initialize(&args), CKR_ARGUMENTS_BAD);
        args.flags = CKF_OS_LOCKING_OK;
        assert_rv(C_Initialize(&args), CKR_ARGUMENTS_BAD);
    }
    args = with_mutexes;
    args.CreateMutex = failing_create;
    assert_rv(C_Initialize(&args), CKR_CANT_LOCK);
    caller_start();
    caller_end();
}

/* --- the caller's mutexes ----------------------------------------------------------------------
 */

static struct {
    int made;
    int held;
    guint locked;
    gboolean failing;
} mutexes;

static CK_RV counting_create(CK_VOID_PTR *mutex)
{
    mutexes.made++;
    *mutex = &mutexes;
    return CKR_OK;
}

static CK_RV counting_destroy(CK_VOID_PTR mutex)
{
    g_assert_true(mutex == &mutexes);
    g_assert_cmpint(mutexes.held, ==, 0);
    mutexes.made--;
    return CKR_OK;
}

static CK_RV counting_lock(CK_VOID_PTR mutex)
{
    g_assert_true(mutex == &mutexes);
    if (mutexes.failing)
        return CKR_GENERAL_ERROR;
    g_assert_cmpint(mutexes.held++, ==, 0);
    mutexes.locked++;
    return CKR_OK;
}

static CK_RV counting_unlock(CK_VOID_PTR mutex)
{
    g_assert_true(mutex == &mutexes);
    g_assert_cmpint(mutexes.held--, ==, 1);
    return CKR_OK;
}

static void test_mutexes(void)
{
    CK_C_INITIALIZE_ARGS args = {
        counting_create, counting_destroy, counting_lock, counting_unlock, 0, NULL};
    g_autoptr(FakeAgent) agent G_GNUC_UNUSED = fake_agent_new();
    CK_SESSION_HANDLE session;
    CK_INFO info;

    assert_rv(C_Initialize(&args), CKR_OK);
    session = caller_log_in(SLOT_KEYS);
    caller_assert_signs(session, caller_find(session, CKO_PRIVATE_KEY, "p256"), 1);
    assert_rv(C_GetSessionInfo(12345, NULL), CKR_SESSION_HANDLE_INVALID);
    g_assert_cmpint(mutexes.held, ==, 0);
    g_assert_cmpuint(mutexes.locked, >=, 8);
    mutexes.failing = TRUE;
    assert_rv(C_GetInfo(&info), CKR_CANT_LOCK);
    assert_rv(C_CloseSession(session), CKR_CANT_LOCK);
    mutexes.failing = FALSE;
    assert_rv(C_CloseSession(session), CKR_OK);
    caller_end();
    g_assert_cmpint(mutexes.made, ==, 0);
}

/* --- threads -----------------------------------------------------------------------------------
 */

#define THREADS 12
#define ROUNDS 200

static gint unexpected; /* a CKR value */

/* A session of its own; every answer must be the one to its own question. */
static gpointer sign_alone(gpointer data)
{
    const guint8 number = (guint8)GPOINTER_TO_UINT(data);
    const CK_SESSION_HANDLE session = caller_open(SLOT_KEYS, READ_ONLY);
    const CK_OBJECT_HANDLE key = caller_find(session, CKO_PRIVATE_KEY, "p256");

    for (guint i = 0; i < ROUNDS; i++)
        caller_assert_signs(session, key, (guint8)(number * 16 + i % 16));
    assert_rv(C_CloseSession(session), CKR_OK);
    return NULL;
}

static void run_threads(GThreadFunc work, guint count)
{
    GThread *threads[THREADS];

    for (guint i = 0; i < count; i++)
        threads[i] = g_thread_new("application", work, GUINT_TO_POINTER(i));
    for (guint i = 0; i < count; i++)
        g_thread_join(threads[i]);
}

static void check_threads(CK_C_INITIALIZE_ARGS *args)
{
    g_autoptr(FakeAgent) agent = fake_agent_new();

    assert_rv(C_Initialize(args), CKR_OK);
    caller_log_in(SLOT_KEYS);
    run_threads(sign_alone, THREADS);
    g_assert_cmpuint(fake_agent_connections(agent), <=, 8);
    caller_end();
}

static void test_threads(void)
{
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};

    check_threads(&args);
}

static void test_threads_with_mutexes(void)
{
    CK_C_INITIALIZE_ARGS args = with_mutexes;

    check_threads(&args);
}

/* Threads that share a session get in each other's way, but nothing worse. */
static gpointer misuse(gpointer data)
{
    const CK_SESSION_HANDLE session = *(CK_SESSION_HANDLE *)data;
    CK_OBJECT_HANDLE key = 1;
    CK_ATTRIBUTE nothing = {0};
    guint8 signature[64];
    CK_SESSION_INFO info;

    for (guint i = 0; i < ROUNDS; i++) {
        const CK_RV result = caller_sign(session, key, (guint8)i, signature);

        if (result != CKR_OK && result != CKR_OPERATION_ACTIVE &&
            result != CKR_OPERATION_NOT_INITIALIZED && result != CKR_KEY_HANDLE_INVALID &&
            result != CKR_KEY_TYPE_INCONSISTENT)
            g_atomic_int_set(&unexpected, (gint)result);
        C_FindObjectsInit(session, &nothing, 0);
        C_FindObjects(session, &key, 1, &(CK_ULONG){0});
        C_FindObjectsFinal(session);
        C_GetSessionInfo(session, &info);
        C_SessionCancel(session, CKF_SIGN | CKF_FIND_OBJECTS);
    }
    return NULL;
}

static void test_shared_session(void)
{
    g_autoptr(FakeAgent) agent G_GNUC_UNUSED = fake_agent_new();
    CK_SESSION_HANDLE session;
    GThread *threads[4];

    caller_start();
    session = caller_log_in(SLOT_KEYS);
    unexpected = CKR_OK;
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("application", misuse, &session);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    g_assert_cmphex((guint)unexpected, ==, CKR_OK);
    caller_end();
}

/* --- a call under way --------------------------------------------------------------------------
 */

typedef struct {
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE key;
    CK_RV result;
} Signing;

static gpointer sign_once(gpointer data)
{
    Signing *signing = data;
    guint8 signature[64];

    signing->result = caller_sign(signing->session, signing->key, 1, signature);
    return NULL;
}

/* Start to sign in another thread, for which the user is asked without end. */
static GThread *start_signing(FakeAgent *agent, Signing *signing)
{
    GThread *thread;

    signing->session = caller_log_in(SLOT_KEYS);
    signing->key = caller_find(signing->session, CKO_PRIVATE_KEY, "p256");
    fake_agent_set_fault(agent, SR_OPERATION_SIGN, FAKE_WAITS_FOR_EVER, 1);
    thread = g_thread_new("application", sign_once, signing);
    fake_agent_await(agent, SR_OPERATION_SIGN, 1);
    return thread;
}

static void check_finalize(CK_C_INITIALIZE_ARGS *args)
{
    g_autoptr(FakeAgent) agent = fake_agent_new();
    Signing signing = {0};
    GThread *thread;
    gint64 start;

    assert_rv(C_Initialize(args), CKR_OK);
    thread = start_signing(agent, &signing);
    start = g_get_monotonic_time();
    caller_end();
    g_assert_cmpint(g_get_monotonic_time() - start, <, WAITING_MAX);
    g_thread_join(thread);
    assert_rv(signing.result, CKR_CRYPTOKI_NOT_INITIALIZED);
    caller_start();
    caller_open(SLOT_KEYS, READ_ONLY);
    caller_end();
}

static void test_finalize_during_call(void)
{
    CK_C_INITIALIZE_ARGS args = with_mutexes;

    check_finalize(NULL);
    check_finalize(&args);
}

/* Another thread's question to the user holds nobody up; closing its session does not wait. */
static void test_asking_holds_nobody_up(void)
{
    g_autoptr(FakeAgent) agent = fake_agent_new();
    Signing signing = {0};
    GThread *thread;
    CK_SESSION_HANDLE other;
    CK_SESSION_INFO info;
    gint64 start;

    caller_start();
    thread = start_signing(agent, &signing);
    start = g_get_monotonic_time();
    other = caller_open(SLOT_KEYS, READ_ONLY);
    caller_assert_signs(other, signing.key, 3);
    assert_rv(C_CloseSession(signing.session), CKR_OK);
    assert_rv(C_GetSessionInfo(signing.session, &info), CKR_SESSION_HANDLE_INVALID);
    g_assert_cmpint(g_get_monotonic_time() - start, <, WAITING_MAX);
    fake_agent_stop(agent);
    g_thread_join(thread);
    caller_end();
}

/* --- fork --------------------------------------------------------------------------------------
 */

/* Run @work in a child, which must end well. */
static void in_child(void (*work)(const Signing *signing), const Signing *signing)
{
    const pid_t child = fork();
    int status;

    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        work(signing);
        _exit(0);
    }
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(status, ==, 0);
}

#define CHILD_ASSERT(condition)                                                                    \
    do {                                                                                           \
        if (!(condition))                                                                          \
            _exit(1);                                                                              \
    } while (0)

static void child_without_initialize(const Signing *signing)
{
    guint8 signature[64];
    CK_SESSION_INFO info;

    CHILD_ASSERT(caller_sign(signing->session, signing->key, 1, signature) ==
                 CKR_CRYPTOKI_NOT_INITIALIZED);
    CHILD_ASSERT(C_GetSessionInfo(signing->session, &info) == CKR_CRYPTOKI_NOT_INITIALIZED);
    CHILD_ASSERT(C_Finalize(NULL) == CKR_CRYPTOKI_NOT_INITIALIZED);
}

static void child_with_initialize(const Signing *signing)
{
    CK_SESSION_INFO info;
    CK_SESSION_HANDLE session;
    CK_SESSION_INFO own;

    CHILD_ASSERT(C_Initialize(NULL) == CKR_OK);
    CHILD_ASSERT(C_GetSessionInfo(signing->session, &info) == CKR_SESSION_HANDLE_INVALID);
    CHILD_ASSERT(C_OpenSession(SLOT_KEYS, READ_WRITE, NULL, NULL, &session) == CKR_OK);
    CHILD_ASSERT(C_GetSessionInfo(session, &own) == CKR_OK);
    CHILD_ASSERT(own.state == CKS_RW_PUBLIC_SESSION);
    CHILD_ASSERT(C_Login(session, CKU_USER, NULL, 0) == CKR_OK);
    caller_assert_signs(session, caller_find(session, CKO_PRIVATE_KEY, "p256"), 9);
    CHILD_ASSERT(C_Finalize(NULL) == CKR_OK);
}

static void test_fork(void)
{
    g_autoptr(FakeAgent) agent G_GNUC_UNUSED = fake_agent_new();
    Signing signing;

    caller_start();
    signing.session = caller_log_in(SLOT_KEYS);
    signing.key = caller_find(signing.session, CKO_PRIVATE_KEY, "p256");
    in_child(child_without_initialize, &signing);
    caller_assert_signs(signing.session, signing.key, 1);
    in_child(child_with_initialize, &signing);
    caller_assert_signs(signing.session, signing.key, 2);
    caller_end();
}

/* The moment when another thread holds every lock that a call can hold. */
static void test_fork_during_call(void)
{
    g_autoptr(FakeAgent) agent = fake_agent_new();
    CK_C_INITIALIZE_ARGS args = with_mutexes;
    Signing signing = {0};
    GThread *thread;

    assert_rv(C_Initialize(&args), CKR_OK);
    thread = start_signing(agent, &signing);
    in_child(child_without_initialize, &signing);
    in_child(child_with_initialize, &signing);
    fake_agent_stop(agent);
    g_thread_join(thread);
    assert_rv(signing.result, CKR_DEVICE_REMOVED);
    caller_end();
}

/* A child that closed all descriptors and opened others must not lose them to C_Initialize. */
static void child_with_other_files(const Signing *signing)
{
    int pipes[2];

    for (int fd = 3; fd < 100; fd++)
        close(fd);
    for (int fd = 3; fd < 50; fd++)
        CHILD_ASSERT(fd % 2 == 0 || pipe(pipes) == 0);
    child_with_initialize(signing);
    CHILD_ASSERT(write(pipes[1], "x", 1) == 1);
    for (int fd = 3; fd < 40; fd++)
        CHILD_ASSERT(lseek(fd, 0, SEEK_CUR) == -1 && errno == ESPIPE);
}

static void test_fork_and_other_files(void)
{
    g_autoptr(FakeAgent) agent G_GNUC_UNUSED = fake_agent_new();
    Signing signing;

    caller_start();
    signing.session = caller_log_in(SLOT_KEYS);
    signing.key = caller_find(signing.session, CKO_PRIVATE_KEY, "p256");
    in_child(child_with_other_files, &signing);
    caller_assert_signs(signing.session, signing.key, 2);
    caller_end();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pkcs11/module/initialize", test_initialize);
    g_test_add_func("/pkcs11/module/initialize-refused", test_initialize_refused);
    g_test_add_func("/pkcs11/module/callers-mutexes", test_mutexes);
    g_test_add_func("/pkcs11/module/threads", test_threads);
    g_test_add_func("/pkcs11/module/threads-with-callers-mutexes", test_threads_with_mutexes);
    g_test_add_func("/pkcs11/module/threads-sharing-a-session", test_shared_session);
    g_test_add_func("/pkcs11/module/finalize-during-a-call", test_finalize_during_call);
    g_test_add_func("/pkcs11/module/asking-holds-nobody-up", test_asking_holds_nobody_up);
    g_test_add_func("/pkcs11/module/fork", test_fork);
    g_test_add_func("/pkcs11/module/fork-during-a-call", test_fork_during_call);
    g_test_add_func("/pkcs11/module/fork-leaves-other-files", test_fork_and_other_files);
    return g_test_run();
}
