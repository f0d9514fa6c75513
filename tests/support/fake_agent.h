/*
 * The agent's end of the PKCS#11 protocol (wire/operation.h) for tests of the module: threads of
 * the test itself, on a real socket, that answer plainly or do what no agent should.
 *
 * It shows one key of each curve on the tokens (numbers 1, 2, 3 for secp256k1, P-256, Ed25519). A
 * "signature" is the data repeated up to its size, so that an answer to another request is noticed.
 */
#pragma once

#include "wire/operation.h"
#include "wire/packet.h"

#include <glib.h>

typedef struct FakeAgent FakeAgent;

#define FAKE_KEY_ACCOUNT 1u
#define FAKE_KEY_P256 2u
#define FAKE_KEY_ED25519 3u

/* What it does instead of answering an operation. */
typedef enum {
    FAKE_ANSWERS,
    FAKE_SAYS_NOTHING,
    FAKE_SAYS_GARBAGE,     /* a header and a body of random bytes */
    FAKE_CUTS_HEADER,      /* sends half a header and closes */
    FAKE_CUTS_BODY,        /* sends all but the last byte and closes */
    FAKE_CLOSES,           /* closes without an answer */
    FAKE_ANSWERS_ANOTHER,  /* the serial number of another request */
    FAKE_SAYS_TOO_MUCH,    /* announces a body longer than any may be */
    FAKE_ADDS_BYTES,       /* a body longer than it should be */
    FAKE_LEAVES_OUT_BYTES, /* a body shorter than it should be */
    FAKE_WAITS,            /* says three times that it asks the user, then answers */
    FAKE_WAITS_FOR_EVER,   /* says so 50 times a second until fake_agent_stop */
    FAKE_WAITS_TOO_MUCH,   /* says so without a pause */
    FAKE_WAITS_WITH_BODY,
    FAKE_FAILS_WITH_BODY, /* an error with a body */
    FAKE_FAILS,           /* fake_agent_fail_with says with what */
} FakeFault;

/* Answer an operation: TRUE when it did. Called in a thread of the agent. */
typedef gboolean (*FakeAnswer)(FakeAgent *agent, guint32 operation, SrPacketReader *request,
                               SrPacketWriter *reply, guint32 *ret_code, gpointer data);

/*
 * Start it in a new folder, which becomes SEALRING_RUNTIME_DIR. Stop ends its threads, closes its
 * connections and, with the free function, removes the folder; start_again listens in the same
 * place as another agent that knows nobody.
 */
FakeAgent *fake_agent_new(void);
void fake_agent_stop(FakeAgent *agent);
void fake_agent_start_again(FakeAgent *agent);
void fake_agent_free(FakeAgent *agent);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FakeAgent, fake_agent_free)

/* Its folder. */
const char *fake_agent_folder(const FakeAgent *agent);

/* Do @fault the next @times that @operation comes (-1: always). */
void fake_agent_set_fault(FakeAgent *agent, guint32 operation, FakeFault fault, int times);

/* The code for FAKE_FAILS and FAKE_FAILS_WITH_BODY. */
void fake_agent_fail_with(FakeAgent *agent, guint32 code);

/* Answer with @answer first. */
void fake_agent_set_answer(FakeAgent *agent, FakeAnswer answer, gpointer data);

/* The mask of tokens it shows, and the flags that TOKEN gives. */
void fake_agent_set_tokens(FakeAgent *agent, guint8 tokens);
void fake_agent_set_flags(FakeAgent *agent, guint32 flags);

/* How often @operation came; how many connections there are. */
guint fake_agent_count(FakeAgent *agent, guint32 operation);
guint fake_agent_connections(FakeAgent *agent);

/* Wait until @operation came @count times. */
void fake_agent_await(FakeAgent *agent, guint32 operation, guint count);

/* The signature of @size bytes that it gives for @data. */
void fake_agent_sign(const guint8 *data, gsize data_size, guint8 *ret_signature, gsize size);
