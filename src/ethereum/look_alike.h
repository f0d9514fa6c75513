/*
 * Letters that look like letters of the Latin alphabet, after the idea of Unicode UTS #39: a text
 * is reduced to a skeleton, so that texts which look alike have one skeleton.
 */
#pragma once

#include <glib.h>

/*
 * The skeleton of @size bytes: Latin letters in lower case with look-alikes (other alphabets,
 * accents, full width, digits for letters, …) replaced; "m" as "rn", "w" as "vv", "l" as "i". White
 * space, controls, invisible characters, punctuation, symbols and bytes that are not UTF-8 are left
 * out; any other letter or digit becomes "?". Owned by the caller.
 */
char *sr_look_alike_skeleton(const guint8 *bytes, gsize size);
