/*
 * Bounces. Two things must agree before one counts: the signed address it came to names the
 * account, and the report's machine-readable part (RFC 3464) names an address of that account. The
 * text of a bounce, which anybody can write, is never read.
 */
#include "mail_bounces.h"

#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/log.h"

#define DAY_S 86400

typedef enum { NO_FAILURE, HARD, SOFT } Kind;

/* RFC 3464, section 2.3.3, and RFC 3463, section 2: a delay, and a failure that may pass, are soft.
 */
static Kind
kind_of(const MpDeliveryStatus *status)
{
    bool is_failed = g_ascii_strcasecmp(status->action, "failed") == 0;

    if (is_failed && status->status[0] == '5')
        return HARD;
    if ((is_failed && status->status[0] == '4') ||
        g_ascii_strcasecmp(status->action, "delayed") == 0)
        return SOFT;
    return NO_FAILURE;
}

/* Which report this is. */
static char *
mark_of(const MpItem *item, GError **error)
{
    g_autofree char *raw = item->message->message_id != NULL ? g_strdup(item->message->message_id)
                                                             : mp_item_hash(item, error);
    g_autofree char *sum =
        raw != NULL ? g_compute_checksum_for_string(G_CHECKSUM_SHA256, raw, -1) : NULL;

    return sum != NULL ? g_strndup(sum, 16) : NULL;
}

static bool
note(const MpConfig *config, MpUser *user, const MpDeliveryStatus *status, gint64 day,
     const char *mark)
{
    const char *const addresses[] = {status->recipient, status->original};
    Kind kind = kind_of(status);
    int limit = kind == HARD ? config->max_hard_bounces : config->max_soft_bounces;
    bool suppressed = false;

    for (gsize i = 0; kind != NO_FAILURE && i < G_N_ELEMENTS(addresses); i++) {
        if (addresses[i][0] == '\0' || !mp_user_note_bounce(user, addresses[i], kind == HARD, day,
                                                            mark, (guint)limit, &suppressed))
            continue;
        g_autofree char *shown = mp_escape(addresses[i]);
        mp_info("Counted a %s bounce of %s against %s%s", kind == HARD ? "hard" : "soft", shown,
                user->login, suppressed ? ": the address is suppressed" : "");
        return true;
    }
    return false;
}

/* From the account as it is now: an earlier mail of the batch may have changed it. */
bool
mp_bounce_count(MpSite *site, const MpItem *item, GError **error)
{
    gint64 day = item->mail->received / G_USEC_PER_SEC / DAY_S;
    g_autofree char *mark = NULL;
    g_autoptr(MpUser) user = NULL;
    g_autoptr(GError) why = NULL;
    bool has_changed = false;

    if (item->gate->action != MP_DO_BOUNCE || item->message->deliveries->len == 0)
        return true;
    mark = mark_of(item, error);
    if (mark == NULL)
        return false;
    user = mp_accounts_user(site->accounts, item->account->id, &why);
    if (user == NULL) {
        if (why != NULL)
            g_propagate_error(error, g_steal_pointer(&why));
        return error == NULL || *error == NULL; /* gone meanwhile */
    }
    for (guint i = 0; i < item->message->deliveries->len; i++)
        has_changed |=
            note(site->config, user, g_ptr_array_index(item->message->deliveries, i), day, mark);
    if (!has_changed)
        return true;
    g_autofree char *what = g_strdup_printf("Count a bounce of %s", user->login);
    return mp_accounts_write(site->accounts, user, what, error);
}
