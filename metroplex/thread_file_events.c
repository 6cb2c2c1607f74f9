/* Labels, assignees and events of a thread in a file: read from JSON, and added to the thread that
 * was made of it. As untrusted as the rest; see thread_file.h. */
#include "thread_file.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/time.h"
#include "instance/transaction.h"
#include "tracker/guests.h"

#define EVENTS_MAX 100000
#define LIST_MAX   1000
#define WORD_MAX   1000 /* octets */

/* --- Reading -------------------------------------------------------------------------------------
 */

/* An array of strings, which may be absent. */
static bool
read_strings(JsonObject *object, const char *where, const char *name, GPtrArray *into,
             GError **error)
{
    JsonNode *node = json_object_get_member(object, name);
    JsonArray *array =
        node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

    if (node == NULL || JSON_NODE_HOLDS_NULL(node))
        return true;
    if (array == NULL || json_array_get_length(array) > LIST_MAX)
        return mp_fail(error, MP_ERROR_INPUT, "%s.%s: not an array of at most %d", where, name,
                       LIST_MAX);
    for (guint i = 0; i < json_array_get_length(array); i++) {
        JsonNode *element = json_array_get_element(array, i);

        if (!JSON_NODE_HOLDS_VALUE(element) || json_node_get_value_type(element) != G_TYPE_STRING)
            return mp_fail(error, MP_ERROR_INPUT, "%s.%s: not strings", where, name);
        g_ptr_array_add(into, g_strdup(json_node_get_string(element)));
    }
    return true;
}

/* Each once, and fit to be one. */
static bool
check_labels(GPtrArray *labels, const char *where, GError **error)
{
    g_autoptr(GPtrArray) seen = g_ptr_array_new();

    for (guint i = 0; i < labels->len; i++) {
        if (!mp_is_label(labels->pdata[i]) || mp_labels_find(seen, labels->pdata[i]) != NULL)
            return mp_fail(error, MP_ERROR_INPUT, "%s.labels: not labels, each once", where);
        g_ptr_array_add(seen, labels->pdata[i]);
    }
    return true;
}

/* NULL where it is absent, too long or no string. */
static char *
read_line(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);
    const char *value = node != NULL && JSON_NODE_HOLDS_VALUE(node) &&
                                json_node_get_value_type(node) == G_TYPE_STRING
                            ? json_node_get_string(node)
                            : NULL;

    return value != NULL && strlen(value) <= WORD_MAX ? mp_one_line(value) : NULL;
}

static guint64
read_number(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);
    gint64 value = node != NULL && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_int(node) : 0;

    return value > 0 ? (guint64)value : 0;
}

static void
file_event_free(gpointer data)
{
    MpFileEvent *file = data;

    mp_thread_event_free(file->event);
    g_ptr_array_unref(file->logins);
    g_free(file);
}

static bool
read_words(MpInstance *instance, JsonObject *object, const char *where, MpFileEvent *file,
           GError **error)
{
    MpThreadEvent *event = file->event;
    MpMaskScope scope = instance->config->mask_addresses ? MP_MASK_TEXT : MP_MASK_MACS;
    g_autofree char *was = read_line(object, "was"), *title = read_line(object, "title");
    g_autoptr(GPtrArray) labels = g_ptr_array_new_with_free_func(g_free);

    if (!read_strings(object, where, "labels", labels, error) ||
        !check_labels(labels, where, error) ||
        !read_strings(object, where, "assignees", file->logins, error))
        return false;
    if (event->change == MP_THREAD_PUSHED &&
        (event->push = mp_file_read_push(object, where, error)) == NULL)
        return false;
    event->was = was != NULL ? mp_address_mask(was, scope) : NULL;
    event->title = title != NULL ? mp_address_mask(title, scope) : NULL;
    event->labels = labels->len > 0 ? g_steal_pointer(&labels) : NULL;
    return event->change != MP_THREAD_RENAMED || (was != NULL && title != NULL) ||
           mp_fail(error, MP_ERROR_INPUT, "%s: renamed from nothing or to nothing", where);
}

/* A member of Git's: a whole id, or NULL where it is absent or none. */
static char *
read_object_id(JsonObject *object, const char *name)
{
    g_autofree char *id = read_line(object, name);

    return id != NULL && mp_is_object_id(id) ? g_steal_pointer(&id) : NULL;
}

static bool
read_commit(MpInstance *instance, JsonObject *object, GPtrArray *commits)
{
    MpMaskScope scope = instance->config->mask_addresses ? MP_MASK_TEXT : MP_MASK_MACS;
    g_autofree char *id = read_object_id(object, "id"), *date = read_line(object, "date");
    g_autofree char *author = read_line(object, "author");
    g_autofree char *subject = read_line(object, "subject");
    gint64 seconds;

    if (id == NULL || author == NULL || subject == NULL || date == NULL ||
        !mp_time_parse(date, &seconds))
        return false;
    g_autofree char *name = mp_address_mask(author, scope);
    g_autofree char *line = mp_address_mask(subject, scope);
    const MpChangedCommit commit = {id, name, line, seconds};
    mp_changed_commits_add(commits, &commit);
    return true;
}

