#include "oauth/head_text.h"

#include "oauth/ascii.h"

#include <string.h>

#define LENGTH_HEADER "Content-Length"
#define LENGTH_DIGITS_MAX 9u

void sr_head_add(SrHeadWriter *writer, const void *bytes, gsize size)
{
    if (writer->text && size)
        memcpy(sr_secret_data(writer->text) + writer->length, bytes, size);
    writer->length += size;
}

void sr_head_add_text(SrHeadWriter *writer, const char *text)
{
    sr_head_add(writer, text, strlen(text));
}

static void add_header(SrHeadWriter *writer, const char *name, const void *value, gsize size)
{
    sr_head_add_text(writer, name);
    sr_head_add_text(writer, ": ");
    sr_head_add(writer, value, size);
    sr_head_add_text(writer, "\n");
}

void sr_head_add_header(SrHeadWriter *writer, const char *name, const char *value)
{
    if (value)
        add_header(writer, name, value, strlen(value));
}

void sr_head_add_secret_header(SrHeadWriter *writer, const char *name, const SrSecret *value)
{
    if (value)
        add_header(writer, name, sr_secret_peek(value), sr_secret_size(value));
}

void sr_head_add_body(SrHeadWriter *writer, const SrSecret *body)
{
    const gsize size = body ? sr_secret_size(body) : 0;
    g_autofree char *length = g_strdup_printf("%zu", size);

    sr_head_add_header(writer, LENGTH_HEADER, size ? length : NULL);
    sr_head_add_text(writer, "\n");
    if (size)
        sr_head_add(writer, sr_secret_peek(body), size);
}

gboolean sr_head_read_line(SrHeadReader *reader, SrSlice *ret_line)
{
    const char *start = reader->text + reader->at;
    const char *end = memchr(start, '\n', reader->length - reader->at);

    if (!end)
        return FALSE;
    *ret_line = (SrSlice){start, (gsize)(end - start)};
    reader->at += ret_line->length + 1;
    return TRUE;
}

gboolean sr_head_read_header(SrHeadReader *reader, const char *name, SrSlice *ret_value)
{
    const gsize start = reader->at;
    const gsize prefix = strlen(name) + 2;
    SrSlice line;

    if (sr_head_read_line(reader, &line) && line.length > prefix &&
        memcmp(line.data, name, prefix - 2) == 0 && memcmp(line.data + prefix - 2, ": ", 2) == 0) {
        *ret_value = (SrSlice){line.data + prefix, line.length - prefix};
        if (sr_ascii_is_printable(ret_value->data, ret_value->length))
            return TRUE;
    }
    reader->at = start;
    return FALSE;
}

/* A decimal number without leading zero; 0 when it is none. */
static gsize read_length(SrSlice digits)
{
    gsize length = 0;

    if (digits.length > LENGTH_DIGITS_MAX || digits.data[0] == '0')
        return 0;
    for (gsize i = 0; i < digits.length; i++) {
        if (!g_ascii_isdigit(digits.data[i]))
            return 0;
        length = length * 10 + (gsize)(digits.data[i] - '0');
    }
    return length;
}

gboolean sr_head_read_body(SrHeadReader *reader, SrSlice *ret_body)
{
    SrSlice value;
    SrSlice empty;
    gsize length = 0;

    if (sr_head_read_header(reader, LENGTH_HEADER, &value)) {
        length = read_length(value);
        if (length == 0)
            return FALSE;
    }
    if (!sr_head_read_line(reader, &empty) || empty.length != 0 ||
        reader->length - reader->at != length)
        return FALSE;
    *ret_body = (SrSlice){length ? reader->text + reader->at : NULL, length};
    reader->at = reader->length;
    return TRUE;
}
