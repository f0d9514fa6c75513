#include "tinycloud/cacao.h"

#include "base/error.h"
#include "ethereum/address.h"
#include "tinycloud/dag_cbor.h"

#include <string.h>

#define HEADER "eip4361"
#define SIGNATURE_TYPE "eip191"
#define ISSUER "did:pkh:eip155:"

static void add_word(GByteArray *bytes, const char *word)
{
    sr_cbor_add_text(bytes, word, strlen(word));
}

/* --- encoding ------------------------------------------------------------------------------- */

static void add_member(GByteArray *bytes, const char *name, SrSlice text)
{
    if (!text.data)
        return;
    add_word(bytes, name);
    sr_cbor_add_text(bytes, text.data, text.length);
}

static void add_issuer(GByteArray *bytes, const SrSiwe *siwe)
{
    char address[SR_ADDRESS_TEXT_SIZE];
    g_autofree char *issuer = NULL;

    sr_address_text(siwe->address_bytes, address);
    issuer =
        g_strdup_printf(ISSUER "%.*s:%s", (int)siwe->chain_id.length, siwe->chain_id.data, address);
    add_word(bytes, "iss");
    add_word(bytes, issuer);
}

static void add_resources(GByteArray *bytes, const SrSiwe *siwe)
{
    if (siwe->n_resources == 0)
        return;
    add_word(bytes, "resources");
    sr_cbor_add_array(bytes, siwe->n_resources);
    for (guint i = 0; i < siwe->n_resources; i++)
        sr_cbor_add_text(bytes, siwe->resources[i].data, siwe->resources[i].length);
}

/* The payload; its names are in the order of their lengths, then of their bytes. */
static void add_payload(GByteArray *bytes, const SrSiwe *siwe)
{
    const SrSlice optional[] = {siwe->expiration_time, siwe->not_before, siwe->scheme,
                                siwe->statement, siwe->request_id};
    guint count = 6 + (siwe->n_resources > 0);

    for (gsize i = 0; i < G_N_ELEMENTS(optional); i++)
        count += optional[i].data != NULL;
    sr_cbor_add_map(bytes, count);
    add_member(bytes, "aud", siwe->uri);
    add_member(bytes, "exp", siwe->expiration_time);
    add_member(bytes, "iat", siwe->issued_at);
    add_issuer(bytes, siwe);
    add_member(bytes, "nbf", siwe->not_before);
    add_member(bytes, "nonce", siwe->nonce);
    add_member(bytes, "domain", siwe->domain);
    add_member(bytes, "scheme", siwe->scheme);
    add_word(bytes, "version");
    sr_cbor_add_unsigned(bytes, 1);
    add_resources(bytes, siwe);
    add_member(bytes, "statement", siwe->statement);
    add_member(bytes, "request_id", siwe->request_id);
}

GByteArray *sr_cacao_encode(const SrSiwe *siwe, const guint8 signature[SR_CACAO_SIGNATURE_SIZE])
{
    GByteArray *bytes = g_byte_array_new();

    sr_cbor_add_map(bytes, 3);
    add_word(bytes, "h");
    sr_cbor_add_map(bytes, 1);
    add_word(bytes, "t");
    add_word(bytes, HEADER);
    add_word(bytes, "p");
    add_payload(bytes, siwe);
    add_word(bytes, "s");
    sr_cbor_add_map(bytes, 2);
    add_word(bytes, "s");
    sr_cbor_add_bytes(bytes, signature, SR_CACAO_SIGNATURE_SIZE);
    add_word(bytes, "t");
    add_word(bytes, SIGNATURE_TYPE);
    return bytes;
}

/* --- decoding ------------------------------------------------------------------------------- */

/* The texts of a payload. Order and repetition show when it is encoded again. */
typedef struct {
    char *aud, *exp, *iat, *iss, *nbf, *nonce, *domain, *scheme, *statement, *request_id;
    GPtrArray *resources;
} Payload;

static void payload_clear(Payload *payload)
{
    char *texts[] = {payload->aud,       payload->exp,       payload->iat,    payload->iss,
                     payload->nbf,       payload->nonce,     payload->domain, payload->scheme,
                     payload->statement, payload->request_id};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    g_ptr_array_unref(payload->resources);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Payload, payload_clear)

static gboolean read_word(SrCborReader *reader, const char *word)
{
    SrSlice text;

    return sr_cbor_read_text(reader, &text) && sr_slice_is(text, word);
}

static gboolean read_map_of(SrCborReader *reader, guint64 count)
{
    guint64 found;

    return sr_cbor_read_map(reader, &found) && found == count;
}

static gboolean read_resources(SrCborReader *reader, Payload *payload)
{
    guint64 count;
    SrSlice text;

    if (payload->resources->len > 0 || !sr_cbor_read_array(reader, &count) ||
        count > SR_SIWE_RESOURCES_MAX)
        return FALSE;
    for (guint64 i = 0; i < count; i++) {
        if (!sr_cbor_read_text(reader, &text))
            return FALSE;
        g_ptr_array_add(payload->resources, g_strndup(text.data, text.length));
    }
    return TRUE;
}

