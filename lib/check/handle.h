/* Inside of lib/check: libcurl's handle for one look at an SMTP server. */
#pragma once

#include <curl/curl.h>

/*
 * For `url`, by no proxy, for so many seconds at most. Why it failed comes into `why`, of
 * CURL_ERROR_SIZE octets, as long as the handle is there. NULL if libcurl cannot begin; the
 * caller's, for curl_easy_cleanup().
 */
CURL *mp_check_handle(const char *url, long seconds, char *why);
