/* An event's facts, read from the tracker. */
#include "outbound/notice_facts.h"

#include <string.h>

#include "base/log.h"
#include "tracker/mentions.h"

void
mp_notice_free(MpNotice *notice)
{
    if (notice == NULL)
        return;
    mp_notification_free(notice->notification);
    mp_thread_free(notice->thread);
    mp_repository_free(notice->repository);
    mp_user_free(notice->actor);
    mp_comment_free(notice->comment);
    mp_thread_event_free(notice->event);
    mp_changes_free(notice->changes);
    g_clear_pointer(&notice->subscribers, g_ptr_array_unref);
    g_clear_pointer(&notice->called, g_hash_table_unref);
    g_clear_pointer(&notice->muted, g_hash_table_unref);
    g_free(notice);
}

bool
mp_notice_is_redacted(const MpNotice *notice)
{
    return notice->comment != NULL && notice->comment->redacted != 0;
}

/* An account that is gone still has the login, and a guest the name, that its comments carry. */
static MpUser *
ghost(guint64 id, const char *login, const char *name)
{
    MpUser *user = g_new0(MpUser, 1);

    user->id = id;
    user->login = g_strdup(login != NULL ? login : "ghost");
    user->name = g_strdup(login != NULL && name != NULL ? name : user->login);
    user->emails = g_ptr_array_new();
    return user;
}

/* As what they did has it. */
static const char *
login_of(const MpNotice *notice, guint64 id)
{
    if (notice->comment != NULL)
        return notice->comment->author == id ? notice->comment->author_login : NULL;
    return notice->event != NULL && notice->event->author == id ? notice->event->author_login
                                                                : NULL;
}

static bool
load_actor(const MpInstance *instance, const MpNoticeFacts *facts, MpNotice *notice, GError **error)
{
    const MpComment *comment = notice->comment;
    /* a commit is its author's, whoever pushed it */
    bool is_author = comment != NULL && (facts->actor == 0 || comment->author == 0);
    guint64 id = is_author ? comment->author : facts->actor;

    if (id != 0 && !mp_accounts_user(instance->accounts, id, &notice->actor, error))
        return false;
    if (notice->actor == NULL)
        notice->actor =
            ghost(id, login_of(notice, id), comment != NULL ? comment->author_name : NULL);
    return true;
}

/* A mention reaches an account that muted the thread, for this comment alone. */
static bool
load_subscribers(const MpInstance *instance, const MpNoticeFacts *facts, MpNotice *notice,
                 GError **error)
{
    notice->subscribers = mp_tracker_subscribers(instance->tracker, facts->thread, error);
    if (notice->subscribers == NULL || notice->comment == NULL)
        return notice->subscribers != NULL;
    g_autoptr(GArray) mentions = mp_mentions(instance->accounts, notice->comment->author_login,
                                             notice->comment->body, error);
    if (mentions != NULL)
        notice->called = mp_notification_call(notice->subscribers, mentions);
    return mentions != NULL;
}

/* What the sentence is about stands nowhere else. */
static bool
needs_event(MpEventKind kind)
{
    return kind == MP_EVENT_RENAMED || kind == MP_EVENT_LABELED || kind == MP_EVENT_UNLABELED ||
           kind == MP_EVENT_ASSIGNED || kind == MP_EVENT_UNASSIGNED || kind == MP_EVENT_PUSHED ||
           kind == MP_EVENT_HEAD_PUSHED || kind == MP_EVENT_REFERENCED;
}

/* The thread and the comment, or what became of it; *are_there says whether both are in the
 * tracker. */
