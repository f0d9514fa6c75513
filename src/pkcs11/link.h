/*
 * The way to the agent: a small pool of connections, each with one call at a time, and the calls.
 *
 * A connection is made when it is first needed. One that is lost is made anew once and the request
 * repeated, where that cannot do a thing twice. While the agent asks the user the call waits, other
 * connections go on. Descriptors that the application closed or replaced behind our back are
 * noticed and neither written to nor closed.
 */
#pragma once

#include "pkcs11/cryptoki.h"
#include "wire/operation.h"
#include "wire/packet.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct SrLink SrLink;

/*
 * The way to the agent of this user, as the environment describes it now (secure_getenv is used
 * here and never later); connects to nobody. NULL when out of memory. Owned by the caller.
 */
SrLink *sr_link_new(void);

/*
 * Make every call that is under way end soon, and every later one fail, with
 * CKR_CRYPTOKI_NOT_INITIALIZED. For use before sr_link_free while other threads may be calling.
 */
void sr_link_shut(SrLink *link);

/* Close all connections and free; no call may be under way. NULL is fine. */
void sr_link_free(SrLink *link);

/*
 * In a child after fork: close the connections inherited from the parent, which goes on using them.
 * Takes no lock and leaves the memory alone: another thread of the parent may have held or changed
 * both at the moment of the fork.
 */
void sr_link_abandon(SrLink *link);

/*
 * Which tokens the agent shows to this program: a mask of 1 << SrToken. Connects when there is no
 * connection. CKR_DEVICE_REMOVED at once when no agent runs; CKR_DEVICE_ERROR when what is there
 * does not answer as an agent does (after 5 seconds when it does not answer at all);
 * CKR_HOST_MEMORY.
 */
CK_RV sr_link_tokens(SrLink *link, unsigned *ret_mask);

/*
 * A number that changes whenever the agent has forgotten this application (it was restarted): its
 * logins and its objects of the session (SR_TOKEN_SESSION) are gone then. 0 before the first
 * connection.
 */
uint64_t sr_link_epoch(const SrLink *link);

/* --- calls --------------------------------------------------------------------------------------
 */

#define SR_CALL_ROOM 512u

/* One request and its reply. Begin, append to the request, run, read the reply, end. */
typedef struct {
    SrPacketWriter request; /* for sr_packet_put_… between begin and run */
    SrPacketReader reply;   /* for sr_packet_get_… after run gave CKR_OK */

    /* private */
    uint8_t *request_memory; /* NULL: in request_room */
    uint8_t *reply_memory;   /* NULL: in reply_room */
    size_t reply_size;
    uint8_t request_room[SR_CALL_ROOM];
    uint8_t reply_room[SR_CALL_ROOM];
} SrCall;

/*
 * Begin a request with @operation, whose body will be at most @room bytes (each "bytes" field takes
 * 4 more than it holds). CKR_HOST_MEMORY; CKR_DATA_LEN_RANGE when no packet can be that long. In
 * every case the caller calls sr_call_end.
 */
CK_RV sr_call_begin(SrCall *call, SrOperation operation, size_t room);

/*
 * Send the request and wait for the reply: 5 seconds, and as long as the agent says that it is
 * asking the user, at most 10 minutes altogether. What the agent answered; or CKR_DEVICE_REMOVED
 * (no agent, or gone before it answered), CKR_DEVICE_ERROR (no answer in time, or one that is
 * none), CKR_HOST_MEMORY, CKR_CRYPTOKI_NOT_INITIALIZED (sr_link_shut).
 */
CK_RV sr_call_run(SrCall *call, SrLink *link);

/* CKR_OK when the reply was read to its end and held all that was asked for; else
 * CKR_DEVICE_ERROR. */
CK_RV sr_call_check(const SrCall *call);

/* Wipe request and reply and free them. */
void sr_call_end(SrCall *call);
