/*
 * Test vectors as JSON. Third-party files are found by the environment variable VECTORS and may be
 * absent; the project's own lie below tests/vectors and must be there.
 */
#pragma once

#include "base/json.h"

#include <glib.h>

/*
 * The third-party file @path ("keystore/geth-v3_test_vector.json") as text, or NULL after skipping
 * the running test with the reason. Owned by the caller.
 */
char *sr_test_vector_text(const char *path, gsize *ret_length);

/* The same, parsed without the strictness of base/json.h. */
SrJson *sr_test_vector_json(const char *path);

/* The project's own file tests/vectors/@path, parsed; the test fails when it is not there. */
SrJson *sr_test_own_json(const char *path);

/* The member @name of @object, which must be there. Borrowed. */
SrJson *sr_test_member(SrJson *object, const char *name);

/* The string member @name, which must be there. Borrowed. */
const char *sr_test_string(SrJson *object, const char *name);

/* The bytes of the hexadecimal member @name. Owned by the caller. */
GByteArray *sr_test_hex(SrJson *object, const char *name);
