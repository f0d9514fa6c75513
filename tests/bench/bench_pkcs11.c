/*
 * What a PKCS#11 module costs its application. This program loads nothing but libc of its own.
 *
 *   bench_pkcs11 create MODULE PIN TOKEN CURVE FIRST COUNT   make keys bench-CURVE-NUMBER
 *   bench_pkcs11 start MODULE PIN LABEL                      from dlopen to the first signature
 *   bench_pkcs11 find MODULE PIN TOKEN                       all keys, and each of some by label,
 * id bench_pkcs11 rate MODULE PIN LABEL APPLICATIONS          signatures of so many at once
 *
 * PIN "-": none. One line a figure: name, value, unit.
 */
#include "support/application.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OBJECTS_MAX 20000u
#define LOOKUPS 200u
#define LOOKUP_SECONDS 4.0
#define RATE_SECONDS 1.0
#define APPLICATIONS_MAX 8u

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Resident memory of this process in KiB. */
static unsigned long resident(void)
{
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    unsigned long kib = 0;

    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmRSS: %lu", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib;
}

static uint32_t parse_count(const char *text)
{
    return (uint32_t)strtoul(text, NULL, 10);
}

static void load(SrTestModule *module, char **arguments)
{
    sr_test_module_load(module, arguments[0], strcmp(arguments[1], "-") ? arguments[1] : NULL);
}

static void run_create(char **arguments)
{
    const uint32_t first = parse_count(arguments[4]);
    const uint32_t count = parse_count(arguments[5]);
    const double start = now();
    CK_SESSION_HANDLE session;
    SrTestModule module;

    load(&module, arguments);
    session = sr_test_module_open(&module, arguments[2]);
    for (uint32_t i = first; i < first + count; i++) {
        char label[SR_TEST_LABEL_MAX];

        snprintf(label, sizeof label, "bench-%s-%05" PRIu32, arguments[3], i);
        sr_test_key_generate(&module, session, arguments[3], label);
    }
    printf("create %.2f ms each\n", (now() - start) * 1e3 / count);
}

static void run_start(char **arguments)
{
    const uint8_t digest[32] = {1};
    const double start = now();
    uint8_t signature[64];
    SrTestModule module;
    SrTestKey key;

    load(&module, arguments);
    printf("initialized %.3f ms\n", (now() - start) * 1e3);
    sr_test_key_find(&module, arguments[2], &key);
    printf("found %.3f ms\n", (now() - start) * 1e3);
    sr_test_key_sign(&key, digest, signature);
    printf("first-signature %.3f ms\n", (now() - start) * 1e3);
    printf("resident %lu KiB\n", resident());
}

/* Seconds to find the one key with @value in @attribute. */
static double time_lookup(const SrTestModule *module, CK_SESSION_HANDLE session,
                          CK_ATTRIBUTE_TYPE attribute, const CK_ATTRIBUTE *value)
{
    const double start = now();
    CK_OBJECT_HANDLE objects[2];
    const CK_ULONG found =
        sr_test_find(module, session, attribute, value->pValue, value->ulValueLen, objects, 2);

    if (found != 1)
        sr_test_module_fail(module, "keys of one label or id", found);
    return now() - start;
}

/* Look for some of @objects by their labels and by their ids. */
static void look_up_some(const SrTestModule *module, CK_SESSION_HANDLE session,
                         const CK_OBJECT_HANDLE *objects, CK_ULONG count)
{
    const double start = now();
    double label_seconds = 0;
    double id_seconds = 0;
    CK_ULONG done = 0;

    for (; done < LOOKUPS && now() - start < LOOKUP_SECONDS; done++) {
        char label[SR_TEST_LABEL_MAX];
        char id[SR_TEST_LABEL_MAX];
        CK_ATTRIBUTE template[] = {{CKA_LABEL, label, sizeof label}, {CKA_ID, id, sizeof id}};

        /* A large prime step: keys from everywhere. */
        if (module->functions->C_GetAttributeValue(session, objects[done * 7919 % count], template,
                                                   2) != CKR_OK)
            sr_test_module_fail(module, "C_GetAttributeValue", CKR_GENERAL_ERROR);
        label_seconds += time_lookup(module, session, CKA_LABEL, &template[0]);
        id_seconds += time_lookup(module, session, CKA_ID, &template[1]);
    }
    printf("find-label %.4f ms\nfind-id %.4f ms\n", label_seconds * 1e3 / (double)done,
           id_seconds * 1e3 / (double)done);
}

