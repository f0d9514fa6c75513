/* tests/run: alone */
/* The module with 10 000 keys: how fast one is found, and how much memory all take. */
#include "support/module_world.h"

#include <malloc.h>

#define KEYS 10000u
#define ROUNDS 51u
#define MICROSECONDS_MAX 1000 /* or, on a slow machine, … */
#define SHARE_MAX 30          /* … such a part of what getting all of them takes */
#define BYTES_MAX (16u << 20)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED TRUE
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED TRUE
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED FALSE
#endif

/* The label or id of key @i. */
static char *make_text(CK_ATTRIBUTE_TYPE type, guint i)
{
    return type == CKA_LABEL ? g_strdup_printf("key number %u", i) : g_strdup_printf("id %05u", i);
}

static void add_keys(ModuleWorld *world)
{
    for (guint i = 0; i < KEYS; i++) {
        g_autofree char *label = make_text(CKA_LABEL, i);
        g_autofree char *id = make_text(CKA_ID, i);

        fake_objects_add_key(world->objects, SR_TOKEN_KEYS, SR_CURVE_P256, 0, label, id);
    }
}

static int compare(const void *a, const void *b)
{
    const gint64 first = *(const gint64 *)a;
    const gint64 second = *(const gint64 *)b;

    return (first > second) - (first < second);
}

/* The median time of a search for a key by @type, in microseconds. */
static gint64 measure(ModuleWorld *world, CK_ATTRIBUTE_TYPE type)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    gint64 times[ROUNDS];

    for (guint i = 0; i < ROUNDS; i++) {
        g_autofree char *text = make_text(type, i * (KEYS / ROUNDS));
        CK_ATTRIBUTE template[] = {ATTRIBUTE(CKA_CLASS, class), {type, text, strlen(text)}};
        const gint64 start = g_get_monotonic_time();

        g_assert_cmpuint(module_world_find(world, world->keys, template, 2, NULL), ==, 1);
        times[i] = g_get_monotonic_time() - start;
    }
    qsort(times, ROUNDS, sizeof times[0], compare);
    return times[ROUNDS / 2];
}

static void test_many(void)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE all[] = {ATTRIBUTE(CKA_CLASS, class)};
    ModuleWorld world;
    gsize before, after;
    gint64 start, load, most, by_label, by_id;

    module_world_open(&world);
    add_keys(&world);
    before = mallinfo2().uordblks + mallinfo2().hblkhd;
    start = g_get_monotonic_time();
    g_assert_cmpuint(module_world_find(&world, world.keys, all, 1, NULL), ==, KEYS + 2);
    load = g_get_monotonic_time() - start;
    most = MAX(MICROSECONDS_MAX, load / SHARE_MAX);
    after = mallinfo2().uordblks + mallinfo2().hblkhd;
    by_label = measure(&world, CKA_LABEL);
    by_id = measure(&world, CKA_ID);
    g_test_message("%u keys: first search %.1f ms, by label %ld us, by id %ld us, %.1f MB", KEYS,
                   (double)load / 1000, (long)by_label, (long)by_id,
                   (double)(after - before) / (1 << 20));
    if (!IS_SANITIZED) {
        g_assert_cmpint(by_label, <, most);
        g_assert_cmpint(by_id, <, most);
        g_assert_cmpuint(after - before, <, BYTES_MAX);
    }
    module_world_close(&world);
}

/* A changed generation costs a listing, and everything keeps its handle. */
static void test_listed_again(void)
{
    CK_OBJECT_HANDLE first, last;
    ModuleWorld world;

    module_world_open(&world);
    add_keys(&world);
    first = module_world_object(&world, world.keys, CKO_PRIVATE_KEY, "key number 0");
    last = module_world_object(&world, world.keys, CKO_PUBLIC_KEY, "key number 9999");
    fake_objects_hide(world.objects, world.p256, TRUE);
    g_assert_cmphex(module_world_object(&world, world.keys, CKO_PRIVATE_KEY, "key number 0"), ==,
                    first);
    g_assert_cmphex(module_world_object(&world, world.keys, CKO_PUBLIC_KEY, "key number 9999"), ==,
                    last);
    g_assert_cmpuint(fake_objects_listings(world.objects), ==, 2);
    module_world_close(&world);
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pkcs11/many/found-in-a-millisecond", test_many);
    g_test_add_func("/pkcs11/many/listed-again", test_listed_again);
    return g_test_run();
}
