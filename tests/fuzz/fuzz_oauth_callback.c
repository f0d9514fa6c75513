/*
 * What the browser was sent back with. The first byte chooses: bit 0: the metadata announces iss;
 * bit 1: the redirect URI has a query; bit 2: the rest is the whole address, else the address
 * behind the redirect URI.
 */
#include "oauth/flow.h"

#include "oauth/ascii.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ISSUER "https://op.example"
#define REDIRECT "http://127.0.0.1:9/cb"
#define STATE "sTaTe-0123456789012345678901234567890123456"

static SrMetadata *make_metadata(void)
{
    static const char text[] = "{\"issuer\":\"" ISSUER "\","
                               "\"authorization_endpoint\":\"https://op.example/a\","
                               "\"token_endpoint\":\"https://op.example/t\"}";

    return sr_metadata_parse(text, strlen(text), ISSUER, FALSE, NULL);
}

/* A flow with a state that the fuzzer can know. */
static SrFlow *make_flow(const char *redirect_uri)
{
    SrFlow *flow = sr_flow_new(ISSUER, "id", redirect_uri, "openid", NULL);

    g_free(flow->state);
    flow->state = g_strdup(STATE);
    return flow;
}

static void check(SrFlow *flow, const SrMetadata *metadata, const char *url)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrSecret) code = sr_flow_accept(flow, metadata, url, &error);

    g_assert(!code == !!error);
    if (code) {
        g_assert(flow->finished && g_str_has_prefix(url, flow->redirect_uri));
        g_assert(sr_ascii_is_printable((const char *)sr_secret_peek(code), sr_secret_size(code)));
        g_assert(!metadata->returns_issuer || strstr(url, "op.example") || strchr(url, '%'));
    } else {
        /* Nothing of the address reaches a terminal as it is. */
        g_assert(sr_ascii_is_printable(error->message, strlen(error->message)));
        g_assert(strlen(error->message) < 300);
    }
    if (flow->finished)
        g_assert(!sr_flow_accept(flow, metadata, url, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static SrMetadata *metadata;
    static SrFlow *flows[2];
    g_autofree char *rest = NULL;
    g_autofree char *url = NULL;
    SrFlow *flow;

    if (!metadata) {
        metadata = make_metadata();
        flows[0] = make_flow(REDIRECT);
        flows[1] = make_flow(REDIRECT "?app=1");
    }
    if (size == 0)
        return 0;
    flow = flows[data[0] & 2 ? 1 : 0];
    flow->finished = FALSE;
    metadata->returns_issuer = data[0] & 1;
    rest = g_strndup((const char *)data + 1, size - 1);
    url = g_strconcat(data[0] & 4 ? "" : flow->redirect_uri, rest, NULL);
    check(flow, metadata, url);
    return 0;
}
