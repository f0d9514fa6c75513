/* Keys of all types: generation, public keys, did:key. */
#include "crypto/key.h"

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/secp256k1.h"
#include "support/assert_bytes.h"
#include "support/vector_file.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

static SrKey *key_of_bytes(SrKeyType type, const guint8 *bytes, gsize size, GError **error)
{
    return sr_key_new(type, sr_secret_new_copy(bytes, size, NULL), error);
}

static SrKey *key_of_hex(SrKeyType type, const char *text, GError **error)
{
    g_autoptr(GByteArray) bytes = sr_hex_decode(text, strlen(text));

    return key_of_bytes(type, bytes->data, bytes->len, error);
}

static void test_names(void)
{
    static const char *const names[] = {"secp256k1", "p256", "ed25519"};
    static const char *const unknown[] = {"", "P256", "secp256r1", "ed25519 "};
    SrKeyType type;

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_assert_true(sr_key_type_from_name(names[i], &type));
        g_assert_cmpstr(sr_key_type_name(type), ==, names[i]);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(unknown); i++)
        g_assert_false(sr_key_type_from_name(unknown[i], &type));
}

static const struct {
    SrKeyType type;
    const char *private_key;
    const char *public_key;
    const char *did;
} known_keys[] = {
    {SR_KEY_SECP256K1, "0000000000000000000000000000000000000000000000000000000000000001",
     "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
     "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
     "did:key:zQ3shVc2UkAfJCdc1TR8E66J85h48P43r93q8jGPkPpjF9Ef9"},
    {SR_KEY_SECP256K1, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140",
     "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
     "b7c52588d95c3b9aa25b0403f1eef75702e84bb7597aabe663b82f6f04ef2777",
     "did:key:zQ3shnqLrExQtzgLn2VueKGURGuredYhAtFuEDKM5FkA1fBuR"},
    {SR_KEY_SECP256K1, "6ab9f1eb8f7d3388f4f9d586f66e99fd54080df2c446f0e58668b09c08a16dd0",
     "04669b8afcec803a0d323e9a17f3ea8e68e8abe5a278020a929adbec52421adbd0"
     "aab114c000d9df3220ded4a4576d29024f5c2b709ec3573ac96f9e768f8648ed",
     "did:key:zQ3shmYeGvnkxjSQVqcK4V7iKiVigLuvrVRZXyDRKoZ1dRXom"},
    {SR_KEY_P256, "0000000000000000000000000000000000000000000000000000000000000001",
     "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
     "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
     "did:key:zDnaepsL7AXenJkVYdkh5KuKsSU7Ykh7kyXaLLU7auN9FWSiZ"},
    {SR_KEY_P256, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550",
     "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
     "b01cbd1c01e58065711814b583f061e9d431cca994cea1313449bf97c840ae0a",
     "did:key:zDnaeXe1jfjuBWhkn4fuf6j9aFFK2WCUSEKWErRAG3SiUzVUH"},
    {SR_KEY_P256, "7985ebd3da40d5187d6d3ef3d626abf3c2b81c285ffb4e73104a472066c443b9",
     "0430af58b087f0183425203c072b3a70e871e3b99be1f43c6fc5418842810c4001"
     "a5f0eb9940d92f397adc4d984893e11ceda12cc0361ef4069196bb5a14011c5e",
     "did:key:zDnaeTi1h9N8AM5dgYZkqxEHA7LoHohwTmxXg8tnWSZdk9LZe"},
    {SR_KEY_ED25519, "0000000000000000000000000000000000000000000000000000000000000000",
     "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29",
     "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"},
    {SR_KEY_ED25519, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     "76a1592044a6e4f511265bca73a604d90b0529d1df602be30a19a9257660d1f5",
     "did:key:z6MknSLrJoTcukLrE435hVNQT4JUhbvWLX4kUzqkEStBU8Vi"},
    {SR_KEY_ED25519, "9c1623f0d38e28e9594f2ef31a7ec909291c4fdb05a777dccd2e936a7f406011",
     "119c4d9c5e5d3ae173bfab934a058068abfc3d23a5bee3aaef705f1c0ac00f8d",
     "did:key:z6Mkfe1DEG4qbLYuaXdkLHmbZKCjc1NAPGdiPrJMK3qChy24"},
};

