#include "crypto/aead.h"

#include "base/error.h"
#include "crypto/digest.h"

#include <openssl/evp.h>
#include <string.h>

#define NONCE_SIZE 12u
#define TAG_SIZE 16u
#define TEXT_SIZE_MAX (G_MAXINT / 2) /* OpenSSL counts in int */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)

static gboolean check_sizes(const SrSecret *key, gsize aad_size, gsize text_size, GError **error)
{
    if (sr_secret_size(key) != SR_AEAD_KEY_SIZE) {
        sr_error_set(error, SR_ERROR_INTERNAL, "an AES-256-GCM key of %zu bytes instead of %u",
                     sr_secret_size(key), SR_AEAD_KEY_SIZE);
        return FALSE;
    }
    if (aad_size > TEXT_SIZE_MAX || text_size > TEXT_SIZE_MAX) {
        sr_error_set(error, SR_ERROR_LIMIT_EXCEEDED, "too many bytes to seal at once");
        return FALSE;
    }
    return TRUE;
}

/* A context ready for the text: key and nonce set, @aad fed. @encrypt is 1 or 0. */
static EVP_CIPHER_CTX *start(const SrSecret *key, const guint8 *nonce, const void *aad,
                             gsize aad_size, int encrypt)
{
    g_autoptr(EVP_CIPHER_CTX) context = EVP_CIPHER_CTX_new();
    int size;

    if (!context || EVP_CipherInit_ex(context, EVP_aes_256_gcm(), NULL, sr_secret_peek(key), nonce,
                                      encrypt) != 1)
        return NULL;
    if (aad_size && EVP_CipherUpdate(context, NULL, &size, aad, (int)aad_size) != 1)
        return NULL;
    return g_steal_pointer(&context);
}

GByteArray *sr_aead_seal(const SrSecret *key, const void *aad, gsize aad_size, const guint8 *plain,
                         gsize plain_size, GError **error)
{
    g_autoptr(EVP_CIPHER_CTX) context = NULL;
    g_autoptr(GByteArray) sealed = NULL;
    guint8 *text;
    int size = 0;

    if (!check_sizes(key, aad_size, plain_size, error))
        return NULL;
    sealed = g_byte_array_sized_new((guint)(plain_size + SR_AEAD_OVERHEAD));
    g_byte_array_set_size(sealed, (guint)(plain_size + SR_AEAD_OVERHEAD));
    if (!sr_random_bytes(sealed->data, NONCE_SIZE, error))
        return NULL;
    text = sealed->data + NONCE_SIZE;
    context = start(key, sealed->data, aad, aad_size, 1);
    if (!context ||
        (plain_size && EVP_CipherUpdate(context, text, &size, plain, (int)plain_size) != 1) ||
        EVP_CipherFinal_ex(context, text + size, &size) != 1 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, (int)TAG_SIZE, text + plain_size) !=
            1) {
        sr_error_set(error, SR_ERROR_INTERNAL, "OpenSSL could not seal with AES-256-GCM");
        return NULL;
    }
    return g_steal_pointer(&sealed);
}

/* Decrypt @size bytes of @text and check the tag behind them. */
static gboolean open_text(EVP_CIPHER_CTX *context, const guint8 *text, gsize size, guint8 *plain)
{
    guint8 tag[TAG_SIZE];
    int done = 0;

    memcpy(tag, text + size, TAG_SIZE);
    return (size == 0 || EVP_CipherUpdate(context, plain, &done, text, (int)size) == 1) &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, (int)TAG_SIZE, tag) == 1 &&
           EVP_CipherFinal_ex(context, plain + done, &done) == 1;
}

SrSecret *sr_aead_open(const SrSecret *key, const void *aad, gsize aad_size, const guint8 *sealed,
                       gsize sealed_size, GError **error)
{
    g_autoptr(EVP_CIPHER_CTX) context = NULL;
    g_autoptr(SrSecret) plain = NULL;
    gsize size;

    if (!check_sizes(key, aad_size, sealed_size, error))
        return NULL;
    if (sealed_size < SR_AEAD_OVERHEAD) {
        sr_error_set(error, SR_ERROR_CORRUPT, "a sealed text of %zu bytes is cut short",
                     sealed_size);
        return NULL;
    }
    size = sealed_size - SR_AEAD_OVERHEAD;
    plain = sr_secret_new(size, error);
    if (!plain)
        return NULL;
    context = start(key, sealed, aad, aad_size, 0);
    if (!context || !open_text(context, sealed + NONCE_SIZE, size, sr_secret_data(plain))) {
        sr_error_set(error, SR_ERROR_CORRUPT,
                     "a sealed text does not belong to this key and place, or was altered");
        return NULL;
    }
    return g_steal_pointer(&plain);
}
