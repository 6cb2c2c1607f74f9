/* What `metroplex thread` changes: the same way as mail takes. */
#pragma once

#include "site.h"

/* What the options of a subcommand say; strings are borrowed. */
typedef struct {
    const char *repository, *kind, *object, *title, *as;
    const char *file; /* FILE, "-", or NULL: standard input */
} MpThreadRequest;

bool mp_thread_open(MpSite *site, const MpThreadRequest *request, guint64 *id, GError **error);
bool mp_thread_comment(MpSite *site, guint64 id, const MpThreadRequest *request, guint64 *number,
                       GError **error);

typedef enum { MP_CLOSE, MP_REOPEN, MP_LOCK, MP_UNLOCK } MpThreadChange;

/* *changed is false where the thread was so already: that is no error. */
bool mp_thread_set(MpSite *site, guint64 id, MpThreadChange change, const char *login, bool *changed,
                   GError **error);

/* `reason` NULL unsubscribes. */
bool mp_thread_subscribe(MpSite *site, guint64 id, const char *login, const char *reason, GError **error);
