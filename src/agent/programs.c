#include "agent/programs.h"

#include "agent/program_connection.h"
#include "agent/program_hash.h"

#include <string.h>
#include <unistd.h>

#define CLOSE_MS 500

struct SrPrograms {
    SrAgent *agent;
    GPtrArray *connections;  /* of SrProgramConnection, owned */
    GPtrArray *applications; /* of SrApplication, references */
    SrTokenObjects *objects;
    guint timer; /* while there are applications */
};

/* --- counting ------------------------------------------------------------------------------------
 */

/* What was taken from a permit, until it is known to be on record. */
typedef struct {
    SrPermit *permit; /* a reference */
    guint64 counts[SR_PERMIT_USES];
} Taken;

typedef struct {
    SrPrograms *programs;
    const SrApplication *application;
    GArray *taken; /* of Taken */
    gboolean failed;
} Counting;

static void taken_clear(gpointer data)
{
    sr_permit_unref(((Taken *)data)->permit);
}

static gboolean write_count(const Counting *counting, const char *key, guint use, guint64 count)
{
    SrAgent *agent = counting->programs->agent;
    g_autoptr(SrJson) entry = json_object_new_object();

    sr_json_add_string(entry, "event", "program-uses");
    sr_json_add_string(entry, "program", counting->application->program);
    sr_json_add_string(entry, "key", key);
    sr_json_add_string(entry, "use", sr_program_use_name(use));
    sr_json_add_integer(entry, "count", (gint64)count);
    if (!sr_audit_append(agent->audit, entry, NULL))
        return FALSE;
    sr_database_settle(agent->database);
    return TRUE;
}

/* Write down what @permit counted; one that is over and has nothing more to tell goes. */
static gboolean count_permit(SrPermit *permit, gpointer data)
{
    Counting *counting = data;
    const gboolean is_over = sr_permit_is_over(permit);
    Taken taken = {permit, {0}};

    if (!sr_permit_take_counts(permit, taken.counts) || sr_permit_is_of_session(permit))
        return !is_over;
    sr_permit_ref(permit);
    g_array_append_val(counting->taken, taken);
    for (guint use = 0; use < SR_PERMIT_USES && !counting->failed; use++)
        counting->failed = taken.counts[use] > 0 &&
                           !write_count(counting, sr_permit_key(permit), use, taken.counts[use]);
    return TRUE;
}

/* No use without a line in the log: when it cannot be written, the rights end, and what was counted
 * waits for better times. */
static void take_back(SrPrograms *programs, const GArray *taken)
{
    for (guint i = 0; i < taken->len; i++)
        sr_permit_add_counts(g_array_index(taken, Taken, i).permit,
                             g_array_index(taken, Taken, i).counts);
    for (guint i = 0; i < programs->applications->len; i++)
        sr_application_forget(programs->applications->pdata[i]);
}

static GArray *taken_new(void)
{
    GArray *taken = g_array_new(FALSE, FALSE, sizeof(Taken));

    g_array_set_clear_func(taken, taken_clear);
    return taken;
}

/* Write down what @application counted, or all of them (NULL). FALSE when that cannot be. */
static gboolean write_counts(SrPrograms *programs, const SrApplication *application, GArray *taken)
{
    Counting counting = {programs, NULL, taken, FALSE};

    for (guint i = 0; i < programs->applications->len; i++) {
        SrApplication *counted = programs->applications->pdata[i];

        counting.application = counted;
        if (!application || counted == application)
            sr_application_visit_permits(counted, count_permit, &counting);
    }
    return !counting.failed;
}

/* As write_counts, and it is on record when this returns. */
static void count(SrPrograms *programs, const SrApplication *application)
{
    SrAgent *agent = programs->agent;
    g_autoptr(GArray) taken = taken_new();
    const gboolean written = write_counts(programs, application, taken);
    const gint64 last = sr_audit_last(agent->audit);

    if (taken->len == 0)
        return;
    if (!written)
        sr_agent_undo(agent);
    sr_agent_flush(agent);
    /* A full disk shows at the commit only, which takes the log back to where it was. */
    if (!written || sr_audit_last(agent->audit) < last)
        take_back(programs, taken);
}

static gboolean on_second(gpointer data)
{
    count(data, NULL);
    return G_SOURCE_CONTINUE;
}

/* --- what makes rights end -----------------------------------------------------------------------
 */

static gboolean revoke_of_key(SrPermit *permit, gpointer key)
{
    if (!sr_permit_is_of_session(permit) && (!key || g_str_equal(sr_permit_key(permit), key)))
        sr_permit_revoke(permit);
    return TRUE;
}

