/* What lies in success/, failure/ and held/; see kept.h. */
#include "maildir/kept.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/directory.h"
#include "base/file.h"

static void
clear_mail(gpointer mail)
{
    g_free(((MpKeptMail *)mail)->name);
}

static gint
by_time_and_name(gconstpointer a, gconstpointer b)
{
    const MpKeptMail *x = a, *y = b;

    if (x->received != y->received)
        return x->received < y->received ? -1 : 1;
    return strcmp(x->name, y->name);
}

GArray *
mp_kept_list(const char *data, MpOutcome outcome, GError **error)
{
    g_autofree char *path = g_build_filename(data, "incoming-mail", mp_outcome_name(outcome), NULL);
    g_auto(MpFd) directory = mp_open_directory(path, error);
    g_autoptr(GPtrArray) names = directory >= 0 ? mp_list_directory(path, NULL, NULL, error) : NULL;
    GArray *mails;

    if (names == NULL)
        return NULL;
    mails = g_array_sized_new(FALSE, FALSE, sizeof(MpKeptMail), names->len);
    g_array_set_clear_func(mails, clear_mail);
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        struct stat st;

        if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
            continue; /* gone meanwhile, or none of ours */
        MpKeptMail mail = {g_strdup(name), (gint64)st.st_mtime, (gint64)st.st_size};
        g_array_append_val(mails, mail);
    }
    g_array_sort(mails, by_time_and_name);
    return mails;
}

typedef struct {
    int directory;
    guint64 most;
    MpKept *kept;
} Measuring;

/* Wants none, so that all are looked at and no list is made. */
static bool
measure(const struct dirent *entry, gpointer user_data)
{
    const Measuring *m = user_data;
    MpKept *kept = m->kept;
    struct stat st;

    if (entry->d_name[0] == '.' || (entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN))
        return false;
    if (kept->measured < m->most) {
        if (fstatat(m->directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(st.st_mode))
            return false;
        kept->measured++;
        kept->octets += (guint64)st.st_size;
        if (kept->oldest == 0 || st.st_mtime < kept->oldest)
            kept->oldest = (gint64)st.st_mtime;
    }
    kept->mails++;
    return false;
}

bool
mp_kept_measure(const char *data, MpOutcome outcome, guint64 most, MpKept *kept, GError **error)
{
    g_autofree char *path = g_build_filename(data, "incoming-mail", mp_outcome_name(outcome), NULL);
    g_auto(MpFd) directory = mp_open_directory(path, error);
    bool unused;

    *kept = (MpKept){0};
    return directory >= 0 &&
           mp_directory_has(path, measure, &(Measuring){directory, most, kept}, &unused, error);
}
