/* The recipients of an event. */
#include "notify/notify.h"

#include <string.h>

#include "base/log.h"

static GHashTable *
new_user_set(void)
{
    return g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
}

/* False if the user was in it already. */
static bool
add_to_set(GHashTable *set, guint64 user)
{
    return g_hash_table_add(set, g_memdup2(&user, sizeof user));
}

GHashTable *
mp_notification_muted(const GPtrArray *subscribers)
{
    GHashTable *muted = new_user_set();

    for (guint i = 0; subscribers != NULL && i < subscribers->len; i++) {
        const MpSubscriber *subscriber = subscribers->pdata[i];

        if (strcmp(subscriber->reason, MP_MUTED) == 0)
            add_to_set(muted, subscriber->user);
    }
    return muted;
}

void
mp_notification_call(GPtrArray *subscribers, const GArray *mentions)
{
    g_autoptr(GHashTable) called = new_user_set();

    for (guint i = 0; i < mentions->len; i++)
        add_to_set(called, g_array_index(mentions, guint64, i));
    for (guint i = 0; i < subscribers->len; i++) {
        MpSubscriber *subscriber = subscribers->pdata[i];

        if (strcmp(subscriber->reason, MP_MUTED) != 0 ||
            !g_hash_table_contains(called, &subscriber->user))
            continue;
        g_free(subscriber->reason);
        subscriber->reason = g_strdup("mention");
    }
}

typedef struct {
    MpAccounts *accounts;
    GHashTable *seen; /* of guint64 */
    GPtrArray *recipients;
} Collector;

static bool
add_user(Collector *c, guint64 id, const char *reason, GError **error)
{
    g_autoptr(MpUser) user = NULL;

    if (!add_to_set(c->seen, id) || strcmp(reason, MP_MUTED) == 0)
        return true;
    if (!mp_accounts_user(c->accounts, id, &user, error))
        return false;
    if (user == NULL || !user->is_active || user->emails->len == 0)
        mp_debug("User %" G_GUINT64_FORMAT " is not told: %s", id,
                 user == NULL      ? "no such account"
                 : user->is_active ? "no address"
                                   : "not active");
    else
        g_ptr_array_add(c->recipients, mp_event_recipient_new(id, user->emails->pdata[0], reason));
    return true;
}

GPtrArray *
mp_notification_recipients(const GPtrArray *subscribers, const MpRepository *repository,
                           guint64 actor, MpAccounts *accounts, GError **error)
{
    g_autoptr(GHashTable) seen = new_user_set();
    g_autoptr(GPtrArray) recipients =
        g_ptr_array_new_with_free_func((GDestroyNotify)mp_event_recipient_free);
    Collector c = {accounts, seen, recipients};

    add_to_set(seen, actor);
    for (guint i = 0; subscribers != NULL && i < subscribers->len; i++) {
        const MpSubscriber *subscriber = subscribers->pdata[i];

        if (!add_user(&c, subscriber->user, subscriber->reason, error))
            return NULL;
    }
    for (guint i = 0; i < repository->watchers->len; i++)
        if (!add_user(&c, g_array_index(repository->watchers, guint64, i), "subscribed", error))
            return NULL;
    return g_steal_pointer(&recipients);
}
