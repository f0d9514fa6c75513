/* What a person is told when there was no answer. */
#pragma once

#include <curl/curl.h>

/*
 * What failed, in words that name no part of the request. @verification is
 * CURLINFO_SSL_VERIFYRESULT. Static text.
 */
const char *sr_problem_text(CURLcode code, long verification);
