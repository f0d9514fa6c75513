/*
 * Where keys and records are kept: one interface, two implementations (secret_service.h, vault.h).
 *
 * All calls block, for at most SR_STORE_DEADLINE_MS (unlocking a vault: the time of its key
 * derivation), and none ever opens a prompt. They run on the store's own thread (store_thread.h),
 * never on a main loop. States are told apart: locked, unavailable (no bus, no provider, hung, disk
 * full) and "not there" are different errors, and nothing is created except by an explicit put.
 * A put that returned TRUE has been read back.
 *
 * A record can be damaged while its store is not: then get says SR_ERROR_CORRUPT for it, and visit
 * names it beside the ones that are whole. Nothing here writes over a damaged record or drops it,
 * except a put or remove of its very id.
 */
#pragma once

#include "base/secret.h"

#include <glib.h>

#define SR_STORE_DEADLINE_MS 2500

/* The longest secret of a record, in bytes; its base64 form still is a SrSecret. */
#define SR_RECORD_SECRET_MAX (180u * 1024u)

/* The longest label, in bytes. */
#define SR_RECORD_LABEL_MAX 1024u

typedef enum {
    SR_RECORD_KEY,
    SR_RECORD_ACCOUNT,
    SR_RECORD_SESSION,
    SR_RECORD_RECORD,
} SrRecordKind;

#define SR_RECORD_KINDS 4

/* "key", "account", "session", "record". Static text. */
const char *sr_record_kind_name(SrRecordKind kind);

/* The kind of that name into *ret_kind; FALSE when there is none. */
gboolean sr_record_kind_from_name(const char *name, SrRecordKind *ret_kind);

typedef struct {
    SrRecordKind kind;
    char *id;         /* unique in its kind: [A-Za-z0-9_-]{1,64} */
    char *algorithm;  /* "secp256k1", …: [A-Za-z0-9._-]{1,32}, or NULL */
    char *label;      /* what a person sees: UTF-8 without control characters */
    SrSecret *secret; /* one line of text: UTF-8 without control characters, not empty */
} SrRecord;

/*
 * A record with copies of the texts (@label NULL: ""); with @secret NULL it is an entry, which is
 * what a store tells of a record without opening it. Owned by the caller.
 */
SrRecord *sr_record_new(SrRecordKind kind, const char *id, const char *algorithm, const char *label,
                        SrSecret *secret /* taken */);

/* Whether all five members are the same, the secrets (which must be there) compared in constant
 * time. */
gboolean sr_record_equal(const SrRecord *a, const SrRecord *b);

/* NULL is fine. */
void sr_record_free(SrRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrRecord, sr_record_free)

/*
 * Takes one record of sr_store_visit: @record (borrowed) with its secret, or, when it is damaged,
 * its entry with the reason in @damage (borrowed, SR_ERROR_CORRUPT; else NULL). Must not use the
 * store, and shares its deadline. FALSE with @error ends the visit with that error.
 */
typedef gboolean (*SrRecordVisit)(const SrRecord *record, const GError *damage, gpointer data,
                                  GError **error);

typedef enum {
    SR_STORE_OPEN,        /* ready */
    SR_STORE_LOCKED,      /* there, but needs to be unlocked */
    SR_STORE_EMPTY,       /* a vault that was never set up, a service without a collection */
    SR_STORE_UNAVAILABLE, /* no bus, no provider, no answer; a vault file that cannot be used */
} SrStoreState;

/* "open", "locked", "empty", "unavailable". Static text. */
const char *sr_store_state_name(SrStoreState state);

typedef struct SrStore SrStore;

/* Records that are made when their turn comes, so that only one secret is in memory at a time. */
typedef struct {
    SrRecordKind kind; /* of all of them */
    guint count;
    SrRecord *(*make)(guint index, gpointer data, GError **error); /* once each, in their order */
    gpointer data;
} SrRecordSource;

