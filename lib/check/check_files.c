/*
 * Group files: what the programs read and write, with the eyes of the user they run as:
 * directories, secrets, repositories, and room for more.
 */
#include "check/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

#define LITTLE_SPACE   (1024LL * 1024 * 1024) /* a day of much mail with attachments */
#define NO_SPACE       (64LL * 1024 * 1024)
#define LITTLE_PERCENT 5 /* of inodes; and of the space, where that is less */

/* --- Directories -------------------------------------------------------------------------------
 */

static const struct {
    const char *path;
    bool is_private; /* the mail of people: no others */
} directories[] = {
    {"mail/reply/tmp", true},
    {"mail/reply/new", true},
    {"mail/reply/cur", true},
    {"incoming-mail", true},
    {"incoming-mail/success", true},
    {"incoming-mail/failure", true},
    {"incoming-mail/held", true},
    {"outbox", true},
    {"outbox/tmp", true},
    {"outbox/new", true},
    {"outbox/retry", true},
    {"outbox/hold", true},
    {"outbox/failed", true},
    {"outbox/answered", true},
    {"outbox/requests", true},
    {"tracker.git", false},
    {"accounts.git", true},
    {"accounts.git/objects", false},
    {"tracker.git/objects", false},
};

static bool
check_directory(MpChecker *checker, const char *path, bool is_private)
{
    const char *expected = _("a directory that the programs can read and write");
    g_autofree char *init = g_strdup_printf("metroplex init --config %s", checker->config->file);
    g_autofree char *give =
        g_strdup_printf("chown %u:%u %s && chmod u+rwx %s", (unsigned)checker->uid,
                        (unsigned)checker->gid, path, path);
    g_autofree char *close = g_strdup_printf("chmod o= %s", path);
    struct stat st;

    if (stat(path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR))
        mp_check_tell(checker, MP_CHECK_FAILED, expected, init, _("there is no %s"), path);
    else if (faccessat(AT_FDCWD, path, R_OK | W_OK | X_OK, AT_EACCESS) < 0)
        mp_check_tell(checker, MP_CHECK_FAILED, expected, give,
                      _("%s cannot be read and written: %s"), path, g_strerror(errno));
    else if (is_private && (st.st_mode & 007) != 0)
        mp_check_tell(checker, MP_CHECK_WARNING, _("a directory that others cannot enter"), close,
                      _("everybody on this machine can look into %s"), path);
    else
        return true;
    return false;
}

static void
check_directories(MpChecker *checker)
{
    guint n_good = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(directories); i++) {
        g_autofree char *path = mp_config_path(checker->config, directories[i].path);

        n_good += check_directory(checker, path, directories[i].is_private);
    }
    n_good += check_directory(checker, checker->config->log_directory, false);
    g_autofree char *user = mp_user_name(geteuid());
    if (n_good == G_N_ELEMENTS(directories) + 1)
        mp_check_ok(checker, _("all are there, and user %s can write them"), user);
}

/* A mail ends by a rename, which does not cross file systems. */
static void
check_one_file_system(MpChecker *checker)
{
    g_autofree char *from = mp_config_path(checker->config, "mail/reply/new");
    g_autofree char *to = mp_config_path(checker->config, "incoming-mail/success");
    struct stat a, b;

    if (stat(from, &a) < 0 || stat(to, &b) < 0)
        mp_check_tell(checker, MP_CHECK_UNKNOWN, _("one file system"), NULL,
                      _("%s or %s cannot be looked at"), from, to);
    else if (a.st_dev != b.st_dev)
        mp_check_tell(checker, MP_CHECK_FAILED, _("one file system"), NULL,
                      _("%s and %s lie on two file systems: no mail can be moved"), from, to);
    else
        mp_check_ok(checker, _("mail and its end lie on one"));
}

/* --- Secrets -----------------------------------------------------------------------------------
 */

static void
check_keys(MpChecker *checker)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MpKeyRing) ring = mp_key_ring_load(checker->config->keys, &error);

    if (ring != NULL)
        mp_check_ok(checker, _("%s can be read by the programs alone"), checker->config->keys);
    else
        mp_check_tell(checker, MP_CHECK_FAILED, _("a file of mode 0600 with a key a line"), NULL,
                      "%s", error->message);
}

