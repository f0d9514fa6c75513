/*
 * The fields of a keystore file, version 3 (keystore.h), as they stand in its JSON: checked one by
 * one, nothing derived or decrypted.
 */
#pragma once

#include "crypto/kdf.h"

#include <glib.h>

#define SR_KEYSTORE_SALT_MAX 256u
#define SR_KEYSTORE_IV_SIZE 16u
#define SR_KEYSTORE_MAC_SIZE 32u
#define SR_KEYSTORE_ADDRESS_SIZE 20u

typedef enum {
    SR_KEYSTORE_SCRYPT,
    SR_KEYSTORE_PBKDF2, /* with HMAC-SHA-256 */
} SrKeystoreKdf;

typedef struct {
    SrKeystoreKdf kdf;
    SrScryptCost cost;  /* of scrypt */
    guint32 iterations; /* of PBKDF2 */
    guint8 salt[SR_KEYSTORE_SALT_MAX];
    gsize salt_size;
    guint8 iv[SR_KEYSTORE_IV_SIZE];
    guint8 ciphertext[32];
    gsize ciphertext_size; /* 30 … 32 */
    guint8 mac[SR_KEYSTORE_MAC_SIZE];
    gboolean has_address;
    guint8 address[SR_KEYSTORE_ADDRESS_SIZE];
} SrKeystoreFile;

/* Read JSON @text; errors as for sr_keystore_open. */
gboolean sr_keystore_file_parse(const char *text, gsize length, SrKeystoreFile *ret_file,
                                GError **error);
