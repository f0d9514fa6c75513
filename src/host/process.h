/* Putting the host's process in order before it does anything else. */
#pragma once

/*
 * Standard streams open, every other inherited descriptor closed, SIGPIPE ignored, umask 077, no
 * core dumps. The browser's pipes move to descriptors of their own (non-blocking, close-on-exec),
 * and descriptors 0 and 1 are pointed away from them, so that nothing but the relay can write to
 * the browser. Returns 0, or -errno.
 */
int sr_process_prepare(int *ret_from_browser, int *ret_to_browser);
