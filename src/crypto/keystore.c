#include "crypto/keystore.h"

#include "base/encoding.h"
#include "base/error.h"
#include "base/json.h"
#include "crypto/digest.h"
#include "crypto/keccak.h"
#include "crypto/keystore_file.h"

#include <openssl/evp.h>
#include <string.h>

#define DERIVED_SIZE 32u /* AES-128 key, then MAC key */
#define MAC_KEY_OFFSET 16u
#define PRIVATE_SIZE 32u
#define SALT_SIZE 32u

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)

static SrSecret *derive(const SrKeystoreFile *file, const SrSecret *passphrase, GError **error)
{
    if (file->kdf == SR_KEYSTORE_SCRYPT)
        return sr_scrypt(passphrase, file->salt, file->salt_size, file->cost, DERIVED_SIZE, error);
    return sr_pbkdf2_sha256(passphrase, file->salt, file->salt_size, file->iterations, DERIVED_SIZE,
                            error);
}

static void compute_mac(const SrSecret *derived, const guint8 *ciphertext, gsize size,
                        guint8 ret_mac[SR_KEYSTORE_MAC_SIZE])
{
    SrKeccak keccak;

    sr_keccak_init(&keccak);
    sr_keccak_update(&keccak, sr_secret_peek(derived) + MAC_KEY_OFFSET,
                     DERIVED_SIZE - MAC_KEY_OFFSET);
    sr_keccak_update(&keccak, ciphertext, size);
    sr_keccak_final(&keccak, 0x01, ret_mac);
    explicit_bzero(&keccak, sizeof keccak);
}

/* AES-128-CTR, which is its own inverse. */
static gboolean crypt_ctr(const SrSecret *derived, const guint8 iv[SR_KEYSTORE_IV_SIZE],
                          const guint8 *input, gsize size, guint8 *output, GError **error)
{
    g_autoptr(EVP_CIPHER_CTX) context = EVP_CIPHER_CTX_new();
    int done;

    if (!context ||
        EVP_EncryptInit_ex(context, EVP_aes_128_ctr(), NULL, sr_secret_peek(derived), iv) != 1 ||
        EVP_EncryptUpdate(context, output, &done, input, (int)size) != 1) {
        sr_error_set(error, SR_ERROR_INTERNAL, "OpenSSL could not run AES-128-CTR");
        return FALSE;
    }
    return TRUE;
}

static SrSecret *decrypt(const SrKeystoreFile *file, const SrSecret *derived, GError **error)
{
    g_autoptr(SrSecret) bytes = sr_secret_new(PRIVATE_SIZE, error);
    const gsize padding = PRIVATE_SIZE - file->ciphertext_size;

    if (!bytes || !crypt_ctr(derived, file->iv, file->ciphertext, file->ciphertext_size,
                             sr_secret_data(bytes) + padding, error))
        return NULL;
    return g_steal_pointer(&bytes);
}

/* The account address of @key; the ethereum layer above has the same for general use. */
static void write_address(const SrKey *key, guint8 ret_address[SR_KEYSTORE_ADDRESS_SIZE])
{
    guint8 digest[SR_KECCAK256_SIZE];

    sr_keccak256(sr_key_public(key, NULL) + 1, 64, digest);
    memcpy(ret_address, digest + sizeof digest - SR_KEYSTORE_ADDRESS_SIZE,
           SR_KEYSTORE_ADDRESS_SIZE);
}

static gboolean check_address(const SrKeystoreFile *file, const SrKey *key, GError **error)
{
    guint8 address[SR_KEYSTORE_ADDRESS_SIZE];

    write_address(key, address);
    if (file->has_address && memcmp(address, file->address, sizeof address) != 0) {
        sr_error_set_at(error, SR_ERROR_CORRUPT, "address", -1,
                        "is not the address of the key in this file");
        return FALSE;
    }
    return TRUE;
}

