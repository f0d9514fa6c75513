#include "oauth/account.h"

#include "base/dotted.h"
#include "base/encoding.h"
#include "base/error.h"
#include "oauth/ascii.h"
#include "oauth/token_response.h"

#include <string.h>

#define VERSION "1"
#define NUMBER_MAX G_GINT64_CONSTANT(9007199254740991) /* 2^53 - 1: what JSON carries exactly */
#define DPOP_KEY_SIZE 32u

enum { PART_VERSION, PART_FACTS, PART_REFRESH, PART_ACCESS, PART_DPOP, N_PARTS };

static const char *const state_names[] = {
    [SR_ACCOUNT_GOOD] = "good",
    [SR_ACCOUNT_IN_FLIGHT] = "in-flight",
    [SR_ACCOUNT_UNCERTAIN] = "uncertain",
    [SR_ACCOUNT_NEEDS_LOGIN] = "needs-login",
};

const char *sr_account_state_name(SrAccountState state)
{
    return state_names[state];
}

SrAccount *sr_account_new(void)
{
    return g_new0(SrAccount, 1);
}

void sr_account_free(SrAccount *account)
{
    if (!account)
        return;
    g_free(account->id);
    g_free(account->name);
    g_free(account->issuer);
    g_free(account->client_id);
    g_free(account->subject);
    g_free(account->scope);
    g_free(account->caller);
    g_free(account->origin);
    g_free(account->cause);
    sr_secret_free(account->access_token);
    sr_secret_free(account->refresh_token);
    sr_secret_free(account->dpop_key);
    g_free(account);
}

gint64 sr_account_left(const SrAccount *account, gint64 now)
{
    if (!account->access_token || now < account->received)
        return 0;
    return MAX(0, account->expires - now);
}

/* --- writing -------------------------------------------------------------------------------- */

static void add_required(SrJson *facts, const char *name, const char *value)
{
    sr_json_add_string(facts, name, value ? value : "");
}

static void add_optional(SrJson *facts, const char *name, const char *value)
{
    if (value)
        sr_json_add_string(facts, name, value);
}

static void add_number(SrJson *facts, const char *name, gint64 value)
{
    sr_json_add_integer(facts, name, CLAMP(value, 0, NUMBER_MAX));
}

/* All that is no secret, as base64url of compact JSON. */
static char *write_facts(const SrAccount *account)
{
    g_autoptr(SrJson) facts = json_object_new_object();
    g_autofree char *text = NULL;

    add_required(facts, "name", account->name);
    add_required(facts, "issuer", account->issuer);
    add_required(facts, "clientId", account->client_id);
    add_optional(facts, "subject", account->subject);
    add_required(facts, "scope", account->scope);
    add_required(facts, "caller", account->caller);
    add_required(facts, "origin", account->origin);
    add_required(facts, "state", sr_account_state_name(account->state));
    if (account->state == SR_ACCOUNT_NEEDS_LOGIN)
        add_optional(facts, "cause", account->cause);
    sr_json_add_boolean(facts, "dpop", account->is_dpop);
    add_number(facts, "generation", account->generation);
    add_number(facts, "created", account->created);
    add_number(facts, "received", account->received);
    add_number(facts, "expires", account->expires);
    text = sr_json_text(facts);
    return sr_base64url_encode((const guint8 *)text, strlen(text));
}

/* base64url of @secret, empty for NULL. */
static SrSecret *encode(const SrSecret *secret, GError **error)
{
    return sr_base64url_encode_secret(secret ? sr_secret_peek(secret) : (const guint8 *)"",
                                      secret ? sr_secret_size(secret) : 0, error);
}

static SrSlice part_of(const SrSecret *text)
{
    return (SrSlice){(const char *)sr_secret_peek(text), sr_secret_size(text)};
}

SrSecret *sr_account_write(const SrAccount *account, GError **error)
{
    g_autofree char *facts = write_facts(account);
    g_autoptr(SrSecret) refresh = encode(account->refresh_token, error);
    g_autoptr(SrSecret) access = refresh ? encode(account->access_token, error) : NULL;
    g_autoptr(SrSecret) dpop = access ? encode(account->dpop_key, error) : NULL;

    if (!dpop)
        return NULL;
    const SrSlice parts[N_PARTS] = {
        sr_slice_of(VERSION), sr_slice_of(facts), part_of(refresh), part_of(access), part_of(dpop),
    };

    return sr_dotted_join(parts, N_PARTS, error);
}

/* --- reading -------------------------------------------------------------------------------- */

