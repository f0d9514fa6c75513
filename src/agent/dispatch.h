/* From frames to requests: the envelope of PROTOCOL.md, the table of methods, who may call what. */
#pragma once

#include "agent/connection.h"

typedef enum {
    SR_METHOD_OPEN = 0,
    SR_METHOD_CLI_ONLY = 1 << 0,
    SR_METHOD_ARRAY = 1 << 1,   /* params are an array (EIP-1193) */
    SR_METHOD_FD = 1 << 2,      /* takes the passed descriptor */
    SR_METHOD_SIGN = 1 << 3,    /* until it waits, it changes nothing that a signature relies on */
    SR_METHOD_NO_PAGE = 1 << 4, /* for the CLI and extensions acting for themselves */
} SrMethodFlags;

typedef struct SrMethod {
    const char *name;
    guint flags; /* SrMethodFlags */
    void (*handle)(SrRequest *request);
} SrMethod;

/* The groups; each table ends with a name of NULL. */
extern const SrMethod sr_methods_service[];
extern const SrMethod sr_methods_eip1193[];
extern const SrMethod sr_methods_keys[];
extern const SrMethod sr_methods_key_transfer[];
extern const SrMethod sr_methods_siwe[];
extern const SrMethod sr_methods_session[];
extern const SrMethod sr_methods_storage[];
extern const SrMethod sr_methods_grants[];
extern const SrMethod sr_methods_management[];
extern const SrMethod sr_methods_pkcs11[];
extern const SrMethod sr_methods_oauth[];
extern const SrMethod sr_methods_accounts[];
extern const SrMethod sr_methods_clients[];

/* name → SrMethod for all groups. Owned by the caller. */
GHashTable *sr_dispatch_table(void);

/* The longest id of a request that is text, in bytes. */
#define SR_REQUEST_ID_MAX 64

/* The member "id" of @object as JSON text, as SrRequest has it; NULL when it is not an integer or a
 * string of at most SR_REQUEST_ID_MAX bytes. Owned by the caller. */
char *sr_dispatch_id(SrJson *object);

/* Handle one frame of @connection. */
void sr_dispatch_frame(SrConnection *connection, const char *text, gsize size);

/* Queue an error reply to the request with the JSON text @id. */
void sr_dispatch_refuse(SrConnection *connection, const char *id, const GError *error);

/* The "error" member for @error: "\"error\":{…}". Owned by the caller. */
char *sr_dispatch_error_text(const GError *error);

/* Names of the methods @caller may call, a new array. */
SrJson *sr_dispatch_names(const SrAgent *agent, const SrCaller *caller);
