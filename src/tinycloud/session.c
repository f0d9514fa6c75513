#include "tinycloud/session.h"

#include "base/dotted.h"
#include "base/encoding.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "tinycloud/did.h"

#include <string.h>

#define VERSION "1"
#define PRIVATE_KEY_SIZE 32u
#define OWNER_BYTES 15u /* of the owner's hash, in front of an id: 20 characters */
#define TIME_DIGITS 12  /* hexadecimal, of the milliseconds: the order of ids is that of age */
#define RANDOM_LENGTH 12u
#define CREATED_MAX G_GINT64_CONSTANT(9007199254740991)

enum { PART_VERSION, PART_FACTS, PART_KEY, PART_CHECK, N_PARTS };

static const char *const kind_names[] = {
    [SR_SESSION_KEY_ONLY] = "key",
    [SR_SESSION_SIGNED_IN] = "signed-in",
    [SR_SESSION_DELEGATED] = "delegated",
};

const char *sr_session_kind_name(SrSessionKind kind)
{
    return kind_names[kind];
}

SrSession *sr_session_new(void)
{
    return g_new0(SrSession, 1);
}

void sr_session_free(SrSession *session)
{
    if (!session)
        return;
    g_free(session->id);
    g_free(session->caller);
    g_free(session->origin);
    g_free(session->did);
    g_free(session->key_id);
    g_free(session->siwe);
    g_free(session->signature);
    g_free(session->header);
    g_free(session->cid);
    g_free(session->space_id);
    g_free(session->expires_at);
    sr_json_free(session->spaces);
    sr_json_free(session->portable);
    sr_secret_free(session->private_key);
    g_free(session);
}

/* --- owner, id and key ---------------------------------------------------------------------- */

char *sr_session_id_prefix(const char *caller, const char *origin)
{
    g_autofree char *owner = g_strconcat(caller, " ", origin, NULL);
    guint8 digest[SR_SHA256_SIZE];

    sr_sha256(owner, strlen(owner), digest);
    return sr_base64url_encode(digest, OWNER_BYTES);
}

static SrKey *key_of(const SrSecret *private_key, GError **error)
{
    SrSecret *copy =
        sr_secret_new_copy(sr_secret_peek(private_key), sr_secret_size(private_key), error);

    return copy ? sr_key_new(SR_KEY_ED25519, copy, error) : NULL;
}

static char *did_of(const SrKey *key)
{
    g_autofree char *did = sr_key_did(SR_KEY_ED25519, sr_key_public(key, NULL));

    return sr_did_url(did);
}

SrKey *sr_session_key(const SrSession *session, GError **error)
{
    g_autoptr(SrKey) key = key_of(session->private_key, error);
    g_autofree char *did = key ? did_of(key) : NULL;

    if (!key || strcmp(did, session->did) == 0)
        return g_steal_pointer(&key);
    sr_error_set(error, SR_ERROR_CORRUPT, "the session's key is not the one of its DID");
    return NULL;
}

SrSession *sr_session_make(const char *caller, const char *origin, gint64 created,
                           SrSecret *private_key, GError **error)
{
    g_autoptr(SrSession) session = sr_session_new();
    g_autofree char *prefix = sr_session_id_prefix(caller, origin);
    g_autofree char *random = sr_random_alphanumeric(RANDOM_LENGTH, error);
    g_autoptr(SrKey) key = random ? key_of(private_key, error) : NULL;

    session->private_key = private_key;
    if (!key)
        return NULL;
    session->id = g_strdup_printf("%s%0*" G_GINT64_MODIFIER "x%s", prefix, TIME_DIGITS,
                                  created / (G_USEC_PER_SEC / 1000), random);
    session->caller = g_strdup(caller);
    session->origin = g_strdup(origin);
    session->created = created;
    session->did = did_of(key);
    return g_steal_pointer(&session);
}

SrSession *sr_session_generate(const char *caller, const char *origin, gint64 created,
                               GError **error)
{
    SrSecret *private_key = sr_random_secret(PRIVATE_KEY_SIZE, error);

    return private_key ? sr_session_make(caller, origin, created, private_key, error) : NULL;
}

/* --- writing -------------------------------------------------------------------------------- */

static void add_optional(SrJson *facts, const char *name, const char *value)
{
    if (value)
        sr_json_add_string(facts, name, value);
}

/* All that is no secret, as base64url of compact JSON. */
static char *write_facts(const SrSession *session)
{
    g_autoptr(SrJson) facts = json_object_new_object();
    g_autofree char *text = NULL;

    sr_json_add_string(facts, "caller", session->caller);
    sr_json_add_string(facts, "origin", session->origin);
    sr_json_add_string(facts, "kind", sr_session_kind_name(session->kind));
    sr_json_add_string(facts, "did", session->did);
    sr_json_add_integer(facts, "created", session->created);
    add_optional(facts, "key", session->key_id);
    add_optional(facts, "siwe", session->siwe);
    add_optional(facts, "signature", session->signature);
    add_optional(facts, "header", session->header);
    add_optional(facts, "cid", session->cid);
    add_optional(facts, "spaceId", session->space_id);
    add_optional(facts, "expiresAt", session->expires_at);
    if (session->spaces)
        sr_json_add(facts, "spaces", json_object_get(session->spaces));
    if (session->portable)
        sr_json_add(facts, "portable", json_object_get(session->portable));
    text = sr_json_text(facts);
    return sr_base64url_encode((const guint8 *)text, strlen(text));
}

