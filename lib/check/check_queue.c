/* Group queue: what waits, for how long, and what somebody has to decide. */
#include "check/internal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/directory.h"
#include "base/text.h"
#include "base/time.h"
#include "outbox/server_state.h"

#define MAIL_LATE     300 /* seconds: a run takes it within two minutes */
#define MAIL_STUCK    1800
#define MESSAGE_LATE  3600 /* servers greylist, and retries have their times */
#define MESSAGE_STUCK 86400
#define N_LOOKED_AT   200 /* events whose files are read */

/* --- Mail --------------------------------------------------------------------------------------
 */

/* When the oldest file was written; 0 if there is none. */
static gint64
oldest_of(const char *directory, const GPtrArray *names)
{
    gint64 oldest = 0;

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(directory, g_ptr_array_index(names, i), NULL);
        struct stat st;

        if (lstat(path, &st) == 0 && (oldest == 0 || st.st_mtime < oldest))
            oldest = (gint64)st.st_mtime;
    }
    return oldest;
}

static void
tell_age(MpChecker *checker, gint64 age, gint64 late, gint64 stuck, const char *found,
         const char *expected)
{
    if (age <= late)
        mp_check_ok(checker, "%s", found);
    else
        mp_check_tell(checker, age > stuck ? MP_CHECK_FAILED : MP_CHECK_WARNING, expected, NULL,
                      "%s", found);
}

static void
check_new_mail(MpChecker *checker)
{
    g_autofree char *directory = mp_config_path(checker->config, "mail/reply/new");
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) names = mp_list_directory(directory, NULL, NULL, &error);

    if (names == NULL) {
        mp_check_tell(checker, MP_CHECK_UNKNOWN, _("a directory that can be read"), NULL, "%s",
                      error->message);
        return;
    }
    gint64 oldest = oldest_of(directory, names);
    if (oldest == 0) {
        mp_check_ok(checker, _("no mail waits in new/"));
        return;
    }
    g_autofree char *since = mp_duration(mp_time_now() - oldest);
    g_autofree char *found =
        g_strdup_printf(_n("%u mail waits in new/, the oldest for %s",
                           "%u mails wait in new/, the oldest for %s", names->len),
                        names->len, since);
    tell_age(checker, mp_time_now() - oldest, MAIL_LATE, MAIL_STUCK, found,
             _("none that waits for more than five minutes"));
}

/* --- Notifications -----------------------------------------------------------------------------
 */

static bool
open_outbox(MpChecker *checker)
{
    g_autoptr(GError) error = NULL;

    if (checker->instance->outbox != NULL || mp_instance_open_outbox(checker->instance, &error))
        return true;
    mp_check_tell(checker, MP_CHECK_UNKNOWN, _("an outbox that can be read"),
                  _("metroplex check files says what is wrong"), "%s", error->message);
    return false;
}

/* The events of a queue, as the check needs them: NULL, told as unknown, if they cannot be listed.
 */
static GPtrArray *
list_queue(MpChecker *checker, MpQueue queue)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *events =
        open_outbox(checker) ? mp_outbox_list(checker->instance->outbox, queue, &error) : NULL;

    if (error != NULL)
        mp_check_tell(checker, MP_CHECK_UNKNOWN, _("an outbox that can be read"), NULL, "%s",
                      error->message);
    return events;
}

/* The oldest creation of events; those behind the first N_LOOKED_AT are as good as never older. */
static gint64
oldest_event(MpChecker *checker, const GPtrArray *events)
{
    gint64 oldest = 0;

    for (guint i = 0; i < MIN(events->len, N_LOOKED_AT); i++) {
        g_autoptr(MpEventFile) file = mp_event_file_open(
            checker->instance->outbox, g_ptr_array_index(events, i), MP_EVENT_READ, NULL);
        gint64 created = file != NULL ? MIN(mp_event_file_waits_since(file), mp_time_now()) : 0;

        if (created > 0 && (oldest == 0 || created < oldest))
            oldest = created;
    }
    return oldest;
}

static void
check_notifications(MpChecker *checker)
{
    g_autoptr(GPtrArray) fresh = list_queue(checker, MP_QUEUE_NEW);
    g_autoptr(GPtrArray) retry = fresh != NULL ? list_queue(checker, MP_QUEUE_RETRY) : NULL;

    if (retry == NULL)
        return;
    gint64 a = oldest_event(checker, fresh), b = oldest_event(checker, retry);
    gint64 oldest = a == 0 || (b != 0 && b < a) ? b : a;
    if (fresh->len + retry->len == 0) {
        mp_check_ok(checker, _("nothing waits to be sent"));
        return;
    }
    guint n = fresh->len + retry->len;
    g_autofree char *since = mp_duration(oldest > 0 ? mp_time_now() - oldest : 0);
    g_autofree char *found = g_strdup_printf(
        _n("%u event waits to be sent, %u of them for another attempt, the oldest for %s",
           "%u events wait to be sent, %u of them for another attempt, the oldest for %s", n),
        n, retry->len, since);
    tell_age(checker, oldest > 0 ? mp_time_now() - oldest : 0, MESSAGE_LATE, MESSAGE_STUCK, found,
             _("none that waits for more than an hour"));
}

