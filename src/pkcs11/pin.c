/* C_InitToken, C_InitPIN, C_SetPIN (§5.5): the agent keeps the PINs, of the keys token only. */
#include "pkcs11/cryptoki_functions.h"
#include "pkcs11/object_table.h"
#include "pkcs11/session_table.h"

#define LABEL_SIZE 32u

/* --- C_InitToken ------------------------------------------------------------------------------ */

static CK_RV ask_init_token(SrModule *module, SrToken token, const CK_UTF8CHAR *pin,
                            CK_ULONG pin_size, const CK_UTF8CHAR *label)
{
    SrCall call;
    CK_RV result = sr_call_begin(&call, SR_OPERATION_INIT_TOKEN, 13 + pin_size + LABEL_SIZE);

    if (result == CKR_OK) {
        sr_packet_put_u32(&call.request, token);
        sr_packet_put_u8(&call.request, pin != NULL);
        sr_packet_put_bytes(&call.request, pin, pin_size);
        sr_packet_put_bytes(&call.request, label, LABEL_SIZE);
        result = sr_call_run(&call, module->link);
    }
    if (result == CKR_OK)
        result = sr_call_check(&call);
    sr_call_end(&call);
    return result;
}

static CK_RV init_token(SrModule *module, CK_SLOT_ID slot, const CK_UTF8CHAR *pin,
                        CK_ULONG pin_size, const CK_UTF8CHAR *label)
{
    CK_ULONG open;
    CK_ULONG writable;
    SrToken token;
    CK_RV result;

    if (!label || (!pin && pin_size > 0))
        return CKR_ARGUMENTS_BAD;
    result = sr_token_in_slot(module, slot, &token);
    if (result != CKR_OK)
        return result;
    sr_session_table_count(module->sessions, token, &open, &writable);
    if (open > 0)
        return CKR_SESSION_EXISTS;
    if (token != SR_TOKEN_KEYS)
        return CKR_FUNCTION_NOT_SUPPORTED;
    if (pin && (pin_size < SR_PIN_MIN || pin_size > SR_PIN_MAX))
        return CKR_PIN_INCORRECT;
    return ask_init_token(module, token, pin, pin_size, label);
}

CK_RV C_InitToken(CK_SLOT_ID slot, CK_UTF8CHAR_PTR pin, CK_ULONG pin_size, CK_UTF8CHAR_PTR label)
{
    SrModule *module;
    const CK_RV result = sr_module_enter(&module);

    if (result != CKR_OK)
        return result;
    return sr_module_leave(module, init_token(module, slot, pin, pin_size, label));
}

/* --- C_InitPIN and C_SetPIN ------------------------------------------------------------------- */

/* PINs that the application gave; both NULL: the agent asks the user for them. */
typedef struct {
    const CK_UTF8CHAR *old_pin;
    CK_ULONG old_size;
    const CK_UTF8CHAR *new_pin;
    CK_ULONG new_size;
} Pins;

static CK_RV ask_set_pin(const SrSession *session, const Pins *pins, bool init)
{
    SrCall call;
    CK_RV result = sr_call_begin(&call, SR_OPERATION_SET_PIN, 14 + pins->old_size + pins->new_size);

    if (result == CKR_OK) {
        sr_packet_put_u32(&call.request, session->token);
        sr_packet_put_u8(&call.request, pins->new_pin != NULL);
        sr_packet_put_bytes(&call.request, pins->old_pin, pins->old_size);
        sr_packet_put_bytes(&call.request, pins->new_pin, pins->new_size);
        sr_packet_put_u8(&call.request, init);
        result = sr_call_run(&call, session->module->link);
    }
    if (result == CKR_OK)
        result = sr_call_check(&call);
    sr_call_end(&call);
    return result;
}

static CK_RV check_new_pin(const Pins *pins)
{
    if (!pins->new_pin)
        return pins->new_size > 0 ? CKR_ARGUMENTS_BAD : CKR_OK;
    return pins->new_size < SR_PIN_MIN || pins->new_size > SR_PIN_MAX ? CKR_PIN_LEN_RANGE : CKR_OK;
}

static CK_RV init_pin(const SrSession *session, const Pins *pins)
{
    CK_RV result;

    if (session->token != SR_TOKEN_KEYS)
        return CKR_FUNCTION_NOT_SUPPORTED;
    result = check_new_pin(pins);
    if (result != CKR_OK)
        return result;
    if (sr_session_state(session) != CKS_RW_SO_FUNCTIONS)
        return CKR_USER_NOT_LOGGED_IN;
    return ask_set_pin(session, pins, true);
}

CK_RV C_InitPIN(CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR pin, CK_ULONG pin_size)
{
    const Pins pins = {.new_pin = pin, .new_size = pin_size};
    SrSession *opened;
    const CK_RV result = sr_session_enter(session, &opened);

    if (result != CKR_OK)
        return result;
    return sr_session_leave(opened, init_pin(opened, &pins));
}

static CK_RV set_pin(const SrSession *session, const Pins *pins)
{
    CK_RV result;

    if (session->token != SR_TOKEN_KEYS)
        return CKR_FUNCTION_NOT_SUPPORTED;
    if (!pins->old_pin != !pins->new_pin || (!pins->old_pin && pins->old_size > 0))
        return CKR_ARGUMENTS_BAD;
    result = check_new_pin(pins);
    if (result != CKR_OK)
        return result;
    if (!sr_session_is_writable(session))
        return CKR_SESSION_READ_ONLY;
    if (pins->old_pin && (pins->old_size < 1 || pins->old_size > SR_PIN_MAX))
        return CKR_PIN_INCORRECT;
    return ask_set_pin(session, pins, false);
}

CK_RV C_SetPIN(CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR old_pin, CK_ULONG old_size,
               CK_UTF8CHAR_PTR new_pin, CK_ULONG new_size)
{
    const Pins pins = {old_pin, old_size, new_pin, new_size};
    SrSession *opened;
    const CK_RV result = sr_session_enter(session, &opened);

    if (result != CKR_OK)
        return result;
    return sr_session_leave(opened, set_pin(opened, &pins));
}
