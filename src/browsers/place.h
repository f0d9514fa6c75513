/*
 * Folders that browsers read, named relative to one that belongs to the user, and opened in a way
 * that nobody else can turn elsewhere: no part of the path below the base is a symbolic link, and
 * where something is written no part may be changed by other users.
 */
#pragma once

#include <glib.h>

typedef struct {
    char *base;      /* absolute; opened as it is */
    char *below;     /* without "/" at its ends */
    guint removable; /* how many folders at the end go when they are empty */
    gboolean system; /* for all users: parts belong to root */
} SrPlace;

/*
 * The place @text: "~/FOLDER" in the home, "@/FOLDER" in $XDG_CONFIG_HOME (~/.config), "/FOLDER"
 * for all users. NULL with SR_ERROR_INVALID_PARAMS when HOME is not an absolute path. Owned by the
 * caller.
 */
SrPlace *sr_place_new(const char *text, GError **error);

/* Absolute path of the folder, or of @file in it unless that is NULL. Owned by the caller. */
char *sr_place_path(const SrPlace *place, const char *file);

typedef enum {
    SR_PLACE_READ,   /* as it is */
    SR_PLACE_CHANGE, /* every folder must belong to the user or root, and only they may write */
    SR_PLACE_MAKE,   /* the same; folders that are missing are made (0700; system: 0755) */
} SrPlaceUse;

/*
 * Open the folder. *ret_fd is -1, and the result TRUE, when it is not there. FALSE with
 * SR_ERROR_INVALID_PARAMS that names the folder in the way and what to do.
 */
gboolean sr_place_open(const SrPlace *place, SrPlaceUse use, int *ret_fd, GError **error);

/* Remove the folder if it is empty, and those above it that the place names (not for all users). */
void sr_place_remove_empty(const SrPlace *place);

/* Whether the folder is there and holds anything but @except (a name in it; may be NULL). */
gboolean sr_place_is_used(const SrPlace *place, const char *except);

void sr_place_free(SrPlace *place);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrPlace, sr_place_free)
