/* The pages of a thread: a hundred comments each, which never move to another page. */
#include "pages/internal.h"

#include <string.h>

#include "base/error.h"

typedef struct {
    MpPagesUpdate *update;
    const MpPagesRepository *repository;
    const MpThread *thread;
    guint64 first, last; /* of this page, of the thread */
    guint *lookups;      /* for what comments name */
} Page;

guint64
mp_pages_first_comment(guint64 number)
{
    return number - number % MP_PAGES_COMMENTS;
}

/* The last comment of the page that begins with `first`. */
static guint64
last_of(const Page *p, guint64 first)
{
    return MIN(first + MP_PAGES_COMMENTS - 1, p->last);
}

/* "r/acme/rocket/17-100.html". */
static char *
path_of(const MpPagesRepository *repository, guint64 thread, guint64 first)
{
    g_autofree char *name = mp_thread_page(thread, first);

    return g_strconcat(repository->directory, "/", name, ".html", NULL);
}

/* --- A comment -----------------------------------------------------------------------------------
 */

/* A name that is only dots, or has a separator in it, is no name of a file anywhere. */
static char *
name_to_save(const char *name)
{
    char *saved = g_strdup(name);

    g_strdelimit(saved, "/\\:*?\"<>|\n\r\t", '_');
    for (char *p = saved; *p == '.' || *p == ' '; p++)
        *p = '_';
    return saved;
}

typedef struct {
    const Page *page;
    const MpComment *comment;
    GHashTable *shown; /* char *, the files of pictures that stand in the text */
} Body;

/* A picture that was attached stands where the text has it. */
static char *
show_picture(const char *url, gpointer user_data)
{
    const Body *p = user_data;
    char *file = NULL;

    for (guint i = 0; file == NULL && i < p->comment->attachments->len; i++) {
        const MpAttachmentRecord *attachment = g_ptr_array_index(p->comment->attachments, i);
        g_autofree char *named = g_strconcat("attachments/", attachment->file, NULL);

        if (strcmp(url, named) == 0)
            (void)mp_pages_attached_file(p->page->update, p->page->repository, p->page->thread->id,
                                         p->comment->number, attachment, &file, NULL);
    }
    if (file != NULL && !mp_pages_is_picture(file))
        g_clear_pointer(&file, g_free);
    if (file != NULL)
        g_hash_table_add(p->shown, g_strdup(file));
    return file;
}

static char *
find_named(MpReferenceKind kind, const char *written, gpointer user_data)
{
    const Body *body = user_data;
    const Page *p = body->page;
    MpPagesNaming naming = {p->update, p->repository, p->thread, body->comment->date, p->lookups};

    return mp_pages_named(&naming, kind, written);
}

/* "64.3 kB"; the caller's. */
static char *
size_of(const MpPagesTexts *texts, guint64 octets)
{
    guint unit = octets >= 1000000 ? 2 : octets >= 1000 ? 1 : 0;
    guint64 tenths = octets / (unit == 2 ? 100000 : unit == 1 ? 100 : 1);

    return unit == 0 ? g_strdup_printf("%" G_GUINT64_FORMAT " %s", octets, texts->units[0])
                     : g_strdup_printf("%" G_GUINT64_FORMAT "%c%u %s", tenths / 10, texts->decimal,
                                       (guint)(tenths % 10), texts->units[unit]);
}

static bool
add_attachment(const Page *p, GString *out, const MpComment *comment,
               const MpAttachmentRecord *attachment, GHashTable *shown, GError **error)
{
    g_autofree char *saved = name_to_save(attachment->name);
    g_autofree char *size = size_of(p->update->texts, attachment->size);
    g_autofree char *file = NULL;

    if (!mp_pages_attached_file(p->update, p->repository, p->thread->id, comment->number,
                                attachment, &file, error))
        return false;
    if (file == NULL)
        return true;
    g_autofree char *label = mp_page_label(attachment->name, strrchr(file, '/') + 1);
    mp_page_add(out, "<li>");
    if (mp_pages_is_picture(file) && !g_hash_table_contains(shown, file))
        mp_page_add(out, "<a href=\"%s\"><img src=\"%s\" alt=\"%s\" loading=\"lazy\"></a>", file,
                    file, label);
    mp_page_add(out, "<a href=\"%s\" download=\"%s\"><bdi>%s</bdi></a> (%s)</li>\n", file, saved,
                label, size);
    return true;
}

static bool
add_attachments(const Page *p, GString *out, const MpComment *comment, GHashTable *shown,
                GError **error)
{
    if (comment->attachments->len == 0)
        return true;
    mp_page_add(out, "<div class=\"attached\"><h3>%s</h3><ul>\n", p->update->texts->attachments);
    for (guint i = 0; i < comment->attachments->len; i++)
        if (!add_attachment(p, out, comment, g_ptr_array_index(comment->attachments, i), shown,
                            error))
            return false;
    mp_page_add(out, "</ul></div>\n");
    return true;
}

