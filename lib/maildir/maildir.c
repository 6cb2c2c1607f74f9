/* The Maildir and where its mails end; see maildir.h. */
#include "maildir/maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/log.h"
#include "maildir/internal.h"
#include "maildir/same.h"

#define SUFFIXES 1000

static const char *const outcome_names[] = {"success", "failure", "held"};

const char *
mp_outcome_name(MpOutcome outcome)
{
    return outcome_names[outcome];
}

MpMaildir *
mp_maildir_open(const char *data, GError **error)
{
    g_autoptr(MpMaildir) m = g_new0(MpMaildir, 1);
    g_autofree char *incoming = g_build_filename(data, "incoming-mail", NULL);

    m->new_fd = m->incoming_fd = -1;
    for (int i = 0; i < MP_N_OUTCOMES; i++)
        m->outcome_fd[i] = -1;
    m->reported = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    m->data = g_strdup(data);
    m->new_path = g_build_filename(data, "mail/reply/new", NULL);
    m->new_fd = mp_open_made_directory(m->new_path, error);
    m->incoming_fd = m->new_fd >= 0 ? mp_open_made_directory(incoming, error) : -1;
    if (m->incoming_fd < 0)
        return NULL;
    for (int i = 0; i < MP_N_OUTCOMES; i++) {
        m->outcome_path[i] = g_build_filename(incoming, outcome_names[i], NULL);
        m->outcome_fd[i] = mp_open_made_directory(m->outcome_path[i], error);
        if (m->outcome_fd[i] < 0)
            return NULL;
    }
    return g_steal_pointer(&m);
}

void
mp_maildir_free(MpMaildir *m)
{
    if (m == NULL)
        return;
    mp_fd_clear(&m->new_fd);
    mp_fd_clear(&m->incoming_fd);
    for (int i = 0; i < MP_N_OUTCOMES; i++) {
        mp_fd_clear(&m->outcome_fd[i]);
        g_free(m->outcome_path[i]);
    }
    g_hash_table_unref(m->reported);
    g_free(m->new_path);
    g_free(m->mended);
    g_free(m->data);
    g_free(m);
}

const char *
mp_maildir_outcome_path(const MpMaildir *maildir, MpOutcome outcome)
{
    return maildir->outcome_path[outcome];
}

const char *
mp_maildir_new_path(const MpMaildir *maildir)
{
    return maildir->new_path;
}

/* "M" and digits in the middle part are microseconds (maildir(5)); Postfix writes V…I…M…. */
static gint64
microseconds_of(const char *middle)
{
    const char *end = strchrnul(middle, '.');
    const char *m = memrchr(middle, 'M', (gsize)(end - middle));
    gint64 value = 0;

    if (m == NULL)
        return 0;
    for (m++; m < end && g_ascii_isdigit(*m) && value < G_USEC_PER_SEC; m++)
        value = value * 10 + (*m - '0');
    return value < G_USEC_PER_SEC ? value : 0;
}

gint64
mp_maildir_name_time(const char *name)
{
    gsize digits = strspn(name, "0123456789");

    if (digits < 9 || digits > 11 || name[digits] != '.')
        return -1;
    return g_ascii_strtoll(name, NULL, 10) * G_USEC_PER_SEC + microseconds_of(name + digits + 1);
}

/* --- Listing -------------------------------------------------------------------------------- */

typedef struct {
    MpMaildir *maildir;
    const char *path;
    int fd;
} Listing;

static void
report_irregular(const Listing *listing, const char *name)
{
    if (!g_hash_table_add(listing->maildir->reported, g_strdup(name)))
        return;
    g_autofree char *shown = mp_escape(name);
    mp_warn("Left alone %s/%s: not a regular file", listing->path, shown);
}

