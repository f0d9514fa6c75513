#include "support/template_builder.h"

const CK_BYTE params_p256[10] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
const CK_BYTE params_secp256k1[7] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a};
const CK_BYTE params_p384[7] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
const CK_BYTE params_ed25519[5] = {0x06, 0x03, 0x2b, 0x65, 0x70};

void template_add(Template *template, CK_ATTRIBUTE_TYPE type, gconstpointer value, gsize size)
{
    g_assert_cmpuint(template->count, <, G_N_ELEMENTS(template->attributes));
    template->attributes[template->count++] =
        (CK_ATTRIBUTE){type, (CK_VOID_PTR)(guintptr)value, size};
}

void template_add_bool(Template *template, CK_ATTRIBUTE_TYPE type, gboolean value)
{
    static const CK_BBOOL flags[2] = {CK_FALSE, CK_TRUE};

    template_add(template, type, &flags[value ? 1 : 0], sizeof flags[0]);
}

void template_add_text(Template *template, CK_ATTRIBUTE_TYPE type, const char *text)
{
    template_add(template, type, text, strlen(text));
}

void template_add_number(Template *template, CK_ATTRIBUTE_TYPE type, CK_ULONG number)
{
    static CK_ULONG numbers[64];
    static gsize count;
    gsize i = 0;

    while (i < count && numbers[i] != number)
        i++;
    g_assert_cmpuint(i, <, G_N_ELEMENTS(numbers));
    if (i == count)
        numbers[count++] = number;
    template_add(template, type, &numbers[i], sizeof numbers[i]);
}

CK_RV template_create(const Template *template, ModuleWorld *world, CK_SESSION_HANDLE session,
                      CK_OBJECT_HANDLE *ret_object)
{
    Template copy = *template;

    return world->f->C_CreateObject(session, copy.attributes, copy.count, ret_object);
}

void template_check_rules(const TemplateRule *rules, gsize count, Template (*make)(void))
{
    ModuleWorld world;

    module_world_open(&world);
    for (gsize i = 0; i < count; i++) {
        Template template = make();
        CK_OBJECT_HANDLE object;

        g_test_message("rule %zu: attribute 0x%lx", i, rules[i].type);
        template_add(&template, rules[i].type, rules[i].value, rules[i].size);
        g_assert_cmphex(template_create(&template, &world, world.keys, &object), ==,
                        rules[i].result);
    }
    module_world_close(&world);
}
