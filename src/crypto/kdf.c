#include "crypto/kdf.h"

#include "base/error.h"
#include "crypto/scrypt_mix.h"

#include <endian.h>
#include <openssl/evp.h>
#include <string.h>

#define SCRYPT_N_MAX (G_GUINT64_CONSTANT(1) << 20)
#define SCRYPT_R_MAX 32u
#define SCRYPT_P_MAX 16u
#define SCRYPT_WORK_MAX (G_GUINT64_CONSTANT(1) << 24)   /* N·r·p */
#define SCRYPT_MEMORY_MAX (G_GUINT64_CONSTANT(1) << 30) /* 128·N·r */

static gboolean fail_cost(GError **error, const char *path, const char *name, const char *rule)
{
    g_autofree char *field = g_strconcat(path, name, NULL);

    sr_error_set_at(error, SR_ERROR_LIMIT_EXCEEDED, field, -1, "%s", rule);
    return FALSE;
}

gboolean sr_scrypt_cost_check(SrScryptCost cost, const char *path, GError **error)
{
    if (cost.n < 2 || cost.n > SCRYPT_N_MAX || (cost.n & (cost.n - 1)) != 0)
        return fail_cost(error, path, "n", "must be a power of two from 2 to 2^20");
    if (cost.r < 1 || cost.r > SCRYPT_R_MAX)
        return fail_cost(error, path, "r", "must be from 1 to 32");
    if (cost.p < 1 || cost.p > SCRYPT_P_MAX)
        return fail_cost(error, path, "p", "must be from 1 to 16");
    if (128 * cost.n * cost.r > SCRYPT_MEMORY_MAX)
        return fail_cost(error, path, "n", "costs more than 1 GiB of memory with this r");
    if (cost.n * cost.r * cost.p > SCRYPT_WORK_MAX)
        return fail_cost(error, path, "n", "costs too much time with this r and p");
    return TRUE;
}

static gboolean fail_memory(GError **error)
{
    sr_error_set(error, SR_ERROR_LIMIT_EXCEEDED,
                 "not enough memory to derive a key from a "
                 "passphrase");
    return FALSE;
}

/* Fill @key; lengths are within an int because salts and passphrases come from small files. */
static gboolean fill_pbkdf2(const SrSecret *passphrase, const guint8 *salt, gsize salt_size,
                            guint32 iterations, SrSecret *key, GError **error)
{
    if (salt_size > G_MAXINT ||
        PKCS5_PBKDF2_HMAC((const char *)sr_secret_peek(passphrase), (int)sr_secret_size(passphrase),
                          salt, (int)salt_size, (int)iterations, EVP_sha256(),
                          (int)sr_secret_size(key), sr_secret_data(key)) != 1)
        return fail_memory(error);
    return TRUE;
}

/* Mix the @count blocks of 128 bytes in @blocks one after the other. */
static gboolean mix_blocks(SrSecret *blocks, guint32 count, guint32 n, GError **error)
{
    const gsize table_size = (gsize)n * SR_SCRYPT_MIX_WORDS * sizeof(guint32);
    guint32 block[SR_SCRYPT_MIX_WORDS];
    guint32 *table = g_try_malloc(table_size);

    if (!table)
        return fail_memory(error);
    for (guint32 i = 0; i < count; i++) {
        guint8 *bytes = sr_secret_data(blocks) + i * sizeof block;

        memcpy(block, bytes, sizeof block);
        for (guint k = 0; k < SR_SCRYPT_MIX_WORDS; k++)
            block[k] = le32toh(block[k]);
        sr_scrypt_mix(block, n, table);
        for (guint k = 0; k < SR_SCRYPT_MIX_WORDS; k++)
            block[k] = htole32(block[k]);
        memcpy(bytes, block, sizeof block);
    }
    explicit_bzero(block, sizeof block);
    explicit_bzero(table, table_size);
    g_free(table);
    return TRUE;
}

/* scrypt (RFC 7914 §6) with r = 1 and our own mixing. */
static gboolean fill_scrypt_r1(const SrSecret *passphrase, const guint8 *salt, gsize salt_size,
                               SrScryptCost cost, SrSecret *key, GError **error)
{
    const gsize size = (gsize)cost.p * SR_SCRYPT_MIX_WORDS * sizeof(guint32);
    g_autoptr(SrSecret) blocks = sr_secret_new(size, error);

    return blocks && fill_pbkdf2(passphrase, salt, salt_size, 1, blocks, error) &&
           mix_blocks(blocks, cost.p, (guint32)cost.n, error) &&
           fill_pbkdf2(passphrase, sr_secret_peek(blocks), size, 1, key, error);
}

static gboolean fill_scrypt(const SrSecret *passphrase, const guint8 *salt, gsize salt_size,
                            SrScryptCost cost, SrSecret *key, GError **error)
{
    /* OpenSSL allows 32 MiB unless told otherwise; it adds its blocks to the 128·N·r of scrypt. */
    const guint64 memory = 128 * (guint64)cost.r * (cost.n + cost.p + 2);

    if (EVP_PBE_scrypt((const char *)sr_secret_peek(passphrase), sr_secret_size(passphrase), salt,
                       salt_size, cost.n, cost.r, cost.p, memory, sr_secret_data(key),
                       sr_secret_size(key)) != 1)
        return fail_memory(error);
    return TRUE;
}

SrSecret *sr_scrypt(const SrSecret *passphrase, const guint8 *salt, gsize salt_size,
                    SrScryptCost cost, gsize key_size, GError **error)
{
    const gboolean beyond_openssl = cost.r == 1 && cost.n >= 65536;
    g_autoptr(SrSecret) key = NULL;
    gboolean done;

    if (!sr_scrypt_cost_check(cost, "", error))
        return NULL;
    key = sr_secret_new(key_size, error);
    if (!key)
        return NULL;
    done = beyond_openssl ? fill_scrypt_r1(passphrase, salt, salt_size, cost, key, error)
                          : fill_scrypt(passphrase, salt, salt_size, cost, key, error);
    return done ? g_steal_pointer(&key) : NULL;
}

SrSecret *sr_pbkdf2_sha256(const SrSecret *passphrase, const guint8 *salt, gsize salt_size,
                           guint32 iterations, gsize key_size, GError **error)
{
    g_autoptr(SrSecret) key = NULL;

    if (iterations < 1 || iterations > SR_PBKDF2_ITERATIONS_MAX) {
        sr_error_set_at(error, SR_ERROR_LIMIT_EXCEEDED, "c", -1, "must be from 1 to %u",
                        SR_PBKDF2_ITERATIONS_MAX);
        return NULL;
    }
    key = sr_secret_new(key_size, error);
    if (!key || !fill_pbkdf2(passphrase, salt, salt_size, iterations, key, error))
        return NULL;
    return g_steal_pointer(&key);
}
