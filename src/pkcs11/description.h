/*
 * What the module says of itself in the structures of PKCS#11.
 */
#pragma once

#include "pkcs11/cryptoki.h"

#include <stddef.h>

#define SR_MANUFACTURER "sealring"
#define SR_MODEL "sealring"

/* Write @text, blank-padded and without a NUL, into @size bytes; what is too long is cut between
 * characters of UTF-8. */
void sr_description_pad(CK_UTF8CHAR *ret_text, size_t size, const char *text);

/* The same for @length bytes that may hold anything: a NUL and what follows it is left out. */
void sr_description_pad_bytes(CK_UTF8CHAR *ret_text, size_t size, const void *text, size_t length);

/* sealring's version; the standard has room for two numbers of it. */
CK_VERSION sr_description_version(void);
