/*
 * Attachments of a mail: which are stored with the comment, under which name, and how the comment
 * names those that are not.
 */
#pragma once

#include "message/message.h"
#include "tracker/tracker.h"

/*
 * Of a message's attachments those that may be stored (MpNewAttachment, names made safe and
 * unique), and into *text the Markdown lines that name every one, stored or not; "" if there are
 * none. Both are the caller's.
 */
GPtrArray *mp_attachments_choose(const MpMessage *message, char **text);
