/* Why somebody is told, in the words that GitHub's mails use. */
#include "notify/internal.h"

#include <string.h>

static const MpReason reasons[] = {
    {"author", "Author", "you authored the thread"},
    {"mention", "Mention", "you were mentioned"},
    {"comment", "Comment", "you commented"},
    {"manual", "Manual", "you are subscribed to this thread"},
    {"subscribed", "Subscribed", "you are watching this repository"},
};

static const MpReason unknown = {"manual", "Manual", "you are subscribed to this thread"};

const MpReason *
mp_reason_find(const char *word)
{
    for (gsize i = 0; i < G_N_ELEMENTS(reasons); i++)
        if (strcmp(reasons[i].word, word) == 0)
            return &reasons[i];
    return &unknown;
}
