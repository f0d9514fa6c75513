#include "oauth/provider.h"

#include "base/error.h"

#include <string.h>

char *sr_provider_text(const char *text)
{
    char *safe = g_strndup(text, SR_PROVIDER_TEXT_MAX);

    for (char *at = safe; *at; at++)
        if (!g_ascii_isprint(*at))
            *at = '?';
    return safe;
}

/* The string member @name, NULL when it is not there, empty, or something else. */
static const char *find_string(SrJson *answer, const char *name)
{
    const char *text = NULL;

    if (!sr_json_string_optional(answer, name, &text, NULL) || !text || !*text)
        return NULL;
    return text;
}

char *sr_provider_problem(SrJson *answer, guint status)
{
    const char *problem = find_string(answer, "error");
    const char *explanation = find_string(answer, "error_description");
    g_autofree char *text = NULL;

    if (!explanation)
        explanation = find_string(answer, "message");
    if (problem && explanation)
        text = g_strdup_printf("%s (%s)", problem, explanation);
    else if (problem)
        text = g_strdup(problem);
    else if (explanation)
        text = g_strdup_printf("HTTP status %u (%s)", status, explanation);
    else if (status)
        text = g_strdup_printf("HTTP status %u", status);
    else
        text = g_strdup("no reason was given");
    return sr_provider_text(text);
}

void sr_provider_blame(GError **error)
{
    if (error && (g_error_matches(*error, SR_ERROR, SR_ERROR_PARSE_ERROR) ||
                  g_error_matches(*error, SR_ERROR, SR_ERROR_INVALID_PARAMS)))
        (*error)->code = SR_ERROR_PROVIDER_ERROR;
}
