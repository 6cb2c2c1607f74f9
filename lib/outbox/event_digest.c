/*
 * What an event's file says of digests: in the file of an event, who gets it later, in a digest,
 * and who got it there; in the file of a digest, whom it is for and what it holds.
 */
#include "outbox/internal.h"

#include <string.h>

static void
digest_event_free(gpointer data)
{
    MpDigestEvent *event = data;

    g_free(event->key);
    g_free(event);
}

MpDigest *
mp_digest_new(guint64 user, const char *reason, gint64 due)
{
    MpDigest *digest = g_new0(MpDigest, 1);

    digest->user = user;
    digest->reason = g_strdup(reason);
    digest->due = due;
    digest->events = g_ptr_array_new_with_free_func(digest_event_free);
    return digest;
}

void
mp_digest_free(MpDigest *digest)
{
    if (digest == NULL)
        return;
    g_free(digest->reason);
    g_ptr_array_unref(digest->events);
    g_free(digest);
}

void
mp_digest_add(MpDigest *digest, const char *key, MpEventKind kind, guint64 actor, gint64 created)
{
    MpDigestEvent *event = g_new0(MpDigestEvent, 1);

    *event = (MpDigestEvent){g_strdup(key), kind, actor, created};
    g_ptr_array_add(digest->events, event);
}

void
mp_digest_append(GString *out, const MpDigest *digest)
{
    g_string_append_printf(out, "for\t%" G_GUINT64_FORMAT "\t%s\t%" G_GINT64_FORMAT "\t%u\n",
                           digest->user, digest->reason, digest->due, digest->events->len);
    for (guint i = 0; i < digest->events->len; i++) {
        const MpDigestEvent *event = g_ptr_array_index(digest->events, i);

        g_string_append_printf(out, "holds\t%s\t%s\t%" G_GUINT64_FORMAT "\t%" G_GINT64_FORMAT "\n",
                               event->key, mp_event_kind_name(event->kind), event->actor,
                               event->created);
    }
}

/* --- Lines of a digest ------------------------------------------------------------------------ */

/* Its user, reason, DUE and how many events follow: half a file is none. */
const char *
mp_event_take_for(MpEventText *text, char **field)
{
    guint64 user;
    gint64 due, count;

    if (text->event->digest != NULL || !mp_event_read_id(field[0], &user) ||
        !mp_event_read_time(field[2], &due) || !mp_event_read_number(field[3], G_MAXUINT, &count))
        return "not a user, a reason, a time and a number, or a second line of these";
    text->event->digest = mp_digest_new(user, field[1], due);
    text->n_held = (guint)count;
    return NULL;
}

const char *
mp_event_take_holds(MpEventText *text, char **field)
{
    MpDigest *digest = text->event->digest;
    MpEventKind kind;
    guint64 actor;
    gint64 created;

    if (digest == NULL || !mp_is_event_key(field[0]) || !mp_event_kind_parse(field[1], &kind) ||
        !mp_event_read_id(field[2], &actor) || !mp_event_read_time(field[3], &created))
        return "not a KEY, a kind, a user and a time, or not in a digest";
    mp_digest_add(digest, field[0], kind, actor, created);
    return NULL;
}

const char *
mp_event_digest_fault(const MpEventText *text)
{
    const MpEvent *event = text->event;

    if ((event->kind == MP_EVENT_DIGEST) != (event->digest != NULL))
        return "a digest without its facts, or facts of a digest without one";
    return event->digest != NULL && event->digest->events->len != text->n_held
               ? "another number of events than the digest has"
               : NULL;
}

/* --- Lines of an event ------------------------------------------------------------------------ */

const char *
mp_event_take_later(MpEventText *text, char **field)
{
    gint64 now, due;
    guint64 user;

    if (!mp_event_read_time(field[0], &now) || !mp_event_read_id(field[1], &user) ||
        !mp_event_read_time(field[2], &due))
        return "not a time, a user and a time";
    MpEventRecipient *recipient = mp_event_text_recipient(text, user);
    if (recipient == NULL)
        return "the user is no recipient";
    recipient->state = MP_RECIPIENT_LATER;
    recipient->due = due;
    return NULL;
}

const char *
mp_event_take_gathered(MpEventText *text, char **field)
{
    gint64 now;
    guint64 user;

    if (!mp_event_read_time(field[0], &now) || !mp_event_read_id(field[1], &user) ||
        !mp_is_event_key(field[2]))
        return "not a time, a user and a digest";
    MpEventRecipient *recipient = mp_event_text_recipient(text, user);
    if (recipient == NULL)
        return "the user is no recipient";
    recipient->state = MP_RECIPIENT_GATHERED;
    g_free(recipient->reply);
    recipient->reply = g_strdup(field[2]);
    return NULL;
}

/* --- The file of an event --- */

gint64
mp_event_file_waits_since(const MpEventFile *file)
{
    const GPtrArray *recipients = file->text->audience->recipients;
    gint64 due = G_MAXINT64;

    for (guint i = 0; file->text->is_expanded && i < recipients->len; i++) {
        const MpEventRecipient *recipient = recipients->pdata[i];

        if (recipient->state == MP_RECIPIENT_PENDING || recipient->state == MP_RECIPIENT_DEFERRED)
            return file->text->event->created;
        if (recipient->state == MP_RECIPIENT_LATER)
            due = MIN(due, recipient->due);
    }
    return due != G_MAXINT64 ? due : file->text->event->created;
}

bool
mp_event_file_put_off(MpEventFile *file, guint64 user, gint64 now, gint64 due, GError **error)
{
    g_autofree char *line = g_strdup_printf("later\t%" G_GINT64_FORMAT "\t%" G_GUINT64_FORMAT
                                            "\t%" G_GINT64_FORMAT "\n",
                                            now, user, due);

    return mp_event_file_append(file, line, error);
}

bool
mp_event_file_gather(MpEventFile *file, const GPtrArray *digests, gint64 now, GError **error)
{
    g_autoptr(GString) lines = g_string_new(NULL);

    for (guint i = 0; i < digests->len; i++) {
        const MpEvent *digest = g_ptr_array_index(digests, i);
        const MpEventRecipient *recipient =
            mp_event_text_recipient(file->text, digest->digest->user);

        if (recipient != NULL && recipient->state == MP_RECIPIENT_LATER)
            g_string_append_printf(lines,
                                   "gathered\t%" G_GINT64_FORMAT "\t%" G_GUINT64_FORMAT "\t%s\n",
                                   now, recipient->user, digest->key);
    }
    return lines->len == 0 ||
           (mp_event_file_append(file, lines->str, error) && mp_event_file_sync(file, error));
}
