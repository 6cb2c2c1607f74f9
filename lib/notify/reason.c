/* Why somebody is told, in the words that GitHub's mails use. */
#include "notify/internal.h"

#include <string.h>

/* clang-format off */
static const MpReason reasons[] = {
    {"author", "Author", true,
     {"You are receiving this because you authored the thread.",
      "Vous recevez ce message parce que vous avez ouvert cette discussion."}},
    {"mention", "Mention", true,
     {"You are receiving this because you were mentioned.",
      "Vous recevez ce message parce que votre nom a été mentionné."}},
    {"comment", "Comment", true,
     {"You are receiving this because you commented.",
      "Vous recevez ce message parce que vous avez commenté."}},
    {"assign", "Assign", true,
     {"You are receiving this because you were assigned.",
      "Vous recevez ce message parce que cette discussion vous a été attribuée."}},
    {"cc", "Cc", false,
     {"You are receiving this because a member sent you a copy.",
      "Vous recevez ce message parce qu’un membre vous a mis en copie."}},
    {"your_activity", "Your activity", true,
     {"You are receiving this because you asked to be told of your own activity.",
      "Vous recevez ce message parce que vous avez demandé à recevoir vos propres activités."}},
    {"subscribed", "Subscribed", false,
     {"You are receiving this because you are watching this repository.",
      "Vous recevez ce message parce que vous suivez ce dépôt."}},
    {"manual", "Manual", false,
     {"You are receiving this because you are subscribed to this thread.",
      "Vous recevez ce message parce que vous suivez cette discussion."}},
};
/* clang-format on */

const MpReason *
mp_reason_find(const char *word)
{
    for (gsize i = 0; i < G_N_ELEMENTS(reasons); i++)
        if (strcmp(reasons[i].word, word) == 0)
            return &reasons[i];
    return &reasons[G_N_ELEMENTS(reasons) - 1];
}

guint
mp_reason_number(const MpReason *reason)
{
    return (guint)(reason - reasons);
}
