/*
 * CACAOs: what decodes is a message that parses, and encodes to the very bytes; and all that reads
 * delegations lives with it.
 */
#include "base/encoding.h"
#include "base/error.h"
#include "tinycloud/cacao.h"
#include "tinycloud/delegation.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_message(const char *message, const guint8 *signature, const uint8_t *data,
                          size_t size)
{
    g_autoptr(GByteArray) again = NULL;
    SrSiweProblem problem;
    SrSiwe siwe;

    g_assert(sr_siwe_parse(message, strlen(message), &siwe, &problem));
    g_assert(siwe.oddities == 0);
    again = sr_cacao_encode(&siwe, signature);
    g_assert(again->len == size && memcmp(again->data, data, size) == 0);
}

/* Nobody forges a signature, but the seeds have good ones. */
static void check_delegation(const uint8_t *data, size_t size, const char *message)
{
    g_autofree char *header = sr_base64url_encode_padded(data, size);
    g_autoptr(GError) error = NULL;
    g_autoptr(SrDelegation) delegation = sr_delegation_read(header, &error);

    g_assert((delegation != NULL) == (error == NULL));
    if (!delegation)
        g_assert(g_error_matches(error, SR_ERROR, SR_ERROR_CORRUPT));
    else
        g_assert_cmpstr(delegation->message, ==, message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    guint8 signature[SR_CACAO_SIGNATURE_SIZE];
    g_autoptr(GError) error = NULL;
    g_autofree char *message = sr_cacao_decode(data, size, signature, &error);

    g_assert((message != NULL) == (error == NULL));
    if (message)
        check_message(message, signature, data, size);
    check_delegation(data, size, message);
    return 0;
}
