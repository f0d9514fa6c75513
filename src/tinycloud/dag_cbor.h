/*
 * DAG-CBOR (IPLD specification), as much of CBOR (RFC 8949) as a CACAO needs: text, bytes, whole
 * numbers, arrays and maps, all of a known length. One value has one encoding: a reader refuses a
 * head that is longer than it must be. The caller keeps the order of a map's names (by length, then
 * by bytes) and checks it by encoding again what was read.
 */
#pragma once

#include "base/slice.h"

#include <glib.h>

/* Append one value, or the head of a map or array of @count members that follow. */
void sr_cbor_add_text(GByteArray *bytes, const char *text, gsize length);
void sr_cbor_add_bytes(GByteArray *bytes, const guint8 *data, gsize size);
void sr_cbor_add_unsigned(GByteArray *bytes, guint64 value);
void sr_cbor_add_map(GByteArray *bytes, guint64 count);
void sr_cbor_add_array(GByteArray *bytes, guint64 count);

/* Where one reads; both are the caller's. */
typedef struct {
    const guint8 *at;
    const guint8 *end;
} SrCborReader;

/*
 * Read one value, or the head of a map or array; FALSE, with the reader where it was, when
 * something else follows. Texts and bytes are pieces of what is read; a text is UTF-8 without NUL.
 */
gboolean sr_cbor_read_text(SrCborReader *reader, SrSlice *ret_text);
gboolean sr_cbor_read_bytes(SrCborReader *reader, SrSlice *ret_bytes);
gboolean sr_cbor_read_unsigned(SrCborReader *reader, guint64 *ret_value);
gboolean sr_cbor_read_map(SrCborReader *reader, guint64 *ret_count);
gboolean sr_cbor_read_array(SrCborReader *reader, guint64 *ret_count);
