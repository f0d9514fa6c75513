/* What an item of the Secret Service tells without its secret: a record's other members. */
#pragma once

#include "store/store.h"

#include <gio/gio.h>

typedef struct {
    char *path;
    char *id;        /* "item:" and the end of @path when the item has lost its own */
    char *algorithm; /* or NULL */
    char *label;
    guint64 modified; /* seconds since 1970 */
    gboolean whole;   /* FALSE: attributes are missing, so it is no record any more */
} SrItem;

/* From the properties "(a{sv})" of the item at @path. Owned by the caller. */
SrItem *sr_item_new(const char *path, GVariant *properties);

/* Whether @id stands for an item without an id: no attribute to search for. */
gboolean sr_item_has_no_id(const char *id);

void sr_item_free(SrItem *item);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrItem, sr_item_free)

/* The attributes of a record's item ("a{ss}", floating); without @id or @algorithm when NULL. */
GVariant *sr_item_attributes(SrRecordKind kind, const char *id, const char *algorithm);

/*
 * The text that an item holds for @secret. A keyring without a password is a key file that
 * gnome-keyring writes without escapes and reads with them: backslashes and spaces at the ends do
 * not survive its restart. Texts with them are kept as "base64url:…". Owned by the caller.
 */
SrSecret *sr_item_encode_secret(const SrSecret *secret, GError **error);

/* Back; SR_ERROR_CORRUPT when @text was not written by the above. */
SrSecret *sr_item_decode_secret(const SrSecret *text, GError **error);

/* Sort @items by id and keep of those with the same id the one that was modified last: a program
 * killed between storing a record anew and removing its old item leaves two. */
void sr_item_keep_newest(GPtrArray *items);
