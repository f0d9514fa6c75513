/*
 * The one road to a signature over a message: parse, check, ask (or find the grant), open the key,
 * sign the very bytes that were parsed, record, answer. personal_sign and siwe.sign both take it.
 */
#pragma once

#include "agent/request.h"

/* Turns the 65-byte signature into the method's result, a new value. @delegation is the message
 * when it is a sign-in message with a ReCap, else NULL. */
typedef SrJson *(*SrSigningResult)(const SrRequest *request, const guint8 *signature,
                                   const SrSiwe *delegation);

/*
 * Sign @bytes (taken) with the key at @key_name (NULL: the one a sign-in message names, else the
 * default). @only_siwe: anything but a conforming sign-in message is an error.
 */
void sr_signing_start(SrRequest *request, GBytes *bytes, const char *key_name, gboolean only_siwe,
                      SrSigningResult result);

/* Goes on when a message is signed and noted, instead of an answer: @signature is r || s || v,
 * @data is taken over. */
typedef void (*SrSigningNext)(SrRequest *request, const guint8 *signature, gpointer data);

/*
 * Sign the sign-in message @bytes (taken) of a session whose key the agent itself has made. That
 * key is a new one each time, so a grant knows the message's URI as @delegate (static text): it
 * covers such messages and no others. @data goes to @next, or is released with @free_data.
 */
void sr_signing_start_session(SrRequest *request, GBytes *bytes, const char *key_name,
                              const char *delegate, SrSigningNext next, gpointer data,
                              GDestroyNotify free_data);

/*
 * The same end for another digest (typed data): ask with @model (taken), sign @digest, record it as
 * @event. The key must be chosen.
 */
void sr_signing_start_digest(SrRequest *request, const guint8 digest[32], SrConsentModel *model,
                             const char *event, SrSigningResult result);

/* Show @size bytes in @model: text as it is, other bytes as hexadecimal, 32 to a line. */
void sr_signing_add_bytes(SrConsentModel *model, const char *bytes, gsize size);

/* "0x…" as a JSON string, the result of the EIP-1193 methods. */
SrJson *sr_signing_plain_result(const SrRequest *request, const guint8 *signature,
                                const SrSiwe *delegation);
