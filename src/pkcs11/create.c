/* C_CreateObject and C_DestroyObject (§5.7.1, §5.7.3); C_CopyObject is in copy.c. */
#include "pkcs11/attribute.h"
#include "pkcs11/certificate.h"
#include "pkcs11/cryptoki_functions.h"
#include "pkcs11/key_template.h"
#include "pkcs11/object_store.h"

#include <string.h>

/* --- private keys -------------------------------------------------------------------------------
 */

/*
 * The private key in CKA_VALUE: a big-endian number of which zeros in front may be missing (as Java
 * and NSS write it); for Ed25519 32 bytes, bare or as OCTET STRING (RFC 8410 §7).
 */
static CK_RV read_scalar(const SrTemplate *template, const SrCurve *curve,
                         uint8_t ret_scalar[SR_SCALAR_SIZE])
{
    static const uint8_t wrapped[] = {0x04, SR_SCALAR_SIZE};
    SrSlice value;

    if (!sr_template_get(template, CKA_VALUE, &value))
        return CKR_TEMPLATE_INCOMPLETE;
    if (curve->key_type == CKK_EC)
        value = sr_slice_number(value);
    else if (value.size == sizeof wrapped + SR_SCALAR_SIZE &&
             memcmp(value.data, wrapped, sizeof wrapped) == 0)
        value = (SrSlice){value.data + sizeof wrapped, SR_SCALAR_SIZE};
    else if (value.size != SR_SCALAR_SIZE)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    if (value.size == 0 || value.size > SR_SCALAR_SIZE)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    memset(ret_scalar, 0, SR_SCALAR_SIZE);
    memcpy(ret_scalar + SR_SCALAR_SIZE - value.size, value.data, value.size);
    return CKR_OK;
}

static CK_RV import(SrSession *session, const SrKeyTemplate *key, const uint8_t *scalar,
                    CK_OBJECT_HANDLE *ret_handle)
{
    SrModule *module = session->module;
    SrEntry *entry;
    const CK_RV result = sr_object_call_import(module->link, &key->request, scalar, &entry);

    return result == CKR_OK ? sr_object_store_entry(session, &key->placement, entry, ret_handle)
                            : result;
}

static CK_RV create_private_key(SrSession *session, const SrTemplate *template,
                                CK_OBJECT_HANDLE *ret_handle)
{
    uint8_t scalar[SR_SCALAR_SIZE];
    const SrCurve *curve;
    SrKeyTemplate key;
    SrSlice type;
    CK_RV result = sr_key_template_curve(session, template, &curve);

    if (result == CKR_OK && !sr_template_get(template, CKA_KEY_TYPE, &type))
        result = CKR_TEMPLATE_INCOMPLETE;
    if (result == CKR_OK)
        result = sr_key_template_read(session, template, curve, &key);
    if (result != CKR_OK)
        return result;
    result = read_scalar(template, curve, scalar);
    if (result == CKR_OK)
        result = import(session, &key, scalar, ret_handle);
    explicit_bzero(scalar, sizeof scalar);
    return result;
}

/* --- public keys --------------------------------------------------------------------------------
 */

static CK_RV create_public_key(SrSession *session, const SrTemplate *template,
                               const SrPlacement *placement, CK_OBJECT_HANDLE *ret_handle)
{
    uint8_t point_room[SR_POINT_DER_MAX];
    const uint8_t *public_key;
    const SrCurve *curve;
    SrSlice value, type;
    CK_RV result = sr_key_template_curve(session, template, &curve);

    if (result != CKR_OK)
        return result;
    if (!sr_template_get(template, CKA_EC_POINT, &value) ||
        !sr_template_get(template, CKA_KEY_TYPE, &type))
        return CKR_TEMPLATE_INCOMPLETE;
    if (!sr_curve_read_point(curve, value, &public_key))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    value = (SrSlice){point_room, sr_curve_write_point(curve, public_key, point_room)};
    return sr_object_store_public_key(session, template, placement, curve, value, ret_handle);
}

/* --- certificates, data -------------------------------------------------------------------------
 */

