/*
 * The last comments of a repository, and what became of its threads, as an Atom feed (RFC 4287).
 * Its ids are tag URIs (RFC 4151) of
 * what a comment never loses: they stay the same wherever the pages lie.
 */
#include "pages/internal.h"

#include <string.h>

#include "base/time.h"

#define CONTENT_MAX                                                                                \
    65536 /* octets of HTML; of a longer comment the feed has the beginning as text */
#define SUMMARY_MAX 1000 /* characters */

static char *
key_of(guint64 thread, guint64 number)
{
    return g_strdup_printf("%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, thread, number);
}

/* "https://git.example.org/pages/r/acme/rocket/", or "" where nobody knows. */
static char *
base_of(const MpPagesUpdate *update, const MpPagesRepository *repository)
{
    const char *url = update->config->pages_url;
    gsize length = strlen(url);

    while (length > 0 && url[length - 1] == '/')
        length--;
    return length > 0 ? g_strdup_printf("%.*s/%s/", (int)length, url, repository->directory)
                      : g_strdup("");
}

static void
add_content(GString *line, const MpPagesTexts *texts, const MpComment *comment)
{
    g_autoptr(GString) html = g_string_new(NULL);

    if (comment->redacted != 0)
        mp_page_add(html, "<p><em>%s</em></p>\n", texts->redacted);
    else
        mp_page_add_markdown(html, comment->body);
    if (html->len <= CONTENT_MAX) {
        mp_page_add(line, "<content type=\"html\">%s</content>", html->str);
        return;
    }
    g_autofree char *valid = g_utf8_make_valid(comment->body, -1);
    g_autofree char *begin = g_utf8_substring(valid, 0, MIN(g_utf8_strlen(valid, -1), SUMMARY_MAX));
    mp_page_add(line, "<summary>%s …</summary>", begin);
}

/* An entry stands on one line, as lists are remembered. */
static char *
one_line(GString *line)
{
    g_string_replace(line, "\r", "&#13;", 0);
    g_string_replace(line, "\n", "&#10;", 0);
    return g_string_free(line, FALSE);
}

/* Up to its link; `what` stands behind the thread in its id, `anchor` is a place on the page. */
static GString *
begin_entry(const MpPagesUpdate *update, const MpPagesRepository *repository,
            const MpThread *thread, const char *key, gint64 date, const char *what,
            const char *author, guint64 comment, const char *anchor)
{
    g_autofree char *updated = mp_time_format(date);
    g_autofree char *day = mp_time_format(thread->created);
    g_autofree char *page = mp_thread_page(thread->id, comment);
    g_autofree char *base = base_of(update, repository);
    GString *line = g_string_new(NULL);

    day[strlen("2026-01-31")] = '\0';
    mp_page_add(line,
                "<entry xml:id=\"e%s\"><updated>%s</updated><id>tag:%s,%s:%s/%d-%s/%s</id>"
                "<title>#%d %s</title><author><name>%s</name></author>"
                "<link rel=\"alternate\" type=\"text/html\" href=\"%s%s.html#%s\"/>",
                key, updated, update->config->hostname, day, repository->name, thread->id,
                thread->nonce, what, thread->id, thread->title, author, base, page, anchor);
    return line;
}

static bool
is_taken(const MpPagesRepository *repository, gint64 date)
{
    g_autofree char *updated = mp_time_format(date);

    return mp_lines_takes(repository->feed, updated);
}

void
mp_pages_feed_comment(MpPagesUpdate *update, MpPagesRepository *repository, const MpThread *thread,
                      const MpComment *comment)
{
    g_autofree char *key = key_of(thread->id, comment->number);
    g_autofree char *anchor = g_strdup_printf("comment-%" G_GUINT64_FORMAT, comment->number);
    g_autofree char *what = g_strdup_printf("%" G_GUINT64_FORMAT "-%.*s", comment->number,
                                            MP_MARK_DIGITS, comment->key); /* all that stays */

    if (!is_taken(repository, comment->date))
        return;
    GString *line = begin_entry(update, repository, thread, key, comment->date, what,
                                mp_comment_author(comment), comment->number, anchor);
    add_content(line, update->texts, comment);
    mp_page_add(line, "</entry>");
    mp_lines_set(repository->feed, one_line(line));
}

/* --- What became of a thread -------------------------------------------------------------------
 */

/* "17-0-3": no comment has such a key. */
static char *
key_of_event(guint64 thread, guint64 number)
{
    return g_strdup_printf("%" G_GUINT64_FORMAT "-0-%" G_GUINT64_FORMAT, thread, number);
}

static void
feed_event(MpPagesUpdate *update, MpPagesRepository *repository, const MpThread *thread,
           const MpThreadEvent *event)
{
    g_autofree char *key = key_of_event(thread->id, event->number);
    g_autofree char *anchor = g_strdup_printf("event-%" G_GUINT64_FORMAT, event->number);
    g_autofree char *what = g_strdup_printf("event-%" G_GUINT64_FORMAT "-%.*s", event->number,
                                            MP_MARK_DIGITS, event->key);
    g_autoptr(GString) html = g_string_new("<p>");
    GString *line = begin_entry(update, repository, thread, key, event->date, what,
                                event->author_login, event->comment, anchor);

    mp_pages_add_change(update, thread, event, html);
    g_string_append(html, "</p>");
    mp_page_add(line, "<content type=\"html\">%s</content></entry>", html->str);
    mp_lines_set(repository->feed, one_line(line));
}

/* The newest, back to one that the feed has: no more than it takes. */
bool
mp_pages_feed_events(MpPagesUpdate *update, MpPagesRepository *repository, const MpThread *thread,
                     GError **error)
{
    guint64 number;

    if (!mp_tracker_last_event(update->tracker, thread->id, &number, error))
        return false;
    for (guint i = 0; number > 0 && i < MP_PAGES_ENTRIES; i++, number--) {
        g_autofree char *key = key_of_event(thread->id, number);
        g_autoptr(MpThreadEvent) event = NULL;

        if (mp_lines_has(repository->feed, key))
            break;
        if (!mp_tracker_event(update->tracker, thread->id, number, &event, error))
            return false;
        if (event != NULL && !is_taken(repository, event->date))
            break;
        if (event != NULL)
            feed_event(update, repository, thread, event);
    }
    return true;
}

/* --- Entries that go, or are another now
 * ----------------------------------------------------------- */

/* The keys of a thread's entries (char *). */
static GPtrArray *
keys_of_thread(MpPagesRepository *repository, guint64 thread)
{
    GPtrArray *keys = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) entries = mp_lines_sorted(repository->feed);
    g_autofree char *prefix = g_strdup_printf("%" G_GUINT64_FORMAT "-", thread);

    for (guint i = 0; i < entries->len; i++) {
        char *key = mp_lines_key(&mp_lines_feed, g_ptr_array_index(entries, i));

        if (g_str_has_prefix(key, prefix))
            g_ptr_array_add(keys, key);
        else
            g_free(key);
    }
    return keys;
}

