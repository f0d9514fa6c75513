/* CIDs and did:key identifiers of session keys. */
#include "tinycloud/cid.h"
#include "tinycloud/did.h"

#include "crypto/key.h"
#include "support/assert_bytes.h"

#define DID "did:key:z6MkqGC3nWZhYieEVTVDKW5v588CiGfsDSmRVG9ZwwWTvLSK"
#define FRAGMENT "#z6MkqGC3nWZhYieEVTVDKW5v588CiGfsDSmRVG9ZwwWTvLSK"
#define OTHER "did:key:z6Mkg49NtQR2LyYRDCQFK4w1VVHqhypZSSRo7HsyuN7SV7v5"

static SrSlice slice(const char *text)
{
    return (SrSlice){text, strlen(text)};
}

static void test_cid(void)
{
    g_autofree char *cid = sr_cid_of("", 0);

    /* The digest of nothing (af1349b9…), as the base32 of 01551e20af1349b9…. */
    g_assert_cmpstr(cid, ==, "bafkr4ifpcne3t5pzugtkaqcn5i3nzskjtpfslsnnyejlpte2spfoihzsmi");
    g_assert_true(sr_cid_is_valid(cid));
    g_assert_false(sr_cid_is_valid("bafkr4i"));
    g_assert_false(sr_cid_is_valid("zb38SEm7eid5gAYxbe95Pa3AhmhRwcqGWJiFcfFgKpv6TurZj"));
    for (gsize i = 0; cid[i]; i++) {
        const char kept = cid[i];

        cid[i] = 'A';
        g_assert_false(sr_cid_is_valid(cid));
        cid[i] = kept;
    }
    cid[7] = 'i'; /* a hash of another length than 32 bytes */
    g_assert_false(sr_cid_is_valid(cid));
    cid[7] = 'h';
    g_assert_true(sr_cid_is_valid(cid));
    cid[58] = 'j'; /* bits that no byte has */
    g_assert_false(sr_cid_is_valid(cid));
}

static void test_url(void)
{
    g_autofree char *url = sr_did_url(DID);

    g_assert_cmpstr(url, ==, DID FRAGMENT);
    g_assert_true(sr_did_equal(slice(url), slice(DID)));
    g_assert_false(sr_did_equal(slice(OTHER), slice(DID)));
    g_assert_false(sr_did_equal(slice(""), slice("")));
}

static void test_key(void)
{
    g_autoptr(SrSecret) seed = sr_secret_new(32, NULL);
    g_autoptr(SrKey) key = NULL;
    g_autofree char *did = NULL;
    guint8 public_key[SR_ED25519_PUBLIC_SIZE];
    gsize size;

    memset(sr_secret_data(seed), 0x22, 32);
    key = sr_key_new(SR_KEY_ED25519, g_steal_pointer(&seed), NULL);
    did = sr_key_did(SR_KEY_ED25519, sr_key_public(key, &size));
    g_assert_cmpstr(did, ==, DID);
    g_assert_true(sr_did_read_ed25519(slice(DID), public_key));
    sr_assert_bytes(public_key, sizeof public_key, sr_key_public(key, NULL), size);
    g_assert_true(sr_did_read_ed25519(slice(DID FRAGMENT), public_key));
}

static void test_refused(void)
{
    static const char *const refused[] = {
        "",
        "did:key:",
        "did:key:z",
        "did:web:example.com",
        "did:key:f6MkqGC3nWZhYieEVTVDKW5v588CiGfsDSmRVG9ZwwWTvLSK",
        "did:key:z6MkqGC3nWZhYieEVTVDKW5v588CiGfsDSmRVG9ZwwWTvLS0",
        "did:key:z6MkqGC3nWZhYieEVTVDKW5v588CiGfsDSmRVG9ZwwWTvLS",
        "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme", /* secp256k1 */
        DID "#",
        DID "#z6Mkg49NtQR2LyYRDCQFK4w1VVHqhypZSSRo7HsyuN7SV7v5",
        " " DID,
        DID " ",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        guint8 public_key[SR_ED25519_PUBLIC_SIZE];

        g_assert_false(sr_did_read_ed25519(slice(refused[i]), public_key));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tinycloud-names/the-cid-of-nothing", test_cid);
    g_test_add_func("/tinycloud-names/a-did-url-repeats-the-key", test_url);
    g_test_add_func("/tinycloud-names/a-did-key-is-the-public-key", test_key);
    g_test_add_func("/tinycloud-names/other-dids-are-refused", test_refused);
    return g_test_run();
}
