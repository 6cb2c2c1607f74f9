/* The Message-ID of a digest, written and read; see digest_id.h. */
#include "tracker/digest_id.h"

#include <string.h>

#define KEY_DIGITS  32
#define MARK_DIGITS 8

char *
mp_thread_digest_id(const MpThread *thread, const MpDigestId *digest, const char *hostname)
{
    g_autofree char *opening = mp_thread_message_id(thread, 0, NULL, hostname);
    const char *at = strrchr(opening, '@');
    g_autofree char *events =
        digest->has_comments ? g_strdup_printf("%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT "-%.8s",
                                               digest->first, digest->last, digest->key)
                             : g_strdup(digest->key);

    return g_strdup_printf("%.*s/digest/%" G_GUINT64_FORMAT "-%" G_GINT64_FORMAT "/%s%s",
                           (int)(at - opening), opening, digest->user, digest->due, events, at);
}

static bool
is_key(const char *text, gsize digits)
{
    return strlen(text) == digits && strspn(text, "0123456789abcdef") == digits;
}

/* "6-1700000000" */
static bool
take_name(const char *text, MpDigestId *digest)
{
    g_auto(GStrv) part = g_strsplit(text, "-", 3);

    return g_strv_length(part) == 2 &&
           g_ascii_string_to_unsigned(part[0], 10, 1, G_MAXINT64, &digest->user, NULL) &&
           g_ascii_string_to_signed(part[1], 10, 0, G_MAXINT64, &digest->due, NULL);
}

/* "3-22-01234567", or a whole KEY */
static bool
take_events(const char *text, MpDigestId *digest)
{
    g_auto(GStrv) part = g_strsplit(text, "-", 4);
    guint n = g_strv_length(part);

    digest->has_comments = n == 3;
    if ((n != 1 && n != 3) || !is_key(part[n - 1], n == 1 ? KEY_DIGITS : MARK_DIGITS) ||
        (n == 3 && (!g_ascii_string_to_unsigned(part[0], 10, 0, G_MAXINT64, &digest->first, NULL) ||
                    !g_ascii_string_to_unsigned(part[1], 10, digest->first, G_MAXINT64,
                                                &digest->last, NULL))))
        return false;
    digest->key = g_steal_pointer(&part[n - 1]);
    return true;
}

bool
mp_thread_digest_of_id(const MpThread *thread, const char *id, const char *hostname,
                       MpDigestId *digest)
{
    g_autofree char *opening = mp_thread_message_id(thread, 0, NULL, hostname);
    const char *at = strrchr(opening, '@');
    g_autofree char *begin = g_strdup_printf("%.*s/digest/", (int)(at - opening), opening);

    *digest = (MpDigestId){0};
    if (!g_str_has_prefix(id, begin) || !g_str_has_suffix(id, at) ||
        strlen(id) <= strlen(begin) + strlen(at))
        return false;
    g_autofree char *rest = g_strndup(id + strlen(begin), strlen(id) - strlen(begin) - strlen(at));
    g_auto(GStrv) part = g_strsplit(rest, "/", 3);
    return g_strv_length(part) == 2 && take_name(part[0], digest) && take_events(part[1], digest);
}

void
mp_digest_id_clear(MpDigestId *digest)
{
    g_clear_pointer(&digest->key, g_free);
}