static void run_find(char **arguments)
{
    static CK_OBJECT_HANDLE objects[OBJECTS_MAX];
    double start = now();
    CK_SESSION_HANDLE session;
    SrTestModule module;
    CK_ULONG count;

    load(&module, arguments);
    session = sr_test_module_open(&module, arguments[2]);
    printf("login %.2f ms\n", (now() - start) * 1e3);
    count = sr_test_find(&module, session, CKA_LABEL, NULL, 0, objects, OBJECTS_MAX);
    printf("first-load %.2f ms\nkeys %lu\n", (now() - start) * 1e3, count);
    start = now();
    sr_test_find(&module, session, CKA_LABEL, NULL, 0, objects, OBJECTS_MAX);
    printf("find-all %.3f ms\n", (now() - start) * 1e3);
    look_up_some(&module, session, objects, count);
    printf("resident %lu KiB\n", resident());
}

/* One application: report that it is ready, wait for the start, sign, report the rate. */
static void run_application(char **arguments, int start, int results)
{
    SrTestModule module;
    SrTestKey key;
    double rate = 0;
    uint8_t signature[64];
    uint8_t digest[32] = {1};
    uint32_t count = 0;
    double begin;
    char byte;

    load(&module, arguments);
    sr_test_key_find(&module, arguments[2], &key);
    sr_test_key_sign(&key, digest, signature);
    if (write(results, &rate, sizeof rate) != sizeof rate || read(start, &byte, 1) != 0)
        _exit(1);
    begin = now();
    while (now() - begin < RATE_SECONDS) {
        memcpy(digest + 4, &count, sizeof count);
        sr_test_key_sign(&key, digest, signature);
        count++;
    }
    rate = count / (now() - begin);
    _exit(write(results, &rate, sizeof rate) == sizeof rate ? 0 : 1);
}

static double read_rate(int results)
{
    double rate;

    if (read(results, &rate, sizeof rate) != sizeof rate) {
        fputs("an application did not sign\n", stderr);
        exit(1);
    }
    return rate;
}

/* Returns where the application's rates are read; end of file says that it died. */
static int start_application(char **arguments, const int start[2])
{
    int results[2];

    if (pipe(results) != 0)
        exit(1);
    if (fork() == 0) {
        close(start[1]);
        close(results[0]);
        run_application(arguments, start[0], results[1]);
    }
    close(results[1]);
    read_rate(results[0]); /* ready: SoftHSM2 does not stand two that start at once */
    return results[0];
}

static void run_rate(char **arguments)
{
    const uint32_t applications = parse_count(arguments[3]);
    int results[APPLICATIONS_MAX];
    double sum = 0;
    int start[2];

    if (applications > APPLICATIONS_MAX || pipe(start) != 0)
        exit(1);
    for (uint32_t i = 0; i < applications; i++)
        results[i] = start_application(arguments, start);
    close(start[1]); /* go */
    for (uint32_t i = 0; i < applications; i++)
        sum += read_rate(results[i]);
    while (wait(NULL) > 0)
        ;
    printf("rate %.0f per second\n", sum);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int arguments;
        void (*run)(char **arguments);
    } commands[] = {
        {"create", 6, run_create},
        {"start", 3, run_start},
        {"find", 3, run_find},
        {"rate", 4, run_rate},
    };

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (argc == commands[i].arguments + 2 && strcmp(argv[1], commands[i].name) == 0) {
            commands[i].run(argv + 2);
            fflush(stdout);
            _exit(0); /* without the module's destructors */
        }
    }
    fputs("usage: see bench_pkcs11.c\n", stderr);
    return 2;
}
