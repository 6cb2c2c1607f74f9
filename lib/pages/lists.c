/*
 * The lists of a repository: what was last active and last opened, the archive by ranges of ids,
 * and the titles for the search. A thread is the same row in each.
 */
#include "pages/internal.h"

#include <string.h>

#include "base/time.h"
#include "notify/notify.h"
#include "tracker/repositories.h"

guint64
mp_pages_first_id(guint64 id)
{
    return (id - 1) / MP_PAGES_COMMENTS * MP_PAGES_COMMENTS + 1;
}

static char *
path_of(const MpPagesRepository *repository, const char *name)
{
    return g_strconcat(repository->directory, "/", name, NULL);
}

static char *
name_of_range(guint64 first)
{
    return g_strdup_printf("ids-%" G_GUINT64_FORMAT ".html", first);
}

/* --- What is there
 * -------------------------------------------------------------------------------- */

static MpLines *
read_lines(MpPagesUpdate *update, MpPagesRepository *repository, const MpLinesForm *form,
           const char *name, GError **error)
{
    g_autofree char *path = path_of(repository, name);
    g_autofree char *text = NULL;

    if (!update->is_fresh && !mp_stage_read(update->stage, path, &text, error))
        return NULL;
    repository->n_missing += text == NULL;
    return mp_lines_new(form, text);
}

void
mp_pages_repository_free(gpointer data)
{
    MpPagesRepository *repository = data;

    g_free(repository->name);
    g_free(repository->directory);
    g_free(repository->links);
    g_free(repository->address);
    mp_lines_free(repository->active);
    mp_lines_free(repository->opened);
    mp_lines_free(repository->titles);
    mp_lines_free(repository->archive);
    mp_lines_free(repository->feed);
    mp_lines_free(repository->range);
    g_array_unref(repository->written);
    g_free(repository);
}

#define LISTS 5

static bool
read_lists(MpPagesUpdate *update, MpPagesRepository *r, GError **error)
{
    return (r->active = read_lines(update, r, &mp_lines_active, "index.html", error)) != NULL &&
           (r->opened = read_lines(update, r, &mp_lines_opened, "opened.html", error)) != NULL &&
           (r->titles = read_lines(update, r, &mp_lines_titles, "titles.js", error)) != NULL &&
           (r->archive = read_lines(update, r, &mp_lines_archive, "archive.html", error)) != NULL &&
           (r->feed = read_lines(update, r, &mp_lines_feed, "atom.xml", error)) != NULL;
}

MpPagesRepository *
mp_pages_repository(MpPagesUpdate *update, const char *name, GError **error)
{
    MpPagesRepository *repository = g_hash_table_lookup(update->repositories, name);
    g_autoptr(MpRepository) policy = NULL;

    if (repository != NULL)
        return repository;
    policy = mp_tracker_repository(update->tracker, name, error);
    if (policy == NULL)
        return NULL;
    repository = g_new0(MpPagesRepository, 1);
    repository->name = g_strdup(name);
    repository->directory = g_strconcat("r/", name, NULL);
    repository->address = mp_repository_address(policy, update->config->hostname);
    repository->is_published = !policy->has_no_pages;
    repository->links = g_strdup(mp_notification_template(update->config, policy));
    repository->written = g_array_new(FALSE, FALSE, sizeof(MpPagesWritten));
    if (!read_lists(update, repository, error)) {
        mp_pages_repository_free(repository);
        return NULL;
    }
    update->is_torn |=
        repository->n_missing == LISTS
            ? !update->is_fresh && repository->is_published && mp_pages_is_named(update, repository)
            : repository->n_missing > 0;
    g_hash_table_insert(update->repositories, repository->name, repository);
    return repository;
}

/* --- Pages of threads
 * ------------------------------------------------------------------------------ */

