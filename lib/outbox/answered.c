/* The records of answers given; see outbox.h. */
#include "outbox/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "outbox/internal.h"

#define RECORD_LIMIT 256
#define KEPT_SECONDS                                                                               \
    (7 * 86400) /* a mail that stays in new/ longer than this may be answered again */

void
mp_answer_free(MpAnswer *answer)
{
    if (answer == NULL)
        return;
    g_free(answer->reason);
    g_free(answer->text);
    g_free(answer->command);
    g_free(answer->day);
    g_free(answer->hash);
    g_free(answer->language);
    g_free(answer->message_id);
    g_free(answer->sender);
    g_free(answer->subject);
    g_free(answer->verdicts);
    g_free(answer->quote);
    g_free(answer);
}

char *
mp_answer_name(const MpAnswer *answer)
{
    return g_strdup_printf("%s.%" G_GUINT64_FORMAT ".%s.%" G_GUINT64_FORMAT, answer->day,
                           answer->user, answer->reason, answer->thread);
}

MpAnswered
mp_outbox_answered(MpOutbox *outbox, const MpAnswer *answer, GError **error)
{
    int answered = outbox->fd[DIRECTORY_ANSWERED];
    g_autofree char *name = mp_answer_name(answer), *hash = NULL;

    if (faccessat(answered, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
        return MP_ANSWERED_NOT;
    if (!mp_read_file(answered, name, RECORD_LIMIT, &hash, NULL, error)) {
        g_prefix_error(error, "outbox/answered: ");
        return MP_ANSWERED_ERROR;
    }
    return strcmp(g_strchomp(hash), answer->hash) == 0 ? MP_ANSWERED_THIS : MP_ANSWERED_OTHER;
}

/* Under a name of its own first, then renamed: there is no moment at which a record is torn. */
MpAnswered
mp_outbox_record_answer(MpOutbox *outbox, const MpAnswer *answer, GError **error)
{
    int answered = outbox->fd[DIRECTORY_ANSWERED];
    g_autofree char *name = mp_answer_name(answer), *text = g_strconcat(answer->hash, "\n", NULL);
    g_autofree char *whole = g_strconcat(".", name, NULL);

    if (!mp_write_file(answered, whole, text, strlen(text), 0640, false, error)) {
        g_prefix_error(error, "outbox/answered: ");
        return MP_ANSWERED_ERROR;
    }
    if (mp_rename_new(answered, whole, answered, name) == 0)
        return MP_ANSWERED_THIS;
    if (errno != EEXIST) {
        mp_fail_errno(error, "cannot make outbox/answered/%s", name);
        return MP_ANSWERED_ERROR;
    }
    unlinkat(answered, whole, 0);
    return mp_outbox_answered(outbox, answer, error);
}

bool
mp_outbox_sync_answered(MpOutbox *outbox, GError **error)
{
    return mp_sync_directory(outbox->fd[DIRECTORY_ANSWERED], "outbox/answered", error);
}

/* True if the entry counts; what is old goes, and so does what a killed run left behind. */
static bool
look_at(int answered, const char *name, gint64 since, gint64 now)
{
    struct stat st;

    if (fstatat(answered, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
        return false;
    if (name[0] == '.' || st.st_mtime < now - KEPT_SECONDS) {
        if (unlinkat(answered, name, 0) < 0)
            mp_warn("cannot remove outbox/answered/%s: %s", name, g_strerror(errno));
        return false;
    }
    return st.st_mtime >= since;
}

static bool
is_any(const struct dirent *entry, gpointer user_data)
{
    (void)entry, (void)user_data;
    return true;
}

int
mp_outbox_count_answers(MpOutbox *outbox, gint64 since, GError **error)
{
    g_autofree char *path = g_build_filename(outbox->path, "answered", NULL);
    gint64 now = (gint64)time(NULL);
    g_autoptr(GPtrArray) names = mp_list_directory(path, is_any, NULL, error);
    int count = 0;

    for (guint i = 0; names != NULL && i < names->len; i++)
        count += look_at(outbox->fd[DIRECTORY_ANSWERED], names->pdata[i], since, now);
    return names != NULL ? count : -1;
}