/* The implementations fill this in; others use the functions below. */
typedef struct {
    const char *name; /* "secret-service", "vault" */
    SrStoreState (*state)(SrStore *store, char **ret_detail);
    gboolean (*put)(SrStore *store, const SrRecord *record, GError **error);
    gboolean (*put_all)(SrStore *store, const SrRecordSource *source, const GPtrArray *surplus,
                        GError **error); /* or NULL */
    SrRecord *(*get)(SrStore *store, SrRecordKind kind, const char *id, GError **error);
    GPtrArray *(*list_entries)(SrStore *store, SrRecordKind kind, const char *prefix,
                               GError **error);
    gboolean (*visit)(SrStore *store, SrRecordKind kind, const char *prefix, SrRecordVisit visit,
                      gpointer data, GError **error);
    gboolean (*remove)(SrStore *store, SrRecordKind kind, const char *id, GError **error);
    gboolean (*unlock)(SrStore *store, const SrSecret *passphrase, GError **error);
    void (*lock)(SrStore *store);
    void (*free)(SrStore *store);
} SrStoreClass;

struct SrStore {
    const SrStoreClass *class;
};

/* "secret-service" or "vault". */
const char *sr_store_name(const SrStore *store);

/* Look, without unlocking. *ret_detail (may be NULL): a line for people, owned by the caller. */
SrStoreState sr_store_state(SrStore *store, char **ret_detail);

/*
 * Create or replace a record. SR_ERROR_INVALID_PARAMS names the member that breaks the rules of
 * SrRecord (a line break would destroy a keyring without passphrase).
 */
gboolean sr_store_put(SrStore *store, const SrRecord *record, GError **error);

/*
 * The same for all records of @source, in whose place those of that kind with the ids @surplus (of
 * char *) are removed: where the store has transactions all of it or nothing, at the cost of one.
 * When this fails elsewhere, some may have been written, and after all of them some removed.
 */
gboolean sr_store_put_all(SrStore *store, const SrRecordSource *source, const GPtrArray *surplus,
                          GError **error);

/* One record, or NULL with SR_ERROR_KEY_NOT_FOUND (any kind), _STORE_LOCKED, _STORE_UNAVAILABLE,
 * _CORRUPT. @id is any id that sr_store_list_entries tells. Owned by the caller. */
SrRecord *sr_store_get(SrStore *store, SrRecordKind kind, const char *id, GError **error);

/*
 * The entries (SrRecord without secret) of all records of @kind whose id starts with @prefix (NULL:
 * all), in the order of their ids. No secret is fetched, so damaged ones are among them; what an
 * entry says is not proven before its record was read. Owned by the caller; frees its SrRecords.
 */
GPtrArray *sr_store_list_entries(SrStore *store, SrRecordKind kind, const char *prefix,
                                 GError **error);

/*
 * Read the same records and show each once to @visit. Only one secret at a time is in memory. FALSE
 * when the store cannot be read (as a whole: SR_ERROR_STORE_LOCKED, _STORE_UNAVAILABLE, _CORRUPT)
 * or @visit said so; some records were shown then.
 */
gboolean sr_store_visit(SrStore *store, SrRecordKind kind, const char *prefix, SrRecordVisit visit,
                        gpointer data, GError **error);

/* Remove, damaged or not; TRUE also when there was none. @id is any id that sr_store_list_entries
 * tells; that of a damaged record may break the rules of SrRecord. */
gboolean sr_store_remove(SrStore *store, SrRecordKind kind, const char *id, GError **error);

/*
 * Unlock with a passphrase. A vault that is SR_STORE_EMPTY is created with it; SR_ERROR_
 * WRONG_PASSPHRASE when it does not open the vault, SR_ERROR_INVALID_PARAMS when it is empty. The
 * Secret Service ignores the passphrase: TRUE when it is open or needs no password, else
 * SR_ERROR_STORE_LOCKED, since only its own prompt can unlock it.
 */
gboolean sr_store_unlock(SrStore *store, const SrSecret *passphrase, GError **error);

/* Forget what was needed to read (the vault's data key). */
void sr_store_lock(SrStore *store);

/* NULL is fine. */
void sr_store_free(SrStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrStore, sr_store_free)