static void
check_failed(MpChecker *checker)
{
    g_autoptr(GPtrArray) failed = list_queue(checker, MP_QUEUE_FAILED);

    if (failed == NULL)
        return;
    if (failed->len == 0)
        mp_check_ok(checker, _("none"));
    else
        mp_check_tell(checker, MP_CHECK_WARNING, _("none"), NULL,
                      _n("%u event has recipients who were given up",
                         "%u events have recipients who were given up", failed->len),
                      failed->len);
}

static void
check_held(MpChecker *checker)
{
    g_autoptr(GPtrArray) held = list_queue(checker, MP_QUEUE_HOLD);

    if (held == NULL)
        return;
    if (held->len == 0)
        mp_check_ok(checker, _("none"));
    else
        mp_check_tell(checker, MP_CHECK_WARNING, _("none"), NULL,
                      _n("%u event is on hold", "%u events are on hold", held->len), held->len);
}

/* --- The server, and addresses -----------------------------------------------------------------
 */

static void
check_server(MpChecker *checker)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MpServer) server =
        open_outbox(checker) ? mp_server_load(checker->instance->outbox, &error) : NULL;

    if (server == NULL) {
        if (error != NULL)
            mp_check_tell(checker, MP_CHECK_UNKNOWN, _("a server that takes mail"), NULL, "%s",
                          error->message);
        return;
    }
    g_autofree char *since = mp_duration(mp_time_now() - server->since);
    const char *reply = server->reply != NULL ? server->reply : "-";
    if (server->state == MP_SERVER_UP)
        mp_check_ok(checker, _("nothing is known against it"));
    else if (server->state == MP_SERVER_DOWN)
        mp_check_tell(checker, MP_CHECK_WARNING, _("a server that takes mail"), NULL,
                      _("it has been away for %s: %s"), since, reply);
    else
        mp_check_tell(checker, MP_CHECK_FAILED, _("a server that takes mail"), NULL,
                      _("it has turned us away for %s: %s"), since, reply);
}

static bool
count_suppressed(const MpUser *user, gpointer user_data)
{
    guint *n = user_data;

    for (guint i = 0; user->emails != NULL && i < user->emails->len; i++)
        *n += mp_user_is_suppressed(user, g_ptr_array_index(user->emails, i));
    return true;
}

/* How many there are, by `visit`; 0 after it was told that there are none, or what is wrong. */
static guint
count_in_accounts(MpChecker *checker, MpUserVisit visit)
{
    g_autoptr(GError) error = NULL;
    guint n = 0;

    if (!mp_instance_open_tracker(checker->instance, &error) ||
        !mp_accounts_foreach_user(checker->instance->accounts, visit, &n, &error)) {
        mp_check_tell(checker, MP_CHECK_UNKNOWN, _("accounts that can be read"), NULL, "%s",
                      error->message);
        return 0;
    }
    if (n == 0)
        mp_check_ok(checker, _("none"));
    return n;
}

static void
check_suppressed(MpChecker *checker)
{
    guint n = count_in_accounts(checker, count_suppressed);

    if (n > 0)
        mp_check_tell(checker, MP_CHECK_WARNING, _("none"), NULL,
                      _n("%u address gets nothing any more, since mail to it bounced",
                         "%u addresses get nothing any more, since mail to them bounced", n),
                      n);
}

static bool
count_loops(const MpUser *user, gpointer user_data)
{
    *(guint *)user_data += user->is_loop;
    return true;
}

static void
check_loops(MpChecker *checker)
{
    guint n = count_in_accounts(checker, count_loops);

    if (n > 0)
        mp_check_tell(checker, MP_CHECK_WARNING, _("none"), NULL,
                      _n("%u guest was suspended, since it answered everything at once",
                         "%u guests were suspended, since they answered everything at once", n),
                      n);
}

const MpCheck mp_checks_queue[] = {
    {"queue", "new-mail", N_("Mail that came"), check_new_mail,
     N_("metroplex check timers says whether runs begin; metroplex --once runs now")},
    {"queue", "notifications", N_("Notifications"), check_notifications,
     N_("notifier queue list says what the server answered")},
    {"queue", "failed", N_("Given up"), check_failed,
     N_("notifier queue list says why; then: notifier queue retry KEY, or drop KEY")},
    {"queue", "held", N_("Held"), check_held, N_("notifier queue release KEY, or drop KEY")},
    {"queue", "server", N_("The SMTP server"), check_server,
     N_("metroplex check outbound; notifier test ADDRESS shows the conversation")},
    {"queue", "suppressed", N_("Suppressed addresses"), check_suppressed,
     N_("metroplex user list --json names them; metroplex user set LOGIN --unsuppress ADDRESS")},
    {"queue", "loops", N_("Guests that answer everything"), check_loops,
     N_("metroplex user list --json names them; metroplex user set LOGIN --state active")},
};
const gsize mp_checks_queue_n = G_N_ELEMENTS(mp_checks_queue);
