#include "agent/proof.h"

#include "oauth/dpop.h"

gboolean sr_proof_add(SrExchange *exchange, const SrSecret *key, const char *nonce,
                      const SrSecret *access_token, GError **error)
{
    SrSecret *copy =
        key ? sr_secret_new_copy(sr_secret_peek(key), sr_secret_size(key), error) : NULL;
    g_autoptr(SrKey) signer = copy ? sr_key_new(SR_KEY_P256, copy, error) : NULL;

    if (!key)
        return TRUE;
    if (signer)
        exchange->dpop = sr_dpop_proof(signer, exchange->method, exchange->url, nonce, access_token,
                                       g_get_real_time() / G_USEC_PER_SEC, error);
    return exchange->dpop != NULL;
}

SrSecret *sr_proof_key_new(GError **error)
{
    g_autoptr(SrKey) key = sr_key_generate(SR_KEY_P256, error);
    const SrSecret *private_key = key ? sr_key_private(key) : NULL;

    return private_key
               ? sr_secret_new_copy(sr_secret_peek(private_key), sr_secret_size(private_key), error)
               : NULL;
}
