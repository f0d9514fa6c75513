#include "pkcs11/key_template.h"

#include "pkcs11/attribute.h"

CK_RV sr_key_template_check_type(const SrTemplate *template, const SrCurve *curve)
{
    CK_KEY_TYPE type = curve->key_type;
    const CK_RV result = sr_template_get_number(template, CKA_KEY_TYPE, &type);

    if (result != CKR_OK)
        return result;
    return type == curve->key_type ? CKR_OK : CKR_TEMPLATE_INCONSISTENT;
}

CK_RV sr_key_template_curve(const SrSession *session, const SrTemplate *template,
                            const SrCurve **ret_curve)
{
    CK_KEY_TYPE type = CKK_EC;
    const CK_RV result = sr_template_get_number(template, CKA_KEY_TYPE, &type);
    SrSlice params;

    if (result != CKR_OK)
        return result;
    if (type != CKK_EC && type != CKK_EC_EDWARDS)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    if (!sr_template_get(template, CKA_EC_PARAMS, &params))
        return CKR_TEMPLATE_INCOMPLETE;
    *ret_curve = sr_curve_from_params(params);
    if (!*ret_curve || (*ret_curve)->token != session->token)
        return CKR_CURVE_NOT_SUPPORTED;
    return sr_key_template_check_type(template, *ret_curve);
}

/* What is asked of a key in a place. */
static CK_RV read_flags(const SrTemplate *template, SrKeyTemplate *key)
{
    bool extractable = false;
    bool always_authenticate = false;
    CK_RV result = sr_template_get_bool(template, CKA_EXTRACTABLE, &extractable);

    if (result == CKR_OK)
        result = sr_template_get_bool(template, CKA_ALWAYS_AUTHENTICATE, &always_authenticate);
    if (result != CKR_OK)
        return result;
    if (extractable || (always_authenticate && !key->placement.is_private) ||
        (key->placement.is_token && !key->placement.is_private))
        return CKR_TEMPLATE_INCONSISTENT;
    key->request.flags = always_authenticate ? SR_ENTRY_ALWAYS_AUTH : 0;
    return CKR_OK;
}

CK_RV sr_key_template_read(const SrSession *session, const SrTemplate *template,
                           const SrCurve *curve, SrKeyTemplate *ret_key)
{
    SrKeyTemplate key = {.request.curve = curve};
    CK_RV result = sr_attribute_check_template(CKO_PRIVATE_KEY, template);

    if (result == CKR_OK)
        result = sr_placement_check_class(template, CKO_PRIVATE_KEY);
    if (result == CKR_OK)
        result = sr_template_get_bool(template, CKA_TOKEN, &key.placement.is_token);
    key.placement.is_private = key.placement.is_token;
    if (result == CKR_OK)
        result = sr_placement_read(session, template, &key.placement);
    if (result == CKR_OK)
        result = read_flags(template, &key);
    if (result != CKR_OK)
        return result;
    key.request.token = key.placement.is_token ? session->token : SR_TOKEN_SESSION;
    sr_template_get(template, CKA_LABEL, &key.request.label);
    sr_template_get(template, CKA_ID, &key.request.id);
    *ret_key = key;
    return CKR_OK;
}
