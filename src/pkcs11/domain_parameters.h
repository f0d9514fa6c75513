/*
 * Explicit elliptic-curve domain parameters (SpecifiedECDomain, SEC 1 §C.2; RFC 3279 §2.3.5), which
 * some programs write although the curve has a name.
 */
#pragma once

#include "pkcs11/slice.h"

/*
 * Whether @parameters are those of the curve @id (SR_CURVE_SECP256K1 or SR_CURVE_P256): field,
 * coefficients, base point (compressed or not), order, and the cofactor if it is there. Every
 * number is compared: parameters with another base point would make anybody's key (CVE-2020-0601).
 */
bool sr_domain_parameters_are(SrSlice parameters, unsigned id);
