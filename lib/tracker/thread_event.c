/* What became of a thread; see thread_event.h. */
#include "tracker/thread_event.h"

#include <string.h>

#include "base/escape.h"
#include "base/names.h"

static const char *const change_names[MP_N_THREAD_CHANGES] = {
    [MP_THREAD_CLOSED] = "closed",
    [MP_THREAD_REOPENED] = "reopened",
    [MP_THREAD_LOCKED] = "locked",
    [MP_THREAD_UNLOCKED] = "unlocked",
    [MP_THREAD_RENAMED] = "renamed",
    [MP_THREAD_LABELED] = "labeled",
    [MP_THREAD_UNLABELED] = "unlabeled",
    [MP_THREAD_ASSIGNED] = "assigned",
    [MP_THREAD_UNASSIGNED] = "unassigned",
    [MP_THREAD_PUSHED] = "pushed",
    [MP_THREAD_HEAD_PUSHED] = "head-pushed",
    [MP_THREAD_MERGED] = "merged",
    [MP_THREAD_HEAD_DELETED] = "head-deleted",
    [MP_THREAD_REFERENCED] = "referenced",
};

MP_DEFINE_NAMES(mp_thread_change, MpThreadChange, change_names)

void
mp_thread_event_free(MpThreadEvent *event)
{
    if (event == NULL)
        return;
    g_free(event->author_login);
    g_free(event->via);
    g_free(event->host);
    g_free(event->key);
    g_free(event->was);
    g_free(event->title);
    g_clear_pointer(&event->labels, g_ptr_array_unref);
    g_clear_pointer(&event->assignees, g_ptr_array_unref);
    mp_push_free(event->push);
    g_free(event->from);
    g_free(event->to);
    g_clear_pointer(&event->commits, g_ptr_array_unref);
    g_free(event->source);
    g_free(event);
}

/* --- Labels and assignees ------------------------------------------------------------------------
 */

bool
mp_is_label(const char *label)
{
    if (!g_utf8_validate(label, -1, NULL) || g_utf8_strlen(label, -1) > MP_LABEL_MAX)
        return false;
    for (const char *p = label; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        bool is_mark =
            p > label && (g_unichar_ismark(c) || (c < 0x80 && strchr("-:/#&=!?%", (int)c)));

        if (!g_unichar_isalnum(c) && c != '.' && c != '_' && c != '+' && !is_mark)
            return false;
    }
    return *label != '\0' && mp_is_visible_line(label);
}

static char *
folded(const char *label)
{
    g_autofree char *normal = g_utf8_normalize(label, -1, G_NORMALIZE_ALL);

    return g_utf8_casefold(normal != NULL ? normal : label, -1);
}

bool
mp_same_label(const char *a, const char *b)
{
    g_autofree char *x = folded(a), *y = folded(b);

    return strcmp(x, y) == 0;
}

static guint
index_of_label(const GPtrArray *labels, const char *label)
{
    guint i = 0;

    while (labels != NULL && i < labels->len && !mp_same_label(labels->pdata[i], label))
        i++;
    return i;
}

const char *
mp_labels_find(const GPtrArray *labels, const char *label)
{
    guint i = index_of_label(labels, label);

    return labels != NULL && i < labels->len ? labels->pdata[i] : NULL;
}

static void
assignee_free(gpointer data)
{
    MpAssignee *assignee = data;

    g_free(assignee->login);
    g_free(assignee);
}

GPtrArray *
mp_assignees_new(void)
{
    return g_ptr_array_new_with_free_func(assignee_free);
}

void
mp_assignees_add(GPtrArray *assignees, guint64 id, const char *login)
{
    MpAssignee *assignee = g_new0(MpAssignee, 1);

    assignee->id = id;
    assignee->login = g_strdup(login);
    g_ptr_array_add(assignees, assignee);
}

static guint
index_of_assignee(const GPtrArray *assignees, guint64 id)
{
    guint i = 0;

    while (assignees != NULL && i < assignees->len && ((MpAssignee *)assignees->pdata[i])->id != id)
        i++;
    return i;
}

bool
mp_assignees_have(const GPtrArray *assignees, guint64 id)
{
    return assignees != NULL && index_of_assignee(assignees, id) < assignees->len;
}

char *
mp_labels_text(const GPtrArray *labels, const char *separator)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; labels != NULL && i < labels->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? separator : "", (char *)labels->pdata[i]);
    return g_string_free(text, FALSE);
}

char *
mp_assignees_text(const GPtrArray *assignees, const char *separator)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; assignees != NULL && i < assignees->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? separator : "",
                               ((MpAssignee *)assignees->pdata[i])->login);
    return g_string_free(text, FALSE);
}

static char *
push_text(const MpRefPush *push)
{
    return g_strdup_printf("%s %s", push->ref, mp_push_deed_name(mp_push_deed(push)));
}

/* "2 commits, 1 taken back"; the commit that closed or named the thread; else "". */
static char *
git_text(const MpThreadEvent *event)
{
    GString *text = g_string_new(NULL);

    if (event->change == MP_THREAD_HEAD_PUSHED)
        g_string_append_printf(text, "%" G_GUINT64_FORMAT " commit%s", event->n_added,
                               event->n_added == 1 ? "" : "s");
    if (event->change == MP_THREAD_HEAD_PUSHED && event->n_removed > 0)
        g_string_append_printf(text, ", %" G_GUINT64_FORMAT " taken back", event->n_removed);
    if (event->source != NULL && event->commits != NULL && event->commits->len > 0)
        g_string_append_printf(text, "by %s@%.12s", event->source,
                               ((MpChangedCommit *)event->commits->pdata[0])->id);
    return g_string_free(text, FALSE);
}

