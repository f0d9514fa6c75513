/*
 * Ids of browser extensions, which have one form in Chromium and its relatives and another in
 * Firefox and its relatives: the form says for which browsers an id is.
 */
#pragma once

#include <glib.h>

typedef enum {
    SR_FAMILY_CHROMIUM, /* 32 letters a to p */
    SR_FAMILY_FIREFOX,  /* name@domain or {uuid} */
} SrFamily;

/* Whether @id is the id of an extension, as it stands; *ret_family is for which browsers. */
gboolean sr_extension_id_read(const char *id, SrFamily *ret_family);

/* The companion's id in @family. Static text. */
const char *sr_extension_id_companion(SrFamily family);
