/* Inside of lib/tracker: who is told of a thread, in pages. */
#pragma once

#include "tracker/internal.h"

#define MP_SUBSCRIBERS        "subscribers" /* of a thread: the page of all, or the directory */
#define MP_SUBSCRIBERS_PAGE   100           /* lines that a page may have, before it is split */
#define MP_SUBSCRIBERS_DIGITS 8             /* of the longest id: the name of the smallest pages */
#define MP_SUBSCRIBERS_NAME   16

/* Why one account is to be told; reason NULL: not at all. */
typedef struct {
    guint64 user;
    const char *reason;
} MpSubscription;

/* Whether `user` and `others` (guint64, or NULL) all are subscribers of the thread: what most
 * replies need to know, of which each is looked for in one page. */
bool mp_read_all_subscribe(MpTree *tree, guint64 thread, guint64 user, const GArray *others,
                           bool *all, GError **error);

/* All of them, in the order of their ids: MpSubscriber, the caller's. */
GPtrArray *mp_read_subscribers(MpTree *tree, guint64 thread, GError **error);

/* Changes some (MpSubscription) in a thread that is there; who is a subscriber already is left as
 * that was unless `replaces`. *changed says whether anything did. */
bool mp_subscribers_change(MpTree *tree, guint64 thread, const GArray *wanted, bool replaces,
                           bool *changed, GError **error);

/* What the page is called at this depth: the last digits of the id. */
void mp_subscribers_page_name(char name[MP_SUBSCRIBERS_NAME], guint64 user, guint depth);

/* Whether a page in the directory `above` can be called that. */
bool mp_subscribers_is_page_name(const char *name, const char *above);
