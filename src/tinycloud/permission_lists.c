#include "tinycloud/permission.h"

#define ACCOUNT "account"
#define APPLICATIONS "applications"
#define SECRETS "secrets"

/* Names of actions, as the member of a permission. */
#define ACTIONS(...)                                                                               \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

#define KV_ALL ACTIONS("get", "put", "del", "list", "metadata")

const SrPermission sr_account_permissions[] = {
    {"tinycloud.kv", ACCOUNT, "applications/", ACTIONS("get", "put", "list")},
    {"tinycloud.kv", ACCOUNT, "spaces/", ACTIONS("get", "put", "list")},
    {"tinycloud.kv", ACCOUNT, "system/bootstrap/complete", ACTIONS("get", "put")},
    {"tinycloud.delegation", ACCOUNT, "", ACTIONS("list")},
    {"tinycloud.sql", ACCOUNT, "account", ACTIONS("read", "write", "schema")},
    {"tinycloud.capabilities", ACCOUNT, "", ACTIONS("read")},
    {NULL, NULL, NULL, NULL},
};

const SrPermission sr_primary_permissions[] = {
    {"tinycloud.kv", NULL, "", KV_ALL},
    {"tinycloud.sql", NULL, "", ACTIONS("read", "write", "schema", "admin", "export")},
    {"tinycloud.duckdb", NULL, "",
     ACTIONS("read", "write", "admin", "describe", "export", "import", "execute")},
    {"tinycloud.capabilities", NULL, "", ACTIONS("read")},
    {"tinycloud.hooks", NULL, "", ACTIONS("subscribe", "register", "list", "unregister")},
    {NULL, NULL, NULL, NULL},
};

const SrPermission sr_vault_permissions[] = {
    {"tinycloud.kv", SECRETS, "vault/secrets/", KV_ALL},
    {NULL, NULL, NULL, NULL},
};

/* These are in "applications" whatever the manifest's space is. */
const SrPermission sr_standard_permissions[] = {
    {"tinycloud.kv", APPLICATIONS, "/", KV_ALL},
    {"tinycloud.sql", APPLICATIONS, "/", ACTIONS("read", "write")},
    {NULL, NULL, NULL, NULL},
};

const SrPermission sr_admin_permissions[] = {
    {"tinycloud.kv", APPLICATIONS, "/", KV_ALL},
    {"tinycloud.sql", APPLICATIONS, "/", ACTIONS("read", "write", "schema")},
    {NULL, NULL, NULL, NULL},
};

const SrPermission sr_all_permissions[] = {
    {"tinycloud.kv", APPLICATIONS, "/", KV_ALL},
    {"tinycloud.sql", APPLICATIONS, "/", ACTIONS("read", "write", "schema")},
    {"tinycloud.duckdb", APPLICATIONS, "/", ACTIONS("read", "write")},
    {NULL, NULL, NULL, NULL},
};
