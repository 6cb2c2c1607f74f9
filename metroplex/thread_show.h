/* What `metroplex thread` shows. */
#pragma once

#include "site.h"

bool mp_thread_show(MpSite *site, guint64 id, bool json, GError **error);

/* `repository` and `state` ("open", "closed") narrow the list; NULL: all. */
bool mp_thread_list(MpSite *site, const char *repository, const char *state, bool json, GError **error);
