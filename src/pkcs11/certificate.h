/*
 * The parts of an X.509 certificate that are attributes of its object (PKCS#11 3.1 §4.7.3), read
 * without judging any of them.
 */
#pragma once

#include "pkcs11/slice.h"

#define SR_CHECK_VALUE_SIZE 3u

/* Borrowed from the certificate; each with its tag and length. */
typedef struct {
    SrSlice serial_number; /* INTEGER */
    SrSlice issuer;        /* Name */
    SrSlice subject;       /* Name */
    SrSlice public_key;    /* SubjectPublicKeyInfo */
} SrCertificate;

/* Read @der, which must be one certificate (RFC 5280 §4.1) and nothing else; false when it is not.
 */
bool sr_certificate_read(SrSlice der, SrCertificate *ret_certificate);

/*
 * CKA_CHECK_VALUE: the first bytes of the SHA-1 digest of the certificate, as the standard has it.
 * They tell certificates apart and prove nothing.
 */
void sr_certificate_check_value(SrSlice der, uint8_t ret_value[SR_CHECK_VALUE_SIZE]);
