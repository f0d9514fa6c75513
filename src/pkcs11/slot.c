/* C_GetSlotList, C_GetSlotInfo, C_GetTokenInfo, C_WaitForSlotEvent (§5.5). */
#include "pkcs11/cryptoki_functions.h"
#include "pkcs11/description.h"
#include "pkcs11/module.h"
#include "pkcs11/session_table.h"

#include <string.h>

/* The flags that the agent knows. */
#define AGENTS_FLAGS                                                                               \
    (CKF_LOGIN_REQUIRED | CKF_PROTECTED_AUTHENTICATION_PATH | CKF_USER_PIN_INITIALIZED |           \
     CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED |                       \
     CKF_USER_PIN_TO_BE_CHANGED | CKF_SO_PIN_COUNT_LOW | CKF_SO_PIN_FINAL_TRY |                    \
     CKF_SO_PIN_LOCKED | CKF_SO_PIN_TO_BE_CHANGED)

static const struct {
    const char *slot;
    const char *serial;
} descriptions[SR_TOKENS] = {
    [SR_TOKEN_ACCOUNTS] = {"sealring: Ethereum accounts (secp256k1)", "accounts"},
    [SR_TOKEN_KEYS] = {"sealring: keys (P-256, Ed25519)", "keys"},
};

/* --- slots ------------------------------------------------------------------------------------ */

static CK_RV get_slot_list(SrModule *module, bool token_present, CK_SLOT_ID_PTR ret_slots,
                           CK_ULONG_PTR ret_count)
{
    unsigned shown = 0;
    CK_SLOT_ID slots[SR_TOKENS];
    CK_ULONG count = 0;
    CK_ULONG room;

    if (!ret_count)
        return CKR_ARGUMENTS_BAD;
    if (!token_present)
        shown = ~0u;
    else if (sr_link_tokens(module->link, &shown) != CKR_OK)
        shown = 0;
    for (unsigned i = 0; i < SR_TOKENS; i++)
        if (shown & 1u << i)
            slots[count++] = sr_token_slot((SrToken)i);
    room = *ret_count;
    *ret_count = count;
    if (!ret_slots)
        return CKR_OK;
    if (room < count)
        return CKR_BUFFER_TOO_SMALL;
    memcpy(ret_slots, slots, count * sizeof *slots);
    return CKR_OK;
}

CK_RV C_GetSlotList(CK_BBOOL token_present, CK_SLOT_ID_PTR ret_slots, CK_ULONG_PTR ret_count)
{
    SrModule *module;
    const CK_RV result = sr_module_enter(&module);

    if (result != CKR_OK)
        return result;
    return sr_module_leave(module, get_slot_list(module, token_present, ret_slots, ret_count));
}

static CK_RV get_slot_info(SrModule *module, CK_SLOT_ID slot, CK_SLOT_INFO_PTR ret_info)
{
    SrToken token;
    const CK_RV result = ret_info ? sr_token_in_slot(module, slot, &token) : CKR_ARGUMENTS_BAD;

    if (result == CKR_ARGUMENTS_BAD || result == CKR_SLOT_ID_INVALID)
        return result;
    *ret_info = (CK_SLOT_INFO){.flags = CKF_REMOVABLE_DEVICE,
                               .hardwareVersion = sr_description_version(),
                               .firmwareVersion = sr_description_version()};
    if (result == CKR_OK)
        ret_info->flags |= CKF_TOKEN_PRESENT;
    sr_description_pad(ret_info->slotDescription, sizeof ret_info->slotDescription,
                       descriptions[token].slot);
    sr_description_pad(ret_info->manufacturerID, sizeof ret_info->manufacturerID, SR_MANUFACTURER);
    return CKR_OK;
}

CK_RV C_GetSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO_PTR ret_info)
{
    SrModule *module;
    const CK_RV result = sr_module_enter(&module);

    if (result != CKR_OK)
        return result;
    return sr_module_leave(module, get_slot_info(module, slot, ret_info));
}

/* --- tokens ----------------------------------------------------------------------------------- */

