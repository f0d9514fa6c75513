/*
 * sealring, as it is started: prints a token that is at hand, and leaves everything else to
 * sealring-cli. Scripts ask for tokens often, and loading the libraries of the whole command line
 * takes longer than the answer.
 */
#include "front/token_at_hand.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define PROGRAM "sealring-cli"
#define EXIT_UNAVAILABLE 4

/* "token" or "token ID", without options. */
static bool is_quick(int argc, char *const *argv)
{
    return (argc == 2 || argc == 3) && strcmp(argv[1], "token") == 0 &&
           (argc == 2 || argv[2][0] != '-');
}

/* The program beside this one (a build folder), else where it is installed. */
static void run_cli(char *const *argv)
{
    char path[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path - sizeof PROGRAM);
    char *slash;

    if (length > 0) {
        path[length] = '\0';
        slash = strrchr(path, '/');
        memcpy(slash ? slash + 1 : path, PROGRAM, sizeof PROGRAM);
        execv(path, argv);
    }
    execv(SR_LIBEXECDIR "/" PROGRAM, argv);
}

int main(int argc, char **argv)
{
    static const struct rlimit no_core = {0, 0};

    setrlimit(RLIMIT_CORE, &no_core);
    if (is_quick(argc, argv) && sr_token_at_hand_print(argv[2]))
        return 0;
    run_cli(argv);
    fprintf(stderr, "sealring: " PROGRAM " is not installed beside this program: %s\n",
            strerror(errno));
    return EXIT_UNAVAILABLE;
}
