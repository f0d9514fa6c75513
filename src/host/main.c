/*
 * sealring-host: what a browser starts for native messaging. It moves frames between the browser
 * and the agent, and neither reads nor keeps what is in them.
 */
#include "host/agent_link.h"
#include "host/browser.h"
#include "host/process.h"
#include "host/relay.h"

#include <stdio.h>
#include <string.h>

#define EXIT_USAGE 2

static const char usage[] =
    "usage: sealring-host chrome-extension://ID/       (started by Chromium and its relatives)\n"
    "       sealring-host /PATH/MANIFEST.json ADD-ON   (started by Firefox)\n"
    "       sealring-host --version | --help\n"
    "\n"
    "Browsers start this program to reach sealring-agent; people use \"sealring\".\n";

/* Answers for a person; -1 when it is not a person who asks. */
static int answer_person(int argc, char *const *argv)
{
    if (argc != 2)
        return -1;
    if (strcmp(argv[1], "--version") == 0)
        return puts("sealring-host " SR_VERSION) < 0;
    if (strcmp(argv[1], "--help") == 0)
        return fputs(usage, stdout) < 0;
    return -1;
}

int main(int argc, char **argv)
{
    SrBrowser browser;
    SrAgentLink link;
    int from_browser;
    int to_browser;
    const int answered = answer_person(argc, argv);

    if (answered >= 0)
        return answered;
    if (!sr_browser_read(argc, argv, &browser)) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (sr_process_prepare(&from_browser, &to_browser) != 0) {
        perror("sealring-host: cannot set up the standard streams");
        return SR_RELAY_FAILED;
    }
    sr_agent_link_init(&link, &browser);
    return (int)sr_relay_run(&link, from_browser, to_browser);
}
