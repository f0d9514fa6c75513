/* Where signers and OpenSSL keep private keys, and what happens when there is no room. */
#include "crypto/secure_heap.h"
#include "crypto/signer.h"

#include "base/error.h"
#include "crypto/digest.h"

#include <fcntl.h>
#include <malloc.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Sanitizers keep freed memory, map terabytes, and AddressSanitizer turns mlock into nothing. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define UNDER_SANITIZER 1
#endif
#endif
#ifndef UNDER_SANITIZER
#define UNDER_SANITIZER 0
#endif

#define KEY_SIZE 32u
#define CHUNK 65536u

static const SrKeyType types[] = {SR_KEY_SECP256K1, SR_KEY_P256, SR_KEY_ED25519};

/* --- looking for a key in all of this process's memory ---------------------------------------- */

/* The key or nonce sought, masked, so that the search does not find itself. */
typedef struct {
    gboolean negative;
    guint8 mask;
    guint8 bytes[KEY_SIZE];
    guint8 chunk[CHUNK + KEY_SIZE];
    guint in_locked;
    guint elsewhere;
} Search;

/* Whether the key is at @at, first byte first or, as OpenSSL's numbers are, last byte first. */
static gboolean is_key(const Search *search, const guint8 *at)
{
    gboolean forward = TRUE;
    gboolean backward = TRUE;

    for (gsize i = 0; i < KEY_SIZE && (forward || backward); i++) {
        const guint8 byte = at[i] ^ search->mask;

        forward = forward && byte == search->bytes[i];
        backward = backward && byte == search->bytes[KEY_SIZE - 1 - i];
    }
    return forward || backward;
}

static guint count_in_range(Search *search, int memory, guintptr from, guintptr to)
{
    guint found = 0;

    while (from < to) {
        const gsize wanted = MIN(to - from, sizeof search->chunk);
        const gssize got = pread(memory, search->chunk, wanted, (off_t)from);

        if (got < (gssize)KEY_SIZE)
            break;
        for (gsize i = 0; i + KEY_SIZE <= (gsize)got; i++)
            found += is_key(search, search->chunk + i) ? 1 : 0;
        from += (gsize)got > CHUNK ? CHUNK : (gsize)got;
    }
    explicit_bzero(search->chunk, sizeof search->chunk);
    return found;
}

/* Count where the key lies: in locked mappings, and in others. */
static void look_everywhere(Search *search)
{
    const int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    g_autofree char *maps = NULL;
    g_auto(GStrv) lines = NULL;
    guintptr from = 0;
    guintptr to = 0;

    search->in_locked = search->elsewhere = 0;
    g_assert_true(g_file_get_contents("/proc/self/smaps", &maps, NULL, NULL));
    lines = g_strsplit(maps, "\n", -1);
    for (char **line = lines; *line; line++) {
        guintptr start;
        guintptr end;
        char readable;

        if (sscanf(*line, "%lx-%lx %c", &start, &end, &readable) == 3) {
            from = readable == 'r' ? start : 0;
            to = readable == 'r' ? end : 0;
        } else if (g_str_has_prefix(*line, "VmFlags:")) {
            *(strstr(*line, " lo") ? &search->in_locked : &search->elsewhere) +=
                count_in_range(search, memory, from, to);
        }
    }
    close(memory);
}

static void mark(Search *search, const SrSecret *sought)
{
    search->mask = 0x5a;
    for (gsize i = 0; i < KEY_SIZE; i++)
        search->bytes[i] = sr_secret_peek(sought)[i] ^ search->mask;
}

/* A new key of @type, remembered by @search. */
static SrKey *marked_key(SrKeyType type, Search *search)
{
    SrKey *key = sr_key_generate(type, NULL);

    mark(search, sr_key_private(key));
    return key;
}

static void use(SrSigner *signer)
{
    const guint8 data[KEY_SIZE] = {1};
    guint8 signature[SR_SIGNATURE_SIZE];

    if (sr_signer_type(signer) == SR_KEY_P256)
        sr_secret_free(sr_signer_derive(signer, sr_signer_public(signer, NULL), NULL));
    for (guint i = 0; i < 20; i++)
        g_assert_true(sr_signer_sign(signer, data, sizeof data, signature, NULL));
}

/* A thread that works once and then waits, so that nothing overwrites what it left on its stack. */
typedef struct {
    void (*work)(gpointer data);
    gpointer data;
    GAsyncQueue *worked;
    GAsyncQueue *searched;
    GThread *thread;
} Worker;