static CK_RV check_certificate(const SrTemplate *template)
{
    CK_ULONG type = CK_UNAVAILABLE_INFORMATION;
    SrCertificate certificate;
    SrSlice value;
    CK_RV result = sr_template_get_number(template, CKA_CERTIFICATE_TYPE, &type);

    if (result != CKR_OK)
        return result;
    if (type == CK_UNAVAILABLE_INFORMATION || !sr_template_get(template, CKA_VALUE, &value))
        return CKR_TEMPLATE_INCOMPLETE;
    return type == CKC_X_509 && sr_certificate_read(value, &certificate)
               ? CKR_OK
               : CKR_ATTRIBUTE_VALUE_INVALID;
}

static CK_RV create_other(SrSession *session, CK_OBJECT_CLASS class, const SrTemplate *template,
                          CK_OBJECT_HANDLE *ret_handle)
{
    SrPlacement placement = {0};
    CK_RV result = sr_attribute_check_template(class, template);

    if (result == CKR_OK && class == CKO_CERTIFICATE)
        result = check_certificate(template);
    if (result == CKR_OK)
        result = sr_placement_read(session, template, &placement);
    if (result != CKR_OK)
        return result;
    if (class == CKO_PUBLIC_KEY)
        return create_public_key(session, template, &placement, ret_handle);
    return sr_object_store(session, class, template, &placement, ret_handle);
}

static CK_RV create(SrSession *session, const SrTemplate *template, CK_OBJECT_HANDLE *ret_handle)
{
    CK_OBJECT_CLASS class = CK_UNAVAILABLE_INFORMATION;
    const CK_RV result = sr_template_get_number(template, CKA_CLASS, &class);

    if (result != CKR_OK)
        return result;
    switch (class) {
    case CK_UNAVAILABLE_INFORMATION:
        return CKR_TEMPLATE_INCOMPLETE;
    case CKO_PRIVATE_KEY:
        return create_private_key(session, template, ret_handle);
    case CKO_PUBLIC_KEY:
    case CKO_CERTIFICATE:
    case CKO_DATA:
        return create_other(session, class, template, ret_handle);
    default:
        return CKR_ATTRIBUTE_VALUE_INVALID;
    }
}

CK_RV C_CreateObject(CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR template, CK_ULONG count,
                     CK_OBJECT_HANDLE_PTR ret_object)
{
    SrTemplate wanted;
    SrSession *entered;
    CK_RV result = sr_session_enter(session, &entered);

    if (result != CKR_OK)
        return result;
    result =
        template && ret_object ? sr_template_read(template, count, &wanted) : CKR_ARGUMENTS_BAD;
    if (result == CKR_OK)
        result = sr_token_answered(entered->module, entered->token,
                                   create(entered, &wanted, ret_object));
    return sr_session_leave(entered, result);
}

/* --- destroying ---------------------------------------------------------------------------------
 */

/* Whether @object may be destroyed, and its number when the agent must do it (else 0). */
static CK_RV check_destroy(const SrSession *session, const SrObject *object, uint64_t *ret_number)
{
    if (object->entry->class == CKO_PROFILE)
        return CKR_ACTION_PROHIBITED;
    if (!object->is_session && !sr_session_is_writable(session))
        return CKR_SESSION_READ_ONLY;
    if (!object->is_session && object->is_public)
        return CKR_ACTION_PROHIBITED; /* a key pair that is stored keeps its public half */
    *ret_number = object->is_public ? 0 : object->entry->number;
    return CKR_OK;
}

static CK_RV destroy(SrSession *session, CK_OBJECT_HANDLE handle)
{
    SrObjectTable *table = session->module->objects;
    uint64_t number = 0;
    SrObject object;
    CK_RV result;

    sr_object_table_lock(table);
    result = sr_object_table_get(table, session, handle, &object);
    if (result == CKR_OK)
        result = check_destroy(session, &object, &number);
    sr_object_table_unlock(table);
    if (result == CKR_OK && number != 0)
        result = sr_object_call_destroy(session->module->link, number);
    if (result == CKR_OK)
        sr_object_table_remove(table, handle);
    return result;
}

CK_RV C_DestroyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    SrSession *entered;
    CK_RV result = sr_session_enter(session, &entered);

    if (result != CKR_OK)
        return result;
    result = sr_token_answered(entered->module, entered->token, destroy(entered, object));
    return sr_session_leave(entered, result);
}
