/*
 * Notifications: who is told of an event, and the mail that tells one of them.
 *
 * A mail looks like GitHub's so that people's filters and readers work
 * unchanged: RFC 5322 with CRLF line ends, headers encoded by RFC 2047 and folded at 78 columns, no
 * line over 998 octets, a multipart/alternative (RFC 2046) of the Markdown as written and of HTML,
 * within a multipart/related (RFC 2387) of the pictures that it shows, within a multipart/mixed of
 * the other attachments. The same facts give the same octets.
 *
 * Whatever people wrote is data: a title or a name cannot add a header, a body cannot add HTML.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "address/address.h"
#include "base/config.h"
#include "outbox/outbox.h"
#include "tracker/thread_event.h"

/* What is looked up while a mail is made, in the thread that renders. Results are the caller's;
 * NULL for what there is not, or cannot be read. */
typedef struct {
    GBytes *(*attachment)(const MpComment *comment, const char *file, gpointer data);
    char *(*thread_page)(const char *repository, guint64 id, gpointer data);
    bool (*is_login)(const char *word, gpointer data); /* whether somebody is called so */
    gpointer data;
} MpNotificationSource;

/* The facts of an event. What may be NULL says so. */
typedef struct {
    const MpConfig *config;
    const MpKeyRing *ring;
    const MpThread *thread;
    const MpRepository *repository;
    const MpUser *actor;
    MpEventKind kind;
    const MpComment *comment;           /* opened, comment: what was written; else NULL */
    const MpThreadEvent *event;         /* what became of the thread; else NULL */
    const MpChanges *changes;           /* of a pull request that was opened; or NULL */
    const char *key;                    /* makes a Message-ID, where there is no comment */
    gint64 date;                        /* of the Date header */
    const MpNotificationSource *source; /* NULL: nothing can be looked up */
} MpNotificationFacts;

typedef struct MpNotification MpNotification;

/* Knows what is the same for all recipients; attachments are read with the first of them. The
 * facts, and all they point to, must outlive it. */
MpNotification *mp_notification_new(const MpNotificationFacts *facts);
void mp_notification_free(MpNotification *notification);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpNotification, mp_notification_free)

typedef struct {
    char *sender;     /* envelope: bounce+… of this recipient */
    char *recipient;  /* envelope */
    char *message_id; /* with its brackets */
    char *text;
    gsize length;
} MpOutgoingMail;

void mp_outgoing_mail_free(MpOutgoingMail *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpOutgoingMail, mp_outgoing_mail_free)

/*
 * The mail for one recipient at `address`. Bodies are kept for the next recipient with the same
 * reason, so calls on one notification must not overlap. MP_ERROR_INPUT if no valid mail can be
 * made (an address over 64 octets, a header that cannot be folded).
 */
MpOutgoingMail *mp_notification_render(MpNotification *notification, const MpUser *recipient,
                                       const char *address, const char *reason, GError **error);

/*
 * One mail of several events of a thread, in their order; of one it is that event's own mail. `due`
 * is when it was, which makes a Message-ID with the recipient and the events.
 */
MpOutgoingMail *
mp_digest_render(const GPtrArray *notifications, gint64 due, const MpUser *recipient,
                 const char *address, const char *reason, GError **error);

/* What a reply to a digest of these `n` comments may quote, as mp_notification_text. */
char *mp_digest_text(const MpNotificationFacts *facts, guint n, const char *message_id,
                     const MpUser *reader, const char *reason);

/*
 * The part of such a mail that a response may quote: its From and Subject as readers see them, an
 * empty line, and the text for this reader with this reason, footer and all. `actor` need not be
 * known. The result is the caller's.
 */
char *
mp_notification_text(const MpNotificationFacts *facts, const MpUser *reader, const char *reason);

/* The language in which an account is written to: its own, else the installation's (also for NULL,
 * who has none). */
MpLanguage mp_notification_language(const MpConfig *config, const MpUser *user);

