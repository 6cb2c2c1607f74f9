/* What all pages have: head, the way up, the end; and the page of the repositories. */
#include "pages/internal.h"

#include <string.h>

/*
 * Nothing is loaded but from beside the page, whether a web server gives it out or it is read from
 * a disk (file:); scripts only where there is a search. The icon is empty, since a browser asks for
 * one where none is named.
 */
#define POLICY                                                                                     \
    "default-src 'none'; style-src 'self' file:; img-src 'self' file: data:; "                     \
    "base-uri 'none'; form-action 'none'"

static void
add_where(const MpPagesUpdate *update, const MpPagesHead *head, GString *page)
{
    mp_page_add(page,
                "<nav class=\"where\" aria-label=\"%s\"><ol><li><a href=\"%sindex.html\">%s</a>"
                "</li>",
                update->texts->breadcrumb, head->root, update->config->hostname);
    if (head->repository != NULL)
        mp_page_add(page, "<li><a href=\"index.html\">%s</a></li>", head->repository->name);
    mp_page_add(page, "</ol></nav>\n");
}

GString *
mp_pages_begin(const MpPagesUpdate *update, const MpPagesHead *head)
{
    GString *page = g_string_sized_new(16384);

    mp_page_add(page,
                "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"" POLICY "%s\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"color-scheme\" content=\"light dark\">\n"
                "<meta name=\"referrer\" content=\"no-referrer\">\n"
                "<meta name=\"generator\" content=\"metroplex\">\n<title>%s</title>\n"
                "<link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" "
                "href=\"%sstyle.css\">\n",
                update->texts->lang, head->has_script ? "; script-src 'self' file:" : "",
                head->title, head->root);
    if (head->repository != NULL)
        mp_page_add(page,
                    "<link rel=\"alternate\" type=\"application/atom+xml\" title=\"%s\" "
                    "href=\"atom.xml\">\n",
                    head->repository->name);
    if (head->has_script)
        mp_page_add(page,
                    "<script src=\"%ssearch.js\" defer></script>\n"
                    "<script src=\"titles.js\" defer></script>\n",
                    head->root);
    mp_page_add(page, "</head>\n<body>\n<a class=\"skip\" href=\"#content\">%s</a>\n",
                update->texts->skip);
    add_where(update, head, page);
    mp_page_add(page, "<main id=\"content\">\n");
    return page;
}

void
mp_pages_end(GString *page)
{
    mp_page_add(page, "</main>\n</body>\n</html>\n");
}

static bool
add_owner(MpPagesUpdate *update, const char *owner, GPtrArray *names, GError **error)
{
    g_autofree char *directory = g_strconcat("r/", owner, NULL);
    g_autoptr(GPtrArray) below = mp_stage_list(update->stage, directory, NULL, NULL, error);

    for (guint i = 0; below != NULL && i < below->len; i++) {
        const char *name = g_ptr_array_index(below, i);
        g_autofree char *page = g_strconcat(directory, "/", name, "/index.html", NULL);
        bool has;

        if (!mp_stage_has(update->stage, page, &has, error))
            return false;
        if (has)
            g_ptr_array_add(names, g_strconcat(owner, "/", name, NULL));
    }
    return below != NULL;
}

static int
by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Which repositories have pages, the directories say. */
static GPtrArray *
repositories(MpPagesUpdate *update, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) owners = mp_stage_list(update->stage, "r", NULL, NULL, error);

    if (owners == NULL)
        return NULL;
    for (guint i = 0; i < owners->len; i++)
        if (!add_owner(update, g_ptr_array_index(owners, i), names, error))
            return NULL;
    g_ptr_array_sort(names, by_name);
    return g_steal_pointer(&names);
}

bool
mp_pages_is_named(const MpPagesUpdate *update, const MpPagesRepository *repository)
{
    g_autofree char *link = g_strdup_printf("\"%s/index.html\"", repository->directory);

    return update->root != NULL && strstr(update->root, link) != NULL;
}

/* Whether the page names each repository that has pages, and none that has not. */
static bool
is_root_right(const MpPagesUpdate *update)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, update->repositories);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const MpPagesRepository *repository = value;

        if (repository->is_published != mp_pages_is_named(update, repository))
            return false;
    }
    return true;
}

static bool
write_root(MpPagesUpdate *update, GError **error)
{
    g_autofree char *title =
        g_strdup_printf("%s · %s", update->texts->site, update->config->hostname);
    const MpPagesHead head = {.title = title, .root = ""};
    g_autoptr(GPtrArray) names = repositories(update, error);
    GString *page;

    if (names == NULL)
        return false;
    page = mp_pages_begin(update, &head);
    mp_page_add(page, "<h1>%s</h1>\n", update->texts->repositories);
    if (names->len == 0)
        mp_page_add(page, "<p>%s</p>\n", update->texts->no_repositories);
    else
        mp_page_add(page, "<ul class=\"names\">\n");
    for (guint i = 0; i < names->len; i++)
        mp_page_add(page, "<li><a href=\"r/%s/index.html\">%s</a></li>\n",
                    (const char *)g_ptr_array_index(names, i),
                    (const char *)g_ptr_array_index(names, i));
    if (names->len > 0)
        mp_page_add(page, "</ul>\n");
    mp_pages_end(page);
    return mp_stage_put_page(update->stage, MP_STAGE_LIST, "index.html", page, error);
}

bool
mp_pages_write_root(MpPagesUpdate *update, GError **error)
{
    return (!update->is_fresh && is_root_right(update)) || write_root(update, error);
}

bool
mp_pages_write_shared(MpPagesUpdate *update, GError **error)
{
    return mp_stage_put(update->stage, MP_STAGE_ATTACHMENT, "style.css", mp_pages_style,
                        strlen(mp_pages_style), error) &&
           mp_stage_put(update->stage, MP_STAGE_ATTACHMENT, "search.js", mp_pages_script,
                        strlen(mp_pages_script), error);
}