/* What the agent says of @token. */
static CK_RV ask_token(SrModule *module, SrToken token, CK_TOKEN_INFO *info)
{
    SrCall call;
    CK_RV result = sr_call_begin(&call, SR_OPERATION_TOKEN, sizeof(uint32_t));

    if (result == CKR_OK) {
        sr_packet_put_u32(&call.request, token);
        result = sr_call_run(&call, module->link);
    }
    if (result == CKR_OK) {
        const CK_FLAGS flags = sr_packet_get_u32(&call.reply);
        size_t size;
        const uint8_t *label = sr_packet_get_bytes(&call.reply, &size);

        info->flags = (flags & AGENTS_FLAGS) | CKF_RNG | CKF_TOKEN_INITIALIZED;
        sr_description_pad_bytes(info->label, sizeof info->label, label, size);
        sr_packet_get_u64(&call.reply);
        result = sr_call_check(&call);
    }
    sr_call_end(&call);
    return result == CKR_DEVICE_REMOVED ? CKR_TOKEN_NOT_PRESENT : result;
}

static void describe_token(SrModule *module, SrToken token, CK_TOKEN_INFO *info)
{
    sr_description_pad(info->manufacturerID, sizeof info->manufacturerID, SR_MANUFACTURER);
    sr_description_pad(info->model, sizeof info->model, SR_MODEL);
    sr_description_pad(info->serialNumber, sizeof info->serialNumber, descriptions[token].serial);
    sr_description_pad(info->utcTime, sizeof info->utcTime, "");
    info->ulMaxSessionCount = CK_EFFECTIVELY_INFINITE;
    info->ulMaxRwSessionCount = CK_EFFECTIVELY_INFINITE;
    sr_session_table_count(module->sessions, token, &info->ulSessionCount, &info->ulRwSessionCount);
    info->ulMinPinLen = SR_PIN_MIN;
    info->ulMaxPinLen = SR_PIN_MAX;
    info->ulTotalPublicMemory = CK_UNAVAILABLE_INFORMATION;
    info->ulFreePublicMemory = CK_UNAVAILABLE_INFORMATION;
    info->ulTotalPrivateMemory = CK_UNAVAILABLE_INFORMATION;
    info->ulFreePrivateMemory = CK_UNAVAILABLE_INFORMATION;
    info->hardwareVersion = sr_description_version();
    info->firmwareVersion = sr_description_version();
}

static CK_RV get_token_info(SrModule *module, CK_SLOT_ID slot, CK_TOKEN_INFO_PTR ret_info)
{
    CK_TOKEN_INFO info = {0};
    SrToken token;
    CK_RV result;

    if (!ret_info)
        return CKR_ARGUMENTS_BAD;
    result = sr_token_in_slot(module, slot, &token);
    if (result == CKR_OK)
        result = ask_token(module, token, &info);
    if (result != CKR_OK)
        return result;
    describe_token(module, token, &info);
    *ret_info = info;
    return CKR_OK;
}

CK_RV C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO_PTR ret_info)
{
    SrModule *module;
    const CK_RV result = sr_module_enter(&module);

    if (result != CKR_OK)
        return result;
    return sr_module_leave(module, get_token_info(module, slot, ret_info));
}

/* --- events ----------------------------------------------------------------------------------- */

static CK_RV wait_for_slot_event(CK_FLAGS flags, const CK_SLOT_ID *ret_slot, const void *reserved)
{
    if (!ret_slot || reserved)
        return CKR_ARGUMENTS_BAD;
    /* A wait would need a thread here or in the agent; callers look at the slots instead. */
    return flags & CKF_DONT_BLOCK ? CKR_NO_EVENT : CKR_FUNCTION_NOT_SUPPORTED;
}

CK_RV C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID_PTR ret_slot, CK_VOID_PTR reserved)
{
    SrModule *module;
    const CK_RV result = sr_module_enter(&module);

    if (result != CKR_OK)
        return result;
    return sr_module_leave(module, wait_for_slot_event(flags, ret_slot, reserved));
}
