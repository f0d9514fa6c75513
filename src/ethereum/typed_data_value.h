/* Values of EIP-712's plain types: their 32-byte encoding and the text a person reads. Internal to
 * typed_data. */
#pragma once

#include "base/json.h"
#include "ethereum/typed_data_types.h"

#include <glib.h>

/*
 * Encode @value as the base of @ref, which is not a struct: *ret_word is encodeData's word,
 * *ret_text the text (owned by the caller). FALSE with *ret_problem (static text) when it does not
 * fit.
 */
gboolean sr_typed_value_encode(const SrTypeRef *ref, SrJson *value, guint8 ret_word[32],
                               char **ret_text, const char **ret_problem);
