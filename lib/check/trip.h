/*
 * Inside of lib/check: a mail that goes out to come back to us, and the stations that it passes.
 * The first that it does not reach is where something is wrong.
 */
#pragma once

#include "check/internal.h"

typedef enum {
    MP_STATION_TAKEN,     /* the server took it */
    MP_STATION_LOGGED,    /* our Postfix logged it */
    MP_STATION_DELIVERED, /* a file in new/ */
    MP_STATION_PROCESSED, /* a run began with it */
    MP_STATION_FILED,     /* and ended it, in success/ or failure/ */
    MP_N_STATIONS,
} MpStation;

typedef struct MpTrip {
    char *address;               /* of the self-test */
    char *message_id;            /* "<…>" */
    char *header;                /* further fields, each with CRLF, or NULL */
    gint64 begun;                /* microseconds, monotonic */
    gint64 begun_at;             /* seconds since the epoch */
    gint64 times[MP_N_STATIONS]; /* microseconds from begun; -1: not seen */
    guint n_passed;              /* stations that it passed, seen or implied by a later one */

    char *refusal;    /* what the server said, where it did not take it; or NULL */
    bool is_open;     /* it did not say for good: connection refused, silence */
    char *log_file;   /* Postfix's, NULL: there is none that can be read */
    char *queue_id;   /* in it */
    char *trouble;    /* what Postfix's log says of it: a refusal, a deferral, a bounce; or NULL */
    bool is_rejected; /* it was turned away at RCPT TO */
    char *error;      /* the last line of level ERROR in our log since; or NULL */
    char *outcome, *reason, *file; /* as its line of outcomes has them; or NULL */
} MpTrip;

void mp_trip_free(MpTrip *trip);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpTrip, mp_trip_free)

/* Sends a mail with the further header fields (or NULL) and watches it until its end, or for so
 * many seconds. NULL with *error set if there can be none: no account, no keys. */
MpTrip *mp_trip_make(MpChecker *checker, const char *header, GError **error);

/* Hands it over: false, with trip->refusal, if it was not taken. */
bool mp_trip_send(MpChecker *checker, MpTrip *trip);
