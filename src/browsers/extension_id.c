#include "browsers/extension_id.h"

#include <string.h>

#define CHROMIUM_LENGTH 32u
#define UUID_LENGTH 36u

static gboolean is_chromium_id(const char *id)
{
    return strlen(id) == CHROMIUM_LENGTH && strspn(id, "abcdefghijklmnop") == CHROMIUM_LENGTH;
}

/* Firefox's rule for add-on ids: the name may be empty, the rest not. */
static gboolean is_mail_like_id(const char *id)
{
    static const char allowed[] = G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-._";
    const gsize name = strspn(id, allowed);

    return id[name] == '@' && id[name + 1] != '\0' &&
           id[name + 1 + strspn(id + name + 1, allowed)] == '\0';
}

static gboolean is_uuid_id(const char *id)
{
    g_autofree char *inner = NULL;

    if (strlen(id) != UUID_LENGTH + 2 || id[0] != '{' || id[UUID_LENGTH + 1] != '}')
        return FALSE;
    inner = g_strndup(id + 1, UUID_LENGTH);
    return g_uuid_string_is_valid(inner);
}

gboolean sr_extension_id_read(const char *id, SrFamily *ret_family)
{
    if (strlen(id) > SR_EXTENSION_ID_MAX)
        return FALSE;
    *ret_family = is_chromium_id(id) ? SR_FAMILY_CHROMIUM : SR_FAMILY_FIREFOX;
    return *ret_family == SR_FAMILY_CHROMIUM || is_mail_like_id(id) || is_uuid_id(id);
}

const char *sr_extension_id_companion(SrFamily family)
{
    return family == SR_FAMILY_CHROMIUM ? SR_COMPANION_CHROMIUM : SR_COMPANION_FIREFOX;
}
