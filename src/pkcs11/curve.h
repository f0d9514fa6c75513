/*
 * The curves, as PKCS#11 names them and writes their points (PKCS#11 3.1 §6.3).
 *
 * CKA_EC_PARAMS of Ed25519 is the PrintableString "edwards25519" and its CKA_EC_POINT is wrapped in
 * an OCTET STRING: what OpenSC 0.23, GnuTLS 3.7 and OpenSSH read, where 3.1 would have 32 bare
 * bytes. All forms are read.
 */
#pragma once

#include "pkcs11/cryptoki.h"
#include "pkcs11/slice.h"
#include "wire/operation.h"

#define SR_POINT_MAX 65u      /* a public key: 04 || x || y */
#define SR_POINT_DER_MAX 67u  /* the same as OCTET STRING */
#define SR_POINT_INFO_MAX 91u /* as SubjectPublicKeyInfo */
#define SR_SCALAR_SIZE 32u    /* a private key, on every curve */

typedef struct {
    uint8_t id;    /* SR_CURVE_… */
    SrToken token; /* where its keys are */
    CK_KEY_TYPE key_type;
    CK_MECHANISM_TYPE generate;
    size_t point_size;   /* of a public key, in bytes */
    SrSlice params;      /* CKA_EC_PARAMS */
    SrSlice info_prefix; /* SubjectPublicKeyInfo up to the point (RFC 5480, RFC 8410) */
} SrCurve;

/* The curve SR_CURVE_… ; NULL when @id is none. Static. */
const SrCurve *sr_curve_get(unsigned id);

/*
 * The curve that @params means: a named curve's OID, a curve's name (PrintableString), or explicit
 * parameters (RFC 3279 §2.3.5) that are those of a curve here to the last number. NULL: none.
 */
const SrCurve *sr_curve_from_params(SrSlice params);

/*
 * The public key in @point, a CKA_EC_POINT or a peer's point: bare, as OCTET STRING, or (Ed25519)
 * as BIT STRING. *ret_public_key is borrowed and has point_size bytes. False when it is none; not
 * checked is whether it lies on the curve.
 */
bool sr_curve_read_point(const SrCurve *curve, SrSlice point, const uint8_t **ret_public_key);

/* Write CKA_EC_POINT: a DER OCTET STRING. Its size. */
size_t sr_curve_write_point(const SrCurve *curve, const uint8_t *public_key,
                            uint8_t ret_point[SR_POINT_DER_MAX]);

/* Write CKA_PUBLIC_KEY_INFO: a DER SubjectPublicKeyInfo. Its size. */
size_t sr_curve_write_info(const SrCurve *curve, const uint8_t *public_key,
                           uint8_t ret_info[SR_POINT_INFO_MAX]);
