#include "prompt/style.h"

/* Colours that carry a meaning are fixed, all others come from the theme. */
static const char sheet[] =
    ".title { font-size: 150%; font-weight: bold; }"
    ".asker-card { background-color: alpha(currentColor, 0.06); border-radius: 10px;"
    "  padding: 12px 16px; }"
    ".page { font-family: monospace; font-size: 125%; font-weight: bold; }"
    ".quiet { color: alpha(currentColor, 0.72); }"
    ".heading { font-weight: bold; }"
    ".band { border-radius: 8px; padding: 10px 14px; }"
    ".error-band { background-color: #b3121f; color: #ffffff; font-weight: bold; }"
    ".warning-band { background-color: #fbe3a1; color: #3b2a00; }"
    ".address { font-family: monospace; }"
    ".message { font-family: monospace; font-size: 92%; background-color: transparent; }"
    ".message text, .message border { background-color: transparent; }"
    ".message-frame { border: 1px solid alpha(currentColor, 0.22); border-radius: 8px;"
    "  background-color: alpha(currentColor, 0.03); }"
    ".gutter { font-family: monospace; font-size: 92%; color: alpha(currentColor, 0.5); }"
    "scrolledwindow > scrollbar { background-color: transparent; border: none; }"
    ".cut { border-bottom: 1px solid alpha(currentColor, 0.3); margin-bottom: 10px; }"
    ".bar { border-top: 1px solid alpha(currentColor, 0.15); padding: 14px 20px; }"
    ".bar button { min-width: 96px; min-height: 32px; }"
    ".escaped { background-color: #fbe3a1; color: #3b2a00; border-radius: 8px; padding: 1px 10px;"
    "  font-size: 90%; }";

void sr_style_load(GdkDisplay *display)
{
    g_autoptr(GtkCssProvider) provider = gtk_css_provider_new();

    /* Rows at whole pixels: between them, hinting drops the dots of small letters. */
    g_object_set(gtk_settings_get_for_display(display), "gtk-hint-font-metrics", TRUE, NULL);
    gtk_css_provider_load_from_data(provider, sheet, -1);
    gtk_style_context_add_provider_for_display(display, GTK_STYLE_PROVIDER(provider),
                                               GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
}

GtkWidget *sr_style_label(const char *text, const char *style_class)
{
    PangoAttrList *attributes = pango_attr_list_new();
    GtkWidget *label = gtk_label_new(text);

    pango_attr_list_insert(attributes, pango_attr_insert_hyphens_new(FALSE));
    gtk_label_set_attributes(GTK_LABEL(label), attributes);
    pango_attr_list_unref(attributes);
    gtk_label_set_wrap(GTK_LABEL(label), TRUE);
    gtk_label_set_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_widget_set_hexpand(label, TRUE);
    if (style_class)
        gtk_widget_add_css_class(label, style_class);
    return label;
}
