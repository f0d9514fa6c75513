/*
 * What is done with OAuth accounts and clients on the store's thread (SrStoreJob). An account is a
 * record of its own; a confidential client's secret and a client that was registered for this user
 * are records named by hashes; so is the key of the journal.
 */
#pragma once

#include "oauth/account.h"
#include "oauth/client.h"
#include "policy/journal.h"
#include "store/store.h"

typedef struct {
    SrSecret *key;       /* to seal tokens under */
    GHashTable *journal; /* account id → SrJournalLine */
} SrAccountListing;

void sr_account_listing_free(SrAccountListing *listing);

/*
 * → GPtrArray of SrAccountInfo (accounts.h), each as the store has it, or as the journal does when
 * that is newer. A damaged record is left out. @data: SrAccountListing.
 */
gpointer sr_account_list_job(SrStore *store, gpointer data, GError **error);

/* Write @data (SrAccount). → @store */
gpointer sr_account_put_job(SrStore *store, gpointer data, GError **error);

/* Remove the account @data (its id). → @store */
gpointer sr_account_remove_job(SrStore *store, gpointer data, GError **error);

/* What a refresh starts from. */
typedef struct {
    char *id;
    gint64 known;           /* the generation this agent knows */
    gint64 known_left;      /* for how many seconds the access token of that one is still good */
    gint64 wanted;          /* seconds for which another's newer token must still be good */
    SrJournalLine *journal; /* NULL: none */
} SrPreparation;

void sr_preparation_free(SrPreparation *preparation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrPreparation, sr_preparation_free)

typedef struct {
    SrAccount *account;    /* as it is in the store now */
    SrClient *client;      /* with its secret, if there is one */
    SrSecret *journal_key; /* made when there was none */
    gint64 left;           /* for how many seconds the access token is still good */
    gboolean is_ready; /* nothing is to be sent: the account has a good token, or needs a login */
    gboolean is_from_journal;
    gboolean was_sent; /* its refresh token was sent before, and the answer was lost */
} SrPrepared;

void sr_prepared_free(SrPrepared *prepared);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrPrepared, sr_prepared_free)

/*
 * In our turn (@data: SrPreparation): read the account anew, and find out whether that is enough.
 * What the journal has of it, when that is newer, is written to the store. → SrPrepared
 */
gpointer sr_account_prepare_job(SrStore *store, gpointer data, GError **error);

/* The account @data (SrPreparation), journal considered, nothing written. → SrPrepared */
gpointer sr_account_get_job(SrStore *store, gpointer data, GError **error);

/* --- clients ------------------------------------------------------------------------------------
 */

typedef struct {
    char *issuer;
    char *client_id;    /* NULL: the one that was registered for this user */
    char *redirect_uri; /* of that, when it is for one extension only; else NULL */
    SrClient *client;   /* to be written; NULL for reading */
} SrClientQuery;

void sr_client_query_free(SrClientQuery *query);

/* → SrClient: the one asked for, with its secret if it has one; for the registered one that is not
 * there an SrClient with id NULL. @data: SrClientQuery. */
gpointer sr_client_get_job(SrStore *store, gpointer data, GError **error);

/* Write query->client; with a secret the registered one is found by its own id too. → @store */
gpointer sr_client_put_job(SrStore *store, gpointer data, GError **error);