static gpointer work_and_wait(gpointer data)
{
    Worker *worker = data;

    worker->work(worker->data);
    g_async_queue_push(worker->worked, worker);
    g_async_queue_pop(worker->searched);
    return NULL;
}

/* Start, and come back when the work is done. */
static void start_worker(Worker *worker)
{
    worker->worked = g_async_queue_new();
    worker->searched = g_async_queue_new();
    worker->thread = g_thread_new("worker", work_and_wait, worker);
    g_async_queue_pop(worker->worked);
}

static void end_worker(Worker *worker)
{
    g_async_queue_push(worker->searched, worker);
    g_thread_join(worker->thread);
    g_async_queue_unref(worker->worked);
    g_async_queue_unref(worker->searched);
}

static gboolean skip_search(void)
{
    if (UNDER_SANITIZER)
        g_test_skip("a sanitizer's memory cannot be searched");
    return UNDER_SANITIZER;
}

static void test_key_in_locked_memory_only(void)
{
    if (skip_search())
        return;
    for (gsize t = 0; t < G_N_ELEMENTS(types); t++) {
        g_autofree Search *search = g_new0(Search, 1);
        g_autoptr(SrKey) key = marked_key(types[t], search);
        g_autoptr(SrSigner) signer = sr_signer_new(key, NULL);

        look_everywhere(search);
        g_assert_cmpuint(search->in_locked, ==, 2); /* the key's and the signer's */
        g_assert_cmpuint(search->elsewhere, ==, 0);
        use(signer);
        look_everywhere(search);
        g_assert_cmpuint(search->in_locked, ==, 2);
        g_assert_cmpuint(search->elsewhere, ==, 0);
    }
}

typedef enum { MAKE_KEY, MAKE_SIGNER, SIGN, DERIVE, COPY_KEY, STEPS } Step;

typedef struct {
    SrKeyType type;
    Step last; /* the step whose traces are looked for */
    Search *search;
} Life;

/* Make a key and go as far with it as @data says, then free all. */
static void live(gpointer data)
{
    const Life *life = data;
    g_autoptr(SrKey) key = marked_key(life->type, life->search);
    g_autoptr(SrSigner) signer = life->last >= MAKE_SIGNER ? sr_signer_new(key, NULL) : NULL;
    g_autoptr(SrSecret) shared = NULL;
    g_autoptr(SrKey) copy = NULL;
    const guint8 data_to_sign[KEY_SIZE] = {1};
    guint8 signature[SR_SIGNATURE_SIZE];

    if (life->last >= SIGN)
        sr_signer_sign(signer, data_to_sign, KEY_SIZE, signature, NULL);
    if (life->last >= DERIVE && life->type == SR_KEY_P256)
        shared = sr_signer_derive(signer, sr_signer_public(signer, NULL), NULL);
    if (life->last >= COPY_KEY)
        copy = sr_signer_copy_key(signer, NULL);
}

static void test_nothing_left(void)
{
    if (skip_search())
        return;
    for (guint i = 0; i < G_N_ELEMENTS(types) * STEPS; i++) {
        g_autofree Search *search = g_new0(Search, 1);
        Life life = {types[i / STEPS], (Step)(i % STEPS), search};
        Worker worker = {.work = live, .data = &life};

        start_worker(&worker);
        look_everywhere(search);
        end_worker(&worker);
        if (search->in_locked + search->elsewhere)
            g_error("a %s key is still there after step %u", sr_key_type_name(life.type),
                    life.last);
    }
}

/* --- nonces ----------------------------------------------------------------------------------- */

