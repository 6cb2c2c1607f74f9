/* The recipients of an event. */
#include "notify/notify.h"

#include <string.h>

/* Sets of ids, each as a pointer's value: nothing is allocated for it, and nothing followed. */
static GHashTable *
new_user_set(void)
{
    return g_hash_table_new(NULL, NULL);
}

/* False if the user was in it already. */
static bool
add_to_set(GHashTable *set, guint64 user)
{
    return g_hash_table_add(set, GSIZE_TO_POINTER(user));
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

GHashTable *
mp_notification_call(GPtrArray *subscribers, const GArray *mentions)
{
    GHashTable *called = new_user_set();

    for (guint i = 0; i < mentions->len; i++)
        add_to_set(called, g_array_index(mentions, guint64, i));
    for (guint i = 0; i < subscribers->len; i++) {
        MpSubscriber *subscriber = subscribers->pdata[i];

        if (!g_hash_table_contains(called, GSIZE_TO_POINTER(subscriber->user)))
            continue;
        g_ref_string_release(subscriber->reason);
        subscriber->reason = g_ref_string_new("mention");
    }
    return called;
}

static void
add_user(MpAudience *audience, guint64 user, const char *reason, guint64 actor, bool hears_own)
{
    if (user == actor && !hears_own)
        mp_audience_skip(audience, user, "wrote it");
    else if (strcmp(reason, MP_MUTED) == 0)
        mp_audience_skip(audience, user, "muted the thread");
    else if (user == actor)
        mp_audience_add(audience, user, "your_activity");
    else
        mp_audience_add(audience, user, reason);
}

MpAudience *
mp_notification_audience(const GPtrArray *subscribers, const MpRepository *repository,
                         guint64 actor, bool hears_own)
{
    g_autoptr(GHashTable) seen = new_user_set();
    MpAudience *audience = mp_audience_new();

    for (guint i = 0; subscribers != NULL && i < subscribers->len; i++) {
        const MpSubscriber *subscriber = subscribers->pdata[i];

        if (add_to_set(seen, subscriber->user))
            add_user(audience, subscriber->user, subscriber->reason, actor, hears_own);
    }
    for (guint i = 0; i < repository->watchers->len; i++) {
        guint64 watcher = g_array_index(repository->watchers, guint64, i);

        if (add_to_set(seen, watcher))
            add_user(audience, watcher, "subscribed", actor, hears_own);
    }
    return audience;
}
