/* sealring session list|show|logout: TinyCloud sessions. */
#include "base/error.h"
#include "cli/cli.h"
#include "cli/output.h"

#define LABEL_WIDTH 11u

static const char *member(SrJson *object, const char *name)
{
    return sr_json_string(object, name, NULL);
}

/* The object @name of @object, NULL when there is none. Borrowed. */
static SrJson *inner(SrJson *object, const char *name)
{
    SrJson *value = NULL;

    sr_json_object_optional(object, name, &value, NULL);
    return value;
}

/* The text @name of the object @object (NULL: no text). */
static const char *inner_member(SrJson *object, const char *name)
{
    return object ? member(object, name) : NULL;
}

static gboolean get_sessions(SrCli *cli, SrJson **ret_result, SrJson **ret_sessions, GError **error)
{
    return sr_cli_call(cli, "session.list", NULL, -1, ret_result, error) &&
           sr_json_array_optional(*ret_result, "sessions", ret_sessions, error);
}

/* --- list ------------------------------------------------------------------------------------- */

static gboolean run_list(SrCli *cli, const SrArguments *arguments, GError **error)
{
    static const char *const headings[] = {"ID",    "STATUS", "KIND", "ORIGIN",
                                           "SPACE", "UNTIL",  NULL};
    g_autoptr(SrTable) table = sr_table_new(headings);
    g_autoptr(SrJson) result = NULL;
    SrJson *sessions = NULL;
    gsize count;

    (void)arguments;
    if (!get_sessions(cli, &result, &sessions, error))
        return FALSE;
    if (sr_cli_print_json(cli, result))
        return TRUE;
    count = sessions ? json_object_array_length(sessions) : 0;
    for (gsize i = 0; i < count; i++) {
        SrJson *session = json_object_array_get_idx(sessions, i);
        const char *cells[] = {member(session, "session"),
                               member(session, "status"),
                               member(session, "kind"),
                               member(session, "origin"),
                               inner_member(inner(session, "tinycloudSession"), "spaceId"),
                               member(session, "expiresAt")};

        sr_table_add(table, cells);
    }
    if (count > 0)
        sr_table_print(table);
    else
        sr_output_line("No sessions.");
    return TRUE;
}

/* --- show ------------------------------------------------------------------------------------- */

/* The session @id of the list. Borrowed; NULL with an error. */
static SrJson *find(SrJson *sessions, const char *id, GError **error)
{
    const gsize count = sessions ? json_object_array_length(sessions) : 0;

    for (gsize i = 0; i < count; i++) {
        SrJson *session = json_object_array_get_idx(sessions, i);

        if (g_strcmp0(member(session, "session"), id) == 0)
            return session;
    }
    sr_error_set(error, SR_ERROR_KEY_NOT_FOUND, "there is no session %s", id);
    return NULL;
}

static void print_members(SrJson *object, const char *const (*labels)[2], gsize count)
{
    for (gsize i = 0; object && i < count; i++)
        sr_output_field(labels[i][0], LABEL_WIDTH, member(object, labels[i][1]));
}

/* What has been delegated to the session: its spaces, and the delegation itself. */
static void print_delegation(SrJson *delegation)
{
    static const char *const labels[][2] = {{"Delegation", "delegationCid"}, {"Space", "spaceId"}};
    SrJson *spaces = delegation ? inner(delegation, "spaces") : NULL;

    print_members(delegation, labels, G_N_ELEMENTS(labels));
    if (!spaces)
        return;
    json_object_object_foreach (spaces, name, value) {
        g_autofree char *text = g_strdup_printf("%s (%s)", json_object_get_string(value), name);

        sr_output_field("Also", LABEL_WIDTH, text);
    }
}

