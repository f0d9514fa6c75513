/*
 * Every allocation that the module makes for objects fails once: the call says CKR_HOST_MEMORY, and
 * afterwards everything works as before.
 */
#include "support/template_builder.h"

#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif

#ifdef IS_SANITIZED
static guint until_failure;
#else
/* glibc's own names of what is replaced here, for all threads; only the test's fails. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

static __thread guint until_failure; /* this many allocations from now; 0: never */

static gboolean fails(void)
{
    return until_failure > 0 && --until_failure == 0;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    return fails() ? NULL : __libc_realloc(memory, size);
}
#endif

static CK_RV generate(ModuleWorld *world, CK_OBJECT_HANDLE ret_pair[2])
{
    CK_MECHANISM mechanism = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    Template public_key = {0};

    template_add(&public_key, CKA_EC_PARAMS, params_p256, sizeof params_p256);
    return world->f->C_GenerateKeyPair(world->keys, &mechanism, public_key.attributes,
                                       public_key.count, NULL, 0, &ret_pair[0], &ret_pair[1]);
}

/* Make a pair for the session, and put both halves on the token. Nothing stays: the next listing
 * shall not need more memory. */
static CK_RV generate_and_copy(ModuleWorld *world)
{
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE token = ATTRIBUTE(CKA_TOKEN, yes);
    CK_OBJECT_HANDLE pair[2] = {0}, copies[2] = {0};
    CK_RV result = generate(world, pair);

    for (guint half = 2; half-- > 0 && result == CKR_OK;)
        result = world->f->C_CopyObject(world->keys, pair[half], &token, 1, &copies[half]);
    for (guint half = 0; half < 2; half++) {
        world->f->C_DestroyObject(world->keys, copies[half]);
        world->f->C_DestroyObject(world->keys, pair[half]);
    }
    return result;
}

static CK_RV create_and_copy(ModuleWorld *world)
{
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE token = ATTRIBUTE(CKA_TOKEN, yes), label = TEXT_ATTRIBUTE(CKA_LABEL, "a label");
    CK_OBJECT_HANDLE object, copy;
    Template template = {0};
    CK_RV result;

    template_add_number(&template, CKA_CLASS, CKO_DATA);
    template_add_text(&template, CKA_VALUE, "some data");
    result = template_create(&template, world, world->keys, &object);
    if (result == CKR_OK)
        result = world->f->C_SetAttributeValue(world->keys, object, &label, 1);
    if (result == CKR_OK)
        result = world->f->C_CopyObject(world->keys, object, &token, 1, &copy);
    if (result == CKR_OK)
        result = world->f->C_SetAttributeValue(world->keys, copy, &label, 1);
    return result;
}

/* A search that has to list again, for all objects. */
static CK_RV find(ModuleWorld *world)
{
    CK_RV result = world->f->C_FindObjectsInit(world->keys, NULL, 0);

    if (result == CKR_OK)
        result = world->f->C_FindObjectsFinal(world->keys);
    return result;
}

static CK_RV derive(ModuleWorld *world, CK_OBJECT_HANDLE base)
{
    CK_BYTE point[67] = {0x04, 0x41, 0x04};
    CK_ECDH1_DERIVE_PARAMS params = {CKD_NULL, 0, NULL, sizeof point, point};
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &params, sizeof params};
    CK_OBJECT_HANDLE key;

    return world->f->C_DeriveKey(world->keys, &mechanism, base, NULL, 0, &key);
}

static CK_RV digest(ModuleWorld *world)
{
    CK_MECHANISM mechanism = {CKM_SHA256, NULL, 0};
    CK_ULONG size = 32;
    CK_BYTE result[32];
    const CK_RV begun = world->f->C_DigestInit(world->keys, &mechanism);

    return begun == CKR_OK ? world->f->C_Digest(world->keys, result, 1, result, &size) : begun;
}

static CK_RV step(ModuleWorld *world, guint index, CK_OBJECT_HANDLE base)
{
    switch (index) {
    case 0:
        return generate_and_copy(world);
    case 1:
        return create_and_copy(world);
    case 2:
        return find(world);
    case 3:
        return derive(world, base);
    default:
        return digest(world);
    }
}

#define STEPS 5u

/* How many allocations @index makes: each of them fails in turn. */
static guint fail_each(ModuleWorld *world, guint index, CK_OBJECT_HANDLE base)
{
    for (guint count = 1;; count++) {
        gboolean has_failed;
        CK_RV result;

        /* Somebody changes an object each time, so that a search has to list again. */
        fake_objects_hide(world->objects, world->ed25519, count % 2 == 0);
        until_failure = count;
        result = step(world, index, base);
        has_failed = until_failure == 0;
        until_failure = 0;
        if (!has_failed) {
            g_assert_cmphex(result, ==, CKR_OK);
            return count - 1;
        }
        if (result != CKR_OK)
            g_assert_cmphex(result, ==, CKR_HOST_MEMORY);
        g_assert_cmphex(module_world_object(world, world->keys, CKO_PRIVATE_KEY, "p256"), ==, base);
    }
}

static void test_failures(void)
{
    CK_OBJECT_HANDLE base;
    ModuleWorld world;

#ifdef IS_SANITIZED
    g_test_skip("the sanitizer has its own allocator");
    return;
#endif
    module_world_open(&world);
    base = module_world_object(&world, world.keys, CKO_PRIVATE_KEY, "p256");
    for (guint i = 0; i < STEPS; i++)
        g_assert_cmpuint(fail_each(&world, i, base), >, 0);
    module_world_close(&world);
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pkcs11/memory/each-allocation-fails", test_failures);
    return g_test_run();
}
