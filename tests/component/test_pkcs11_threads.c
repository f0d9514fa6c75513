/* Many threads at the objects at once, each in sessions of its own and all in a shared one. */
#include "support/template_builder.h"

#define SLOT_KEYS 2u
#define THREADS 6u
#define ROUNDS 60u

typedef struct {
    ModuleWorld *world;
    guint index;
} Worker;

/* A key pair of a session: made, found, renamed, read by all; it goes with the session. */
static void use_session_key(ModuleWorld *world, CK_SESSION_HANDLE session, const char *label)
{
    CK_MECHANISM mechanism = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    Template public_key = {0}, private_key = {0};
    CK_OBJECT_HANDLE pair[2];
    g_autofree char *read = NULL;
    CK_ATTRIBUTE id = TEXT_ATTRIBUTE(CKA_ID, "another id");

    template_add(&public_key, CKA_EC_PARAMS, params_p256, sizeof params_p256);
    template_add_text(&private_key, CKA_LABEL, label);
    g_assert_cmphex(world->f->C_GenerateKeyPair(session, &mechanism, public_key.attributes,
                                                public_key.count, private_key.attributes,
                                                private_key.count, &pair[0], &pair[1]),
                    ==, CKR_OK);
    g_assert_cmphex(module_world_object(world, session, CKO_PRIVATE_KEY, label), ==, pair[1]);
    g_assert_cmphex(world->f->C_SetAttributeValue(session, pair[1], &id, 1), ==, CKR_OK);
    read = module_world_get_text(world, session, pair[0], CKA_ID);
    g_assert_cmpstr(read, ==, "another id");
}

static gpointer work(gpointer data)
{
    const Worker *worker = data;
    ModuleWorld *world = worker->world;
    g_autofree char *label = g_strdup_printf("of thread %u", worker->index);

    for (guint i = 0; i < ROUNDS; i++) {
        const CK_SESSION_HANDLE session = module_world_session(world, SLOT_KEYS, CKF_RW_SESSION);
        const CK_OBJECT_HANDLE key = module_world_object(world, session, CKO_PUBLIC_KEY, "ed25519");
        g_autoptr(GBytes) point = module_world_get(world, world->keys, key, CKA_EC_POINT);

        g_assert_cmpuint(g_bytes_get_size(point), ==, 34);
        use_session_key(world, session, label);
        if (i % 3 == 0)
            g_assert_cmphex(
                world->f->C_DestroyObject(
                    session, module_world_object(world, session, CKO_PRIVATE_KEY, label)),
                ==, CKR_OK);
        g_assert_cmphex(world->f->C_CloseSession(session), ==, CKR_OK);
    }
    return NULL;
}

static void test_objects(void)
{
    GThread *threads[THREADS];
    Worker workers[THREADS];
    ModuleWorld world;

    module_world_open(&world);
    for (guint i = 0; i < THREADS; i++) {
        workers[i] = (Worker){&world, i};
        threads[i] = g_thread_new("worker", work, &workers[i]);
    }
    for (guint i = 0; i < ROUNDS; i++) { /* the other objects of the token come and go */
        fake_objects_hide(world.objects, world.p256, i % 2 == 0);
        g_usleep(1000);
    }
    for (guint i = 0; i < THREADS; i++)
        g_thread_join(threads[i]);
    g_assert_cmpuint(fake_objects_count(world.objects, SR_TOKEN_SESSION), ==, 0);
    module_world_close(&world);
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pkcs11/threads/objects", test_objects);
    return g_test_run();
}
