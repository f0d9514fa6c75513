/*
 * Writing a small JSON text into a buffer of fixed size. The browser chooses the buffer so that
 * everything fits; overrunning it is a bug of the host and ends it (abort).
 */
#pragma once

#include <stddef.h>

typedef struct {
    char *buffer;
    size_t size;
    size_t used;
} SrJsonText;

/* Start an empty text in @buffer. */
SrJsonText sr_json_text_start(char *buffer, size_t size);

/* Append @text as it is. */
void sr_json_text_add(SrJsonText *json, const char *text);

/*
 * Append @text as a JSON string with its quotes (RFC 8259 §7). Bytes outside printable ASCII, which
 * may not even be UTF-8 (file names), become "?".
 */
void sr_json_text_add_string(SrJsonText *json, const char *text);
