/*
 * SIGN and DERIVE where no permit answers: may the application do this with this key? If it may
 * again, it gets a permit.
 */
#include "agent/permit.h"
#include "agent/program_consent.h"
#include "agent/program_grant.h"
#include "agent/program_hash.h"
#include "agent/program_operations.h"
#include "agent/program_result.h"
#include "agent/programs.h"
#include "agent/signing.h"
#include "base/encoding.h"
#include "base/error.h"

#define PERSONAL_SIGNATURE_SIZE 65u

/* What the decision was, until the key is open. */
typedef struct {
    char *decision; /* for the log */
    char *grant;    /* id of the grant it relies on, or NULL */
    gint64 expires; /* of that grant; 0: never */
    gboolean lasts; /* further uses need no decision: a permit */
} Decision;

static void decision_free(gpointer data)
{
    Decision *decision = data;

    g_free(decision->decision);
    g_free(decision->grant);
    g_free(decision);
}

/* --- the answer ----------------------------------------------------------------------------------
 */

static void write_bytes(SrRequest *request, const guint8 *bytes, gsize size)
{
    SrPacketWriter writer;

    sr_program_call_begin(request->call, &writer, size + 8);
    sr_packet_put_bytes(&writer, bytes, size);
    sr_program_call_end(request->call, &writer);
}

static gboolean use_key(SrRequest *request, SrSigner *signer, GError **error)
{
    const SrProgramBody *body = &request->call->body;
    guint8 signature[SR_SIGNATURE_SIZE];
    guint8 digest[SR_DIGEST_MAX];
    g_autoptr(SrSecret) secret = NULL;
    SrBytes data;

    if (body->operation == SR_OPERATION_DERIVE) {
        secret = sr_signer_derive(signer, body->data.data, error);
        if (secret)
            write_bytes(request, sr_secret_peek(secret), sr_secret_size(secret));
        return secret != NULL;
    }
    data = sr_program_hash(body->scheme, body->data, digest);
    if (!sr_signer_sign(signer, data.data, data.size, signature, error))
        return FALSE;
    write_bytes(request, signature, sizeof signature);
    return TRUE;
}

static gboolean record_use(SrRequest *request, const Decision *decision)
{
    const SrProgramBody *body = &request->call->body;
    const gboolean derives = body->operation == SR_OPERATION_DERIVE;
    SrJson *more = json_object_new_object();
    guint8 digest[SR_DIGEST_MAX];
    SrBytes data;

    sr_json_add_string(more, "use", sr_program_use_name(derives ? SR_PERMIT_DERIVE : body->scheme));
    sr_json_add_string(more, "decision", decision->decision);
    data = sr_program_hash(body->scheme, body->data, digest);
    if (!derives && body->scheme != SR_SCHEME_EDDSA) {
        g_autofree char *text = sr_hex_encode(data.data, data.size, FALSE);

        sr_json_add_string(more, "digest", text);
    }
    return sr_program_record(request, "program-sign", more);
}

/* From the flush on, the serving thread does it alone. */
static void give_permit(SrRequest *request, const Decision *decision, SrSigner *signer)
{
    const gint64 cache_seconds = request->agent->configuration->key_cache_seconds;
    SrPermit *permit;

    if (!decision->lasts || cache_seconds == 0) {
        sr_signer_free(signer);
        return;
    }
    permit = sr_permit_new(signer, request->key->id, cache_seconds);
    if (decision->grant)
        sr_permit_set_grant(permit, decision->grant, decision->expires);
    request->call->permit = sr_permit_ref(permit);
    sr_application_add_permit(request->call->application, request->call->body.object, permit);
}

/* Opening the key took time: logged out, or the grant taken back meanwhile? */
static gboolean still_holds(const SrRequest *request, const Decision *decision)
{
    const SrApplication *application = request->call->application;
    const SrGrant *grant;

    if (application->logins[sr_token_of_type(request->key->type)] == SR_LOGIN_NONE)
        return FALSE;
    if (!decision->grant)
        return TRUE;
    grant = sr_program_grant(request->agent, application, request->key);
    return grant && g_str_equal(grant->id, decision->grant);
}

static void on_open(SrRequest *request)
{
    const Decision *decision = request->state;
    g_autoptr(SrSigner) signer = NULL;
    GError *error = NULL;

    if (!still_holds(request, decision)) {
        sr_program_answer(request, SR_CKR_USER_NOT_LOGGED_IN);
        return;
    }
    signer = sr_signer_new(request->private_key, &error);
    if (!signer || !use_key(request, signer, &error)) {
        sr_request_fail(request, error);
        return;
    }
    if (!record_use(request, decision))
        return;
    give_permit(request, decision, g_steal_pointer(&signer));
    sr_request_finish_call(request);
}

/* --- the decision --------------------------------------------------------------------------------
 */

static Decision *decide(SrRequest *request, const char *text, gboolean lasts)
{
    Decision *decision = g_new0(Decision, 1);

    decision->decision = g_strdup(text);
    decision->lasts = lasts;
    sr_request_clear_state(request);
    request->state = decision;
    request->free_state = decision_free;
    return decision;
}

static void remember(SrRequest *request)
{
    g_hash_table_add(request->call->application->remembered, g_strdup(request->key->id));
}

/* A digest of an account: once, or for as long as the program runs. */
static void on_digest_agreed(SrRequest *request)
{
    if (request->remember)
        remember(request);
    decide(request, request->remember ? "asked, while it runs" : "asked", request->remember);
    sr_request_open_key(request, on_open);
}

