/*
 * A program that uses the PKCS#11 module as no program should: pkcs11_application MODULE SCENARIO
 *
 * Needs an agent whose token "sealring keys" (slot 2) holds the P-256 key "Work", and a user who
 * agrees. Exits with 0 when the module behaved, with 1 and a line on standard error otherwise.
 */
#include "pkcs11/cryptoki_functions.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLOT 2UL
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void *library;
static CK_FUNCTION_LIST_3_2 *module;

static const struct {
    const char *name;
    size_t offset;
} functions[] = {
#define FUNCTION(name, parameters) {#name, offsetof(CK_FUNCTION_LIST_3_2, name)},
    SR_CRYPTOKI_2_40(FUNCTION) SR_CRYPTOKI_3_0(FUNCTION) SR_CRYPTOKI_3_2(FUNCTION)
#undef FUNCTION
};

/* --- saying what is wrong ----------------------------------------------------------------------
 */

__attribute__((format(printf, 1, 2), noreturn)) static void fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    _exit(1);
}

static void expect(CK_RV got, CK_RV wanted, const char *what)
{
    if (got != wanted)
        fail("%s: 0x%lx, expected 0x%lx", what, got, wanted);
}

static void is_fine(CK_RV got, const char *what)
{
    expect(got, CKR_OK, what);
}

/* --- an application ----------------------------------------------------------------------------
 */

static void load(const char *path)
{
    CK_RV (*get_interface)(CK_UTF8CHAR *, CK_VERSION *, CK_INTERFACE **, CK_FLAGS);
    CK_VERSION version = {3, 2};
    CK_INTERFACE *interface = NULL;
    void *symbol;

    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    symbol = library ? dlsym(library, "C_GetInterface") : NULL;
    if (!symbol)
        fail("%s: %s", path, dlerror());
    memcpy(&get_interface, &symbol, sizeof symbol);
    is_fine(get_interface(NULL, &version, &interface, 0), "C_GetInterface");
    module = interface->pFunctionList;
}

/* Call the function of this number with @first and zeros: all parameters are integers or pointers.
 */
static CK_RV call(size_t number, CK_ULONG first)
{
    CK_RV(*function)
    (CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG,
     CK_ULONG);

    memcpy(&function, (const char *)module + functions[number].offset, sizeof function);
    return function(first, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}

static CK_SESSION_HANDLE open_session(void)
{
    CK_SESSION_HANDLE session = 0;

    is_fine(module->C_OpenSession(SLOT, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session),
            "C_OpenSession");
    return session;
}

static CK_OBJECT_HANDLE find(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class)
{
    char label[] = "Work";
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, {CKA_LABEL, label, 4}};
    CK_OBJECT_HANDLE object = 0;
    CK_ULONG count = 0;

    is_fine(module->C_FindObjectsInit(session, template, 2), "C_FindObjectsInit");
    is_fine(module->C_FindObjects(session, &object, 1, &count), "C_FindObjects");
    is_fine(module->C_FindObjectsFinal(session), "C_FindObjectsFinal");
    if (count != 1)
        fail("no object of class %lu", class);
    return object;
}

static void initialize(void)
{
    CK_C_INITIALIZE_ARGS arguments = {NULL, NULL, NULL, NULL, CKF_OS_LOCKING_OK, NULL};

    is_fine(module->C_Initialize(&arguments), "C_Initialize");
}

/* A logged-in session; *ret_key is the private key. */
static CK_SESSION_HANDLE start(CK_OBJECT_HANDLE *ret_key)
{
    CK_SESSION_HANDLE session;

    initialize();
    session = open_session();
    is_fine(module->C_Login(session, CKU_USER, NULL, 0), "C_Login");
    *ret_key = find(session, CKO_PRIVATE_KEY);
    return session;
}

static CK_RV sign_digest(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_BYTE digest[32],
                         CK_BYTE ret_signature[64])
{
    CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
    CK_ULONG size = 64;
    CK_RV result = module->C_SignInit(session, &mechanism, key);

    return result ? result : module->C_Sign(session, digest, 32, ret_signature, &size);
}

