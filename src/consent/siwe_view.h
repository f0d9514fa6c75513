/*
 * A sign-in message as a person sees it: the question, what is granted in plain words, who gets it,
 * until when, warnings, and the full text.
 */
#pragma once

#include "consent/model.h"
#include "ethereum/recap.h"
#include "ethereum/siwe.h"

/* The question for the model's title: "Sign in to app.example.com?". Owned by the caller. */
char *sr_siwe_view_title(const SrSiwe *siwe, const SrRecap *recap);

/*
 * Add everything about the message to @model. @recap may be NULL. @now: microseconds since 1970,
 * for "in 7 days" and warnings. @message: the bytes that @siwe was parsed from.
 */
void sr_siwe_view_add(SrConsentModel *model, const SrSiwe *siwe, const SrRecap *recap,
                      const char *message, gsize size, gint64 now);

/*
 * What a grant remembers of it, one line: "sign-in to app.example.com for did:key:…, 3
 * permissions". Owned by the caller.
 */
char *sr_siwe_view_summary(const SrSiwe *siwe, const SrRecap *recap);

/* A point in time for people: "4 December 2026, 11:33 UTC". Owned by the caller. */
char *sr_date_text(gint64 seconds);

/* A length of time for people: "7 days", "3 hours", "20 minutes". Owned by the caller. */
char *sr_duration_text(gint64 seconds);
