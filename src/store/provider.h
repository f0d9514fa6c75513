/*
 * One provider of the Secret Service (gnome-keyring, KeePassXC, …) as seen over one connection:
 * the calls of its D-Bus API (specification 0.2), each under the deadline given to
 * sr_provider_connect. Secrets travel in a session that libsecret negotiated and live in its
 * locked memory.
 *
 * The provider is addressed by its unique name: another program that takes the well-known name, or
 * the same one restarted, never receives what was meant for the first.
 */
#pragma once

#include "base/secret.h"
#include "store/bus.h"

typedef struct SrProvider SrProvider;

/* For the bus at @address (copied; NULL: no bus). Does nothing yet. */
SrProvider *sr_provider_new(const char *address);

/* Make sure that bus and provider are there, starting the provider where the bus can. All later
 * calls end at @deadline. SR_ERROR_STORE_UNAVAILABLE. */
gboolean sr_provider_connect(SrProvider *provider, gint64 deadline, GError **error);

/* Forget connection, owner and session; the next sr_provider_connect begins anew. */
void sr_provider_drop(SrProvider *provider);

void sr_provider_free(SrProvider *provider);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrProvider, sr_provider_free)

/*
 * A line for people: the program that answers, as it was started ("gnome-keyring-daemon"; left out
 * when it cannot be known), and the default @collection (NULL: none). Owned by the caller.
 */
char *sr_provider_describe(SrProvider *provider, const char *collection);

/* The target of calls to @interface ("Service", "Item", …) of the object @path. Borrows both. */
SrBusTarget sr_provider_target(const SrProvider *provider, const char *path, const char *interface);

/* Path of the default collection: *ret_path is NULL when there is none. */
gboolean sr_provider_find_collection(SrProvider *provider, char **ret_path, GError **error);

/* Whether @collection is locked. */
gboolean sr_provider_is_locked(SrProvider *provider, const char *collection, gboolean *ret_locked,
                               GError **error);

/* The items of @collection with all of @attributes ("a{ss}", consumed). Array of char *. */
GPtrArray *sr_provider_search(SrProvider *provider, const char *collection, GVariant *attributes,
                              GError **error);

/*
 * Create the item or replace the one with the same attributes (consumed); its path. A provider that
 * wants to ask the user is not let: SR_ERROR_STORE_LOCKED.
 */
char *sr_provider_create(SrProvider *provider, const char *collection, const char *label,
                         GVariant *attributes, const SrSecret *secret, GError **error);

/* Delete an item of @collection, which has @attributes (consumed). Prompts as above. */
gboolean sr_provider_delete(SrProvider *provider, const char *collection, const char *item,
                            GVariant *attributes, GError **error);

/* The most items at once: a reply stays far below the 128 MiB of a D-Bus message even when all
 * their secrets are long. */
#define SR_PROVIDER_FETCH_MAX 32u

/* The secrets of the @count items at @paths, still encrypted for the session: they take no locked
 * memory before sr_provider_open_secret. Owned by the caller. */
GVariant *sr_provider_fetch_secrets(SrProvider *provider, const char *const *paths, guint count,
                                    GError **error);

/* The secret of the item at @path out of @fetched. SR_ERROR_STORE_LOCKED when the item is locked,
 * SR_ERROR_CORRUPT when it cannot be decoded or is longer than SR_SECRET_MAX. Owned by the caller.
 */
SrSecret *sr_provider_open_secret(SrProvider *provider, GVariant *fetched, const char *path,
                                  GError **error);

/* Send away a prompt that a call returned: nothing is ever shown here. */
void sr_provider_dismiss(SrProvider *provider, const char *prompt);

/* Ask for the default collection to be unlocked; *ret_prompt is the dialog that has to be shown for
 * it, NULL when none is needed. */
gboolean sr_provider_unlock(SrProvider *provider, const char *collection, char **ret_prompt,
                            GError **error);

/* The deadline given to sr_provider_connect. */
gint64 sr_provider_deadline(const SrProvider *provider);
