#include "pkcs11/module.h"

#include "pkcs11/object_table.h"
#include "pkcs11/session_table.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* C_Finalize waits that long for calls of other threads, whose connections it has cut, and then
 * rather leaves their memory alone. */
#define LEAVE_MS 5000u

/* The caller's mutexes, when it gave some and nothing better. */
struct SrLocking {
    CK_C_INITIALIZE_ARGS functions;
    CK_VOID_PTR mutex;
};

/* What PKCS#11 keeps between two functions that share no argument. */
static struct {
    _Atomic(SrModule *) module; /* NULL: not initialised */
    _Atomic pid_t owner;        /* the process that did it */
    atomic_uint inside;         /* threads of that process between enter and leave */
    _Atomic pid_t changer;      /* the process of which a thread is in initialize or finalize */
} the;

static void sleep_ms(long ms)
{
    const struct timespec pause = {.tv_nsec = ms * 1000000};

    nanosleep(&pause, NULL);
}

/* --- entering -------------------------------------------------------------------------------- */

static CK_RV take_mutex(const SrModule *module)
{
    const SrLocking *locking = module->locking;

    if (!locking || locking->functions.LockMutex(locking->mutex) == CKR_OK)
        return CKR_OK;
    return CKR_CANT_LOCK;
}

CK_RV sr_module_enter(SrModule **ret_module)
{
    SrModule *module;
    CK_RV result;

    /* In a child the count may hold what threads of the parent added: it is not touched. */
    if (atomic_load(&the.owner) != getpid())
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    atomic_fetch_add(&the.inside, 1);
    module = atomic_load(&the.module);
    result = module ? take_mutex(module) : CKR_CRYPTOKI_NOT_INITIALIZED;
    if (result != CKR_OK)
        atomic_fetch_sub(&the.inside, 1);
    else
        *ret_module = module;
    return result;
}

CK_RV sr_module_leave(SrModule *module, CK_RV result)
{
    const SrLocking *locking = module->locking;

    if (locking)
        locking->functions.UnlockMutex(locking->mutex);
    atomic_fetch_sub(&the.inside, 1);
    return result;
}

/* --- making and freeing the state ------------------------------------------------------------- */

static CK_RV make_locking(SrModule *module, const CK_C_INITIALIZE_ARGS *args)
{
    SrLocking *locking;

    if (!args || !args->CreateMutex || (args->flags & CKF_OS_LOCKING_OK))
        return CKR_OK;
    locking = calloc(1, sizeof *locking);
    if (!locking)
        return CKR_HOST_MEMORY;
    locking->functions = *args;
    if (args->CreateMutex(&locking->mutex) != CKR_OK) {
        free(locking);
        return CKR_CANT_LOCK;
    }
    module->locking = locking;
    return CKR_OK;
}

static void module_free(SrModule *module)
{
    sr_session_table_free(module->sessions);
    sr_object_table_free(module->objects);
    sr_link_free(module->link);
    if (module->locking)
        module->locking->functions.DestroyMutex(module->locking->mutex);
    free(module->locking);
    for (size_t i = 0; i < SR_TOKENS; i++)
        pthread_mutex_destroy(&module->tokens[i].logging_in);
    free(module);
}

static CK_RV module_new(const CK_C_INITIALIZE_ARGS *args, SrModule **ret_module)
{
    SrModule *module = calloc(1, sizeof *module);
    CK_RV result;

    if (!module)
        return CKR_HOST_MEMORY;
    for (size_t i = 0; i < SR_TOKENS; i++) {
        pthread_mutex_init(&module->tokens[i].logging_in, NULL);
        module->tokens[i].user = SR_NOBODY;
    }
    module->link = sr_link_new();
    module->sessions = sr_session_table_new();
    module->objects = sr_object_table_new(module);
    result = module->link && module->sessions && module->objects ? make_locking(module, args)
                                                                 : CKR_HOST_MEMORY;
    if (result != CKR_OK)
        module_free(module);
    else
        *ret_module = module;
    return result;
}

/* --- C_Initialize and C_Finalize -------------------------------------------------------------- */

/* One thread at a time changes the state. A parent's thread that did so at the moment of the fork
 * does not exist in the child. */
static CK_RV begin_change(void)
{
    const pid_t self = getpid();

    for (unsigned waited = 0; waited < 2 * LEAVE_MS; waited++) {
        pid_t changer = atomic_load(&the.changer);

        if (changer != self && atomic_compare_exchange_strong(&the.changer, &changer, self))
            return CKR_OK;
        sleep_ms(1);
    }
    return CKR_FUNCTION_FAILED;
}

static CK_RV end_change(CK_RV result)
{
    atomic_store(&the.changer, 0);
    return result;
}

static CK_RV check_args(const CK_C_INITIALIZE_ARGS *args)
{
    int given;

    if (!args)
        return CKR_OK;
    given = (args->CreateMutex != NULL) + (args->DestroyMutex != NULL) + (args->LockMutex != NULL) +
            (args->UnlockMutex != NULL);
    return args->pReserved || (given != 0 && given != 4) ? CKR_ARGUMENTS_BAD : CKR_OK;
}

/* The state of the parent, which may have been changing at the moment of the fork: only its
 * descriptors are taken back, its memory stays. */
static void abandon_parent(void)
{
    SrModule *module = atomic_exchange(&the.module, NULL);

    if (module)
        sr_link_abandon(module->link);
    atomic_store(&the.inside, 0);
}

static CK_RV initialize(const CK_C_INITIALIZE_ARGS *args)
{
    SrModule *module;
    CK_RV result;

    if (atomic_load(&the.owner) != getpid())
        abandon_parent();
    if (atomic_load(&the.module))
        return CKR_CRYPTOKI_ALREADY_INITIALIZED;
    result = module_new(args, &module);
    if (result != CKR_OK)
        return result;
    atomic_store(&the.module, module);
    atomic_store(&the.owner, getpid());
    return CKR_OK;
}

CK_RV sr_module_initialize(const CK_C_INITIALIZE_ARGS *args)
{
    CK_RV result = check_args(args);

    if (result == CKR_OK)
        result = begin_change();
    return result == CKR_OK ? end_change(initialize(args)) : result;
}

/* Whether every other thread has left. */
static bool wait_until_empty(void)
{
    for (unsigned waited = 0; atomic_load(&the.inside) > 0; waited++) {
        if (waited == LEAVE_MS)
            return false;
        sleep_ms(1);
    }
    return true;
}

static CK_RV finalize(void)
{
    SrModule *module =
        atomic_load(&the.owner) == getpid() ? atomic_exchange(&the.module, NULL) : NULL;

    if (!module)
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    sr_link_shut(module->link);
    if (wait_until_empty())
        module_free(module);
    return CKR_OK;
}

CK_RV sr_module_finalize(void)
{
    const CK_RV result = begin_change();

    return result == CKR_OK ? end_change(finalize()) : result;
}
