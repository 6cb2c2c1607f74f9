/*
 * A thread as an mbox: mboxrd, as export writes it, or any. The messages are parsed where all mail
 * is, in the worker process. The text of our own export is taken as it is; that of other mails is
 * what a person wrote in them, and what is cut is kept in elided.txt, as for mail that was
 * delivered.
 */
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/time.h"
#include "base/escape.h"
#include "inbound/attachments.h"
#include "inbound/extraction.h"
#include "thread_file.h"

typedef struct {
    MpInstance *instance;
    MpWorker *worker;
    MpFileThread *thread;
} Mbox;

/* The end of the line that begins at `p`, behind its newline. */
static const char *
next_line(const char *p, const char *end)
{
    const char *newline = memchr(p, '\n', (gsize)(end - p));

    return newline != NULL ? newline + 1 : end;
}

static bool
is_from_line(const char *p, const char *end)
{
    return end - p >= 5 && memcmp(p, "From ", 5) == 0;
}

/* One '>' less before "From ". */
static bool
is_quoted_from(const char *p, const char *end)
{
    const char *rest = p;

    while (rest < end && *rest == '>')
        rest++;
    return rest > p && is_from_line(rest, end);
}

/* The message behind the From line at *p, unquoted; *p moves to the next From line or the end. */
static GString *
take_message(const char **p, const char *end, guint *lines)
{
    GString *message = g_string_new(NULL);
    const char *at = next_line(*p, end);
    bool was_empty = false;

    ++*lines;
    while (at < end && !(was_empty && is_from_line(at, end))) {
        const char *next = next_line(at, end);
        const char *from = is_quoted_from(at, end) ? at + 1 : at;

        was_empty = next - at == 1 || (next - at == 2 && *at == '\r');
        g_string_append_len(message, from, next - from);
        at = next;
        ++*lines;
    }
    *p = at;
    return message;
}

static MpMessage *
parse(Mbox *mbox, const GString *bytes, const char *where, GError **error)
{
    MpLimits limits = mp_instance_limits(mbox->instance);
    MpMessageFault fault;
    MpMessage *message;

    if (bytes->len > limits.mail_bytes)
        return mp_fail_null(error, MP_ERROR_INPUT, "%s: larger than %" G_GSIZE_FORMAT " bytes",
                            where, limits.mail_bytes);
    g_auto(MpFd) fd = mp_memory_file(bytes->str, bytes->len, error);
    if (fd < 0)
        return NULL;
    message = mp_worker_parse(mbox->worker, fd, &limits, &fault, error);
    if (message == NULL)
        g_prefix_error(error, "%s: ", where);
    return message;
}

/* The reply in a mail that is not of our own making. */
static bool
extract(Mbox *mbox, const MpMessage *message, MpFileComment *comment, char **text, GError **error)
{
    MpMessageFault fault;
    g_autoptr(MpExtraction) extraction =
        mp_extraction_send(mbox->worker, message, NULL, false, false, error)
            ? mp_extraction_receive(mbox->worker, &fault, error)
            : NULL;

    if (extraction == NULL) {
        g_prefix_error(error, "%s: ", comment->where);
        return false;
    }
    g_autoptr(MpPlacement) placement = mp_attachments_place(message, extraction, extraction->reply);
    bool has_reply = placement->body[strspn(placement->body, " \t\r\n")] != '\0';
    g_ptr_array_unref(comment->attachments);
    comment->attachments = g_steal_pointer(&placement->stored);
    *text = g_strdup(has_reply ? placement->body : message->plain != NULL ? message->plain : "");
    if (has_reply && *extraction->elided != '\0')
        comment->elided = mp_address_mask(extraction->elided, MP_MASK_TEXT);
    comment->part = g_strdup(extraction->part);
    return true;
}

static char *
header(const MpMessage *message, const char *name)
{
    const char *value = mp_message_header(message, name);

    return value != NULL ? mp_one_line(value) : NULL;
}

/* What of a commit it is about: what is none is left out, as no other mail has such fields. */
static void
read_place(const MpMessage *message, MpFileComment *comment)
{
    g_autofree char *path = header(message, "X-Metroplex-Path");
    g_autofree char *line = header(message, "X-Metroplex-Line");

    if (path == NULL || !mp_is_commented_path(path))
        return;
    comment->path = g_steal_pointer(&path);
    if (line != NULL)
        g_ascii_string_to_unsigned(line, 10, 1, MP_LINE_MAX, &comment->line, NULL);
}

