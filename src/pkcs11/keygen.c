/* C_GenerateKeyPair, C_GenerateKey (§5.18.1, §5.18.2). */
#include "pkcs11/attribute.h"
#include "pkcs11/cryptoki_functions.h"
#include "pkcs11/key_template.h"
#include "pkcs11/mechanism.h"
#include "pkcs11/object_store.h"

/*
 * The mechanism that makes keys of @curve. CKM_EDDSA is none, but GnuTLS 3.7 asks for it where it
 * means CKM_EC_EDWARDS_KEY_PAIR_GEN.
 */
static CK_RV check_mechanism(const SrSession *session, const CK_MECHANISM *mechanism,
                             const SrCurve *curve)
{
    const bool is_gnutls = mechanism->mechanism == CKM_EDDSA;
    const SrMechanism *known = sr_mechanism_find(session->token, mechanism->mechanism);

    if (!known || (!is_gnutls && !(known->flags & CKF_GENERATE_KEY_PAIR)))
        return CKR_MECHANISM_INVALID;
    if (mechanism->ulParameterLen > 0)
        return CKR_MECHANISM_PARAM_INVALID;
    return !curve || known->curves & 1u << curve->id ? CKR_OK : CKR_CURVE_NOT_SUPPORTED;
}

/* What the public key's template may not contradict. */
static CK_RV check_public(const SrTemplate *template, SrKeyTemplate *key)
{
    bool is_token = key->placement.is_token;
    bool is_private = false;
    SrSlice point;
    CK_RV result = sr_attribute_check_template(CKO_PUBLIC_KEY, template);

    if (result == CKR_OK)
        result = sr_placement_check_class(template, CKO_PUBLIC_KEY);
    if (result == CKR_OK)
        result = sr_template_get_bool(template, CKA_TOKEN, &is_token);
    if (result == CKR_OK)
        result = sr_template_get_bool(template, CKA_PRIVATE, &is_private);
    if (result != CKR_OK)
        return result;
    /* The public key goes where the private one goes: at least what was asked for. */
    if (is_private || (is_token && !key->placement.is_token) ||
        sr_template_get(template, CKA_EC_POINT, &point))
        return CKR_TEMPLATE_INCONSISTENT;
    return CKR_OK;
}

/* What the private key's template may not say, or only as the other one does. */
static CK_RV check_private(const SrTemplate *template, const SrCurve *curve)
{
    SrSlice value;

    if (sr_template_get(template, CKA_VALUE, &value))
        return CKR_TEMPLATE_INCONSISTENT;
    if (sr_template_get(template, CKA_EC_PARAMS, &value) && sr_curve_from_params(value) != curve)
        return CKR_TEMPLATE_INCONSISTENT;
    return sr_key_template_check_type(template, curve);
}

/* The halves have one label and one CKA_ID: the private key's template says, else the other. */
static void complete(const SrTemplate *public_key, SrKeyTemplate *key)
{
    if (key->request.label.size == 0)
        sr_template_get(public_key, CKA_LABEL, &key->request.label);
    if (key->request.id.size == 0)
        sr_template_get(public_key, CKA_ID, &key->request.id);
}

static CK_RV generate(SrSession *session, const SrKeyTemplate *key, CK_OBJECT_HANDLE *ret_handle)
{
    SrEntry *entry;
    CK_RV result = sr_object_call_generate(session->module->link, &key->request, &entry);

    result = sr_token_answered(session->module, session->token, result);
    return result == CKR_OK ? sr_object_store_entry(session, &key->placement, entry, ret_handle)
                            : result;
}

static CK_RV generate_pair(SrSession *session, const CK_MECHANISM *mechanism,
                           const SrTemplate *public_key, const SrTemplate *private_key,
                           CK_OBJECT_HANDLE *ret_handle)
{
    const SrCurve *curve;
    SrKeyTemplate key;
    CK_RV result = check_mechanism(session, mechanism, NULL);

    if (result == CKR_OK)
        result = sr_key_template_curve(session, public_key, &curve);
    if (result == CKR_OK)
        result = check_mechanism(session, mechanism, curve);
    if (result == CKR_OK)
        result = check_private(private_key, curve);
    if (result == CKR_OK)
        result = sr_key_template_read(session, private_key, curve, &key);
    if (result == CKR_OK)
        result = check_public(public_key, &key);
    if (result != CKR_OK)
        return result;
    complete(public_key, &key);
    return generate(session, &key, ret_handle);
}

CK_RV C_GenerateKeyPair(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
                        CK_ATTRIBUTE_PTR public_template, CK_ULONG public_count,
                        CK_ATTRIBUTE_PTR private_template, CK_ULONG private_count,
                        CK_OBJECT_HANDLE_PTR ret_public_key, CK_OBJECT_HANDLE_PTR ret_private_key)
{
    SrTemplate public_key, private_key;
    CK_OBJECT_HANDLE handle;
    SrSession *entered;
    CK_RV result = sr_session_enter(session, &entered);

    if (result != CKR_OK)
        return result;
    if (!mechanism || !ret_public_key || !ret_private_key)
        result = CKR_ARGUMENTS_BAD;
    if (result == CKR_OK)
        result = sr_template_read(public_template, public_count, &public_key);
    if (result == CKR_OK)
        result = sr_template_read(private_template, private_count, &private_key);
    if (result == CKR_OK)
        result = generate_pair(entered, mechanism, &public_key, &private_key, &handle);
    if (result == CKR_OK) {
        *ret_private_key = handle;
        *ret_public_key = sr_object_table_public_half(handle);
    }
    return sr_session_leave(entered, result);
}

/* Secret keys come from C_DeriveKey only: no mechanism makes one from nothing. */
CK_RV C_GenerateKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
                    CK_ATTRIBUTE_PTR template, CK_ULONG count, CK_OBJECT_HANDLE_PTR ret_key)
{
    SrTemplate wanted;
    SrSession *entered;
    CK_RV result = sr_session_enter(session, &entered);

    if (result != CKR_OK)
        return result;
    result = mechanism && ret_key ? sr_template_read(template, count, &wanted) : CKR_ARGUMENTS_BAD;
    return sr_session_leave(entered, result == CKR_OK ? CKR_MECHANISM_INVALID : result);
}
