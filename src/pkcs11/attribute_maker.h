/*
 * Makers of the values that are neither constant nor stored (attribute.h). Each makes those
 * attributes of which it is the row's maker in attribute.c; all have the results of sr_object_get.
 */
#pragma once

#include "pkcs11/object.h"

/* CKA_CLASS. */
CK_RV sr_make_class(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value);

/* CKA_LABEL; CKA_ID: what a key pair has, or what is stored. */
CK_RV sr_make_label(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value);
CK_RV sr_make_id(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value);

/* CKA_TOKEN and CKA_PRIVATE. */
CK_RV sr_make_place(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value);

/* CKA_UNIQUE_ID: the agent's number or the handle, and which half of a key pair. */
CK_RV sr_make_unique_id(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value);

/* CKA_COPYABLE of private keys: those of a session, which are stored that way (C_CopyObject). */
CK_RV sr_make_copyable(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value);

/* CKA_DESTROYABLE: all but profiles, and the public half of a stored key, which it cannot lose. */
CK_RV sr_make_destroyable(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value);

/* CKA_KEY_TYPE. */
CK_RV sr_make_key_type(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value);

/* CKA_EC_PARAMS, CKA_EC_POINT, CKA_PUBLIC_KEY_INFO of keys. */
CK_RV sr_make_curve(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value);

/* CKA_DERIVE, CKA_ALLOWED_MECHANISMS of keys. */
CK_RV sr_make_derive(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value);
CK_RV sr_make_mechanisms(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value);

/*
 * CKA_LOCAL, CKA_KEY_GEN_MECHANISM, CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE: a key that
 * C_GenerateKeyPair made was never anywhere else; of another we do not know.
 */
CK_RV sr_make_origin(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value);

/* CKA_ALWAYS_AUTHENTICATE. */
CK_RV sr_make_always_authenticate(const SrObject *object, CK_ATTRIBUTE_TYPE type,
                                  SrValue *ret_value);

/* CKA_VALUE of a private key (never told) or a secret key, and its CKA_VALUE_LEN. */
CK_RV sr_make_secret(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value);

/*
 * CKA_SUBJECT, CKA_ISSUER, CKA_SERIAL_NUMBER, CKA_PUBLIC_KEY_INFO, CKA_CHECK_VALUE of a
 * certificate: what is stored, else what the certificate itself says.
 */
CK_RV sr_make_certificate(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value);