SrKey *sr_keystore_open(const char *text, gsize length, const SrSecret *passphrase, GError **error)
{
    SrKeystoreFile file;
    g_autoptr(SrSecret) derived = NULL;
    g_autoptr(SrKey) key = NULL;
    SrSecret *bytes;
    guint8 mac[SR_KEYSTORE_MAC_SIZE];

    if (!sr_keystore_file_parse(text, length, &file, error))
        return NULL;
    derived = derive(&file, passphrase, error);
    if (!derived)
        return NULL;
    compute_mac(derived, file.ciphertext, file.ciphertext_size, mac);
    if (!sr_memory_equal(mac, file.mac, sizeof mac)) {
        sr_error_set(error, SR_ERROR_WRONG_PASSPHRASE,
                     "the passphrase does not open this keystore file");
        return NULL;
    }
    bytes = decrypt(&file, derived, error);
    key = bytes ? sr_key_new(SR_KEY_SECP256K1, bytes, error) : NULL;
    if (!key || !check_address(&file, key, error))
        return NULL;
    return g_steal_pointer(&key);
}

static void add_hex(SrJson *object, const char *name, const guint8 *bytes, gsize size)
{
    g_autofree char *text = sr_hex_encode(bytes, size, FALSE);

    sr_json_add_string(object, name, text);
}

/* The "crypto" member; the fields are in @file. */
static SrJson *crypto_json(const SrKeystoreFile *file)
{
    SrJson *crypto = json_object_new_object();
    SrJson *cipher = json_object_new_object();
    SrJson *params = json_object_new_object();

    add_hex(cipher, "iv", file->iv, sizeof file->iv);
    sr_json_add_integer(params, "dklen", DERIVED_SIZE);
    sr_json_add_integer(params, "n", (gint64)file->cost.n);
    sr_json_add_integer(params, "p", file->cost.p);
    sr_json_add_integer(params, "r", file->cost.r);
    add_hex(params, "salt", file->salt, file->salt_size);
    sr_json_add_string(crypto, "cipher", "aes-128-ctr");
    add_hex(crypto, "ciphertext", file->ciphertext, file->ciphertext_size);
    sr_json_add(crypto, "cipherparams", cipher);
    sr_json_add_string(crypto, "kdf", "scrypt");
    sr_json_add(crypto, "kdfparams", params);
    add_hex(crypto, "mac", file->mac, sizeof file->mac);
    return crypto;
}

static char *file_text(const SrKeystoreFile *file)
{
    g_autoptr(SrJson) json = json_object_new_object();
    g_autofree char *id = g_uuid_string_random();

    add_hex(json, "address", file->address, sizeof file->address);
    sr_json_add(json, "crypto", crypto_json(file));
    sr_json_add_string(json, "id", id);
    sr_json_add_integer(json, "version", 3);
    return sr_json_text(json);
}

static gboolean check_export(const SrKey *key, const SrSecret *passphrase, GError **error)
{
    if (sr_key_type(key) != SR_KEY_SECP256K1) {
        sr_error_set(error, SR_ERROR_INVALID_PARAMS,
                     "a keystore file holds a secp256k1 key, this one is %s",
                     sr_key_type_name(sr_key_type(key)));
        return FALSE;
    }
    if (sr_secret_size(passphrase) == 0) {
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "passphrase", -1, "must not be empty");
        return FALSE;
    }
    return TRUE;
}

char *sr_keystore_export(const SrKey *key, const SrSecret *passphrase, SrScryptCost cost,
                         GError **error)
{
    SrKeystoreFile file = {.kdf = SR_KEYSTORE_SCRYPT,
                           .cost = cost,
                           .salt_size = SALT_SIZE,
                           .ciphertext_size = PRIVATE_SIZE};
    g_autoptr(SrSecret) derived = NULL;

    if (!check_export(key, passphrase, error) ||
        !sr_random_bytes(file.salt, file.salt_size, error) ||
        !sr_random_bytes(file.iv, sizeof file.iv, error))
        return NULL;
    derived = derive(&file, passphrase, error);
    if (!derived || !crypt_ctr(derived, file.iv, sr_secret_peek(sr_key_private(key)), PRIVATE_SIZE,
                               file.ciphertext, error))
        return NULL;
    compute_mac(derived, file.ciphertext, file.ciphertext_size, file.mac);
    write_address(key, file.address);
    return file_text(&file);
}
