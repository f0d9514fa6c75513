/*
 * One connection of a program on pkcs11.sock: its socket and the thread that serves it.
 *
 * The thread answers by itself what needs no decision: signatures and key agreements for which the
 * application has a permit, and verifications. Everything else it hands to the main loop as a call
 * and waits, telling the program once a second that the answer is still to come. It touches nothing
 * but its channel, the locked part of its application, permits and calls.
 */
#pragma once

#include "agent/agent.h"
#include "agent/program_call.h"

/*
 * Serve the accepted socket @fd (taken) of process @pid in a thread of its own; NULL when there is
 * none to be had. Owned by the caller. @connection of it is the agent's.
 */
SrProgramConnection *sr_program_connection_new(SrAgent *agent, int fd, pid_t pid);

/* Take no more requests; what is being answered goes out. Whether the thread has ended. */
void sr_program_connection_close(SrProgramConnection *program);
gboolean sr_program_connection_is_over(const SrProgramConnection *program);

/* End the thread, at most the signature it is in later, close and free. Its SrConnection is left to
 * the agent. */
void sr_program_connection_free(SrProgramConnection *program);

/* What the rest of the agent sees of it; the process; its application once it has said hello
 * (borrowed, or NULL). */
SrConnection *sr_program_connection_client(const SrProgramConnection *program);
pid_t sr_program_connection_pid(const SrProgramConnection *program);
SrApplication *sr_program_connection_application(const SrProgramConnection *program);

/* It belongs to @application (a reference is taken) from now on. */
void sr_program_connection_join(SrProgramConnection *program, SrApplication *application);

/* The answer of @call is there; it is sent at the flush. @recorded: unless the commit fails. */
void sr_program_connection_answered(SrProgramConnection *program, SrProgramCall *call,
                                    gboolean recorded);

/* After a commit, or a failed one: pass on what waits. */
void sr_program_connection_flush(SrProgramConnection *program, gboolean committed);
