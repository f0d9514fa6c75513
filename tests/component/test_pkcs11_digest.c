/* C_Digest and its kin, and the tables of mechanisms; through the function list. */
#include "crypto/keccak.h"
#include "support/assert_bytes.h"
#include "support/template_builder.h"

#include <openssl/evp.h>

static CK_RV init(ModuleWorld *world, CK_MECHANISM_TYPE type)
{
    CK_MECHANISM mechanism = {type, NULL, 0};

    return world->f->C_DigestInit(world->keys, &mechanism);
}

static void expected_digest(CK_MECHANISM_TYPE type, const CK_BYTE *data, gsize size,
                            CK_BYTE ret_digest[64], unsigned *ret_size)
{
    *ret_size = SR_KECCAK256_SIZE;
    if (type == CKM_SEALRING_KECCAK_256)
        sr_keccak256(data, size, ret_digest);
    else
        EVP_Digest(data, size, ret_digest, ret_size,
                   type == CKM_SHA256   ? EVP_sha256()
                   : type == CKM_SHA384 ? EVP_sha384()
                                        : EVP_sha512(),
                   NULL);
}

static void test_digests(void)
{
    static const CK_MECHANISM_TYPE types[] = {CKM_SHA256, CKM_SHA384, CKM_SHA512,
                                              CKM_SEALRING_KECCAK_256};
    CK_BYTE data[1000], digest[64], expected[64];
    ModuleWorld world;
    CK_FUNCTION_LIST *f;

    memset(data, 'd', sizeof data);
    module_world_open(&world);
    f = world.f;
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        CK_ULONG size = sizeof digest;
        unsigned expected_size;

        expected_digest(types[i], data, sizeof data, expected, &expected_size);
        g_assert_cmphex(init(&world, types[i]), ==, CKR_OK);
        g_assert_cmphex(f->C_Digest(world.keys, data, sizeof data, digest, &size), ==, CKR_OK);
        sr_assert_bytes(digest, size, expected, (gsize)expected_size);

        size = sizeof digest;
        g_assert_cmphex(init(&world, types[i]), ==, CKR_OK);
        for (gsize at = 0; at < sizeof data; at += 100)
            g_assert_cmphex(f->C_DigestUpdate(world.keys, data + at, 100), ==, CKR_OK);
        g_assert_cmphex(f->C_DigestFinal(world.keys, digest, &size), ==, CKR_OK);
        sr_assert_bytes(digest, size, expected, (gsize)expected_size);
    }
    g_assert_cmpuint(fake_agent_count(world.agent, SR_OPERATION_SIGN), ==, 0);
    module_world_close(&world);
}

/* §5.2: asking for the size, or with too little room, leaves the digest as it is. */
static void test_sizes(void)
{
    CK_BYTE digest[64];
    CK_ULONG size = 0;
    ModuleWorld world;
    CK_FUNCTION_LIST *f;

    module_world_open(&world);
    f = world.f;
    g_assert_cmphex(init(&world, CKM_SHA256), ==, CKR_OK);
    g_assert_cmphex(f->C_Digest(world.keys, digest, 3, NULL, &size), ==, CKR_OK);
    g_assert_cmpuint(size, ==, 32);
    size = 31;
    g_assert_cmphex(f->C_Digest(world.keys, digest, 3, digest, &size), ==, CKR_BUFFER_TOO_SMALL);
    g_assert_cmpuint(size, ==, 32);
    g_assert_cmphex(f->C_Digest(world.keys, digest, 3, digest, &size), ==, CKR_OK);
    g_assert_cmphex(f->C_Digest(world.keys, digest, 3, digest, &size), ==,
                    CKR_OPERATION_NOT_INITIALIZED);

    g_assert_cmphex(init(&world, CKM_SHA512), ==, CKR_OK);
    g_assert_cmphex(f->C_DigestUpdate(world.keys, NULL, 0), ==, CKR_OK);
    g_assert_cmphex(f->C_DigestFinal(world.keys, NULL, &size), ==, CKR_OK);
    g_assert_cmpuint(size, ==, 64);
    g_assert_cmphex(f->C_DigestFinal(world.keys, digest, &size), ==, CKR_OK);
    g_assert_cmphex(f->C_DigestFinal(world.keys, digest, &size), ==, CKR_OPERATION_NOT_INITIALIZED);
    module_world_close(&world);
}

