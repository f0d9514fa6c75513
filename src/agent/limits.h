/* Limits of the methods, as docs/PROTOCOL.md has them. */
#pragma once

#define SR_MESSAGE_MAX 65536u   /* bytes of a free-form message */
#define SR_STORAGE_KEY_MAX 256u /* bytes */
#define SR_STORAGE_VALUE_MAX 131072u
#define SR_STORAGE_RECORDS_MAX 256u /* for each (extension, origin) */
#define SR_KEY_NAME_MAX 64u         /* characters */
