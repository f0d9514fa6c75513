/*
 * did:key identifiers of Ed25519 session keys (W3C did:key v0.7) and the DID URLs that name their
 * one verification method, as TinyCloud writes them: "did:key:z6Mk…#z6Mk…".
 */
#pragma once

#include "base/slice.h"

#include <glib.h>

#define SR_DID_MAX 1024u    /* bytes of any other DID */
#define SR_DID_KEY_MAX 128u /* bytes of a did:key that is read */
#define SR_ED25519_PUBLIC_SIZE 32u

/* The DID URL of the verification method of @did, a did:key. Owned by the caller. */
char *sr_did_url(const char *did);

/* @did without the fragment that it may have. */
SrSlice sr_did_without_fragment(SrSlice did);

/* Whether both name the same DID, with or without a fragment. */
gboolean sr_did_equal(SrSlice a, SrSlice b);

/* Whether @did is a DID, "did:METHOD:ID[:…]" of at most SR_DID_MAX characters, no part of it empty
 * and none that is escaped, perhaps with a fragment (W3C DID 1.0 §3.1, §3.2). */
gboolean sr_did_is_valid(SrSlice did);

/*
 * The public key of a did:key, whose fragment, if there is one, repeats the key. FALSE when it is
 * of another kind than Ed25519, or no did:key.
 */
gboolean sr_did_read_ed25519(SrSlice did, guint8 ret_public[SR_ED25519_PUBLIC_SIZE]);
