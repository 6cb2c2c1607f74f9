/* metroplex thread list, metroplex thread show: reading takes no lock. */
#include "thread.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/time.h"
#include "cli/json.h"
#include "cli/output.h"

static const char *
state_of(const MpThread *thread)
{
    return thread->is_open ? "open" : "closed";
}

/* Common to list and show. */
static JsonObject *
json_of(const MpThread *thread)
{
    JsonObject *object = json_object_new();

    mp_json_number(object, "id", thread->id);
    mp_json_text(object, "kind", mp_thread_kind_name(thread->kind));
    mp_json_text(object, "repository", thread->repository);
    mp_json_text(object, "title", thread->title);
    mp_json_text(object, "state", state_of(thread));
    mp_json_flag(object, "locked", thread->is_locked);
    if (thread->is_unlisted)
        mp_json_flag(object, "unlisted", true);
    mp_json_text(object, "object", thread->object);
    if (thread->base != NULL) {
        mp_json_text(object, "base", thread->base);
        mp_json_flag(object, "merged", thread->is_merged);
    }
    mp_json_text(object, "author", thread->author_login);
    mp_json_text(object, "author_name", thread->author_name);
    mp_json_date(object, "created", thread->created);
    mp_json_texts(object, "labels", thread->labels);
    thread_json_assignees(object, thread->assignees);
    return object;
}

/* --- List ------------------------------------------------------------------------------------- */

typedef struct {
    const char *label; /* or NULL */
    guint64 assignee;  /* or 0 */
    bool json;
} Filter;

static void
print_json_line(const MpThread *thread)
{
    mp_json_print(json_of(thread));
}

static void
print_line(const MpThread *thread)
{
    g_autofree char *title = mp_escape(thread->title);
    g_autofree char *labels = mp_labels_text(thread->labels, ", ");

    printf("%-6" G_GUINT64_FORMAT " %-6s  %-6s  %-24s %s%s%s%s%s\n", thread->id,
           mp_thread_kind_name(thread->kind), state_of(thread), thread->repository, title,
           thread->is_locked ? " (locked)" : "", *labels != '\0' ? " [" : "", labels,
           *labels != '\0' ? "]" : "");
}

static bool
visit(const MpThread *thread, gpointer user_data)
{
    const Filter *filter = user_data;

    if ((filter->label != NULL && mp_labels_find(thread->labels, filter->label) == NULL) ||
        (filter->assignee != 0 && !mp_assignees_have(thread->assignees, filter->assignee)))
        return true;
    (filter->json ? print_json_line : print_line)(thread);
    return !ferror(stdout);
}

static bool
find_assignee(MpInstance *instance, const char *login, Filter *filter, GError **error)
{
    g_autoptr(MpUser) user = login != NULL ? mp_instance_user(instance, login, error) : NULL;

    if (user != NULL)
        filter->assignee = user->id;
    return login == NULL || user != NULL;
}

