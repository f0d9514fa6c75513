/* Keystore files: parsed whatever they hold, opened when their costs are small. */
#include "crypto/keystore.h"
#include "crypto/keystore_file.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static gboolean is_cheap(const SrKeystoreFile *file)
{
    if (file->kdf == SR_KEYSTORE_PBKDF2)
        return file->iterations <= 64;
    return file->cost.n * file->cost.r * file->cost.p <= 256;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) open_error = NULL;
    g_autoptr(SrSecret) passphrase = NULL;
    g_autoptr(SrKey) key = NULL;
    SrKeystoreFile file;

    if (!sr_keystore_file_parse((const char *)data, size, &file, &error)) {
        g_assert(error != NULL);
        return 0;
    }
    g_assert(error == NULL);
    if (!is_cheap(&file))
        return 0;
    passphrase = sr_secret_new_copy("fuzz", 4, NULL);
    key = sr_keystore_open((const char *)data, size, passphrase, &open_error);
    g_assert((key != NULL) == (open_error == NULL));
    return 0;
}