/* The nonce of @signature, as good as the key, remembered by @search: (digest + r d) / s mod n. */
static void mark_nonce(Search *search, const SrKey *key, const guint8 digest[KEY_SIZE],
                       const guint8 signature[SR_SIGNATURE_SIZE])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(
        sr_key_type(key) == SR_KEY_P256 ? NID_X9_62_prime256v1 : NID_secp256k1);
    const BIGNUM *order = EC_GROUP_get0_order(group);
    BN_CTX *context = BN_CTX_secure_new();
    BIGNUM *private_key = BN_secure_new();
    BIGNUM *nonce = BN_secure_new();
    BIGNUM *other = BN_new();
    g_autoptr(SrSecret) bytes = sr_secret_new(KEY_SIZE, NULL);

    BN_bin2bn(sr_secret_peek(sr_key_private(key)), KEY_SIZE, private_key);
    BN_bin2bn(signature, KEY_SIZE, other);
    BN_mod_mul(nonce, private_key, other, order, context);
    BN_bin2bn(digest, KEY_SIZE, other);
    BN_mod_add(nonce, nonce, other, order, context);
    BN_bin2bn(signature + KEY_SIZE, KEY_SIZE, other);
    BN_mod_inverse(other, other, order, context);
    BN_mod_mul(nonce, nonce, other, order, context);
    /* A low s may be that of the negative nonce; libsecp256k1 then worked with this one. */
    if (search->negative)
        BN_sub(nonce, order, nonce);
    BN_bn2binpad(nonce, sr_secret_data(bytes), KEY_SIZE);
    mark(search, bytes);
    BN_clear_free(private_key);
    BN_clear_free(nonce);
    BN_clear_free(other);
    BN_CTX_free(context);
    EC_GROUP_free(group);
}

typedef struct {
    SrSigner *signer;
    guint8 digest[KEY_SIZE];
    guint8 signature[SR_SIGNATURE_SIZE];
} OneSignature;

static void sign_once(gpointer data)
{
    OneSignature *one = data;

    g_assert_true(sr_signer_sign(one->signer, one->digest, KEY_SIZE, one->signature, NULL));
}

static void test_no_nonce_left(void)
{
    if (skip_search())
        return;
    for (guint i = 0; i < 12; i++) {
        g_autofree Search *search = g_new0(Search, 1);
        g_autoptr(SrKey) key = sr_key_generate(types[i % 2], NULL);
        g_autoptr(SrSigner) signer = sr_signer_new(key, NULL);
        OneSignature one = {.signer = signer, .digest = {1}};
        Worker worker = {.work = sign_once, .data = &one};

        start_worker(&worker);
        search->negative = i >= 6;
        mark_nonce(search, key, one.digest, one.signature);
        look_everywhere(search);
        end_worker(&worker);
        g_assert_cmpuint(search->in_locked + search->elsewhere, ==, 0);
    }
}

/* --- many of them ----------------------------------------------------------------------------- */

/* What is allocated now, in OpenSSL's secure heap and in the common one. */
typedef struct {
    gsize secure;
    gsize common;
} Usage;

static Usage usage(void)
{
    const Usage now = {CRYPTO_secure_used(), mallinfo2().uordblks};

    return now;
}

static void make_signers(SrKeyType type, guint count)
{
    g_autoptr(SrKey) key = sr_key_generate(type, NULL);

    for (guint i = 0; i < count; i++) {
        g_autoptr(SrSigner) signer = sr_signer_new(key, NULL);

        g_assert_nonnull(signer);
        if (i < 20)
            use(signer);
    }
}

static void test_ten_thousand(void)
{
    for (gsize t = 0; t < G_N_ELEMENTS(types); t++) {
        Usage before;
        Usage after;

        make_signers(types[t], 20);
        before = usage();
        make_signers(types[t], 10000);
        after = usage();
        g_assert_cmpuint(after.secure, ==, before.secure);
        if (!UNDER_SANITIZER)
            g_assert_cmpuint(after.common, <, before.common + 4096);
    }
}

/* --- little or no memory to lock ---------------------------------------------------------------
 */

/* From here on this process may lock @limit bytes; root may lock all it wants, so be nobody. */
static void limit_locked_memory(rlim_t limit)
{
    struct rlimit now;

    if (geteuid() == 0)
        g_assert_cmpint(setuid(65534), ==, 0);
    g_assert_cmpint(getrlimit(RLIMIT_MEMLOCK, &now), ==, 0);
    now.rlim_cur = MIN(limit, now.rlim_max);
    g_assert_cmpint(setrlimit(RLIMIT_MEMLOCK, &now), ==, 0);
}

/* Run the test that calls it again in a process of its own. TRUE in that process. */
static gboolean in_own_process(void)
{
    if (g_test_subprocess())
        return TRUE;
    if (UNDER_SANITIZER) {
        g_test_skip("the sanitizer does not lock memory");
        return FALSE;
    }
    g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
    g_test_trap_assert_passed();
    return FALSE;
}

