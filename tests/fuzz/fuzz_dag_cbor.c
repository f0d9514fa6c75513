/*
 * DAG-CBOR: whatever value is read is written again as the very bytes it was read from, and what
 * is not read leaves the reader where it was.
 */
#include "tinycloud/dag_cbor.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Read one value or head, of whatever type it is, and write it to @bytes. */
static gboolean copy_one(SrCborReader *reader, GByteArray *bytes)
{
    SrSlice string;
    guint64 number;

    if (sr_cbor_read_text(reader, &string)) {
        g_assert(g_utf8_validate(string.data, (gssize)string.length, NULL));
        sr_cbor_add_text(bytes, string.data, string.length);
    } else if (sr_cbor_read_bytes(reader, &string)) {
        sr_cbor_add_bytes(bytes, (const guint8 *)string.data, string.length);
    } else if (sr_cbor_read_unsigned(reader, &number)) {
        sr_cbor_add_unsigned(bytes, number);
    } else if (sr_cbor_read_map(reader, &number)) {
        sr_cbor_add_map(bytes, number);
    } else if (sr_cbor_read_array(reader, &number)) {
        sr_cbor_add_array(bytes, number);
    } else {
        return FALSE;
    }
    return TRUE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    SrCborReader reader = {data, data + size};
    const guint8 *before = data;

    while (copy_one(&reader, bytes)) {
        g_assert(reader.at > before && reader.at <= data + size);
        before = reader.at;
    }
    g_assert(reader.at == before && reader.end == data + size);
    g_assert(bytes->len == (size_t)(reader.at - data));
    g_assert(bytes->len == 0 || memcmp(bytes->data, data, bytes->len) == 0);
    return 0;
}
