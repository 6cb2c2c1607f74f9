/* The file of the server's record; see server_state.h. */
#include "outbox/server_state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/log.h"
#include "base/names.h"
#include "outbox/internal.h"

#define VERSION    "1"
#define FILE_LIMIT (256 * 1024)

static const char *const state_names[] = {"up", "down", "stopped"};

static void
clear_refusal(gpointer data)
{
    g_free(((MpRefusal *)data)->domain);
}

static void
clear_stall(gpointer data)
{
    g_free(((MpStall *)data)->domain);
}

static MpServer *
new_server(void)
{
    MpServer *server = g_new0(MpServer, 1);

    server->accepted = g_ptr_array_new_with_free_func(g_free);
    server->suspects = g_ptr_array_new_with_free_func(g_free);
    server->refusals = g_array_new(FALSE, FALSE, sizeof(MpRefusal));
    g_array_set_clear_func(server->refusals, clear_refusal);
    server->outages = g_array_new(FALSE, FALSE, sizeof(MpOutage));
    server->stalls = g_array_new(FALSE, FALSE, sizeof(MpStall));
    g_array_set_clear_func(server->stalls, clear_stall);
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
    g_array_unref(server->refusals);
    g_array_unref(server->outages);
    g_array_unref(server->stalls);
    g_free(server);
}

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

static void
add_refusal(MpServer *server, const char *domain, guint64 thread)
{
    MpRefusal refusal = {mp_unescape(domain), thread};

    g_array_append_val(server->refusals, refusal);
}

static void
add_stall(MpServer *server, char **field)
{
    MpStall stall = {mp_unescape(field[1]), number(field[2]), (guint)number(field[3])};

    g_array_append_val(server->stalls, stall);
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
    else if (n == 2 && strcmp(word, "at-end") == 0)
        server->is_at_end = number(field[1]) != 0;
    else if (n == 2 && strcmp(word, "accepted") == 0)
        g_ptr_array_add(server->accepted, mp_unescape(field[1]));
    else if (n == 2 && strcmp(word, "suspect") == 0)
        g_ptr_array_add(server->suspects, mp_unescape(field[1]));
    else if (n == 3 && strcmp(word, "refusal") == 0)
        add_refusal(server, field[1], (guint64)number(field[2]));
    else if (n == 4 && strcmp(word, "stall") == 0)
        add_stall(server, field);
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

static void
append_lists(GString *out, const MpServer *server)
{
    for (guint i = 0; i < server->accepted->len; i++)
        append_text(out, "accepted", server->accepted->pdata[i]);
    for (guint i = 0; i < server->suspects->len; i++)
        append_text(out, "suspect", server->suspects->pdata[i]);
    for (guint i = 0; i < server->refusals->len; i++) {
        const MpRefusal *refusal = &g_array_index(server->refusals, MpRefusal, i);
        g_autofree char *shown = mp_escape(refusal->domain);

        g_string_append_printf(out, "refusal\t%s\t%" G_GUINT64_FORMAT "\n", shown, refusal->thread);
    }
    for (guint i = 0; i < server->stalls->len; i++) {
        const MpStall *stall = &g_array_index(server->stalls, MpStall, i);
        g_autofree char *shown = mp_escape(stall->domain);

        g_string_append_printf(out, "stall\t%s\t%" G_GINT64_FORMAT "\t%u\n", shown, stall->until,
                               stall->failures);
    }
    for (guint i = 0; i < server->outages->len; i++) {
        const MpOutage *outage = &g_array_index(server->outages, MpOutage, i);

        g_string_append_printf(out, "outage\t%" G_GINT64_FORMAT "\t%" G_GINT64_FORMAT "\n",
                               outage->since, outage->until);
    }
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
        append_text(out, "at-end", server->is_at_end ? "1" : NULL);
    }
    append_lists(out, server);
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
