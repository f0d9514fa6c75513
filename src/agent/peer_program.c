#include "agent/peer_program.h"

#include <string.h>
#include <sys/stat.h>

char *sr_peer_program(pid_t pid)
{
    g_autofree char *link = g_strdup_printf("/proc/%ld/exe", (long)pid);
    g_autofree char *path = g_file_read_link(link, NULL);
    struct stat running;
    struct stat named;

    /* The link itself leads to the file that runs, whatever its path has become. */
    if (!path || !g_path_is_absolute(path) || stat(link, &running) != 0 ||
        stat(path, &named) != 0 || running.st_dev != named.st_dev || running.st_ino != named.st_ino)
        return NULL;
    return g_steal_pointer(&path);
}

gboolean sr_peer_program_matches(const char *program, const char *const *names)
{
    g_autofree char *base = g_path_get_basename(program);

    for (const char *const *name = names; *name; name++)
        if (strcmp(*name, g_path_is_absolute(*name) ? program : base) == 0)
            return TRUE;
    return FALSE;
}
