/* A parsed sign-in message as JSON: the result of siwe.parse, and of the CLI's checks. */
#pragma once

#include "base/json.h"
#include "ethereum/recap.h"
#include "ethereum/siwe.h"

/* The fields that are there, by their names in PROTOCOL.md, as text; a new object. */
SrJson *sr_siwe_fields_json(const SrSiwe *siwe);

/* The names of the oddities, a new array. */
SrJson *sr_siwe_oddities_json(const SrSiwe *siwe);

/* {"groups":[{"resource","namespace","abilities"}],"proofs"}, or NULL (JSON null) without ReCap. */
SrJson *sr_recap_json(const SrRecap *recap);
