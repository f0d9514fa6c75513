#include "cli/checkup.h"

#include "cli/output.h"

typedef struct {
    SrCheckState state;
    const char *name; /* static */
    char *next_step;  /* or NULL */
    char *detail;
} Check;

struct SrCheckup {
    GArray *checks; /* of Check */
};

static const char *const state_names[] = {"ok", "warn", "fail"};

static void clear_check(gpointer data)
{
    Check *check = data;

    g_free(check->next_step);
    g_free(check->detail);
}

SrCheckup *sr_checkup_new(void)
{
    SrCheckup *checkup = g_new0(SrCheckup, 1);

    checkup->checks = g_array_new(FALSE, FALSE, sizeof(Check));
    g_array_set_clear_func(checkup->checks, clear_check);
    return checkup;
}

void sr_checkup_add(SrCheckup *checkup, SrCheckState state, const char *name, const char *next_step,
                    const char *detail, ...)
{
    Check check = {state, name, g_strdup(next_step), NULL};
    va_list arguments;

    va_start(arguments, detail);
    check.detail = g_strdup_vprintf(detail, arguments);
    va_end(arguments);
    g_array_append_val(checkup->checks, check);
}

gboolean sr_checkup_has_failed(const SrCheckup *checkup)
{
    for (guint i = 0; i < checkup->checks->len; i++)
        if (g_array_index(checkup->checks, Check, i).state == SR_CHECK_FAIL)
            return TRUE;
    return FALSE;
}

SrJson *sr_checkup_json(const SrCheckup *checkup)
{
    SrJson *result = json_object_new_object();
    SrJson *list = json_object_new_array();

    sr_json_add_boolean(result, "ok", !sr_checkup_has_failed(checkup));
    sr_json_add(result, "checks", list);
    for (guint i = 0; i < checkup->checks->len; i++) {
        const Check *check = &g_array_index(checkup->checks, Check, i);
        SrJson *item = json_object_new_object();

        sr_json_add_string(item, "name", check->name);
        sr_json_add_string(item, "state", state_names[check->state]);
        sr_json_add_string(item, "detail", check->detail);
        sr_json_add_string(item, "next", check->next_step);
        json_object_array_add(list, item);
    }
    return result;
}

void sr_checkup_print(const SrCheckup *checkup)
{
    static const char *const headings[] = {"", "CHECK", "FOUND", NULL};
    g_autoptr(SrTable) table = sr_table_new(headings);

    for (guint i = 0; i < checkup->checks->len; i++) {
        const Check *check = &g_array_index(checkup->checks, Check, i);
        const char *cells[] = {state_names[check->state], check->name, check->detail};

        sr_table_add(table, cells);
        if (check->next_step) {
            g_autofree char *advice = g_strdup_printf("-> %s", check->next_step);
            const char *more[] = {"", "", advice};

            sr_table_add(table, more);
        }
    }
    sr_table_print(table);
}

void sr_checkup_free(SrCheckup *checkup)
{
    if (!checkup)
        return;
    g_array_unref(checkup->checks);
    g_free(checkup);
}
