#include "host/json_text.h"

#include <stdlib.h>
#include <string.h>

SrJsonText sr_json_text_start(char *buffer, size_t size)
{
    return (SrJsonText){.buffer = buffer, .size = size};
}

static void add_bytes(SrJsonText *json, const char *bytes, size_t size)
{
    if (size > json->size - json->used)
        abort();
    memcpy(json->buffer + json->used, bytes, size);
    json->used += size;
}

void sr_json_text_add(SrJsonText *json, const char *text)
{
    add_bytes(json, text, strlen(text));
}

void sr_json_text_add_string(SrJsonText *json, const char *text)
{
    add_bytes(json, "\"", 1);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            add_bytes(json, "\\", 1);
        add_bytes(json, *text >= ' ' && *text <= '~' ? text : "?", 1);
    }
    add_bytes(json, "\"", 1);
}
