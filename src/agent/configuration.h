/*
 * The user's configuration: $XDG_CONFIG_HOME/sealring/sealring.conf, lines "name = value" (a
 * [sealring] header is optional). Unknown names and values that cannot be are errors: a typing
 * mistake must not silently give another behaviour than the one asked for.
 */
#pragma once

#include "base/json.h"
#include "crypto/kdf.h"

#include <glib.h>

typedef enum { SR_CHOOSE_AUTO, SR_CHOOSE_SECRET_SERVICE, SR_CHOOSE_VAULT } SrStoreChoice;

typedef struct {
    char *file;
    gint64 read_at; /* its time of change as it was read, in µs; 0: it was not there */
    SrStoreChoice store;
    char *prompt_command;          /* absolute path, or NULL */
    gint64 prompt_timeout_seconds; /* 5 … 600, default 120 */
    gint64 key_cache_seconds;      /* 0 … 86400, default 300; 0: only while signing */
    gint64 chain_id;               /* default 1 */
    gint64 scrypt_log2_n;        /* 15 … 20, default 17: cost of new passphrase slots and seals */
    gboolean developer_mode;     /* http on loopback hosts may sign in */
    char **pkcs11_hide_accounts; /* programs (names or paths) that do not see the accounts token */
    char **pkcs11_hide_ed25519;  /* the same for the Ed25519 keys of the keys token */
    char *oauth_ca_file;         /* absolute path of certificates to trust besides, or NULL */
    char *oauth_proxy;           /* "http://host:port", without user and password, or NULL */
    gboolean oauth_loopback_http; /* providers on this computer may speak http */
} SrConfiguration;

/* The path of the configuration file. Owned by the caller. */
char *sr_configuration_path(void);

/* Read @file; a missing file gives the defaults. SR_ERROR_INVALID_PARAMS naming the line's name. */
SrConfiguration *sr_configuration_read(const char *file, GError **error);

/* Whether the file has been changed, made or removed since it was read. */
gboolean sr_configuration_is_outdated(const SrConfiguration *configuration);

/* "auto", "secret-service", "vault". Static text. */
const char *sr_store_choice_name(SrStoreChoice choice);

/* Cost of new passphrase slots and seals. */
SrScryptCost sr_configuration_scrypt_cost(const SrConfiguration *configuration);

/* All values by name, a new object. */
SrJson *sr_configuration_json(const SrConfiguration *configuration);

void sr_configuration_free(SrConfiguration *configuration);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrConfiguration, sr_configuration_free)
