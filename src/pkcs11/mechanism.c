#include "pkcs11/mechanism.h"

#include "pkcs11/cryptoki_functions.h"
#include "pkcs11/module.h"

#define ACCOUNTS (1u << SR_TOKEN_ACCOUNTS)
#define KEYS (1u << SR_TOKEN_KEYS)
#define BOTH (ACCOUNTS | KEYS)

#define SECP256K1 (1u << SR_CURVE_SECP256K1)
#define P256 (1u << SR_CURVE_P256)
#define ED25519 (1u << SR_CURVE_ED25519)

#define WEIERSTRASS (CKF_EC_F_P | CKF_EC_ECPARAMETERS | CKF_EC_OID | CKF_EC_UNCOMPRESS)
#define EDWARDS (CKF_EC_F_P | CKF_EC_OID | CKF_EC_CURVENAME)
#define SIGNS (CKF_SIGN | CKF_VERIFY)

/*
 * In the order of C_GetMechanismList; some callers take the first that fits, so the vendor's own
 * come last.
 */
static const SrMechanism mechanisms[] = {
    {CKM_EC_KEY_PAIR_GEN, 256, 256, CKF_GENERATE_KEY_PAIR | WEIERSTRASS, BOTH, SECP256K1 | P256},
    {CKM_ECDSA, 256, 256, SIGNS | WEIERSTRASS, BOTH, SECP256K1 | P256},
    {CKM_ECDSA_SHA256, 256, 256, SIGNS | WEIERSTRASS, BOTH, SECP256K1 | P256},
    {CKM_ECDSA_SHA384, 256, 256, SIGNS | WEIERSTRASS, BOTH, SECP256K1 | P256},
    {CKM_ECDSA_SHA512, 256, 256, SIGNS | WEIERSTRASS, BOTH, SECP256K1 | P256},
    {CKM_ECDH1_DERIVE, 256, 256, CKF_DERIVE | WEIERSTRASS, KEYS, P256},
    {CKM_ECDH1_COFACTOR_DERIVE, 256, 256, CKF_DERIVE | WEIERSTRASS, KEYS, P256},
    {CKM_EC_EDWARDS_KEY_PAIR_GEN, 255, 255, CKF_GENERATE_KEY_PAIR | EDWARDS, KEYS, ED25519},
    {CKM_EDDSA, 255, 255, SIGNS | EDWARDS, KEYS, ED25519},
    {CKM_SHA256, 0, 0, CKF_DIGEST, BOTH, 0},
    {CKM_SHA384, 0, 0, CKF_DIGEST, BOTH, 0},
    {CKM_SHA512, 0, 0, CKF_DIGEST, BOTH, 0},
    {CKM_SEALRING_KECCAK_256, 0, 0, CKF_DIGEST, BOTH, 0},
    {CKM_SEALRING_PERSONAL_SIGN, 256, 256, SIGNS | WEIERSTRASS, ACCOUNTS, SECP256K1},
    {CKM_SEALRING_SIWE, 256, 256, SIGNS | WEIERSTRASS, ACCOUNTS, SECP256K1},
};

#define MECHANISMS (sizeof mechanisms / sizeof mechanisms[0])

const SrMechanism *sr_mechanism_find(SrToken token, CK_MECHANISM_TYPE type)
{
    for (size_t i = 0; i < MECHANISMS; i++)
        if (mechanisms[i].type == type)
            return mechanisms[i].tokens & 1u << token ? &mechanisms[i] : NULL;
    return NULL;
}

size_t sr_mechanism_list(unsigned curve, CK_FLAGS flags, CK_MECHANISM_TYPE *ret_types, size_t room)
{
    size_t count = 0;

    for (size_t i = 0; i < MECHANISMS && count < room; i++)
        if (mechanisms[i].curves & 1u << curve && mechanisms[i].flags & flags)
            ret_types[count++] = mechanisms[i].type;
    return count;
}

/* --- entry points -------------------------------------------------------------------------------
 */

static CK_RV list(SrToken token, CK_MECHANISM_TYPE *ret_types, CK_ULONG *ret_count)
{
    const CK_ULONG room = ret_types ? *ret_count : 0;
    CK_ULONG count = 0;

    for (size_t i = 0; i < MECHANISMS; i++) {
        if (!(mechanisms[i].tokens & 1u << token))
            continue;
        if (count < room)
            ret_types[count] = mechanisms[i].type;
        count++;
    }
    *ret_count = count;
    return ret_types && count > room ? CKR_BUFFER_TOO_SMALL : CKR_OK;
}

CK_RV C_GetMechanismList(CK_SLOT_ID slot, CK_MECHANISM_TYPE_PTR ret_types, CK_ULONG_PTR ret_count)
{
    SrModule *module;
    SrToken token;
    CK_RV result = sr_module_enter(&module);

    if (result != CKR_OK)
        return result;
    result = ret_count ? sr_token_in_slot(module, slot, &token) : CKR_ARGUMENTS_BAD;
    if (result == CKR_OK)
        result = list(token, ret_types, ret_count);
    return sr_module_leave(module, result);
}

CK_RV C_GetMechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO_PTR ret_info)
{
    const SrMechanism *mechanism = NULL;
    SrModule *module;
    SrToken token;
    CK_RV result = sr_module_enter(&module);

    if (result != CKR_OK)
        return result;
    result = ret_info ? sr_token_in_slot(module, slot, &token) : CKR_ARGUMENTS_BAD;
    if (result == CKR_OK) {
        mechanism = sr_mechanism_find(token, type);
        if (!mechanism)
            result = CKR_MECHANISM_INVALID;
    }
    if (result == CKR_OK)
        *ret_info = (CK_MECHANISM_INFO){mechanism->min, mechanism->max, mechanism->flags};
    return sr_module_leave(module, result);
}