static void
add_tabs(const MpPagesUpdate *update, GString *page, const char *current)
{
    const MpPagesTexts *texts = update->texts;
    const struct {
        const char *file, *label;
    } tabs[] = {{"index.html", texts->active},
                {"opened.html", texts->opened},
                {"archive.html", texts->archive},
                {"atom.xml", texts->feed}};

    mp_page_add(page, "<nav aria-label=\"%s\"><ul class=\"lists\">", texts->lists);
    for (gsize i = 0; i < G_N_ELEMENTS(tabs); i++)
        mp_page_add(page,
                    strcmp(tabs[i].file, current) == 0
                        ? "<li><a href=\"%s\" aria-current=\"page\">%s</a></li>"
                        : "<li><a href=\"%s\">%s</a></li>",
                    tabs[i].file, tabs[i].label);
    mp_page_add(page, "</ul></nav>\n");
}

static GString *
begin(const MpPagesUpdate *update, const MpPagesRepository *repository, const char *file,
      const char *label, bool has_script)
{
    g_autofree char *title = g_strdup_printf("%s · %s", label, repository->name);
    const MpPagesHead head = {
        .title = title, .root = "../../../", .repository = repository, .has_script = has_script};
    GString *page = mp_pages_begin(update, &head);

    mp_page_add(page, "<h1>%s</h1>\n", repository->name);
    add_tabs(update, page, file);
    return page;
}

static void
add_lines(GString *page, MpLines *lines)
{
    g_autoptr(GPtrArray) all = mp_lines_sorted(lines);

    for (guint i = 0; i < all->len; i++) { /* each was made by us, or read from where we put it */
        g_string_append(page, g_ptr_array_index(all, i));
        g_string_append_c(page, '\n');
    }
}

static void
add_table(const MpPagesUpdate *update, GString *page, const char *caption, MpLines *lines)
{
    const MpPagesTexts *texts = update->texts;

    mp_page_add(page,
                "<table class=\"threads\" aria-label=\"%s\">\n<thead><tr><th>%s</th><th>%s</th>"
                "<th>%s</th></tr></thead>\n<tbody>\n",
                caption, texts->state, texts->title, texts->activity);
    add_lines(page, lines);
    mp_page_add(page, "</tbody>\n</table>\n");
}

static bool
write_table(MpPagesUpdate *update, const MpPagesRepository *repository, const char *file,
            const char *label, MpLines *lines, bool has_search, GError **error)
{
    g_autofree char *path = path_of(repository, file);
    GString *page;

    if (!update->is_fresh && !mp_lines_is_changed(lines))
        return true;
    page = begin(update, repository, file, label, has_search);
    if (has_search)
        mp_page_add(page,
                    "<div id=\"search\" role=\"search\" data-label=\"%s\" data-none=\"%s\" hidden>"
                    "</div>\n",
                    update->texts->search, update->texts->nothing_found);
    add_table(update, page, label, lines);
    if (repository->address != NULL) {
        mp_page_add(page, "<section class=\"how\">");
        mp_page_add_address(page, update->texts, repository->address);
        mp_page_add(page, "</section>\n");
    }
    mp_pages_end(page);
    return mp_stage_put_page(update->stage, MP_STAGE_LIST, path, page, error);
}

static bool
write_archive(MpPagesUpdate *update, const MpPagesRepository *repository, GError **error)
{
    g_autofree char *path = path_of(repository, "archive.html");
    GString *page;

    if (!update->is_fresh && !mp_lines_is_changed(repository->archive))
        return true;
    page = begin(update, repository, "archive.html", update->texts->archive, false);
    mp_page_add(page, "<ul class=\"ranges\">\n");
    add_lines(page, repository->archive);
    mp_page_add(page, "</ul>\n");
    mp_pages_end(page);
    return mp_stage_put_page(update->stage, MP_STAGE_LIST, path, page, error);
}

static bool
write_titles(MpPagesUpdate *update, const MpPagesRepository *repository, GError **error)
{
    g_autofree char *path = path_of(repository, "titles.js");
    GString *script;

    if (!update->is_fresh && !mp_lines_is_changed(repository->titles))
        return true;
    script = g_string_new("metroplexTitles([\n");
    add_lines(script, repository->titles);
    g_string_append(script, "]);\n");
    return mp_stage_put_page(update->stage, MP_STAGE_LIST, path, script, error);
}

