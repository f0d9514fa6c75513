/*
 * TinyCloud's services. An action and a manifest name a service by its long name, "tinycloud.kv", a
 * resource by its short one, "kv".
 */
#pragma once

#include <glib.h>

#define SR_SERVICE_ENCRYPTION "tinycloud.encryption" /* has networks instead of resources */
#define SR_SERVICE_VAULT "tinycloud.vault" /* in manifests: entries of kv below "vault/" */

/* The short name of the service @name that has resources, NULL when there is none. Static text. */
const char *sr_service_short_name(const char *name);