static bool
is_mail(const struct dirent *entry, gpointer user_data)
{
    const Listing *listing = user_data;
    struct stat st;

    if (!mp_is_plain_name(entry->d_name))
        return false;
    if (entry->d_type == DT_REG)
        return true;
    if (fstatat(listing->fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return false; /* gone meanwhile */
    if (S_ISREG(st.st_mode))
        return true;
    report_irregular(listing, entry->d_name);
    return false;
}

static gint
by_time_and_name(gconstpointer a, gconstpointer b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    gint64 tx = mp_maildir_name_time(x), ty = mp_maildir_name_time(y);

    return tx != ty ? (tx < ty ? -1 : 1) : strcmp(x, y);
}

static GPtrArray *
list(MpMaildir *m, const char *path, int fd, GError **error)
{
    const Listing listing = {m, path, fd};
    GPtrArray *names = mp_list_directory(path, is_mail, (gpointer)&listing, error);

    if (names != NULL)
        g_ptr_array_sort(names, by_time_and_name);
    return names;
}

GPtrArray *
mp_maildir_list(MpMaildir *m, guint most, GError **error)
{
    GPtrArray *names = list(m, m->new_path, m->new_fd, error);

    if (names != NULL && names->len > most)
        g_ptr_array_set_size(names, (gint)most);
    return names;
}

GPtrArray *
mp_maildir_list_held(MpMaildir *m, GError **error)
{
    return list(m, m->outcome_path[MP_OUTCOME_HELD], m->outcome_fd[MP_OUTCOME_HELD], error);
}

/* --- Taking --------------------------------------------------------------------------------- */

void
mp_mail_free(MpMail *mail)
{
    if (mail == NULL)
        return;
    mp_fd_clear(&mail->fd);
    g_free(mail->name);
    g_free(mail->path);
    g_free(mail);
}

static bool
look_at(MpMail *mail, GError **error)
{
    g_autofree char *shown = mp_escape(mail->path);
    struct stat st;

    if (fstat(mail->fd, &st) < 0)
        return mp_fail_errno(error, "cannot look at %s", shown);
    if (!S_ISREG(st.st_mode))
        return mp_fail(error, MP_ERROR_INPUT, "%s is not a regular file", shown);
    mail->size = st.st_size;
    mail->received = mp_maildir_name_time(mail->name);
    if (mail->received < 0)
        mail->received = st.st_mtim.tv_sec * G_USEC_PER_SEC + st.st_mtim.tv_nsec / 1000;
    return true;
}

static MpMail *
take(const char *directory, int fd, MpPlace place, const char *name, GError **error)
{
    g_autoptr(MpMail) mail = g_new0(MpMail, 1);

    mail->name = g_strdup(name);
    mail->path = g_build_filename(directory, name, NULL);
    mail->place = place;
    mail->fd = openat(fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (mail->fd < 0 && errno == ENOENT)
        return NULL;
    if (mail->fd < 0)
        return mp_fail_errno_null(error, "cannot open %s", mail->path);
    return look_at(mail, error) ? g_steal_pointer(&mail) : NULL;
}

MpMail *
mp_maildir_take(MpMaildir *m, const char *name, GError **error)
{
    return take(m->new_path, m->new_fd, MP_PLACE_NEW, name, error);
}

MpMail *
mp_maildir_take_held(MpMaildir *m, const char *name, GError **error)
{
    return take(m->outcome_path[MP_OUTCOME_HELD], m->outcome_fd[MP_OUTCOME_HELD], MP_PLACE_HELD,
                name, error);
}

static char *
resolved(const char *path)
{
    g_autofree char *raw = realpath(path, NULL);

    return g_strdup(raw);
}

/* Finds which of our directories a file lies in, symbolic links resolved. */
static MpPlace
place_of(const MpMaildir *m, const char *path)
{
    const char *ours[] = {m->new_path, m->outcome_path[MP_OUTCOME_SUCCESS],
                          m->outcome_path[MP_OUTCOME_FAILURE], m->outcome_path[MP_OUTCOME_HELD]};
    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *real = resolved(directory);

    for (gsize i = 0; i < G_N_ELEMENTS(ours); i++) {
        g_autofree char *real_ours = resolved(ours[i]);

        if (real != NULL && g_strcmp0(real, real_ours) == 0)
            return (MpPlace)i;
    }
    return MP_PLACE_ELSEWHERE;
}

/* Root became the owner of the data: what only root can read is not there for us. */
static MpMail *
refuse_unopened(const char *path, GError **error)
{
    const char *why = g_strerror(errno);
    g_autofree char *shown = mp_escape(path), *us = mp_user_name(geteuid());

    return mp_fail_null(error, MP_ERROR_INPUT, "cannot open %s as user %s: %s", shown, us, why);
}

MpMail *
mp_maildir_take_memory(int fd, const char *name, GError **error)
{
    g_autoptr(MpMail) mail = g_new0(MpMail, 1);

    mail->fd = fd;
    mail->name = g_strdup(name);
    mail->path = g_strdup(name);
    mail->place = MP_PLACE_ELSEWHERE;
    return look_at(mail, error) ? g_steal_pointer(&mail) : NULL;
}

MpMail *
mp_maildir_take_file(MpMaildir *m, const char *path, GError **error)
{
    g_autoptr(MpMail) mail = g_new0(MpMail, 1);

    mail->fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (mail->fd < 0)
        return refuse_unopened(path, error);
    mail->name = g_path_get_basename(path);
    mail->place = place_of(m, path);
    mail->path =
        mail->place == MP_PLACE_ELSEWHERE
            ? g_strdup(path)
            : g_build_filename(mail->place == MP_PLACE_NEW ? m->new_path
                                                           : m->outcome_path[mail->place - 1],
                               mail->name, NULL);
    return look_at(mail, error) ? g_steal_pointer(&mail) : NULL;
}

/* --- Moving --------------------------------------------------------------------------------- */

static int
directory_of(const MpMaildir *m, MpPlace place)
{
    return place == MP_PLACE_NEW ? m->new_fd : m->outcome_fd[place - MP_PLACE_SUCCESS];
}

bool
mp_maildir_is_there(const MpMail *mail, MpOutcome outcome)
{
    return mail->place == MP_PLACE_ELSEWHERE ||
           (int)mail->place == (int)MP_PLACE_SUCCESS + (int)outcome;
}

/* The mail is under its target name too: an earlier run was killed. Drops the name in new/. */
static bool
drop_source(int from, const MpMail *mail, GError **error)
{
    if (unlinkat(from, mail->name, 0) < 0 && errno != ENOENT)
        return mp_fail_errno(error, "cannot remove %s", mail->path);
    return true;
}

bool
mp_maildir_finish(MpMaildir *m, const MpMail *mail, MpOutcome outcome, GError **error)
{
    int from = directory_of(m, mail->place), to = m->outcome_fd[outcome];

    if (mp_maildir_is_there(mail, outcome))
        return true;
    m->is_moved = true;
    for (int i = 0; i < SUFFIXES; i++) {
        g_autofree char *name =
            i == 0 ? g_strdup(mail->name) : g_strdup_printf("%s.%d", mail->name, i);

        if (mp_rename_new(from, mail->name, to, name) == 0)
            return true;
        if (errno == ENOENT)
            return true; /* moved by an administrator meanwhile: it is not lost, it is elsewhere */
        if (errno != EEXIST)
            return mp_fail_errno(error, "cannot move %s to %s", mail->path,
                                 m->outcome_path[outcome]);
        bool same;
        if (!mp_same_content(mail->fd, to, name, &same, error))
            return false;
        if (same)
            return drop_source(from, mail, error);
    }
    return mp_fail(error, MP_ERROR_INSTALLATION, "cannot move %s to %s: %d names are taken",
                   mail->path, m->outcome_path[outcome], SUFFIXES);
}

bool
mp_maildir_sync(MpMaildir *m, GError **error)
{
    if (!m->is_moved)
        return true;
    /* The targets first: after a power cut a mail may have two names, never none. */
    for (int i = 0; i < MP_N_OUTCOMES; i++)
        if (!mp_sync_directory(m->outcome_fd[i], m->outcome_path[i], error))
            return false;
    if (!mp_sync_directory(m->new_fd, m->new_path, error))
        return false;
    m->is_moved = false;
    return true;
}