static void
check_password(MpChecker *checker)
{
    const MpConfig *config = checker->config;
    const char *expected = _("a file of mode 0600 that the programs can read");
    g_autoptr(GError) error = NULL;
    char *text = NULL;
    gsize length = 0;

    if (config->authentication == MP_AUTH_NONE || config->transport != MP_TRANSPORT_SMTP) {
        mp_check_ok(checker, _("none is needed"));
        return;
    }
    if (config->token_command[0] != '\0') {
        mp_check_ok(checker, _("a command gives the token; the group smtp tries it"));
        return;
    }
    if (!mp_read_secret(config->password_file, &text, &length, &error))
        mp_check_tell(checker, MP_CHECK_FAILED, expected, NULL, "%s", error->message);
    else if (strspn(text, " \t\r\n") == length)
        mp_check_tell(checker, MP_CHECK_FAILED, expected, NULL, _("%s is empty"),
                      config->password_file);
    else
        mp_check_ok(checker, _("%s can be read by the programs alone"), config->password_file);
    mp_wipe(text, length);
    g_free(text);
}

/* --- Repositories, and room --------------------------------------------------------------------
 */

static void
check_repositories(MpChecker *checker)
{
    g_autoptr(GError) error = NULL;

    if (mp_instance_open_tracker(checker->instance, &error))
        mp_check_ok(checker, _("tracker.git and accounts.git can be opened"));
    else
        mp_check_tell(checker, MP_CHECK_FAILED, _("two repositories that init made"), NULL, "%s",
                      error->message);
}

void
mp_check_room(MpChecker *checker, const char *path)
{
    const char *expected =
        _("at least 1 GiB or a twentieth of the space, and a twentieth of the inodes");
    struct statvfs st;

    if (statvfs(path, &st) < 0) {
        mp_check_tell(checker, MP_CHECK_UNKNOWN, expected, NULL, _("%s cannot be looked at: %s"),
                      path, g_strerror(errno));
        return;
    }
    gint64 free = (gint64)st.f_bavail * (gint64)st.f_frsize;
    gint64 all = (gint64)st.f_blocks * (gint64)st.f_frsize;
    bool has_inodes = st.f_files > 0; /* btrfs makes them as they are needed */
    int inodes = has_inodes ? (int)((double)st.f_favail * 100 / (double)st.f_files) : 100;
    g_autofree char *shown = g_format_size_full((guint64)free, G_FORMAT_SIZE_IEC_UNITS);
    bool is_little = free < MIN(LITTLE_SPACE, all / 100 * LITTLE_PERCENT);
    if (free < NO_SPACE || (has_inodes && inodes < 1))
        mp_check_tell(checker, MP_CHECK_FAILED, expected, NULL,
                      _("%s: %s and %d %% of the inodes are free"), path, shown, inodes);
    else if (is_little || inodes < LITTLE_PERCENT)
        mp_check_tell(checker, MP_CHECK_WARNING, expected, NULL,
                      _("%s: %s and %d %% of the inodes are free"), path, shown, inodes);
    else
        mp_check_ok(checker, _("%s: %s and %d %% of the inodes are free"), path, shown, inodes);
}

static void
check_room(MpChecker *checker)
{
    struct stat data, log;

    mp_check_room(checker, checker->config->data);
    if (stat(checker->config->data, &data) < 0 || stat(checker->config->log_directory, &log) < 0 ||
        data.st_dev != log.st_dev)
        mp_check_room(checker, checker->config->log_directory);
}

const MpCheck mp_checks_files[] = {
    {"files", "directories", N_("Directories"), check_directories, NULL},
    {"files", "file-system", N_("File system"), check_one_file_system,
     N_("Put [instance] data on one file system, with no mount below it")},
    {"files", "keys", N_("Keys of addresses"), check_keys,
     N_("Restore the file from the backup, or: metroplex init (no address sent before is good "
        "then)")},
    {"files", "password", N_("Password"), check_password,
     "metroplex settings secret smtp.password"},
    {"files", "repositories", N_("Repositories"), check_repositories,
     N_("metroplex fsck says what is wrong; metroplex init makes what is missing")},
    {"files", "space", N_("Space"), check_room,
     N_("Make room, or move [instance] data to a larger disk")},
};
const gsize mp_checks_files_n = G_N_ELEMENTS(mp_checks_files);