static void sign_and_verify(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
    CK_BYTE digest[32] = {7};
    CK_BYTE signature[64];

    is_fine(sign_digest(session, key, digest, signature), "sign");
    is_fine(module->C_VerifyInit(session, &mechanism, find(session, CKO_PUBLIC_KEY)),
            "C_VerifyInit");
    is_fine(module->C_Verify(session, digest, 32, signature, 64), "C_Verify");
}

/* --- wrong use ---------------------------------------------------------------------------------
 */

static int works_before_initialize(const char *name)
{
    static const char *const names[] = {"C_Initialize", "C_GetFunctionList", "C_GetInterfaceList",
                                        "C_GetInterface"};

    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(name, names[i]) == 0)
            return 1;
    return 0;
}

static void expect_uninitialized(void)
{
    for (size_t i = 0; i < COUNT(functions); i++) {
        CK_RV got =
            works_before_initialize(functions[i].name) ? CKR_CRYPTOKI_NOT_INITIALIZED : call(i, 0);

        /* Legacy functions may answer what they always answer. */
        if (got != CKR_CRYPTOKI_NOT_INITIALIZED && got != CKR_FUNCTION_NOT_SUPPORTED &&
            got != CKR_FUNCTION_NOT_PARALLEL)
            fail("%s before C_Initialize: 0x%lx", functions[i].name, got);
    }
}

/* Those that take no number first. */
static int takes_pointer_first(const char *name)
{
    static const char *const names[] = {"C_Finalize", "C_GetInfo"};

    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(name, names[i]) == 0)
            return 1;
    return works_before_initialize(name);
}

/* Every function with nothing but zeros behind a session, slot or handle, good or absurd. */
static void scenario_zeros(void)
{
    expect_uninitialized();
    expect(module->C_GetFunctionList(NULL), CKR_ARGUMENTS_BAD, "C_GetFunctionList");
    expect(module->C_GetInterfaceList(NULL, NULL), CKR_ARGUMENTS_BAD, "C_GetInterfaceList");
    expect(module->C_GetInterface(NULL, NULL, NULL, 0), CKR_ARGUMENTS_BAD, "C_GetInterface");
    for (size_t i = 0; i < COUNT(functions); i++) {
        const CK_ULONG firsts[] = {0, 1, SLOT, 12345, ~0UL, 1UL << 63, 0};

        if (takes_pointer_first(functions[i].name))
            continue;
        for (size_t j = 0; j < COUNT(firsts); j++) {
            initialize();
            call(i, j + 1 < COUNT(firsts) ? firsts[j] : open_session());
            is_fine(module->C_Finalize(NULL), "C_Finalize");
        }
    }
    expect(module->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED, "C_Finalize twice");
}

static void scenario_order(void)
{
    CK_OBJECT_HANDLE key;
    CK_SESSION_HANDLE session = start(&key);
    CK_MECHANISM ecdsa = {CKM_ECDSA, NULL, 0};
    CK_MECHANISM sha256 = {CKM_ECDSA_SHA256, NULL, 0};
    CK_MECHANISM absurd = {0x7fffffff, NULL, 0};
    CK_BYTE data[64] = {1};
    CK_BYTE signature[64];
    CK_OBJECT_HANDLE object;
    CK_ULONG size = sizeof signature;
    CK_ULONG count;

    expect(module->C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED, "C_Initialize twice");
    expect(module->C_Login(session, CKU_USER, NULL, 0), CKR_USER_ALREADY_LOGGED_IN,
           "C_Login twice");
    expect(module->C_Sign(session, data, 32, signature, &size), CKR_OPERATION_NOT_INITIALIZED,
           "C_Sign without C_SignInit");
    expect(module->C_SignFinal(session, signature, &size), CKR_OPERATION_NOT_INITIALIZED,
           "C_SignFinal without C_SignInit");
    expect(module->C_FindObjects(session, &object, 1, &count), CKR_OPERATION_NOT_INITIALIZED,
           "C_FindObjects without C_FindObjectsInit");
    expect(module->C_SignInit(session, &absurd, key), CKR_MECHANISM_INVALID, "an absurd mechanism");
    expect(module->C_SignInit(session, &ecdsa, ~0UL), CKR_KEY_HANDLE_INVALID, "an absurd key");
    is_fine(module->C_SignInit(session, &ecdsa, key), "C_SignInit");
    expect(module->C_SignInit(session, &ecdsa, key), CKR_OPERATION_ACTIVE, "C_SignInit twice");
    size = 10;
    expect(module->C_Sign(session, data, 32, signature, &size), CKR_BUFFER_TOO_SMALL,
           "little room");
    expect(size, 64, "the size that is needed");
    is_fine(module->C_Sign(session, data, 32, NULL, &size), "asking for the size");
    is_fine(module->C_Sign(session, data, 32, signature, &size), "C_Sign with enough room");
    is_fine(module->C_SignInit(session, &ecdsa, key), "C_SignInit");
    expect(module->C_Sign(session, data, ~0UL, signature, &size), CKR_DATA_LEN_RANGE,
           "a digest of an absurd length");
    is_fine(module->C_SignInit(session, &sha256, key), "C_SignInit after a failure");
    is_fine(module->C_SignUpdate(session, data, 5), "C_SignUpdate");
    expect(module->C_Sign(session, data, 5, signature, &size), CKR_OPERATION_NOT_INITIALIZED,
           "C_Sign in the middle of parts");
    is_fine(module->C_CloseSession(session), "C_CloseSession in the middle of an operation");
    expect(module->C_SignUpdate(session, data, 5), CKR_SESSION_HANDLE_INVALID, "a closed session");
    is_fine(module->C_Finalize(NULL), "C_Finalize");
}

