#include "tinycloud/cid.h"

#include "base/encoding.h"
#include "crypto/blake3.h"

#include <string.h>

#define PREFIX_SIZE 4u
#define TEXT_PREFIX "bafkr4i"
#define TEXT_LENGTH 59u /* "b" and 36 bytes in base32 */

/* Version 1, content "raw" (0x55), hash BLAKE3 (0x1e) of 32 bytes. */
static const guint8 prefix[PREFIX_SIZE] = {0x01, 0x55, 0x1e, SR_BLAKE3_SIZE};

char *sr_cid_of(const void *bytes, gsize size)
{
    guint8 cid[PREFIX_SIZE + SR_BLAKE3_SIZE];
    g_autofree char *text = NULL;

    memcpy(cid, prefix, PREFIX_SIZE);
    sr_blake3(bytes, size, cid + PREFIX_SIZE);
    text = sr_base32_encode(cid, sizeof cid);
    return g_strconcat("b", text, NULL);
}

/* Behind the prefix come its last two bits, which are 0, and 256 more in 51 characters and a bit.
 */
gboolean sr_cid_is_valid(const char *text)
{
    return strlen(text) == TEXT_LENGTH && g_str_has_prefix(text, TEXT_PREFIX) &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz234567") == TEXT_LENGTH &&
           strchr("abcdefgh", text[strlen(TEXT_PREFIX)]) &&
           strchr("aeimquy4", text[TEXT_LENGTH - 1]);
}
