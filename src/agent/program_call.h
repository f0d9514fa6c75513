/*
 * A request of a program that the main loop has to answer: on its way from the serving thread and
 * back.
 *
 * The thread makes a call, hands it over and waits. The main loop turns it into a SrRequest, so
 * that all steps of request.h work as they do for other clients; the answer is a packet instead of
 * JSON, and reaches the thread after the flush, when what it relies on is committed.
 */
#pragma once

#include "agent/application.h"
#include "agent/request.h"

#include <pthread.h>

typedef struct SrProgramCall {
    int references;     /* atomic */
    SrProgramBody body; /* borrows from memory or secret */
    guint8 *memory;
    SrSecret *secret;
    guint32 serial;

    /* For the main loop. */
    SrApplication *application; /* a reference; NULL before HELLO is answered */
    SrRequestStep fallback;     /* answers when a step fails */
    SrRequestStep encode;       /* writes the reply of a request that succeeded; NULL: empty */
    SrRequestStep after_objects;
    SrPermit *permit; /* a reference; allowed when the answer is committed */
    gboolean recorded;

    /* The answer; the thread reads it once it is done. */
    pthread_mutex_t lock; /* guards done; what was written before it is set can be read after it */
    gboolean is_done;
    guint32 result;
    guint8 *packet; /* NULL for an answer without a body */
    gsize packet_size;
} SrProgramCall;

/*
 * A call for @operation whose body of @size bytes the caller still has to fill in, at
 * sr_program_call_room; locked memory for secrets. NULL when there is none. Owned by the caller.
 */
SrProgramCall *sr_program_call_new(guint32 operation, guint32 serial, gsize size);
guint8 *sr_program_call_room(SrProgramCall *call);

/* One more owner; one less, and the last one wipes and frees. Any thread. NULL is fine. */
SrProgramCall *sr_program_call_ref(SrProgramCall *call);
void sr_program_call_unref(SrProgramCall *call);

/* Whether the answer is there. Any thread. */
gboolean sr_program_call_is_done(SrProgramCall *call);

/* Set the answer and say so (from the main loop). @result SR_CKR_OK leaves the packet as it is;
 * anything else drops it. */
void sr_program_call_finish(SrProgramCall *call, guint32 result);

/* --- for the functions that answer ------------------------------------------------------------ */

/*
 * Make sure that keys and stored objects are known, as sr_request_need_keys does.
 */
void sr_program_need_objects(SrRequest *request, gboolean ask, SrRequestStep next);

/* Make the request about the key @number, if there is one that the application may see; else answer
 * SR_CKR_KEY_HANDLE_INVALID and return FALSE. */
gboolean sr_program_choose_key(SrRequest *request, guint64 number);

/* As sr_request_record with the program's decision, and it must survive a power loss. */
gboolean sr_program_record(SrRequest *request, const char *event, SrJson *more);

/* Begin the packet with room for @room bytes of body, and complete it. A body that does not fit
 * makes the answer SR_CKR_DEVICE_MEMORY. */
void sr_program_call_begin(SrProgramCall *call, SrPacketWriter *writer, gsize room);
void sr_program_call_end(SrProgramCall *call, SrPacketWriter *writer);

/* Answer @request with the CKR value @result and, for SR_CKR_OK, what was written. */
void sr_program_answer(SrRequest *request, guint32 result);

/*
 * What request.c asks when a request of a program succeeded or failed: to set the answer. FALSE
 * when the failure was turned into another answer, which has been given.
 */
void sr_program_call_succeeded(SrRequest *request);
gboolean sr_program_call_failed(SrRequest *request, const GError *error);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrProgramCall, sr_program_call_unref)
