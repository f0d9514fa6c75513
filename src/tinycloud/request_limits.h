/* How large what an application asks for may be; more is refused, never cut. */
#pragma once

#define SR_REQUEST_MANIFESTS_MAX 16u
#define SR_REQUEST_PERMISSIONS_MAX 256u /* of all manifests, or resources of a composed request */
#define SR_REQUEST_ACTIONS_MAX 64u      /* of one permission */
#define SR_REQUEST_ACTION_TEXT_MAX 128u /* bytes of one action; paths and spaces: see space.h */
#define SR_REQUEST_TEXT_MAX 1024u       /* bytes of a name, a description, a URL */
