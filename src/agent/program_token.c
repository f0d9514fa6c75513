/* HELLO, TOKEN, LIST: who is there, and what a token looks like. Nothing here asks the user. */
#include "agent/peer_program.h"
#include "agent/program_connection.h"
#include "agent/program_grant.h"
#include "agent/program_operations.h"
#include "agent/program_pin.h"
#include "agent/program_result.h"
#include "agent/programs.h"
#include "agent/store_view.h"
#include "base/error.h"

#define PROGRAM_TEXT_MAX 512
#define COUNT_UNCHANGED 0xffffffffu

/* --- hello ---------------------------------------------------------------------------------------
 */

/* Text that a program sent; UTF-8 in any case. Owned by the caller. */
static char *text_of(SrBytes bytes)
{
    g_autofree char *text = g_strndup((const char *)bytes.data, MIN(bytes.size, PROGRAM_TEXT_MAX));

    return g_utf8_make_valid(text, -1);
}

static SrApplication *make_application(SrRequest *request, GError **error)
{
    const SrProgramBody *body = &request->call->body;
    const SrConfiguration *configuration = request->agent->configuration;
    const pid_t pid = request->caller->pid;
    g_autofree char *confirmed = sr_peer_program(pid);
    g_autofree char *reported = text_of(body->program);
    const char *program = confirmed ? confirmed : reported[0] ? reported : "a program without name";
    SrApplication *application;
    guint8 tokens = 1 << SR_TOKEN_KEYS;

    if (!sr_peer_program_matches(program, (const char *const *)configuration->pkcs11_hide_accounts))
        tokens |= 1 << SR_TOKEN_ACCOUNTS;
    application = sr_application_new(pid, program, confirmed != NULL, tokens, error);
    if (application)
        application->is_without_ed25519 = sr_peer_program_matches(
            program, (const char *const *)configuration->pkcs11_hide_ed25519);
    return application;
}

static void introduce(SrRequest *request, const SrApplication *application)
{
    char *seat[G_N_ELEMENTS(request->call->body.seat)];

    for (guint i = 0; i < G_N_ELEMENTS(seat); i++)
        seat[i] = text_of(request->call->body.seat[i]);
    sr_caller_introduce(request->caller, application->program, application->is_confirmed, seat);
    for (guint i = 0; i < G_N_ELEMENTS(seat); i++)
        g_free(seat[i]);
    g_free(request->origin);
    request->origin = g_strdup(application->program);
}

static void answer_hello(SrRequest *request, SrApplication *application)
{
    SrPacketWriter writer;

    application->connections++;
    introduce(request, application);
    sr_program_connection_join(sr_connection_program(request->connection), application);
    request->call->application = sr_application_ref(application);
    sr_program_call_begin(request->call, &writer, 64);
    sr_packet_put_bytes(&writer, application->value, sizeof application->value);
    sr_packet_put_u8(&writer, application->tokens);
    sr_program_call_end(request->call, &writer);
    sr_request_finish_call(request);
}

void sr_program_hello(SrRequest *request)
{
    const SrProgramBody *body = &request->call->body;
    SrPrograms *programs = request->agent->programs;
    SrApplication *application;
    GError *error = NULL;

    if (body->version != SR_OPERATION_VERSION) {
        sr_program_answer(request, SR_CKR_ARGUMENTS_BAD);
        return;
    }
    application = sr_programs_find(programs, request->caller->pid, body->application);
    if (!application) {
        application = make_application(request, &error);
        if (!application) {
            sr_request_fail(request, error);
            return;
        }
        sr_programs_add(programs, application);
    }
    answer_hello(request, application);
}

/* --- what an application sees --------------------------------------------------------------------
 */

static SrTokenHides hides_of(const SrApplication *application, SrToken token)
{
    return (application->is_without_ed25519 ? SR_HIDES_ED25519 : 0) |
           (application->logins[token] == SR_LOGIN_NONE ? SR_HIDES_PRIVATE : 0);
}

