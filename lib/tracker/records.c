/* Records as text and back; see records.h. Those of users are in user_record.c. */
#include "tracker/records.h"

#include <string.h>

#include "address/opening.h"
#include "base/error.h"
#include "base/names.h"
#include "tracker/guests.h"

/* The name that is shown where a login tells people nothing. */
static char *
author_name(MpRecordReader *r, guint64 author, const char *login)
{
    char *name = mp_record_optional(r, "name");

    if (login != NULL && (name != NULL) != (author != 0 && mp_is_guest_login(login)))
        mp_record_blame(r, "name", "guests have one, and nobody else");
    if (name != NULL && !mp_is_guest_name(name))
        mp_record_blame(r, "name", "not a guest's, by what stands at its end");
    return name;
}

/* --- Threads -------------------------------------------------------------------------------- */

static const char *const kind_names[] = {
    [MP_ISSUE] = "issue",
    [MP_PULL] = "pull",
    [MP_COMMIT] = "commit",
};

MP_DEFINE_NAMES(mp_thread_kind, MpThreadKind, kind_names)

static void
check_pull(MpRecordReader *r, const MpThread *thread)
{
    if (thread->is_merged && (thread->kind != MP_PULL || thread->is_open))
        mp_record_blame(r, "merged", "only a closed pull request is");
    if (thread->base == NULL)
        return;
    if (thread->kind != MP_PULL)
        mp_record_blame(r, "base", "only a pull request has one");
    else if (!mp_is_branch(thread->base))
        mp_record_blame(r, "base", "not a branch");
    else if (thread->object == NULL || !mp_is_branch(thread->object))
        mp_record_blame(r, "object", "not a branch, which base= asks for");
}

MpThread *
mp_record_parse_thread(const char *text, const char *path, guint64 id, GError **error)
{
    g_autoptr(MpThread) thread = g_new0(MpThread, 1);
    MpRecordReader r;

    mp_record_begin(&r, text, path, "thread");
    g_autofree char *kind = mp_record_string(&r, "kind");
    g_autofree char *state = mp_record_string(&r, "state");
    thread->id = id;
    thread->repository = mp_record_string(&r, "repository");
    thread->title = mp_record_string(&r, "title");
    thread->object = mp_record_optional(&r, "object");
    thread->base = mp_record_optional(&r, "base");
    thread->author = mp_record_number(&r, "author", 0, MP_MAX_ID);
    thread->author_login = mp_record_string(&r, "login");
    thread->author_name = author_name(&r, thread->author, thread->author_login);
    thread->created = mp_record_date(&r, "created");
    thread->nonce = mp_record_string(&r, "nonce");
    thread->is_locked = mp_record_boolean(&r, "locked");
    thread->is_unlisted = mp_record_boolean(&r, "unlisted");
    thread->is_merged = mp_record_boolean(&r, "merged");
    thread->is_open = g_strcmp0(state, "open") == 0;
    thread->labels = mp_record_labels(&r, "labels");
    thread->assignees = mp_record_assignees(&r);
    if (thread->nonce != NULL && !mp_is_nonce(thread->nonce))
        mp_record_blame(&r, "nonce", "not 16 hexadecimal digits");
    if (kind != NULL && !mp_thread_kind_parse(kind, &thread->kind))
        mp_record_blame(&r, "kind", "none of: issue, pull, commit");
    if (state != NULL && !thread->is_open && strcmp(state, "closed") != 0)
        mp_record_blame(&r, "state", "neither open nor closed");
    if (thread->repository != NULL && !mp_is_repository_name(thread->repository))
        mp_record_blame(&r, "repository", "not of the form owner/name");
    check_pull(&r, thread);
    return mp_record_end(&r, error) ? g_steal_pointer(&thread) : NULL;
}

