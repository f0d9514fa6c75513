#include "pkcs11/template.h"

/* Whether the attribute @index is also one of those before it, with another value. */
static bool contradicts(const CK_ATTRIBUTE *attributes, CK_ULONG index)
{
    const CK_ATTRIBUTE *own = &attributes[index];

    for (CK_ULONG i = 0; i < index; i++)
        if (attributes[i].type == own->type &&
            !sr_slice_is((SrSlice){attributes[i].pValue, attributes[i].ulValueLen}, own->pValue,
                         own->ulValueLen))
            return true;
    return false;
}

CK_RV sr_template_read(const CK_ATTRIBUTE *attributes, CK_ULONG count, SrTemplate *ret_template)
{
    if ((!attributes && count > 0) || count > SR_TEMPLATE_MAX)
        return CKR_ARGUMENTS_BAD;
    for (CK_ULONG i = 0; i < count; i++)
        if ((!attributes[i].pValue && attributes[i].ulValueLen > 0) ||
            attributes[i].ulValueLen > SR_TEMPLATE_VALUE_MAX)
            return CKR_ATTRIBUTE_VALUE_INVALID;
    for (CK_ULONG i = 0; i < count; i++)
        if (contradicts(attributes, i))
            return CKR_TEMPLATE_INCONSISTENT;
    *ret_template = (SrTemplate){attributes, count};
    return CKR_OK;
}

bool sr_template_get(const SrTemplate *template, CK_ATTRIBUTE_TYPE type, SrSlice *ret_value)
{
    for (CK_ULONG i = 0; i < template->count; i++) {
        const CK_ATTRIBUTE *attribute = &template->attributes[i];

        if (attribute->type == type) {
            *ret_value = (SrSlice){attribute->pValue, attribute->ulValueLen};
            return true;
        }
    }
    return false;
}

CK_RV sr_template_get_bool(const SrTemplate *template, CK_ATTRIBUTE_TYPE type, bool *ret_value)
{
    SrSlice value;

    if (!sr_template_get(template, type, &value))
        return CKR_OK;
    if (value.size != sizeof(CK_BBOOL) || value.data[0] > CK_TRUE)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    *ret_value = value.data[0] == CK_TRUE;
    return CKR_OK;
}

CK_RV sr_template_get_number(const SrTemplate *template, CK_ATTRIBUTE_TYPE type,
                             CK_ULONG *ret_value)
{
    SrSlice value;

    if (!sr_template_get(template, type, &value))
        return CKR_OK;
    if (value.size != sizeof *ret_value)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    memcpy(ret_value, value.data, sizeof *ret_value);
    return CKR_OK;
}

/* --- answers ------------------------------------------------------------------------------------
 */

void sr_value_set(SrValue *value, SrSlice bytes)
{
    value->bytes = bytes;
}

void sr_value_set_room(SrValue *value, size_t size)
{
    value->bytes = (SrSlice){value->room.bytes, size};
}

void sr_value_set_bool(SrValue *value, bool flag)
{
    value->room.bytes[0] = flag ? CK_TRUE : CK_FALSE;
    sr_value_set_room(value, sizeof(CK_BBOOL));
}

void sr_value_set_number(SrValue *value, CK_ULONG number)
{
    value->room.numbers[0] = number;
    sr_value_set_room(value, sizeof number);
}

CK_RV sr_template_answer(CK_ATTRIBUTE *attribute, CK_RV result, const SrValue *value)
{
    const CK_ULONG room = attribute->ulValueLen;

    attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
    if (result != CKR_OK)
        return result;
    if (attribute->pValue && room < value->bytes.size)
        return CKR_BUFFER_TOO_SMALL;
    if (attribute->pValue && value->bytes.size > 0)
        memcpy(attribute->pValue, value->bytes.data, value->bytes.size);
    attribute->ulValueLen = value->bytes.size;
    return CKR_OK;
}
