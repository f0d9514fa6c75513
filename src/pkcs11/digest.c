#include "pkcs11/digest.h"

#include "pkcs11/cryptoki_functions.h"
#include "pkcs11/mechanism.h"
#include "pkcs11/object_table.h"

#include <stdlib.h>

bool sr_digest_init(SrDigest *digest, CK_MECHANISM_TYPE mechanism)
{
    SrSha2Kind kind;

    digest->is_keccak = mechanism == CKM_SEALRING_KECCAK_256;
    if (digest->is_keccak) {
        sr_keccak_init(&digest->state.keccak);
        digest->size = SR_KECCAK256_SIZE;
        return true;
    }
    if (mechanism == CKM_SHA256)
        kind = SR_SHA256;
    else if (mechanism == CKM_SHA384)
        kind = SR_SHA384;
    else if (mechanism == CKM_SHA512)
        kind = SR_SHA512;
    else
        return false;
    sr_sha2_init(&digest->state.sha2, kind);
    digest->size = sr_sha2_size(kind);
    return true;
}

void sr_digest_update(SrDigest *digest, const void *data, size_t size)
{
    if (digest->is_keccak)
        sr_keccak_update(&digest->state.keccak, data, size);
    else
        sr_sha2_update(&digest->state.sha2, data, size);
}

void sr_digest_final(SrDigest *digest, uint8_t *ret_digest)
{
    if (digest->is_keccak)
        sr_keccak_final(&digest->state.keccak, 0x01, ret_digest);
    else
        sr_sha2_final(&digest->state.sha2, ret_digest);
}

/* --- the operation (§5.12) ----------------------------------------------------------------------
 */

typedef struct {
    SrDigest digest;
    bool is_multipart; /* C_DigestUpdate or C_DigestKey was called: C_Digest may not end it */
} Operation;

static void operation_free(void *state)
{
    explicit_bzero(state, sizeof(Operation));
    free(state);
}

static CK_RV begin(SrSession *session, const CK_MECHANISM *mechanism)
{
    const SrMechanism *known = sr_mechanism_find(session->token, mechanism->mechanism);
    Operation *operation;

    if (!known || !(known->flags & CKF_DIGEST))
        return CKR_MECHANISM_INVALID;
    if (mechanism->ulParameterLen > 0)
        return CKR_MECHANISM_PARAM_INVALID;
    operation = calloc(1, sizeof *operation);
    if (!operation)
        return CKR_HOST_MEMORY;
    sr_digest_init(&operation->digest, mechanism->mechanism);
    sr_session_begin(session, SR_ACTIVE_DIGEST, operation, operation_free);
    return CKR_OK;
}

/* Without a @mechanism the active operation ends (3.0 §5.12.1), as in C_SignInit. */
static CK_RV init(SrSession *session, const CK_MECHANISM *mechanism)
{
    const bool is_active = sr_session_active(session, SR_ACTIVE_DIGEST) != NULL;

    if (!mechanism) {
        sr_session_end(session, SR_ACTIVE_DIGEST);
        return is_active ? CKR_OK : CKR_ARGUMENTS_BAD;
    }
    return is_active ? CKR_OPERATION_ACTIVE : begin(session, mechanism);
}

CK_RV C_DigestInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism)
{
    SrSession *entered;
    const CK_RV result = sr_session_enter(session, &entered);

    if (result != CKR_OK)
        return result;
    return sr_session_leave(entered, init(entered, mechanism));
}

/* Enter the session, in which a digest is to be active. */
static CK_RV enter(CK_SESSION_HANDLE session, SrSession **ret_session, Operation **ret_operation)
{
    CK_RV result = sr_session_enter(session, ret_session);

    if (result != CKR_OK)
        return result;
    *ret_operation = sr_session_active(*ret_session, SR_ACTIVE_DIGEST);
    if (*ret_operation)
        return CKR_OK;
    sr_session_leave(*ret_session, CKR_OPERATION_NOT_INITIALIZED);
    return CKR_OPERATION_NOT_INITIALIZED;
}

