/*
 * The maildir transport: messages into a Maildir instead of to a server. A message is whole and on
 * disk before its name appears in new/ (https://cr.yp.to/proto/maildir.html).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "transport/internal.h"

typedef struct {
    const char *path;
    int tmp, new;
    unsigned count;
} Maildir;

static int
make_and_open(const char *path, const char *name, GError **error)
{
    g_autofree char *folder = g_build_filename(path, name, NULL);

    if (!mp_make_directories(folder, 0700, NULL, error))
        return -1;
    return mp_open_directory(folder, error);
}

static void
maildir_close(gpointer session)
{
    Maildir *maildir = session;

    mp_fd_clear(&maildir->tmp);
    mp_fd_clear(&maildir->new);
    g_free(maildir);
}

static gpointer
maildir_open(const MpConfig *config, GError **error)
{
    g_auto(MpFd) cur = make_and_open(config->maildir, "cur", error);

    if (cur < 0)
        return NULL;
    Maildir *maildir = g_new0(Maildir, 1);
    maildir->path = config->maildir;
    maildir->new = -1;
    maildir->tmp = make_and_open(config->maildir, "tmp", error);
    if (maildir->tmp >= 0)
        maildir->new = make_and_open(config->maildir, "new", error);
    if (maildir->new < 0 || !mp_sync_found_directory(config->maildir, error)) {
        maildir_close(maildir);
        return NULL;
    }
    return maildir;
}

/* Time, microsecond, process, count, and chance for sessions of one process; the host as Maildir
 * wants it written. */
static char *
unique_name(Maildir *maildir)
{
    gint64 now = g_get_real_time();
    g_auto(GStrv) pieces = g_strsplit_set(g_get_host_name(), "/:", -1);
    g_autofree char *host = g_strjoinv("-", pieces);

    return g_strdup_printf("%" G_GINT64_FORMAT ".M%06" G_GINT64_FORMAT "P%dQ%uR%08x.%s",
                           now / G_USEC_PER_SEC, now % G_USEC_PER_SEC, (int)getpid(),
                           ++maildir->count, g_random_int(), host);
}

static bool
write_message(int fd, const MpEnvelope *envelope, GError **error)
{
    g_autofree char *head =
        g_strdup_printf("Return-Path: <%s>\nDelivered-To: %s\n", envelope->from, envelope->to);

    if (!mp_write_all(fd, head, strlen(head), error) ||
        !mp_write_all(fd, envelope->message, envelope->length, error))
        return false;
    if (fsync(fd) < 0)
        return mp_fail_errno(error, "cannot sync");
    return true;
}

static bool
store(Maildir *maildir, const char *name, const MpEnvelope *envelope, GError **error)
{
    g_auto(MpFd) fd =
        openat(maildir->tmp, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return mp_fail_errno(error, "cannot create tmp/%s", name);
    if (!write_message(fd, envelope, error)) {
        g_prefix_error(error, "tmp/%s: ", name);
        unlinkat(maildir->tmp, name, 0);
        return false;
    }
    if (mp_rename_new(maildir->tmp, name, maildir->new, name) < 0) {
        mp_fail_errno(error, "cannot move tmp/%s to new", name);
        unlinkat(maildir->tmp, name, 0);
        return false;
    }
    return mp_sync_directory(maildir->new, "new", error);
}

static MpSendResult
maildir_send(gpointer session, MpEnvelope *envelope)
{
    Maildir *maildir = session;
    g_autofree char *name = unique_name(maildir);
    g_autoptr(GError) why = NULL;

    if (envelope->message == NULL)
        return MP_SENT; /* it can always be tried */
    if (!store(maildir, name, envelope, &why)) {
        envelope->cause = MP_CAUSE_STORE;
        envelope->reply = g_strdup_printf("%s: %s", maildir->path, why->message);
        return MP_UNAVAILABLE;
    }
    envelope->reply = g_strdup_printf("stored as %s", name);
    return MP_SENT;
}

const MpTransportRow mp_transport_maildir = {
    .line_end = "\n",
    .open = maildir_open,
    .send = maildir_send,
    .close = maildir_close,
};
