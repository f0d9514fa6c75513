/*
 * Templates of private keys, for C_GenerateKeyPair and C_CreateObject.
 *
 * A key never leaves the agent. A template that asks for an extractable one is refused; one that
 * merely says "not sensitive" (as NSS and webcrypto-p11 do for keys of a session) is accepted, and
 * the key says of itself that it is sensitive.
 */
#pragma once

#include "pkcs11/object_call.h"
#include "pkcs11/placement.h"

typedef struct {
    SrPlacement placement;
    SrKeyRequest request; /* borrows from the template */
} SrKeyTemplate;

/*
 * Read all but CKA_VALUE of a private key's template for a key of @curve. The results of
 * sr_attribute_check_template and sr_placement_read. On a token a key is private; in a session it
 * is only when the template says so, for programs use such keys without logging in.
 */
CK_RV sr_key_template_read(const SrSession *session, const SrTemplate *template,
                           const SrCurve *curve, SrKeyTemplate *ret_key);

/*
 * The curve that CKA_EC_PARAMS in @template names, with which CKA_KEY_TYPE (if it is there) must
 * agree. CKR_TEMPLATE_INCOMPLETE; CKR_CURVE_NOT_SUPPORTED when the session's token has no such
 * keys; CKR_ATTRIBUTE_VALUE_INVALID for another type of key, CKR_TEMPLATE_INCONSISTENT.
 */
CK_RV sr_key_template_curve(const SrSession *session, const SrTemplate *template,
                            const SrCurve **ret_curve);

/* CKR_TEMPLATE_INCONSISTENT when CKA_KEY_TYPE is there and not that of @curve. */
CK_RV sr_key_template_check_type(const SrTemplate *template, const SrCurve *curve);
