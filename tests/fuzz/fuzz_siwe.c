/* Sign-in messages: fields lie in the message, and a plain one is built again from its fields. */
#include "ethereum/message.h"
#include "ethereum/siwe.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(SrSlice slice, const char *text, size_t size)
{
    if (slice.data)
        g_assert(slice.data >= text && slice.data + slice.length <= text + size);
}

static void check_fields(const SrSiwe *siwe, const char *text, size_t size)
{
    const SrSlice required[] = {siwe->domain,   siwe->address, siwe->uri,      siwe->version,
                                siwe->chain_id, siwe->nonce,   siwe->issued_at};
    const SrSlice optional[] = {siwe->scheme, siwe->statement, siwe->expiration_time,
                                siwe->not_before, siwe->request_id};

    for (size_t i = 0; i < G_N_ELEMENTS(required); i++) {
        g_assert(required[i].length > 0);
        check_inside(required[i], text, size);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(optional); i++)
        check_inside(optional[i], text, size);
    g_assert(siwe->n_resources <= SR_SIWE_RESOURCES_MAX);
    for (guint i = 0; i < siwe->n_resources; i++)
        check_inside(siwe->resources[i], text, size);
    g_assert(sr_siwe_time_order(&siwe->issued, &siwe->issued) == 0);
}

static char *copy(SrSlice slice)
{
    return slice.data ? g_strndup(slice.data, slice.length) : NULL;
}

/* Without odd forms there is one message for these fields: this one. */
static void check_build(const SrSiwe *siwe, const char *text, size_t size)
{
    g_autofree char *scheme = copy(siwe->scheme);
    g_autofree char *domain = copy(siwe->domain);
    g_autofree char *address = copy(siwe->address);
    g_autofree char *statement = copy(siwe->statement);
    g_autofree char *uri = copy(siwe->uri);
    g_autofree char *chain_id = copy(siwe->chain_id);
    g_autofree char *nonce = copy(siwe->nonce);
    g_autofree char *issued_at = copy(siwe->issued_at);
    g_autofree char *expiration_time = copy(siwe->expiration_time);
    g_autofree char *not_before = copy(siwe->not_before);
    g_autofree char *request_id = copy(siwe->request_id);
    g_auto(GStrv) resources = g_new0(char *, siwe->n_resources + 1);
    const SrSiweFields fields = {
        scheme, domain,    address,         statement,  uri,        chain_id,
        nonce,  issued_at, expiration_time, not_before, request_id, (const char *const *)resources};
    g_autofree char *built = NULL;

    for (guint i = 0; i < siwe->n_resources; i++)
        resources[i] = copy(siwe->resources[i]);
    built = sr_siwe_build(&fields, NULL);
    g_assert(built && strlen(built) == size && memcmp(built, text, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const gboolean resembles = sr_message_resembles_siwe(data, size);
    SrSiweProblem problem = {NULL, NULL, 0};
    SrSiwe siwe;

    if (!sr_siwe_parse(text, size, &siwe, &problem)) {
        g_assert(problem.field && problem.rule && problem.offset <= size);
        return 0;
    }
    g_assert(resembles);
    check_fields(&siwe, text, size);
    if (!siwe.oddities)
        check_build(&siwe, text, size);
    return 0;
}
