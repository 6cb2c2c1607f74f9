/*
 * Attachments of a mail: which are stored with the comment, under which name, where the comment
 * links them, and how it names those that are not stored.
 *
 * What the text refers to (an image of the HTML by its Content-ID, "[image: shot.png]", "[cid:…]")
 * is linked where it stood. What only the part that was cut refers to is neither stored nor named:
 * pictures in the quote were sent to this thread before, and the logo of a signature says nothing.
 * Everything else is named below the text.
 */
#pragma once

#include "extraction.h"
#include "tracker/tracker.h"

typedef struct {
    char *body;        /* the reply with its links */
    GPtrArray *stored; /* MpNewAttachment, names made safe and unique */
    GPtrArray
        *fates; /* char *: of each attachment of the message, what becomes of it, for people */
} MpPlacement;

void mp_placement_free(MpPlacement *placement);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpPlacement, mp_placement_free)

/* Of a message and of what was extracted from it; the body is "" where nothing was written and
 * nothing is stored. */
MpPlacement *mp_attachments_place(const MpMessage *message, const MpExtraction *extraction);

/* ---- attachment_links.c: references to attachments in a text ---- */

/*
 * The attachment that the text at `p` refers to, or -1, and into *length the bytes of the
 * reference. `is_taken` (one for each attachment) tells those of equal names apart: the first that
 * is not taken is meant. *by_id: by its Content-ID, not by its name.
 */
int mp_attachment_reference(const GPtrArray *attachments, const bool *is_taken, const char *p,
                            gsize *length, bool *by_id);

/* A Markdown link to a stored attachment, an image shown; or why it is not stored. */
void mp_attachment_append_link(GString *text, const MpAttachment *attachment, const char *name);
void mp_attachment_append_refusal(GString *text, const MpAttachment *attachment, const char *name,
                                  const char *why);
