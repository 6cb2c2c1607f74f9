/* Which events and recipients a command of the queue is about; see queue.h. */
#include "queue.h"

#include <string.h>

#include "base/domain.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/log.h"
#include "base/text.h"
#include "base/time.h"

void
queue_filter_clear(QueueFilter *filter)
{
    g_free(filter->state);
    g_free(filter->login);
    g_free(filter->address);
    g_free(filter->domain);
    g_free(filter->thread);
    g_free(filter->older);
    g_free(filter->newer);
}

bool
queue_filter_is_of_recipients(const QueueFilter *filter)
{
    return filter->state != NULL || filter->login != NULL || filter->address != NULL ||
           filter->domain != NULL;
}

bool
queue_filter_is_any(const QueueFilter *filter)
{
    return queue_filter_is_of_recipients(filter) || filter->thread != NULL ||
           filter->older != NULL || filter->newer != NULL;
}

/* "90", "90s", "30m", "12h", "7d". */
static bool
parse_age(const char *text, gint64 *seconds, GError **error)
{
    static const struct {
        const char *unit;
        gint64 seconds;
    } units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    g_autofree char *shown = mp_escape_word(text);
    gsize digits = strspn(text, "0123456789");
    g_autofree char *number = g_strndup(text, digits);
    gint64 count;

    for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
        if (strcmp(text + digits, units[i].unit) == 0 &&
            g_ascii_string_to_signed(number, 10, 0, G_MAXINT, &count, NULL)) {
            *seconds = count * units[i].seconds;
            return true;
        }
    return mp_fail(error, MP_ERROR_INPUT, "%s is no age, such as 90s, 30m, 12h or 7d", shown);
}

static bool
find_user(QueueFilter *filter, const MpInstance *instance, GError **error)
{
    g_autofree char *shown = mp_escape_word(filter->login);
    g_autoptr(MpUser) user = NULL;

    if (!mp_accounts_user_by_login(instance->accounts, filter->login, &user, error))
        return false;
    if (user == NULL)
        return mp_fail(error, MP_ERROR_INPUT, "no such user: %s", shown);
    filter->user = user->id;
    return true;
}

bool
queue_filter_prepare(QueueFilter *filter, const MpInstance *instance, GError **error)
{
    gint64 now = mp_time_now(), age;

    filter->created_after = G_MININT64;
    filter->created_before = G_MAXINT64;
    if (filter->older != NULL && !parse_age(filter->older, &age, error))
        return false;
    if (filter->older != NULL)
        filter->created_before = now - age;
    if (filter->newer != NULL && !parse_age(filter->newer, &age, error))
        return false;
    if (filter->newer != NULL)
        filter->created_after = now - age;
    return (filter->thread == NULL ||
            mp_parse_id(filter->thread, "thread", &filter->thread_id, error)) &&
           (filter->login == NULL || find_user(filter, instance, error));
}

/* --- What it leaves ------------------------------------------------------------------------- */

static bool
fits_event(const QueueFilter *filter, const MpEvent *event)
{
    return (filter->thread == NULL || event->thread == filter->thread_id) &&
           event->created <= filter->created_before && event->created >= filter->created_after;
}

static bool
is_at(const char *address, const char *domain)
{
    const char *at = address != NULL ? strrchr(address, '@') : NULL;
    g_autofree char *mine = at != NULL ? mp_domain_fold(at + 1) : NULL;
    g_autofree char *wanted = mp_domain_fold(domain);

    return mine != NULL && strcmp(mine, wanted) == 0;
}

static bool
fits(const QueueFilter *filter, const QueueRow *row)
{
    const MpEventRecipient *r = row->recipient;

    return (filter->state == NULL || strcmp(filter->state, queue_row_state(row)) == 0) &&
           (filter->login == NULL || (r != NULL && r->user == filter->user)) &&
           (filter->address == NULL ||
            (row->address != NULL && mp_same_address(row->address, filter->address, false))) &&
           (filter->domain == NULL || is_at(row->address, filter->domain));
}

