/* What `metroplex thread` changes; see thread_change.h. */
#include "thread_change.h"

#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "mentions.h"
#include "transaction.h"

#define TITLE_MAX 256 /* characters */

/* One change on its way through mp_transaction_run(), which may build it more than once. */
typedef struct {
    const MpThreadRequest *request;
    const MpUser *user;
    guint64 id; /* of the thread */
    char *body, *key;
    MpThreadChange change;
    const char *reason;
    guint64 result;
    bool is_changed;
} Change;

static void
change_clear(Change *c)
{
    g_free(c->body);
    g_free(c->key);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Change, change_clear)

/* A command is made once: its source is a name of its own, as a mail's is its Message-ID. */
static char *
new_key(const MpUser *user, guint64 thread, const char *words)
{
    g_autofree char *uuid = g_uuid_string_random();
    g_autofree char *source = g_strconcat("command:", uuid, NULL);

    return mp_tracker_key(user->id, thread, source, words);
}

static char *
read_body(MpSite *site, const char *file, GError **error)
{
    g_autofree char *text = mp_read_argument_file(file, (gsize)site->config->max_comment * 4, error);

    if (text == NULL)
        return NULL;
    if (text[strspn(text, " \t\r\n")] == '\0')
        return mp_fail_null(error, MP_ERROR_INPUT, "the text is empty");
    if (g_utf8_strlen(text, -1) > site->config->max_comment)
        return mp_fail_null(error, MP_ERROR_INPUT, "the text has %ld characters; a comment has at most %d",
                            g_utf8_strlen(text, -1), site->config->max_comment);
    return mp_address_mask(g_strchomp(text), site->config->mask_addresses);
}

static MpNewComment
new_comment(const MpSite *site, const Change *c, const GArray *mentions)
{
    return (MpNewComment){.thread = c->id, .key = c->key, .via = "command", .body = c->body,
                          .host = site->host, .mentions = mentions};
}

/* --- Open ----------------------------------------------------------------------------------- */

static bool
check_request(const MpThreadRequest *r, MpThreadKind *kind, GError **error)
{
    g_autofree char *title = mp_one_line(r->title != NULL ? r->title : "");

    if (r->repository == NULL || !mp_is_repository_name(r->repository))
        return mp_fail(error, MP_ERROR_INPUT, "--repository OWNER/NAME is needed: letters, digits, '.', '_' and '-'");
    if (r->kind == NULL || !mp_thread_kind_parse(r->kind, kind))
        return mp_fail(error, MP_ERROR_INPUT, "--kind is none of: issue, pull, commit");
    if (*title == '\0' || g_utf8_strlen(title, -1) > TITLE_MAX)
        return mp_fail(error, MP_ERROR_INPUT, "--title is needed: one line of at most %d characters", TITLE_MAX);
    if (*kind == MP_COMMIT && r->object == NULL)
        return mp_fail(error, MP_ERROR_INPUT, "--object REV is needed: which commit the thread is about");
    if (r->object != NULL && !mp_is_revision(r->object))
        return mp_fail(error, MP_ERROR_INPUT, "--object is not a revision: letters, digits and ._/-+^~, at most 200");
    return true;
}

static bool
build_open(MpSite *site, MpBatch *batch, GPtrArray *events, gpointer user_data, GError **error)
{
    Change *c = user_data;
    MpThreadKind kind;
    g_autofree char *title = mp_one_line(c->request->title);
    g_autoptr(GArray) mentions = mp_mentions(site->accounts, c->body, error);
    MpActor actor = mp_transaction_actor(c->user);

    if (mentions == NULL || !mp_thread_kind_parse(c->request->kind, &kind))
        return false;
    const MpThread thread = {
        .kind = kind,
        .repository = (char *)c->request->repository,
        .title = title,
        .is_open = true,
        .object = (char *)c->request->object,
        .author = c->user->id,
        .author_login = c->user->login,
        .created = actor.date,
    };
    const MpNewComment post = new_comment(site, c, mentions);
    if (!mp_batch_open_thread(batch, &thread, &post, &actor, &c->result, error))
        return false;
    g_ptr_array_add(events, mp_transaction_event(site, MP_EVENT_OPENED, c->key, c->result, c->user->id));
    return true;
}

static MpUser *
acting_user(MpSite *site, const char *login, GError **error)
{
    g_autoptr(MpUser) user = NULL;

    if (login == NULL)
        return mp_fail_null(error, MP_ERROR_INPUT, "--as LOGIN is needed: who does it");
    user = mp_site_user(site, login, error);
    if (user != NULL && !user->is_active)
        return mp_fail_null(error, MP_ERROR_INPUT, "the account %s is suspended", user->login);
    return g_steal_pointer(&user);
}

bool
mp_thread_open(MpSite *site, const MpThreadRequest *request, guint64 *id, GError **error)
{
    g_auto(Change) c = {.request = request};
    MpThreadKind kind;

    if (!check_request(request, &kind, error) ||
        (c.body = read_body(site, request->file, error)) == NULL || !mp_site_lock(site, error))
        return false;
    g_autoptr(MpUser) user = acting_user(site, request->as, error);
    if (user == NULL)
        return false;
    c.user = user;
    c.key = new_key(user, 0, c.body);
    if (!mp_transaction_run(site, build_open, &c, error))
        return false;
    *id = c.result;
    return true;
}

/* --- Comment -------------------------------------------------------------------------------- */