static bool
read_commits(MpInstance *instance, JsonObject *object, const char *where, MpThreadEvent *event,
             GError **error)
{
    JsonNode *node = json_object_get_member(object, "commits");
    JsonArray *array =
        node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    guint n = array != NULL ? json_array_get_length(array) : 0;
    g_autoptr(GPtrArray) commits = mp_changed_commits_new();

    for (guint i = 0; i < n; i++) {
        JsonNode *element = json_array_get_element(array, i);

        if (n > MP_EVENT_COMMITS || !JSON_NODE_HOLDS_OBJECT(element) ||
            !read_commit(instance, json_node_get_object(element), commits))
            return mp_fail(error, MP_ERROR_INPUT, "%s.commits: not at most %d commits", where,
                           MP_EVENT_COMMITS);
    }
    event->commits = n > 0 ? g_steal_pointer(&commits) : NULL;
    return true;
}

/* What happened in Git; without what it needs it did not. */
static bool
read_git(MpInstance *instance, JsonObject *object, const char *where, MpThreadEvent *event,
         GError **error)
{
    event->from = read_object_id(object, "from");
    event->to = read_object_id(object, "to");
    event->source = read_line(object, "source");
    event->n_added = MIN(read_number(object, "added"), G_MAXUINT32);
    event->n_removed = MIN(read_number(object, "removed"), G_MAXUINT32);
    if (!read_commits(instance, object, where, event, error))
        return false;
    bool is_bare =
        (event->change == MP_THREAD_HEAD_PUSHED && (event->from == NULL || event->to == NULL)) ||
        (event->change == MP_THREAD_MERGED && event->to == NULL) ||
        (event->change == MP_THREAD_REFERENCED &&
         (event->commits == NULL || event->source == NULL)) ||
        (event->source != NULL && !mp_is_repository_name(event->source));
    return !is_bare ||
           mp_fail(error, MP_ERROR_INPUT, "%s: from, to, source or commits are none", where);
}

static bool
read_event(MpInstance *instance, JsonObject *object, const char *where, MpFileEvent *file,
           GError **error)
{
    MpThreadEvent *event = file->event;
    g_autofree char *change = read_line(object, "change"), *date = read_line(object, "date");

    event->comment = read_number(object, "comment");
    event->author_login = read_line(object, "author");
    event->via = read_line(object, "via");
    if (change == NULL || !mp_thread_change_parse(change, &event->change) ||
        event->author_login == NULL || event->via == NULL || date == NULL ||
        !mp_time_parse(date, &event->date) || event->date < 0)
        return mp_fail(error, MP_ERROR_INPUT, "%s: change, author, date or via are none", where);
    return read_words(instance, object, where, file, error) &&
           read_git(instance, object, where, event, error);
}

bool
mp_file_read_events(MpInstance *instance, JsonObject *object, MpFileThread *thread, GError **error)
{
    JsonNode *node = json_object_get_member(object, "events");
    JsonArray *array =
        node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    g_autoptr(GPtrArray) labels = g_ptr_array_new_with_free_func(g_free);

    if (!read_strings(object, "thread", "labels", labels, error) ||
        !check_labels(labels, "thread", error) ||
        !read_strings(object, "thread", "assignees", thread->assignees, error))
        return false;
    thread->facts->labels = g_steal_pointer(&labels);
    if (array != NULL && json_array_get_length(array) > EVENTS_MAX)
        return mp_fail(error, MP_ERROR_INPUT, "thread.events: more than %d", EVENTS_MAX);
    for (guint i = 0; array != NULL && i < json_array_get_length(array); i++) {
        JsonNode *element = json_array_get_element(array, i);
        g_autofree char *where = g_strdup_printf("events[%u]", i);
        MpFileEvent *file = g_new0(MpFileEvent, 1);

        file->event = g_new0(MpThreadEvent, 1);
        file->logins = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(thread->events, file);
        if (!JSON_NODE_HOLDS_OBJECT(element))
            return mp_fail(error, MP_ERROR_INPUT, "%s: not an object", where);
        if (!read_event(instance, json_node_get_object(element), where, file, error))
            return false;
    }
    return true;
}

GPtrArray *
mp_file_events_new(void)
{
    return g_ptr_array_new_with_free_func(file_event_free);
}

/* --- Adding --------------------------------------------------------------------------------------
 */

bool
mp_file_find_login(MpInstance *instance, const char *login, MpUser **user, GError **error)
{
    *user = NULL;
    return mp_is_guest_login(login) ||
           mp_accounts_user_by_login(instance->accounts, login, user, error);
}

/* LOGIN of LOGIN@users.noreply.HOSTNAME, as our commits and exports have it; NULL for others. */
static char *
login_of_address(const MpInstance *instance, const char *address)
{
    g_autofree char *domain = g_strconcat("@users.noreply.", instance->config->hostname, NULL);
    const char *at = strrchr(address, '@');

    return at != NULL && g_ascii_strcasecmp(at, domain) == 0
               ? g_strndup(address, (gsize)(at - address))
               : NULL;
}

