/* The check of one thread: its record and comments. */
#include <string.h>

#include "tracker/records.h"
#include "tracker/fsck/internal.h"

#define NUMBER_MAX G_GUINT64_CONSTANT(9999999999) /* beyond it, a name is a mistake */

#define RESTORE "restore it from the history: git log -- PATH"

typedef struct {
    Fsck *fsck;
    guint64 id;
    const char *path; /* of the thread */
    GArray *comments; /* MpFsckComment */
} Thread;

/* --- Record ----------------------------------------------------------------------------------- */

/* Two threads about one commit have the same Message-IDs: a reader takes them for one. */
static void
check_commit(Fsck *fsck, const MpThread *thread, const char *path)
{
    g_autoptr(GError) why = NULL;
    g_autofree char *commit = mp_path_of_commit(thread);
    const guint64 *first = g_hash_table_lookup(fsck->commits, commit);
    guint64 there;

    if (first != NULL) {
        mp_fsck_tell(fsck, "twice", path,
                     g_strdup("write another name of the commit (its whole id, or a short one) as "
                              "object= in a clone, commit and push"),
                     "thread %" G_GUINT64_FORMAT " is about the same commit", *first);
        return;
    }
    if (fsck->has_commits && !mp_read_commit(mp_store_view(fsck->store), thread, &there, &why))
        mp_fsck_tell_error(fsck, commit, &why);
    else if (fsck->has_commits && there == 0)
        mp_fsck_tell(fsck, "no-index", path,
                     g_strdup_printf("write %" G_GUINT64_FORMAT
                                     " into %s in a clone, commit and push",
                                     thread->id, commit),
                     "%s is not there: a second thread about the commit could be opened", commit);
    g_hash_table_insert(fsck->commits, g_steal_pointer(&commit),
                        g_memdup2(&thread->id, sizeof thread->id));
}

static void
check_assignees(Fsck *fsck, const MpThread *thread, const char *path)
{
    for (guint i = 0; thread->assignees != NULL && i < thread->assignees->len; i++) {
        const MpAssignee *assignee = thread->assignees->pdata[i];

        if (!mp_fsck_has_user(fsck, assignee->id))
            mp_fsck_tell(fsck, "no-user", path,
                         g_strdup_printf("remove the line of %" G_GUINT64_FORMAT
                                         " in a clone, commit and push",
                                         assignee->id),
                         "its assignee, account %" G_GUINT64_FORMAT ", does not exist",
                         assignee->id);
    }
}

static void
check_record(Fsck *fsck, MpTree *tree, guint64 id, const char *directory)
{
    g_autofree char *path = g_strconcat(directory, "/thread", NULL);
    g_autofree char *text = mp_fsck_text(fsck, tree, "thread", path);
    g_autoptr(GError) why = NULL;
    g_autoptr(MpThread) thread = text != NULL ? mp_record_parse_thread(text, path, id, &why) : NULL;

    if (why != NULL)
        mp_fsck_tell_error(fsck, path, &why);
    if (text != NULL)
        mp_fsck_listed_thread(fsck, id, thread);
    else
        mp_fsck_listed_skip(fsck, id);
    if (thread == NULL)
        return;
    if (thread->kind == MP_COMMIT && thread->object == NULL)
        mp_fsck_tell(fsck, "malformed", path,
                     g_strdup("write the commit as object= in a clone, commit and push"),
                     "a commit thread without an object");
    else if (thread->kind == MP_COMMIT)
        check_commit(fsck, thread, path);
    if (!mp_fsck_has_user(fsck, thread->author))
        mp_fsck_tell(fsck, "no-user", path,
                     g_strdup("restore the account in accounts.git, or write another id and login"),
                     "its author, account %" G_GUINT64_FORMAT ", does not exist", thread->author);
    check_assignees(fsck, thread, path);
    if (thread->kind == MP_PULL)
        mp_fsck_pull(fsck, tree, thread, directory);
}

/* --- One comment ---------------------------------------------------------------------------- */

static bool
has_entry(const MpTreeNode *node, const char *name)
{
    for (guint i = 0; node != NULL && i < mp_tree_count(node); i++)
        if (strcmp(mp_tree_name(node, i), name) == 0)
            return true;
    return false;
}

