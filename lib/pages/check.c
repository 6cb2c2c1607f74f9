/*
 * Whether every link of the pages leads somewhere. The pages are ours, so that a link is what
 * stands in href="" and src="": nothing else in them has a quotation mark. Where a link leads that
 * somebody wrote in a comment is no fault of the pages.
 */
#include "pages/internal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/file.h"
#include "notify/notify.h"

#define NOTIFICATIONS 100
#define FILE_LIMIT    (64 * 1024 * 1024)

typedef struct {
    const MpPages *pages;
    int directory;
    MpPagesFault found;
    gpointer user_data;
    MpPagesCounts *counts;
    char *base;          /* the URL of the directory with its slash; "" where there is none */
    char *target, *text; /* the page that was looked into last */
    GPtrArray *rows;     /* char *, "TIME ID" of a thread */
} Check;

static void
tell(Check *check, const char *file, const char *what)
{
    check->counts->faults++;
    check->found(file, what, check->user_data);
}

/* --- Where a link leads
 * ---------------------------------------------------------------------------- */

/* The file of a link that stands in `file`, below the directory, and *fragment ("" for none); NULL
 * for one that leads elsewhere, or out of the directory. Both are the caller's. */
static char *
resolve(const Check *check, const char *file, const char *link, char **fragment)
{
    const char *hash = strchrnul(link, '#');
    g_autofree char *path = g_strndup(link, (gsize)(hash - link));
    g_autofree char *from = g_strdup_printf("/%s", file);
    g_autofree char *directory = g_path_get_dirname(from);

    *fragment = g_strdup(*hash == '#' ? hash + 1 : "");
    if (*check->base != '\0' && g_str_has_prefix(path, check->base))
        return g_strdup(path + strlen(check->base));
    if (strchr(path, ':') != NULL)
        return NULL;
    if (*path == '\0')
        return g_strdup(file);
    g_autofree char *whole = g_canonicalize_filename(path, directory);
    return g_strdup(whole + 1);
}

static const char *
text_of(Check *check, const char *target)
{
    g_autofree char *text = NULL;

    if (g_strcmp0(check->target, target) == 0)
        return check->text;
    if (!mp_read_file(check->directory, target, FILE_LIMIT, &text, NULL, NULL))
        return NULL;
    g_free(check->target);
    g_free(check->text);
    check->target = g_strdup(target);
    check->text = g_steal_pointer(&text);
    return check->text;
}

