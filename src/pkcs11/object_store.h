/* Putting new objects where they belong: with the agent, or into the session. */
#pragma once

#include "pkcs11/object_table.h"
#include "pkcs11/placement.h"

/*
 * Note an object that the agent has made; takes @entry over. When there is no memory for it a key
 * of the session is destroyed again.
 */
CK_RV sr_object_store_entry(SrSession *session, const SrPlacement *placement, SrEntry *entry,
                            CK_OBJECT_HANDLE *ret_handle);

/* Make an object of @attributes (as in operation.h). The results of the agent; CKR_HOST_MEMORY. */
CK_RV sr_object_store_attributes(SrSession *session, CK_OBJECT_CLASS class,
                                 const SrPlacement *placement, SrSlice attributes,
                                 CK_OBJECT_HANDLE *ret_handle);

/*
 * The public half of a stored key pair that is the public key of @attributes (its point, and what
 * else they say of label and id), where that is to be stored for everybody: what programs that
 * store both halves would otherwise make twice. False when there is none.
 */
bool sr_object_store_find_half(SrSession *session, const SrPlacement *placement, SrSlice attributes,
                               CK_OBJECT_HANDLE *ret_handle);

/* Make an object of what @template says, which was checked (sr_attribute_check_template). */
CK_RV sr_object_store(SrSession *session, CK_OBJECT_CLASS class, const SrTemplate *template,
                      const SrPlacement *placement, CK_OBJECT_HANDLE *ret_handle);

/* The same of a public key of @curve, with its @point as sr_curve_write_point wrote it; the half
 * of a key pair that is there stands for it. */
CK_RV sr_object_store_public_key(SrSession *session, const SrTemplate *template,
                                 const SrPlacement *placement, const SrCurve *curve, SrSlice point,
                                 CK_OBJECT_HANDLE *ret_handle);