static bool
is_named_attachment(const MpComment *comment, const char *file)
{
    for (guint i = 0; i < comment->attachments->len; i++)
        if (strcmp(((MpAttachmentRecord *)g_ptr_array_index(comment->attachments, i))->file,
                   file) == 0)
            return true;
    return false;
}

static void
check_attachments(Fsck *fsck, MpTree *tree, const char *directory, const MpComment *comment)
{
    g_autoptr(GError) why = NULL;
    MpTreeNode *node;

    if (!mp_tree_directory(tree, NULL, "attachments", &node, &why))
        mp_fsck_tell_error(fsck, directory, &why);
    for (guint i = 0; i < comment->attachments->len; i++) {
        const MpAttachmentRecord *attachment = g_ptr_array_index(comment->attachments, i);
        g_autofree char *path = g_strconcat(directory, "/attachments/", attachment->file, NULL);

        if (!has_entry(node, attachment->file))
            mp_fsck_tell(fsck, "missing", path, g_strdup(RESTORE), "named in mail, but not there");
    }
    for (guint i = 0; node != NULL && i < mp_tree_count(node); i++) {
        const char *name = mp_tree_name(node, i);
        g_autofree char *path = g_strconcat(directory, "/attachments/", name, NULL);

        if (!is_named_attachment(comment, name))
            mp_fsck_tell(fsck, "unnamed", path,
                         g_strdup("name it in the group [attachments] of mail, or git rm it"),
                         "not named in mail");
    }
}

/* Of one that was redacted, what is left of it. */
static bool
parse_key(const MpComment *record, guint8 key[16])
{
    g_autofree char *padded = record->redacted == 0
                                  ? g_strdup(record->key)
                                  : g_strconcat(record->key, "000000000000000000000000", NULL);

    return mp_fsck_parse_key(padded, strlen(padded), key);
}

static void
check_mail(const Thread *thread, MpTree *tree, const char *directory, MpFsckComment *comment)
{
    Fsck *fsck = thread->fsck;
    g_autofree char *path = g_strconcat(directory, "/mail", NULL);
    g_autofree char *text = mp_fsck_text(fsck, tree, "mail", path);
    g_autoptr(GError) why = NULL;
    g_autoptr(MpComment) record =
        text != NULL ? mp_record_parse_comment(text, path, comment->number, &why) : NULL;

    if (why != NULL)
        mp_fsck_tell_error(fsck, path, &why);
    fsck->has_unread |= record == NULL;
    if (record == NULL)
        return;
    mp_fsck_note_message_id(fsck, thread->id, record->message_id);
    comment->is_redacted = record->redacted != 0;
    comment->has_key = parse_key(record, comment->key);
    if (!comment->has_key && comment->is_redacted)
        mp_fsck_tell(fsck, "malformed", path,
                     g_strdup("write the first 8 digits of the KEY that redacted/ has for it"),
                     "[comment] mark: not 8 hexadecimal digits");
    else if (!comment->has_key)
        mp_fsck_tell(fsck, "malformed", path,
                     g_strdup("write the KEY that received/ has for this number"),
                     "[comment] key: not 32 hexadecimal digits");
    if (!mp_fsck_has_user(fsck, record->author))
        mp_fsck_tell(fsck, "no-user", path,
                     g_strdup("restore the account in accounts.git, or write another id and login"),
                     "its author, account %" G_GUINT64_FORMAT ", does not exist", record->author);
    check_attachments(fsck, tree, directory, record);
}

static void
check_file_is_there(Fsck *fsck, const MpTreeNode *root, const char *directory, const char *name)
{
    g_autofree char *path = g_strconcat(directory, "/", name, NULL);

    if (!has_entry(root, name))
        mp_fsck_tell(fsck, "missing", path, g_strdup(RESTORE), "not there");
}

