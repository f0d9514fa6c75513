/* Compare the fields of a parsed sign-in message with those of a test vector. */
#pragma once

#include "base/json.h"
#include "ethereum/siwe.h"

/* @slice is the string or number member @name of @fields, both absent or both the same text. */
void sr_test_assert_slice(SrSlice slice, SrJson *fields, const char *name);

/* All fields of @siwe are as in @fields, which has the names of EIP-4361 in camel case. */
void sr_test_assert_siwe_fields(const SrSiwe *siwe, SrJson *fields);
