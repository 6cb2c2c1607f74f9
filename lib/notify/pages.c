/* Where the text of a comment leads: pages that there are, and nowhere else. */
#include "notify/internal.h"

#include <string.h>

#define MAX_LOOKUPS  100 /* a text: more names than a person writes, and no burden */
#define COMMIT_WHOLE 40  /* digits of a whole id: SHA-1, */
#define COMMIT_LONG  64  /* SHA-256 */

static const char *
url_of(const MpPages *pages)
{
    return pages->facts->config->url;
}

static const char *
template_of(const MpPages *pages)
{
    return mp_notification_template(pages->facts->config, pages->facts->repository);
}

static char *
person(const MpPages *pages, const char *login)
{
    const MpNotificationSource *source = pages->facts->source;

    return source->is_login(login, source->data) ? mp_link_person(url_of(pages), login) : NULL;
}

/* "#17", "acme/rocket#17". */
static char *
thread(const MpPages *pages, const char *written)
{
    const MpNotificationSource *source = pages->facts->source;
    const char *hash = strchr(written, '#');
    g_autofree char *named = g_strndup(written, (gsize)(hash - written));
    const char *repository = *named != '\0' ? named : pages->facts->thread->repository;

    return source->thread_page(repository, g_ascii_strtoull(hash + 1, NULL, 10), source->data);
}

/* A short id may be anything, unless it is that of the thread's own. */
static char *
commit(const MpPages *pages, const char *written)
{
    const MpThread *own = pages->facts->thread;
    gsize length = strlen(written);

    if (own->object != NULL && strncmp(own->object, written, length) == 0)
        return mp_link_commit(template_of(pages), own->repository, own->object);
    return length == COMMIT_WHOLE || length == COMMIT_LONG
               ? mp_link_commit(template_of(pages), own->repository, written)
               : NULL;
}

char *
mp_pages_find(MpReferenceKind kind, const char *written, gpointer data)
{
    MpPages *pages = data;

    if (kind == MP_REFERENCE_COMMIT)
        return commit(pages, written);
    if (pages->facts->source == NULL || pages->lookups++ >= MAX_LOOKUPS)
        return NULL;
    return kind == MP_REFERENCE_LOGIN ? person(pages, written) : thread(pages, written);
}

/* Whether what stands below the repository's page is the repository: our own pages have no files.
 */
static bool
has_files(const MpPages *pages)
{
    return !pages->facts->config->links_to_pages || pages->facts->repository->link != NULL;
}

/* Against the repository's page, as if it were a folder; an attachment is none of its files. */
char *
mp_pages_resolve(const char *relative, gpointer data)
{
    const MpPages *pages = data;
    g_autofree char *page = mp_notification_archive(template_of(pages), pages->facts->thread);

    if (page == NULL || !has_files(pages) || strpbrk(page, "?#") != NULL ||
        g_str_has_prefix(relative, MP_ATTACHMENTS))
        return NULL;
    g_autofree char *base = g_strconcat(page, "/", NULL);
    g_autofree char *clean = g_uri_escape_string(relative, "/?#[]@!$&'()*+,;=:%", FALSE);
    return g_uri_resolve_relative(base, clean, G_URI_FLAGS_ENCODED, NULL);
}
