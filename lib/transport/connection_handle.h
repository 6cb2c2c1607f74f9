/* Inside of connection.c: what a connection is, and libcurl's handle for it. */
#pragma once

#include <curl/curl.h>
#include <glib.h>

#include "transport/connection.h"

#define LONGEST_ANSWER (64 * 1024) /* octets */

struct MpConnection {
    const MpConfig *config;
    CURL *easy; /* NULL: there is no connection; a new one has a handle of its own */
    curl_socket_t socket;
    GArray *open_sockets; /* curl_socket_t: of libcurl, while it connects by several addresses */
    gsize answer_length;  /* octets that came since we said something */
    char *password;       /* or NULL */
    MpTranscript *transcript;
    GString *heard; /* what came and is not taken yet */
    GString *said;  /* what is still to go out */
    bool is_turned_away;
    bool lacks_token; /* neither file nor command gave one for the last login */
    CURLcode broken;  /* what broke it, in libcurl's terms; CURLE_OK while nothing did */
    int os_error;     /* errno of connecting */
    bool is_connected;
    char error[CURL_ERROR_SIZE];
};

/* Gives the connection a new handle that connects and logs in as is configured. False: libcurl has
 * none. */
bool mp_connection_make_handle(MpConnection *c);
