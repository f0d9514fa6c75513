/*
 * Feeds each file of a fuzz target's corpus to it once, as a regression test that needs no fuzzer:
 *
 *     tests/replay/fuzz_siwe [--tap] [FILE-OR-FOLDER…]     (default: tests/fuzz/corpus/fuzz_siwe)
 *
 * The name of an input is printed before it is tried, so that a crash names its cause.
 */
#include <glib.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static guint replay_file(const char *path)
{
    g_autofree char *contents = NULL;
    g_autoptr(GError) error = NULL;
    gsize size = 0;
    if (!g_file_get_contents(path, &contents, &size, &error)) {
        printf("Bail out! %s\n", error->message);
        return 0;
    }
    printf("# %s\n", path);
    fflush(stdout);
    /* A copy of the exact size, without the NUL that follows: reading past the end is seen. */
    g_autofree uint8_t *input = g_memdup2(contents, size);
    (void)LLVMFuzzerTestOneInput(input, size);
    return 1;
}

static guint replay(const char *path)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    if (folder == NULL)
        return replay_file(path);
    guint count = 0;
    const char *name;
    while ((name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        count += replay_file(file);
    }
    return count;
}

int main(int argc, char **argv)
{
    g_autofree char *target = g_path_get_basename(argv[0]);
    g_autofree char *corpus = g_build_filename("tests", "fuzz", "corpus", target, NULL);
    guint count = 0;
    gboolean named = FALSE;
    for (int i = 1; i < argc; i++) {
        if (g_str_equal(argv[i], "--tap"))
            continue;
        named = TRUE;
        count += replay(argv[i]);
    }
    if (!named)
        count = replay(corpus);
    printf("1..1\n%s 1 - %s survives its corpus of %u inputs\n", count > 0 ? "ok" : "not ok",
           target, count);
    return count > 0 ? 0 : 1;
}
