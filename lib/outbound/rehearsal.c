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
} Rehearsal;

static bool
tell_recipient(Rehearsal *rehearsal, const MpAnnouncement *announcement,
               const MpEventRecipient *recipient, GError **error)
{
    g_autoptr(MpUser) user = NULL;
    g_autofree char *address = NULL;
    const char *dropped = NULL;

    if (!mp_accounts_user(rehearsal->outbound.instance->accounts, recipient->user, &user, error))
        return false;
    address = mp_announcement_address(announcement, user, &dropped);
    if (address != NULL && mp_announcement_puts_off(announcement, recipient, user)) {
        g_clear_pointer(&address, g_free);
        dropped = "told later, in a digest";
    }
    if (address != NULL)
        rehearsal->left--;
    const MpRehearsed rehearsed = {
        .event = mp_event_file_event(announcement->file),
        .comment = announcement->notice != NULL ? announcement->notice->comment : NULL,
        .user = recipient->user,
        .login = user != NULL ? user->login : NULL,
        .address = address,
        .reason = recipient->reason,
        .dropped = dropped,
    };
    rehearsal->tell(&rehearsed, rehearsal->user_data);
    return true;
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
        if (mp_event_recipient_is_due(audience->recipients->pdata[i], now) &&
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
    Rehearsal rehearsal = {.outbound = {.instance = instance, .held = held},
                           .tell = tell,
                           .user_data = user_data,
                           .left = limit};
    g_autoptr(GPtrArray) due = mp_outbox_due(instance->outbox, mp_time_now(), NULL, error);

    if (due == NULL)
        return false;
    mp_instance_order(instance, instance->outbox, due);
    for (guint i = 0; i < due->len && rehearsal.left > 0; i++)
        if (!rehearse_or_skip(&rehearsal, due->pdata[i], error))
            return false;
    return true;
}
