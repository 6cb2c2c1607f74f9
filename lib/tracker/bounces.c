/* Bounces from an account's addresses: counting, suppressing, and lifting that again. */
#include <string.h>

#include "tracker/internal.h"

#define MARK_DIGITS 16

static void
bounce_free(gpointer data)
{
    MpBounce *bounce = data;

    g_free(bounce->mark);
    g_free(bounce);
}

static void
bounces_free(gpointer data)
{
    MpBounces *bounces = data;

    g_free(bounces->address);
    g_ptr_array_unref(bounces->hard);
    g_ptr_array_unref(bounces->soft);
    g_free(bounces);
}

GPtrArray *
mp_bounces_new(void)
{
    return g_ptr_array_new_with_free_func(bounce_free);
}

MpBounces *
mp_user_add_bounces(MpUser *user, const char *address)
{
    MpBounces *bounces = g_new0(MpBounces, 1);

    if (user->bounces == NULL)
        user->bounces = g_ptr_array_new_with_free_func(bounces_free);
    bounces->address = g_strdup(address);
    bounces->hard = mp_bounces_new();
    bounces->soft = mp_bounces_new();
    g_ptr_array_add(user->bounces, bounces);
    return bounces;
}

void
mp_bounces_add(GPtrArray *list, gint64 day, const char *mark)
{
    MpBounce *bounce = g_new0(MpBounce, 1);

    bounce->day = day;
    bounce->mark = g_strdup(mark);
    g_ptr_array_add(list, bounce);
}

static MpBounces *
find(const MpUser *user, const char *address)
{
    for (guint i = 0; user->bounces != NULL && i < user->bounces->len; i++) {
        MpBounces *bounces = g_ptr_array_index(user->bounces, i);

        if (g_ascii_strcasecmp(bounces->address, address) == 0)
            return bounces;
    }
    return NULL;
}

bool
mp_user_is_suppressed(const MpUser *user, const char *address)
{
    const MpBounces *bounces = find(user, address);

    return bounces != NULL && bounces->is_suppressed;
}

const char *
mp_user_address(const MpUser *user)
{
    for (guint i = 0; i < user->emails->len; i++)
        if (!mp_user_is_suppressed(user, g_ptr_array_index(user->emails, i)))
            return g_ptr_array_index(user->emails, i);
    return NULL;
}

static const char *
own_address(const MpUser *user, const char *address)
{
    for (guint i = 0; i < user->emails->len; i++)
        if (g_ascii_strcasecmp(g_ptr_array_index(user->emails, i), address) == 0)
            return g_ptr_array_index(user->emails, i);
    return NULL;
}

/* The same, or another of that day. */
static bool
is_noted(const GPtrArray *list, gint64 day, const char *mark)
{
    for (guint i = 0; i < list->len; i++) {
        const MpBounce *bounce = g_ptr_array_index(list, i);

        if (bounce->day == day || strcmp(bounce->mark, mark) == 0)
            return true;
    }
    return false;
}

static void
drop_old(GPtrArray *list, gint64 day)
{
    for (guint i = list->len; i-- > 0;)
        if (((MpBounce *)g_ptr_array_index(list, i))->day < day - MP_BOUNCE_DAYS)
            g_ptr_array_remove_index(list, i);
}

char *
mp_bounce_mark(const char *message_id)
{
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, message_id, -1);

    return g_strndup(sum, MARK_DIGITS);
}

/* --- A guest's haste -----------------------------------------------------------------------------
 */

static bool
has_mark(const GPtrArray *list, const char *mark)
{
    for (guint i = 0; list != NULL && i < list->len; i++)
        if (strcmp(((MpBounce *)list->pdata[i])->mark, mark) == 0)
            return true;
    return false;
}

bool
mp_user_is_hasty(const MpUser *user, const char *key)
{
    g_autofree char *mark = g_strndup(key, MARK_DIGITS);

    return has_mark(user->hasty, mark);
}

guint
mp_user_count_hasty(const MpUser *user, gint64 day)
{
    guint n = 0;

    for (guint i = 0; user->hasty != NULL && i < user->hasty->len; i++)
        n += ((MpBounce *)user->hasty->pdata[i])->day >= day - MP_BOUNCE_DAYS;
    return n;
}

void
mp_user_note_hasty(MpUser *user, gint64 day, const char *key)
{
    g_autofree char *mark = g_strndup(key, MARK_DIGITS);

    if (user->hasty == NULL)
        user->hasty = mp_bounces_new();
    drop_old(user->hasty, day);
    mp_bounces_add(user->hasty, day, mark);
    if (user->hasty->len < MP_HASTY_MAX)
        return;
    user->is_active = false;
    user->is_loop = true;
}

#define MOST_MARKS 200 /* where no limit ends the counting */

bool
mp_user_note_bounce(MpUser *user, const char *address, bool is_hard, gint64 day, const char *mark,
                    guint limit, bool *suppressed)
{
    const char *own = own_address(user, address);
    MpBounces *bounces = own != NULL ? find(user, own) : NULL;

    if (own == NULL ||
        (bounces != NULL &&
         (bounces->is_suppressed || is_noted(is_hard ? bounces->hard : bounces->soft, day, mark))))
        return false;
    if (bounces == NULL)
        bounces = mp_user_add_bounces(user, own);
    GPtrArray *list = is_hard ? bounces->hard : bounces->soft;
    drop_old(list, day);
    if (list->len >= MOST_MARKS)
        g_ptr_array_remove_index(list, 0);
    mp_bounces_add(list, day, mark);
    if (limit == 0 || list->len < limit)
        return true;
    bounces->is_suppressed = *suppressed = true;
    return true;
}

bool
mp_user_unsuppress(MpUser *user, const char *address)
{
    MpBounces *bounces = find(user, address);

    return bounces != NULL && bounces->is_suppressed && g_ptr_array_remove(user->bounces, bounces);
}
