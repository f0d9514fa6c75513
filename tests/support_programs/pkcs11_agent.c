/* The fake agent (support/fake_agent.h) as a process: prints its folder, ends with its input. */
#include "support/fake_agent.h"

#include <stdio.h>
#include <unistd.h>

int main(void)
{
    g_autoptr(FakeAgent) agent = fake_agent_new();
    char byte;

    puts(fake_agent_folder(agent));
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        continue;
    return 0;
}
