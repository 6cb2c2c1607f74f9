/* The daily list of what is held; see held_list.h. */
#include "inbound/held_list.h"

#include <string.h>

#include "base/domain.h"
#include "base/error.h"
#include "base/escape.h"
#include "inbound/respond.h"
#include "instance/transaction.h"
#include "notify/notify.h"

#define SUBJECT_MAX 78   /* characters */
#define LINES_MAX   1000 /* as many as may be held */

void
mp_waiting_free(MpWaiting *waiting)
{
    g_array_unref(waiting->members);
    g_free(waiting->line);
    g_free(waiting);
}

static char *
subject_of(const MpDelivery *delivery)
{
    const char *subject = delivery->message->subject;
    g_autofree char *masked = mp_address_mask(subject != NULL ? subject : "", MP_MASK_TEXT);
    g_autofree char *line = mp_one_line(masked);

    return g_utf8_strlen(line, -1) <= SUBJECT_MAX ? g_steal_pointer(&line)
                                                  : g_utf8_substring(line, 0, SUBJECT_MAX);
}

MpWaiting *
mp_waiting_new(const MpDelivery *delivery)
{
    const GPtrArray *from = delivery->message->from;
    const char *at = from->len == 1 ? strrchr(g_ptr_array_index(from, 0), '@') : NULL;
    g_autofree char *subject = subject_of(delivery);
    MpWaiting *waiting = g_new0(MpWaiting, 1);

    waiting->members = g_array_copy(delivery->identity.repository->members);
    waiting->line = g_strdup_printf("%s: ***%s: %s", delivery->identity.repository->name,
                                    at != NULL ? at : "", subject);
    return waiting;
}

static void
free_string(gpointer string)
{
    g_string_free(string, TRUE);
}

/* What each member is told: guint64 to GString. */
static GHashTable *
lists_of(const GPtrArray *waiting)
{
    GHashTable *lists = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, free_string);

    for (guint i = 0; i < waiting->len && i < LINES_MAX; i++) {
        const MpWaiting *one = g_ptr_array_index(waiting, i);

        for (guint k = 0; k < one->members->len; k++) {
            guint64 user = g_array_index(one->members, guint64, k);
            GString *list = g_hash_table_lookup(lists, &user);

            if (list == NULL) {
                list = g_string_new(NULL);
                g_hash_table_insert(lists, g_memdup2(&user, sizeof user), list);
            }
            g_string_append_printf(list, "%s\n", one->line);
        }
    }
    return lists;
}

static char *
today(void)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();

    return g_date_time_format(now, "%Y-%m-%d");
}

/* Adds the response, unless this member had one today. */
static bool
plan(MpInstance *instance, guint64 id, const char *list, GPtrArray *responses, GError **error)
{
    g_autoptr(MpResponse) response = mp_response_new();
    g_autoptr(MpUser) user = NULL;

    if (!mp_accounts_user(instance->accounts, id, &user, error))
        return false;
    if (user == NULL || !user->is_active || mp_user_address(user) == NULL)
        return true;
    response->user = id;
    response->reason = g_strdup("held-list");
    response->day = today();
    response->hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, list, -1);
    response->language =
        g_strdup(mp_language_name(mp_notification_language(instance->config, user)));
    response->quote = g_strdup(list);
    MpResponded responded = mp_outbox_responded(instance->outbox, response, error);
    if (responded == MP_RESPONDED_NOT)
        g_ptr_array_add(responses, g_steal_pointer(&response));
    return responded != MP_RESPONDED_ERROR;
}

static bool
build(MpInstance *instance, MpBatch *batch, GPtrArray *events, gpointer user_data, GError **error)
{
    const GPtrArray *responses = user_data;

    (void)batch;
    (void)error;
    for (guint i = 0; i < responses->len; i++)
        g_ptr_array_add(events, mp_response_event_of(instance, g_ptr_array_index(responses, i), 0));
    return true;
}

static bool
plan_all(MpInstance *instance, const GPtrArray *waiting, GPtrArray *responses, GError **error)
{
    g_autoptr(GHashTable) lists = lists_of(waiting);
    GHashTableIter iter;
    gpointer user, list;

    g_hash_table_iter_init(&iter, lists);
    while (g_hash_table_iter_next(&iter, &user, &list))
        if (!plan(instance, *(const guint64 *)user, ((GString *)list)->str, responses, error))
            return false;
    return true;
}

bool
mp_inbound_tell_waiting(MpInbound *inbound, const GPtrArray *waiting, GError **error)
{
    MpInstance *instance = inbound->instance;
    g_autoptr(GPtrArray) responses =
        g_ptr_array_new_with_free_func((GDestroyNotify)mp_response_unref);

    if (instance->config->max_responses == 0 || waiting->len == 0)
        return true;
    if (!plan_all(instance, waiting, responses, error))
        return false;
    if (responses->len == 0)
        return true;
    bool good = mp_instance_lock(instance, error) && mp_transaction_recover(instance, error) &&
                mp_transaction_run(instance, build, responses, error);
    g_clear_pointer(&instance->lock, mp_lock_release);
    return good;
}
