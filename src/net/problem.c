#include "net/problem.h"

#include <glib.h>

typedef struct {
    long number;
    const char *text;
} Problem;

static const Problem problems[] = {
    {CURLE_COULDNT_RESOLVE_PROXY, "the name of the proxy cannot be resolved"},
    {CURLE_COULDNT_RESOLVE_HOST, "the name of the server cannot be resolved"},
    {CURLE_COULDNT_CONNECT, "cannot connect to the server"},
    {CURLE_OPERATION_TIMEDOUT, "the server does not answer in time"},
    {CURLE_SSL_CONNECT_ERROR, "no secure connection (TLS 1.2 or newer) with the server"},
    {CURLE_SSL_CACERT_BADFILE, "the file of CA certificates cannot be read"},
    {CURLE_GOT_NOTHING, "the server closed the connection without an answer"},
    {CURLE_SEND_ERROR, "the connection broke while the request was sent"},
    {CURLE_RECV_ERROR, "the connection broke before the answer was complete"},
    {CURLE_PARTIAL_FILE, "the answer was cut off"},
    {CURLE_FILESIZE_EXCEEDED, "the answer is too large"},
    {CURLE_PROXY, "the proxy refused the connection"},
};

/* Numbers of OpenSSL's X509_V_ERR_…, which are stable. */
static const Problem certificate_problems[] = {
    /* Its names are looked at before its chain is asked for; libcurl's number for that is 1. */
    {0, "the certificate is for another server"},
    {1, "the certificate is for another server"},
    {9, "the certificate is not valid yet; check the clock"},
    {10, "the certificate has expired; check the clock"},
    {18, "the certificate is self-signed; name its CA file if you trust it"},
    {19, "the certificate is from an unknown CA; name its CA file if you trust it"},
    {20, "the certificate is from an unknown CA; name its CA file if you trust it"},
};

static const char *find(const Problem *table, gsize rows, long number, const char *otherwise)
{
    for (gsize i = 0; i < rows; i++)
        if (table[i].number == number)
            return table[i].text;
    return otherwise;
}

const char *sr_problem_text(CURLcode code, long verification)
{
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        return find(certificate_problems, G_N_ELEMENTS(certificate_problems), verification,
                    "the certificate is not accepted");
    return find(problems, G_N_ELEMENTS(problems), (long)code, curl_easy_strerror(code));
}
