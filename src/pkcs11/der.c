#include "pkcs11/der.h"

/* The content's length at @at, which moves behind it; false when it is none. */
static bool take_length(const uint8_t **at, const uint8_t *end, size_t *ret_length)
{
    size_t count;

    if (*at == end)
        return false;
    *ret_length = *(*at)++;
    if (*ret_length < 0x80)
        return true;
    count = *ret_length & 0x7fu;
    if (count == 0 || count > 4 || count > (size_t)(end - *at) || **at == 0)
        return false;
    *ret_length = 0;
    for (size_t i = 0; i < count; i++)
        *ret_length = *ret_length << 8 | *(*at)++;
    return *ret_length >= 0x80;
}

bool sr_der_take(SrSlice *rest, uint8_t tag, SrSlice *ret_content, SrSlice *ret_whole)
{
    const uint8_t *at = rest->data;
    const uint8_t *end;
    size_t length;

    if (rest->size == 0 || *at != tag)
        return false;
    end = at + rest->size;
    at++;
    if (!take_length(&at, end, &length) || length > (size_t)(end - at))
        return false;
    if (ret_content)
        *ret_content = (SrSlice){at, length};
    if (ret_whole)
        *ret_whole = (SrSlice){rest->data, (size_t)(at + length - rest->data)};
    *rest = (SrSlice){at + length, (size_t)(end - at) - length};
    return true;
}