static bool
load_posts(const MpInstance *instance, const MpNoticeFacts *facts, MpNotice *notice,
           bool *are_there, GError **error)
{
    if (!mp_tracker_thread(instance->tracker, facts->thread, &notice->thread, error) ||
        (mp_event_has_comment(facts->kind) &&
         !mp_tracker_comment(instance->tracker, facts->thread, facts->comment, &notice->comment,
                             error)) ||
        (facts->key != NULL && !mp_event_has_comment(facts->kind) &&
         !mp_tracker_event_of_key(instance->tracker, facts->thread, facts->key, &notice->event,
                                  error)))
        return false;
    if (facts->kind == MP_EVENT_OPENED && notice->thread != NULL &&
        !mp_tracker_changes(instance->tracker, facts->thread, &notice->changes, error))
        return false;
    *are_there = notice->thread != NULL &&
                 (notice->comment != NULL || !mp_event_has_comment(facts->kind)) &&
                 (notice->event != NULL || !needs_event(facts->kind));
    return true;
}

static bool
load_facts(const MpInstance *instance, const MpNoticeFacts *facts, MpNotice *notice, GError **error)
{
    if (!load_subscribers(instance, facts, notice, error))
        return false;
    notice->muted = mp_notification_muted(notice->subscribers);
    notice->repository =
        mp_tracker_repository(instance->tracker, notice->thread->repository, error);
    return notice->repository != NULL && load_actor(instance, facts, notice, error);
}

/* --- What a mail looks up: whatever fails costs it a link or a file, and is told in the log ----
 */

static void
warn_and_free(const char *what, GError *error)
{
    if (error != NULL)
        mp_warn("A notification goes without %s: %s", what, error->message);
    g_clear_error(&error);
}

static GBytes *
find_attachment(const MpComment *comment, const char *file, gpointer data)
{
    const MpNotice *notice = data;
    GError *error = NULL;
    GBytes *bytes = mp_tracker_attachment(notice->instance->tracker, notice->thread->id,
                                          comment->number, file, &error);

    warn_and_free("an attachment", error);
    return bytes;
}

/* Numbers run through all repositories: that of another is not the one that was meant. */
static char *
find_thread_page(const char *repository, guint64 id, gpointer data)
{
    const MpInstance *instance = ((const MpNotice *)data)->instance;
    g_autoptr(MpThread) thread = NULL;
    g_autoptr(MpRepository) its = NULL;
    GError *error = NULL;

    if (mp_tracker_thread(instance->tracker, id, &thread, &error) && thread != NULL &&
        strcmp(thread->repository, repository) == 0)
        its = mp_tracker_repository(instance->tracker, repository, &error);
    warn_and_free("a link", error);
    if (its == NULL)
        return NULL;
    return mp_notification_link(mp_notification_template(instance->config, its), thread, 0);
}

static bool
is_login(const char *word, gpointer data)
{
    const MpInstance *instance = ((const MpNotice *)data)->instance;
    g_autoptr(MpUser) user = NULL;
    GError *error = NULL;

    if (mp_is_login(word))
        mp_accounts_user_by_login(instance->accounts, word, &user, &error);
    warn_and_free("a link", error);
    return user != NULL && !user->is_guest;
}

bool
mp_notice_load(const MpInstance *instance, const MpNoticeFacts *facts, MpNotice **loaded,
               GError **error)
{
    g_autoptr(MpNotice) notice = g_new0(MpNotice, 1);
    bool are_there;

    *loaded = NULL;
    if (!load_posts(instance, facts, notice, &are_there, error))
        return false;
    if (!are_there)
        return true;
    if (!load_facts(instance, facts, notice, error))
        return false;
    notice->instance = instance;
    notice->source = (MpNotificationSource){find_attachment, find_thread_page, is_login, notice};
    notice->notification = mp_notification_new(&(MpNotificationFacts){
        .config = instance->config,
        .ring = instance->keys,
        .thread = notice->thread,
        .repository = notice->repository,
        .actor = notice->actor,
        .kind = facts->kind,
        .comment = notice->comment,
        .event = notice->event,
        .changes = notice->changes,
        .key = facts->key,
        .date = notice->comment != NULL ? notice->comment->date : facts->date,
        .source = &notice->source,
    });
    *loaded = g_steal_pointer(&notice);
    return true;
}
