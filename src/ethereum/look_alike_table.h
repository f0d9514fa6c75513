/* Characters that look like a Latin letter and that Unicode does not decompose into one. */
#pragma once

#include <glib.h>

/* The small letter that @character looks like, '\0' when it is not in the table. */
char sr_look_alike_letter(gunichar character);
