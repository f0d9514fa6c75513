#include "pkcs11/object.h"

#include "pkcs11/attribute.h"

CK_OBJECT_CLASS sr_object_class(const SrObject *object)
{
    return object->is_public ? CKO_PUBLIC_KEY : object->entry->class;
}

bool sr_object_key(const SrObject *object, const SrCurve **ret_curve,
                   const uint8_t **ret_public_key)
{
    const SrEntry *entry = object->entry;
    SrSlice params, point;

    if (entry->curve) {
        *ret_curve = entry->curve;
        *ret_public_key = sr_entry_public_key(entry);
        return true;
    }
    if (entry->class != CKO_PUBLIC_KEY || !sr_entry_attribute(entry, CKA_EC_PARAMS, &params) ||
        !sr_entry_attribute(entry, CKA_EC_POINT, &point))
        return false;
    *ret_curve = sr_curve_from_params(params);
    return *ret_curve && sr_curve_read_point(*ret_curve, point, ret_public_key);
}

/* The stored value, when there is one of @size bytes (0: of any size); else @ret_value stays. */
static bool get_stored(const SrObject *object, CK_ATTRIBUTE_TYPE type, size_t size,
                       SrValue *ret_value)
{
    SrSlice value;

    if (!sr_entry_attribute(object->entry, type, &value) || (size > 0 && value.size != size))
        return false;
    sr_value_set(ret_value, value);
    return true;
}

CK_RV sr_object_get(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value)
{
    const SrAttribute *row = sr_attribute_find(sr_object_class(object), type);

    if (!row)
        return CKR_ATTRIBUTE_TYPE_INVALID;
    sr_value_set(ret_value, (SrSlice){NULL, 0});
    switch (row->source) {
    case SR_SOURCE_BOOL:
        sr_value_set_bool(ret_value, row->constant);
        break;
    case SR_SOURCE_NUMBER:
        sr_value_set_number(ret_value, row->constant);
        break;
    case SR_SOURCE_EMPTY:
        break;
    case SR_SOURCE_STORED:
        get_stored(object, type, 0, ret_value);
        break;
    case SR_SOURCE_STORED_BOOL:
        sr_value_set_bool(ret_value, row->constant);
        get_stored(object, type, sizeof(CK_BBOOL), ret_value);
        break;
    case SR_SOURCE_STORED_NUMBER:
        sr_value_set_number(ret_value, row->constant);
        get_stored(object, type, sizeof(CK_ULONG), ret_value);
        break;
    case SR_SOURCE_STORED_DATE:
        get_stored(object, type, sizeof(CK_DATE), ret_value);
        break;
    case SR_SOURCE_STORED_VENDOR:
        return get_stored(object, type, 0, ret_value) ? CKR_OK : CKR_ATTRIBUTE_TYPE_INVALID;
    case SR_SOURCE_MADE:
        return row->make(object, type, ret_value);
    }
    return CKR_OK;
}

CK_RV sr_object_answer(const SrObject *object, CK_ATTRIBUTE *attributes, CK_ULONG count)
{
    CK_RV first = CKR_OK;

    for (CK_ULONG i = 0; i < count; i++) {
        SrValue value;
        CK_RV result = sr_object_get(object, attributes[i].type, &value);

        result = sr_template_answer(&attributes[i], result, &value);
        if (first == CKR_OK)
            first = result;
    }
    return first;
}

/* What a key pair has at hand of what programs search for: nothing need be made. */
static bool get_at_hand(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrSlice *ret_value)
{
    if (!object->entry->curve || (type != CKA_LABEL && type != CKA_ID))
        return false;
    *ret_value = type == CKA_LABEL ? sr_entry_label(object->entry) : sr_entry_id(object->entry);
    return true;
}

static bool has_value(const SrObject *object, const CK_ATTRIBUTE *wanted)
{
    SrValue value;

    return sr_object_get(object, wanted->type, &value) == CKR_OK &&
           sr_slice_is(value.bytes, wanted->pValue, wanted->ulValueLen);
}

bool sr_object_matches(const SrObject *object, const SrTemplate *template)
{
    for (CK_ULONG i = 0; i < template->count; i++) {
        const CK_ATTRIBUTE *wanted = &template->attributes[i];
        SrSlice at_hand;
        const bool matches = get_at_hand(object, wanted->type, &at_hand)
                                 ? sr_slice_is(at_hand, wanted->pValue, wanted->ulValueLen)
                                 : has_value(object, wanted);

        if (!matches)
            return false;
    }
    return true;
}
