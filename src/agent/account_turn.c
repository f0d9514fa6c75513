#include "agent/account_turn.h"

#include "base/error.h"
#include "crypto/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define TRY_MS 50u
/* Longer than an exchange with a provider that hangs. */
#define PATIENCE_USEC (60 * G_USEC_PER_SEC)

struct SrTurn {
    SrAgent *agent;
    char *account;
    int lock; /* -1: not yet */
    guint source;
    gint64 until; /* monotonic */
    SrTurnCame came;
    gpointer user_data;
};

/* Accounts that happen to share a place only wait for each other. */
static off_t place_of(const char *account)
{
    guint8 digest[SR_SHA256_SIZE];
    guint32 place;

    sr_sha256(account, strlen(account), digest);
    memcpy(&place, digest, sizeof place);
    return (off_t)place;
}

/* A descriptor that holds the lock; -1 when somebody else has it, or with an error. */
static int try_lock(const char *folder, const char *account, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "sealring-accounts.lock", NULL);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    /* Of the descriptor, not of the process: it also keeps apart what is done within this one. */
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = place_of(account), .l_len = 1};
    int problem;

    if (fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return fd;
    problem = errno;
    if (fd >= 0)
        close(fd);
    if (fd < 0 || (problem != EAGAIN && problem != EACCES))
        sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE, "cannot lock %s: %s", path,
                     g_strerror(problem));
    return -1;
}

static int try_turn(const SrTurn *turn, GError **error)
{
    g_autofree char *folder = NULL;

    if (turn->agent->stopping) {
        sr_error_set(error, SR_ERROR_AGENT_UNAVAILABLE, "the agent is ending; connect again");
        return -1;
    }
    if (turn->agent->moving)
        return -1;
    folder = sr_agent_lock_folder(turn->agent);
    return try_lock(folder, turn->account, error);
}

static gboolean on_try(gpointer data)
{
    SrTurn *turn = data;
    g_autoptr(GError) error = NULL;

    turn->source = 0;
    turn->lock = try_turn(turn, &error);
    if (turn->lock < 0 && !error && g_get_monotonic_time() > turn->until)
        sr_error_set(&error, SR_ERROR_BUSY, "the account is in use elsewhere; try again later");
    if (turn->lock >= 0)
        turn->agent->turns++;
    if (turn->lock >= 0 || error)
        turn->came(error, turn->user_data);
    else
        turn->source = g_timeout_add(TRY_MS, on_try, turn);
    return G_SOURCE_REMOVE;
}

SrTurn *sr_turn_wait(SrAgent *agent, const char *account, SrTurnCame came, gpointer user_data)
{
    SrTurn *turn = g_new0(SrTurn, 1);

    turn->agent = agent;
    turn->account = g_strdup(account);
    turn->lock = -1;
    turn->until = g_get_monotonic_time() + PATIENCE_USEC;
    turn->came = came;
    turn->user_data = user_data;
    turn->source = g_idle_add(on_try, turn);
    return turn;
}

void sr_turn_end(SrTurn *turn)
{
    if (!turn)
        return;
    g_clear_handle_id(&turn->source, g_source_remove);
    if (turn->lock >= 0) {
        close(turn->lock);
        turn->agent->turns--;
    }
    g_free(turn->account);
    g_free(turn);
}
