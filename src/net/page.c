#include "net/page.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    SrLoopbackStatus status;
    const char *reason;
    const char *title;
    const char *text;
} Page;

static const Page pages[] = {
    {SR_LOOPBACK_REDIRECT, "OK", "You can close this window",
     "sealring has received the answer. Go on in the program that asked you to log in."},
    {SR_LOOPBACK_NOT_FOUND, "Not Found", "Nothing is here",
     "sealring waits at this address for the answer to a login, but not on this page."},
    {SR_LOOPBACK_NOT_GET, "Method Not Allowed\r\nAllow: GET", "Not understood",
     "sealring waits at this address for the answer to a login, and this is none."},
    {SR_LOOPBACK_TOO_LONG, "Request Header Fields Too Large", "Too long",
     "The answer is longer than sealring accepts. Start the login again."},
    {SR_LOOPBACK_MALFORMED, "Bad Request", "Not understood",
     "sealring waits at this address for the answer to a login, and this is none."},
};

static const char html[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width\"><title>sealring: %s</title>\n"
    "<style>:root{color-scheme:light dark}"
    "body{font:1.1rem/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;"
    "place-content:center;background:#f4f4f1;color:#222}"
    "main{max-width:26rem;margin:1rem;padding:1.5rem 2rem;border-radius:.6rem;background:#fff;"
    "border-top:.3rem solid #2a7a5e}h1{font-size:1.4rem;margin:0 0 .5rem}p{margin:0}"
    "@media(prefers-color-scheme:dark){body{background:#1b1c1d;color:#ddd}"
    "main{background:#27292b}}</style>\n<main><h1>%s</h1><p>%s</p></main></html>\n";

static const char head[] = "HTTP/1.1 %u %s\r\n"
                           "Content-Type: text/html; charset=utf-8\r\n"
                           "Content-Length: %d\r\n"
                           "Connection: close\r\n"
                           "Cache-Control: no-store\r\n"
                           "Referrer-Policy: no-referrer\r\n"
                           "X-Content-Type-Options: nosniff\r\n"
                           "X-Frame-Options: DENY\r\n"
                           "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline';"
                           " base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\r\n";

/* The last one for whatever is not in the table. */
static const Page *find_page(SrLoopbackStatus status)
{
    const Page *page = pages;

    while (page->status != status && page < pages + G_N_ELEMENTS(pages) - 1)
        page++;
    return page;
}

gsize sr_page_write(SrLoopbackStatus status, char *buffer)
{
    const Page *page = find_page(status);
    const int body = snprintf(NULL, 0, html, page->title, page->title, page->text);
    const int length = snprintf(buffer, SR_PAGE_MAX, head, (guint)page->status, page->reason, body);

    snprintf(buffer + length, SR_PAGE_MAX - (gsize)length, html, page->title, page->title,
             page->text);
    return (gsize)length + (gsize)body;
}
