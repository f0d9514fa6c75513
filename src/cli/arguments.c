#include "cli/arguments.h"

#include <string.h>

/* An option on the command line; both texts are borrowed. */
typedef struct {
    const char *name;
    const char *value;
} Given;

struct SrArguments {
    GArray *options;     /* of Given */
    GPtrArray *operands; /* borrowed */
};

enum { JSON, HELP };
static const SrOption common_options[] = {
    [JSON] = {"json", NULL, NULL},
    [HELP] = {"help", NULL, NULL},
    {NULL, NULL, NULL},
};

G_DEFINE_QUARK(sr - usage - error, sr_usage_error)

gboolean sr_usage_error(GError **error, const char *format, ...)
{
    va_list arguments;

    if (!error)
        return FALSE;
    va_start(arguments, format);
    *error = g_error_new_valist(SR_USAGE_ERROR, 0, format, arguments);
    va_end(arguments);
    return FALSE;
}

static const SrOption *find_option(const SrOption *options, const char *name, gsize length)
{
    for (; options && options->name; options++)
        if (strlen(options->name) == length && strncmp(options->name, name, length) == 0)
            return options;
    return NULL;
}

static gboolean add_given(SrArguments *arguments, const SrOption *option, const char *value,
                          GError **error)
{
    const Given given = {option->name, value};
    const gboolean repeatable = option->value && g_str_has_suffix(option->value, "...");

    if (!repeatable && sr_arguments_flag(arguments, option->name))
        return sr_usage_error(error, "--%s is given twice", option->name);
    g_array_append_val(arguments->options, given);
    return TRUE;
}

/* Take the option *@inout_word, and the word behind it when that is its value. */
static gboolean take_option(SrArguments *arguments, const SrOption *options,
                            char *const **inout_word, GError **error)
{
    const char *name = **inout_word + 2;
    const char *equals = strchr(name, '=');
    gsize length = equals ? (gsize)(equals - name) : strlen(name);
    const SrOption *option = find_option(options, name, length);
    const char *value = equals ? equals + 1 : "";

    if (!option)
        option = find_option(common_options, name, length);
    if (!option)
        return sr_usage_error(error, "unknown option --%.*s", (int)MIN(length, 64), name);
    if (!option->value && equals)
        return sr_usage_error(error, "--%s takes no value", option->name);
    if (option->value && !equals) {
        value = *++*inout_word;
        if (!value)
            return sr_usage_error(error, "--%s needs a value: %s", option->name, option->value);
    }
    return add_given(arguments, option, value, error);
}

static gboolean take_words(SrArguments *arguments, char *const *words, const SrOption *options,
                           GError **error)
{
    gboolean only_operands = FALSE;

    for (; *words; words++) {
        if (only_operands || (*words)[0] != '-' || strcmp(*words, "-") == 0) {
            g_ptr_array_add(arguments->operands, *words);
        } else if (strcmp(*words, "--") == 0) {
            only_operands = TRUE;
        } else if (strcmp(*words, "-h") == 0) {
            if (!add_given(arguments, &common_options[HELP], "", error))
                return FALSE;
        } else if ((*words)[1] != '-') {
            return sr_usage_error(error, "unknown option %.64s", *words);
        } else if (!take_option(arguments, options, &words, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

SrArguments *sr_arguments_parse(char *const *words, const SrOption *options, guint least,
                                guint most, GError **error)
{
    g_autoptr(SrArguments) arguments = g_new0(SrArguments, 1);

    arguments->options = g_array_new(FALSE, FALSE, sizeof(Given));
    arguments->operands = g_ptr_array_new();
    if (!take_words(arguments, words, options, error))
        return NULL;
    if (sr_arguments_flag(arguments, "help"))
        return g_steal_pointer(&arguments);
    if (arguments->operands->len > most) {
        sr_usage_error(error, "one word too many: %.64s", sr_arguments_operand(arguments, most));
        return NULL;
    }
    if (arguments->operands->len < least) {
        sr_usage_error(error, "something is missing");
        return NULL;
    }
    return g_steal_pointer(&arguments);
}

const char *sr_arguments_option(const SrArguments *arguments, const char *name)
{
    for (guint i = 0; i < arguments->options->len; i++) {
        const Given *given = &g_array_index(arguments->options, Given, i);

        if (strcmp(given->name, name) == 0)
            return given->value;
    }
    return NULL;
}

const char **sr_arguments_options(const SrArguments *arguments, const char *name)
{
    GPtrArray *values = g_ptr_array_new();

    for (guint i = 0; i < arguments->options->len; i++) {
        const Given *given = &g_array_index(arguments->options, Given, i);

        if (strcmp(given->name, name) == 0)
            g_ptr_array_add(values, (gpointer)(guintptr)given->value);
    }
    g_ptr_array_add(values, NULL);
    return (const char **)(gpointer)g_ptr_array_free(values, FALSE);
}

gboolean sr_arguments_flag(const SrArguments *arguments, const char *name)
{
    return sr_arguments_option(arguments, name) != NULL;
}

const char *sr_arguments_operand(const SrArguments *arguments, guint index)
{
    return index < arguments->operands->len ? g_ptr_array_index(arguments->operands, index) : NULL;
}

gboolean sr_arguments_number(const SrArguments *arguments, const char *name, gint64 least,
                             gint64 most, gint64 *inout_value, GError **error)
{
    const char *text = sr_arguments_option(arguments, name);

    if (!text)
        return TRUE;
    if (!g_ascii_string_to_signed(text, 10, least, most, inout_value, NULL))
        return sr_usage_error(
            error, "--%s takes a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, name,
            least, most);
    return TRUE;
}

void sr_arguments_free(SrArguments *arguments)
{
    if (!arguments)
        return;
    g_array_unref(arguments->options);
    g_ptr_array_unref(arguments->operands);
    g_free(arguments);
}