static void
check_comment(Thread *thread, guint64 number, const git_oid *id, const char *directory)
{
    static const char *const texts[] = {"comment.md", "elided.txt", "lines.txt"};
    Fsck *fsck = thread->fsck;
    MpFsckComment comment = {.number = number};
    MpTreeNode *root;
    g_autoptr(MpTree) tree = mp_fsck_open(fsck, id, directory, &root);

    fsck->counts->comments++;
    if (tree != NULL) {
        check_file_is_there(fsck, root, directory, "mail");
        check_file_is_there(fsck, root, directory, "comment.md");
        check_mail(thread, tree, directory, &comment);
    }
    for (gsize i = 0; tree != NULL && i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *path = g_strconcat(directory, "/", texts[i], NULL);
        g_autofree char *text = mp_fsck_text(fsck, tree, texts[i], path); /* for its faults */
    }
    g_array_append_val(thread->comments, comment);
}

/* --- All comments --------------------------------------------------------------------------- */

static void
check_number(Thread *thread, const char *name, bool is_directory, const git_oid *id,
             const char *path)
{
    const char *below = path + strlen(thread->path) + strlen("/comments/");
    guint64 number;

    if (!is_directory || !g_ascii_string_to_unsigned(name, 10, 0, NUMBER_MAX, &number, NULL) ||
        (name[0] == '0' && name[1] != '\0')) {
        mp_fsck_tell(
            thread->fsck, "misplaced", path,
            g_strdup(
                "git mv it out of the way: names that start with a digit are numbers of comments"),
            "not the directory of a comment");
        return;
    }
    g_autofree char *right = mp_path_of_comment(number);
    if (strcmp(right, below) != 0)
        mp_fsck_tell(thread->fsck, "misplaced", path,
                     g_strdup_printf("git mv it to %s/comments/%s", thread->path, right),
                     "nobody looks for comment %" G_GUINT64_FORMAT " here", number);
    check_comment(thread, number, id, path);
}

static void
check_page(Thread *thread, const git_oid *id, const char *path, int depth)
{
    MpTreeNode *root;
    g_autoptr(MpTree) tree = mp_fsck_open(thread->fsck, id, path, &root);

    for (guint i = 0; tree != NULL && i < mp_tree_count(root) && thread->fsck->stop == NULL; i++) {
        const char *name = mp_tree_name(root, i);
        bool is_directory = mp_tree_is_directory(root, i);
        g_autofree char *below = g_strconcat(path, "/", name, NULL);

        if (!g_ascii_isdigit(name[0]))
            continue; /* somebody else's */
        if (is_directory && strchr(name, '-') != NULL && depth < 8)
            check_page(thread, mp_tree_id(root, i), below, depth + 1);
        else
            check_number(thread, name, is_directory, mp_tree_id(root, i), below);
    }
}

static int
by_number(gconstpointer a, gconstpointer b)
{
    guint64 x = ((const MpFsckComment *)a)->number, y = ((const MpFsckComment *)b)->number;

    return (x > y) - (x < y);
}

static void
tell_gap(Thread *thread, guint64 first, guint64 next)
{
    g_autofree char *of_comment = mp_path_of_comment(first);
    g_autofree char *path = g_strconcat(thread->path, "/comments/", of_comment, NULL);

    if (next - first == 1)
        mp_fsck_tell(thread->fsck, "gap", path, g_strdup(RESTORE),
                     "comment %" G_GUINT64_FORMAT " is missing", first);
    else
        mp_fsck_tell(thread->fsck, "gap", path, g_strdup(RESTORE),
                     "comments %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " are missing", first,
                     next - 1);
}

static void
check_numbering(Thread *thread)
{
    guint64 expected = 0;

    g_array_sort(thread->comments, by_number);
    for (guint i = 0; i < thread->comments->len; i++) {
        guint64 number = g_array_index(thread->comments, MpFsckComment, i).number;

        if (number > expected)
            tell_gap(thread, expected, number);
        expected = number + 1;
    }
    if (thread->comments->len == 0)
        tell_gap(thread, 0, 1);
}