/* Public keys and did:key texts computed by another program from the private bytes. */
static void test_public_keys(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(known_keys); i++) {
        g_autoptr(SrKey) key = key_of_hex(known_keys[i].type, known_keys[i].private_key, NULL);
        gsize size;
        const guint8 *public_key = sr_key_public(key, &size);
        g_autofree char *text = sr_hex_encode(public_key, size, FALSE);
        g_autofree char *did = sr_key_did(known_keys[i].type, public_key);

        g_assert_cmpint(sr_key_type(key), ==, known_keys[i].type);
        g_assert_cmpuint(size, ==, sr_key_public_size(known_keys[i].type));
        g_assert_cmpstr(text, ==, known_keys[i].public_key);
        g_assert_cmpstr(did, ==, known_keys[i].did);
    }
}

static void test_generate(void)
{
    for (guint type = SR_KEY_SECP256K1; type <= SR_KEY_ED25519; type++) {
        g_autoptr(SrKey) a = sr_key_generate((SrKeyType)type, NULL);
        g_autoptr(SrKey) b = sr_key_generate((SrKeyType)type, NULL);
        const SrSecret *bytes = sr_key_private(a);
        g_autoptr(SrKey) again =
            key_of_bytes((SrKeyType)type, sr_secret_peek(bytes), sr_secret_size(bytes), NULL);
        gsize size;
        const guint8 *public_key = sr_key_public(a, &size);

        g_assert_cmpuint(sr_key_type(a), ==, type);
        g_assert_false(sr_secret_equal(bytes, sr_key_private(b)));
        sr_assert_bytes(public_key, size, sr_key_public(again, NULL), size);
        g_assert_true(memcmp(public_key, sr_key_public(b, NULL), size) != 0);
    }
}

