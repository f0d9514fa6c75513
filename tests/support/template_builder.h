/* Templates for the module, attribute by attribute. Values are borrowed. */
#pragma once

#include "support/module_world.h"

typedef struct {
    CK_ATTRIBUTE attributes[24];
    CK_ULONG count;
} Template;

/* CKA_EC_PARAMS: OIDs. */
extern const CK_BYTE params_p256[10];
extern const CK_BYTE params_secp256k1[7];
extern const CK_BYTE params_p384[7];
extern const CK_BYTE params_ed25519[5];

/* Append an attribute; a CK_BBOOL; a C string without its NUL; a CK_ULONG (kept in a table: few
 * different ones are). */
void template_add(Template *template, CK_ATTRIBUTE_TYPE type, gconstpointer value, gsize size);
void template_add_bool(Template *template, CK_ATTRIBUTE_TYPE type, gboolean value);
void template_add_text(Template *template, CK_ATTRIBUTE_TYPE type, const char *text);
void template_add_number(Template *template, CK_ATTRIBUTE_TYPE type, CK_ULONG number);

/* C_CreateObject. */
CK_RV template_create(const Template *template, ModuleWorld *world, CK_SESSION_HANDLE session,
                      CK_OBJECT_HANDLE *ret_object);

/* One attribute more, and what C_CreateObject then says in a session of the keys' token. */
typedef struct {
    CK_ATTRIBUTE_TYPE type;
    gconstpointer value;
    gsize size;
    CK_RV result;
} TemplateRule;

/* Check rules for the template that @make makes. */
void template_check_rules(const TemplateRule *rules, gsize count, Template (*make)(void));