static char *
add_key(Thread *thread, const MpFsckComment *comment)
{
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_append_printf(text, "add an empty file %s/received/", thread->path);
    for (gsize i = 0; i < sizeof comment->key; i++)
        g_string_append_printf(text, "%02x", comment->key[i]);
    g_string_append_printf(
        text, ".%" G_GUINT64_FORMAT " (or in the page of its digits) in a clone, commit and push",
        comment->number);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void
check_missing_keys(Thread *thread)
{
    for (guint i = 0; i < thread->comments->len; i++) {
        const MpFsckComment *comment = &g_array_index(thread->comments, MpFsckComment, i);
        g_autofree char *of_comment = mp_path_of_comment(comment->number);
        g_autofree char *path = g_strconcat(thread->path, "/comments/", of_comment, NULL);

        if (comment->is_redacted &&
            !mp_fsck_is_redacted(thread->fsck, thread->id, comment->number) &&
            !comment->is_received)
            mp_fsck_tell(thread->fsck, "no-key", path,
                         g_strdup("restore redacted/ of accounts.git from its history"),
                         "comment %" G_GUINT64_FORMAT
                         " was redacted, but redacted/ of accounts.git does not have it: its mail "
                         "could be posted again",
                         comment->number);
        if (comment->has_key && !comment->is_redacted && !comment->is_received)
            mp_fsck_tell(thread->fsck, "no-key", path, add_key(thread, comment),
                         "the KEY of comment %" G_GUINT64_FORMAT
                         " is not in received/: its mail could be posted again",
                         comment->number);
    }
}

/* --- The thread ----------------------------------------------------------------------------- */

static const git_oid *
find_directory(const MpTreeNode *root, const char *name)
{
    for (guint i = 0; i < mp_tree_count(root); i++)
        if (strcmp(mp_tree_name(root, i), name) == 0 && mp_tree_is_directory(root, i))
            return mp_tree_id(root, i);
    return NULL;
}

static const git_oid *
directory_of(Fsck *fsck, const MpTreeNode *root, const char *name, const char *directory)
{
    g_autofree char *path = g_strconcat(directory, "/", name, NULL);
    const git_oid *found = find_directory(root, name);

    if (found == NULL)
        mp_fsck_tell(fsck, "missing", path, g_strdup(RESTORE), "not there");
    return found;
}

/* Where all that was ever said is redacted, there are no KEYs. */
static bool
needs_received(const GArray *comments)
{
    for (guint i = 0; i < comments->len; i++)
        if (!g_array_index(comments, MpFsckComment, i).is_redacted)
            return true;
    return false;
}

void
mp_fsck_thread(Fsck *fsck, guint64 id, const git_oid *entry, const char *path)
{
    g_autoptr(GArray) comments = g_array_new(FALSE, FALSE, sizeof(MpFsckComment)),
                      events = g_array_new(FALSE, FALSE, sizeof(MpFsckComment));
    Thread thread = {fsck, id, path, comments};
    MpTreeNode *root;
    g_autoptr(MpTree) tree = mp_fsck_open(fsck, entry, path, &root);

    fsck->counts->threads++;
    if (fsck->hooks->progress != NULL)
        fsck->hooks->progress(id, fsck->last, fsck->hooks->user_data);
    if (tree == NULL)
        return;
    check_file_is_there(fsck, root, path, "thread");
    check_record(fsck, tree, id, path);
    mp_fsck_subscribers(fsck, tree, path);
    const git_oid *of_comments = directory_of(fsck, root, "comments", path);
    if (of_comments == NULL)
        return;
    g_autofree char *comments_path = g_strconcat(path, "/comments", NULL);
    check_page(&thread, of_comments, comments_path, 0);
    check_numbering(&thread);
    g_autofree char *events_path = g_strconcat(path, "/events", NULL);
    const git_oid *of_events = find_directory(root, "events");
    if (of_events != NULL)
        mp_fsck_events(fsck, of_events, events_path, events);
    const git_oid *received = needs_received(comments) || has_entry(root, "received")
                                  ? directory_of(fsck, root, "received", path)
                                  : NULL;
    if (received == NULL)
        return check_missing_keys(&thread);
    g_autofree char *received_path = g_strconcat(path, "/received", NULL);
    mp_fsck_received(fsck, received, received_path, comments, events);
    check_missing_keys(&thread);
    mp_fsck_event_keys(fsck, events_path, events);
}