char *
mp_thread_event_text(const MpThreadEvent *event)
{
    g_autofree char *about = event->push != NULL        ? push_text(event->push)
                             : event->labels != NULL    ? mp_labels_text(event->labels, "; ")
                             : event->assignees != NULL ? mp_assignees_text(event->assignees, "; ")
                                                        : git_text(event);

    return g_strconcat(mp_thread_change_name(event->change), *about != '\0' ? " " : "", about,
                       NULL);
}

/* --- The change ----------------------------------------------------------------------------------
 */

static bool
set_fact(bool *fact, bool value)
{
    bool has_changed = *fact != value;

    *fact = value;
    return has_changed;
}

static bool
rename_thread(MpThread *thread, MpThreadEvent *event)
{
    if (strcmp(thread->title, event->title) == 0)
        return false;
    g_free(event->was);
    event->was = thread->title;
    thread->title = g_strdup(event->title);
    return true;
}

static bool
add_labels(MpThread *thread, MpThreadEvent *event)
{
    if (thread->labels == NULL)
        thread->labels = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < event->labels->len;) {
        const char *label = event->labels->pdata[i];

        if (mp_labels_find(thread->labels, label) != NULL) {
            g_ptr_array_remove_index(event->labels, i);
        } else {
            g_ptr_array_add(thread->labels, g_strdup(label));
            i++;
        }
    }
    return event->labels->len > 0;
}

/* The event has them as the thread had them. */
static bool
remove_labels(MpThread *thread, MpThreadEvent *event)
{
    g_autoptr(GPtrArray) wanted = event->labels;
    bool are_all = wanted == NULL;

    event->labels = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; thread->labels != NULL && i < thread->labels->len;) {
        if (!are_all && mp_labels_find(wanted, thread->labels->pdata[i]) == NULL) {
            i++;
            continue;
        }
        g_ptr_array_add(event->labels, g_strdup(thread->labels->pdata[i]));
        g_ptr_array_remove_index(thread->labels, i);
    }
    return event->labels->len > 0;
}

static bool
add_assignees(MpThread *thread, MpThreadEvent *event)
{
    if (thread->assignees == NULL)
        thread->assignees = mp_assignees_new();
    for (guint i = 0; i < event->assignees->len;) {
        const MpAssignee *assignee = event->assignees->pdata[i];

        if (mp_assignees_have(thread->assignees, assignee->id)) {
            g_ptr_array_remove_index(event->assignees, i);
        } else {
            mp_assignees_add(thread->assignees, assignee->id, assignee->login);
            i++;
        }
    }
    return event->assignees->len > 0;
}

static bool
remove_assignees(MpThread *thread, MpThreadEvent *event)
{
    g_autoptr(GPtrArray) wanted = event->assignees;

    event->assignees = mp_assignees_new();
    for (guint i = 0; thread->assignees != NULL && i < thread->assignees->len;) {
        const MpAssignee *assignee = thread->assignees->pdata[i];

        if (wanted != NULL && !mp_assignees_have(wanted, assignee->id)) {
            i++;
            continue;
        }
        mp_assignees_add(event->assignees, assignee->id, assignee->login);
        g_ptr_array_remove_index(thread->assignees, i);
    }
    return event->assignees->len > 0;
}

/* A merged one that is opened again is merged no more. */
static bool
set_open(MpThread *thread, bool is_open)
{
    thread->is_merged &= !is_open;
    return set_fact(&thread->is_open, is_open);
}

static bool
merge(MpThread *thread)
{
    bool was_open = set_open(thread, false);

    thread->is_merged |= was_open;
    return was_open;
}

bool
mp_thread_apply(MpThread *thread, MpThreadEvent *event)
{
    switch (event->change) {
    case MP_THREAD_CLOSED:
    case MP_THREAD_REOPENED:
    case MP_THREAD_HEAD_DELETED:
        return set_open(thread, event->change == MP_THREAD_REOPENED);
    case MP_THREAD_MERGED:
        return merge(thread);
    case MP_THREAD_HEAD_PUSHED:
    case MP_THREAD_REFERENCED:
        return true;
    case MP_THREAD_LOCKED:
    case MP_THREAD_UNLOCKED:
        return set_fact(&thread->is_locked, event->change == MP_THREAD_LOCKED);
    case MP_THREAD_RENAMED:
        return rename_thread(thread, event);
    case MP_THREAD_LABELED:
        return add_labels(thread, event);
    case MP_THREAD_UNLABELED:
        return remove_labels(thread, event);
    case MP_THREAD_ASSIGNED:
        return add_assignees(thread, event);
    case MP_THREAD_UNASSIGNED:
        return remove_assignees(thread, event);
    case MP_THREAD_PUSHED:
        return true; /* of the repository: nothing of the thread changes */
    case MP_N_THREAD_CHANGES:
        break;
    }
    g_assert_not_reached();
}
