/* The server's state; see server_state.h. */
#include "outbox/server_state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/names.h"
#include "base/log.h"
#include "base/time.h"
#include "outbox/internal.h"

#define VERSION        "1"
#define FILE_LIMIT     (256 * 1024)
#define MOST_OUTAGES   1000 /* of one server that comes and goes; older ones count no more */
#define MOST_SUSPECTS  16
#define MOST_ACCEPTED  12
#define FIRST_WAIT     60 /* seconds */
#define LONGEST_WAIT   1500
#define MOST_DOUBLINGS 5

static const char *const state_names[] = {"up", "down", "stopped"};

static MpServer *
new_server(void)
{
    MpServer *server = g_new0(MpServer, 1);

    server->accepted = g_ptr_array_new_with_free_func(g_free);
    server->suspects = g_ptr_array_new_with_free_func(g_free);
    server->outages = g_array_new(FALSE, FALSE, sizeof(MpOutage));
    return server;
}

void
mp_server_free(MpServer *server)
{
    if (server == NULL)
        return;
    g_free(server->reply);
    g_free(server->settings);
    g_free(server->sender);
    g_ptr_array_unref(server->accepted);
    g_ptr_array_unref(server->suspects);
    g_array_unref(server->outages);
    g_free(server);
}

/* --- Its file ------------------------------------------------------------------------------- */

static bool
take_state(MpServer *server, const char *name)
{
    int i = mp_find_name(state_names, G_N_ELEMENTS(state_names), name);

    if (i >= 0)
        server->state = (MpServerState)i;
    return i >= 0;
}

static void
set_text(char **at, const char *value)
{
    g_free(*at);
    *at = mp_unescape(value);
}

static gint64
number(const char *field)
{
    return g_ascii_strtoll(field, NULL, 10);
}

/* One line: a word and, behind a tab each, its fields. */
static bool
take_line(MpServer *server, char **field, guint n)
{
    const char *word = field[0];

    if (n == 2 && strcmp(word, "state") == 0)
        return take_state(server, field[1]);
    if (n == 2 && strcmp(word, "since") == 0)
        server->since = number(field[1]);
    else if (n == 3 && strcmp(word, "probe") == 0)
        server->probe = number(field[1]), server->failures = (guint)number(field[2]);
    else if (n == 3 && strcmp(word, "reply") == 0)
        server->code = (int)number(field[1]), set_text(&server->reply, field[2]);
    else if (n == 2 && strcmp(word, "settings") == 0)
        set_text(&server->settings, field[1]);
    else if (n == 2 && strcmp(word, "sender") == 0)
        set_text(&server->sender, field[1]);
    else if (n == 2 && strcmp(word, "accepted") == 0)
        g_ptr_array_add(server->accepted, mp_unescape(field[1]));
    else if (n == 2 && strcmp(word, "suspect") == 0)
        g_ptr_array_add(server->suspects, mp_unescape(field[1]));
    else if (n == 3 && strcmp(word, "outage") == 0)
        g_array_append_val(server->outages, ((MpOutage){number(field[1]), number(field[2])}));
    else
        return n == 2 && strcmp(word, "metroplex-server") == 0 && strcmp(field[1], VERSION) == 0;
    return true;
}

static MpServer *
parse(const char *text)
{
    g_autoptr(MpServer) server = new_server();
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line != NULL && **line != '\0'; line++) {
        g_auto(GStrv) field = g_strsplit(*line, "\t", -1);

        if (!take_line(server, field, g_strv_length(field))) {
            mp_warn("outbox/server says what cannot be understood: taking the server to be up");
            return new_server();
        }
    }
    return g_steal_pointer(&server);
}

