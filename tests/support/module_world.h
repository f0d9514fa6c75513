/* The module, initialised, with a fake agent and its objects, called through its function list. */
#pragma once

#include "pkcs11/cryptoki_functions.h"
#include "support/fake_objects.h"

typedef struct {
    FakeAgent *agent;
    FakeObjects *objects;
    CK_FUNCTION_LIST *f;
    CK_SESSION_HANDLE accounts; /* read/write sessions, logged in */
    CK_SESSION_HANDLE keys;
    guint64 account; /* the agent's numbers of one key of each curve */
    guint64 p256;
    guint64 ed25519;
} ModuleWorld;

/* A template's attribute: a variable, a C string without its NUL. */
#define ATTRIBUTE(type, variable)                                                                  \
    {                                                                                              \
        type, &(variable), sizeof(variable)                                                        \
    }
#define TEXT_ATTRIBUTE(type, text)                                                                 \
    {                                                                                              \
        type, (CK_VOID_PTR)(guintptr)(text), sizeof(text) - 1                                      \
    }

/* Start all, with three keys and both sessions logged in; end all. */
void module_world_open(ModuleWorld *world);
void module_world_close(ModuleWorld *world);

/* Another session in @slot. */
CK_SESSION_HANDLE module_world_session(ModuleWorld *world, CK_SLOT_ID slot, CK_FLAGS flags);

/* How many objects match; the first is *ret_first (may be NULL). */
CK_ULONG module_world_find(ModuleWorld *world, CK_SESSION_HANDLE session, CK_ATTRIBUTE *template,
                           CK_ULONG count, CK_OBJECT_HANDLE *ret_first);

/* The only object of @class with the label @label. */
CK_OBJECT_HANDLE module_world_object(ModuleWorld *world, CK_SESSION_HANDLE session,
                                     CK_OBJECT_CLASS class, const char *label);

/* An attribute, which must be there. */
GBytes *module_world_get(ModuleWorld *world, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                         CK_ATTRIBUTE_TYPE type);
CK_ULONG module_world_get_number(ModuleWorld *world, CK_SESSION_HANDLE session,
                                 CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);
gboolean module_world_get_bool(ModuleWorld *world, CK_SESSION_HANDLE session,
                               CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);
char *module_world_get_text(ModuleWorld *world, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                            CK_ATTRIBUTE_TYPE type);

/* The result of asking for an attribute. */
CK_RV module_world_try(ModuleWorld *world, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                       CK_ATTRIBUTE_TYPE type);
