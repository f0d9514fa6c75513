#include "tinycloud/dag_cbor.h"

/* Major types (RFC 8949 §3.1). */
enum { UNSIGNED = 0, BYTES = 2, TEXT = 3, ARRAY = 4, MAP = 5 };

#define DIRECT_MAX 23u /* numbers that the head itself holds */
#define FIRST_LONG 24u /* "one byte follows"; 25: two, 26: four, 27: eight */
#define LONGEST 27u

static void add_head(GByteArray *bytes, guint major, guint64 value)
{
    guint8 head[9] = {(guint8)(major << 5)};
    guint size = 0;

    if (value <= DIRECT_MAX) {
        head[0] |= (guint8)value;
    } else {
        guint kind = 0;

        while (kind < 3 && value >> (8u << kind) != 0)
            kind++;
        size = 1u << kind;
        head[0] |= (guint8)(FIRST_LONG + kind);
        for (guint i = 0; i < size; i++)
            head[1 + i] = (guint8)(value >> 8 * (size - 1 - i));
    }
    g_byte_array_append(bytes, head, 1 + size);
}

void sr_cbor_add_text(GByteArray *bytes, const char *text, gsize length)
{
    add_head(bytes, TEXT, length);
    g_byte_array_append(bytes, (const guint8 *)text, (guint)length);
}

void sr_cbor_add_bytes(GByteArray *bytes, const guint8 *data, gsize size)
{
    add_head(bytes, BYTES, size);
    g_byte_array_append(bytes, data, (guint)size);
}

void sr_cbor_add_unsigned(GByteArray *bytes, guint64 value)
{
    add_head(bytes, UNSIGNED, value);
}

void sr_cbor_add_map(GByteArray *bytes, guint64 count)
{
    add_head(bytes, MAP, count);
}

void sr_cbor_add_array(GByteArray *bytes, guint64 count)
{
    add_head(bytes, ARRAY, count);
}

/* --- reading -------------------------------------------------------------------------------- */

/* A head of the type @major, in its shortest form. */
static gboolean read_head(SrCborReader *reader, guint major, guint64 *ret_value)
{
    const guint8 *at = reader->at;
    guint kind;
    guint64 value = 0;

    if (at == reader->end || *at >> 5 != major)
        return FALSE;
    kind = *at++ & 31u;
    if (kind <= DIRECT_MAX) {
        *ret_value = kind;
        reader->at = at;
        return TRUE;
    }
    if (kind > LONGEST || reader->end - at < 1 << (kind - FIRST_LONG))
        return FALSE;
    for (guint i = 0; i < 1u << (kind - FIRST_LONG); i++)
        value = value << 8 | *at++;
    if (value <= DIRECT_MAX || (kind > FIRST_LONG && value >> (8u << (kind - FIRST_LONG - 1)) == 0))
        return FALSE;
    *ret_value = value;
    reader->at = at;
    return TRUE;
}

static gboolean read_string(SrCborReader *reader, guint major, SrSlice *ret_string)
{
    SrCborReader behind = *reader;
    guint64 length;

    if (!read_head(&behind, major, &length) || length > (guint64)(behind.end - behind.at))
        return FALSE;
    *ret_string = (SrSlice){(const char *)behind.at, (gsize)length};
    reader->at = behind.at + length;
    return TRUE;
}

gboolean sr_cbor_read_text(SrCborReader *reader, SrSlice *ret_text)
{
    SrCborReader behind = *reader;

    if (!read_string(&behind, TEXT, ret_text) ||
        !g_utf8_validate_len(ret_text->data, ret_text->length, NULL))
        return FALSE;
    *reader = behind;
    return TRUE;
}

gboolean sr_cbor_read_bytes(SrCborReader *reader, SrSlice *ret_bytes)
{
    return read_string(reader, BYTES, ret_bytes);
}

gboolean sr_cbor_read_unsigned(SrCborReader *reader, guint64 *ret_value)
{
    return read_head(reader, UNSIGNED, ret_value);
}

gboolean sr_cbor_read_map(SrCborReader *reader, guint64 *ret_count)
{
    return read_head(reader, MAP, ret_count);
}

gboolean sr_cbor_read_array(SrCborReader *reader, guint64 *ret_count)
{
    return read_head(reader, ARRAY, ret_count);
}