const char *
queue_row_state(const QueueRow *row)
{
    const MpEventRecipient *r = row->recipient;
    bool is_over =
        r != NULL && (r->state == MP_RECIPIENT_SENT || r->state == MP_RECIPIENT_DROPPED ||
                      r->state == MP_RECIPIENT_SKIPPED || r->state == MP_RECIPIENT_GATHERED);

    if (!is_over && row->requested == MP_REQUESTED_DROP)
        return mp_event_recipient_state_name(MP_RECIPIENT_DROPPED);
    if (row->queued->queue == MP_QUEUE_HOLD || row->requested == MP_REQUESTED_HOLD)
        return is_over ? mp_event_recipient_state_name(r->state) : mp_queue_name(MP_QUEUE_HOLD);
    if (r == NULL)
        return mp_queue_name(row->queued->queue);
    switch (r->state) {
    case MP_RECIPIENT_PENDING:
        return mp_queue_name(MP_QUEUE_NEW);
    case MP_RECIPIENT_DEFERRED:
        return mp_queue_name(MP_QUEUE_RETRY);
    case MP_RECIPIENT_FAILED:
        return mp_queue_name(MP_QUEUE_FAILED);
    default:
        return mp_event_recipient_state_name(r->state);
    }
}

typedef struct {
    QueueRow row;
    const QueueFilter *filter;
    bool wants_all;
    QueueVisit visit;
    gpointer user_data;
} Walk;

static bool
is_waiting(const QueueRow *row)
{
    const char *state = queue_row_state(row);

    if (row->recipient != NULL && row->recipient->state == MP_RECIPIENT_LATER)
        return true;
    for (MpQueue queue = 0; queue < MP_N_QUEUES; queue++)
        if (strcmp(state, mp_queue_name(queue)) == 0)
            return true;
    return false;
}

static void
visit_recipient(Walk *walk, const MpEventRecipient *recipient)
{
    QueueRow row = walk->row;
    g_autoptr(MpUser) user = NULL;

    row.recipient = recipient;
    if (recipient != NULL && row.instance->accounts != NULL)
        (void)mp_accounts_user(row.instance->accounts, recipient->user, &user, NULL);
    row.login = user != NULL ? user->login : NULL;
    if (recipient != NULL)
        row.address = mp_event_recipient_address(recipient, row.event,
                                                 user != NULL ? mp_user_address(user) : NULL);
    row.requested = mp_outbox_requested(row.instance->outbox, row.event->key,
                                        recipient != NULL ? recipient->user : 0);
    if ((walk->wants_all || is_waiting(&row)) && (walk->filter == NULL || fits(walk->filter, &row)))
        walk->visit(&row, walk->user_data);
}

bool
queue_visit(const QueueRow *of, const QueueFilter *filter, bool wants_all, QueueVisit visit,
            gpointer user_data, GError **error)
{
    GError *why = NULL;
    g_autoptr(MpEventFile) file =
        mp_event_file_open(of->instance->outbox, of->queued, MP_EVENT_READ, &why);
    Walk walk = {*of, filter, wants_all, visit, user_data};

    if (why != NULL)
        g_propagate_error(error, why);
    if (file == NULL)
        return why == NULL;
    walk.row.event = mp_event_file_event(file);
    if (filter != NULL && !fits_event(filter, walk.row.event))
        return true;
    const MpAudience *audience = mp_event_file_audience(file);
    for (guint n = 0; n < audience->recipients->len; n++)
        visit_recipient(&walk, audience->recipients->pdata[n]);
    if (!mp_event_file_is_expanded(file) && audience->recipients->len == 0)
        visit_recipient(&walk, NULL);
    for (guint n = 0; wants_all && n < audience->skipped->len; n++)
        visit_recipient(&walk, audience->skipped->pdata[n]);
    if (wants_all && audience->n_skipped > audience->skipped->len)
        mp_warn("%s: %u more %s skipped", walk.row.event->key,
                audience->n_skipped - audience->skipped->len,
                mp_plural(audience->n_skipped - audience->skipped->len, "was", "were"));
    return true;
}
