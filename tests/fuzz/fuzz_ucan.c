/*
 * UCANs. The first byte chooses: even: the rest is a text as it travels; odd: header, a line break
 * and payload, which are signed here, so that what comes behind a good signature is tried too.
 */
#include "base/encoding.h"
#include "base/error.h"
#include "tinycloud/delegation.h"
#include "tinycloud/ucan.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of the session key 32 times 0x22, which the seeds name. Made once: it takes longer than all else.
 */
static SrSigner *get_signer(void)
{
    static SrSigner *signer;
    guint8 seed[32];

    if (signer)
        return signer;
    memset(seed, 0x22, sizeof seed);
    g_autoptr(SrKey) key =
        sr_key_new(SR_KEY_ED25519, sr_secret_new_copy(seed, sizeof seed, NULL), NULL);
    signer = sr_signer_new(key, NULL);
    return signer;
}

static char *sign(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    const size_t length = end ? (size_t)(end - data) : size;
    const size_t used = end ? length + 1 : size;
    g_autofree char *header = sr_base64url_encode(data, length);
    g_autofree char *payload = sr_base64url_encode(data + used, size - used);
    g_autofree char *input = g_strconcat(header, ".", payload, NULL);
    g_autofree char *tail = NULL;
    guint8 signature[SR_SIGNATURE_SIZE];

    g_assert(sr_signer_sign(get_signer(), (const guint8 *)input, strlen(input), signature, NULL));
    tail = sr_base64url_encode(signature, sizeof signature);
    return g_strconcat(input, ".", tail, NULL);
}

/* What was read is signed again, and read as the same. */
static void check_again(const SrUcan *ucan)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = sr_ucan_sign(ucan, get_signer(), &error);
    g_autoptr(SrUcan) again = NULL;

    if (!text) {
        g_assert(g_error_matches(error, SR_ERROR, SR_ERROR_INVALID_PARAMS));
        return;
    }
    if (strlen(text) > SR_UCAN_MAX)
        return;
    again = sr_ucan_read(text, strlen(text), &error);
    g_assert_no_error(error);
    g_assert_cmpstr(again->issuer, ==, ucan->issuer);
    g_assert_cmpstr(again->audience, ==, ucan->audience);
    g_assert_cmpstr(again->nonce, ==, ucan->nonce);
    g_assert_cmpint(again->expires, ==, ucan->expires);
    g_assert_cmpint(again->not_before, ==, ucan->not_before);
    g_assert_cmpuint(again->proofs->len, ==, ucan->proofs->len);
    g_assert(json_object_equal(again->facts, ucan->facts));
    g_assert(json_object_equal(again->attenuations, ucan->attenuations));
}

static void check_delegation(const char *text, gboolean is_ucan)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrDelegation) delegation = sr_delegation_read(text, &error);

    g_assert((delegation != NULL) == (error == NULL));
    if (!delegation)
        g_assert(g_error_matches(error, SR_ERROR, SR_ERROR_CORRUPT));
    else
        g_assert(is_ucan == (delegation->message == NULL) && (!is_ucan || delegation->expires > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(SrUcan) ucan = NULL;

    if (size == 0)
        return 0;
    text = data[0] % 2 ? sign(data + 1, size - 1) : g_strndup((const char *)data + 1, size - 1);
    ucan = sr_ucan_read(text, strlen(text), &error);
    g_assert((ucan != NULL) == (error == NULL));
    if (ucan && strstr(ucan->issuer, "z6MkqGC3nWZhYieEVTVDKW5v588CiGfsDSmRVG9ZwwWTvLSK"))
        check_again(ucan);
    check_delegation(text, ucan != NULL);
    return 0;
}