/* Another one before the login than after it, as the application sees other objects. */
static guint64 generation_of(const SrRequest *request, SrToken token)
{
    const SrTokenObjects *objects = sr_programs_objects(request->agent->programs);
    const SrTokenHides hides = hides_of(request->call->application, token);

    return sr_token_objects_generation(objects) * 2 + (hides & SR_HIDES_PRIVATE ? 1 : 0);
}

/* --- token ---------------------------------------------------------------------------------------
 */

/* CKF_USER_PIN_COUNT_LOW and the two after it, or those of the security officer. */
static guint32 count_flags(const SrAgent *agent, SrPin pin)
{
    const guint failures = sr_program_pin_failures(agent, pin);
    const guint shift = pin == SR_PIN_SO ? 4 : 0;
    guint32 flags = 0;

    if (failures >= SR_PIN_ATTEMPTS)
        flags = SR_CKF_USER_PIN_LOCKED;
    else if (failures > 0)
        flags = SR_CKF_USER_PIN_COUNT_LOW |
                (failures == SR_PIN_ATTEMPTS - 1 ? SR_CKF_USER_PIN_FINAL_TRY : 0);
    return flags << shift;
}

/* Whether a PIN is wanted, or the agent finds out by itself. A program with a grant needs none. */
static guint32 token_flags(const SrRequest *request, SrToken token)
{
    const SrAgent *agent = request->agent;
    guint32 flags = SR_CKF_LOGIN_REQUIRED | SR_CKF_USER_PIN_INITIALIZED;

    if (token == SR_TOKEN_ACCOUNTS || !sr_program_pin_is_set(agent, SR_PIN_USER) ||
        sr_program_grant_any(agent, request->call->application, token))
        flags |= SR_CKF_PROTECTED_AUTHENTICATION_PATH;
    if (token == SR_TOKEN_KEYS)
        flags |= count_flags(agent, SR_PIN_USER) | count_flags(agent, SR_PIN_SO);
    return flags;
}

/* Owned by the caller. */
static char *label_of(const SrAgent *agent, SrToken token)
{
    char *label = token == SR_TOKEN_KEYS
                      ? sr_database_setting(agent->database, SR_SETTING_TOKEN_LABEL)
                      : NULL;

    return label ? label : g_strdup_printf("sealring %s", sr_token_name(token));
}

void sr_program_token(SrRequest *request)
{
    const SrToken token = (SrToken)request->call->body.token;
    g_autofree char *label = label_of(request->agent, token);
    SrPacketWriter writer;

    if (!sr_application_sees(request->call->application, token)) {
        sr_program_answer(request, SR_CKR_TOKEN_NOT_PRESENT);
        return;
    }
    sr_program_call_begin(request->call, &writer, 128);
    sr_packet_put_u32(&writer, token_flags(request, token));
    sr_packet_put_text(&writer, label);
    sr_packet_put_u64(&writer, generation_of(request, token));
    sr_program_call_end(request->call, &writer);
    sr_request_finish_call(request);
}

/* --- list ----------------------------------------------------------------------------------------
 */

/* What is known; nothing while the store is locked, or does not answer. */
static void answer_list(SrRequest *request)
{
    const SrProgramBody *body = &request->call->body;
    const SrToken token = (SrToken)body->token;
    const guint64 generation = generation_of(request, token);
    SrPacketWriter writer;

    request->call->fallback = NULL;
    sr_program_call_begin(request->call, &writer, SR_PAGE_MAX + SR_ENTRY_MAX);
    sr_packet_put_u64(&writer, generation);
    if (body->generation == generation && body->from == 0) {
        sr_packet_put_u32(&writer, 0);
        sr_packet_put_u32(&writer, COUNT_UNCHANGED);
    } else {
        sr_token_objects_write_page(sr_programs_objects(request->agent->programs), token,
                                    hides_of(request->call->application, token), body->from,
                                    &writer);
    }
    sr_program_call_end(request->call, &writer);
    sr_request_finish_call(request);
}

void sr_program_list(SrRequest *request)
{
    if (!sr_application_sees(request->call->application, (SrToken)request->call->body.token)) {
        sr_program_answer(request, SR_CKR_TOKEN_NOT_PRESENT);
        return;
    }
    request->call->fallback = answer_list;
    sr_program_need_objects(request, FALSE, answer_list);
}