char *
mp_record_thread(const MpThread *thread)
{
    g_autoptr(MpRecordWriter) file = mp_record_writer_new();
    const char *g = "thread";

    mp_record_set_string(file, g, "kind", mp_thread_kind_name(thread->kind));
    mp_record_set_string(file, g, "repository", thread->repository);
    mp_record_set_string(file, g, "title", thread->title);
    mp_record_set_string(file, g, "state", thread->is_open ? "open" : "closed");
    mp_record_set_string(file, g, "locked", thread->is_locked ? "true" : "false");
    mp_record_set_optional(file, g, "unlisted", thread->is_unlisted ? "true" : NULL);
    mp_record_set_optional(file, g, "object", thread->object);
    mp_record_set_optional(file, g, "base", thread->base);
    if (thread->is_merged)
        mp_record_set_string(file, g, "merged", "true");
    mp_record_set_number(file, g, "author", thread->author);
    mp_record_set_string(file, g, "login", thread->author_login);
    mp_record_set_optional(file, g, "name", thread->author_name);
    mp_record_set_date(file, g, "created", thread->created);
    mp_record_set_string(file, g, "nonce", thread->nonce);
    mp_record_set_labels(file, g, "labels", thread->labels);
    mp_record_set_assignees(file, thread->assignees);
    return mp_record_writer_text(file);
}

/* --- Comments ------------------------------------------------------------------------------- */

static void
attachment_free(gpointer data)
{
    MpAttachmentRecord *attachment = data;

    g_free(attachment->file);
    g_free(attachment->name);
    g_free(attachment->type);
    g_free(attachment);
}

/* A key for each file, with "TYPE;NAME;": what was sent is a value, never a key or a path. */
static GPtrArray *
attachments(MpRecordReader *r)
{
    GPtrArray *array = g_ptr_array_new_with_free_func(attachment_free);
    g_auto(GStrv) keys = mp_record_keys(r);

    for (char **key = keys; *key != NULL; key++) {
        g_auto(GStrv) pair = mp_record_list(r, *key);
        MpAttachmentRecord *attachment;

        if (pair == NULL || g_strv_length(pair) != 2) {
            mp_record_blame(r, *key, "not of the form TYPE;NAME;");
            break;
        }
        if (!mp_is_attachment_file(*key)) {
            mp_record_blame(r, *key, "not the file of an attachment");
            break;
        }
        attachment = g_new0(MpAttachmentRecord, 1);
        attachment->file = g_strdup(*key);
        attachment->type = g_strdup(pair[0]);
        attachment->name = g_strdup(pair[1]);
        g_ptr_array_add(array, attachment);
    }
    return array;
}

static void
set_attachments(MpRecordWriter *file, const GPtrArray *array)
{
    for (guint i = 0; array != NULL && i < array->len; i++) {
        const MpNewAttachment *attachment = g_ptr_array_index(array, i);
        const char *pair[] = {attachment->type, attachment->name};

        mp_record_set_list(file, "attachments", attachment->file, pair, 2);
    }
}

/* What of a commit a comment is about. */
static void
read_place(MpRecordReader *r, MpComment *comment)
{
    comment->path = mp_record_optional(r, "path");
    if (mp_record_has(r, "line"))
        comment->line = mp_record_number(r, "line", 1, MP_LINE_MAX);
    if (comment->path != NULL && !mp_is_commented_path(comment->path))
        mp_record_blame(r, "path", "not the path of a file");
    if (comment->path == NULL && comment->line != 0)
        mp_record_blame(r, "line", "without path= it is of no file");
}

static void
set_place(MpRecordWriter *file, const char *path, guint64 line)
{
    mp_record_set_optional(file, "comment", "path", path);
    if (line != 0)
        mp_record_set_number(file, "comment", "line", line);
}

