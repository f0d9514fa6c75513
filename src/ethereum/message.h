/* EIP-191 version 0x45 "personal_sign" digests. */
#pragma once

#include <glib.h>

/* keccak256("\x19Ethereum Signed Message:\n" || decimal byte length || bytes). */
void sr_message_digest(const guint8 *bytes, gsize size, guint8 ret_digest[32]);

/*
 * Whether the bytes look like a sign-in message: they contain the phrase "wants you to sign in with
 * your Ethereum account" in any disguise: case, white space, punctuation, controls, invisible
 * characters, full width, look-alike letters, written backwards. EIP-4361 ("Wallet Implementer
 * Steps") asks to warn when such text does not conform. Linear in @size.
 */
gboolean sr_message_resembles_siwe(const guint8 *bytes, gsize size);
