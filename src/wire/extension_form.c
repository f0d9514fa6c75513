#include "wire/extension_form.h"

#include <stddef.h>
#include <string.h>

#define CHROMIUM_LENGTH 32u
#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

bool sr_extension_form_is_chromium(const char *id)
{
    return strlen(id) == CHROMIUM_LENGTH && strspn(id, "abcdefghijklmnop") == CHROMIUM_LENGTH;
}

/* "name@domain"; the name may be empty (Firefox's rule for add-on ids). */
static bool is_mail_like_id(const char *id)
{
    static const char allowed[] = LETTERS CAPITALS DIGITS "-._";
    const size_t name = strspn(id, allowed);

    return id[name] == '@' && id[name + 1] != '\0' &&
           id[name + 1 + strspn(id + name + 1, allowed)] == '\0';
}

/* "{8-4-4-4-12}" hexadecimal digits. */
static bool is_uuid_id(const char *id)
{
    static const char form[] = "{hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh}";

    if (strlen(id) != strlen(form))
        return false;
    for (size_t i = 0; form[i]; i++) {
        const char *allowed = form[i] == 'h' ? DIGITS "abcdefABCDEF" : (char[]){form[i], '\0'};

        if (!strchr(allowed, id[i]))
            return false;
    }
    return true;
}

bool sr_extension_form_is_firefox(const char *id)
{
    return strlen(id) <= SR_EXTENSION_ID_MAX && (is_mail_like_id(id) || is_uuid_id(id));
}