MpServer *
mp_server_load(MpOutbox *outbox, GError **error)
{
    g_auto(MpFd) top = mp_open_directory(outbox->path, error);
    g_autofree char *text = NULL;
    struct stat st;

    if (top < 0)
        return NULL;
    if (fstatat(top, MP_SERVER_FILE, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
        return new_server();
    if (mp_read_file(top, MP_SERVER_FILE, FILE_LIMIT, &text, NULL, error))
        return parse(text);
    g_prefix_error(error, "outbox: ");
    return NULL;
}

static void
append_text(GString *out, const char *word, const char *value)
{
    g_autofree char *shown = value != NULL ? mp_escape(value) : NULL;

    if (value != NULL && value[0] != '\0')
        g_string_append_printf(out, "%s\t%s\n", word, shown);
}

static char *
format(const MpServer *server)
{
    GString *out = g_string_new("metroplex-server\t" VERSION "\n");
    g_autofree char *why = g_strdup_printf("reply\t%d", server->code);

    g_string_append_printf(out, "state\t%s\nsince\t%" G_GINT64_FORMAT "\n",
                           state_names[server->state], server->since);
    if (server->state != MP_SERVER_UP) {
        g_string_append_printf(out, "probe\t%" G_GINT64_FORMAT "\t%u\n", server->probe,
                               server->failures);
        append_text(out, why, server->reply);
        append_text(out, "settings", server->settings);
        append_text(out, "sender", server->sender);
    }
    for (guint i = 0; i < server->accepted->len; i++)
        append_text(out, "accepted", server->accepted->pdata[i]);
    for (guint i = 0; i < server->suspects->len; i++)
        append_text(out, "suspect", server->suspects->pdata[i]);
    for (guint i = 0; i < server->outages->len; i++) {
        const MpOutage *outage = &g_array_index(server->outages, MpOutage, i);

        g_string_append_printf(out, "outage\t%" G_GINT64_FORMAT "\t%" G_GINT64_FORMAT "\n",
                               outage->since, outage->until);
    }
    return g_string_free(out, FALSE);
}

bool
mp_server_save(const MpServer *server, MpOutbox *outbox, GError **error)
{
    g_autofree char *text = format(server);
    g_auto(MpFd) top = mp_open_directory(outbox->path, error);

    if (top < 0)
        return false;
    if (mp_write_file(top, MP_SERVER_FILE, text, strlen(text), 0600, true, error))
        return true;
    g_prefix_error(error, "outbox: ");
    return false;
}

/* --- What changes it ------------------------------------------------------------------------ */

char *
mp_server_settings(const char *const *files)
{
    GString *out = g_string_new(NULL);

    for (; *files != NULL; files++) {
        struct stat st = {0};

        if (stat(*files, &st) == 0)
            g_string_append_printf(out, "%" G_GUINT64_FORMAT ".%ld.%09ld.%ld ", (guint64)st.st_ino,
                                   (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (long)st.st_size);
        else
            g_string_append(out, "- ");
    }
    return g_strchomp(g_string_free(out, FALSE));
}

bool
mp_server_is_due(const MpServer *server, const char *settings, gint64 now)
{
    return server->state == MP_SERVER_UP || now >= server->probe ||
           server->probe > now + 2 * LONGEST_WAIT || /* the clock was set back */
           g_strcmp0(server->settings, settings) != 0;
}

void
mp_server_failed(MpServer *server, MpServerState state, int code, const char *reply,
                 const char *settings, gint64 now)
{
    guint doublings = server->state == MP_SERVER_UP ? 0 : MIN(server->failures, MOST_DOUBLINGS);
    gint64 wait = MIN(FIRST_WAIT << doublings, LONGEST_WAIT);

    if (server->state == MP_SERVER_UP) {
        server->since = now;
        server->failures = 0;
    }
    server->state = state;
    server->failures++;
    server->probe = now + mp_time_spread(wait);
    server->code = code;
    g_free(server->reply);
    server->reply = g_strdup(reply);
    g_free(server->settings);
    server->settings = g_strdup(settings);
}

static void
forget_old_outages(MpServer *server, gint64 before)
{
    guint n = 0;

    while (n < server->outages->len &&
           (g_array_index(server->outages, MpOutage, n).until < before ||
            server->outages->len - n > MOST_OUTAGES))
        n++;
    if (n > 0)
        g_array_remove_range(server->outages, 0, n);
}

void
mp_server_works(MpServer *server, gint64 now, gint64 keep)
{
    if (server->state == MP_SERVER_UP)
        return;
    g_array_append_val(server->outages, ((MpOutage){server->since, now}));
    forget_old_outages(server, now - keep);
    g_ptr_array_set_size(server->suspects, 0);
    server->state = MP_SERVER_UP;
    server->since = now;
    server->failures = 0;
    g_clear_pointer(&server->sender, g_free);
}

static const char *
domain_of(const char *address)
{
    const char *at = strrchr(address, '@');

    return at != NULL ? at + 1 : address;
}

static gboolean
is_of_domain(gconstpointer address, gconstpointer domain)
{
    return g_ascii_strcasecmp(domain_of(address), domain) == 0;
}

static bool
has_domain(GPtrArray *addresses, const char *address)
{
    return g_ptr_array_find_with_equal_func(addresses, domain_of(address), is_of_domain, NULL);
}

bool
mp_server_accept(MpServer *server, const char *address)
{
    bool is_news = server->suspects->len > 0;

    g_ptr_array_set_size(server->suspects, 0);
    if (!has_domain(server->accepted, address) && server->accepted->len < MOST_ACCEPTED) {
        g_ptr_array_add(server->accepted, g_strdup(address));
        is_news = true;
    }
    return is_news;
}

const char *
mp_server_whom_to_ask(const MpServer *server)
{
    for (guint i = server->accepted->len; i-- > 0;)
        if (!has_domain(server->suspects, server->accepted->pdata[i]))
            return server->accepted->pdata[i];
    return NULL;
}

guint
mp_server_suspect(MpServer *server, const char *address)
{
    if (!has_domain(server->suspects, address) && server->suspects->len < MOST_SUSPECTS)
        g_ptr_array_add(server->suspects, g_strdup(domain_of(address)));
    return server->suspects->len;
}

gint64
mp_server_away(const MpServer *server, gint64 from, gint64 to)
{
    gint64 sum = 0;

    for (guint i = 0; i < server->outages->len; i++) {
        const MpOutage *outage = &g_array_index(server->outages, MpOutage, i);
        gint64 overlap = MIN(outage->until, to) - MAX(outage->since, from);

        sum += MAX(overlap, 0);
    }
    return sum;
}

bool
mp_server_look_soon(MpOutbox *outbox, GError **error)
{
    g_autoptr(MpServer) server = mp_server_load(outbox, error);

    if (server == NULL || server->state == MP_SERVER_UP)
        return server != NULL;
    server->probe = 0;
    return mp_server_save(server, outbox, error);
}
