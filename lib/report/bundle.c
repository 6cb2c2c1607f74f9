/* The bundle: a table of its members, and the archive around them; see bundle.h. */
#include "report/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/time.h"
#include "maildir/kept.h"
#include "report/bundle_tar.h"

#define CONVERSATIONS "outbox/conversations"
#define FAILURE       "incoming-mail/failure"

static void
metroplex_log(MpReport *report)
{
    mp_report_our_log(report, "metroplex.log");
}

static void
notifier_log(MpReport *report)
{
    mp_report_our_log(report, "notifier.log");
}

/* The file whose size tells how large a member may become. */
typedef enum { NO_FILE, OF_DATA, OF_OUTCOMES, OF_LOGS, OF_POSTFIX } Place;

static const struct {
    const char *name, *what;
    void (*write)(MpReport *report);
    bool needs_configuration;
    Place place;
    const char *file;
} parts[] = {
    {"settings.txt", "the settings, without secrets", mp_report_settings, false, NO_FILE, NULL},
    {"versions.txt", "of the programs and their libraries", mp_report_versions, false, NO_FILE,
     NULL},
    {"checks.txt", "what `metroplex check` finds", mp_report_checks, false, NO_FILE, NULL},
    {"status.txt", "what `metroplex status` says", mp_report_status, true, NO_FILE, NULL},
    {"postfix.txt", "the settings of Postfix that are not its defaults", mp_report_postfix, true,
     NO_FILE, NULL},
    {"ledger.txt", "last runs, and counts by the hour", mp_report_ledger, true, OF_DATA,
     "ledger/counts"},
    {"queue.txt", "events and recipients that wait or have failed", mp_report_queue, true, NO_FILE,
     NULL},
    {"repositories.txt", "their policies, and what is told of pushes", mp_report_repositories, true,
     NO_FILE, NULL},
    {"outcomes.tsv", "what became of each mail", mp_report_outcomes, true, OF_OUTCOMES, NULL},
    {"metroplex.log", "the log", metroplex_log, true, OF_LOGS, "metroplex.log"},
    {"notifier.log", "the log of the way out", notifier_log, true, OF_LOGS, "notifier.log"},
    {"mail.log", "Postfix's lines about us, a mail after the other", mp_report_mail_log, true,
     OF_POSTFIX, NULL},
};

/* --- Members ---------------------------------------------------------------------------------- */

static void
into_tar(const char *bytes, gsize length, gpointer tar)
{
    mp_tar_add(tar, bytes, length);
}

static bool
add_part(MpReport *report, MpTar *tar, gsize part, GError **error)
{
    if (parts[part].needs_configuration && report->instance->config == NULL)
        return true;
    mp_tar_begin(tar);
    mp_redaction_begin(report->redaction);
    parts[part].write(report);
    return mp_tar_end(tar, parts[part].name, NULL, error);
}

static int
by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

typedef void (*WriteFile)(MpReport *report, const char *directory, const char *name);

/* The files of a directory that are young enough, in the order of their names, below `into`. */
static bool
add_directory(MpReport *report, MpTar *tar, const char *below, const char *into, WriteFile write,
              GError **error)
{
    g_autofree char *directory = mp_config_path(report->instance->config, below);
    g_autoptr(GError) why = NULL;
    g_autoptr(GPtrArray) names = mp_list_directory_if_any(directory, &why);

    if (names == NULL) {
        mp_report_note(report, into, why->message);
        return true;
    }
    g_ptr_array_sort(names, by_name);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(directory, names->pdata[i], NULL);
        g_autofree char *member = g_build_filename(into, names->pdata[i], NULL);
        struct stat st;

        if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode) ||
            (write == mp_report_mail && st.st_mtime < report->since))
            continue;
        mp_tar_begin(tar);
        write(report, directory, names->pdata[i]);
        if (!mp_tar_end(tar, member, NULL, error))
            return false;
    }
    return true;
}

