/* The operations of wire/operation.h that the main loop answers, as methods of SrRequest. */
#pragma once

#include "agent/program_call.h"

/* The method of @operation, which must be a known one. Static. */
const SrMethod *sr_program_method(SrOperation operation);

/* The groups. Each answers request->call. */
void sr_program_hello(SrRequest *request);
void sr_program_token(SrRequest *request);
void sr_program_list(SrRequest *request);
void sr_program_login(SrRequest *request);
void sr_program_logout(SrRequest *request);
void sr_program_sign(SrRequest *request);
void sr_program_generate(SrRequest *request);
void sr_program_copy(SrRequest *request);
void sr_program_create(SrRequest *request);
void sr_program_change(SrRequest *request);
void sr_program_destroy(SrRequest *request);
void sr_program_init_token(SrRequest *request);
void sr_program_set_pin(SrRequest *request);
