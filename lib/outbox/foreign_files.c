/* Files in an outbox that do not belong there, for the check. */
#include "outbox/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/file.h"
#include "outbox/internal.h"
#include "outbox/questions.h"

#define HASH_DIGITS  64
#define RECORD_LIMIT 256 /* octets */

/* The lock, what is known of the server, and when guests were told something; everything else has a
 * directory. */
static bool
belongs_at_top(const char *name, const struct stat *st)
{
    for (int i = 0; i < N_DIRECTORIES; i++)
        if (strcmp(name, mp_outbox_directories[i]) == 0)
            return S_ISDIR(st->st_mode);
    if (strcmp(name, MP_OUTBOX_CONVERSATIONS) == 0)
        return S_ISDIR(st->st_mode);
    return (strcmp(name, "lock") == 0 || strcmp(name, MP_SERVER_FILE) == 0 ||
            strcmp(name, MP_SERVER_FILE ".tmp") == 0 || strcmp(name, MP_TOLD_FILE) == 0 ||
            strcmp(name, MP_TOLD_FILE ".tmp") == 0) &&
           S_ISREG(st->st_mode);
}

/* DAY.ACCOUNT.REASON.THREAD */
static bool
is_name_of_record(const char *name)
{
    g_auto(GStrv) piece = g_strsplit(name, ".", 4);
    guint64 user, thread;

    return g_strv_length(piece) == 4 && strlen(piece[0]) == strlen("2026-01-31") &&
           g_ascii_string_to_unsigned(piece[1], 10, 1, G_MAXUINT64, &user, NULL) &&
           g_ascii_string_to_unsigned(piece[3], 10, 0, G_MAXUINT64, &thread, NULL);
}

static bool
is_name_of_question(const char *name)
{
    return g_str_has_prefix(name, MP_QUESTION_PREFIX) &&
           mp_is_question(name + strlen(MP_QUESTION_PREFIX));
}

/* One of these, which holds a hash. */
static bool
is_record(int directory, const char *name)
{
    g_autofree char *hash = NULL;

    if ((!is_name_of_record(name) && !is_name_of_question(name)) ||
        !mp_read_file(directory, name, RECORD_LIMIT, &hash, NULL, NULL))
        return false;
    g_strchomp(hash);
    return strlen(hash) == HASH_DIGITS && strspn(hash, "0123456789abcdef") == HASH_DIGITS;
}

static bool
belongs(const MpOutbox *outbox, int directory, const char *name, const struct stat *st)
{
    if (directory == N_DIRECTORIES)
        return belongs_at_top(name, st);
    if (!S_ISREG(st->st_mode))
        return false;
    if (directory == DIRECTORY_TMP) /* whatever it says, the next run looks at it */
        return true;
    if (directory == DIRECTORY_REQUESTS)
        return mp_outbox_is_request(name);
    if (directory == DIRECTORY_DIGESTS) /* likewise the next run of the notifier */
        return mp_is_event_key(name);
    if (directory == DIRECTORY_RESPONDED)
        return is_record(outbox->fd[directory], name);
    g_autoptr(MpQueued) queued = mp_queued_parse((MpQueue)directory, name);
    return queued != NULL;
}

/* N_DIRECTORIES is the top. What is gone meanwhile was moved by a program at work. */
static bool
look_in(const MpOutbox *outbox, int directory, GPtrArray *foreign_files, GError **error)
{
    const char *below = directory < N_DIRECTORIES ? mp_outbox_directories[directory] : "";
    g_autofree char *path = g_build_filename(outbox->path, below, NULL);
    g_autoptr(GPtrArray) names = mp_list_directory(path, NULL, NULL, error);
    g_auto(MpFd) fd = names != NULL ? mp_open_directory(path, error) : -1;

    if (fd < 0)
        return false;
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        struct stat st;

        if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
            belongs(outbox, directory, name, &st))
            continue;
        if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            g_ptr_array_add(foreign_files,
                            *below != '\0' ? g_strconcat(below, "/", name, NULL) : g_strdup(name));
    }
    return true;
}

/* Whatever a conversation's file says, it is for people; there may be no such directory yet. */
static bool
look_in_conversations(const MpOutbox *outbox, GPtrArray *foreign_files, GError **error)
{
    g_autofree char *path = g_build_filename(outbox->path, MP_OUTBOX_CONVERSATIONS, NULL);
    g_autoptr(GPtrArray) names = mp_list_directory_if_any(path, error);

    for (guint i = 0; names != NULL && i < names->len; i++) {
        g_autofree char *file = g_build_filename(path, names->pdata[i], NULL);
        struct stat st;

        if (lstat(file, &st) == 0 && !S_ISREG(st.st_mode))
            g_ptr_array_add(foreign_files,
                            g_build_filename(MP_OUTBOX_CONVERSATIONS, names->pdata[i], NULL));
    }
    return names != NULL;
}

GPtrArray *
mp_outbox_foreign_files(MpOutbox *outbox, GError **error)
{
    g_autoptr(GPtrArray) foreign_files = g_ptr_array_new_with_free_func(g_free);

    for (int i = 0; i <= N_DIRECTORIES; i++)
        if (!look_in(outbox, i, foreign_files, error))
            return NULL;
    if (!look_in_conversations(outbox, foreign_files, error))
        return NULL;
    return g_steal_pointer(&foreign_files);
}
