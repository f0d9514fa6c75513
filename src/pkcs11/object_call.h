/*
 * What the agent does with objects: the calls of wire/operation.h. Each returns the agent's result
 * or that of the link (sr_call_run). The caller locks nothing meanwhile: the user may be asked.
 */
#pragma once

#include "pkcs11/entry.h"
#include "pkcs11/link.h"

/* A private key to be made. */
typedef struct {
    SrToken token; /* where; SR_TOKEN_SESSION: for the application only */
    const SrCurve *curve;
    uint8_t flags; /* SR_ENTRY_ALWAYS_AUTH */
    SrSlice label; /* may be empty */
    SrSlice id;    /* CKA_ID; empty: the agent chooses */
} SrKeyRequest;

/* Make a key pair. *ret_entry is the caller's. */
CK_RV sr_object_call_generate(SrLink *link, const SrKeyRequest *request, SrEntry **ret_entry);

/* Store the private key @scalar (SR_SCALAR_SIZE bytes). *ret_entry is the caller's. */
CK_RV sr_object_call_import(SrLink *link, const SrKeyRequest *request, const uint8_t *scalar,
                            SrEntry **ret_entry);

/* Copy the session's private key @number, whose curve and flags stay. *ret_entry is the caller's.
 */
CK_RV sr_object_call_copy(SrLink *link, uint64_t number, const SrKeyRequest *request,
                          SrEntry **ret_entry);

/* Store another object with @attributes (as in operation.h). *ret_entry is the caller's. */
CK_RV sr_object_call_create(SrLink *link, SrToken token, CK_OBJECT_CLASS class, SrSlice attributes,
                            SrEntry **ret_entry);

/* Change @attributes of the object @number. *ret_entry, its new entry, is the caller's. */
CK_RV sr_object_call_change(SrLink *link, uint64_t number, SrSlice attributes, SrEntry **ret_entry);

/* Destroy the object @number. */
CK_RV sr_object_call_destroy(SrLink *link, uint64_t number);