static void test_malformed(void)
{
    static const struct {
        SrKeyType type;
        const char *private_key;
    } cases[] = {
        {SR_KEY_SECP256K1, "0000000000000000000000000000000000000000000000000000000000000000"},
        {SR_KEY_SECP256K1, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"},
        {SR_KEY_SECP256K1, "01"},
        {SR_KEY_P256, "0000000000000000000000000000000000000000000000000000000000000000"},
        {SR_KEY_P256, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"},
        {SR_KEY_P256, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
        {SR_KEY_P256, "00000000000000000000000000000000000000000000000000000000000001"},
        {SR_KEY_ED25519, "01"},
        {SR_KEY_ED25519, "000000000000000000000000000000000000000000000000000000000000000000"},
        {SR_KEY_ED25519, ""},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(key_of_hex(cases[i].type, cases[i].private_key, &error));
        g_assert_error(error, SR_ERROR, SR_ERROR_MALFORMED_KEY);
    }
}

/* The files of the did:key specification: did:key → seed, except rows given as a JWK. */
static void run_did_vectors(const char *path, SrKeyType type)
{
    g_autoptr(SrJson) rows = sr_test_vector_json(path);
    guint count = 0;

    if (!rows)
        return;
    json_object_object_foreach (rows, expected, row) {
        g_autoptr(SrKey) key = NULL;
        g_autofree char *did = NULL;

        if (!json_object_object_get_ex(row, "seed", NULL))
            continue;
        key = key_of_hex(type, sr_test_string(row, "seed"), NULL);
        did = sr_key_did(type, sr_key_public(key, NULL));
        g_assert_cmpstr(did, ==, expected);
        count++;
    }
    g_assert_cmpuint(count, ==, 5);
}

static void test_did_ed25519(void)
{
    run_did_vectors("did-key/ed25519-x25519.json", SR_KEY_ED25519);
}

static void test_did_secp256k1(void)
{
    run_did_vectors("did-key/secp256k1.json", SR_KEY_SECP256K1);
}

#define STACK_SIZE (256u * 1024u)

static const guint8 marked[32] = {0x5e, 0xa1, 0xc0, 0xde, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                  0x88, 0x99, 0xaa, 0xbb, 0xcc, 0x5e, 0xa1, 0xc0, 0xde, 0x12, 0x34,
                                  0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0x0f, 0xed, 0xcb, 0xa9};

/* A run of a function on a stack of its own, and what to look for on it. */
typedef struct {
    guint8 *stack;
    SrKeyType type;
    void (*function)(SrKeyType type);
    guint8 limbs[sizeof marked]; /* the key as a little-endian number */
    gboolean found;
} StackRun;

static void make_key(SrKeyType type)
{
    g_autoptr(SrKey) key = key_of_bytes(type, marked, sizeof marked, NULL);

    g_assert_nonnull(key);
}

static void sign(G_GNUC_UNUSED SrKeyType type)
{
    g_autoptr(SrSecret) private_key = sr_secret_new_copy(marked, sizeof marked, NULL);
    const guint8 public_key[SR_SECP256K1_PUBLIC_SIZE] = {4};
    const guint8 digest[32] = {1};
    guint8 signature[SR_SECP256K1_SIGNATURE_SIZE];

    /* It does not verify, so that nothing else goes over the stack. */
    g_assert_false(sr_secp256k1_sign(private_key, public_key, digest, signature, NULL));
}

static void leave_key_behind(G_GNUC_UNUSED SrKeyType type)
{
    volatile guint8 copy[1024];

    for (gsize i = 0; i < sizeof marked; i++)
        copy[i] = marked[i];
    (void)copy[0];
}

static void *run_and_search(void *user_data)
{
    StackRun *run = user_data;

    run->function(run->type);
    run->found = memmem(run->stack, STACK_SIZE, marked, 16) != NULL ||
                 memmem(run->stack, STACK_SIZE, run->limbs, 16) != NULL;
    return NULL;
}

static gboolean leaves_key(void (*function)(SrKeyType type), SrKeyType type)
{
    StackRun run = {.type = type, .function = function};
    pthread_attr_t attributes;
    pthread_t thread;

    for (gsize i = 0; i < sizeof marked; i++)
        run.limbs[i] = marked[sizeof marked - 1 - i];
    run.stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    g_assert_true(run.stack != MAP_FAILED);
    pthread_attr_init(&attributes);
    g_assert_cmpint(pthread_attr_setstack(&attributes, run.stack, STACK_SIZE), ==, 0);
    g_assert_cmpint(pthread_create(&thread, &attributes, run_and_search, &run), ==, 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    munmap(run.stack, STACK_SIZE);
    return run.found;
}

static void test_stack(void)
{
    if (!leaves_key(leave_key_behind, SR_KEY_P256)) {
        g_test_skip("this build keeps variables elsewhere than on the stack");
        return;
    }
    g_assert_false(leaves_key(make_key, SR_KEY_SECP256K1));
    g_assert_false(leaves_key(make_key, SR_KEY_P256));
    g_assert_false(leaves_key(make_key, SR_KEY_ED25519));
    g_assert_false(leaves_key(sign, SR_KEY_SECP256K1));
}

static void test_free_null(void)
{
    sr_key_free(NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/key/type-names-round-trip", test_names);
    g_test_add_func("/key/public-keys-and-dids-equal-an-independent-computation", test_public_keys);
    g_test_add_func("/key/generated-keys-differ-and-load-again", test_generate);
    g_test_add_func("/key/private-bytes-out-of-range-are-refused", test_malformed);
    g_test_add_func("/key/did-of-ed25519-equals-the-specification", test_did_ed25519);
    g_test_add_func("/key/did-of-secp256k1-equals-the-specification", test_did_secp256k1);
    g_test_add_func("/key/nothing-of-a-private-key-is-left-on-the-stack", test_stack);
    g_test_add_func("/key/freeing-nothing-is-fine", test_free_null);
    return g_test_run();
}
