/* Links to where a thread can be read. */
#include "notify/internal.h"

#include <string.h>

static const char *const kinds[] = {"issues", "pull", "commit"};

static bool
is_template(const char *text)
{
    for (gsize i = 0; i < MP_N_LINK_PLACEHOLDERS; i++)
        if (strstr(text, mp_link_placeholders[i]) != NULL)
            return true;
    return false;
}

static char *
number_of(const MpThread *thread)
{
    if (thread->kind == MP_COMMIT && thread->object != NULL)
        return g_uri_escape_string(thread->object, "/", FALSE);
    return g_strdup_printf("%" G_GUINT64_FORMAT, thread->id);
}

static char *
fill(const char *template, const MpThread *thread, guint64 comment)
{
    g_autofree char *repository = g_uri_escape_string(thread->repository, "/", FALSE);
    g_autofree char *number = number_of(thread);
    g_autofree char *comment_text = g_strdup_printf("%" G_GUINT64_FORMAT, comment);
    g_autofree char *page = mp_thread_page(thread->id, comment);
    const char *const values[MP_N_LINK_PLACEHOLDERS] = {repository, kinds[thread->kind], number,
                                                        comment_text, page};
    GString *out = g_string_new(template);

    for (gsize i = 0; i < MP_N_LINK_PLACEHOLDERS; i++)
        g_string_replace(out, mp_link_placeholders[i], values[i], 0);
    return g_string_free(out, FALSE);
}

static char *
without_trailing_slash(const char *text)
{
    gsize length = strlen(text);

    while (length > 0 && text[length - 1] == '/')
        length--;
    return g_strndup(text, length);
}

char *
mp_notification_link(const char *template, const MpThread *thread, guint64 comment)
{
    if (*template == '\0')
        return NULL;
    g_autofree char *base = without_trailing_slash(template);
    g_autofree char *whole =
        is_template(template)
            ? g_strdup(template)
            : g_strconcat(base, "/{repository}/{kind}/{number}#comment-{comment}", NULL);
    char *fragment = strchr(whole, '#');

    if (comment == 0 && fragment != NULL && strstr(fragment, "{comment}") != NULL)
        *fragment = '\0';
    return fill(whole, thread, comment);
}

const char *
mp_notification_template(const MpConfig *config, const MpRepository *repository)
{
    if (repository->link != NULL)
        return repository->link;
    return config->links_to_pages && repository->has_no_pages ? "" : config->url;
}

char *
mp_notification_archive(const char *template, const MpThread *thread)
{
    if (*template == '\0')
        return NULL;
    g_autofree char *whole = without_trailing_slash(template);
    char *end = strstr(whole, "{repository}");

    if (end != NULL)
        end[strlen("{repository}")] = '\0';
    else if (is_template(template))
        return mp_notification_link(template, thread, 0);
    g_autofree char *page =
        end != NULL ? g_strdup(whole) : g_strconcat(whole, "/{repository}", NULL);
    return fill(page, thread, 0);
}

char *
mp_link_person(const char *template, const char *login)
{
    if (*template == '\0' || is_template(template))
        return NULL;
    g_autofree char *base = without_trailing_slash(template);
    return g_strconcat(base, "/", login, NULL);
}

char *
mp_link_commit(const char *template, const char *repository, const char *commit)
{
    const MpThread thread = {
        .kind = MP_COMMIT, .repository = (char *)repository, .object = (char *)commit};

    if (is_template(template) && strstr(template, "{kind}") == NULL)
        return NULL;
    return mp_notification_link(template, &thread, 0);
}