static void scenario_handles(void)
{
    static const CK_ULONG handles[] = {0,     1,         2,         3,        255, 256,
                                       65535, 1UL << 31, 1UL << 32, ~0UL - 1, ~0UL};
    CK_OBJECT_HANDLE key;
    CK_SESSION_HANDLE session = start(&key);
    CK_OBJECT_CLASS class;
    CK_ATTRIBUTE attribute = {CKA_CLASS, &class, sizeof class};
    CK_SESSION_INFO info;

    for (size_t i = 0; i < COUNT(handles); i++) {
        CK_RV result = module->C_GetAttributeValue(session, handles[i], &attribute, 1);

        if (result != CKR_OK && result != CKR_OBJECT_HANDLE_INVALID)
            fail("object %lx: 0x%lx", handles[i], result);
        if (handles[i] != session)
            expect(module->C_GetSessionInfo(handles[i], &info), CKR_SESSION_HANDLE_INVALID,
                   "a session");
        if (handles[i] != 1 && handles[i] != SLOT)
            expect(module->C_GetSlotInfo(handles[i], &(CK_SLOT_INFO){0}), CKR_SLOT_ID_INVALID,
                   "a slot");
    }
    sign_and_verify(session, key);
    is_fine(module->C_Finalize(NULL), "C_Finalize");
}

#define SESSIONS 10000

static void scenario_sessions(void)
{
    static CK_SESSION_HANDLE sessions[SESSIONS];
    CK_OBJECT_HANDLE key;

    start(&key);
    for (size_t i = 0; i < SESSIONS; i++)
        sessions[i] = open_session();
    for (size_t i = 0; i < SESSIONS; i += 1000)
        sign_and_verify(sessions[i], key);
    for (size_t i = 0; i < SESSIONS; i += 2)
        is_fine(module->C_CloseSession(sessions[i]), "C_CloseSession");
    sign_and_verify(sessions[SESSIONS - 1], key);
    is_fine(module->C_CloseAllSessions(SLOT), "C_CloseAllSessions");
    expect(module->C_CloseSession(sessions[1]), CKR_SESSION_HANDLE_INVALID, "a closed session");
    is_fine(module->C_Finalize(NULL), "C_Finalize");
}

static void scenario_descriptors(void)
{
    struct rlimit none = {3, 3};
    struct rlimit before;
    CK_OBJECT_HANDLE key;
    CK_SESSION_HANDLE session;

    getrlimit(RLIMIT_NOFILE, &before);
    none.rlim_max = before.rlim_max;
    setrlimit(RLIMIT_NOFILE, &none);
    initialize();
    expect(module->C_OpenSession(SLOT, CKF_SERIAL_SESSION, NULL, NULL, &session), CKR_HOST_MEMORY,
           "without a descriptor");
    setrlimit(RLIMIT_NOFILE, &before);
    is_fine(module->C_Finalize(NULL), "C_Finalize");
    session = start(&key);
    sign_and_verify(session, key);
    is_fine(module->C_Finalize(NULL), "C_Finalize");
}

