/*
 * Put many OAuth accounts of the command line into a vault, as so many sign-ins would one by one.
 *
 *   fill_accounts VAULT COUNT     the passphrase on standard input
 *
 * Their access tokens are good for an hour; no provider has ever heard of them.
 */
#include "agent/account_jobs.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "crypto/kdf.h"
#include "store/vault.h"

#include <stdlib.h>
#include <unistd.h>

#define TOKEN_LENGTH 43 /* 32 bytes in base64url, as many providers have them */

static SrSecret *make_token(void)
{
    g_autofree char *text = sr_random_alphanumeric(TOKEN_LENGTH, NULL);

    return sr_secret_new_copy(text, TOKEN_LENGTH, NULL);
}

static SrAccount *make_account(gulong number)
{
    SrAccount *account = sr_account_new();

    account->id = sr_random_alphanumeric(22, NULL);
    account->name = g_strdup_printf("person-%lu@example.org at openkey.example", number);
    account->issuer = g_strdup("https://openkey.example/api/auth");
    account->client_id = g_strdup("ok_0123456789abcdefghijklmnopqrstuv");
    account->subject = sr_random_alphanumeric(32, NULL);
    account->scope = g_strdup("openid email offline_access");
    account->caller = g_strdup("cli");
    account->origin = g_strdup("cli");
    account->generation = 1;
    account->created = account->received = g_get_real_time() / G_USEC_PER_SEC;
    account->expires = account->received + 3600;
    account->access_token = make_token();
    account->refresh_token = make_token();
    return account;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrSecret) passphrase = NULL;
    g_autoptr(SrStore) vault = NULL;
    gulong count;

    if (argc != 3)
        g_error("usage: fill_accounts VAULT COUNT");
    count = strtoul(argv[2], NULL, 10);
    passphrase = sr_secret_read_fd(STDIN_FILENO, 1024, TRUE, &error);
    vault = sr_vault_new(argv[1], SR_SCRYPT_DEFAULT);
    if (!passphrase || !sr_store_unlock(vault, passphrase, &error))
        g_error("the vault does not open: %s", error->message);
    for (gulong i = 0; i < count; i++) {
        g_autoptr(SrAccount) account = make_account(i);

        if (!sr_account_put_job(vault, account, &error))
            g_error("account %lu: %s", i, error->message);
    }
    return 0;
}