static bool
add_notes(MpReport *report, MpTar *tar, GError **error)
{
    g_autofree char *now = mp_time_format(report->now), *since = mp_time_format(report->since);

    mp_tar_begin(tar);
    mp_report_print(report, "Made at %s by metroplex %s; logs and outcomes since %s.", now,
                    MP_VERSION, since);
    mp_report_print(report, "Secrets and the signed part of reply addresses are masked as ***.");
    mp_report_print(report, "%s",
                    mp_redaction_masks(report->redaction)
                        ? "So are mail addresses and Message-IDs: 3fa9c21be0@*** is the same "
                          "wherever it stands."
                        : "Mail addresses were not masked: --unmasked.");
    mp_report_print(report, "SHA256SUMS: sha256sum -c SHA256SUMS");
    for (guint i = 0; i < report->notes->len; i++)
        mp_report_print(report, "not seen: %s", (const char *)report->notes->pdata[i]);
    return mp_tar_end(tar, "NOTES.txt", NULL, error);
}

static bool
add_all(MpReport *report, const MpBundleWishes *wishes, MpTar *tar, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
        if (!add_part(report, tar, i, error))
            return false;
    if (report->instance->config != NULL &&
        (!add_directory(report, tar, CONVERSATIONS, "conversations", mp_report_file, error) ||
         (wishes->includes_mail &&
          !add_directory(report, tar, FAILURE, "mails", mp_report_mail, error))))
        return false;
    return add_notes(report, tar, error) && mp_tar_finish(tar, error);
}

/* --- The file --------------------------------------------------------------------------------- */

/* "metroplex-git.example.org-20260131T120000Z", the directory in the archive. */
static char *
top_of(const MpReport *report)
{
    const MpConfig *config = report->instance->config;
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(report->now);
    g_autofree char *stamp = g_date_time_format(time, "%Y%m%dT%H%M%SZ");

    return g_strdup_printf("metroplex-%.80s-%s", config != NULL ? config->hostname : "unknown",
                           stamp);
}

static bool
write_archive(MpBundle *bundle, MpReport *report, const MpBundleWishes *wishes, int fd,
              int directory, GError **error)
{
    g_autofree char *top = top_of(report);
    g_autoptr(MpTar) tar = NULL;
    struct stat st;

    mp_report_as_root(report);
    tar = mp_tar_new(fd, top, directory, report->now, error);
    mp_report_as_owner(report);
    if (tar == NULL)
        return false;
    report->write = into_tar;
    report->sink = tar;
    if (!add_all(report, wishes, tar, error))
        return false;
    if (fsync(fd) < 0 || fstat(fd, &st) < 0)
        return mp_fail_errno(error, "cannot sync the bundle");
    *bundle = (MpBundle){.members = mp_tar_members(tar), .octets = (guint64)st.st_size};
    return true;
}

static bool
fail_taken(const char *shown, GError **error)
{
    return mp_fail(error, MP_ERROR_INPUT, "%s is there already: --force replaces it", shown);
}

/*
 * A file without a name where its file system has such, so that who is killed leaves nothing; else
 * one of a name for the while, which *is_named says.
 */
static int
open_target(int directory, const char *temporary, bool *is_named, const char *shown, GError **error)
{
    bool has_proc = access("/proc/self/fd", X_OK) == 0; /* by which it gets its name */
    int fd = has_proc ? openat(directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600) : -1;

    *is_named = fd < 0;
    if (*is_named)
        fd = openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                    0600);
    if (fd < 0)
        mp_fail_errno(error, "cannot write %s", shown);
    return fd;
}

static int
link_file(int fd, int directory, const char *name)
{
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);

    return linkat(AT_FDCWD, path, directory, name, AT_SYMLINK_FOLLOW);
}

/* The name is taken at the end, by root's rights if we are root: it may be root's directory. */
static int
take_name(const MpBundleWishes *wishes, int fd, bool *is_named, int directory,
          const char *temporary, const char *name)
{
    if (!*is_named && !wishes->may_replace)
        return link_file(fd, directory, name);
    if (!*is_named && link_file(fd, directory, temporary) < 0)
        return -1;
    *is_named = true;
    return wishes->may_replace ? renameat(directory, temporary, directory, name)
                               : mp_rename_new(directory, temporary, directory, name);
}

