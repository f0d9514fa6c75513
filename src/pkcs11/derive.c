/* C_DeriveKey (§5.18.5) with ECDH on P-256 (PKCS#11 3.1 §6.3.15): the agent multiplies. */
#include "pkcs11/attribute.h"
#include "pkcs11/attribute_list.h"
#include "pkcs11/cryptoki_functions.h"
#include "pkcs11/mechanism.h"
#include "pkcs11/object_store.h"
#include "pkcs11/sha2.h"

#include <endian.h>

#define SHARED_SIZE 32u /* x of the shared point, in bytes */
#define KEY_MAX 1024u   /* the longest key, in bytes */
#define SHARED_INFO_MAX 65536u

/* What is to be derived. */
typedef struct {
    const CK_ECDH1_DERIVE_PARAMS *params;
    SrSha2Kind hash;     /* of the key derivation function, unless that is CKD_NULL */
    const uint8_t *peer; /* a point, borrowed from params */
    SrKeyObject base;
    SrPlacement placement;
    CK_KEY_TYPE type;
    CK_ULONG size; /* of the key, in bytes */
} Derivation;

/* --- parameters ---------------------------------------------------------------------------------
 */

static CK_RV read_params(const SrSession *session, const CK_MECHANISM *mechanism,
                         Derivation *derivation)
{
    const SrMechanism *known = sr_mechanism_find(session->token, mechanism->mechanism);
    const CK_ECDH1_DERIVE_PARAMS *params = mechanism->pParameter;
    SrSlice point;

    if (!known || !(known->flags & CKF_DERIVE))
        return CKR_MECHANISM_INVALID;
    if (!params || mechanism->ulParameterLen != sizeof *params || !params->pPublicData ||
        (!params->pSharedData && params->ulSharedDataLen > 0) ||
        params->ulSharedDataLen > SHARED_INFO_MAX)
        return CKR_MECHANISM_PARAM_INVALID;
    if (params->kdf == CKD_SHA256_KDF)
        derivation->hash = SR_SHA256;
    else if (params->kdf == CKD_SHA384_KDF)
        derivation->hash = SR_SHA384;
    else if (params->kdf == CKD_SHA512_KDF)
        derivation->hash = SR_SHA512;
    else if (params->kdf != CKD_NULL || params->ulSharedDataLen > 0)
        return CKR_MECHANISM_PARAM_INVALID;
    derivation->params = params;
    point = (SrSlice){params->pPublicData, params->ulPublicDataLen};
    return sr_curve_read_point(sr_curve_get(SR_CURVE_P256), point, &derivation->peer)
               ? CKR_OK
               : CKR_MECHANISM_PARAM_INVALID;
}

static CK_RV check_size(const Derivation *derivation)
{
    const CK_ULONG size = derivation->size;
    const CK_ULONG max = derivation->params->kdf == CKD_NULL ? SHARED_SIZE : KEY_MAX;

    if (size == 0 || size > max)
        return CKR_KEY_SIZE_RANGE;
    if (derivation->type == CKK_AES && size != 16 && size != 24 && size != 32)
        return CKR_KEY_SIZE_RANGE;
    return CKR_OK;
}

/* The secret key's template: a key of the session, for there is nowhere else to keep it. */
static CK_RV read_template(const SrSession *session, const SrTemplate *template,
                           Derivation *derivation)
{
    CK_RV result = sr_attribute_check_template(CKO_SECRET_KEY, template);
    SrSlice value;

    derivation->type = CKK_GENERIC_SECRET;
    derivation->size = SHARED_SIZE;
    if (result == CKR_OK)
        result = sr_placement_check_class(template, CKO_SECRET_KEY);
    if (result == CKR_OK)
        result = sr_template_get_number(template, CKA_KEY_TYPE, &derivation->type);
    if (result == CKR_OK)
        result = sr_template_get_number(template, CKA_VALUE_LEN, &derivation->size);
    if (result == CKR_OK)
        result = sr_placement_read(session, template, &derivation->placement);
    if (result != CKR_OK)
        return result;
    if (derivation->type != CKK_GENERIC_SECRET && derivation->type != CKK_AES)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    if (derivation->placement.is_token || sr_template_get(template, CKA_VALUE, &value))
        return CKR_TEMPLATE_INCONSISTENT;
    return check_size(derivation);
}

static CK_RV read_base(const SrSession *session, CK_OBJECT_HANDLE base_key, Derivation *derivation)
{
    const CK_RV result = sr_object_table_key(session, base_key, CKO_PRIVATE_KEY, &derivation->base);

    if (result != CKR_OK)
        return result;
    return derivation->base.curve->id == SR_CURVE_P256 ? CKR_OK : CKR_KEY_TYPE_INCONSISTENT;
}

/* --- the secret ---------------------------------------------------------------------------------
 */

