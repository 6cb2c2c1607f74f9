/*
 * Where what people name in prose has a page: "#17" and "acme/rocket#17" among these pages, a
 * commit where the repository is shown. Persons have none. A thread counts that was there when it
 * was named: so what is opened later changes no page, and all anew is what updates made.
 */
#include "pages/internal.h"

#include <string.h>

#include "notify/notify.h"

#define LOOKUPS      200 /* threads that a page asks for: more than people name, and no burden */
#define COMMIT_WHOLE 40  /* digits of a whole id: SHA-1, */
#define COMMIT_LONG  64  /* SHA-256 */

/* Whether the pages have the thread, and had it when somebody named it. */
static bool
is_here(const MpPagesNaming *naming, const char *repository, guint64 id)
{
    g_autoptr(MpThread) thread = NULL;
    g_autoptr(MpRepository) policy = NULL;

    if (!mp_tracker_thread(naming->update->tracker, id, &thread, NULL) || thread == NULL ||
        strcmp(thread->repository, repository) != 0 || thread->created > naming->date)
        return false;
    policy = mp_tracker_repository(naming->update->tracker, repository, NULL);
    return policy != NULL && !policy->has_no_pages;
}

static char *
thread(MpPagesNaming *naming, const char *written)
{
    const char *hash = strchr(written, '#'), *own = naming->repository->name;
    g_autofree char *named = g_strndup(written, (gsize)(hash - written));
    const char *repository = *named != '\0' ? named : own;
    guint64 id = g_ascii_strtoull(hash + 1, NULL, 10);

    if (++*naming->lookups > LOOKUPS || !is_here(naming, repository, id))
        return NULL;
    return strcmp(repository, own) == 0
               ? g_strdup_printf("%" G_GUINT64_FORMAT ".html", id)
               : g_strdup_printf("../../%s/%" G_GUINT64_FORMAT ".html", repository, id);
}

/* A short id may be anything, unless it is that of the thread's own. */
static char *
commit(const MpPagesNaming *naming, const char *written)
{
    const char *own = naming->thread->object, *repository = naming->repository->name;
    gsize length = strlen(written);

    if (own != NULL && strncmp(own, written, length) == 0)
        return mp_link_commit(naming->repository->links, repository, own);
    return length == COMMIT_WHOLE || length == COMMIT_LONG
               ? mp_link_commit(naming->repository->links, repository, written)
               : NULL;
}

char *
mp_pages_named(MpPagesNaming *naming, MpReferenceKind kind, const char *written)
{
    return kind == MP_REFERENCE_THREAD   ? thread(naming, written)
           : kind == MP_REFERENCE_COMMIT ? commit(naming, written)
                                         : NULL;
}
