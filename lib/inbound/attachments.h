/*
 * Attachments of a mail: which are stored with the comment, under which name, where the comment
 * links them, and how it names those that are not stored.
 *
 * An attachment that the text refers to (an image of the HTML by its Content-ID, "[image:
 * shot.png]", "[cid:…]") is linked where it stood. What only the part that was cut refers to is
 * neither stored nor named: pictures in the quote were sent to this thread before, and the logo of
 * a signature says nothing. Everything else is named below the text.
 */
#pragma once

#include "inbound/extraction.h"
#include "tracker/tracker.h"

typedef struct {
    char *body;        /* the reply with its links */
    GPtrArray *stored; /* MpNewAttachment: 1.png, 2.txt, … with the names as sent */
    GPtrArray
        *fates; /* char *: of each attachment of the message, what becomes of it, for people */
} MpPlacement;

void mp_placement_free(MpPlacement *placement);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpPlacement, mp_placement_free)

/* Of a message and of what was extracted from it, of which `reply` is what is to be posted; the
 * body is "" where nothing was written and nothing is stored. */
MpPlacement *
mp_attachments_place(const MpMessage *message, const MpExtraction *extraction, const char *reply);

/* ---- attachment_links.c: references to attachments in a text ---- */

/* The attachments that a text may refer to: the attachments of one mail by Content-ID and by name.
 */
typedef struct MpReferences MpReferences;

MpReferences *mp_references_new(const GPtrArray *attachments);
void mp_references_free(MpReferences *references);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpReferences, mp_references_free)

/*
 * The attachment that the text at `p` refers to, or -1, and into *length the bytes of the
 * reference. `is_taken` (one for each attachment, never taken back) tells those of equal names
 * apart: the first that is not taken is meant. *by_id: by its Content-ID, not by its name.
 *
 * Asked at every place of a text, it looks at no octet more than a few times: of brackets within
 * brackets only the inner ones refer to anything.
 */
int mp_attachment_reference(MpReferences *references, const bool *is_taken, const char *p,
                            gsize *length, bool *by_id);

/* The bytes of "![alt](cid:ID)" at `p`, 0 if it stands not there; *alt of them are alt. */
gsize mp_attachment_image(const char *p, gsize *alt);

/* A Markdown link to a stored attachment, an image shown; or why it is not stored. */
void mp_attachment_append_link(GString *text, const MpNewAttachment *attachment);
void mp_attachment_append_refusal(GString *text, const MpAttachment *attachment, const char *name,
                                  const char *why);
