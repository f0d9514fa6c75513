/* Doing to the stores what sealring itself never does: changing a file, planting items. */
#pragma once

#include <glib.h>

/* Change the vault's file as somebody with write access may. */
void damage_vault(const char *path, const char *sql);

/* Attributes and text of an item as no put would write it. */
typedef struct {
    const char *kind; /* "key", … */
    const char *id;   /* NULL: no such attribute */
    const char *text;
    gsize size;
} PlantedItem;

/* Put @item into the default collection of the Secret Service on the bus at @address. */
void plant_item(const char *address, const PlantedItem *item);
