/* The files of requests; see request_file.h. */
#include "outbox/request_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/file.h"
#include "base/names.h"
#include "outbox/internal.h"

#define REQUEST_LIMIT (16 * 1024 * 1024)

static const char *const change_names[] = {
    [MP_CHANGE_RETRY] = "retry",
    [MP_CHANGE_HOLD] = "hold",
    [MP_CHANGE_RELEASE] = "release",
    [MP_CHANGE_DROP] = "drop",
};

MP_DEFINE_NAMES(mp_change, MpChange, change_names)

static void
clear_request(gpointer data)
{
    g_array_unref(((MpRequest *)data)->users);
}

/* "WORD", "WORD\tUSER\tUSER…"; what is no request is none. */
static void
parse_request(const char *line, GArray *requests)
{
    g_auto(GStrv) field = g_strsplit(line, "\t", -1);
    MpRequest request;

    if (field[0] == NULL || !mp_change_parse(field[0], &request.change))
        return;
    request.users = g_array_new(FALSE, FALSE, sizeof(guint64));
    for (char **user = field + 1; *user != NULL; user++) {
        guint64 id = g_ascii_strtoull(*user, NULL, 10);

        g_array_append_val(request.users, id);
    }
    g_array_append_val(requests, request);
}

bool
mp_request_is_there(const MpOutbox *outbox, const char *name)
{
    return faccessat(outbox->fd[DIRECTORY_REQUESTS], name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
           errno != ENOENT;
}

GArray *
mp_requests_read(const MpOutbox *outbox, const char *key, GError **error)
{
    g_autoptr(GArray) requests = g_array_new(FALSE, FALSE, sizeof(MpRequest));
    g_autofree char *text = NULL;
    g_autoptr(GError) why = NULL;

    g_array_set_clear_func(requests, clear_request);
    if (mp_request_is_there(outbox, key) &&
        !mp_read_file(outbox->fd[DIRECTORY_REQUESTS], key, REQUEST_LIMIT, &text, NULL, &why) &&
        mp_request_is_there(outbox, key)) { /* else it was done meanwhile */
        g_propagate_prefixed_error(error, g_steal_pointer(&why), "outbox/requests: ");
        return NULL;
    }
    g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        parse_request(*line, requests);
    return g_steal_pointer(&requests);
}

bool
mp_request_write(MpOutbox *outbox, const char *name, MpChange change, const GArray *users,
                 GError **error)
{
    int directory = outbox->fd[DIRECTORY_REQUESTS];
    g_autofree char *before = NULL;
    g_autoptr(GString) text = NULL;

    if (mp_request_is_there(outbox, name) &&
        !mp_read_file(directory, name, REQUEST_LIMIT, &before, NULL, error))
        return false;
    text = g_string_new(before);
    g_string_append(text, mp_change_name(change));
    for (guint i = 0; users != NULL && i < users->len; i++)
        g_string_append_printf(text, "\t%" G_GUINT64_FORMAT, g_array_index(users, guint64, i));
    g_string_append_c(text, '\n');
    if (mp_write_file(directory, name, text->str, text->len, 0640, true, error))
        return true;
    g_prefix_error(error, "outbox/requests: ");
    return false;
}

bool
mp_request_withdraw(MpOutbox *outbox, const char *name, GError **error)
{
    if (unlinkat(outbox->fd[DIRECTORY_REQUESTS], name, 0) == 0)
        return mp_sync_directory(outbox->fd[DIRECTORY_REQUESTS], "outbox/requests", error);
    return errno == ENOENT || mp_fail_errno(error, "cannot remove outbox/requests/%s", name);
}

static bool
is_of(const MpRequest *request, guint64 user)
{
    for (guint i = 0; i < request->users->len; i++)
        if (g_array_index(request->users, guint64, i) == user)
            return true;
    return request->users->len == 0;
}

MpRequested
mp_outbox_requested(const MpOutbox *outbox, const char *key, guint64 user)
{
    MpRequested found = MP_REQUESTED_NOTHING;

    if (!mp_request_is_there(outbox, key)) /* asked for before each message */
        return found;
    g_autoptr(GArray) requests = mp_requests_read(outbox, key, NULL);
    if (requests == NULL) /* and nothing is sent that may be held */
        return MP_REQUESTED_HOLD;
    for (guint i = 0; i < requests->len && found != MP_REQUESTED_DROP; i++) {
        const MpRequest *request = &g_array_index(requests, MpRequest, i);

        if (request->change == MP_CHANGE_DROP && is_of(request, user))
            found = MP_REQUESTED_DROP;
        else if (request->change == MP_CHANGE_HOLD)
            found = MP_REQUESTED_HOLD;
        else if (request->change == MP_CHANGE_RELEASE)
            found = MP_REQUESTED_NOTHING;
    }
    return found;
}

/* A half-written one is left by a command that died, and written over by the next. */
bool
mp_outbox_is_request(const char *name)
{
    g_autofree char *whole =
        g_str_has_suffix(name, ".tmp") ? g_strndup(name, strlen(name) - 4) : g_strdup(name);

    return mp_is_event_key(whole) || strcmp(whole, MP_REQUEST_HOLD_ALL) == 0 ||
           strcmp(whole, MP_REQUEST_LOOK) == 0;
}