static void print_session(SrJson *session)
{
    static const char *const first[][2] = {
        {"Id", "session"}, {"Status", "status"}, {"Problem", "problem"}, {"Kind", "kind"},
        {"For", "caller"}, {"Page", "origin"},   {"Account", "address"},
    };
    static const char *const last[][2] = {
        {"Session key", "did"}, {"Created", "createdAt"}, {"Until", "expiresAt"}};
    g_autofree char *chain = NULL;
    gint64 chain_id = 0;

    print_members(session, first, G_N_ELEMENTS(first));
    if (sr_json_integer_optional(session, "chainId", 0, G_MAXINT64, &chain_id, NULL) && chain_id)
        chain = g_strdup_printf("%" G_GINT64_FORMAT, chain_id);
    sr_output_field("Chain id", LABEL_WIDTH, chain);
    print_delegation(inner(session, "tinycloudSession"));
    print_members(session, last, G_N_ELEMENTS(last));
}

static gboolean run_show(SrCli *cli, const SrArguments *arguments, GError **error)
{
    g_autoptr(SrJson) result = NULL;
    SrJson *sessions = NULL;
    SrJson *session;

    if (!get_sessions(cli, &result, &sessions, error))
        return FALSE;
    session = find(sessions, sr_arguments_operand(arguments, 0), error);
    if (!session)
        return FALSE;
    if (!sr_cli_print_json(cli, session))
        print_session(session);
    return TRUE;
}

/* --- logout ----------------------------------------------------------------------------------- */

static const SrOption logout_options[] = {
    {"revoke", NULL, "also print what ends its delegation at the node"},
    {NULL, NULL, NULL},
};

static gboolean call_sign_out(SrCli *cli, const char *id, gboolean revoke, SrJson **ret_result,
                              GError **error)
{
    SrJson *params = json_object_new_object();

    sr_json_add_string(params, "session", id);
    if (revoke)
        sr_json_add_boolean(params, "revoke", TRUE);
    return sr_cli_call(cli, "session.signOut", params, -1, ret_result, error);
}

/* An expired or damaged session is deleted all the same: nothing of it can be revoked. */
static gboolean sign_out(SrCli *cli, const char *id, gboolean revoke, SrJson **ret_result,
                         GError **error)
{
    g_autoptr(GError) problem = NULL;

    if (call_sign_out(cli, id, revoke, ret_result, &problem))
        return TRUE;
    if (revoke && (g_error_matches(problem, SR_ERROR, SR_ERROR_EXPIRED) ||
                   g_error_matches(problem, SR_ERROR, SR_ERROR_CORRUPT)))
        return call_sign_out(cli, id, FALSE, ret_result, error);
    g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
}

static void print_revocation(SrJson *revocation)
{
    const char *header = inner_member(inner(revocation, "headers"), "Authorization");
    g_autofree char *line =
        g_strdup_printf("curl -X POST -H \"Authorization: %s\" NODE/revoke", header ? header : "");

    sr_output_line("To end its delegation at a node too, within ten minutes:");
    sr_output_line(line);
}

static gboolean run_logout(SrCli *cli, const SrArguments *arguments, GError **error)
{
    const gboolean revoke = sr_arguments_flag(arguments, "revoke");
    g_autoptr(SrJson) result = NULL;
    SrJson *revocation;

    if (!sign_out(cli, sr_arguments_operand(arguments, 0), revoke, &result, error))
        return FALSE;
    if (sr_cli_print_json(cli, result))
        return TRUE;
    sr_output_line("Signed out: session and session key are deleted.");
    revocation = inner(result, "revocation");
    if (revocation)
        print_revocation(revocation);
    else if (revoke)
        sr_output_line("There is nothing to revoke.");
    return TRUE;
}

const SrCommand sr_session_commands[] = {
    {"session list", "", 0, 0, NULL, "List the TinyCloud sessions", NULL, run_list},
    {"session show", "ID", 1, 1, NULL, "Show one session, without its key", NULL, run_show},
    {"session logout", "ID", 1, 1, logout_options, "Delete a session and its key, for ever",
     "What was delegated to the session stays valid at the node until it expires, but nobody has\n"
     "the key to use it any more. --revoke prints the request that ends it there, too.",
     run_logout},
    {NULL, NULL, 0, 0, NULL, NULL, NULL, NULL},
};
