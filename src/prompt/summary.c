#include "prompt/summary.h"

#include "prompt/style.h"

#include <string.h>

#define FACT_NAME_MAX 24
#define GRANTS_HEADING "This allows"

/* A label in @box for each entry of @kind. */
static void add_labels(GtkBox *box, const SrConsentModel *model, SrConsentKind kind,
                       const char *style_class)
{
    const GPtrArray *entries = sr_consent_model_entries(model);

    for (guint i = 0; i < entries->len; i++) {
        const SrConsentEntry *entry = g_ptr_array_index(entries, i);
        GtkWidget *label;

        if (entry->kind != kind)
            continue;
        label = sr_style_label(entry->text, style_class);
        if (kind == SR_CONSENT_PAGE) /* a break after "https://" would leave that alone */
            gtk_label_set_wrap_mode(GTK_LABEL(label), PANGO_WRAP_CHAR);
        gtk_box_append(box, label);
    }
}

/* A coloured band with the entries of @kind, if there are any. */
static void add_band(GtkBox *box, const SrConsentModel *model, SrConsentKind kind,
                     const char *style_class)
{
    GtkWidget *band;

    if (!sr_consent_model_first(model, kind))
        return;
    band = g_object_new(GTK_TYPE_BOX, "orientation", GTK_ORIENTATION_VERTICAL, "spacing", 6,
                        "accessible-role", GTK_ACCESSIBLE_ROLE_ALERT, NULL);
    gtk_widget_add_css_class(band, "band");
    gtk_widget_add_css_class(band, style_class);
    add_labels(GTK_BOX(band), model, kind, NULL);
    gtk_box_append(box, band);
}

/* The page is what matters most; without one (a program asks) it is the asker. */
static void add_asker(GtkBox *box, const SrConsentModel *model)
{
    const gboolean has_page = sr_consent_model_first(model, SR_CONSENT_PAGE) != NULL;
    GtkWidget *card;

    if (!has_page && !sr_consent_model_first(model, SR_CONSENT_ASKER))
        return;
    card = gtk_box_new(GTK_ORIENTATION_VERTICAL, 4);
    gtk_widget_add_css_class(card, "asker-card");
    gtk_box_append(GTK_BOX(card), sr_style_label("Asked by", "quiet"));
    add_labels(GTK_BOX(card), model, SR_CONSENT_PAGE, "page");
    add_labels(GTK_BOX(card), model, SR_CONSENT_ASKER, has_page ? "quiet" : "page");
    gtk_box_append(box, card);
}

/* One row of @grid: @name beside @value, or @value alone when there is no name. */
static void attach_row(GtkGrid *grid, int row, const char *name, const char *value,
                       const char *style_class)
{
    GtkWidget *right = sr_style_label(value, style_class);
    GtkWidget *left;

    if (!name) {
        gtk_grid_attach(grid, right, 0, row, 2, 1);
        return;
    }
    left = sr_style_label(name, "quiet");
    gtk_widget_set_hexpand(left, FALSE);
    gtk_label_set_wrap(GTK_LABEL(left), FALSE);
    gtk_widget_set_valign(left, GTK_ALIGN_START);
    gtk_grid_attach(grid, left, 0, row, 1, 1);
    gtk_grid_attach(grid, right, 1, row, 1, 1);
}

/* A fact is "Name: value"; without a short name in front it takes the whole row. */
static void attach_fact(GtkGrid *grid, int row, const char *fact)
{
    const char *colon = strstr(fact, ": ");
    g_autofree char *name = NULL;

    if (!colon || colon - fact > FACT_NAME_MAX) {
        attach_row(grid, row, NULL, fact, NULL);
        return;
    }
    name = g_strndup(fact, (gsize)(colon - fact));
    attach_row(grid, row, name, colon + 2, NULL);
}

static void add_facts(GtkBox *box, const SrConsentModel *model)
{
    const GPtrArray *entries = sr_consent_model_entries(model);
    GtkWidget *grid = gtk_grid_new();
    int row = 0;

    gtk_grid_set_column_spacing(GTK_GRID(grid), 20);
    gtk_grid_set_row_spacing(GTK_GRID(grid), 5);
    gtk_box_append(box, grid);
    for (guint i = 0; i < entries->len; i++) {
        const SrConsentEntry *entry = g_ptr_array_index(entries, i);

        if (entry->kind == SR_CONSENT_KEY)
            attach_row(GTK_GRID(grid), row++, "Key", entry->text, "address");
        else if (entry->kind == SR_CONSENT_FACT)
            attach_fact(GTK_GRID(grid), row++, entry->text);
    }
    gtk_widget_set_visible(grid, row > 0);
}

static void add_grants(GtkBox *box, const SrConsentModel *model)
{
    const GPtrArray *entries = sr_consent_model_entries(model);
    GtkWidget *list;

    if (!sr_consent_model_first(model, SR_CONSENT_GRANT))
        return;
    gtk_box_append(box, sr_style_label(GRANTS_HEADING, "heading"));
    list = g_object_new(GTK_TYPE_BOX, "orientation", GTK_ORIENTATION_VERTICAL, "spacing", 5,
                        "accessible-role", GTK_ACCESSIBLE_ROLE_LIST, NULL);
    gtk_accessible_update_property(GTK_ACCESSIBLE(list), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   GRANTS_HEADING, -1);
    for (guint i = 0; i < entries->len; i++) {
        const SrConsentEntry *entry = g_ptr_array_index(entries, i);
        GtkWidget *bullet;
        GtkWidget *item;

        if (entry->kind != SR_CONSENT_GRANT)
            continue;
        item = g_object_new(GTK_TYPE_BOX, "spacing", 8, "accessible-role",
                            GTK_ACCESSIBLE_ROLE_LIST_ITEM, NULL);
        bullet = sr_style_label("•", "quiet");
        gtk_widget_set_hexpand(bullet, FALSE);
        gtk_widget_set_valign(bullet, GTK_ALIGN_START);
        gtk_box_append(GTK_BOX(item), bullet);
        gtk_box_append(GTK_BOX(item), sr_style_label(entry->text, NULL));
        gtk_box_append(GTK_BOX(list), item);
    }
    gtk_box_append(box, list);
}

GtkWidget *sr_summary_new(const SrConsentModel *model)
{
    GtkWidget *summary = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
    GtkBox *box = GTK_BOX(summary);

    gtk_widget_set_margin_start(summary, SR_STYLE_MARGIN);
    gtk_widget_set_margin_end(summary, SR_STYLE_MARGIN);
    gtk_widget_set_margin_top(summary, SR_STYLE_MARGIN);
    gtk_widget_set_margin_bottom(summary, SR_STYLE_MARGIN - 4);
    add_band(box, model, SR_CONSENT_ERROR, "error-band");
    add_labels(box, model, SR_CONSENT_TITLE, "title");
    add_asker(box, model);
    add_band(box, model, SR_CONSENT_WARNING, "warning-band");
    add_facts(box, model);
    add_grants(box, model);
    return summary;
}
