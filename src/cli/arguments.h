/*
 * The command line of one command: options from a table, then operands.
 *
 * "--name value", "--name=value", "--flag"; "--" ends the options; "-" is an operand (standard
 * input). Every command takes --json and --help. Nothing secret is ever an option: options that
 * concern secrets take the number of a file descriptor.
 */
#pragma once

#include <glib.h>

/* Errors of the person who typed the command: exit status 2. */
#define SR_USAGE_ERROR (sr_usage_error_quark())
GQuark sr_usage_error_quark(void);

typedef struct {
    const char *name; /* without "--"; NULL ends a table */
    const char
        *value; /* what to call its value in the help; NULL for a flag, "ID..." may be repeated */
    const char *help;
} SrOption;

typedef struct SrArguments SrArguments;

/*
 * Parse @words (NULL-terminated, borrowed and must live longer) by @options (may be NULL) with
 * between @least and @most operands. SR_USAGE_ERROR says which word is wrong. Owned by the caller.
 */
SrArguments *sr_arguments_parse(char *const *words, const SrOption *options, guint least,
                                guint most, GError **error);

/* The value of option @name, "" for a flag that is there, NULL when it was not given. Borrowed. */
const char *sr_arguments_option(const SrArguments *arguments, const char *name);

/* All values of option @name in order, NULL-terminated. The array is owned by the caller, the
 * values are borrowed. */
const char **sr_arguments_options(const SrArguments *arguments, const char *name);

/* Whether the flag @name was given. */
gboolean sr_arguments_flag(const SrArguments *arguments, const char *name);

/* Operand @index, NULL when there are fewer. Borrowed. */
const char *sr_arguments_operand(const SrArguments *arguments, guint index);

/* The whole number given for @name, from @least to @most; @inout_value stays when it is absent. */
gboolean sr_arguments_number(const SrArguments *arguments, const char *name, gint64 least,
                             gint64 most, gint64 *inout_value, GError **error);

/* Set @error to an SR_USAGE_ERROR. Returns FALSE. */
gboolean sr_usage_error(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

void sr_arguments_free(SrArguments *arguments);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrArguments, sr_arguments_free)
