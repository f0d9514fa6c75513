#include "crypto/seal.h"

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/aead.h"
#include "crypto/digest.h"

#include <string.h>

#define FIELDS 6u
#define SALT_SIZE 32u
#define PRIVATE_SIZE 32u
#define TEXT_MAX 512u

/* The parts of a sealed text. */
typedef struct {
    SrScryptCost cost;
    GByteArray *salt;
    GByteArray *sealed;
} SealedKey;

static void sealed_key_clear(SealedKey *parts)
{
    g_clear_pointer(&parts->salt, g_byte_array_unref);
    g_clear_pointer(&parts->sealed, g_byte_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SealedKey, sealed_key_clear)

/* What the seal is bound to: type name, NUL, public key. */
static GByteArray *associated_data(SrKeyType type, const guint8 *public_key)
{
    const char *name = sr_key_type_name(type);
    GByteArray *data = g_byte_array_new();

    g_byte_array_append(data, (const guint8 *)name, (guint)strlen(name) + 1);
    g_byte_array_append(data, public_key, (guint)sr_key_public_size(type));
    return data;
}

char *sr_seal_key(const SrKey *key, const SrSecret *passphrase, SrScryptCost cost, GError **error)
{
    const SrSecret *bytes = sr_key_private(key);
    g_autoptr(GByteArray) aad = associated_data(sr_key_type(key), sr_key_public(key, NULL));
    g_autoptr(GByteArray) sealed = NULL;
    g_autoptr(SrSecret) wrap = NULL;
    g_autofree char *salt_text = NULL;
    g_autofree char *sealed_text = NULL;
    guint8 salt[SALT_SIZE];

    if (sr_secret_size(passphrase) == 0) {
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "passphrase", -1, "must not be empty");
        return NULL;
    }
    if (!sr_random_bytes(salt, sizeof salt, error))
        return NULL;
    wrap = sr_scrypt(passphrase, salt, sizeof salt, cost, SR_AEAD_KEY_SIZE, error);
    if (!wrap)
        return NULL;
    sealed = sr_aead_seal(wrap, aad->data, aad->len, sr_secret_peek(bytes), sr_secret_size(bytes),
                          error);
    if (!sealed)
        return NULL;
    salt_text = sr_base64url_encode(salt, sizeof salt);
    sealed_text = sr_base64url_encode(sealed->data, sealed->len);
    return g_strdup_printf("scrypt:%" G_GUINT64_FORMAT ":%u:%u:%s:%s", cost.n, cost.r, cost.p,
                           salt_text, sealed_text);
}

/* A canonical decimal number: no sign, no leading zero, nothing behind it. */
static gboolean parse_number(const char *text, guint64 maximum, guint64 *ret_value)
{
    return text[0] != '0' && g_ascii_isdigit(text[0]) &&
           g_ascii_string_to_unsigned(text, 10, 0, maximum, ret_value, NULL);
}

static gboolean parse_cost(char **fields, SrScryptCost *ret_cost)
{
    guint64 r;
    guint64 p;

    if (!parse_number(fields[0], G_MAXUINT64, &ret_cost->n) ||
        !parse_number(fields[1], G_MAXUINT32, &r) || !parse_number(fields[2], G_MAXUINT32, &p))
        return FALSE;
    ret_cost->r = (guint32)r;
    ret_cost->p = (guint32)p;
    return TRUE;
}

static gboolean parse_bytes(const char *text, gsize size, GByteArray **ret_bytes)
{
    *ret_bytes = sr_base64url_decode(text, strlen(text), NULL);
    return *ret_bytes && (*ret_bytes)->len == size;
}

static gboolean parse(const char *text, SealedKey *parts, GError **error)
{
    g_auto(GStrv) fields = NULL;

    if (strnlen(text, TEXT_MAX + 1) <= TEXT_MAX)
        fields = g_strsplit(text, ":", FIELDS + 1);
    if (!fields || g_strv_length(fields) != FIELDS || strcmp(fields[0], "scrypt") != 0 ||
        !parse_cost(fields + 1, &parts->cost) || !parse_bytes(fields[4], SALT_SIZE, &parts->salt) ||
        !parse_bytes(fields[5], PRIVATE_SIZE + SR_AEAD_OVERHEAD, &parts->sealed)) {
        sr_error_set(error, SR_ERROR_CORRUPT, "a sealed key is not \"scrypt:N:r:p:SALT:SEALED\"");
        return FALSE;
    }
    return TRUE;
}

/* The private bytes in @parts. A wrong passphrase and an altered text cannot be told apart. */
static SrSecret *open_parts(const SealedKey *parts, SrKeyType type, const guint8 *public_key,
                            const SrSecret *passphrase, GError **error)
{
    g_autoptr(GByteArray) aad = associated_data(type, public_key);
    g_autoptr(SrSecret) wrap = sr_scrypt(passphrase, parts->salt->data, parts->salt->len,
                                         parts->cost, SR_AEAD_KEY_SIZE, error);
    g_autoptr(GError) problem = NULL;
    SrSecret *bytes;

    if (!wrap)
        return NULL;
    bytes =
        sr_aead_open(wrap, aad->data, aad->len, parts->sealed->data, parts->sealed->len, &problem);
    if (g_error_matches(problem, SR_ERROR, SR_ERROR_CORRUPT))
        sr_error_set(error, SR_ERROR_WRONG_PASSPHRASE,
                     "the passphrase does not open this sealed key");
    else if (problem)
        g_propagate_error(error, g_steal_pointer(&problem));
    return bytes;
}

SrKey *sr_unseal_key(SrKeyType type, const guint8 *public_key, const char *sealed,
                     const SrSecret *passphrase, GError **error)
{
    g_auto(SealedKey) parts = {0};
    g_autoptr(SrKey) key = NULL;
    SrSecret *bytes;

    if (!parse(sealed, &parts, error))
        return NULL;
    bytes = open_parts(&parts, type, public_key, passphrase, error);
    if (!bytes)
        return NULL;
    key = sr_key_new(type, bytes, error);
    if (!key)
        return NULL;
    if (memcmp(sr_key_public(key, NULL), public_key, sr_key_public_size(type)) != 0) {
        sr_error_set(error, SR_ERROR_CORRUPT, "a sealed key is not the key of its record");
        return NULL;
    }
    return g_steal_pointer(&key);
}
