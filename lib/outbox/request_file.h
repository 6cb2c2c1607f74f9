/*
 * What an administrator asks of an event, as a file: outbox/requests/KEY, with one line for each
 * request, "WORD" or "WORD\tUSER\tUSER…". Who writes or removes one has the lock of the changes.
 *
 * Shared by the files of lib/outbox; nobody else includes it.
 */
#pragma once

#include "outbox/outbox.h"

/* What no KEY can be: */
#define MP_REQUEST_HOLD_ALL "+hold"
#define MP_REQUEST_LOOK     "+look"

typedef struct {
    MpChange change;
    GArray *users; /* guint64; none: everybody */
} MpRequest;

/* True also where it cannot be looked at: it may be there. */
bool mp_request_is_there(const MpOutbox *outbox, const char *name);

/* MpRequest, in their order; what is no request is none. NULL with *error set where there may be
 * some that cannot be read. */
GArray *mp_requests_read(const MpOutbox *outbox, const char *key, GError **error);

/* Behind those that are there, and synced. users: guint64, or NULL for everybody. */
bool mp_request_write(MpOutbox *outbox, const char *name, MpChange change, const GArray *users,
                      GError **error);

/* All of that name, and synced; true also where there is none. */
bool mp_request_withdraw(MpOutbox *outbox, const char *name, GError **error);
