#include "pkcs11/token.h"

#include "pkcs11/module.h"

CK_USER_TYPE sr_token_user(SrModule *module, SrToken token)
{
    const SrTokenState *state = &module->tokens[token];

    if (atomic_load(&state->epoch) != sr_link_epoch(module->link))
        return SR_NOBODY;
    return atomic_load(&state->user);
}

bool sr_token_is_open(SrModule *module, SrToken token)
{
    return sr_token_user(module, token) == CKU_USER;
}

void sr_token_set_user(SrModule *module, SrToken token, CK_USER_TYPE user)
{
    SrTokenState *state = &module->tokens[token];

    atomic_store(&state->epoch, sr_link_epoch(module->link));
    atomic_store(&state->user, user);
}

CK_RV sr_token_answered(SrModule *module, SrToken token, CK_RV result)
{
    if (result == CKR_USER_NOT_LOGGED_IN && sr_token_is_open(module, token))
        sr_token_set_user(module, token, SR_NOBODY);
    return result;
}

CK_SLOT_ID sr_token_slot(SrToken token)
{
    return (CK_SLOT_ID)token + 1;
}

CK_RV sr_token_in_slot(SrModule *module, CK_SLOT_ID slot, SrToken *ret_token)
{
    unsigned shown;
    CK_RV result;

    if (slot == 0 || slot > SR_TOKENS)
        return CKR_SLOT_ID_INVALID;
    *ret_token = (SrToken)(slot - 1);
    result = sr_link_tokens(module->link, &shown);
    if (result == CKR_DEVICE_REMOVED)
        return CKR_TOKEN_NOT_PRESENT;
    if (result == CKR_OK && !(shown & 1u << *ret_token))
        return CKR_TOKEN_NOT_PRESENT;
    return result;
}
