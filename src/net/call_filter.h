/*
 * The system calls that sealring-net may make, as a filter of the kernel (seccomp). Written by hand
 * for x86_64 and aarch64; on other machines, and where the kernel has no filters, there is none.
 * No new privileges must be set before (PR_SET_NO_NEW_PRIVS).
 */
#pragma once

#include <glib.h>

/*
 * For an exchange: everything that libcurl, OpenSSL and the resolver of libc do, but no new
 * program or process, no look into others, no change to a file, and no socket other than of the
 * internet and netlink: above all none to the agent or the session bus. What is refused fails with
 * EPERM. FALSE with errno when the kernel has filters and does not take this one.
 */
gboolean sr_call_filter_exchange(void);

/*
 * For the redirect: only what the loop over the bound socket needs. Anything else ends the process.
 * FALSE as above.
 */
gboolean sr_call_filter_listen(void);
