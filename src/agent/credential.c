#include "agent/credential.h"

#include "consent/prompt.h"

#include <fcntl.h>
#include <unistd.h>

#define CREDENTIAL_NAME "sealring-passphrase"

static SrSecret *read_credential(void)
{
    const char *folder = g_getenv("CREDENTIALS_DIRECTORY");
    g_autofree char *path = folder ? g_build_filename(folder, CREDENTIAL_NAME, NULL) : NULL;
    const int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    SrSecret *passphrase;

    if (fd < 0)
        return NULL;
    passphrase = sr_secret_read_fd(fd, SR_PASSPHRASE_MAX, TRUE, NULL);
    close(fd);
    return passphrase;
}

static gpointer unlock_job(SrStore *store, gpointer passphrase, GError **error)
{
    return sr_store_unlock(store, passphrase, error) ? store : NULL;
}

/* A wrong credential leaves the store locked, which every later request says. */
static void on_unlocked(gpointer result, const GError *error, gpointer data)
{
    (void)result;
    (void)error;
    (void)data;
}

void sr_credential_unlock(SrAgent *agent)
{
    SrSecret *passphrase = read_credential();

    if (passphrase)
        sr_store_thread_run(agent->store, unlock_job, passphrase, (GDestroyNotify)sr_secret_free,
                            NULL, 0, on_unlocked, NULL);
}
