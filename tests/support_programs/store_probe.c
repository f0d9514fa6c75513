/*
 * A store at the end of a pipe, for tests in other languages:
 *
 *     store_probe --bus [ADDRESS]  |  store_probe --vault PATH PASSPHRASE-FILE
 *
 * Obeys tab-separated lines of stdin, each answered by one line, "ok<TAB>milliseconds<TAB>…" or
 * "error<TAB>milliseconds<TAB>REASON<TAB>message":
 *
 *     state                              state, detail
 *     put KIND ID ALGORITHM LABEL SECRET (ALGORITHM may be empty)
 *     get KIND ID                        algorithm, label, secret
 *     list KIND [PREFIX]                 number, ids…
 *     visit KIND [PREFIX]                ID=LENGTH for each secret, ID! for damaged records
 *     remove KIND ID
 *     stores KIND FROM TO                puts records with these numbers as ids, "ack<TAB>N" each,
 *                                        trying again until it is done; number of failures
 *     unlock MILLISECONDS                by the keyring's own dialog
 */
#include "base/error.h"
#include "store/secret_service.h"
#include "store/vault.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FAILURES_MAX 10000
#define PAUSE_US 10000

static const SrScryptCost cheap = {1024, 8, 1};

typedef struct {
    SrStore *store;
    const char *bus;
} Probe;

/* Appends the answer's fields to @answer. */
typedef gboolean (*Command)(Probe *probe, char **words, GString *answer, GError **error);

static SrRecordKind kind_of(const char *name)
{
    SrRecordKind kind;

    if (!sr_record_kind_from_name(name, &kind))
        exit(2);
    return kind;
}

static gboolean put(Probe *probe, const char *kind, const char *id, const char *algorithm,
                    const char *label, const char *text, GError **error)
{
    SrSecret *secret = sr_secret_new_copy(text, strlen(text), error);
    g_autoptr(SrRecord) record = NULL;

    if (!secret)
        return FALSE;
    record = sr_record_new(kind_of(kind), id, *algorithm ? algorithm : NULL, label, secret);
    return sr_store_put(probe->store, record, error);
}

static gboolean do_state(Probe *probe, char **words, GString *answer, GError **error)
{
    g_autofree char *detail = NULL;
    const SrStoreState state = sr_store_state(probe->store, &detail);

    (void)words;
    (void)error;
    g_string_append_printf(answer, "\t%s\t%s", sr_store_state_name(state), detail);
    return TRUE;
}

static gboolean do_put(Probe *probe, char **words, GString *answer, GError **error)
{
    (void)answer;
    return put(probe, words[1], words[2], words[3], words[4], words[5], error);
}

static gboolean do_get(Probe *probe, char **words, GString *answer, GError **error)
{
    g_autoptr(SrRecord) record = sr_store_get(probe->store, kind_of(words[1]), words[2], error);

    if (record)
        g_string_append_printf(answer, "\t%s\t%s\t%s", record->algorithm ? record->algorithm : "",
                               record->label, (const char *)sr_secret_peek(record->secret));
    return record != NULL;
}

static gboolean do_list(Probe *probe, char **words, GString *answer, GError **error)
{
    g_autoptr(GPtrArray) entries =
        sr_store_list_entries(probe->store, kind_of(words[1]), words[2], error);

    if (!entries)
        return FALSE;
    g_string_append_printf(answer, "\t%u", entries->len);
    for (guint i = 0; i < entries->len; i++)
        g_string_append_printf(answer, "\t%s", ((SrRecord *)entries->pdata[i])->id);
    return TRUE;
}

static gboolean add_length(const SrRecord *record, const GError *damage, gpointer data,
                           GError **error)
{
    (void)error;
    if (damage)
        g_string_append_printf(data, "\t%s!", record->id);
    else
        g_string_append_printf(data, "\t%s=%zu", record->id, sr_secret_size(record->secret));
    return TRUE;
}