/* --- threads -----------------------------------------------------------------------------------
 */

#define ROUNDS 300

typedef struct {
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE key;
    CK_OBJECT_HANDLE public_key;
} Shared;

/* Two of these use one session: a call finds whatever the other left, but what it calls a signature
 * is one. */
static void *sign_on_a_shared_session(void *data)
{
    const Shared *shared = data;
    CK_SESSION_HANDLE own = open_session();
    CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
    CK_BYTE digest[32] = {(CK_BYTE)own};
    CK_BYTE signature[64];

    for (int i = 0; i < ROUNDS; i++) {
        CK_RV result = sign_digest(shared->session, shared->key, digest, signature);

        if (result == CKR_OPERATION_ACTIVE || result == CKR_OPERATION_NOT_INITIALIZED)
            continue;
        is_fine(result, "sign on a shared session");
        is_fine(module->C_VerifyInit(own, &mechanism, shared->public_key), "C_VerifyInit");
        is_fine(module->C_Verify(own, digest, 32, signature, 64), "C_Verify");
    }
    return NULL;
}

static void *open_and_close(void *data)
{
    const Shared *shared = data;

    for (int i = 0; i < ROUNDS; i++) {
        CK_SESSION_HANDLE session = open_session();

        if (i % 10 == 0)
            sign_and_verify(session, shared->key);
        is_fine(module->C_CloseSession(session), "C_CloseSession");
    }
    return NULL;
}

static void scenario_threads(void)
{
    void *(*const bodies[])(void *) = {sign_on_a_shared_session, sign_on_a_shared_session,
                                       open_and_close, open_and_close};
    pthread_t threads[COUNT(bodies)];
    Shared shared;

    shared.session = start(&shared.key);
    shared.public_key = find(shared.session, CKO_PUBLIC_KEY);
    for (size_t i = 0; i < COUNT(bodies); i++)
        pthread_create(&threads[i], NULL, bodies[i], &shared);
    for (size_t i = 0; i < COUNT(bodies); i++)
        pthread_join(threads[i], NULL);
    is_fine(module->C_Finalize(NULL), "C_Finalize");
}

/* --- fork --------------------------------------------------------------------------------------
 */

/* In a child nothing is initialised, and everything works again after C_Initialize. */
static void fork_here(const char *where)
{
    CK_OBJECT_HANDLE key;
    CK_SESSION_HANDLE session;
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        expect_uninitialized();
        session = start(&key);
        sign_and_verify(session, key);
        is_fine(module->C_Finalize(NULL), "C_Finalize in the child");
        _exit(0);
    }
    waitpid(child, &status, 0);
    if (status != 0)
        fail("a child forked %s ended with 0x%x", where, (unsigned)status);
}

static void scenario_fork(void)
{
    CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
    CK_OBJECT_HANDLE object;
    CK_SESSION_HANDLE session;
    CK_BYTE data[64] = {1};
    CK_ULONG count;

    fork_here("before C_Initialize");
    initialize();
    fork_here("after C_Initialize");
    session = open_session();
    fork_here("after C_OpenSession");
    is_fine(module->C_Login(session, CKU_USER, NULL, 0), "C_Login");
    fork_here("after C_Login");
    is_fine(module->C_FindObjectsInit(session, NULL, 0), "C_FindObjectsInit");
    fork_here("after C_FindObjectsInit");
    is_fine(module->C_FindObjects(session, &object, 1, &count), "C_FindObjects");
    is_fine(module->C_FindObjectsFinal(session), "C_FindObjectsFinal");
    object = find(session, CKO_PRIVATE_KEY);
    is_fine(module->C_SignInit(session, &mechanism, object), "C_SignInit");
    fork_here("after C_SignInit");
    count = sizeof data;
    is_fine(module->C_Sign(session, data, 32, data, &count), "C_Sign");
    fork_here("after C_Sign");
    sign_and_verify(session, object);
    is_fine(module->C_Finalize(NULL), "C_Finalize");
    fork_here("after C_Finalize");
}

