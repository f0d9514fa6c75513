#include "pkcs11/signature.h"

#include "pkcs11/mechanism.h"

#include <stdlib.h>
#include <string.h>

#define DIGEST_MAX 64u
#define ACCOUNT_MESSAGE_MAX 65536u
#define MESSAGE_MAX 1048576u
#define ROOM_FIRST 256u
#define NOT_DIGESTED (-1)

typedef struct {
    CK_MECHANISM_TYPE type;
    SrScheme scheme;
    int sha2; /* SrSha2Kind */
    size_t size;
} Kind;

static const Kind kinds[] = {
    {CKM_ECDSA, SR_SCHEME_DIGEST, NOT_DIGESTED, 64},
    {CKM_ECDSA_SHA256, SR_SCHEME_SHA256, SR_SHA256, 64},
    {CKM_ECDSA_SHA384, SR_SCHEME_SHA384, SR_SHA384, 64},
    {CKM_ECDSA_SHA512, SR_SCHEME_SHA512, SR_SHA512, 64},
    {CKM_EDDSA, SR_SCHEME_EDDSA, NOT_DIGESTED, 64},
    {CKM_SEALRING_PERSONAL_SIGN, SR_SCHEME_PERSONAL, NOT_DIGESTED, 65},
    {CKM_SEALRING_SIWE, SR_SCHEME_SIWE, NOT_DIGESTED, 65},
};

static const Kind *find_kind(CK_MECHANISM_TYPE type)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].type == type)
            return &kinds[i];
    return NULL;
}

/* --- beginning -------------------------------------------------------------------------------- */

static void release(void *state)
{
    SrSignature *signature = state;

    if (signature->data)
        explicit_bzero(signature->data, signature->data_size);
    free(signature->data);
    explicit_bzero(signature, sizeof *signature);
    free(signature);
}

/* No mechanism for signatures here takes a parameter; EdDSA without one is Ed25519. */
static CK_RV find_mechanism(const SrSession *session, CK_FLAGS use, const CK_MECHANISM *mechanism,
                            const SrMechanism **ret_mechanism, const Kind **ret_kind)
{
    *ret_mechanism = sr_mechanism_find(session->token, mechanism->mechanism);
    *ret_kind = find_kind(mechanism->mechanism);
    if (!*ret_mechanism || !*ret_kind || !((*ret_mechanism)->flags & use))
        return CKR_MECHANISM_INVALID;
    return mechanism->ulParameterLen > 0 ? CKR_MECHANISM_PARAM_INVALID : CKR_OK;
}

/* The user is shown what an account signs; nobody is shown anything else. */
static bool is_shown(const SrSignature *signature, CK_FLAGS use)
{
    return use == CKF_SIGN && signature->key.curve->token == SR_TOKEN_ACCOUNTS &&
           !signature->key.is_session;
}

static void set_scheme(SrSignature *signature, const Kind *kind, CK_FLAGS use)
{
    signature->size = kind->size;
    signature->scheme = kind->scheme;
    signature->is_digested = kind->sha2 != NOT_DIGESTED && !is_shown(signature, use);
    if (signature->is_digested) {
        signature->scheme = SR_SCHEME_DIGEST;
        sr_sha2_init(&signature->digest, (SrSha2Kind)kind->sha2);
    } else if (kind->scheme == SR_SCHEME_DIGEST) {
        signature->limit = DIGEST_MAX;
    } else if (kind->scheme == SR_SCHEME_EDDSA) {
        signature->limit = MESSAGE_MAX;
    } else {
        signature->limit = ACCOUNT_MESSAGE_MAX;
    }
}

static CK_RV begin(SrSession *session, SrActive active, CK_FLAGS use, const CK_MECHANISM *mechanism,
                   CK_OBJECT_HANDLE key)
{
    const SrMechanism *row;
    const Kind *kind;
    SrKeyObject object;
    SrSignature *signature;
    CK_RV result = find_mechanism(session, use, mechanism, &row, &kind);

    if (result == CKR_OK)
        result = sr_object_table_key(session, key,
                                     use == CKF_SIGN ? CKO_PRIVATE_KEY : CKO_PUBLIC_KEY, &object);
    if (result != CKR_OK)
        return result;
    if (!(row->curves & 1u << object.curve->id))
        return CKR_KEY_TYPE_INCONSISTENT;
    signature = calloc(1, sizeof *signature);
    if (!signature)
        return CKR_HOST_MEMORY;
    signature->key = object;
    set_scheme(signature, kind, use);
    sr_session_begin(session, active, signature, release);
    return CKR_OK;
}

CK_RV sr_signature_init(SrSession *session, SrActive active, CK_FLAGS use,
                        const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    const bool is_active = sr_session_active(session, active) != NULL;

    if (!mechanism) {
        sr_session_end(session, active);
        return is_active ? CKR_OK : CKR_ARGUMENTS_BAD;
    }
    return is_active ? CKR_OPERATION_ACTIVE : begin(session, active, use, mechanism, key);
}

/* --- data ------------------------------------------------------------------------------------- */

static bool make_room(SrSignature *signature, size_t size)
{
    size_t room = signature->data_room ? signature->data_room : ROOM_FIRST;
    uint8_t *data;

    if (size <= signature->data_room)
        return true;
    while (room < size)
        room *= 2;
    data = malloc(room);
    if (!data)
        return false;
    if (signature->data) {
        memcpy(data, signature->data, signature->data_size);
        explicit_bzero(signature->data, signature->data_size);
        free(signature->data);
    }
    signature->data = data;
    signature->data_room = room;
    return true;
}

static CK_RV take_in(SrSignature *signature, const uint8_t *data, size_t size)
{
    signature->is_multi_part = true;
    if (signature->is_digested) {
        sr_sha2_update(&signature->digest, data, size);
        return CKR_OK;
    }
    if (size > signature->limit - signature->data_size)
        return CKR_DATA_LEN_RANGE;
    if (!make_room(signature, signature->data_size + size))
        return CKR_HOST_MEMORY;
    if (size > 0)
        memcpy(signature->data + signature->data_size, data, size);
    signature->data_size += size;
    return CKR_OK;
}

CK_RV sr_signature_update(SrSession *session, SrActive active, const uint8_t *data, CK_ULONG size)
{
    SrSignature *signature = sr_session_active(session, active);
    CK_RV result;

    if (!signature)
        return CKR_OPERATION_NOT_INITIALIZED;
    result = !data && size > 0 ? CKR_ARGUMENTS_BAD : take_in(signature, data, size);
    if (result != CKR_OK)
        sr_session_end(session, active);
    return result;
}

static void finish_digest(SrSignature *signature, const uint8_t *data, size_t size,
                          SrSignatureInput *ret_input)
{
    ret_input->data = ret_input->digest;
    ret_input->size = sr_sha2_size(signature->digest.kind);
    sr_sha2_update(&signature->digest, data, size);
    sr_sha2_final(&signature->digest, ret_input->digest);
}

CK_RV sr_signature_finish(SrSignature *signature, const uint8_t *data, size_t size,
                          SrSignatureInput *ret_input)
{
    if (signature->is_digested) {
        finish_digest(signature, data, size, ret_input);
        return CKR_OK;
    }
    ret_input->data = signature->is_multi_part ? signature->data : data;
    ret_input->size = signature->is_multi_part ? signature->data_size : size;
    if (ret_input->size > signature->limit)
        return CKR_DATA_LEN_RANGE;
    return signature->scheme == SR_SCHEME_DIGEST && ret_input->size == 0 ? CKR_DATA_LEN_RANGE
                                                                         : CKR_OK;
}
