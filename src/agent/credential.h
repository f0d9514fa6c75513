/*
 * Unlocking the vault without a person: $CREDENTIALS_DIRECTORY/sealring-passphrase, which systemd
 * fills from LoadCredential= or LoadCredentialEncrypted= (systemd.exec(5), "Credentials").
 */
#pragma once

#include "agent/agent.h"

/* Unlock the store with the credential, in the background, if there is one. */
void sr_credential_unlock(SrAgent *agent);