/* The parts of a line of this version. */
static gboolean split(const SrSecret *line, SrSlice parts[N_PARTS])
{
    return sr_dotted_split((const char *)sr_secret_peek(line), sr_secret_size(line), parts,
                           N_PARTS) &&
           sr_slice_is(parts[PART_VERSION], VERSION);
}

static gboolean read_required(SrJson *facts, const char *name, char **ret_text)
{
    const char *text = sr_json_string(facts, name, NULL);

    *ret_text = g_strdup(text);
    return text != NULL;
}

static gboolean read_optional(SrJson *facts, const char *name, char **ret_text)
{
    const char *text;

    if (!sr_json_string_optional(facts, name, &text, NULL))
        return FALSE;
    *ret_text = g_strdup(text);
    return TRUE;
}

static gboolean read_number(SrJson *facts, const char *name, gint64 *ret_number)
{
    return sr_json_integer_optional(facts, name, 0, NUMBER_MAX, ret_number, NULL);
}

static gboolean read_state(SrJson *facts, SrAccountState *ret_state)
{
    const char *name = sr_json_string(facts, "state", NULL);

    for (gsize i = 0; name && i < G_N_ELEMENTS(state_names); i++) {
        if (strcmp(name, state_names[i]) == 0) {
            *ret_state = (SrAccountState)i;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean read_members(SrAccount *account, SrJson *facts)
{
    return read_required(facts, "name", &account->name) &&
           read_required(facts, "issuer", &account->issuer) &&
           read_required(facts, "clientId", &account->client_id) &&
           read_optional(facts, "subject", &account->subject) &&
           read_required(facts, "scope", &account->scope) &&
           read_required(facts, "caller", &account->caller) &&
           read_required(facts, "origin", &account->origin) && read_state(facts, &account->state) &&
           read_optional(facts, "cause", &account->cause) &&
           sr_json_boolean_optional(facts, "dpop", &account->is_dpop, NULL) &&
           read_number(facts, "generation", &account->generation) &&
           read_number(facts, "created", &account->created) &&
           read_number(facts, "received", &account->received) &&
           read_number(facts, "expires", &account->expires);
}

static gboolean read_facts(SrAccount *account, SrSlice part)
{
    g_autoptr(GByteArray) text = sr_base64url_decode(part.data, part.length, NULL);
    g_autoptr(SrJson) facts =
        text ? sr_json_parse((const char *)text->data, text->len, NULL) : NULL;

    return facts && read_members(account, facts);
}

/* The secret in @part, NULL there when it is empty. */
static gboolean decode(SrSlice part, SrSecret **ret_secret, GError **error)
{
    if (part.length == 0)
        return TRUE;
    *ret_secret = sr_base64url_decode_secret(part.data, part.length, error);
    return *ret_secret != NULL;
}

static gboolean read_secrets(SrAccount *account, const SrSlice parts[N_PARTS], GError **error)
{
    return decode(parts[PART_REFRESH], &account->refresh_token, error) &&
           decode(parts[PART_ACCESS], &account->access_token, error) &&
           decode(parts[PART_DPOP], &account->dpop_key, error);
}

static gboolean is_sound(const SrAccount *account)
{
    return (!account->refresh_token || sr_ascii_is_token(account->refresh_token, SR_TOKEN_MAX)) &&
           (!account->access_token || sr_ascii_is_token(account->access_token, SR_TOKEN_MAX)) &&
           (account->dpop_key ? sr_secret_size(account->dpop_key) == DPOP_KEY_SIZE
                              : !account->is_dpop);
}

SrAccount *sr_account_read(const char *id, const SrSecret *line, GError **error)
{
    g_autoptr(SrAccount) account = sr_account_new();
    g_autoptr(GError) cause = NULL;
    SrSlice parts[N_PARTS];

    account->id = g_strdup(id);
    if (split(line, parts) && read_facts(account, parts[PART_FACTS]) &&
        read_secrets(account, parts, &cause) && is_sound(account))
        return g_steal_pointer(&account);
    /* No locked memory is no damage. */
    if (cause && !g_error_matches(cause, SR_ERROR, SR_ERROR_CORRUPT))
        g_propagate_error(error, g_steal_pointer(&cause));
    else
        sr_error_set(error, SR_ERROR_CORRUPT,
                     "the stored account %s is damaged; it is left as it is, sign in again", id);
    return NULL;
}

SrAccount *sr_account_copy(const SrAccount *account, GError **error)
{
    g_autoptr(SrSecret) line = sr_account_write(account, error);

    return line ? sr_account_read(account->id, line, error) : NULL;
}