static gboolean do_visit(Probe *probe, char **words, GString *answer, GError **error)
{
    return sr_store_visit(probe->store, kind_of(words[1]), words[2], add_length, answer, error);
}

static gboolean do_remove(Probe *probe, char **words, GString *answer, GError **error)
{
    (void)answer;
    return sr_store_remove(probe->store, kind_of(words[1]), words[2], error);
}

static gboolean do_stores(Probe *probe, char **words, GString *answer, GError **error)
{
    const int to = atoi(words[3]);
    int failed = 0;

    (void)error;
    for (int i = atoi(words[2]); i < to; i++) {
        g_autofree char *id = g_strdup_printf("n%d", i);
        g_autofree char *text = g_strdup_printf("secret of %d", i);

        while (!put(probe, words[1], id, "", id, text, NULL) && failed < FAILURES_MAX) {
            failed++;
            g_usleep(PAUSE_US);
        }
        printf("ack\t%d\n", i);
        fflush(stdout);
    }
    g_string_append_printf(answer, "\t%d", failed);
    return TRUE;
}

static gboolean do_unlock(Probe *probe, char **words, GString *answer, GError **error)
{
    (void)answer;
    return sr_secret_service_unlock_with_prompt(probe->bus, (guint)atoi(words[1]), error);
}

static const struct {
    const char *name;
    guint words;
    Command run;
} commands[] = {
    {"state", 1, do_state},   {"put", 6, do_put},       {"get", 3, do_get},
    {"list", 2, do_list},     {"remove", 3, do_remove}, {"stores", 4, do_stores},
    {"unlock", 2, do_unlock}, {"visit", 2, do_visit},
};

static Command find_command(char **words)
{
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        if (g_str_equal(commands[i].name, words[0]) && g_strv_length(words) >= commands[i].words)
            return commands[i].run;
    fprintf(stderr, "store_probe: cannot %s\n", words[0]);
    exit(2);
}

static void obey(Probe *probe, const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, "\t", -1);
    g_autoptr(GString) answer = g_string_new(NULL);
    g_autoptr(GError) failure = NULL;
    const gint64 start = g_get_monotonic_time();
    const gboolean done = find_command(words)(probe, words, answer, &failure);
    const gint64 ms = (g_get_monotonic_time() - start) / 1000;

    if (done)
        printf("ok\t%" G_GINT64_FORMAT "%s\n", ms, answer->str);
    else
        printf("error\t%" G_GINT64_FORMAT "\t%s\t%s\n", ms, sr_error_reason(failure),
               failure->message);
    fflush(stdout);
}

static SrStore *open_vault(const char *path, const char *passphrase_file)
{
    g_autoptr(SrSecret) passphrase = NULL;
    g_autoptr(GError) failure = NULL;
    SrStore *vault = sr_vault_new(path, cheap);
    const int fd = open(passphrase_file, O_RDONLY | O_CLOEXEC);

    passphrase = sr_secret_read_fd(fd, 1024, TRUE, &failure);
    close(fd);
    if (!passphrase || !sr_store_unlock(vault, passphrase, &failure))
        fprintf(stderr, "store_probe: %s\n", failure->message);
    return vault;
}

int main(int argc, char **argv)
{
    Probe probe = {0};
    char *line = NULL;
    size_t size = 0;
    ssize_t length;

    if (argc >= 2 && g_str_equal(argv[1], "--bus")) {
        probe.bus = argv[2];
        probe.store = sr_secret_service_new(argv[2]);
    } else if (argc == 4 && g_str_equal(argv[1], "--vault")) {
        probe.store = open_vault(argv[2], argv[3]);
    } else {
        return 2;
    }
    while ((length = getline(&line, &size, stdin)) > 0) {
        line[length - 1] = '\0';
        obey(&probe, line);
    }
    free(line);
    sr_store_free(probe.store);
    return 0;
}