/* --- Ranges of ids
 * --------------------------------------------------------------------------------- */

static void
note_range(const MpPagesRepository *repository, guint64 first, bool is_empty)
{
    g_autofree char *key = g_strdup_printf("%" G_GUINT64_FORMAT, first);
    GString *line;

    if (is_empty) {
        mp_lines_remove(repository->archive, key);
        return;
    }
    line = g_string_new(NULL);
    mp_page_add(line, "<li id=\"ids-%d\"><a href=\"ids-%d.html\">%d–%d</a></li>", first, first,
                first, first + MP_PAGES_COMMENTS - 1);
    mp_lines_set(repository->archive, g_string_free(line, FALSE));
}

static bool
write_range(MpPagesUpdate *update, MpPagesRepository *repository, GError **error)
{
    guint64 first = repository->range_first;
    g_autofree char *file = name_of_range(first);
    g_autofree char *path = path_of(repository, file);
    g_autofree char *label =
        g_strdup_printf("%s %" G_GUINT64_FORMAT "–%" G_GUINT64_FORMAT, update->texts->threads,
                        first, first + MP_PAGES_COMMENTS - 1);
    bool good, is_empty;

    if (first == 0)
        return true;
    is_empty = mp_lines_is_empty(repository->range);
    note_range(repository, first, is_empty);
    if (is_empty)
        mp_stage_remove(update->stage, path);
    good =
        is_empty || write_table(update, repository, file, label, repository->range, false, error);
    g_clear_pointer(&repository->range, mp_lines_free);
    repository->range_first = 0;
    return good;
}

/* Threads come in the order of their ids: the range before is done when the next begins. */
static bool
turn_to_range(MpPagesUpdate *update, MpPagesRepository *repository, guint64 id, GError **error)
{
    guint64 first = mp_pages_first_id(id);
    g_autofree char *file = name_of_range(first);
    g_autofree char *key = g_strdup_printf("%" G_GUINT64_FORMAT, first);
    guint missing = repository->n_missing;

    if (repository->range_first == first)
        return true;
    if (!write_range(update, repository, error))
        return false;
    repository->range = read_lines(update, repository, &mp_lines_range, file, error);
    if (repository->range == NULL)
        return false;
    repository->range_first = first;
    update->is_torn |= repository->n_missing > missing && !update->is_fresh &&
                       mp_lines_has(repository->archive, key);
    return true;
}

/* --- A thread in them
 * ------------------------------------------------------------------------------- */

/* A title of which nothing can be seen would be a link that nobody finds. */
static char *
label_of(const MpThread *thread)
{
    g_autofree char *number = g_strdup_printf("#%" G_GUINT64_FORMAT, thread->id);

    return mp_page_label(thread->title, number);
}

static char *
make_row(const MpPagesUpdate *update, const MpThread *thread, guint64 last, gint64 active)
{
    const MpPagesTexts *texts = update->texts;
    g_autofree char *at = mp_time_format(active);
    g_autofree char *page = mp_thread_page(thread->id, last);
    g_autofree char *label = label_of(thread);
    GString *row = g_string_new(NULL);

    mp_page_add(
        row,
        "<tr id=\"t%d\" data-at=\"%s\"><td class=\"state %s\">%s</td><td>"
        "<a class=\"title\" href=\"%d.html\"><bdi>%s</bdi></a><small>#%d · %s · <bdi>%s</bdi>",
        thread->id, at, thread->is_open ? "open" : "closed",
        thread->is_open ? texts->open : texts->closed, thread->id, label, thread->id,
        texts->kinds[thread->kind], mp_thread_author(thread));
    if (last > 0)
        mp_page_add(row, " · <a href=\"%s.html#comment-%d\">%d %s</a>", page, last, last,
                    last == 1 ? texts->comment : texts->comments);
    mp_pages_add_labels(row, thread->labels);
    mp_page_add(row, "</small></td><td>%D</td></tr>", active);
    g_strdelimit(row->str, "\n", ' '); /* of a title that somebody pushed */
    return g_string_free(row, FALSE);
}

