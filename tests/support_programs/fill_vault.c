/*
 * Put many keys into a vault at once, as the agent would one by one.
 *
 *   fill_vault VAULT CURVE FIRST COUNT     the passphrase on standard input
 *
 * The keys are called bench-CURVE-NUMBER.
 */
#include "crypto/kdf.h"
#include "store/key_record.h"
#include "store/vault.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static gboolean put_key(SrStore *vault, SrKeyType type, gulong number, GError **error)
{
    g_autofree char *name = g_strdup_printf("bench-%s-%05lu", sr_key_type_name(type), number);
    g_autoptr(SrKey) key = sr_key_generate(type, error);
    g_autoptr(SrKeyInfo) info = NULL;
    g_autoptr(SrRecord) record = NULL;

    if (!key)
        return FALSE;
    info = sr_key_info_new(key, name, g_get_real_time() / G_USEC_PER_SEC);
    record = sr_key_record_plain(info, key, error);
    return record && sr_store_put(vault, record, error);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrSecret) passphrase = NULL;
    g_autoptr(SrStore) vault = NULL;
    SrKeyType type;
    gulong first;
    gulong count;

    if (argc != 5 || !sr_key_type_from_name(argv[2], &type))
        g_error("usage: fill_vault VAULT CURVE FIRST COUNT");
    first = strtoul(argv[3], NULL, 10);
    count = strtoul(argv[4], NULL, 10);
    passphrase = sr_secret_read_fd(STDIN_FILENO, 1024, TRUE, &error);
    vault = sr_vault_new(argv[1], SR_SCRYPT_DEFAULT);
    if (!passphrase || !sr_store_unlock(vault, passphrase, &error))
        g_error("the vault does not open: %s", error->message);
    for (gulong i = first; i < first + count; i++)
        if (!put_key(vault, type, i, &error))
            g_error("key %lu: %s", i, error->message);
    return 0;
}