/*
 * base64url of SHA-256 over the key and the SHA-256 of the facts: not a byte of either can be
 * another one. The facts are long, and locked memory is slow to get: they are hashed first.
 */
static char *check_text(const SrSecret *private_key, const char *facts, gsize length,
                        GError **error)
{
    const gsize key_size = sr_secret_size(private_key);
    g_autoptr(SrSecret) both = sr_secret_new(key_size + SR_SHA256_SIZE, error);
    guint8 digest[SR_SHA256_SIZE];

    if (!both)
        return NULL;
    memcpy(sr_secret_data(both), sr_secret_peek(private_key), key_size);
    sr_sha256(facts, length, sr_secret_data(both) + key_size);
    sr_sha256(sr_secret_peek(both), sr_secret_size(both), digest);
    return sr_base64url_encode(digest, sizeof digest);
}

SrSecret *sr_session_write(const SrSession *session, GError **error)
{
    g_autofree char *facts = write_facts(session);
    g_autofree char *check = check_text(session->private_key, facts, strlen(facts), error);
    g_autoptr(SrSecret) key =
        check ? sr_base64url_encode_secret(sr_secret_peek(session->private_key),
                                           sr_secret_size(session->private_key), error)
              : NULL;

    if (!key)
        return NULL;
    const SrSlice parts[N_PARTS] = {
        sr_slice_of(VERSION),
        sr_slice_of(facts),
        {(const char *)sr_secret_peek(key), sr_secret_size(key)},
        sr_slice_of(check),
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

static gboolean read_text(SrJson *facts, const char *name, char **ret_text)
{
    const char *text;

    if (!sr_json_string_optional(facts, name, &text, NULL))
        return FALSE;
    *ret_text = g_strdup(text);
    return TRUE;
}

static gboolean read_object(SrJson *facts, const char *name, SrJson **ret_object)
{
    SrJson *object;

    if (!sr_json_object_optional(facts, name, &object, NULL))
        return FALSE;
    *ret_object = json_object_get(object);
    return TRUE;
}

static gboolean read_kind(SrJson *facts, SrSessionKind *ret_kind)
{
    const char *name = sr_json_string(facts, "kind", NULL);

    for (gsize i = 0; name && i < G_N_ELEMENTS(kind_names); i++) {
        if (strcmp(name, kind_names[i]) == 0) {
            *ret_kind = (SrSessionKind)i;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean read_members(SrSession *session, SrJson *facts)
{
    return read_text(facts, "caller", &session->caller) && session->caller &&
           read_text(facts, "origin", &session->origin) && session->origin &&
           read_kind(facts, &session->kind) && read_text(facts, "did", &session->did) &&
           session->did &&
           sr_json_integer_optional(facts, "created", 0, CREATED_MAX, &session->created, NULL) &&
           read_text(facts, "key", &session->key_id) && read_text(facts, "siwe", &session->siwe) &&
           read_text(facts, "signature", &session->signature) &&
           read_text(facts, "header", &session->header) && read_text(facts, "cid", &session->cid) &&
           read_text(facts, "spaceId", &session->space_id) &&
           read_text(facts, "expiresAt", &session->expires_at) &&
           read_object(facts, "spaces", &session->spaces) &&
           read_object(facts, "portable", &session->portable);
}

/* Whether what its kind needs is there, and nothing that would make it another. */
static gboolean is_complete(const SrSession *session)
{
    const gboolean acts = session->header && session->cid && session->space_id;

    switch (session->kind) {
    case SR_SESSION_KEY_ONLY:
        return !session->header;
    case SR_SESSION_SIGNED_IN:
        return acts && session->key_id && session->siwe && session->signature &&
               session->expires_at;
    default:
        return acts && session->portable && session->expires_at;
    }
}

static gboolean is_owned(const SrSession *session)
{
    g_autofree char *prefix = sr_session_id_prefix(session->caller, session->origin);

    return g_str_has_prefix(session->id, prefix);
}

static gboolean check(const SrSession *session, const SrSlice parts[N_PARTS], GError **error)
{
    g_autofree char *text =
        check_text(session->private_key, parts[PART_FACTS].data, parts[PART_FACTS].length, error);

    return text && sr_slice_is(parts[PART_CHECK], text);
}

static gboolean read_facts(SrSession *session, SrSlice part)
{
    g_autoptr(GByteArray) text = sr_base64url_decode(part.data, part.length, NULL);
    g_autoptr(SrJson) facts =
        text ? sr_json_parse((const char *)text->data, text->len, NULL) : NULL;

    return facts && read_members(session, facts);
}

SrSession *sr_session_read(const char *id, const SrSecret *line, GError **error)
{
    g_autoptr(SrSession) session = sr_session_new();
    g_autoptr(GError) problem = NULL;
    SrSlice parts[N_PARTS];

    session->id = g_strdup(id);
    if (split(line, parts))
        session->private_key =
            sr_base64url_decode_secret(parts[PART_KEY].data, parts[PART_KEY].length, &problem);
    if (session->private_key && sr_secret_size(session->private_key) == PRIVATE_KEY_SIZE &&
        check(session, parts, &problem) && read_facts(session, parts[PART_FACTS]) &&
        is_complete(session) && is_owned(session))
        return g_steal_pointer(&session);
    if (g_error_matches(problem, SR_ERROR, SR_ERROR_LIMIT_EXCEEDED)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    sr_error_set(error, SR_ERROR_CORRUPT, "the stored session %s is damaged", id);
    return NULL;
}
