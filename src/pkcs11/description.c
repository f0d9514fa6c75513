#include "pkcs11/description.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_continuation(CK_UTF8CHAR byte)
{
    return (byte & 0xc0) == 0x80;
}

void sr_description_pad_bytes(CK_UTF8CHAR *ret_text, size_t size, const void *text, size_t length)
{
    const CK_UTF8CHAR *bytes = text;

    length = strnlen(text, length);
    if (length > size) {
        length = size;
        while (length > 0 && is_continuation(bytes[length]))
            length--;
    }
    memset(ret_text, ' ', size);
    memcpy(ret_text, bytes, length);
}

void sr_description_pad(CK_UTF8CHAR *ret_text, size_t size, const char *text)
{
    sr_description_pad_bytes(ret_text, size, text, strlen(text));
}

CK_VERSION sr_description_version(void)
{
    char *rest;
    const unsigned long major = strtoul(SR_VERSION, &rest, 10);
    const unsigned long minor = *rest == '.' ? strtoul(rest + 1, NULL, 10) : 0;

    return (CK_VERSION){.major = (CK_BYTE)major, .minor = (CK_BYTE)minor};
}