/* The facts of the response to a mail. `thread` and `link` may be NULL. */
typedef struct {
    const MpConfig *config;
    const MpResponse *response;
    const MpUser *user;     /* who hears it; NULL: a stranger who is asked */
    const MpThread *thread; /* that the mail was for */
    const char *link;       /* the repository's template */
    const char *key;        /* the event's: makes the Message-ID */
    gint64 date;            /* of the Date header */
    const MpKeyRing *ring;  /* may be NULL where it is no question */
} MpResponseFacts;

/*
 * The response (a rejection, a confirmation or a question), in its language, text and HTML, to
 * `address`. The envelope sender is "": nothing comes back. Who replies to a question confirms the
 * held mail (address/question.h). MP_ERROR_INPUT for a reason that has no
 * text.
 */
MpOutgoingMail *
mp_response_render(const MpResponseFacts *facts, const char *address, GError **error);

/* The facts of a mail to an operator: that of `notifier test`, and the next. */
typedef struct {
    const MpConfig *config;
    const MpKeyRing *ring;
    const char *key; /* makes the Message-ID */
    gint64 date;
} MpTestMailFacts;

/* The test mail to `address`: from the noreply address, its envelope sender an address of thread 0
 * at the host of all others. MP_ERROR_INPUT for an address that no header can hold. */
MpOutgoingMail *
mp_test_mail_render(const MpTestMailFacts *facts, const char *address, GError **error);

/* The notice that the server takes mail again, which had turned us away (MP_EVENT_MENDED); from the
 * null sender: nothing comes back. */
MpOutgoingMail *
mp_mended_mail_render(const MpTestMailFacts *facts, const MpEvent *event, GError **error);

/* The first line of the test mail as a terminal shows it, in the installation's language: "This is
 * a test email generated from URL". In the mail the host alone is named where there is no page: a
 * link would be dead. The caller's. */
char *mp_test_mail_opening(const MpConfig *config);

/*
 * Who is told: subscribers who have not muted the thread, then the repository's watchers (reason
 * `subscribed`), each once, and not the actor, unless they want to hear of what they did
 * (`hears_own`, reason `your_activity`); and who is not told, for one of these reasons. What
 * their accounts say is asked when the message is sent. `subscribers` holds MpSubscriber (NULL for
 * none). The result is the caller's.
 */
MpAudience *mp_notification_audience(const GPtrArray *subscribers, const MpRepository *repository,
                                     guint64 actor, bool hears_own);

/* Makes `mention` the reason of each subscriber who is among `mentions` (guint64 ids), for the one
 * comment that it stands in: it reaches also who has muted the thread. Those who are mentioned, a
 * set as mp_notification_muted() makes it; the caller's. */
GHashTable *mp_notification_call(GPtrArray *subscribers, const GArray *mentions);

/* The users who have muted the thread: a set of GSIZE_TO_POINTER(id), the caller's. */
GHashTable *mp_notification_muted(const GPtrArray *subscribers);

/* The template of a repository's links: its own, or the installation's; "" where that leads to
 * pages, and it has none. */
const char *mp_notification_template(const MpConfig *config, const MpRepository *repository);

/*
 * The page of a thread (comment 0) or of one of its comments. `template` is a base, to which
 * /{repository}/{kind}/{number} and, for a comment, #comment-{comment} are added, or holds such
 * placeholders itself; {kind} is issues, pull or commit, {number} the thread's id or the commit's
 * revision, {page} what mp_thread_page() calls it. A fragment with {comment} is left out for an
 * opening post. The result is the caller's; NULL for an empty template: there are no pages.
 */
char *mp_notification_link(const char *template, const MpThread *thread, guint64 comment);

/* The page of a commit, where the template has one for each kind; else NULL. The caller's. */
char *mp_link_commit(const char *template, const char *repository, const char *commit);

/* The page of the thread's repository, likewise; a template is cut behind {repository}. */
char *mp_notification_archive(const char *template, const MpThread *thread);