MpComment *
mp_record_parse_comment(const char *text, const char *path, guint64 comment_number, GError **error)
{
    g_autoptr(MpComment) comment = g_new0(MpComment, 1);
    MpRecordReader r;

    mp_record_begin(&r, text, path, "comment");
    comment->number = comment_number;
    comment->author = mp_record_number(&r, "author", 0, MP_MAX_ID);
    comment->author_login = mp_record_string(&r, "login");
    comment->author_name = author_name(&r, comment->author, comment->author_login);
    comment->date = mp_record_date(&r, "date");
    comment->via = mp_record_string(&r, "via");
    comment->host = mp_record_optional(&r, "host");
    if (mp_record_has(&r, "redacted"))
        comment->redacted = mp_record_date(&r, "redacted");
    comment->key = mp_record_string(&r, comment->redacted != 0 ? "mark" : "key");
    read_place(&r, comment);
    r.group = "mail";
    comment->message_id = mp_record_optional(&r, "message-id");
    comment->recipient = mp_record_optional(&r, "recipient");
    comment->part = mp_record_optional(&r, "part");
    r.group = "attachments";
    comment->attachments = attachments(&r);
    return mp_record_end(&r, error) ? g_steal_pointer(&comment) : NULL;
}

static void
set_redacted(MpRecordWriter *file, gint64 date, const char *key)
{
    g_autofree char *mark = g_strndup(key, MP_MARK_DIGITS);

    mp_record_set_date(file, "comment", "redacted", date);
    mp_record_set_string(file, "comment", "mark", mark);
}

char *
mp_record_redacted(const MpComment *comment, gint64 date)
{
    g_autoptr(MpRecordWriter) file = mp_record_writer_new();

    mp_record_set_number(file, "comment", "author", comment->author);
    mp_record_set_string(file, "comment", "login", comment->author_login);
    mp_record_set_optional(file, "comment", "name", comment->author_name);
    mp_record_set_date(file, "comment", "date", comment->date);
    mp_record_set_string(file, "comment", "via", comment->via);
    set_redacted(file, date, comment->key);
    return mp_record_writer_text(file);
}

char *
mp_record_comment(const MpNewComment *comment, const MpActor *actor)
{
    g_autoptr(MpRecordWriter) file = mp_record_writer_new();

    mp_record_set_number(file, "comment", "author", actor->user);
    mp_record_set_string(file, "comment", "login", actor->login);
    mp_record_set_optional(file, "comment", "name", mp_guest_name_of(actor));
    mp_record_set_date(file, "comment", "date", actor->date);
    mp_record_set_string(file, "comment", "via", comment->via);
    mp_record_set_optional(file, "comment", "host", comment->host);
    if (comment->redacted != 0) {
        set_redacted(file, comment->redacted, comment->key);
        return mp_record_writer_text(file);
    }
    mp_record_set_string(file, "comment", "key", comment->key);
    set_place(file, comment->path, comment->line);
    mp_record_set_optional(file, "mail", "message-id", comment->message_id);
    mp_record_set_optional(file, "mail", "recipient", comment->recipient);
    mp_record_set_optional(file, "mail", "part", comment->part);
    mp_record_set_optional(file, "mail", "commands", comment->commands);
    mp_record_set_optional(file, "mail", "dmarc", comment->dmarc);
    mp_record_set_optional(file, "mail", "dkim", comment->dkim);
    mp_record_set_optional(file, "mail", "spf", comment->spf);
    set_attachments(file, comment->attachments);
    return mp_record_writer_text(file);
}

/* --- Repositories ---------------------------------------------------------------------------- */

static const char *const policy_names[] = {"on", "members", "off"};

MP_DEFINE_NAMES(mp_reply_policy, MpReplyPolicy, policy_names)

static const char *const open_names[] = {"off", "members", "known", "anyone"};

MP_DEFINE_NAMES(mp_open_policy, MpOpenPolicy, open_names)

static void
read_opening(MpRecordReader *r, MpRepository *repository)
{
    g_autofree char *open = mp_record_optional(r, "open");
    const char *fault;

    repository->address = mp_record_optional(r, "address");
    fault = repository->address != NULL ? mp_opening_fault(repository->address) : NULL;
    if (fault != NULL)
        mp_record_blame(r, "address", fault);
    if (open != NULL && !mp_open_policy_parse(open, &repository->open))
        mp_record_blame(r, "open", "none of: off, members, known, anyone");
}