static bool
is_file(const Check *check, const char *path)
{
    struct stat st;

    return fstatat(check->directory, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static void
follow(Check *check, const char *file, const char *link)
{
    g_autofree char *fragment = NULL;
    g_autofree char *target = resolve(check, file, link, &fragment);
    g_autofree char *what = g_strdup_printf("%s leads nowhere", link);
    g_autofree char *anchor = g_strdup_printf(" id=\"%s\"", fragment);

    if (target == NULL)
        return;
    check->counts->links++;
    if (!is_file(check, target)) {
        tell(check, file, what);
        return;
    }
    const char *text = *fragment != '\0' ? text_of(check, target) : "";
    if (text == NULL || (*fragment != '\0' && strstr(text, anchor) == NULL))
        tell(check, file, what);
}

static char *
unescape(const char *text, gsize length)
{
    g_autoptr(GString) out = g_string_new_len(text, (gssize)length);

    g_string_replace(out, "&lt;", "<", 0);
    g_string_replace(out, "&gt;", ">", 0);
    g_string_replace(out, "&quot;", "\"", 0);
    g_string_replace(out, "&amp;", "&", 0);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* Whether it is the attribute at `p` that ends the beginning of a link in a comment. */
static bool
is_theirs(const char *text, const char *p)
{
    gsize length = strlen(MP_PAGES_THEIR_LINK);

    return (gsize)(p - text) >= length && strncmp(p - length, MP_PAGES_THEIR_LINK, length) == 0;
}

static void
follow_all(Check *check, const char *file, const char *text, const char *attribute)
{
    gsize skip = strlen(attribute);

    for (const char *p = text; (p = strstr(p, attribute)) != NULL;) {
        const char *value = p + skip, *end = strchrnul(value, '"');
        g_autofree char *link = unescape(value, (gsize)(end - value));

        if (!is_theirs(text, p))
            follow(check, file, link);
        p = end;
    }
}

/* --- Files
 * ----------------------------------------------------------------------------------------- */

/* Names as pages.h has them. The name of a repository stands for itself. */
static bool
is_ours(const char *path)
{
    static const char pattern[] =
        "^(index\\.html|style\\.css|search\\.js|r/[^/]+/[^/]+/(index\\.html|opened\\.html|"
        "archive\\.html|titles\\.js|atom\\.xml|ids-[0-9]+\\.html|[0-9]+(-[0-9]+)?\\.html|"
        "a/[0-9]+/[0-9]+-[0-9]+\\.(png|jpg|gif|webp|bin)))$";

    return g_regex_match_simple(pattern, path, G_REGEX_DOLLAR_ENDONLY, 0);
}

static void
note_rows(Check *check, const char *text)
{
    MpLines *lines = mp_lines_new(&mp_lines_active, text);
    g_autoptr(GPtrArray) rows = mp_lines_sorted(lines);

    for (guint i = 0; i < rows->len; i++) {
        const char *row = g_ptr_array_index(rows, i);
        g_autofree char *id = mp_lines_key(&mp_lines_active, row);
        const char *time = strstr(row, " data-at=\"");

        if (time != NULL)
            g_ptr_array_add(check->rows, g_strdup_printf("%.20s %s", time + 10, id));
    }
    mp_lines_free(lines);
}

static bool
look_at(Check *check, const char *path, GError **error)
{
    g_autofree char *text = NULL;

    check->counts->files++;
    if (!is_file(check, path) || !is_ours(path)) {
        tell(check, path, "is no page of ours");
        return true;
    }
    if (!g_str_has_suffix(path, ".html") && !g_str_has_suffix(path, ".xml"))
        return true;
    if (!mp_read_file(check->directory, path, FILE_LIMIT, &text, NULL, error))
        return false;
    follow_all(check, path, text, " href=\"");
    follow_all(check, path, text, " src=\"");
    if (g_str_has_prefix(path, "r/") && g_str_has_suffix(path, "/index.html"))
        note_rows(check, text);
    return true;
}

static bool
walk(Check *check, const char *path, GError **error)
{
    g_autofree char *whole = g_build_filename(check->pages->directory, path, NULL);
    g_autoptr(GPtrArray) names = mp_list_directory(whole, NULL, NULL, error);

    for (guint i = 0; names != NULL && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *below =
            *path != '\0' ? g_build_filename(path, name, NULL) : g_strdup(name);
        struct stat st;
        bool is_directory =
            fstatat(check->directory, below, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);

        if (is_directory ? !walk(check, below, error) : !look_at(check, below, error))
            return false;
    }
    return names != NULL;
}

/* --- Notifications
 * --------------------------------------------------------------------------------- */

static bool
follow_notification(Check *check, guint64 id, GError **error)
{
    MpTracker *tracker = check->pages->tracker;
    g_autoptr(MpThread) thread = NULL;
    guint64 last;

    if (!mp_tracker_thread(tracker, id, &thread, error) ||
        (thread != NULL && !mp_tracker_last_comment(tracker, id, &last, error)))
        return false;
    if (thread == NULL)
        return true;
    g_autoptr(MpRepository) repository = mp_tracker_repository(tracker, thread->repository, error);
    if (repository == NULL)
        return false;
    g_autofree char *link = mp_notification_link(
        mp_notification_template(check->pages->config, repository), thread, last);
    check->counts->notifications++;
    if (link == NULL || *check->base == '\0' || !g_str_has_prefix(link, check->base))
        check->counts->elsewhere++;
    else
        follow(check, "notification", link);
    return true;
}

static int
newest_first(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)b, *(const char *const *)a);
}

static bool
follow_notifications(Check *check, GError **error)
{
    g_ptr_array_sort(check->rows, newest_first);
    for (guint i = 0; i < MIN(check->rows->len, NOTIFICATIONS); i++) {
        const char *row = g_ptr_array_index(check->rows, i);

        if (!follow_notification(check, g_ascii_strtoull(strchr(row, ' ') + 1, NULL, 10), error))
            return false;
    }
    return true;
}

bool
mp_pages_check(const MpPages *pages, MpPagesFault found, gpointer user_data, MpPagesCounts *counts,
               GError **error)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(g_free);
    g_auto(MpFd) directory = mp_open_directory(pages->directory, error);
    gsize length = strlen(pages->config->pages_url);
    Check check = {.pages = pages,
                   .directory = directory,
                   .found = found,
                   .user_data = user_data,
                   .counts = counts,
                   .rows = rows};

    *counts = (MpPagesCounts){0};
    if (directory < 0)
        return false;
    while (length > 0 && pages->config->pages_url[length - 1] == '/')
        length--;
    check.base =
        length > 0 ? g_strdup_printf("%.*s/", (int)length, pages->config->pages_url) : g_strdup("");
    bool good = walk(&check, "", error) && follow_notifications(&check, error);
    g_free(check.base);
    g_free(check.target);
    g_free(check.text);
    return good;
}
