#include "agent/providers.h"

#include "base/error.h"

#include <string.h>

#define KEEP_USEC (G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC)
#define AGAIN_USEC (60 * G_USEC_PER_SEC) /* between fetches of keys for one that is not there */
#define PROVIDERS_MAX 64u

typedef struct {
    SrMetadata *metadata;
    SrJwks *jwks;
    gint64 fetched; /* metadata, monotonic */
    gint64 keys_fetched;
    gint64 keys_missed; /* when they were last fetched for one that was not among them */
} Provider;

struct SrProviders {
    SrNetwork *network;
    const SrConfiguration *configuration;
    GHashTable *known; /* issuer → Provider */
};

struct SrProviderCall {
    SrProviders *providers;
    char *issuer;
    SrSecret *id_token; /* NULL: only the metadata is asked for */
    char **addresses;   /* of metadata, not yet tried from @next on */
    guint next;
    SrNetworkCall *network_call;
    guint idle;
    GError *error; /* of the addresses so far */
    SrProviderDone done;
    gpointer user_data;
};

static void provider_free(gpointer data)
{
    Provider *provider = data;

    sr_metadata_free(provider->metadata);
    sr_jwks_free(provider->jwks);
    g_free(provider);
}

SrProviders *sr_providers_new(SrNetwork *network, const SrConfiguration *configuration)
{
    SrProviders *providers = g_new0(SrProviders, 1);

    providers->network = network;
    providers->configuration = configuration;
    providers->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, provider_free);
    return providers;
}

void sr_providers_free(SrProviders *providers)
{
    if (!providers)
        return;
    g_hash_table_unref(providers->known);
    g_free(providers);
}

void sr_providers_set_error(GError **error, const SrExchangeReply *reply, const char *what)
{
    if (reply->outcome == SR_OUTCOME_ANSWERED)
        sr_error_set(error, SR_ERROR_PROVIDER_ERROR, "%s: the server answered with status %u", what,
                     reply->status);
    else
        sr_error_set(error, SR_ERROR_NETWORK_ERROR, "%s: %s", what, reply->problem);
}

static void call_free(SrProviderCall *call)
{
    g_clear_handle_id(&call->idle, g_source_remove);
    sr_secret_free(call->id_token);
    g_strfreev(call->addresses);
    g_clear_error(&call->error);
    g_free(call->issuer);
    g_free(call);
}

void sr_providers_cancel(SrProviderCall *call)
{
    if (!call)
        return;
    if (call->network_call)
        sr_network_cancel(call->network_call);
    call_free(call);
}

/* Call back with what there is and end. */
static void finish(SrProviderCall *call)
{
    const Provider *provider =
        call->error ? NULL : g_hash_table_lookup(call->providers->known, call->issuer);

    if (!provider && !call->error) /* so many others were looked up that it was dropped */
        sr_error_set(&call->error, SR_ERROR_PROVIDER_ERROR,
                     "too many providers at once; try again");
    call->done(provider ? provider->metadata : NULL, provider ? provider->jwks : NULL, call->error,
               call->user_data);
    call_free(call);
}

static gboolean is_success(const SrExchangeReply *reply)
{
    return reply->outcome == SR_OUTCOME_ANSWERED && reply->status == 200 && reply->body;
}

static const char *text_of(const SrExchangeReply *reply)
{
    return (const char *)sr_secret_peek(reply->body);
}

static void step(SrProviderCall *call);

/* --- keys
 * ------------------------------------------------------------------------------------------- */

static void on_keys(SrExchangeReply *owned_reply, gpointer user_data)
{
    g_autoptr(SrExchangeReply) reply = owned_reply;
    SrProviderCall *call = user_data;
    Provider *provider = g_hash_table_lookup(call->providers->known, call->issuer);
    SrJwks *jwks = NULL;

    call->network_call = NULL;
    if (!is_success(reply))
        sr_providers_set_error(&call->error, reply, "the provider's keys");
    else
        jwks = sr_jwks_parse(text_of(reply), sr_secret_size(reply->body), &call->error);
    if (jwks && provider) {
        sr_jwks_free(provider->jwks);
        provider->jwks = jwks;
        provider->keys_fetched = g_get_monotonic_time();
    } else {
        sr_jwks_free(jwks);
    }
    finish(call);
}