static void test_no_lockable_memory(void)
{
    g_autoptr(SrKey) key = NULL;
    g_autoptr(SrSigner) signer = NULL;
    g_autoptr(GError) error = NULL;

    if (!in_own_process())
        return;
    /* A key of this type does not need the heap, its signer does. */
    key = sr_key_generate(SR_KEY_SECP256K1, NULL);
    g_assert_nonnull(key);
    limit_locked_memory(8 * 1024);
    g_assert_null(sr_signer_new(key, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_LIMIT_EXCEEDED);
    g_assert_nonnull(strstr(error->message, "RLIMIT_MEMLOCK"));
    /* There is no heap that is not locked, into which OpenSSL would put keys without a word. */
    g_assert_cmpint(CRYPTO_secure_malloc_initialized(), ==, 0);
    g_clear_error(&error);
    g_assert_null(sr_key_generate(SR_KEY_P256, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_LIMIT_EXCEEDED);
    g_clear_error(&error);
    limit_locked_memory(1024 * 1024);
    signer = sr_signer_new(key, &error);
    g_assert_no_error(error);
    g_assert_nonnull(signer);
}

static void test_little_lockable_memory(void)
{
    g_autoptr(GPtrArray) signers = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(SrKey) key = NULL;
    SrSigner *signer;

    if (!in_own_process())
        return;
    /* What systems before Linux 5.16 allow: 64 KiB. */
    limit_locked_memory(64 * 1024);
    key = sr_key_generate(SR_KEY_P256, &error);
    g_assert_no_error(error);
    signers = g_ptr_array_new_with_free_func((GDestroyNotify)sr_signer_free);
    while ((signer = sr_signer_new(key, &error)))
        g_ptr_array_add(signers, signer);
    g_assert_error(error, SR_ERROR, SR_ERROR_LIMIT_EXCEEDED);
    g_assert_cmpuint(signers->len, >=, 100);
    use(g_ptr_array_index(signers, 0));
    g_ptr_array_remove_index(signers, 1);
    g_clear_error(&error);
    signer = sr_signer_new(key, &error);
    g_assert_no_error(error);
    g_ptr_array_add(signers, signer);
}

/* With not a byte left in the heap OpenSSL fails, and a signer says so. */
static void test_full_heap(void)
{
    g_autoptr(SrKey) key = NULL;
    g_autoptr(SrSigner) signer = NULL;
    g_autoptr(GError) error = NULL;
    const guint8 digest[KEY_SIZE] = {1};
    guint8 signature[SR_SIGNATURE_SIZE];
    g_autoptr(GPtrArray) pieces = NULL;
    void *piece;

    if (!in_own_process())
        return;
    limit_locked_memory(64 * 1024);
    key = sr_key_generate(SR_KEY_P256, NULL);
    signer = sr_signer_new(key, NULL);
    pieces = g_ptr_array_new();
    while ((piece = OPENSSL_secure_malloc(32)))
        g_ptr_array_add(pieces, piece);
    g_assert_null(sr_signer_new(key, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_LIMIT_EXCEEDED);
    g_clear_error(&error);
    g_assert_false(sr_signer_sign(signer, digest, sizeof digest, signature, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_INTERNAL);
    for (guint i = 0; i < pieces->len; i++)
        OPENSSL_secure_free(g_ptr_array_index(pieces, i));
    use(signer);
}

static gpointer make_ready(gpointer unused)
{
    (void)unused;
    return GINT_TO_POINTER(sr_secure_heap_ready(NULL));
}

static void test_threads(void)
{
    GThread *threads[8];

    if (!in_own_process())
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("ready", make_ready, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
        g_assert_nonnull(g_thread_join(threads[i]));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/signer-memory/heap-made-once-by-many-threads", test_threads);
    g_test_add_func("/signer-memory/key-in-locked-memory-only", test_key_in_locked_memory_only);
    g_test_add_func("/signer-memory/nothing-left-after-freeing", test_nothing_left);
    g_test_add_func("/signer-memory/no-nonce-left-after-signing", test_no_nonce_left);
    g_test_add_func("/signer-memory/ten-thousand-signers-leave-nothing", test_ten_thousand);
    g_test_add_func("/signer-memory/no-lockable-memory-no-signer", test_no_lockable_memory);
    g_test_add_func("/signer-memory/little-lockable-memory-some-signers",
                    test_little_lockable_memory);
    g_test_add_func("/signer-memory/full-heap-is-an-error-not-common-memory", test_full_heap);
    return g_test_run();
}