/* <pre> loses a line end that follows it. */
static void
add_cut(const Page *p, GString *out, const MpComment *comment)
{
    if (comment->elided == NULL || strspn(comment->elided, " \t\r\n") == strlen(comment->elided))
        return;
    mp_page_add(
        out,
        "<details class=\"cut\"><summary>%s</summary><pre dir=\"auto\" tabindex=\"0\">\n%s</pre>"
        "</details>\n",
        p->update->texts->cut, comment->elided);
}

static void
add_head(const Page *p, GString *out, const MpComment *comment)
{
    const MpPagesTexts *texts = p->update->texts;

    mp_page_add(out,
                "<article class=\"comment\" id=\"comment-%d\" aria-labelledby=\"by-%d\">\n"
                "<header><h2 id=\"by-%d\"><bdi>%s</bdi></h2> %t <a href=\"#comment-%d\">",
                comment->number, comment->number, comment->number, mp_comment_author(comment),
                comment->date, comment->number);
    if (comment->number == 0)
        mp_page_add(out, "%s", texts->opening);
    else
        mp_page_add(out, "<span>%s </span>%d", texts->permalink, comment->number);
    mp_page_add(out, "</a></header>\n");
}

static bool
add_comment(const Page *p, GString *out, const MpComment *comment, GError **error)
{
    g_autoptr(GHashTable) shown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *text = mp_pages_own_text(comment);
    Body body = {p, comment, shown};
    const MpMarkdownHost host = {.page = find_named, .picture = show_picture, .data = &body};

    add_head(p, out, comment);
    mp_page_add(out, "<div class=\"body\" dir=\"auto\">\n");
    mp_pages_add_place(p->update->texts, comment, out);
    if (comment->redacted != 0)
        mp_page_add(out, "<p><em>%s</em></p>\n", p->update->texts->redacted);
    else
        mp_page_add_body(out, text, &host);
    mp_page_add(out, "</div>\n");
    if (!add_attachments(p, out, comment, shown, error))
        return false;
    add_cut(p, out, comment);
    mp_page_add(out, "</article>\n");
    return true;
}

/* --- The page ------------------------------------------------------------------------------------
 */

static void
add_facts(const Page *p, GString *out)
{
    const MpPagesTexts *texts = p->update->texts;
    const MpThread *thread = p->thread;

    mp_page_add(out,
                "<h1><bdi>%s</bdi> <span class=\"number\">#%d</span></h1>\n<p class=\"facts\">"
                "<span class=\"state %s\">%s</span>",
                thread->title, thread->id, thread->is_open ? "open" : "closed",
                thread->is_merged ? texts->merged
                : thread->is_open ? texts->open
                                  : texts->closed);
    if (thread->is_locked)
        mp_page_add(out, " · %s", texts->locked);
    mp_page_add(out, " · %s", texts->kinds[thread->kind]);
    if (thread->object != NULL)
        mp_page_add(out, " <code>%s</code>", thread->object);
    if (thread->base != NULL)
        mp_page_add(out, " → <code>%s</code>", thread->base);
    mp_page_add(out, " · %s <bdi>%s</bdi> · %t", texts->opened_by, mp_thread_author(thread),
                thread->created);
    if (thread->labels != NULL) {
        mp_page_add(out, " · %s", texts->labels);
        mp_pages_add_labels(out, thread->labels);
    }
    g_autofree char *assignees = mp_assignees_text(thread->assignees, ", ");
    if (*assignees != '\0')
        mp_page_add(out, " · %s <bdi>%s</bdi>", texts->assigned_to, assignees);
    mp_page_add(out, "</p>\n");
}

static void
add_link(GString *out, const Page *p, const char *label, guint64 first)
{
    g_autofree char *name = mp_thread_page(p->thread->id, first);

    mp_page_add(out, "<a href=\"%s.html\">%s</a>\n", name, label);
}

/* A page says where its neighbours are, and the first one where the last is: so a comment that
 * begins a page changes two others. */
static void
add_pages(const Page *p, GString *out, bool is_above)
{
    const MpPagesTexts *texts = p->update->texts;
    guint64 latest = mp_pages_first_comment(p->last);

    if (latest == 0)
        return;
    if (is_above) /* one landmark is enough */
        mp_page_add(out, "<nav class=\"more\" aria-label=\"%s\">\n", texts->pages);
    else
        mp_page_add(out, "<div class=\"more\">\n");
    if (p->first > MP_PAGES_COMMENTS)
        add_link(out, p, texts->first, 0);
    if (p->first > 0)
        add_link(out, p, texts->older, p->first - MP_PAGES_COMMENTS);
    mp_page_add(out, "<span>%d–%d</span>\n", MAX(p->first, 1), last_of(p, p->first));
    if (p->first < latest)
        add_link(out, p, texts->newer, p->first + MP_PAGES_COMMENTS);
    if (p->first == 0 && latest > MP_PAGES_COMMENTS)
        add_link(out, p, texts->latest, latest);
    mp_page_add(out, "</%s>\n", is_above ? "nav" : "div");
}

