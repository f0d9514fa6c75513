#include "pkcs11/attribute_maker.h"

#include "pkcs11/attribute.h"
#include "pkcs11/certificate.h"
#include "pkcs11/mechanism.h"

#include <inttypes.h>
#include <stdio.h>

/* --- all objects --------------------------------------------------------------------------------
 */

static bool is_pair(const SrObject *object)
{
    return object->entry->class == CKO_PRIVATE_KEY;
}

static SrSlice stored(const SrObject *object, CK_ATTRIBUTE_TYPE type)
{
    SrSlice value;

    return sr_entry_attribute(object->entry, type, &value) ? value : (SrSlice){NULL, 0};
}

CK_RV sr_make_class(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value)
{
    (void)type;
    sr_value_set_number(ret_value, sr_object_class(object));
    return CKR_OK;
}

CK_RV sr_make_label(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value)
{
    sr_value_set(ret_value, is_pair(object) ? sr_entry_label(object->entry) : stored(object, type));
    return CKR_OK;
}

CK_RV sr_make_id(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value)
{
    sr_value_set(ret_value, is_pair(object) ? sr_entry_id(object->entry) : stored(object, type));
    return CKR_OK;
}

CK_RV sr_make_place(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value)
{
    sr_value_set_bool(ret_value, type == CKA_TOKEN ? !object->is_session : object->is_private);
    return CKR_OK;
}

CK_RV sr_make_unique_id(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value)
{
    const bool has_number = object->entry->number != 0 && !object->is_session;
    const uint64_t number = has_number ? object->entry->number : object->handle;
    const char *half = !is_pair(object) ? "" : object->is_public ? "-public" : "-private";
    char *text = (char *)ret_value->room.bytes;
    int length;

    (void)type;
    length = snprintf(text, SR_VALUE_ROOM, "%s-%016" PRIx64 "%s", has_number ? "object" : "handle",
                      number, half);
    sr_value_set_room(ret_value, (size_t)length);
    return CKR_OK;
}

CK_RV sr_make_copyable(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value)
{
    (void)type;
    sr_value_set_bool(ret_value, object->is_session);
    return CKR_OK;
}

CK_RV sr_make_destroyable(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value)
{
    (void)type;
    sr_value_set_bool(ret_value, object->entry->class != CKO_PROFILE &&
                                     (object->is_session || !object->is_public));
    return CKR_OK;
}

/* --- keys ---------------------------------------------------------------------------------------
 */

CK_RV sr_make_key_type(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value)
{
    const uint8_t *public_key;
    const SrCurve *curve;

    if (object->entry->class == CKO_SECRET_KEY)
        sr_value_set(ret_value, stored(object, type));
    else if (sr_object_key(object, &curve, &public_key))
        sr_value_set_number(ret_value, curve->key_type);
    else
        return CKR_ATTRIBUTE_TYPE_INVALID;
    return CKR_OK;
}

CK_RV sr_make_curve(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value)
{
    uint8_t *room = ret_value->room.bytes;
    const uint8_t *public_key;
    const SrCurve *curve;

    if (!sr_object_key(object, &curve, &public_key))
        return CKR_ATTRIBUTE_TYPE_INVALID;
    if (type == CKA_EC_PARAMS)
        sr_value_set(ret_value, curve->params);
    else if (type == CKA_EC_POINT)
        sr_value_set_room(ret_value, sr_curve_write_point(curve, public_key, room));
    else
        sr_value_set_room(ret_value, sr_curve_write_info(curve, public_key, room));
    return CKR_OK;
}

CK_RV sr_make_derive(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value)
{
    const uint8_t *public_key;
    const SrCurve *curve;

    (void)type;
    sr_value_set_bool(ret_value,
                      sr_object_key(object, &curve, &public_key) && curve->id == SR_CURVE_P256);
    return CKR_OK;
}

CK_RV sr_make_mechanisms(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value)
{
    const bool is_private = sr_object_class(object) == CKO_PRIVATE_KEY;
    const uint8_t *public_key;
    const SrCurve *curve;
    size_t count;

    (void)type;
    if (!sr_object_key(object, &curve, &public_key))
        return CKR_ATTRIBUTE_TYPE_INVALID;
    count = sr_mechanism_list(curve->id, is_private ? CKF_SIGN | CKF_DERIVE : CKF_VERIFY,
                              ret_value->room.numbers, SR_VALUE_ROOM / sizeof(CK_MECHANISM_TYPE));
    sr_value_set_room(ret_value, count * sizeof(CK_MECHANISM_TYPE));
    return CKR_OK;
}

CK_RV sr_make_origin(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value)
{
    const SrEntry *entry = object->entry;
    const bool is_local = is_pair(object) && entry->flags & SR_ENTRY_LOCAL;

    if (type == CKA_KEY_GEN_MECHANISM)
        sr_value_set_number(ret_value,
                            is_local ? entry->curve->generate : CK_UNAVAILABLE_INFORMATION);
    else
        sr_value_set_bool(ret_value, is_local);
    return CKR_OK;
}

CK_RV sr_make_always_authenticate(const SrObject *object, CK_ATTRIBUTE_TYPE type,
                                  SrValue *ret_value)
{
    (void)type;
    sr_value_set_bool(ret_value, object->entry->flags & SR_ENTRY_ALWAYS_AUTH);
    return CKR_OK;
}

static bool is_stored_bool(const SrObject *object, CK_ATTRIBUTE_TYPE type, bool by_default)
{
    const SrSlice value = stored(object, type);

    return value.size == sizeof(CK_BBOOL) ? value.data[0] != CK_FALSE : by_default;
}

CK_RV sr_make_secret(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value)
{
    const SrSlice secret = stored(object, CKA_VALUE);

    if (type == CKA_VALUE_LEN)
        sr_value_set_number(ret_value, secret.size);
    else if (is_pair(object) || is_stored_bool(object, CKA_SENSITIVE, false) ||
             !is_stored_bool(object, CKA_EXTRACTABLE, true))
        return CKR_ATTRIBUTE_SENSITIVE;
    else
        sr_value_set(ret_value, secret);
    return CKR_OK;
}

/* --- certificates -------------------------------------------------------------------------------
 */

CK_RV sr_make_certificate(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value)
{
    const SrSlice der = stored(object, CKA_VALUE);
    SrCertificate certificate = {0};
    SrSlice value;

    if (type == CKA_CHECK_VALUE) {
        sr_certificate_check_value(der, ret_value->room.bytes);
        sr_value_set_room(ret_value, SR_CHECK_VALUE_SIZE);
        return CKR_OK;
    }
    if (!sr_entry_attribute(object->entry, type, &value)) {
        if (!sr_certificate_read(der, &certificate))
            certificate = (SrCertificate){0};
        value = type == CKA_SUBJECT         ? certificate.subject
                : type == CKA_ISSUER        ? certificate.issuer
                : type == CKA_SERIAL_NUMBER ? certificate.serial_number
                                            : certificate.public_key;
    }
    sr_value_set(ret_value, value);
    return CKR_OK;
}
