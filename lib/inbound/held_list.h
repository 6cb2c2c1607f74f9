/* What members are told of mail that is held. Nobody else includes it. */
#pragma once

#include "inbound/inbound.h"

/* A line of the list, of a mail that is held: its repository, whence it comes, its subject; and who
 * gets it (guint64). */
typedef struct {
    GArray *members;
    char *line;
} MpWaiting;

void mp_waiting_free(MpWaiting *waiting);

/* The line of this mail: of From the domain only, and nothing of the text. */
MpWaiting *mp_waiting_new(const MpDelivery *delivery);

/* Tells each member of the repositories, once a day, what waits there (MpWaiting): as responses are
 * given, with a record first. Takes the lock, and asks the remotes, only if there is somebody. */
bool mp_inbound_tell_waiting(MpInbound *inbound, const GPtrArray *waiting, GError **error);