bool
mp_bundle_write(MpBundle *bundle, MpReport *report, const MpBundleWishes *wishes, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(wishes->file);
    g_autofree char *name = g_path_get_basename(wishes->file);
    g_autofree char *temporary = g_strdup_printf(".%.200s.%d.tmp", name, (int)getpid());
    g_autofree char *shown = mp_escape(wishes->file);
    bool is_named, is_good;
    struct stat st;

    mp_report_as_root(report);
    g_auto(MpFd) directory = mp_open_directory(folder, error);
    if (directory < 0)
        return false;
    if (!wishes->may_replace && fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return fail_taken(shown, error);
    if (!mp_may_replace(directory, name, error))
        return false;
    g_auto(MpFd) fd = open_target(directory, temporary, &is_named, shown, error);
    if (fd < 0)
        return false;
    mp_report_as_owner(report);
    is_good = write_archive(bundle, report, wishes, fd, directory, error);
    mp_report_as_root(report);
    if (is_good && take_name(wishes, fd, &is_named, directory, temporary, name) == 0)
        return mp_sync_directory(directory, shown, error);
    if (is_good)
        is_good = errno == EEXIST ? fail_taken(shown, error)
                                  : mp_fail_errno(error, "cannot name %s", shown);
    if (is_named)
        unlinkat(directory, temporary, 0);
    return is_good;
}

/* --- What would go in ------------------------------------------------------------------------- */

static gint64
size_of_log(const MpReport *report, const char *path)
{
    g_autoptr(MpLogFiles) files = mp_log_files_open(path, report->since, NULL);

    return files != NULL ? (gint64)mp_log_files_size(files) : 0;
}

static gint64
size_of_outcomes(const MpReport *report)
{
    const char *data = report->instance->config->data;
    g_autoptr(GPtrArray) names = mp_outcomes_files(data, report->since, NULL);
    gint64 size = 0;

    for (guint i = 0; names != NULL && i < names->len; i++) {
        g_autofree char *path = mp_outcomes_path(data, names->pdata[i]);

        size += size_of_log(report, path);
    }
    return size;
}

static gint64
size_of_part(const MpReport *report, gsize part)
{
    const MpConfig *config = report->instance->config;
    g_autofree char *path = NULL;

    switch (parts[part].place) {
    case OF_DATA:
        path = mp_config_path(config, parts[part].file);
        return size_of_log(report, path);
    case OF_OUTCOMES:
        return size_of_outcomes(report);
    case OF_LOGS:
        path = g_build_filename(config->log_directory, parts[part].file, NULL);
        return size_of_log(report, path);
    case OF_POSTFIX:
        return report->mail_log != NULL ? (gint64)mp_log_files_size(report->mail_log) : 0;
    case NO_FILE:
        break;
    }
    return -1;
}

static gint64
size_of_directory(const MpReport *report, const char *below)
{
    g_autofree char *directory = mp_config_path(report->instance->config, below);
    g_autoptr(GPtrArray) names = mp_list_directory_if_any(directory, NULL);
    gint64 size = 0;

    for (guint i = 0; names != NULL && i < names->len; i++) {
        g_autofree char *path = g_build_filename(directory, names->pdata[i], NULL);
        struct stat st;

        size += lstat(path, &st) == 0 && S_ISREG(st.st_mode) ? (gint64)st.st_size : 0;
    }
    return size;
}

void
mp_bundle_list(MpReport *report, const MpBundleWishes *wishes, MpBundleTell tell,
               gpointer user_data)
{
    bool has_configuration = report->instance->config != NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
        if (has_configuration || !parts[i].needs_configuration)
            tell(parts[i].name, size_of_part(report, i), parts[i].what, user_data);
    if (has_configuration)
        tell("conversations/", size_of_directory(report, CONVERSATIONS),
             "the last that failed with each SMTP server", user_data);
    if (has_configuration && wishes->includes_mail)
        tell("mails/", size_of_directory(report, FAILURE), "mails that were refused", user_data);
    tell("NOTES.txt", -1, "what was masked, and what could not be seen", user_data);
    tell("SHA256SUMS", -1, "a hash for each of them", user_data);
}
