#include "store/migration.h"

#include "base/error.h"

#include <string.h>

#define MARKER_LABEL "sealring: a move between stores that is not complete"

typedef enum { PHASE_NONE, PHASE_COPYING, PHASE_COMMITTING, PHASE_REMOVING } Phase;

static const char *const phase_names[] = {"", "copying", "committing", "removing"};

typedef struct {
    SrStore *from;
    SrStore *to;
    Phase phase; /* as found at the start */
    gboolean from_wins;
    guint moved;
    GPtrArray *damaged; /* entries of what the last walk over the old store left out */
} Migration;

/* What is done with one record of the old store. */
typedef gboolean (*Step)(Migration *self, const SrRecord *record, GError **error);

static gboolean is_marker(const SrRecord *record)
{
    return record->kind == SR_RECORD_RECORD && strcmp(record->id, SR_MIGRATION_MARKER_ID) == 0;
}

static char *marker_text(Phase phase, const SrStore *from)
{
    return g_strdup_printf("%s from %s", phase_names[phase], sr_store_name(from));
}

/* *ret_record is NULL when there is none. */
static gboolean find(SrStore *store, SrRecordKind kind, const char *id, SrRecord **ret_record,
                     GError **error)
{
    g_autoptr(GError) failure = NULL;

    *ret_record = sr_store_get(store, kind, id, &failure);
    if (*ret_record || g_error_matches(failure, SR_ERROR, SR_ERROR_KEY_NOT_FOUND))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
}

/* How far a move from @from to @to got. */
static gboolean read_phase(SrStore *from, SrStore *to, Phase *ret_phase, GError **error)
{
    g_autoptr(SrRecord) marker = NULL;

    *ret_phase = PHASE_NONE;
    if (!find(to, SR_RECORD_RECORD, SR_MIGRATION_MARKER_ID, &marker, error))
        return FALSE;
    for (Phase phase = PHASE_COPYING; marker && phase <= PHASE_REMOVING; phase++) {
        g_autofree char *text = marker_text(phase, from);

        if (strcmp(text, (const char *)sr_secret_peek(marker->secret)) == 0)
            *ret_phase = phase;
    }
    return TRUE;
}

static gboolean write_phase(Migration *self, Phase phase, GError **error)
{
    g_autofree char *text = marker_text(phase, self->from);
    SrSecret *secret = sr_secret_new_copy(text, strlen(text), error);
    g_autoptr(SrRecord) marker = NULL;

    if (!secret)
        return FALSE;
    marker = sr_record_new(SR_RECORD_RECORD, SR_MIGRATION_MARKER_ID, NULL, MARKER_LABEL, secret);
    return sr_store_put(self->to, marker, error);
}

/* Do @step with the record of @entry, unless that is damaged. */
static gboolean do_step(Migration *self, Step step, const SrRecord *entry, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(SrRecord) record = sr_store_get(self->from, entry->kind, entry->id, &failure);

    if (record)
        return step(self, record, error);
    if (g_error_matches(failure, SR_ERROR, SR_ERROR_CORRUPT)) {
        g_ptr_array_add(self->damaged, sr_record_new(entry->kind, entry->id, entry->algorithm,
                                                     entry->label, NULL));
        return TRUE;
    }
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
}

/* Record by record: secrets take locked memory, of which there is little. */
static gboolean for_each(Migration *self, Step step, GError **error)
{
    g_ptr_array_set_size(self->damaged, 0);
    for (guint kind = 0; kind < SR_RECORD_KINDS; kind++) {
        g_autoptr(GPtrArray) entries =
            sr_store_list_entries(self->from, (SrRecordKind)kind, NULL, error);

        if (!entries)
            return FALSE;
        for (guint i = 0; i < entries->len; i++)
            if (!is_marker(entries->pdata[i]) && !do_step(self, step, entries->pdata[i], error))
                return FALSE;
    }
    return TRUE;
}

