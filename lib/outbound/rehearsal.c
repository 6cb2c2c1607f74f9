/* What a pass would send, to whom and why; nothing is changed, locked or sent. */
#include "outbound/internal.h"

#include "base/error.h"
#include "base/log.h"
#include "base/time.h"
#include "instance/order.h"

typedef struct {
    MpOutbound outbound; /* only what reading needs of it */
    MpRehearse tell;
    gpointer user_data;
    guint left;
    GHashTable *digests; /* char * "USER.THREAD" of those that are due */
} Rehearsal;

/* When the digest is due that tells this account of it; 0: none does. */
static gint64
digest_due(Rehearsal *rehearsal, const MpAnnouncement *announcement,
           const MpEventRecipient *recipient, const MpUser *user)
{
    const MpEvent *event = mp_event_file_event(announcement->file);

    if (recipient->state == MP_RECIPIENT_LATER)
        return recipient->due;
    return mp_announcement_puts_off(announcement, recipient, user)
               ? mp_outbound_window(&rehearsal->outbound, event->thread, event->created, user)
               : 0;
}

static bool
is_first_of_digest(Rehearsal *rehearsal, const MpAnnouncement *announcement, guint64 user)
{
    return g_hash_table_add(rehearsal->digests,
                            g_strdup_printf("%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT, user,
                                            mp_event_file_event(announcement->file)->thread));
}

static bool
tell_recipient(Rehearsal *rehearsal, const MpAnnouncement *announcement,
               const MpEventRecipient *recipient, GError **error)
{
    g_autoptr(MpUser) user = NULL;
    g_autofree char *address = NULL;
    const char *dropped = NULL;
    gint64 due = 0;

    if (!mp_accounts_user(rehearsal->outbound.instance->accounts, recipient->user, &user, error))
        return false;
    address = mp_announcement_address(announcement, user, &dropped);
    if (address != NULL)
        due = digest_due(rehearsal, announcement, recipient, user);
    if (due > mp_time_now()) {
        g_clear_pointer(&address, g_free);
        dropped = "told later, in a digest";
    }
    bool is_more = address != NULL && due != 0 &&
                   !is_first_of_digest(rehearsal, announcement, recipient->user);
    rehearsal->left -= address != NULL && !is_more;
    const MpRehearsed rehearsed = {
        .event = mp_event_file_event(announcement->file),
        .comment = announcement->notice != NULL ? announcement->notice->comment : NULL,
        .user = recipient->user,
        .login = user != NULL ? user->login : NULL,
        .address = address,
        .reason = recipient->reason,
        .dropped = dropped,
        .is_in_digest = address != NULL && due != 0,
        .is_more = is_more,
    };
    rehearsal->tell(&rehearsed, rehearsal->user_data);
    return true;
}

/* By a message of its own, or in a digest. */
static bool
is_due(const MpEventRecipient *recipient, gint64 now)
{
    return mp_event_recipient_is_due(recipient, now) ||
           (recipient->state == MP_RECIPIENT_LATER && recipient->due <= now);
}

static bool
rehearse_event(Rehearsal *rehearsal, const MpQueued *queued, GError **error)
{
    g_autoptr(MpAnnouncement) announcement = g_new0(MpAnnouncement, 1);
    g_autoptr(MpAudience) fresh = NULL;
    const MpAudience *audience;
    gint64 now = mp_time_now();

    announcement->outbound = &rehearsal->outbound;
    if (!mp_announcement_open(announcement, queued, MP_EVENT_READ, error))
        return false;
    if (announcement->file == NULL || !announcement->is_known)
        return true; /* gone, or not in the tracker yet */
    audience = mp_event_file_audience(announcement->file);
    if (!mp_event_file_is_expanded(announcement->file))
        audience = fresh = mp_announcement_audience(announcement);
    for (guint i = 0; i < audience->recipients->len && rehearsal->left > 0; i++)
        if (is_due(audience->recipients->pdata[i], now) &&
            !tell_recipient(rehearsal, announcement, audience->recipients->pdata[i], error))
            return false;
    return true;
}

/* As a pass does it: an event at fault hides no other. */
static bool
rehearse_or_skip(Rehearsal *rehearsal, const MpQueued *queued, GError **error)
{
    g_autoptr(GError) why = NULL;

    if (rehearse_event(rehearsal, queued, &why))
        return true;
    if (!g_error_matches(why, MP_ERROR, MP_ERROR_INPUT)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    mp_warn("Event %s would be left: %s", queued->key, why->message);
    return true;
}

bool
mp_outbound_rehearse(const MpInstance *instance, guint limit, MpRehearse tell, gpointer user_data,
                     GError **error)
{
    g_autoptr(GHashTable) held = mp_digests_held();
    g_autoptr(GHashTable) windows = mp_outbound_windows();
    g_autoptr(GHashTable) digests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Rehearsal rehearsal = {.outbound = {.instance = instance, .held = held, .windows = windows},
                           .tell = tell,
                           .user_data = user_data,
                           .left = limit,
                           .digests = digests};
    g_autoptr(GPtrArray) due = mp_outbox_due(instance->outbox, mp_time_now(), NULL, error);

    if (due == NULL)
        return false;
    mp_instance_order(instance, instance->outbox, due);
    for (guint i = 0; i < due->len && rehearsal.left > 0; i++)
        if (!rehearse_or_skip(&rehearsal, due->pdata[i], error))
            return false;
    return true;
}