bool
mp_file_find_author(MpInstance *instance, const MpFileComment *comment, bool is_at_home,
                    MpUser **user, GError **error)
{
    g_autofree char *login = comment->address != NULL ? login_of_address(instance, comment->address)
                                                      : g_strdup(comment->login);

    *user = mp_file_committer(comment);
    if (*user == NULL && login != NULL)
        return is_at_home ? mp_accounts_user_by_login(instance->accounts, login, user, error)
                          : mp_file_find_login(instance, login, user, error);
    return *user != NULL || comment->address == NULL ||
           mp_accounts_user_by_address(instance->accounts, comment->address, user, error);
}

/* The accounts of these logins; who has none here is left out. NULL for errors only. */
static GPtrArray *
find_assignees(MpInstance *instance, const GPtrArray *logins, GError **error)
{
    g_autoptr(GPtrArray) assignees = mp_assignees_new();

    for (guint i = 0; i < logins->len; i++) {
        g_autoptr(MpUser) user = NULL;

        if (!mp_file_find_login(instance, logins->pdata[i], &user, error))
            return NULL;
        if (user != NULL && !mp_assignees_have(assignees, user->id))
            mp_assignees_add(assignees, user->id, user->login);
    }
    return g_steal_pointer(&assignees);
}

bool
mp_file_settle_assignees(MpInstance *instance, MpFileThread *thread, GError **error)
{
    g_clear_pointer(&thread->facts->assignees, g_ptr_array_unref);
    thread->facts->assignees = find_assignees(instance, thread->assignees, error);
    return thread->facts->assignees != NULL;
}

/* Its author here; NULL in *user where there is none, and nobody stands in. */
static bool
find_author(MpInstance *instance, const MpThreadEvent *event, const MpUser *fallback, MpUser **user,
            GError **error)
{
    if (!mp_file_find_login(instance, event->author_login, user, error))
        return false;
    return *user != NULL || fallback == NULL ||
           mp_accounts_user(instance->accounts, fallback->id, user, error);
}

/* Nobody is known to have done it, there as here. */
static bool
add_event_of_git(MpBatch *batch, guint64 thread, MpThreadEvent *event, GError **error)
{
    MpActor actor = mp_program_actor();

    actor.date = event->date;
    event->author = 0;
    return mp_batch_add_event(batch, thread, event, &actor, error);
}

static bool
add_event(MpInstance *instance, MpBatch *batch, guint64 thread, MpThreadEvent *event,
          const MpUser *fallback, GError **error)
{
    g_autoptr(MpUser) user = NULL;

    if (event->change == MP_THREAD_PUSHED) { /* nobody's account did it */
        const MpActor nobody = {0, event->author_login, event->author_login, event->date,
                                mp_time_now()};

        event->author = 0;
        return mp_batch_add_event(batch, thread, event, &nobody, error);
    }
    if (strcmp(event->via, MP_VIA_GIT) == 0 && mp_is_repository_name(event->author_login))
        return add_event_of_git(batch, thread, event, error);
    if (!find_author(instance, event, fallback, &user, error))
        return false;
    if (user == NULL) {
        g_autofree char *shown = mp_escape(event->author_login);
        return mp_fail(error, MP_ERROR_INPUT,
                       "an event: no account of %s here; --as LOGIN says whose such become", shown);
    }
    MpActor actor = mp_transaction_actor(user);
    actor.date = event->date;
    event->author = user->id;
    g_free(event->author_login);
    event->author_login = g_strdup(user->login);
    return mp_batch_add_event(batch, thread, event, &actor, error);
}

bool
mp_file_add_events(MpInstance *instance, MpBatch *batch, const MpFileThread *file, guint64 thread,
                   const MpUser *fallback, GError **error)
{
    const MpFileComment *opening = g_ptr_array_index(file->comments, 0);
    g_autofree char *source = g_strconcat("import:", opening->id, NULL);
    guint64 behind = 0;

    for (guint i = 0; i < file->events->len; i++) {
        const MpFileEvent *one = file->events->pdata[i];
        MpThreadEvent *event = one->event;
        g_autofree char *words = g_strdup_printf("event %u", i);
        bool is_about =
            event->change == MP_THREAD_ASSIGNED || event->change == MP_THREAD_UNASSIGNED;
        bool has_labels =
            event->change == MP_THREAD_LABELED || event->change == MP_THREAD_UNLABELED;

        behind = MAX(behind, MIN(event->comment, file->comments->len - 1));
        event->comment = behind;
        g_free(event->key);
        event->key = mp_tracker_key(0, 0, source, words);
        g_clear_pointer(&event->assignees, g_ptr_array_unref);
        event->assignees = is_about ? find_assignees(instance, one->logins, error) : NULL;
        if (is_about && event->assignees == NULL)
            return false;
        /* about nobody or nothing: there is nothing left to tell */
        if ((is_about && event->assignees->len == 0) || (has_labels != (event->labels != NULL)))
            continue;
        if (!add_event(instance, batch, thread, event, fallback, error))
            return false;
    }
    return true;
}
