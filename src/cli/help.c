#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#define COLUMN 36 /* where the explanations start */

static void print_row(const char *left, const char *right)
{
    if (strlen(left) + 4 > COLUMN)
        printf("  %s\n%*s%s\n", left, COLUMN, "", right);
    else
        printf("  %-*s%s\n", COLUMN - 2, left, right);
}

static void print_summary(const SrCommand *command)
{
    g_autofree char *left = g_strdup_printf("%s %s", command->name, command->operands);

    print_row(left, command->summary);
}

static void print_options(const SrOption *options)
{
    printf("\nOptions:\n");
    for (; options && options->name; options++) {
        g_autofree char *left = options->value
                                    ? g_strdup_printf("--%s %s", options->name, options->value)
                                    : g_strdup_printf("--%s", options->name);

        print_row(left, options->help);
    }
    print_row("--json", "print the result, or the error, as JSON");
    print_row("--help", "show this");
}

void sr_help_command(const SrCommand *command)
{
    printf("Usage: sealring %s%s%s%s\n\n%s.\n", command->name,
           command->options ? " [OPTION]..." : "", command->operands[0] ? " " : "",
           command->operands, command->summary);
    if (command->about)
        printf("\n%s\n", command->about);
    print_options(command->options);
}

/* Whether two tables start with the same word. */
static gboolean is_same_topic(const SrCommand *a, const SrCommand *b)
{
    gsize length = a->name && b->name ? strcspn(a->name, " ") : 0;

    return length > 0 && length == strcspn(b->name, " ") && strncmp(a->name, b->name, length) == 0;
}

void sr_help_all(const SrCommand *const *groups)
{
    printf("Usage: sealring COMMAND [OPTION]... [OPERAND]...\n"
           "Keys in the system's keyring for browsers, and what they may be used for.\n\n");
    for (; *groups; groups++) {
        for (const SrCommand *command = *groups; command->name; command++)
            print_summary(command);
        if (groups[1] && !is_same_topic(groups[0], groups[1]))
            printf("\n");
    }
    printf("\n"
           "`sealring help COMMAND` says more. Every command takes --json.\n"
           "Exit status: 0 done, 1 failed, 2 usage, 3 denied, 4 locked or unavailable.\n");
}

/* Whether the words of @prefix are the first words of @name. */
static gboolean starts_with_words(const char *name, const char *prefix)
{
    gsize length = strlen(prefix);

    return strncmp(name, prefix, length) == 0 && (name[length] == '\0' || name[length] == ' ');
}

static void print_list_start(const char *prefix, const SrCommand *first)
{
    printf("Usage: sealring %s COMMAND [OPTION]...\n\n", prefix);
    print_summary(first);
}

gboolean sr_help_some(const SrCommand *const *groups, const char *prefix)
{
    const SrCommand *first = NULL;
    guint count = 0;

    for (const SrCommand *const *group = groups; *group; group++) {
        for (const SrCommand *command = *group; command->name; command++) {
            if (!starts_with_words(command->name, prefix))
                continue;
            if (count == 1)
                print_list_start(prefix, first);
            if (count++ == 0)
                first = command;
            else
                print_summary(command);
        }
    }
    if (count == 1)
        sr_help_command(first);
    return count > 0;
}
