/*
 * A program that uses sealring through PKCS#11: one process between C_Initialize and C_Finalize,
 * over all its connections. What it was told (its value), who it is, where it is logged in, and its
 * permits.
 *
 * The main loop decides and changes; serving threads only look up permits, which is what the lock
 * is for. Applications are shared: the service, the connections and the calls under way each hold a
 * reference.
 */
#pragma once

#include "agent/permit.h"
#include "wire/operation.h"

#include <sys/types.h>

typedef enum {
    SR_LOGIN_NONE,
    SR_LOGIN_GRANTED, /* by a grant: for the keys of the grant */
    SR_LOGIN_FULL,    /* by the user or the PIN: for all keys of the token */
} SrLogin;

typedef struct {
    int references; /* atomic */
    guint8 value[SR_APPLICATION_SIZE];
    pid_t pid;
    char *program;               /* path of the executable, or what the program says; never NULL */
    gboolean is_confirmed;       /* the kernel says so */
    guint8 tokens;               /* bit mask of those it may see */
    gboolean is_without_ed25519; /* its keys token shows no Ed25519 key */

    /* For the main loop only. */
    guint connections;
    SrLogin logins[SR_TOKENS];
    gboolean at_accounts;     /* its free login there is in the log */
    gboolean is_so;           /* the security officer is logged in at the keys token */
    guint64 context;          /* the key that C_Login with CKU_CONTEXT_SPECIFIC allowed once */
    GHashTable *remembered;   /* ids of keys the user allowed for as long as it runs */
    GHashTable *session_keys; /* numbers (guint64) of keys that die with it → SR_ENTRY_… flags */

    pthread_mutex_t lock;
    GHashTable *permits; /* number (guint64) → SrPermit; guarded by lock */
} SrApplication;

/* A new application with a value that nobody can guess. @program is copied. NULL with an error when
 * there are no random numbers. */
SrApplication *sr_application_new(pid_t pid, const char *program, gboolean is_confirmed,
                                  guint8 tokens, GError **error);

/* One more owner; one less, and the last one wipes and frees. Any thread. NULL is fine. */
SrApplication *sr_application_ref(SrApplication *application);
void sr_application_unref(SrApplication *application);

/* Whether @value is this application's, in constant time. */
gboolean sr_application_is(const SrApplication *application, SrBytes value);

/* Whether it may see @token. */
gboolean sr_application_sees(const SrApplication *application, SrToken token);

/* The permit for the object @number, a new reference, or NULL. Any thread. */
SrPermit *sr_application_permit(SrApplication *application, guint64 number);

/* Keep @permit (taken) for the object @number; one that was there is taken back, and what it
 * counted is counted on. */
void sr_application_add_permit(SrApplication *application, guint64 number, SrPermit *permit);

/* Take back the permit for @number, without a trace of what it counted. */
void sr_application_remove_permit(SrApplication *application, guint64 number);

/* Call @visit for each permit, in the main loop; those for which it returns FALSE are dropped (and
 * wiped when nobody else holds them). */
typedef gboolean (*SrPermitVisit)(SrPermit *permit, gpointer data);
void sr_application_visit_permits(SrApplication *application, SrPermitVisit visit, gpointer data);

/* Log out of @token: its keys may not be used any more. */
void sr_application_logout(SrApplication *application, SrToken token);

/* Log out everywhere and forget what was remembered. Keys of the session stay. */
void sr_application_forget(SrApplication *application);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrApplication, sr_application_unref)
