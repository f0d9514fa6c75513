/* Dates of EIP-4361: the date-time of RFC 3339 §5.6. Order and text are in siwe.h. */
#pragma once

#include "ethereum/siwe.h"

/*
 * Read all of @text. Lower-case "t" or "z" and second 60 are accepted with their bit added to
 * @inout_oddities; year 0000 is refused.
 */
SrViolation sr_siwe_time_parse(SrSlice text, SrSiweTime *ret_time, guint *inout_oddities);
