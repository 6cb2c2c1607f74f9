/*
 * Addresses that the server refused while we spoke with it: such a refusal counts as a bounce, like
 * a report that comes back by mail (lib/inbound/bounce.c), and the same message counts once. The
 * accounts are written when the pass is over, under the lock of the data directory.
 */
#include "outbound/internal.h"

#include "base/error.h"
#include "base/escape.h"
#include "base/log.h"
#include "base/text.h"
#include "base/time.h"

#define DAY_S 86400

typedef struct {
    guint64 user;
    char *address, *mark;
} Bounce;

static void
bounce_free(gpointer data)
{
    Bounce *bounce = data;

    g_free(bounce->address);
    g_free(bounce->mark);
    g_free(bounce);
}

void
mp_outbound_note_bounce(MpOutbound *outbound, guint64 user, const MpOutgoingMail *mail)
{
    Bounce *bounce = g_new0(Bounce, 1);

    bounce->user = user;
    bounce->address = g_strdup(mail->recipient);
    bounce->mark = mp_bounce_mark(mail->message_id);
    g_mutex_lock(&outbound->mutex);
    if (outbound->bounces == NULL)
        outbound->bounces = g_ptr_array_new_with_free_func(bounce_free);
    g_ptr_array_add(outbound->bounces, bounce);
    g_mutex_unlock(&outbound->mutex);
}

static bool
count(const MpInstance *instance, const Bounce *bounce, GError **error)
{
    guint limit = (guint)instance->config->max_hard_bounces;
    gint64 day = mp_time_now() / DAY_S;
    g_autofree char *shown = mp_escape(bounce->address);
    g_autoptr(MpUser) user = NULL;
    bool is_suppressed = false;

    if (!mp_accounts_user(instance->accounts, bounce->user, &user, error))
        return false;
    if (user == NULL ||
        !mp_user_note_bounce(user, bounce->address, true, day, bounce->mark, limit, &is_suppressed))
        return true;
    g_autofree char *what = g_strdup_printf("Count a bounce of %s", user->login);
    if (!mp_accounts_write(instance->accounts, user, what, error))
        return false;
    mp_info("Counted a refusal of %s against %s%s", shown, user->login,
            is_suppressed ? ": the address is suppressed" : "");
    return true;
}

/* By an instance of its own: the notifier's is for reading, and knows no remote. */
static bool
count_all(const MpOutbound *outbound, GError **error)
{
    const MpConfig *config = outbound->instance->config;
    g_auto(MpInstance) instance = {0};

    if (!mp_instance_configure(&instance, config->file, config->data, error) ||
        !mp_instance_lock(&instance, error))
        return false;
    for (guint i = 0; i < outbound->bounces->len; i++)
        if (!count(&instance, outbound->bounces->pdata[i], error))
            return false;
    return true;
}

void
mp_outbound_count_bounces(MpOutbound *outbound)
{
    g_autoptr(GError) error = NULL;

    if (outbound->bounces == NULL)
        return;
    if (!count_all(outbound, &error)) /* the next message there says it again */
        mp_warn("Refusals of %u %s are not counted: %s", outbound->bounces->len,
                mp_plural(outbound->bounces->len, "address", "addresses"), error->message);
    g_clear_pointer(&outbound->bounces, g_ptr_array_unref);
}