/* Whether keys are to be fetched; one that is not there is not asked for again and again. */
static gboolean needs_keys(const SrProviderCall *call, Provider *provider)
{
    const gint64 now = g_get_monotonic_time();

    if (!call->id_token || !provider->metadata->jwks_uri)
        return FALSE;
    if (!provider->jwks || now - provider->keys_fetched > KEEP_USEC)
        return TRUE;
    if ((provider->keys_missed && now - provider->keys_missed < AGAIN_USEC) ||
        sr_id_token_has_key(call->id_token, provider->jwks))
        return FALSE;
    provider->keys_missed = now;
    return TRUE;
}

static void fetch(SrProviderCall *call, const char *url, SrNetworkDone done)
{
    call->network_call =
        sr_network_start(call->providers->network, sr_exchange_new("GET", url), done, call);
}

/* --- metadata
 * --------------------------------------------------------------------------------------- */

static void remember(SrProviderCall *call, SrMetadata *metadata)
{
    GHashTable *known = call->providers->known;
    Provider *provider = g_new0(Provider, 1);

    if (g_hash_table_size(known) >= PROVIDERS_MAX)
        g_hash_table_remove_all(known);
    provider->metadata = metadata;
    provider->fetched = g_get_monotonic_time();
    g_hash_table_replace(known, g_strdup(call->issuer), provider);
}

/* What is wrong with a document says more than that there is none at the next address. */
static void note_error(SrProviderCall *call, GError *error, gboolean is_of_document)
{
    if (call->error && !is_of_document &&
        !g_error_matches(error, SR_ERROR, SR_ERROR_NETWORK_ERROR)) {
        g_error_free(error);
        return;
    }
    g_clear_error(&call->error);
    call->error = error;
}

static void on_metadata(SrExchangeReply *owned_reply, gpointer user_data)
{
    g_autoptr(SrExchangeReply) reply = owned_reply;
    SrProviderCall *call = user_data;
    SrMetadata *metadata = NULL;
    GError *error = NULL;

    call->network_call = NULL;
    if (!is_success(reply))
        sr_providers_set_error(&error, reply, "the provider's metadata");
    else
        metadata = sr_metadata_parse(text_of(reply), sr_secret_size(reply->body), call->issuer,
                                     call->providers->configuration->oauth_loopback_http, &error);
    if (metadata)
        remember(call, metadata);
    else
        note_error(call, error, is_success(reply));
    step(call);
}

static gboolean is_fresh(const Provider *provider)
{
    return provider && g_get_monotonic_time() - provider->fetched < KEEP_USEC;
}

/* Fetch what is still missing, one address after the other, or end. */
static void step(SrProviderCall *call)
{
    Provider *provider = g_hash_table_lookup(call->providers->known, call->issuer);
    const gboolean fresh = is_fresh(provider);

    if (fresh && needs_keys(call, provider)) {
        fetch(call, provider->metadata->jwks_uri, on_keys);
        return;
    }
    /* A server that is not there is not asked at its other addresses. */
    if (!fresh && call->addresses[call->next] &&
        !g_error_matches(call->error, SR_ERROR, SR_ERROR_NETWORK_ERROR)) {
        fetch(call, call->addresses[call->next++], on_metadata);
        return;
    }
    if (fresh)
        g_clear_error(&call->error);
    finish(call);
}

static gboolean on_start(gpointer user_data)
{
    SrProviderCall *call = user_data;

    call->idle = 0;
    step(call);
    return G_SOURCE_REMOVE;
}

SrProviderCall *sr_providers_keys(SrProviders *providers, const char *issuer,
                                  const SrSecret *id_token, SrProviderDone done, gpointer user_data)
{
    SrProviderCall *call = g_new0(SrProviderCall, 1);

    call->providers = providers;
    call->issuer = g_strdup(issuer);
    if (id_token)
        call->id_token =
            sr_secret_new_copy(sr_secret_peek(id_token), sr_secret_size(id_token), NULL);
    call->addresses = sr_metadata_addresses(issuer);
    call->done = done;
    call->user_data = user_data;
    call->idle = g_idle_add(on_start, call);
    return call;
}

SrProviderCall *sr_providers_metadata(SrProviders *providers, const char *issuer,
                                      SrProviderDone done, gpointer user_data)
{
    return sr_providers_keys(providers, issuer, NULL, done, user_data);
}
