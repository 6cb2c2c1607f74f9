/* A page of subscribers: a line an account, "ID REASON". */
#include <string.h>

#include "base/error.h"
#include "tracker/records.h"

static void
subscriber_free(gpointer data)
{
    g_ref_string_release(((MpSubscriber *)data)->reason);
    g_free(data);
}

GPtrArray *
mp_record_subscribers_new(void)
{
    return g_ptr_array_new_with_free_func(subscriber_free);
}

/* Most of many thousands have the reason of the one before. */
static char *
share_reason(const GPtrArray *subscribers, const char *reason, gsize length)
{
    const MpSubscriber *last =
        subscribers->len > 0 ? subscribers->pdata[subscribers->len - 1] : NULL;

    return last != NULL && strncmp(last->reason, reason, length) == 0 &&
                   last->reason[length] == '\0'
               ? g_ref_string_acquire(last->reason)
               : g_ref_string_new_len(reason, (gssize)length);
}

static void
add_subscriber(GPtrArray *subscribers, guint64 user, GRefString *reason)
{
    MpSubscriber *subscriber = g_new(MpSubscriber, 1);

    subscriber->user = user;
    subscriber->reason = reason;
    g_ptr_array_add(subscribers, subscriber);
}

void
mp_record_add_subscriber(GPtrArray *subscribers, guint64 user, const char *reason)
{
    add_subscriber(subscribers, user, share_reason(subscribers, reason, strlen(reason)));
}

/* "ID REASON", up to `end`. */
static bool
parse_subscriber(const char *line, const char *end, GPtrArray *subscribers)
{
    guint64 id = 0;

    for (; g_ascii_isdigit(*line) && id <= MP_MAX_ID; line++)
        id = id * 10 + (guint64)(*line - '0');
    if (id == 0 || id > MP_MAX_ID || *line != ' ')
        return false;
    while (line < end && g_ascii_isspace(*line))
        line++;
    while (end > line && g_ascii_isspace(end[-1]))
        end--;
    if (line == end) /* written without its reason it could not be read again */
        return false;
    add_subscriber(subscribers, id, share_reason(subscribers, line, (gsize)(end - line)));
    return true;
}

GPtrArray *
mp_record_parse_subscribers(const char *text, const char *path, GError **error)
{
    g_autoptr(GPtrArray) subscribers = mp_record_subscribers_new();
    guint number = 1;

    for (const char *line = text, *end; *line != '\0'; line = end + (*end != '\0'), number++) {
        end = strchrnul(line, '\n');
        if (end == line)
            continue;
        if (!parse_subscriber(line, end, subscribers))
            return mp_fail_null(error, MP_ERROR_INSTALLATION, "%s:%u: not \"ID REASON\"", path,
                                number);
    }
    return g_steal_pointer(&subscribers);
}

char *
mp_record_subscribers(const GPtrArray *subscribers)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < subscribers->len; i++) {
        const MpSubscriber *s = g_ptr_array_index(subscribers, i);

        g_string_append_printf(text, "%" G_GUINT64_FORMAT " %s\n", s->user, s->reason);
    }
    return g_string_free(text, FALSE);
}