/* The private parts were dropped, a key was changed or removed, or sealring was locked. */
static void on_keys_changed(const char *id, gpointer data)
{
    SrPrograms *programs = data;
    const gboolean cleared = !id && !sr_key_ring_is_loaded(programs->agent->keys);
    g_autofree char *copy = g_strdup(id);

    sr_token_objects_touch(programs->objects);
    if (cleared)
        sr_token_objects_clear(programs->objects);
    for (guint i = 0; i < programs->applications->len; i++) {
        SrApplication *application = programs->applications->pdata[i];

        if (cleared)
            sr_application_forget(application);
        else
            sr_application_visit_permits(application, revoke_of_key, copy);
    }
}

static gboolean revoke_of_grant(SrPermit *permit, gpointer grant)
{
    if (sr_permit_relies_on(permit, grant))
        sr_permit_revoke(permit);
    return TRUE;
}

void sr_programs_grant_revoked(SrPrograms *programs, const char *id)
{
    g_autofree char *copy = g_strdup(id);

    for (guint i = 0; i < programs->applications->len; i++)
        sr_application_visit_permits(programs->applications->pdata[i], revoke_of_grant, copy);
}

/* --- connections and applications ----------------------------------------------------------------
 */

SrPrograms *sr_programs_new(SrAgent *agent)
{
    SrPrograms *programs = g_new0(SrPrograms, 1);

    programs->agent = agent;
    programs->connections =
        g_ptr_array_new_with_free_func((GDestroyNotify)sr_program_connection_free);
    programs->applications = g_ptr_array_new_with_free_func((GDestroyNotify)sr_application_unref);
    programs->objects = sr_token_objects_new(agent->keys);
    sr_key_ring_watch(agent->keys, on_keys_changed, programs);
    return programs;
}

/* The last answers go out, if the programs read them. */
static void close_connections(const SrPrograms *programs)
{
    const gint64 end = g_get_monotonic_time() + CLOSE_MS * 1000;

    for (guint i = 0; i < programs->connections->len; i++)
        sr_program_connection_close(programs->connections->pdata[i]);
    for (guint i = 0; i < programs->connections->len; i++)
        while (!sr_program_connection_is_over(programs->connections->pdata[i]) &&
               g_get_monotonic_time() < end)
            g_usleep(1000);
}

void sr_programs_free(SrPrograms *programs)
{
    g_autoptr(GArray) taken = taken_new();

    if (!programs)
        return;
    sr_key_ring_watch(programs->agent->keys, NULL, NULL);
    close_connections(programs);
    g_ptr_array_unref(programs->connections);
    write_counts(programs, NULL, taken);
    g_ptr_array_unref(programs->applications);
    g_clear_handle_id(&programs->timer, g_source_remove);
    sr_token_objects_free(programs->objects);
    g_free(programs);
}

static guint connections_of(const SrPrograms *programs, pid_t pid)
{
    guint sum = 0;

    for (guint i = 0; i < programs->connections->len; i++)
        sum += sr_program_connection_pid(programs->connections->pdata[i]) == pid;
    return sum;
}

void sr_programs_take_client(SrPrograms *programs, int fd, pid_t pid)
{
    SrProgramConnection *program = NULL;

    if (programs->connections->len < SR_PROGRAM_CONNECTIONS_MAX &&
        connections_of(programs, pid) < SR_PROGRAM_CONNECTIONS_PER_PROCESS)
        program = sr_program_connection_new(programs->agent, fd, pid);
    else
        close(fd);
    if (!program)
        return;
    g_ptr_array_add(programs->connections, program);
    g_ptr_array_add(programs->agent->connections, sr_program_connection_client(program));
}

static void end_application(SrPrograms *programs, SrApplication *application)
{
    count(programs, application);
    sr_application_forget(application);
    g_ptr_array_remove_fast(programs->applications, application);
    if (programs->applications->len == 0)
        g_clear_handle_id(&programs->timer, g_source_remove);
}

void sr_programs_ended(SrPrograms *programs, SrProgramConnection *program)
{
    SrApplication *application = sr_program_connection_application(program);
    SrAgent *agent = programs->agent;

    g_ptr_array_remove_fast(agent->connections, sr_program_connection_client(program));
    if (application && --application->connections == 0)
        end_application(programs, application);
    g_ptr_array_remove_fast(programs->connections, program);
    sr_agent_schedule_flush(agent);
}

SrApplication *sr_programs_find(const SrPrograms *programs, pid_t pid, SrBytes value)
{
    for (guint i = 0; i < programs->applications->len; i++) {
        SrApplication *application = programs->applications->pdata[i];

        if (application->pid == pid && sr_application_is(application, value))
            return application;
    }
    return NULL;
}

void sr_programs_add(SrPrograms *programs, SrApplication *application)
{
    g_ptr_array_add(programs->applications, application);
    if (!programs->timer)
        programs->timer = g_timeout_add_seconds(1, on_second, programs);
}

const GPtrArray *sr_programs_applications(const SrPrograms *programs)
{
    return programs->applications;
}

guint sr_programs_connections(const SrPrograms *programs)
{
    return programs->connections->len;
}

SrTokenObjects *sr_programs_objects(SrPrograms *programs)
{
    return programs->objects;
}
