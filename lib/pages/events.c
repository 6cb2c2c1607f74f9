/* What became of a thread, in lines between its comments; and its labels. */
#include "pages/internal.h"

void
mp_pages_add_labels(GString *page, const GPtrArray *labels)
{
    for (guint i = 0; labels != NULL && i < labels->len; i++)
        mp_page_add(page, " <span class=\"label\"><bdi>%s</bdi></span>", (char *)labels->pdata[i]);
}

void
mp_pages_events_clear(MpPagesEvents *events)
{
    g_clear_pointer(&events->event, mp_thread_event_free);
}

/* They are in the order of the comments: what stands on the page is a piece of them. */
bool
mp_pages_events_begin(MpPagesUpdate *update, guint64 thread, guint64 first, guint64 last,
                      GString *page, MpPagesEvents *events, GError **error)
{
    *events = (MpPagesEvents){0};
    if (!mp_tracker_first_event(update->tracker, thread, first, &events->next, error) ||
        !mp_tracker_first_event(update->tracker, thread, last + 1, &events->end, error))
        return false;
    if (events->end - events->next <= MP_PAGES_EVENTS)
        return true;
    mp_page_add(page, "<p class=\"event\">%d %s</p>\n",
                events->end - events->next - MP_PAGES_EVENTS, update->texts->earlier);
    events->next = events->end - MP_PAGES_EVENTS;
    return true;
}

/* Of a ref that came or went there is one commit to tell of. */
static void
add_push(const MpPagesTexts *texts, const MpRefPush *push, GString *page)
{
    g_autofree char *before = mp_push_short_id(push->before);
    g_autofree char *after = mp_push_short_id(push->after);
    bool has_both = push->before != NULL && push->after != NULL;

    mp_page_add(page, " %s <bdi>%s</bdi> (", mp_push_is_of_tag(push) ? texts->tag : texts->branch,
                mp_push_short_ref(push));
    if (push->before != NULL)
        mp_page_add(page, "<code>%s</code>", before);
    if (has_both)
        mp_page_add(page, " → ");
    if (push->after != NULL)
        mp_page_add(page, "<code>%s</code>", after);
    mp_page_add(page, ")");
}

static const char *
deed_of(const MpPagesTexts *texts, const MpThreadEvent *event)
{
    if (event->push != NULL)
        return texts->pushes[mp_push_is_of_tag(event->push)][mp_push_deed(event->push)];
    return event->change == MP_THREAD_CLOSED && event->source != NULL
               ? texts->closed_by
               : texts->changes[event->change];
}

/* What became of a pull request, or what a commit did; the commits themselves stand below. */
static void
add_git(const MpPagesTexts *texts, const MpThread *thread, const MpThreadEvent *event,
        GString *page)
{
    if (event->change == MP_THREAD_HEAD_PUSHED)
        mp_page_add(page, " %d", event->n_added);
    if (event->n_removed > 0)
        mp_page_add(page, " · %s %d", texts->taken_back, event->n_removed);
    if (event->change == MP_THREAD_MERGED && thread->base != NULL)
        mp_page_add(page, " <code>%s</code>", thread->base);
    if (event->source != NULL)
        mp_page_add(page, " · <bdi>%s</bdi>", event->source);
}

void
mp_pages_add_change(const MpPagesUpdate *update, const MpThread *thread, const MpThreadEvent *event,
                    GString *page)
{
    const MpPagesTexts *texts = update->texts;
    g_autofree char *assignees = mp_assignees_text(event->assignees, ", ");

    mp_page_add(page, "<bdi>%s</bdi> %s", event->author_login, deed_of(texts, event));
    add_git(texts, thread, event, page);
    mp_pages_add_labels(page, event->labels);
    if (*assignees != '\0')
        mp_page_add(page, " <bdi>%s</bdi>", assignees);
    if (event->push != NULL)
        add_push(texts, event->push, page);
    if (event->title != NULL)
        mp_page_add(page, " <del><bdi>%s</bdi></del> <ins><bdi>%s</bdi></ins>",
                    event->was != NULL ? event->was : "", event->title);
}

static bool
add_event(const MpPagesUpdate *update, const MpThread *thread, const MpThreadEvent *event,
          GString *page, GError **error)
{
    if (event->change == MP_THREAD_HEAD_PUSHED &&
        !mp_tracker_commit_threads(update->tracker, thread->repository, event->commits, event->date,
                                   error))
        return false;
    mp_page_add(page, "<p class=\"event\" id=\"event-%d\">", event->number);
    mp_pages_add_change(update, thread, event, page);
    mp_page_add(page, " · %t</p>\n", event->date);
    if (event->push != NULL && event->push->message != NULL)
        mp_page_add(page, "<blockquote class=\"event said\" dir=\"auto\">%s</blockquote>\n",
                    event->push->message);
    if (event->commits != NULL)
        mp_pages_add_commits(page, update->texts, event->commits, event->n_added);
    return true;
}

bool
mp_pages_add_events(MpPagesUpdate *update, const MpThread *thread, guint64 comment, GString *page,
                    MpPagesEvents *events, GError **error)
{
    while (events->next < events->end) {
        if (events->event == NULL &&
            !mp_tracker_event(update->tracker, thread->id, events->next, &events->event, error))
            return false;
        if (events->event != NULL && events->event->comment > comment)
            break;
        if (events->event != NULL && !add_event(update, thread, events->event, page, error))
            return false;
        mp_pages_events_clear(events);
        events->next++;
    }
    return true;
}
