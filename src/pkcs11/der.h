/*
 * Reading DER (X.690 §8, §10): one element after the other, never beyond the end. Lengths are
 * definite and minimal; tags are those of one byte.
 */
#pragma once

#include "pkcs11/slice.h"

#define SR_DER_INTEGER 0x02u
#define SR_DER_BIT_STRING 0x03u
#define SR_DER_OCTET_STRING 0x04u
#define SR_DER_OID 0x06u
#define SR_DER_PRINTABLE_STRING 0x13u
#define SR_DER_SEQUENCE 0x30u
#define SR_DER_CONTEXT_0 0xa0u /* [0], constructed */

/*
 * Take the next element, which must have @tag, off the front of @rest. *ret_content (may be NULL)
 * is what it holds, *ret_whole (may be NULL) the element with its tag and length; both borrowed.
 * False when there is no such element; @rest is then unchanged.
 */
bool sr_der_take(SrSlice *rest, uint8_t tag, SrSlice *ret_content, SrSlice *ret_whole);
