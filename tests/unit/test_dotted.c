/* Texts of parts with dots between them. */
#include "base/dotted.h"

#include "support/assert_bytes.h"

#define COUNT 3

typedef struct {
    const char *name;
    const char *text;
    const char *parts[COUNT]; /* NULL: there are not three */
} Row;

static const Row rows[] = {
    {"three", "ab.c.def", {"ab", "c", "def"}},
    {"all-empty", "..", {"", "", ""}},
    {"the-last-is-empty", "a.b.", {"a", "b", ""}},
    {"too-few", "ab.c", {NULL}},
    {"none", "", {NULL}},
    {"too-many", "a.b.c.d", {NULL}},
    {"a-dot-too-many-at-the-end", "a.b.c.", {NULL}},
};

static void test_row(gconstpointer data)
{
    const Row *row = data;
    SrSlice parts[COUNT];
    g_autoptr(SrSecret) joined = NULL;

    if (!row->parts[0]) {
        g_assert_false(sr_dotted_split(row->text, strlen(row->text), parts, COUNT));
        return;
    }
    g_assert_true(sr_dotted_split(row->text, strlen(row->text), parts, COUNT));
    for (guint i = 0; i < COUNT; i++)
        g_assert_true(sr_slice_is(parts[i], row->parts[i]));
    joined = sr_dotted_join(parts, COUNT, NULL);
    sr_assert_bytes(sr_secret_peek(joined), sr_secret_size(joined), row->text, strlen(row->text));
}

/* What stands behind the length that is given is not looked at. */
static void test_length(void)
{
    SrSlice parts[2];

    g_assert_true(sr_dotted_split("a.b.c", 3, parts, 2));
    g_assert_true(sr_slice_is(parts[1], "b"));
    g_assert_false(sr_slice_is(parts[1], "b."));
    g_assert_false(sr_slice_is(parts[1], ""));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strconcat("/dotted/", rows[i].name, NULL);

        g_test_add_data_func(path, &rows[i], test_row);
    }
    g_test_add_func("/dotted/no-byte-behind-the-end", test_length);
    return g_test_run();
}