static const char *const push_mail_names[] = {"off", "summary", "commits"};

MP_DEFINE_NAMES(mp_push_mail, MpPushMail, push_mail_names)

static guint64
number_or(MpRecordReader *r, const char *key, guint64 most, guint64 otherwise)
{
    return mp_record_has(r, key) ? mp_record_number(r, key, 0, most) : otherwise;
}

static void
read_pushes(MpRecordReader *r, MpRepository *repository)
{
    g_autofree char *mail = mp_record_optional(r, "push-mail");

    repository->push_refs = mp_record_optional(r, "push-refs");
    repository->push_commits = number_or(r, "push-commits", MP_PUSH_COMMITS_MAX, MP_PUSH_COMMITS);
    repository->push_diff = number_or(r, "push-diff", MP_PUSH_DIFF_MAX, MP_PUSH_DIFF);
    if (mail != NULL && !mp_push_mail_parse(mail, &repository->push_mail))
        mp_record_blame(r, "push-mail", "none of: off, summary, commits");
    if (repository->push_refs != NULL && !mp_is_ref_patterns(repository->push_refs))
        mp_record_blame(r, "push-refs", "not patterns of refs between spaces");
}

static void
set_pushes(MpRecordWriter *file, const MpRepository *repository)
{
    const char *g = "repository";

    if (repository->push_mail != MP_PUSH_MAIL_OFF)
        mp_record_set_string(file, g, "push-mail", mp_push_mail_name(repository->push_mail));
    mp_record_set_optional(file, g, "push-refs", repository->push_refs);
    if (repository->push_commits != MP_PUSH_COMMITS)
        mp_record_set_number(file, g, "push-commits", repository->push_commits);
    if (repository->push_diff != MP_PUSH_DIFF)
        mp_record_set_number(file, g, "push-diff", repository->push_diff);
}

MpRepository *
mp_record_parse_repository(const char *text, const char *path, const char *name, GError **error)
{
    g_autoptr(MpRepository) repository = g_new0(MpRepository, 1);
    MpRecordReader r;

    mp_record_begin(&r, text, path, "repository");
    g_autofree char *reply = mp_record_string(&r, "reply");
    repository->name = g_strdup(name);
    repository->watchers = mp_record_numbers(&r, "watchers", 1, MP_MAX_ID);
    repository->members = mp_record_numbers(&r, "members", 1, MP_MAX_ID);
    repository->link = mp_record_optional(&r, "link");
    g_autofree char *pages = mp_record_optional(&r, "pages");
    repository->has_no_pages = g_strcmp0(pages, "off") == 0;
    if (pages != NULL && !repository->has_no_pages && strcmp(pages, "on") != 0)
        mp_record_blame(&r, "pages", "neither on nor off");
    if (reply != NULL && !mp_reply_policy_parse(reply, &repository->reply))
        mp_record_blame(&r, "reply", "none of: on, members, off");
    read_opening(&r, repository);
    read_pushes(&r, repository);
    return mp_record_end(&r, error) ? g_steal_pointer(&repository) : NULL;
}

char *
mp_record_repository(const MpRepository *repository)
{
    g_autoptr(MpRecordWriter) file = mp_record_writer_new();
    const char *g = "repository";

    mp_record_set_string(file, g, "reply", mp_reply_policy_name(repository->reply));
    mp_record_set_numbers(file, g, "watchers", repository->watchers);
    mp_record_set_numbers(file, g, "members", repository->members);
    mp_record_set_optional(file, g, "link", repository->link);
    mp_record_set_optional(file, g, "pages", repository->has_no_pages ? "off" : NULL);
    mp_record_set_optional(file, g, "address", repository->address);
    if (repository->open != MP_OPEN_OFF)
        mp_record_set_string(file, g, "open", mp_open_policy_name(repository->open));
    set_pushes(file, repository);
    return mp_record_writer_text(file);
}
