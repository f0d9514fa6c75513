/* C_SeedRandom, C_GenerateRandom (§5.15): the kernel's generator, without the agent. */
#include "pkcs11/cryptoki_functions.h"
#include "pkcs11/session.h"

#include <errno.h>
#include <sys/random.h>

CK_RV C_SeedRandom(CK_SESSION_HANDLE session, CK_BYTE_PTR seed, CK_ULONG size)
{
    SrSession *opened;
    const CK_RV result = sr_session_enter(session, &opened);

    (void)size;
    if (result != CKR_OK)
        return result;
    return sr_session_leave(opened, seed ? CKR_RANDOM_SEED_NOT_SUPPORTED : CKR_ARGUMENTS_BAD);
}

static CK_RV fill(CK_BYTE *bytes, CK_ULONG size)
{
    while (size > 0) {
        const ssize_t got = getrandom(bytes, size, 0);

        if (got < 0 && errno != EINTR)
            return CKR_RANDOM_NO_RNG;
        if (got > 0) {
            bytes += got;
            size -= (CK_ULONG)got;
        }
    }
    return CKR_OK;
}

CK_RV C_GenerateRandom(CK_SESSION_HANDLE session, CK_BYTE_PTR ret_random, CK_ULONG size)
{
    SrSession *opened;
    const CK_RV result = sr_session_enter(session, &opened);

    if (result != CKR_OK)
        return result;
    return sr_session_leave(opened, ret_random ? fill(ret_random, size) : CKR_ARGUMENTS_BAD);
}