static gboolean check_conflict(Migration *self, const SrRecord *record, GError **error)
{
    g_autoptr(SrRecord) other = NULL;

    if (!find(self->to, record->kind, record->id, &other, error))
        return FALSE;
    if (!other || sr_record_equal(other, record))
        return TRUE;
    sr_error_set(error, SR_ERROR_KEY_EXISTS,
                 "%s \"%s\" is in both stores with different contents: remove one of them, then "
                 "move again",
                 sr_record_kind_name(record->kind), record->id);
    return FALSE;
}

static gboolean copy(Migration *self, const SrRecord *record, GError **error)
{
    g_autoptr(SrRecord) other = NULL;

    if (!find(self->to, record->kind, record->id, &other, error))
        return FALSE;
    if (other && (!self->from_wins || sr_record_equal(other, record)))
        return TRUE;
    return sr_store_put(self->to, record, error);
}

/* After a commit in an earlier run the copy may have been changed since: it only has to be there.
 */
static gboolean verify(Migration *self, const SrRecord *record, GError **error)
{
    g_autoptr(SrRecord) other = sr_store_get(self->to, record->kind, record->id, error);

    if (!other)
        return FALSE;
    if (self->phase == PHASE_REMOVING || sr_record_equal(other, record))
        return TRUE;
    sr_error_set(error, SR_ERROR_CORRUPT,
                 "%s \"%s\" does not read back from the %s as it was written; nothing was removed",
                 sr_record_kind_name(record->kind), record->id, sr_store_name(self->to));
    return FALSE;
}

static gboolean remove_old(Migration *self, const SrRecord *record, GError **error)
{
    if (!verify(self, record, error) ||
        !sr_store_remove(self->from, record->kind, record->id, error))
        return FALSE;
    self->moved++;
    return TRUE;
}

static gboolean start(Migration *self, GError **error)
{
    Phase reverse;

    if (!read_phase(self->from, self->to, &self->phase, error) ||
        !read_phase(self->to, self->from, &reverse, error))
        return FALSE;
    /* A move in the other direction that only had to remove left old copies in the target. */
    self->from_wins =
        self->phase == PHASE_COPYING || (self->phase == PHASE_NONE && reverse == PHASE_REMOVING);
    if (self->phase != PHASE_REMOVING && !self->from_wins && !for_each(self, check_conflict, error))
        return FALSE;
    return self->phase != PHASE_NONE || write_phase(self, PHASE_COPYING, error);
}

static gboolean switch_over(Migration *self, SrMigrationCommit commit, gpointer data,
                            GError **error)
{
    const gboolean first = self->phase != PHASE_REMOVING;

    if (first && !write_phase(self, PHASE_COMMITTING, error))
        return FALSE;
    if (!commit || commit(data, error))
        return write_phase(self, PHASE_REMOVING, error);
    /* Known not to have happened: the old store stays in use. */
    if (first && self->phase != PHASE_COMMITTING)
        write_phase(self, PHASE_COPYING, NULL);
    return FALSE;
}

static gboolean forget_markers(Migration *self, GError **error)
{
    return sr_store_remove(self->from, SR_RECORD_RECORD, SR_MIGRATION_MARKER_ID, error) &&
           sr_store_remove(self->to, SR_RECORD_RECORD, SR_MIGRATION_MARKER_ID, error);
}

static gboolean move(Migration *self, SrMigrationCommit commit, gpointer data, GError **error)
{
    return start(self, error) && for_each(self, copy, error) && for_each(self, verify, error) &&
           switch_over(self, commit, data, error) && for_each(self, remove_old, error) &&
           forget_markers(self, error);
}

static void free_record(gpointer record)
{
    sr_record_free(record);
}

gboolean sr_migration_run(SrStore *from, SrStore *to, SrMigrationCommit commit, gpointer data,
                          guint *ret_moved, GPtrArray **ret_damaged, GError **error)
{
    Migration self = {.from = from, .to = to};
    g_autoptr(GPtrArray) damaged = g_ptr_array_new_with_free_func(free_record);
    gboolean done;

    self.damaged = damaged;
    done = move(&self, commit, data, error);
    if (ret_moved)
        *ret_moved = self.moved;
    if (ret_damaged)
        *ret_damaged = done ? g_steal_pointer(&damaged) : NULL;
    return done;
}