static void on_message_agreed(SrRequest *request)
{
    decide(request, "asked", FALSE);
    sr_request_open_key(request, on_open);
}

/* A key of the other token that the program's grant does not cover. */
static void on_key_agreed(SrRequest *request)
{
    remember(request);
    decide(request, "asked, while it runs", TRUE);
    sr_request_open_key(request, on_open);
}

static void ask(SrRequest *request)
{
    const SrProgramBody *body = &request->call->body;
    g_autofree char *name = sr_program_short_name(request);

    if (sr_token_of_type(request->key->type) == SR_TOKEN_KEYS)
        sr_request_ask(request, sr_program_consent_key(request, name), on_key_agreed);
    else if (body->scheme == SR_SCHEME_DIGEST)
        sr_request_ask(request, sr_program_consent_digest(request, name, body->data),
                       on_digest_agreed);
    else
        sr_request_ask(request, sr_program_consent_message(request, name, body->scheme, body->data),
                       on_message_agreed);
}

static void decide_or_ask(SrRequest *request)
{
    const SrApplication *application = request->call->application;
    const SrToken token = sr_token_of_type(request->key->type);
    const SrGrant *grant = sr_program_grant(request->agent, application, request->key);
    Decision *decision;

    if (grant) {
        g_autofree char *text = g_strconcat("grant:", grant->id, NULL);

        decision = decide(request, text, TRUE);
        decision->grant = g_strdup(grant->id);
        decision->expires = grant->expires;
    } else if (token == SR_TOKEN_KEYS && application->logins[token] == SR_LOGIN_FULL) {
        decide(request, "login", TRUE);
    } else if (g_hash_table_contains(application->remembered, request->key->id)) {
        decide(request, "asked before", TRUE);
    } else {
        ask(request);
        return;
    }
    sr_request_open_key(request, on_open);
}

/* --- Ethereum's messages -------------------------------------------------------------------------
 */

static SrJson *take_signature(const SrRequest *request, const guint8 *signature,
                              const SrSiwe *delegation)
{
    SrPacketWriter writer;

    (void)delegation;
    sr_program_call_begin(request->call, &writer, PERSONAL_SIGNATURE_SIZE + 8);
    sr_packet_put_bytes(&writer, signature, PERSONAL_SIGNATURE_SIZE);
    sr_program_call_end(request->call, &writer);
    return NULL;
}

/* The road of personal_sign and siwe.sign, with its questions and its log. */
static void sign_message(SrRequest *request)
{
    const SrProgramBody *body = &request->call->body;
    g_autofree char *id = g_strdup(request->key->id);

    sr_signing_start(request, g_bytes_new(body->data.data, body->data.size), id,
                     body->scheme == SR_SCHEME_SIWE, take_signature);
}

/* --- what can be signed at all -------------------------------------------------------------------
 */

/* A key that wants a login of its own for each use. FALSE when there was none. */
static gboolean take_context(SrRequest *request)
{
    SrApplication *application = request->call->application;
    const gboolean granted = application->context == request->call->body.object;

    application->context = 0;
    return granted;
}

static void on_objects(SrRequest *request)
{
    const SrProgramBody *body = &request->call->body;
    const SrTokenObjects *objects = sr_programs_objects(request->agent->programs);
    const SrApplication *application = request->call->application;
    guint32 problem;

    if (!sr_program_choose_key(request, body->object))
        return;
    problem = sr_program_body_fits(body, request->key->type);
    if (problem == SR_CKR_OK &&
        application->logins[sr_token_of_type(request->key->type)] == SR_LOGIN_NONE)
        problem = SR_CKR_USER_NOT_LOGGED_IN;
    if (problem != SR_CKR_OK) {
        sr_program_answer(request, problem);
    } else if (body->operation == SR_OPERATION_SIGN && body->scheme >= SR_SCHEME_PERSONAL) {
        sign_message(request);
    } else if (!(sr_token_objects_key_flags(objects, body->object) & SR_ENTRY_ALWAYS_AUTH)) {
        decide_or_ask(request);
    } else if (take_context(request)) {
        decide(request, "login for this use", FALSE);
        sr_request_open_key(request, on_open);
    } else {
        sr_program_answer(request, SR_CKR_USER_NOT_LOGGED_IN);
    }
}

/* A key of the session has its permit from the start: what it did not do, it cannot. */
static void refuse_session_key(SrRequest *request)
{
    const SrProgramBody *body = &request->call->body;
    SrPermit *permit = sr_application_permit(request->call->application, body->object);
    guint32 problem = SR_CKR_KEY_HANDLE_INVALID;

    if (permit) {
        problem = sr_program_body_fits(body, sr_permit_type(permit));
        if (problem == SR_CKR_OK)
            problem = SR_CKR_KEY_TYPE_INCONSISTENT;
        sr_permit_unref(permit);
    }
    sr_program_answer(request, problem);
}

void sr_program_sign(SrRequest *request)
{
    const SrApplication *application = request->call->application;

    if (g_hash_table_contains(application->session_keys, &request->call->body.object))
        refuse_session_key(request);
    else if (application->logins[SR_TOKEN_ACCOUNTS] == SR_LOGIN_NONE &&
             application->logins[SR_TOKEN_KEYS] == SR_LOGIN_NONE)
        sr_program_answer(request, SR_CKR_USER_NOT_LOGGED_IN);
    else
        sr_program_need_objects(request, TRUE, on_objects);
}
