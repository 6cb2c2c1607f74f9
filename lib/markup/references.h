/* What people write in prose to name something that has a page: "@tim", "#17", "acme/rocket#17", a
 * commit. Whether there is such a thing is the reader's to say. */
#pragma once

#include "markup/markdown.h"

typedef struct {
    MpReferenceKind kind;
    const char *start; /* all of it, "@" and all */
    gsize length;
    char *written; /* what a host is asked for */
} MpReference;

/* The first at `from` or behind it, in a text that begins at `text`; false if there is none.
 * `reference->written` is the caller's. Looks at no octet more than a few times. */
bool mp_reference_next(const char *text, const char *from, MpReference *reference);
