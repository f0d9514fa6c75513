/*
 * The objects of a fake agent (fake_agent.h): lists them in pages, makes, changes and destroys
 * them, as wire/operation.h says. Keys have no private part: their public keys are invented.
 */
#pragma once

#include "support/fake_agent.h"

typedef struct FakeObjects FakeObjects;

/* No objects yet; @agent answers with them from now on, and must be stopped before they are freed.
 */
FakeObjects *fake_objects_new(FakeAgent *agent);
void fake_objects_free(FakeObjects *objects);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FakeObjects, fake_objects_free)

/* Add a key; its number. */
guint64 fake_objects_add_key(FakeObjects *objects, guint32 token, guint8 curve, guint8 flags,
                             const char *label, const char *id);

/* Take an object away, or bring it back. */
void fake_objects_hide(FakeObjects *objects, guint64 number, gboolean hidden);

/* How many entries a page has at most; how often all objects of a token were listed. */
void fake_objects_set_page(FakeObjects *objects, guint32 page);
guint fake_objects_listings(FakeObjects *objects);

/* Count a change after each page of the next @times listings, as if somebody were at work. */
void fake_objects_disturb(FakeObjects *objects, guint times);

/* How many objects there are on @token (SR_TOKEN_SESSION: of the session). */
guint fake_objects_count(FakeObjects *objects, guint32 token);

/* The private key that the last IMPORT brought: 32 bytes. */
const guint8 *fake_objects_imported(const FakeObjects *objects);

/* The shared secret that DERIVE gives: 32 bytes. */
const guint8 *fake_objects_shared(void);
