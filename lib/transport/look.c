/* A second look at the port, the other way round; see connection.h. */
#include <curl/curl.h>

#include "transport/connection.h"

#define MOST_SECONDS 10 /* to connect, and for each answer */

static bool
has_tls_begun(const MpSymptoms *s)
{
    return s->asked != MP_ASKED_NOTHING || s->code != 0 ||
           s->curl == CURLE_PEER_FAILED_VERIFICATION;
}

MpListener
mp_connection_look(const MpConfig *config)
{
    MpConfig other = *config; /* what it points to stays the first one's */
    MpConnection *connection;
    MpListener listener = MP_LISTENER_UNKNOWN;
    bool is_open;

    other.tls = config->tls == MP_TLS_IMPLICIT ? MP_TLS_NONE : MP_TLS_IMPLICIT;
    other.authentication = MP_AUTH_NONE;
    /* To libcurl a handshake that hangs is a connection that does not come about. */
    other.reply_timeout = MIN(config->reply_timeout, MOST_SECONDS);
    other.connect_timeout = MIN(config->connect_timeout, other.reply_timeout);
    connection = mp_connection_new(&other, NULL);
    if (connection == NULL)
        return MP_LISTENER_UNKNOWN;
    is_open = mp_connection_open(connection);
    const MpSymptoms symptoms = mp_connection_symptoms(connection);
    if (other.tls == MP_TLS_NONE && (is_open || symptoms.asked != MP_ASKED_NOTHING))
        listener = MP_LISTENER_CLEAR_TEXT;
    else if (other.tls == MP_TLS_IMPLICIT && (is_open || has_tls_begun(&symptoms)))
        listener = MP_LISTENER_TLS;
    mp_connection_quit(connection);
    mp_connection_free(connection);
    return listener;
}
