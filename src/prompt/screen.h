/* How much room a prompt may take. */
#pragma once

#include <gtk/gtk.h>

/* Width and height in pixels for a window on the smallest monitor of @display: comfortable, and
 * never more than fits beside a panel and a title bar. */
void sr_screen_size(GdkDisplay *display, int *ret_width, int *ret_height);
