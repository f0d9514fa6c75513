/*
 * What is being signed or verified: the key, how, and the data so far. Used by sign.c and verify.c.
 *
 * For the keys token and for keys of the application the module digests the data itself, of any
 * size. For an account the message goes to the agent, which shows it to the user.
 */
#pragma once

#include "pkcs11/object_table.h"
#include "pkcs11/session.h"
#include "pkcs11/sha2.h"

#define SR_SIGNATURE_MAX 65u

typedef struct {
    SrKeyObject key;
    SrScheme scheme; /* for the agent, of the data below */
    size_t size;     /* of the signature, in bytes */
    size_t limit;    /* of the data */
    bool is_digested;
    bool is_multi_part;
    SrSha2 digest;
    uint8_t *data; /* collected from several parts */
    size_t data_size;
    size_t data_room;
} SrSignature;

/* What goes to the agent; borrowed. */
typedef struct {
    const uint8_t *data;
    size_t size;
    uint8_t digest[SR_SHA2_SIZE_MAX];
} SrSignatureInput;

/*
 * C_SignInit and C_VerifyInit (@use: CKF_SIGN or CKF_VERIFY): make an operation active. Without a
 * @mechanism end it, CKR_ARGUMENTS_BAD when none is active. CKR_OPERATION_ACTIVE,
 * CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID, CKR_KEY_HANDLE_INVALID,
 * CKR_KEY_TYPE_INCONSISTENT, CKR_HOST_MEMORY.
 */
CK_RV sr_signature_init(SrSession *session, SrActive active, CK_FLAGS use,
                        const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);

/*
 * C_SignUpdate and C_VerifyUpdate: take in a part of the data; a failure ends the operation.
 * CKR_OPERATION_NOT_INITIALIZED, CKR_ARGUMENTS_BAD, CKR_DATA_LEN_RANGE, CKR_HOST_MEMORY.
 */
CK_RV sr_signature_update(SrSession *session, SrActive active, const uint8_t *data, CK_ULONG size);

/* The whole data is what was taken in, or else @data. CKR_DATA_LEN_RANGE. */
CK_RV sr_signature_finish(SrSignature *signature, const uint8_t *data, size_t size,
                          SrSignatureInput *ret_input);