static void test_states(void)
{
    CK_MECHANISM with_parameter = {CKM_SHA256, (CK_VOID_PTR)1, 1};
    CK_BYTE digest[64];
    CK_ULONG size = sizeof digest;
    ModuleWorld world;
    CK_FUNCTION_LIST *f;

    module_world_open(&world);
    f = world.f;
    g_assert_cmphex(init(&world, CKM_SHA_1), ==, CKR_MECHANISM_INVALID);
    g_assert_cmphex(init(&world, CKM_ECDSA), ==, CKR_MECHANISM_INVALID);
    g_assert_cmphex(f->C_DigestInit(world.keys, NULL), ==, CKR_ARGUMENTS_BAD);
    g_assert_cmphex(f->C_DigestInit(world.keys, &with_parameter), ==, CKR_MECHANISM_PARAM_INVALID);
    g_assert_cmphex(f->C_DigestUpdate(world.keys, digest, 1), ==, CKR_OPERATION_NOT_INITIALIZED);
    g_assert_cmphex(init(&world, CKM_SHA256), ==, CKR_OK);
    g_assert_cmphex(init(&world, CKM_SHA256), ==, CKR_OPERATION_ACTIVE);
    g_assert_cmphex(f->C_DigestInit(world.keys, NULL), ==, CKR_OK); /* 3.0: ends it */
    g_assert_cmphex(f->C_DigestUpdate(world.keys, digest, 1), ==, CKR_OPERATION_NOT_INITIALIZED);
    g_assert_cmphex(init(&world, CKM_SHA256), ==, CKR_OK);
    g_assert_cmphex(f->C_DigestUpdate(world.keys, NULL, 1), ==, CKR_ARGUMENTS_BAD);
    g_assert_cmphex(f->C_DigestUpdate(world.keys, digest, 1), ==, CKR_OPERATION_NOT_INITIALIZED);
    g_assert_cmphex(init(&world, CKM_SHA256), ==, CKR_OK);
    g_assert_cmphex(f->C_DigestUpdate(world.keys, digest, 1), ==, CKR_OK);
    g_assert_cmphex(f->C_Digest(world.keys, digest, 1, digest, &size), ==,
                    CKR_OPERATION_NOT_INITIALIZED);
    g_assert_cmphex(init(&world, CKM_SHA256), ==, CKR_OK);
    g_assert_cmphex(f->C_Digest(world.keys, digest, 1, digest, NULL), ==, CKR_ARGUMENTS_BAD);
    g_assert_cmphex(init(&world, CKM_SHA256), ==, CKR_OK);
    g_assert_cmphex(f->C_DigestKey(world.keys, 99), ==, CKR_KEY_HANDLE_INVALID);
    module_world_close(&world);
}

/* §5.12.4: a derived key, even one that may not be read. */
static void test_digest_key(void)
{
    CK_BYTE point[67] = {0x04, 0x41, 0x04};
    CK_ECDH1_DERIVE_PARAMS params = {CKD_NULL, 0, NULL, 67, point};
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &params, sizeof params};
    CK_BYTE digest[64], expected[64];
    CK_ULONG size = sizeof digest;
    CK_OBJECT_HANDLE base, key;
    Template template = {0};
    unsigned expected_size;
    ModuleWorld world;

    template_add_bool(&template, CKA_SENSITIVE, TRUE);
    module_world_open(&world);
    base = module_world_object(&world, world.keys, CKO_PRIVATE_KEY, "p256");
    g_assert_cmphex(world.f->C_DeriveKey(world.keys, &mechanism, base, template.attributes,
                                         template.count, &key),
                    ==, CKR_OK);
    g_assert_cmphex(init(&world, CKM_SHA256), ==, CKR_OK);
    g_assert_cmphex(world.f->C_DigestKey(world.keys, key), ==, CKR_OK);
    g_assert_cmphex(world.f->C_DigestFinal(world.keys, digest, &size), ==, CKR_OK);
    expected_digest(CKM_SHA256, fake_objects_shared(), 32, expected, &expected_size);
    sr_assert_bytes(digest, size, expected, (gsize)expected_size);
    g_assert_cmphex(init(&world, CKM_SHA256), ==, CKR_OK);
    g_assert_cmphex(world.f->C_DigestKey(world.keys, base), ==, CKR_KEY_INDIGESTIBLE);
    module_world_close(&world);
}