static bool
may_comment(MpSite *site, const MpThread *thread, const MpUser *user, GError **error)
{
    if (!thread->is_locked)
        return true;
    g_autoptr(MpRepository) repository = mp_tracker_repository(site->tracker, thread->repository, error);
    for (guint i = 0; repository != NULL && i < repository->members->len; i++)
        if (g_array_index(repository->members, guint64, i) == user->id)
            return true;
    return repository != NULL &&
           mp_fail(error, MP_ERROR_INPUT, "thread %" G_GUINT64_FORMAT " is locked: only members of %s may comment",
                   thread->id, thread->repository);
}

static bool
build_comment(MpSite *site, MpBatch *batch, GPtrArray *events, gpointer user_data, GError **error)
{
    Change *c = user_data;
    bool is_duplicate;
    g_autoptr(MpThread) thread = mp_site_thread(site, c->id, error);
    g_autoptr(GArray) mentions = thread != NULL ? mp_mentions(site->accounts, c->body, error) : NULL;
    MpActor actor = mp_transaction_actor(c->user);

    if (mentions == NULL || !may_comment(site, thread, c->user, error))
        return false;
    const MpNewComment comment = new_comment(site, c, mentions);
    if (!mp_batch_comment(batch, &comment, &actor, &c->result, &is_duplicate, error))
        return false;
    g_ptr_array_add(events, mp_transaction_event(site, MP_EVENT_COMMENT, c->key, c->id, c->user->id));
    return true;
}

bool
mp_thread_comment(MpSite *site, guint64 id, const MpThreadRequest *request, guint64 *number, GError **error)
{
    g_auto(Change) c = {.request = request, .id = id};

    if ((c.body = read_body(site, request->file, error)) == NULL || !mp_site_lock(site, error))
        return false;
    g_autoptr(MpUser) user = acting_user(site, request->as, error);
    if (user == NULL)
        return false;
    c.user = user;
    c.key = new_key(user, id, c.body);
    if (!mp_transaction_run(site, build_comment, &c, error))
        return false;
    *number = c.result;
    return true;
}

/* --- State ---------------------------------------------------------------------------------- */

static const struct {
    const char *done; /* for the commit */
    bool is_announced;
    MpEventKind event;
} changes[] = {
    [MP_CLOSE] = {"closed", true, MP_EVENT_CLOSED},
    [MP_REOPEN] = {"reopened", true, MP_EVENT_REOPENED},
    [MP_LOCK] = {"locked", false, MP_EVENT_CLOSED},
    [MP_UNLOCK] = {"unlocked", false, MP_EVENT_CLOSED},
};

/* Applies the change to the facts in memory; false if they were so already. */
static bool
apply(MpThread *thread, MpThreadChange change)
{
    bool *field = change == MP_CLOSE || change == MP_REOPEN ? &thread->is_open : &thread->is_locked;
    bool value = change == MP_REOPEN || change == MP_LOCK;
    bool is_changed = *field != value;

    *field = value;
    return is_changed;
}

static bool
build_set(MpSite *site, MpBatch *batch, GPtrArray *events, gpointer user_data, GError **error)
{
    Change *c = user_data;
    g_autoptr(MpThread) thread = mp_site_thread(site, c->id, error);
    MpActor actor = mp_transaction_actor(c->user);

    if (thread == NULL)
        return false;
    c->is_changed = apply(thread, c->change);
    if (!c->is_changed)
        return true;
    g_autofree char *what = g_strdup_printf("%s#%" G_GUINT64_FORMAT ": %s", thread->repository, c->id,
                                            changes[c->change].done);
    const char *key = changes[c->change].is_announced ? c->key : NULL;
    if (!mp_batch_set_thread(batch, thread, key, what, &actor, error))
        return false;
    if (key != NULL)
        g_ptr_array_add(events, mp_transaction_event(site, changes[c->change].event, key, c->id, c->user->id));
    return true;
}

bool
mp_thread_set(MpSite *site, guint64 id, MpThreadChange change, const char *login, bool *changed, GError **error)
{
    g_auto(Change) c = {.id = id, .change = change};

    if (!mp_site_lock(site, error))
        return false;
    g_autoptr(MpUser) user = acting_user(site, login, error);
    if (user == NULL)
        return false;
    c.user = user;
    c.key = new_key(user, id, changes[change].done);
    bool good = mp_transaction_run(site, build_set, &c, error);
    *changed = c.is_changed;
    return good;
}

/* --- Subscriptions -------------------------------------------------------------------------- */

static bool
build_subscribe(MpSite *site, MpBatch *batch, GPtrArray *events, gpointer user_data, GError **error)
{
    Change *c = user_data;
    g_autoptr(MpThread) thread = mp_site_thread(site, c->id, error);
    MpActor actor = mp_transaction_actor(c->user);

    (void)events;
    if (thread == NULL)
        return false;
    g_autofree char *what = g_strdup_printf("%s#%" G_GUINT64_FORMAT ": %s %s", thread->repository, c->id,
                                            c->user->login, c->reason != NULL ? "subscribed" : "unsubscribed");
    return mp_batch_subscribe(batch, c->id, c->user->id, c->reason, what, &actor, error);
}

bool
mp_thread_subscribe(MpSite *site, guint64 id, const char *login, const char *reason, GError **error)
{
    g_auto(Change) c = {.id = id, .reason = reason};

    if (!mp_site_lock(site, error))
        return false;
    g_autoptr(MpUser) user = mp_site_user(site, login, error);
    c.user = user;
    return user != NULL && mp_transaction_run(site, build_subscribe, &c, error);
}