int
thread_list(int argc, char **argv)
{
    gboolean json = FALSE;
    g_autofree char *repository = NULL, *state = NULL, *label = NULL, *assignee = NULL;
    const GOptionEntry entries[] = {
        MP_OPTION_JSON(json),
        {"repository", 0, 0, G_OPTION_ARG_FILENAME, &repository, "only those of a repository",
         "OWNER/NAME"},
        {"state", 0, 0, G_OPTION_ARG_FILENAME, &state, "only those", "open|closed"},
        {"label", 0, 0, G_OPTION_ARG_FILENAME, &label, "only those with it", "LABEL"},
        {"assignee", 0, 0, G_OPTION_ARG_FILENAME, &assignee, "only those assigned to somebody",
         "LOGIN"},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(&options, entries,
                     "[--json] [--repository OWNER/NAME] [--state open|closed]\n"
                     "    [--label LABEL] [--assignee LOGIN]",
                     "Lists threads: id, kind, state, repository, title, labels. Example:\n"
                     "    metroplex thread list --state open --label bug --assignee kate",
                     0, 0, &argc, &argv);
    bool is_open = g_strcmp0(state, "open") == 0;
    g_autofree char *read = label != NULL ? thread_read_label(label, &error) : NULL;
    Filter filter = {.label = read, .json = json};
    if ((label != NULL && read == NULL) ||
        (repository != NULL && !thread_check_repository(repository, &error)) ||
        !mp_instance_read(&instance, &options, false, &error) ||
        !find_assignee(&instance, assignee, &filter, &error) ||
        !mp_tracker_foreach_listed(instance.tracker, state == NULL || is_open,
                                   state == NULL || !is_open, repository, visit, &filter, &error))
        return mp_report(error);
    return EX_OK;
}

/* --- Show: a thread, whole -------------------------------------------------------------------- */

typedef struct {
    MpThread *thread;
    MpComment *opening;
    GPtrArray *comments;    /* MpComment, from number 1 */
    GPtrArray *events;      /* MpThreadEvent, in their order */
    MpChanges *changes;     /* of a pull request, or NULL */
    GPtrArray *pulls;       /* MpPullTold: the open ones of its repository */
    GPtrArray *subscribers; /* MpSubscriber */
    GPtrArray *logins; /* of the subscribers, in their order; NULL for an account that is gone */
} Whole;

static void
whole_clear(Whole *whole)
{
    g_clear_pointer(&whole->thread, mp_thread_free);
    g_clear_pointer(&whole->opening, mp_comment_free);
    g_clear_pointer(&whole->comments, g_ptr_array_unref);
    g_clear_pointer(&whole->events, g_ptr_array_unref);
    g_clear_pointer(&whole->changes, mp_changes_free);
    g_clear_pointer(&whole->pulls, g_ptr_array_unref);
    g_clear_pointer(&whole->subscribers, g_ptr_array_unref);
    g_clear_pointer(&whole->logins, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Whole, whole_clear)

static bool
read_comments(MpInstance *instance, Whole *whole, GError **error)
{
    guint64 id = whole->thread->id, last;

    whole->comments = g_ptr_array_new_with_free_func((GDestroyNotify)mp_comment_free);
    if (!mp_tracker_last_comment(instance->tracker, id, &last, error) ||
        !mp_tracker_comment(instance->tracker, id, 0, &whole->opening, error))
        return false;
    for (guint64 number = 1; number <= last; number++) {
        MpComment *comment;

        if (!mp_tracker_comment(instance->tracker, id, number, &comment, error))
            return false;
        if (comment != NULL)
            g_ptr_array_add(whole->comments, comment);
    }
    return whole->opening != NULL ||
           mp_fail(error, MP_ERROR_INSTALLATION, "thread %" G_GUINT64_FORMAT " has no opening post",
                   id);
}

static bool
read_logins(MpInstance *instance, Whole *whole, GError **error)
{
    whole->logins = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < whole->subscribers->len; i++) {
        const MpSubscriber *s = g_ptr_array_index(whole->subscribers, i);
        g_autoptr(MpUser) user = NULL;

        if (!mp_accounts_user(instance->accounts, s->user, &user, error))
            return false;
        g_ptr_array_add(whole->logins, user != NULL ? g_strdup(user->login) : NULL);
    }
    return true;
}

static bool
read_whole(MpInstance *instance, guint64 id, Whole *whole, GError **error)
{
    whole->thread = mp_instance_thread(instance, id, error);
    if (whole->thread == NULL || !read_comments(instance, whole, error))
        return false;
    whole->events = thread_read_events(instance, id, error);
    if (whole->events == NULL ||
        !mp_tracker_changes(instance->tracker, id, &whole->changes, error) ||
        !thread_find_commits(instance, whole->thread, whole->events, whole->changes, error))
        return false;
    whole->pulls = mp_tracker_pulls(instance->tracker, whole->thread->repository, error);
    if (whole->pulls == NULL)
        return false;
    whole->subscribers = mp_tracker_subscribers(instance->tracker, id, error);
    return whole->subscribers != NULL && read_logins(instance, whole, error);
}

/* --- Show: as JSON -----------------------------------------------------------------------------
 */

static void
add_attachments(JsonObject *object, const GPtrArray *attachments)
{
    JsonArray *array = mp_json_array(object, "attachments");

    for (guint i = 0; i < attachments->len; i++) {
        const MpAttachmentRecord *fact = g_ptr_array_index(attachments, i);
        JsonObject *element = json_object_new();

        mp_json_text(element, "file", fact->file);
        mp_json_text(element, "name", fact->name);
        mp_json_text(element, "type", fact->type);
        mp_json_number(element, "size", fact->size);
        json_array_add_object_element(array, element);
    }
}

void
thread_json_place(JsonObject *object, const MpComment *comment)
{
    if (comment->path != NULL)
        mp_json_text(object, "path", comment->path);
    if (comment->line != 0)
        mp_json_number(object, "line", comment->line);
    if (comment->quoted != NULL)
        mp_json_text(object, "lines", comment->quoted);
}

JsonObject *
thread_json_of_comment(const MpComment *comment)
{
    JsonObject *object = json_object_new();

    mp_json_number(object, "number", comment->number);
    mp_json_text(object, "author", comment->author_login);
    mp_json_text(object, "author_name", comment->author_name);
    mp_json_date(object, "date", comment->date);
    mp_json_text(object, "via", comment->via);
    if (comment->redacted != 0)
        mp_json_date(object, "redacted", comment->redacted);
    thread_json_place(object, comment);
    mp_json_text(object, "body", comment->body);
    mp_json_text(object, "elided", comment->elided);
    mp_json_text(object, "message_id", comment->message_id);
    add_attachments(object, comment->attachments);
    return object;
}

static const MpPullTold *
find_told(const Whole *whole)
{
    for (guint i = 0; i < whole->pulls->len; i++) {
        const MpPullTold *told = whole->pulls->pdata[i];

        if (told->thread == whole->thread->id)
            return told;
    }
    return NULL;
}

static void
print_json(const Whole *whole)
{
    JsonObject *object = json_of(whole->thread);
    JsonArray *array;

    thread_json_end(object, whole->thread, whole->events);
    if (whole->thread->base != NULL)
        thread_json_branches(object, find_told(whole), whole->events, whole->changes);
    thread_json_changes(object, whole->changes);
    mp_json_text(object, "body", whole->opening->body);
    json_object_set_object_member(object, "opening", thread_json_of_comment(whole->opening));
    array = mp_json_array(object, "subscribers");
    for (guint i = 0; i < whole->subscribers->len; i++) {
        const MpSubscriber *s = g_ptr_array_index(whole->subscribers, i);
        JsonObject *element = json_object_new();

        mp_json_text(element, "login", g_ptr_array_index(whole->logins, i));
        mp_json_text(element, "reason", s->reason);
        json_array_add_object_element(array, element);
    }
    array = mp_json_array(object, "comments");
    for (guint i = 0; i < whole->comments->len; i++)
        json_array_add_object_element(
            array, thread_json_of_comment(g_ptr_array_index(whole->comments, i)));
    thread_json_events(object, whole->events);
    mp_json_print(object);
}

/* --- Show: for people ------------------------------------------------------------------------ */

static void
print_place(const MpComment *comment)
{
    g_autofree char *path = mp_escape(comment->path);

    if (comment->path == NULL)
        return;
    printf("[%s", path);
    if (comment->line != 0)
        printf(", line %" G_GUINT64_FORMAT, comment->line);
    printf("]\n");
    if (comment->quoted != NULL)
        mp_print_text(comment->quoted);
}

static void
print_comment(const MpComment *comment)
{
    g_autofree char *author = mp_escape(mp_comment_author(comment));
    g_autofree char *via = mp_escape(comment->via);
    g_autofree char *date = mp_time_format(comment->date);

    if (comment->number == 0)
        printf("\n--- %s, %s, by %s\n", author, date, via);
    else
        printf("\n--- %" G_GUINT64_FORMAT ": %s, %s, by %s\n", comment->number, author, date, via);
    print_place(comment);
    mp_print_text(comment->body);
    for (guint i = 0; i < comment->attachments->len; i++) {
        const MpAttachmentRecord *fact = g_ptr_array_index(comment->attachments, i);
        g_autofree char *name = mp_escape(fact->name);
        g_autofree char *type = mp_escape(fact->type);

        printf("[attached: %s, %s, %" G_GUINT64_FORMAT " bytes]\n", name, type, fact->size);
    }
    if (comment->elided != NULL)
        printf("[more was cut from the reply: thread show --json has it]\n");
}

/* Those that stand behind a comment. */
static void
print_events(const Whole *whole, guint *next, guint64 comment)
{
    for (; *next < whole->events->len; ++*next) {
        const MpThreadEvent *event = g_ptr_array_index(whole->events, *next);

        if (event->comment > comment)
            break;
        g_autofree char *said = mp_thread_event_text(event);
        g_autofree char *shown = mp_escape(said);
        g_autofree char *author = mp_escape(event->author_login);
        g_autofree char *via = mp_escape(event->via);
        g_autofree char *date = mp_time_format(event->date);
        g_autofree char *title = mp_escape(event->title);

        printf("\n--- %s, %s, by %s: %s%s%s\n", author, date, via, shown,
               event->title != NULL ? " " : "", event->title != NULL ? title : "");
        thread_print_git(event);
    }
}

static void
print_facts(const MpThread *thread)
{
    g_autofree char *labels = mp_labels_text(thread->labels, ", ");
    g_autofree char *assignees = mp_assignees_text(thread->assignees, ", ");

    if (*labels != '\0')
        printf("\nlabels: %s", labels);
    if (*assignees != '\0')
        printf("\nassigned to: %s", assignees);
}

static void
print_text(const Whole *whole)
{
    const MpThread *thread = whole->thread;
    g_autofree char *title = mp_escape(thread->title);
    g_autofree char *object = mp_escape(thread->object), *base = mp_escape(thread->base);

    printf("%s#%" G_GUINT64_FORMAT ": %s\n%s, %s%s", thread->repository, thread->id, title,
           mp_thread_kind_name(thread->kind), state_of(thread),
           thread->is_locked ? ", locked" : "");
    if (thread->object != NULL)
        printf(", %s", object);
    if (thread->base != NULL)
        printf(" into %s%s", base, thread->is_merged ? ", merged" : "");
    print_facts(thread);
    printf("\nsubscribers:");
    for (guint i = 0; i < whole->subscribers->len; i++) {
        const MpSubscriber *s = g_ptr_array_index(whole->subscribers, i);
        const char *login = g_ptr_array_index(whole->logins, i);
        g_autofree char *reason = mp_escape(s->reason);

        printf("%s %s (%s)", i > 0 ? "," : "", login != NULL ? login : "-", reason);
    }
    printf("\n");
    thread_print_changes(whole->changes);
    guint next = 0;
    print_comment(whole->opening);
    print_events(whole, &next, 0);
    for (guint i = 0; i < whole->comments->len; i++) {
        const MpComment *comment = g_ptr_array_index(whole->comments, i);

        print_comment(comment);
        print_events(whole, &next, comment->number);
    }
    print_events(whole, &next, G_MAXUINT64);
}

int
thread_show(int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        MP_OPTION_JSON(json),
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_auto(Whole) whole = {0};
    g_autoptr(GError) error = NULL;
    guint64 id;

    mp_options_parse(&options, entries, "[--json] ID", "Shows a thread with its comments.", 1, 1,
                     &argc, &argv);
    if (!mp_parse_id(argv[1], "thread", &id, &error) ||
        !mp_instance_read(&instance, &options, false, &error) ||
        !read_whole(&instance, id, &whole, &error))
        return mp_report(error);
    (json ? print_json : print_text)(&whole);
    return EX_OK;
}