void
mp_pages_unfeed(MpPagesRepository *repository, guint64 thread, const guint64 *number)
{
    g_autofree char *one = number != NULL ? key_of(thread, *number) : NULL;
    g_autoptr(GPtrArray) keys = number == NULL ? keys_of_thread(repository, thread) : NULL;

    if (one != NULL)
        mp_lines_remove(repository->feed, one);
    for (guint i = 0; keys != NULL && i < keys->len; i++)
        mp_lines_remove(repository->feed, g_ptr_array_index(keys, i));
}

static bool
feed_key_again(MpPagesUpdate *update, MpPagesRepository *repository, const MpThread *thread,
               const char *key, GError **error)
{
    const char *number = strchr(key, '-') + 1;
    g_autoptr(MpComment) comment = NULL;
    g_autoptr(MpThreadEvent) event = NULL;

    if (g_str_has_prefix(number, "0-")
            ? !mp_tracker_event(update->tracker, thread->id,
                                g_ascii_strtoull(number + strlen("0-"), NULL, 10), &event, error)
            : !mp_tracker_comment(update->tracker, thread->id, g_ascii_strtoull(number, NULL, 10),
                                  &comment, error))
        return false;
    if (comment != NULL)
        mp_pages_feed_comment(update, repository, thread, comment);
    else if (event != NULL)
        feed_event(update, repository, thread, event);
    else
        mp_lines_remove(repository->feed, key);
    return true;
}

bool
mp_pages_feed_again(MpPagesUpdate *update, MpPagesRepository *repository, const MpThread *thread,
                    GError **error)
{
    g_autoptr(GPtrArray) keys = keys_of_thread(repository, thread->id);

    for (guint i = 0; i < keys->len; i++)
        if (!feed_key_again(update, repository, thread, keys->pdata[i], error))
            return false;
    return true;
}

/* --- The feed
 * --------------------------------------------------------------------------------------- */

/* Of the newest entry, whose line begins with its key and its date. */
static char *
date_of_feed(const GPtrArray *entries)
{
    const char *first = entries->len > 0 ? g_ptr_array_index(entries, 0) : NULL;
    const char *date = first != NULL ? strstr(first, "<updated>") : NULL;

    return date != NULL ? g_strndup(date + strlen("<updated>"), strlen("2026-01-31T12:00:00Z"))
                        : mp_time_format(0);
}

bool
mp_pages_write_feed(MpPagesUpdate *update, MpPagesRepository *repository, GError **error)
{
    g_autofree char *path = g_strconcat(repository->directory, "/atom.xml", NULL);
    g_autofree char *base = base_of(update, repository);
    g_autoptr(GPtrArray) entries = mp_lines_sorted(repository->feed);
    g_autofree char *date = date_of_feed(entries);
    GString *feed;

    if (!update->is_fresh && !mp_lines_is_changed(repository->feed))
        return true;
    feed = g_string_new(NULL);
    mp_page_add(feed,
                "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"%s\">\n"
                "<id>tag:%s,2026:%s</id>\n<title>%s</title>\n<updated>%s</updated>\n"
                "<link rel=\"alternate\" type=\"text/html\" href=\"%sindex.html\"/>\n",
                update->texts->lang, update->config->hostname, repository->name, repository->name,
                date, base);
    if (*base != '\0')
        mp_page_add(
            feed, "<link rel=\"self\" type=\"application/atom+xml\" href=\"%satom.xml\"/>\n", base);
    for (guint i = 0; i < entries->len; i++) {
        g_string_append(feed, g_ptr_array_index(entries, i));
        g_string_append_c(feed, '\n');
    }
    g_string_append(feed, "</feed>\n");
    return mp_stage_put_page(update->stage, MP_STAGE_FEED, path, feed, error);
}
