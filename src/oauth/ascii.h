/* What the ASCII texts of OAuth are made of. None of them may be empty. */
#pragma once

#include "base/secret.h"

#include <glib.h>

/* Whether @text is printable ASCII, spaces included (VSCHAR of RFC 6749 Appendix A). */
gboolean sr_ascii_is_printable(const char *text, gsize length);

/* The same without spaces: tokens, codes and addresses. */
gboolean sr_ascii_is_visible(const char *text, gsize length);

/* The same for a secret of at most @max bytes. */
gboolean sr_ascii_is_token(const SrSecret *secret, gsize max);

/* Whether @text is visible ASCII without '"' and "\" (NQCHAR), as scopes and DPoP nonces are; with
 * @spaces between such words too. */
gboolean sr_ascii_is_unquoted(const char *text, gsize length, gboolean spaces);
