#include "prompt/screen.h"

#define WIDTH 620
#define HEIGHT 700
#define RESERVED_WIDTH 40  /* a dock at the side */
#define RESERVED_HEIGHT 64 /* a panel and a title bar */
#define SMALLEST 240

void sr_screen_size(GdkDisplay *display, int *ret_width, int *ret_height)
{
    GListModel *monitors = gdk_display_get_monitors(display);
    const guint count = g_list_model_get_n_items(monitors);

    *ret_width = WIDTH;
    *ret_height = HEIGHT;
    for (guint i = 0; i < count; i++) {
        g_autoptr(GdkMonitor) monitor = g_list_model_get_item(monitors, i);
        GdkRectangle area;

        gdk_monitor_get_geometry(monitor, &area);
        *ret_width = MIN(*ret_width, MAX(area.width - RESERVED_WIDTH, SMALLEST));
        *ret_height = MIN(*ret_height, MAX(area.height - RESERVED_HEIGHT, SMALLEST));
    }
}
