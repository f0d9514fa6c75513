/*
 * The bodies of program requests (wire/operation.h), read within bounds. Pure: this is what a
 * hostile program reaches first, and what the fuzzer calls.
 */
#pragma once

#include "wire/operation.h"
#include "wire/packet.h"

#include <glib.h>

#define SR_DIGEST_MAX 64u
#define SR_APPLICATION_SIZE 16u

/* Borrowed bytes of a body; data is never NULL. */
typedef struct {
    const guint8 *data;
    gsize size;
} SrBytes;

/* A body, by the names of operation.h. Members that the operation does not have are 0 or empty. */
typedef struct {
    SrOperation operation;
    guint32 version;
    guint32 token;
    guint32 user;
    guint32 from;
    guint32 class;
    guint32 scheme;
    guint64 object;
    guint64 generation;
    guint8 curve;
    guint8 flags;
    gboolean has_pin;
    gboolean is_init;
    SrBytes application;
    SrBytes program;
    SrBytes seat[4]; /* DISPLAY, WAYLAND_DISPLAY, XAUTHORITY, session bus */
    SrBytes pin;     /* LOGIN, INIT_TOKEN; SET_PIN: the old one */
    SrBytes new_pin;
    SrBytes label;
    SrBytes id;
    SrBytes data;       /* SIGN, VERIFY; DERIVE: the peer's point; IMPORT: the private key */
    SrBytes public_key; /* VERIFY */
    SrBytes signature;
    SrBytes attributes;
} SrProgramBody;

/*
 * Read the body of @operation at @bytes into *ret_body, which borrows from there. The CKR value:
 * SR_CKR_FUNCTION_NOT_SUPPORTED for an unknown operation, SR_CKR_ARGUMENTS_BAD for a body with too
 * little, too much, or a number out of its range.
 */
guint32 sr_program_body_read(guint32 operation, const guint8 *bytes, gsize size,
                             SrProgramBody *ret_body);

/* Whether requests of @operation carry a PIN or a private key, which belong into locked memory. */
gboolean sr_program_body_is_secret(guint32 operation);

/* Whether @attributes is well formed: at most 64 pairs of u32 and bytes, no type twice. */
gboolean sr_program_attributes_check(SrBytes attributes);

/* The value of the attribute @type in (well formed) @attributes; FALSE when it is not there. */
gboolean sr_program_attribute(SrBytes attributes, guint32 type, SrBytes *ret_value);
