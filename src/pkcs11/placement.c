#include "pkcs11/placement.h"

CK_RV sr_placement_read(const SrSession *session, const SrTemplate *template,
                        SrPlacement *placement)
{
    CK_RV result = sr_template_get_bool(template, CKA_TOKEN, &placement->is_token);

    if (result == CKR_OK)
        result = sr_template_get_bool(template, CKA_PRIVATE, &placement->is_private);
    if (result != CKR_OK)
        return result;
    if (placement->is_token && !sr_session_is_writable(session))
        return CKR_SESSION_READ_ONLY;
    if (placement->is_private && !sr_token_is_open(session->module, session->token))
        return CKR_USER_NOT_LOGGED_IN;
    return CKR_OK;
}

CK_RV sr_placement_check_class(const SrTemplate *template, CK_OBJECT_CLASS class)
{
    CK_ULONG given = class;
    const CK_RV result = sr_template_get_number(template, CKA_CLASS, &given);

    if (result != CKR_OK)
        return result;
    return given == class ? CKR_OK : CKR_TEMPLATE_INCONSISTENT;
}
