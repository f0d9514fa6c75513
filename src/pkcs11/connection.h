/*
 * One connection to the agent: one exchange at a time.
 */
#pragma once

#include "pkcs11/cryptoki.h"
#include "wire/channel.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

typedef struct {
    _Atomic int fd; /* -1: not connected */
    dev_t device;   /* which socket that is: the application may have closed the descriptor and */
    ino_t inode;    /* opened something else, which is not ours to touch */
    uint32_t serial;
    bool busy; /* private to link.c */
    SrChannel channel;
} SrConnection;

/* What became of a connection in an exchange. */
typedef enum {
    SR_EXCHANGE_DONE,   /* answered; the connection is good for the next one */
    SR_EXCHANGE_UNSENT, /* lost before the agent can have had the whole request */
    SR_EXCHANGE_LOST,   /* lost before an answer came */
    SR_EXCHANGE_FAILED, /* no answer in time, or one that is none; not to be used again */
} SrExchange;

/* The answer to a request: in the caller's room, or in memory that it frees. */
typedef struct {
    CK_RV code;
    uint8_t *body; /* room of @size bytes; replaced by allocated memory when that is too small */
    size_t size;   /* in: of the room; out: of the body */
    bool allocated;
} SrAnswer;

/*
 * Connect to the socket @path of this user's agent. CKR_DEVICE_REMOVED when nobody listens there,
 * or somebody else, or the folder is not this user's alone; CKR_HOST_MEMORY when there are no
 * descriptors or memory.
 */
CK_RV sr_connection_open(SrConnection *connection, const char *path);

/* Whether it is connected, with a descriptor that is still that socket, and nothing has come on it
 * that nobody asked for (its end, for one). */
bool sr_connection_is_idle(const SrConnection *connection);

/* Disconnect, leaving the descriptor alone when the application put something else there. */
void sr_connection_close(SrConnection *connection);

/* Make the exchange of another thread on it end now. */
void sr_connection_cut(SrConnection *connection);

/*
 * Send the request of @size bytes, whose serial number is set, and wait for its answer (sr_call_run
 * says how long). @answer is set with SR_EXCHANGE_DONE; its body is to be freed in any case when
 * allocated.
 */
SrExchange sr_connection_exchange(SrConnection *connection, uint8_t *request, size_t size,
                                  SrAnswer *answer);
