#include "crypto/digest.h"

#include "base/encoding.h"
#include "base/error.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

static gboolean fail_unseeded(GError **error)
{
    sr_error_set(error, SR_ERROR_INTERNAL, "the random number generator is not seeded");
    return FALSE;
}

void sr_sha256(const void *data, gsize size, guint8 digest[SR_SHA256_SIZE])
{
    if (EVP_Digest(data, size, digest, NULL, EVP_sha256(), NULL) != 1)
        g_error("OpenSSL offers no SHA-256");
}

void sr_sha384(const void *data, gsize size, guint8 digest[SR_SHA384_SIZE])
{
    if (EVP_Digest(data, size, digest, NULL, EVP_sha384(), NULL) != 1)
        g_error("OpenSSL offers no SHA-384");
}

void sr_sha512(const void *data, gsize size, guint8 digest[SR_SHA512_SIZE])
{
    if (EVP_Digest(data, size, digest, NULL, EVP_sha512(), NULL) != 1)
        g_error("OpenSSL offers no SHA-512");
}

gboolean sr_random_bytes(guint8 *bytes, gsize size, GError **error)
{
    if (size > G_MAXINT || RAND_bytes(bytes, (int)size) != 1)
        return fail_unseeded(error);
    return TRUE;
}

SrSecret *sr_random_secret(gsize size, GError **error)
{
    g_autoptr(SrSecret) secret = sr_secret_new(size, error);

    if (!secret)
        return NULL;
    if (RAND_priv_bytes(sr_secret_data(secret), (int)size) != 1) {
        fail_unseeded(error);
        return NULL;
    }
    return g_steal_pointer(&secret);
}

char *sr_random_alphanumeric(gsize length, GError **error)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    /* 4 * 62 = 248: bytes from there on would favour the first letters. */
    const guint8 limit = 248;
    g_autofree char *text = g_malloc(length + 1);
    gsize done = 0;

    while (done < length) {
        guint8 pool[64];

        if (!sr_random_bytes(pool, sizeof pool, error))
            return NULL;
        for (gsize i = 0; i < sizeof pool && done < length; i++)
            if (pool[i] < limit)
                text[done++] = letters[pool[i] % 62];
    }
    text[length] = '\0';
    return g_steal_pointer(&text);
}

char *sr_random_uuid(GError **error)
{
    guint8 bytes[16];
    char digits[2 * sizeof bytes + 1] = "";

    if (!sr_random_bytes(bytes, sizeof bytes, error))
        return NULL;
    bytes[6] = (guint8)(0x40 | (bytes[6] & 0x0f));
    bytes[8] = (guint8)(0x80 | (bytes[8] & 0x3f));
    sr_hex_write(bytes, sizeof bytes, digits);
    return g_strdup_printf("%.8s-%.4s-%.4s-%.4s-%s", digits, digits + 8, digits + 12, digits + 16,
                           digits + 20);
}