/*
 * Leave after @result. The operation goes on after a success that does not end it, and after
 * questions about the result's size (§5.2); any other call ends it.
 */
static CK_RV leave(SrSession *session, CK_RV result, bool goes_on)
{
    if (!goes_on && result != CKR_BUFFER_TOO_SMALL)
        sr_session_end(session, SR_ACTIVE_DIGEST);
    return sr_session_leave(session, result);
}

/* Whether the digest can be written now; else *ret_size says how long it will be. */
static CK_RV check_room(const Operation *operation, const CK_BYTE *ret_digest, CK_ULONG *ret_size)
{
    const CK_ULONG room = *ret_size;

    *ret_size = operation->digest.size;
    return ret_digest && room < operation->digest.size ? CKR_BUFFER_TOO_SMALL : CKR_OK;
}

CK_RV C_Digest(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size, CK_BYTE_PTR ret_digest,
               CK_ULONG_PTR ret_size)
{
    Operation *operation;
    SrSession *entered;
    CK_RV result = enter(session, &entered, &operation);

    if (result != CKR_OK)
        return result;
    if (!ret_size || (!data && size > 0))
        return leave(entered, CKR_ARGUMENTS_BAD, false);
    if (operation->is_multipart)
        return leave(entered, CKR_OPERATION_NOT_INITIALIZED, false);
    result = check_room(operation, ret_digest, ret_size);
    if (result == CKR_OK && ret_digest) {
        sr_digest_update(&operation->digest, data, size);
        sr_digest_final(&operation->digest, ret_digest);
    }
    return leave(entered, result, !ret_digest);
}

CK_RV C_DigestUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size)
{
    Operation *operation;
    SrSession *entered;
    CK_RV result = enter(session, &entered, &operation);

    if (result != CKR_OK)
        return result;
    if (!data && size > 0)
        return leave(entered, CKR_ARGUMENTS_BAD, false);
    operation->is_multipart = true;
    sr_digest_update(&operation->digest, data, size);
    return leave(entered, CKR_OK, true);
}

/* Take in the value of the secret key @key (§5.12.4), sensitive or not. */
static CK_RV digest_key(SrSession *session, Operation *operation, CK_OBJECT_HANDLE key)
{
    SrObjectTable *table = session->module->objects;
    SrObject object;
    SrSlice value;
    CK_RV result;

    sr_object_table_lock(table);
    result = sr_object_table_get(table, session, key, &object);
    if (result != CKR_OK)
        result = CKR_KEY_HANDLE_INVALID;
    else if (sr_object_class(&object) != CKO_SECRET_KEY ||
             !sr_entry_attribute(object.entry, CKA_VALUE, &value))
        result = CKR_KEY_INDIGESTIBLE;
    else
        sr_digest_update(&operation->digest, value.data, value.size);
    sr_object_table_unlock(table);
    return result;
}

CK_RV C_DigestKey(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    Operation *operation;
    SrSession *entered;
    CK_RV result = enter(session, &entered, &operation);

    if (result != CKR_OK)
        return result;
    operation->is_multipart = true;
    result = digest_key(entered, operation, key);
    return leave(entered, result, result == CKR_OK);
}

CK_RV C_DigestFinal(CK_SESSION_HANDLE session, CK_BYTE_PTR ret_digest, CK_ULONG_PTR ret_size)
{
    Operation *operation;
    SrSession *entered;
    CK_RV result = enter(session, &entered, &operation);

    if (result != CKR_OK)
        return result;
    if (!ret_size)
        return leave(entered, CKR_ARGUMENTS_BAD, false);
    result = check_room(operation, ret_digest, ret_size);
    if (result == CKR_OK && ret_digest)
        sr_digest_final(&operation->digest, ret_digest);
    return leave(entered, result, !ret_digest);
}
