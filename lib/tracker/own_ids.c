/* The thread that a Message-ID of ours names. */
#include <string.h>

#include "tracker/internal.h"

#define MARK_DIGITS   8
#define REVISIONS_MAX 8 /* ways to read the revision in one id, each of which is looked up */

/* "<acme/rocket/issues/17-5d2b41c8" of an id that begins so, with "/" or "@host>" behind. */
static bool
is_of_thread(const MpThread *thread, const char *message_id, const char *hostname)
{
    g_autofree char *opening = mp_thread_message_id(thread, 0, NULL, hostname);
    const char *at = strrchr(opening, '@');
    gsize length = (gsize)(at - opening);

    return strncmp(message_id, opening, length) == 0 && g_str_has_suffix(message_id, at) &&
           (message_id[length] == '/' || strcmp(message_id + length, at) == 0);
}

static bool
is_mark(const char *text)
{
    gsize length = strspn(text, "0123456789abcdef");

    return length == MARK_DIGITS && (text[length] == '/' || text[length] == '@');
}

/* Sets *id where the thread with that number is the one that is named. */
static bool
take_if_named(MpTracker *tracker, guint64 number, const char *message_id, guint64 *id,
              GError **error)
{
    g_autoptr(MpThread) thread = NULL;

    if (!mp_tracker_thread(tracker, number, &thread, error))
        return false;
    if (thread != NULL && is_of_thread(thread, message_id, tracker->store.hostname))
        *id = number;
    return true;
}

/* A revision may have hyphens and slashes, so that each of its ends is tried. */
static bool
find_commit(MpTracker *tracker, const char *repository, const char *rest, const char *message_id,
            guint64 *id, GError **error)
{
    guint n = 0;

    for (const char *p = rest; *id == 0 && n < REVISIONS_MAX && (p = strchr(p, '-')) != NULL; p++) {
        g_autofree char *revision = g_strndup(rest, (gsize)(p - rest));
        const MpThread about = {.repository = (char *)repository, .object = revision};
        guint64 number;

        if (!is_mark(p + 1))
            continue;
        n++;
        if (!mp_read_commit(mp_store_view(&tracker->store), &about, &number, error) ||
            !take_if_named(tracker, number, message_id, id, error))
            return false;
    }
    return true;
}

bool
mp_tracker_find_own_id(MpTracker *tracker, const char *message_id, guint64 *id, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(message_id, "/", 4);

    *id = 0;
    if (message_id[0] != '<' || g_strv_length(parts) < 4)
        return true;
    if (strcmp(parts[2], "commit") == 0) {
        g_autofree char *repository = g_strdup_printf("%s/%s", parts[0] + 1, parts[1]);
        return find_commit(tracker, repository, parts[3], message_id, id, error);
    }
    return take_if_named(tracker, g_ascii_strtoull(parts[3], NULL, 10), message_id, id, error);
}