static char *
make_title(const MpThread *thread)
{
    GString *line = g_string_new(NULL);
    g_autofree char *label = label_of(thread);

    g_string_append_printf(line, "[%" G_GUINT64_FORMAT ", ", thread->id);
    mp_page_add_script_text(line, label);
    g_string_append(line, "],");
    return g_string_free(line, FALSE);
}

bool
mp_pages_list_thread(MpPagesUpdate *update, MpPagesRepository *repository, const MpThread *thread,
                     guint64 last, gint64 active, GError **error)
{
    g_autofree char *row = make_row(update, thread, last, active);

    if (!turn_to_range(update, repository, thread->id, error))
        return false;
    mp_lines_set(repository->active, g_strdup(row));
    mp_lines_set(repository->opened, g_strdup(row));
    mp_lines_set(repository->range, g_strdup(row));
    mp_lines_set(repository->titles, make_title(thread));
    return true;
}

bool
mp_pages_unlist_thread(MpPagesUpdate *update, MpPagesRepository *repository, guint64 id,
                       GError **error)
{
    g_autofree char *key = g_strdup_printf("%" G_GUINT64_FORMAT, id);

    if (!turn_to_range(update, repository, id, error))
        return false;
    mp_lines_remove(repository->active, key);
    mp_lines_remove(repository->opened, key);
    mp_lines_remove(repository->range, key);
    mp_lines_remove(repository->titles, key);
    return true;
}

/* --- All of them
 * ------------------------------------------------------------------------------------ */

/* Where a list has lost a line, those that were cut off before are found in the ranges. */
static bool
fill_again(MpPagesUpdate *update, MpPagesRepository *repository, GError **error)
{
    g_autoptr(GPtrArray) ranges = mp_lines_sorted(repository->archive);

    for (guint i = 0; i < ranges->len; i++) {
        g_autofree char *first = mp_lines_key(&mp_lines_archive, g_ptr_array_index(ranges, i));
        g_autofree char *file = g_strdup_printf("ids-%s.html", first);
        MpLines *lines = read_lines(update, repository, &mp_lines_range, file, error);

        if (lines == NULL)
            return false;
        g_autoptr(GPtrArray) rows = mp_lines_sorted(lines);
        for (guint j = 0; j < rows->len; j++) {
            mp_lines_set(repository->active, g_strdup(g_ptr_array_index(rows, j)));
            mp_lines_set(repository->opened, g_strdup(g_ptr_array_index(rows, j)));
        }
        mp_lines_free(lines);
    }
    return true;
}

void
mp_pages_remove_repository(MpPagesUpdate *update, MpPagesRepository *repository)
{
    repository->is_published = false;
    mp_stage_remove(update->stage, repository->directory);
}

static bool
write_lists(MpPagesUpdate *update, MpPagesRepository *r, GError **error)
{
    if (!r->is_published)
        return true;
    if (!write_range(update, r, error))
        return false;
    if (mp_lines_is_empty(r->archive) && !r->has_unlisted) { /* without a thread it has no pages */
        mp_pages_remove_repository(update, r);
        return true;
    }
    if ((mp_lines_is_short(r->active) || mp_lines_is_short(r->opened)) && !update->is_fresh &&
        !fill_again(update, r, error))
        return false;
    return write_table(update, r, "index.html", update->texts->active, r->active, true, error) &&
           write_table(update, r, "opened.html", update->texts->opened, r->opened, false, error) &&
           write_archive(update, r, error) && write_titles(update, r, error) &&
           mp_pages_write_feed(update, r, error);
}

bool
mp_pages_write_lists(MpPagesUpdate *update, GError **error)
{
    GHashTableIter iter;
    gpointer repository;

    g_hash_table_iter_init(&iter, update->repositories);
    while (g_hash_table_iter_next(&iter, NULL, &repository))
        if (!write_lists(update, repository, error))
            return false;
    return true;
}