static void
add_how(const Page *p, GString *out)
{
    const MpPagesTexts *texts = p->update->texts;

    mp_page_add(out, "<section class=\"how\"><h2>%s</h2>\n<p>%s</p>", texts->how,
                p->thread->is_locked ? texts->how_locked : texts->how_reply);
    mp_page_add_address(out, texts, p->repository->address);
    mp_page_add(out, "</section>\n");
}

static bool
add_comments(const Page *p, GString *out, GError **error)
{
    guint64 most = p->first + MP_PAGES_COMMENTS - 1, end = last_of(p, p->first);
    g_auto(MpPagesEvents) events = {0};

    if (!mp_pages_events_begin(p->update, p->thread->id, p->first, most, out, &events, error))
        return false;
    for (guint64 number = p->first; number <= end; number++) {
        g_autoptr(MpComment) comment = NULL;

        if (!mp_tracker_comment(p->update->tracker, p->thread->id, number, &comment, error))
            return false;
        if ((comment != NULL && !add_comment(p, out, comment, error)) ||
            !mp_pages_add_events(p->update, p->thread, number < end ? number : most, out, &events,
                                 error))
            return false;
    }
    return true;
}

/* No two pages have the same. */
static char *
window_title(const Page *p)
{
    g_autofree char *range = p->first > 0
                                 ? g_strdup_printf(" (%" G_GUINT64_FORMAT "–%" G_GUINT64_FORMAT ")",
                                                   p->first, p->first + MP_PAGES_COMMENTS - 1)
                                 : g_strdup("");

    return g_strdup_printf("%s%s · %s #%" G_GUINT64_FORMAT, p->thread->title, range,
                           p->repository->name, p->thread->id);
}

static bool
write_page(const Page *p, GError **error)
{
    g_autofree char *path = path_of(p->repository, p->thread->id, p->first);
    g_autofree char *title = window_title(p);
    const MpPagesHead head = {.title = title, .root = "../../../", .repository = p->repository};
    GString *page = mp_pages_begin(p->update, &head);

    add_facts(p, page);
    add_pages(p, page, true);
    if ((p->first == 0 && !mp_pages_add_changes(p->update, p->thread, page, error)) ||
        !add_comments(p, page, error)) {
        g_string_free(page, TRUE);
        return false;
    }
    add_pages(p, page, false);
    add_how(p, page);
    mp_pages_end(page);
    return mp_stage_put_page(p->update->stage, MP_STAGE_THREAD, path, page, error);
}

/* The first comments of the pages to be written: those that changed, and, where a page came or
 * went, its neighbour and the first, which name it. */
static GHashTable *
pages_to_write(guint64 last, const GArray *changed, bool all, GHashTable *gone)
{
    GHashTable *pages = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    guint64 latest = mp_pages_first_comment(last);

    for (guint64 first = 0; all && first <= latest; first += MP_PAGES_COMMENTS)
        g_hash_table_add(pages, g_memdup2(&first, sizeof first));
    for (guint i = 0; i < changed->len; i++) {
        guint64 number = g_array_index(changed, guint64, i);
        guint64 first = mp_pages_first_comment(number), zero = 0;
        guint64 before = MIN(first > 0 ? first - MP_PAGES_COMMENTS : 0, latest);

        g_hash_table_add(first <= latest ? pages : gone, g_memdup2(&first, sizeof first));
        if (first <= latest && number != first)
            continue;
        g_hash_table_add(pages, g_memdup2(&before, sizeof before));
        g_hash_table_add(pages, g_memdup2(&zero, sizeof zero));
    }
    return pages;
}

bool
mp_pages_write_thread(MpPagesUpdate *update, const MpPagesRepository *repository,
                      const MpThread *thread, guint64 last, const GArray *changed, bool all,
                      GError **error)
{
    g_autoptr(GHashTable) gone = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    g_autoptr(GHashTable) pages = pages_to_write(last, changed, all, gone);
    GHashTableIter iter;
    gpointer first;

    g_hash_table_iter_init(&iter, pages);
    while (g_hash_table_iter_next(&iter, &first, NULL)) {
        guint lookups = 0;
        const Page page = {update, repository, thread, *(guint64 *)first, last, &lookups};

        if (!write_page(&page, error))
            return false;
    }
    g_hash_table_iter_init(&iter, gone);
    while (g_hash_table_iter_next(&iter, &first, NULL)) {
        g_autofree char *path = path_of(repository, thread->id, *(guint64 *)first);

        mp_stage_remove(update->stage, path);
    }
    return true;
}

bool
mp_pages_remove_thread(MpPagesUpdate *update, const MpPagesRepository *repository, guint64 id,
                       GError **error)
{
    g_autofree char *attached =
        g_strdup_printf("%s/a/%" G_GUINT64_FORMAT, repository->directory, id);
    bool has = true;

    mp_stage_remove(update->stage, attached);
    for (guint64 first = 0; has; first += MP_PAGES_COMMENTS) {
        g_autofree char *path = path_of(repository, id, first);

        if (!mp_stage_has(update->stage, path, &has, error))
            return false;
        if (has)
            mp_stage_remove(update->stage, path);
    }
    return true;
}
