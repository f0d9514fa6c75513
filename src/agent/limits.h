/* Limits of the agent; those of the methods as docs/PROTOCOL.md has them. */
#pragma once

#define SR_MESSAGE_MAX 65536u   /* bytes of a free-form message */
#define SR_STORAGE_KEY_MAX 256u /* bytes */
#define SR_STORAGE_VALUE_MAX 131072u
#define SR_STORAGE_RECORDS_MAX 256u /* for each (extension, origin) */
#define SR_KEY_NAME_MAX 64u         /* characters */

/* Questions that wait for the user. */
#define SR_PROMPTS_PER_CALLER 4u    /* (extension, origin), or one connection of the CLI */
#define SR_PROMPTS_PER_EXTENSION 8u /* over all its ports and pages */
#define SR_PROMPTS_OF_PROGRAMS 16u  /* of all programs together: pages and commands have room */
#define SR_PROMPTS_MAX 32u

/* What programs may make (docs/PKCS11.md). Who has logged in is not asked for each, and must not
 * fill the agent's memory, nor the store so far that reading it takes longer than others wait. */
#define SR_PROGRAM_KEYS_MAX 1024u       /* keys of both tokens; the user may make more */
#define SR_PROGRAM_OBJECTS_MAX 512u     /* other objects of both tokens */
#define SR_PROGRAM_SESSION_KEYS_MAX 64u /* of one application */

#define SR_ATTACH_SECONDS 5u    /* a client that has not said who it is until then is closed */
#define SR_ACCEPT_PAUSE_MS 100u /* after no descriptor was left for a client */
#define SR_PRUNE_SECONDS 3600u  /* between looks for grants and nonces that have ended */
