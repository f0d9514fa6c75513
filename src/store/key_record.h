/*
 * How a key is written into a store: one line of text,
 * "sealring-key:1:TYPE:CREATED:PUBLIC:plain:PRIVATE" or "…:sealed:SEAL".
 *
 * TYPE is a name of key.h, CREATED seconds since 1970, PUBLIC and PRIVATE base64url, SEAL the text
 * of seal.h. The public key lets a sealed key be listed; it is compared with the private key at
 * every load, so a damaged or exchanged record is noticed before anything is signed.
 */
#pragma once

#include "crypto/key.h"
#include "ethereum/address.h"
#include "store/store.h"

/* The public part of a key record. */
typedef struct {
    char *id; /* 16 hexadecimal digits of SHA-256 over type and public key */
    char *name;
    SrKeyType type;
    guint8 public_key[65];
    guint8 address[SR_ADDRESS_SIZE]; /* of a secp256k1 key: its Ethereum address */
    gint64 created;                  /* seconds since 1970 */
    gboolean sealed;
} SrKeyInfo;

/* The public part of @key, not sealed. Owned by the caller. */
SrKeyInfo *sr_key_info_new(const SrKey *key, const char *name, gint64 created);

/* A copy of @info. Owned by the caller. */
SrKeyInfo *sr_key_info_copy(const SrKeyInfo *info);

/* Free; NULL is fine. */
void sr_key_info_free(SrKeyInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrKeyInfo, sr_key_info_free)

/* The record of @info with the private bytes of @key in the clear. Owned by the caller. */
SrRecord *sr_key_record_plain(const SrKeyInfo *info, const SrKey *key, GError **error);

/* The record of @info with @seal (text of seal.h). Owned by the caller. */
SrRecord *sr_key_record_sealed(const SrKeyInfo *info, const char *seal, GError **error);

/*
 * The public part of @record; SR_ERROR_CORRUPT naming the id when it is not a key record. A plain
 * record's private key is checked against the public one. Any other error (no memory to lock) says
 * nothing about the record. Owned by the caller.
 */
SrKeyInfo *sr_key_record_info(const SrRecord *record, GError **error);

/* The key of a plain record. Owned by the caller. */
SrKey *sr_key_record_key(const SrRecord *record, GError **error);

/* The seal of a sealed record (owned by the caller), NULL for a plain one. */
char *sr_key_record_seal(const SrRecord *record);
