/* hashStruct of EIP-712 over JSON data, and the lines a person reads. Internal to typed_data. */
#pragma once

#include "base/json.h"
#include "ethereum/typed_data_types.h"

#include <glib.h>

/*
 * The hash of @value as struct @index of @table; @root ("domain", "message") is its path. Adds a
 * line for each leaf to @lines. Errors as for sr_typed_data_new.
 */
gboolean sr_typed_data_hash(const SrTypeTable *table, guint index, const char *root, SrJson *value,
                            GPtrArray *lines, guint8 ret_hash[32], GError **error);
