/*
 * All programs that use sealring through PKCS#11: their connections and applications, what they
 * counted, and what makes their rights end. For the main loop.
 */
#pragma once

#include "agent/application.h"
#include "agent/connection.h"
#include "agent/token_objects.h"

#define SR_PROGRAM_CONNECTIONS_MAX 64u
#define SR_PROGRAM_CONNECTIONS_PER_PROCESS 16u

/* For @agent (borrowed), whose key ring it watches. Owned by the caller. */
SrPrograms *sr_programs_new(SrAgent *agent);

/* End all connections and write down what was counted. NULL is fine. */
void sr_programs_free(SrPrograms *programs);

/* Serve the accepted socket @fd (taken) of process @pid, or close it when there are too many. */
void sr_programs_take_client(SrPrograms *programs, int fd, pid_t pid);

/* The thread of @program has ended: it is freed, and its application with its last connection. */
void sr_programs_ended(SrPrograms *programs, SrProgramConnection *program);

/* The application of process @pid whose value is @value, or NULL. Borrowed. */
SrApplication *sr_programs_find(const SrPrograms *programs, pid_t pid, SrBytes value);

/* A new application joins (taken). */
void sr_programs_add(SrPrograms *programs, SrApplication *application);

/* All applications; of SrApplication, borrowed. */
const GPtrArray *sr_programs_applications(const SrPrograms *programs);

/* Connections, the applications' and those that have not said hello. */
guint sr_programs_connections(const SrPrograms *programs);

/* Wipe the keys that are in use because of the grant @id. */
void sr_programs_grant_revoked(SrPrograms *programs, const char *id);

/* Stored objects, and the lists of both tokens. Borrowed. */
SrTokenObjects *sr_programs_objects(SrPrograms *programs);