static CK_RV ask_agent(const SrSession *session, const Derivation *derivation,
                       uint8_t ret_shared[SHARED_SIZE])
{
    SrCall call;
    CK_RV result = sr_call_begin(&call, SR_OPERATION_DERIVE, 16 + SR_POINT_MAX);

    if (result == CKR_OK) {
        sr_packet_put_u64(&call.request, derivation->base.number);
        sr_packet_put_bytes(&call.request, derivation->peer, derivation->base.curve->point_size);
        result = sr_call_run(&call, session->module->link);
    }
    if (result == CKR_OK) {
        size_t size;
        const uint8_t *shared = sr_packet_get_bytes(&call.reply, &size);

        if (sr_call_check(&call) == CKR_OK && size == SHARED_SIZE)
            memcpy(ret_shared, shared, size);
        else
            result = CKR_DEVICE_ERROR;
    }
    sr_call_end(&call);
    if (derivation->base.is_session || derivation->base.always_authenticate)
        return result;
    return sr_token_answered(session->module, session->token, result);
}

/* ANSI X9.63 §5.6.3: hash(shared || counter || info) for the counters from 1. */
static void expand(const Derivation *derivation, const uint8_t shared[SHARED_SIZE],
                   uint8_t *ret_key)
{
    const CK_ECDH1_DERIVE_PARAMS *params = derivation->params;
    const size_t block = sr_sha2_size(derivation->hash);
    uint8_t digest[SR_SHA2_SIZE_MAX];
    uint32_t counter = 1;
    SrSha2 sha2;

    for (size_t at = 0; at < derivation->size; at += block, counter++) {
        const size_t left = derivation->size - at;
        const uint32_t bytes = htobe32(counter);

        sr_sha2_init(&sha2, derivation->hash);
        sr_sha2_update(&sha2, shared, SHARED_SIZE);
        sr_sha2_update(&sha2, &bytes, sizeof bytes);
        sr_sha2_update(&sha2, params->pSharedData, params->ulSharedDataLen);
        sr_sha2_final(&sha2, digest);
        memcpy(ret_key + at, digest, left < block ? left : block);
    }
    explicit_bzero(digest, sizeof digest);
}

/* Without a derivation function a shorter key loses bytes in front (§6.3.15). */
static void make_value(const Derivation *derivation, const uint8_t shared[SHARED_SIZE],
                       uint8_t *ret_key)
{
    if (derivation->params->kdf == CKD_NULL)
        memcpy(ret_key, shared + SHARED_SIZE - derivation->size, derivation->size);
    else
        expand(derivation, shared, ret_key);
}

static CK_RV put_key(SrSession *session, const SrTemplate *template, const Derivation *derivation,
                     SrSlice value, CK_OBJECT_HANDLE *ret_handle)
{
    SrAttributeList list;
    SrSlice attributes;
    CK_RV result;

    sr_attribute_list_begin(&list, template->count + 2,
                            sr_attribute_list_size(template) + value.size + sizeof(CK_KEY_TYPE));
    sr_attribute_list_put(&list, CKA_KEY_TYPE,
                          (SrSlice){(const uint8_t *)&derivation->type, sizeof derivation->type});
    sr_attribute_list_put(&list, CKA_VALUE, value);
    sr_attribute_list_put_kept(&list, CKO_SECRET_KEY, template);
    result = sr_attribute_list_get(&list, &attributes);
    if (result == CKR_OK)
        result = sr_object_store_attributes(session, CKO_SECRET_KEY, &derivation->placement,
                                            attributes, ret_handle);
    sr_attribute_list_end(&list);
    return result;
}

static CK_RV derive(SrSession *session, const SrTemplate *template, const Derivation *derivation,
                    CK_OBJECT_HANDLE *ret_handle)
{
    uint8_t shared[SHARED_SIZE];
    uint8_t key[KEY_MAX];
    CK_RV result = ask_agent(session, derivation, shared);

    if (result == CKR_OK) {
        make_value(derivation, shared, key);
        result =
            put_key(session, template, derivation, (SrSlice){key, derivation->size}, ret_handle);
    }
    explicit_bzero(shared, sizeof shared);
    explicit_bzero(key, sizeof key);
    return result;
}

CK_RV C_DeriveKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE base_key,
                  CK_ATTRIBUTE_PTR template, CK_ULONG count, CK_OBJECT_HANDLE_PTR ret_key)
{
    Derivation derivation = {0};
    SrTemplate wanted;
    SrSession *entered;
    CK_RV result = sr_session_enter(session, &entered);

    if (result != CKR_OK)
        return result;
    result = mechanism && ret_key ? sr_template_read(template, count, &wanted) : CKR_ARGUMENTS_BAD;
    if (result == CKR_OK)
        result = read_params(entered, mechanism, &derivation);
    if (result == CKR_OK)
        result = read_base(entered, base_key, &derivation);
    if (result == CKR_OK)
        result = read_template(entered, &wanted, &derivation);
    if (result == CKR_OK)
        result = derive(entered, &wanted, &derivation, ret_key);
    return sr_session_leave(entered, result);
}
