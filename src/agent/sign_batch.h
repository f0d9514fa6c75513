/*
 * Signatures that were decided one after the other in one read of a connection: a second thread
 * makes them while the main loop parses, decides and records.
 *
 * The second thread knows keys and digests, nothing else, and only until sr_sign_batch_finish
 * returns. That comes before the main loop does anything but decide on further signatures: no lock,
 * revocation or end of a client falls between a decision and its signature.
 *
 * Where the second thread is kept from its CPU, the main loop would wait for it: it then signs
 * alone for a while, longer each time. With one CPU it always does.
 */
#pragma once

#include "agent/request.h"

#define SR_SIGN_BATCH_MAX 64u

typedef struct SrSignBatch SrSignBatch;

/* Goes on with @request: @signature is r || s || v, or NULL with @error (taken). */
typedef void (*SrSignBatchDone)(SrRequest *request, const guint8 *signature, GError *error);

/* An empty batch. Its thread starts when there is something to do for it. */
SrSignBatch *sr_sign_batch_new(void);

/* End the thread, free; NULL is fine. The batch must be empty. */
void sr_sign_batch_free(SrSignBatch *batch);

/*
 * Sign @digest (borrowed until @done is called) with the opened key of @request, as
 * sr_secp256k1_sign: at once, or in turn when @more requests are being read or are waiting here.
 * Before @done is called nothing may change the key or what allowed its use.
 */
void sr_sign_batch_add(SrSignBatch *batch, SrRequest *request, const guint8 digest[32],
                       gboolean more, SrSignBatchDone done);

/* How many requests wait here. */
guint sr_sign_batch_size(const SrSignBatch *batch);

/* Make all signatures that wait and call their functions, in the order they were added. */
void sr_sign_batch_finish(SrSignBatch *batch);