static gboolean read_member(SrCborReader *reader, Payload *payload)
{
    const struct {
        const char *name;
        char **text;
    } members[] = {{"aud", &payload->aud},
                   {"exp", &payload->exp},
                   {"iat", &payload->iat},
                   {"iss", &payload->iss},
                   {"nbf", &payload->nbf},
                   {"nonce", &payload->nonce},
                   {"domain", &payload->domain},
                   {"scheme", &payload->scheme},
                   {"statement", &payload->statement},
                   {"request_id", &payload->request_id}};
    SrSlice name;
    SrSlice text;
    guint64 version;

    if (!sr_cbor_read_text(reader, &name))
        return FALSE;
    if (sr_slice_is(name, "version"))
        return sr_cbor_read_unsigned(reader, &version) && version == 1;
    if (sr_slice_is(name, "resources"))
        return read_resources(reader, payload);
    for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
        if (!sr_slice_is(name, members[i].name))
            continue;
        if (*members[i].text || !sr_cbor_read_text(reader, &text))
            return FALSE;
        *members[i].text = g_strndup(text.data, text.length);
        return TRUE;
    }
    return FALSE;
}

static gboolean read_payload(SrCborReader *reader, Payload *payload)
{
    guint64 count;

    if (!sr_cbor_read_map(reader, &count))
        return FALSE;
    for (guint64 i = 0; i < count; i++)
        if (!read_member(reader, payload))
            return FALSE;
    return TRUE;
}

static gboolean read_cacao(SrCborReader *reader, Payload *payload,
                           guint8 ret_signature[SR_CACAO_SIGNATURE_SIZE])
{
    SrSlice signature;

    if (!read_map_of(reader, 3) || !read_word(reader, "h") || !read_map_of(reader, 1) ||
        !read_word(reader, "t") || !read_word(reader, HEADER) || !read_word(reader, "p") ||
        !read_payload(reader, payload) || !read_word(reader, "s") || !read_map_of(reader, 2) ||
        !read_word(reader, "s") || !sr_cbor_read_bytes(reader, &signature) ||
        signature.length != SR_CACAO_SIGNATURE_SIZE || !read_word(reader, "t") ||
        !read_word(reader, SIGNATURE_TYPE) || reader->at != reader->end)
        return FALSE;
    memcpy(ret_signature, signature.data, SR_CACAO_SIGNATURE_SIZE);
    return TRUE;
}

/* The message of @payload; NULL when it makes none. */
static char *build_message(const Payload *payload)
{
    const char *chain = payload->iss && g_str_has_prefix(payload->iss, ISSUER)
                            ? payload->iss + strlen(ISSUER)
                            : NULL;
    const char *colon = chain ? strchr(chain, ':') : NULL;
    g_autofree char *chain_id = NULL;

    if (!colon)
        return NULL;
    chain_id = g_strndup(chain, (gsize)(colon - chain));
    g_ptr_array_add(payload->resources, NULL);
    const SrSiweFields fields = {
        .scheme = payload->scheme,
        .domain = payload->domain,
        .address = colon + 1,
        .statement = payload->statement,
        .uri = payload->aud,
        .chain_id = chain_id,
        .nonce = payload->nonce,
        .issued_at = payload->iat,
        .expiration_time = payload->exp,
        .not_before = payload->nbf,
        .request_id = payload->request_id,
        .resources = (const char *const *)payload->resources->pdata,
    };

    return sr_siwe_build(&fields, NULL);
}

/* Whether encoding @message and @signature gives the very bytes. */
static gboolean is_encoding(const char *message, const guint8 *signature, const guint8 *bytes,
                            gsize size)
{
    SrSiwe siwe;
    SrSiweProblem problem;
    g_autoptr(GByteArray) again = NULL;

    if (!sr_siwe_parse(message, strlen(message), &siwe, &problem))
        return FALSE;
    again = sr_cacao_encode(&siwe, signature);
    return again->len == size && memcmp(again->data, bytes, size) == 0;
}

char *sr_cacao_decode(const guint8 *bytes, gsize size,
                      guint8 ret_signature[SR_CACAO_SIGNATURE_SIZE], GError **error)
{
    SrCborReader reader = {bytes, bytes + size};
    g_auto(Payload) payload = {.resources = g_ptr_array_new_with_free_func(g_free)};
    g_autofree char *message = NULL;

    if (read_cacao(&reader, &payload, ret_signature))
        message = build_message(&payload);
    if (message && is_encoding(message, ret_signature, bytes, size))
        return g_steal_pointer(&message);
    sr_error_set(error, SR_ERROR_CORRUPT, "the delegation is no signed sign-in message (CACAO)");
    return NULL;
}
