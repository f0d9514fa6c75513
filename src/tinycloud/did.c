#include "tinycloud/did.h"

#include "base/encoding.h"

#include <string.h>

#define PREFIX "did:key:z"
#define METHOD_OFFSET 8u /* of the "z…" in a did:key */
#define MULTICODEC_SIZE 2u

static const guint8 ed25519_multicodec[MULTICODEC_SIZE] = {0xed, 0x01};

char *sr_did_url(const char *did)
{
    return g_strconcat(did, "#", did + METHOD_OFFSET, NULL);
}

SrSlice sr_did_without_fragment(SrSlice did)
{
    const char *hash = did.length > 0 ? memchr(did.data, '#', did.length) : NULL;

    return hash ? (SrSlice){did.data, (gsize)(hash - did.data)} : did;
}

static gboolean is_did_char(char c)
{
    return g_ascii_isalnum(c) || strchr(".-_:", c);
}

gboolean sr_did_is_valid(SrSlice did)
{
    const SrSlice bare = sr_did_without_fragment(did);
    guint colons = 0;
    char before = ':'; /* no part is empty, not even the first */

    if (did.length > SR_DID_MAX || bare.length < strlen("did:") ||
        memcmp(bare.data, "did:", strlen("did:")) != 0 || did.length == bare.length + 1)
        return FALSE;
    for (gsize i = 0; i < did.length; i++) {
        const char c = did.data[i];

        if (i == bare.length) /* the "#" */
            continue;
        if (!c || !is_did_char(c) || (i < bare.length && c == ':' && before == ':'))
            return FALSE;
        colons += i < bare.length && c == ':';
        before = c;
    }
    return colons >= 2 && bare.data[bare.length - 1] != ':';
}

static gboolean is_same(SrSlice a, SrSlice b)
{
    return a.length == b.length && a.length > 0 && memcmp(a.data, b.data, a.length) == 0;
}

gboolean sr_did_equal(SrSlice a, SrSlice b)
{
    return is_same(sr_did_without_fragment(a), sr_did_without_fragment(b));
}

/* What stands behind the "#", if there is one, is the "z…" before it. */
static gboolean repeats_key(SrSlice did, SrSlice bare)
{
    const SrSlice key = {bare.data + METHOD_OFFSET, bare.length - METHOD_OFFSET};
    const SrSlice fragment = {bare.data + bare.length + 1, did.length - bare.length - 1};

    return did.length == bare.length || is_same(key, fragment);
}

gboolean sr_did_read_ed25519(SrSlice did, guint8 ret_public[SR_ED25519_PUBLIC_SIZE])
{
    const SrSlice bare = sr_did_without_fragment(did);
    g_autoptr(GByteArray) key = NULL;

    if (did.length > SR_DID_KEY_MAX || bare.length <= strlen(PREFIX) ||
        memcmp(bare.data, PREFIX, strlen(PREFIX)) != 0 || !repeats_key(did, bare))
        return FALSE;
    key = sr_base58_decode(bare.data + strlen(PREFIX), bare.length - strlen(PREFIX));
    if (!key || key->len != MULTICODEC_SIZE + SR_ED25519_PUBLIC_SIZE ||
        memcmp(key->data, ed25519_multicodec, MULTICODEC_SIZE) != 0)
        return FALSE;
    memcpy(ret_public, key->data + MULTICODEC_SIZE, SR_ED25519_PUBLIC_SIZE);
    return TRUE;
}