/* --- mechanisms --------------------------------------------------------------------------------
 */

static gboolean has(const CK_MECHANISM_TYPE *types, CK_ULONG count, CK_MECHANISM_TYPE type)
{
    for (CK_ULONG i = 0; i < count; i++)
        if (types[i] == type)
            return TRUE;
    return FALSE;
}

static void test_mechanism_list(void)
{
    CK_MECHANISM_TYPE types[32];
    CK_ULONG count = 0;
    ModuleWorld world;
    CK_FUNCTION_LIST *f;

    module_world_open(&world);
    f = world.f;
    for (CK_SLOT_ID slot = 1; slot <= 2; slot++) {
        g_assert_cmphex(f->C_GetMechanismList(slot, NULL, &count), ==, CKR_OK);
        count--;
        g_assert_cmphex(f->C_GetMechanismList(slot, types, &count), ==, CKR_BUFFER_TOO_SMALL);
        g_assert_cmphex(f->C_GetMechanismList(slot, types, &count), ==, CKR_OK);
        g_assert_true(has(types, count, CKM_ECDSA));
        g_assert_false(has(types, count, CKM_ECDSA_SHA1));
        g_assert_cmpint(has(types, count, CKM_EDDSA), ==, slot == 2);
        g_assert_cmpint(has(types, count, CKM_ECDH1_DERIVE), ==, slot == 2);
        g_assert_cmpint(has(types, count, CKM_SEALRING_SIWE), ==, slot == 1);
        for (CK_ULONG i = 0; i < count; i++) {
            CK_MECHANISM_INFO info;

            g_assert_cmphex(f->C_GetMechanismInfo(slot, types[i], &info), ==, CKR_OK);
            g_assert_cmphex(info.flags, !=, 0);
        }
    }
    module_world_close(&world);
}

static void test_mechanism_info(void)
{
    CK_MECHANISM_INFO info;
    CK_ULONG count;
    ModuleWorld world;
    CK_FUNCTION_LIST *f;

    module_world_open(&world);
    f = world.f;
    g_assert_cmphex(f->C_GetMechanismInfo(1, CKM_ECDSA, &info), ==, CKR_OK);
    g_assert_cmphex(info.flags & (CKF_SIGN | CKF_VERIFY), ==, CKF_SIGN | CKF_VERIFY);
    g_assert_cmpuint(info.ulMinKeySize, ==, 256);
    g_assert_cmphex(f->C_GetMechanismInfo(1, CKM_EDDSA, &info), ==, CKR_MECHANISM_INVALID);
    g_assert_cmphex(f->C_GetMechanismInfo(2, CKM_RSA_PKCS, &info), ==, CKR_MECHANISM_INVALID);
    g_assert_cmphex(f->C_GetMechanismInfo(2, CKM_ECDSA, NULL), ==, CKR_ARGUMENTS_BAD);
    g_assert_cmphex(f->C_GetMechanismInfo(3, CKM_ECDSA, &info), ==, CKR_SLOT_ID_INVALID);
    g_assert_cmphex(f->C_GetMechanismList(3, NULL, &count), ==, CKR_SLOT_ID_INVALID);
    g_assert_cmphex(f->C_GetMechanismList(1, NULL, NULL), ==, CKR_ARGUMENTS_BAD);
    module_world_close(&world);
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pkcs11/digest/in-one-and-in-many-parts", test_digests);
    g_test_add_func("/pkcs11/digest/sizes", test_sizes);
    g_test_add_func("/pkcs11/digest/states", test_states);
    g_test_add_func("/pkcs11/digest/of-a-secret-key", test_digest_key);
    g_test_add_func("/pkcs11/mechanisms/list", test_mechanism_list);
    g_test_add_func("/pkcs11/mechanisms/info", test_mechanism_info);
    return g_test_run();
}
