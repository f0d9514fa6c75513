#include "browsers/extension_id.h"

#include "wire/extension_form.h"

gboolean sr_extension_id_read(const char *id, SrFamily *ret_family)
{
    *ret_family = sr_extension_form_is_chromium(id) ? SR_FAMILY_CHROMIUM : SR_FAMILY_FIREFOX;
    return *ret_family == SR_FAMILY_CHROMIUM || sr_extension_form_is_firefox(id);
}

const char *sr_extension_id_companion(SrFamily family)
{
    return family == SR_FAMILY_CHROMIUM ? SR_COMPANION_CHROMIUM : SR_COMPANION_FIREFOX;
}