static void scenario_fork_with_threads(void)
{
    pthread_t threads[2];
    Shared shared;

    shared.session = start(&shared.key);
    shared.public_key = find(shared.session, CKO_PUBLIC_KEY);
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_create(&threads[i], NULL, open_and_close, &shared);
    for (int i = 0; i < 10; i++)
        fork_here("while threads are inside");
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    is_fine(module->C_Finalize(NULL), "C_Finalize");
}

/* --- the end -----------------------------------------------------------------------------------
 */

static void scenario_exit(void)
{
    CK_OBJECT_HANDLE key;

    start(&key);
}

static void finalize_at_exit(void)
{
    if (module->C_Finalize(NULL) != CKR_OK)
        _exit(1);
}

static void scenario_exit_late(void)
{
    CK_OBJECT_HANDLE key;

    atexit(finalize_at_exit);
    start(&key);
    dlclose(library);
}

static void scenario_unload(void)
{
    Dl_info information;
    char path[4096];
    CK_OBJECT_HANDLE key;

    dladdr(module->C_Sign, &information);
    snprintf(path, sizeof path, "%s", information.dli_fname);
    for (int i = 0; i < 5; i++) {
        CK_SESSION_HANDLE session = start(&key);

        sign_and_verify(session, key);
        if (i % 2 == 0)
            is_fine(module->C_Finalize(NULL), "C_Finalize");
        dlclose(library);
        load(path);
        if (i % 2 == 1)
            is_fine(module->C_Finalize(NULL), "C_Finalize after dlclose");
    }
}

/* What an ordinary program does, for valgrind: nothing may be left afterwards. */
static void scenario_ordinary(void)
{
    CK_OBJECT_HANDLE key;
    CK_SESSION_HANDLE session = start(&key);
    CK_MECHANISM sha256 = {CKM_SHA256, NULL, 0};
    CK_BYTE data[32] = {1};
    CK_BYTE digest[32];
    CK_ULONG size = sizeof digest;
    CK_TOKEN_INFO token;

    is_fine(module->C_GetTokenInfo(SLOT, &token), "C_GetTokenInfo");
    is_fine(module->C_DigestInit(session, &sha256), "C_DigestInit");
    is_fine(module->C_Digest(session, data, sizeof data, digest, &size), "C_Digest");
    is_fine(module->C_GenerateRandom(session, data, sizeof data), "C_GenerateRandom");
    sign_and_verify(session, key);
    is_fine(module->C_Logout(session), "C_Logout");
    is_fine(module->C_CloseSession(session), "C_CloseSession");
    is_fine(module->C_Finalize(NULL), "C_Finalize");
    dlclose(library);
}

/* Sign until something goes wrong and say what; then, for each line of input, begin anew. */
static void scenario_forever(void)
{
    CK_BYTE digest[32] = {1};
    CK_BYTE signature[64];
    char line[16];

    do {
        CK_OBJECT_HANDLE key;
        CK_SESSION_HANDLE session = start(&key);
        CK_RV result;

        printf("signing\n");
        fflush(stdout);
        while ((result = sign_digest(session, key, digest, signature)) == CKR_OK)
            continue;
        printf("0x%lx\n", result);
        fflush(stdout);
        is_fine(module->C_Finalize(NULL), "C_Finalize");
    } while (fgets(line, sizeof line, stdin));
}

static const struct {
    const char *name;
    void (*run)(void);
} scenarios[] = {
    {"zeros", scenario_zeros},
    {"order", scenario_order},
    {"handles", scenario_handles},
    {"sessions", scenario_sessions},
    {"descriptors", scenario_descriptors},
    {"threads", scenario_threads},
    {"fork", scenario_fork},
    {"fork-with-threads", scenario_fork_with_threads},
    {"exit", scenario_exit},
    {"exit-late", scenario_exit_late},
    {"unload", scenario_unload},
    {"ordinary", scenario_ordinary},
    {"forever", scenario_forever},
};

int main(int argc, char **argv)
{
    if (argc != 3)
        fail("usage: %s MODULE SCENARIO", argv[0]);
    load(argv[1]);
    for (size_t i = 0; i < COUNT(scenarios); i++) {
        if (strcmp(argv[2], scenarios[i].name) == 0) {
            scenarios[i].run();
            return 0;
        }
    }
    fail("no scenario %s", argv[2]);
}