/* Its author and its text. */
static bool
read_comment(Mbox *mbox, const MpMessage *message, MpFileComment *comment, GError **error)
{
    g_autofree char *text = NULL;
    g_autofree char *format = header(message, "X-Metroplex-Format");
    bool is_ours = g_strcmp0(format, MP_THREAD_FORMAT) == 0 && message->plain != NULL;

    if (message->message_id == NULL || !mp_file_is_message_id(message->message_id))
        return mp_fail(error, MP_ERROR_INPUT, "%s: no Message-ID", comment->where);
    comment->id = g_strdup(message->message_id);
    comment->date = message->date != G_MININT64 ? MAX(message->date, 0) : 0;
    comment->address =
        message->from->len == 1 ? g_strdup(g_ptr_array_index(message->from, 0)) : NULL;
    comment->key = is_ours ? header(message, "X-Metroplex-Key") : NULL;
    comment->via = is_ours ? header(message, "X-Metroplex-Via") : NULL;
    g_autofree char *redacted = is_ours ? header(message, "X-Metroplex-Redacted") : NULL;
    if (redacted != NULL && !mp_time_parse(redacted, &comment->redacted))
        return mp_fail(error, MP_ERROR_INPUT, "%s: X-Metroplex-Redacted: not a date",
                       comment->where);
    if (comment->via == NULL)
        comment->via = g_strdup("import");
    if (is_ours)
        read_place(message, comment);
    comment->message_id =
        is_ours ? header(message, "X-Metroplex-Message-ID") : g_strdup(message->message_id);
    if (is_ours)
        text = g_strdup(message->plain);
    else if (!extract(mbox, message, comment, &text, error))
        return false;
    comment->body = mp_file_text(mbox->instance->config, text, comment->where, error);
    return comment->body != NULL;
}

/* "Re: [Fwd] Title" of other mails: without the Re. */
static char *
title_of(const MpMessage *message)
{
    char *title = header(message, "X-Metroplex-Title");

    if (title == NULL)
        title = message->subject != NULL ? mp_one_line(message->subject) : g_strdup("");
    if (g_ascii_strncasecmp(title, "Re: ", 4) == 0)
        memmove(title, title + 4, strlen(title + 4) + 1);
    return title;
}

/* What is no label is left out: no other mail has such fields. */
static void
read_lists(const MpMessage *message, MpFileThread *thread)
{
    g_autofree char *labels = header(message, "X-Metroplex-Labels");
    g_autofree char *assignees = header(message, "X-Metroplex-Assignees");
    g_auto(GStrv) label = g_strsplit(labels != NULL ? labels : "", "; ", MP_LABELS_MAX + 1);
    g_auto(GStrv) login =
        g_strsplit(assignees != NULL ? assignees : "", "; ", MP_ASSIGNEES_MAX + 1);

    thread->facts->labels = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; label[i] != NULL && i < MP_LABELS_MAX; i++)
        if (mp_is_label(label[i]) && mp_labels_find(thread->facts->labels, label[i]) == NULL)
            g_ptr_array_add(thread->facts->labels, g_strdup(label[i]));
    for (guint i = 0; login[i] != NULL && i < MP_ASSIGNEES_MAX; i++)
        g_ptr_array_add(thread->assignees, g_strdup(login[i]));
}

static void
read_facts(Mbox *mbox, const MpMessage *message)
{
    MpThread *facts = mbox->thread->facts;
    g_autofree char *kind = header(message, "X-Metroplex-Kind");
    g_autofree char *state = header(message, "X-Metroplex-State");
    g_autofree char *locked = header(message, "X-Metroplex-Locked");
    g_autofree char *merged = header(message, "X-Metroplex-Merged");
    g_autofree char *title = title_of(message);

    facts->repository = header(message, "X-Metroplex-Repository");
    facts->object = header(message, "X-Metroplex-Object");
    facts->base = header(message, "X-Metroplex-Base");
    facts->title = mp_masked(mbox->instance->config, title, MP_MASK_TEXT);
    read_lists(message, mbox->thread);
    facts->is_open = g_strcmp0(state, "closed") != 0;
    facts->is_locked = g_strcmp0(locked, "true") == 0;
    facts->is_merged = g_strcmp0(merged, "true") == 0;
    if (kind == NULL || !mp_thread_kind_parse(kind, &facts->kind))
        facts->kind = MP_ISSUE;
}

static bool
read_message(Mbox *mbox, const GString *bytes, guint line, GError **error)
{
    g_autofree char *where = g_strdup_printf("line %u", line);
    g_autoptr(MpMessage) message = parse(mbox, bytes, where, error);
    MpFileComment *comment =
        message != NULL ? mp_file_thread_add(mbox->thread, where, error) : NULL;

    if (comment == NULL)
        return false;
    if (mbox->thread->comments->len == 1)
        read_facts(mbox, message);
    return read_comment(mbox, message, comment, error);
}

MpFileThread *
mp_file_read_mbox(MpInstance *instance, const GString *bytes, GError **error)
{
    g_autoptr(MpFileThread) thread = mp_file_thread_new();
    g_autoptr(MpWorker) worker = mp_extraction_worker(0);
    Mbox mbox = {instance, worker, thread};
    const char *p = bytes->str, *end = bytes->str + bytes->len;
    guint line = 1;

    if (!is_from_line(p, end))
        return mp_fail_null(error, MP_ERROR_INPUT,
                            "line 1: not an mbox, which begins with \"From \"");
    while (p < end) {
        guint begins = line;
        g_autoptr(GString) message = take_message(&p, end, &line);

        if (!read_message(&mbox, message, begins, error))
            return NULL;
    }
    thread->facts->created = ((MpFileComment *)g_ptr_array_index(thread->comments, 0))->date;
    return g_steal_pointer(&thread);
}
