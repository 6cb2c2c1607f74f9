/* Group pushes: the Git repositories in which what happens is told, and the doorbell of hooks. */
#include "check/internal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "tracker/push.h"
#include "tracker/repositories.h"
#include "watch/view.h"

static bool
is_watching(MpChecker *checker)
{
    if (*checker->config->repositories_root != '\0')
        return true;
    mp_check_ok(checker, _("no repository is watched: [repositories] root names no directory"));
    return false;
}

static void
check_root(MpChecker *checker)
{
    const char *root = checker->config->repositories_root;

    if (!is_watching(checker))
        return;
    if (access(root, R_OK | X_OK) == 0)
        mp_check_ok(checker, _("%s can be read"), root);
    else
        mp_check_tell(checker, MP_CHECK_FAILED, _("a directory that metroplex can read"), NULL,
                      _("%s cannot be read: %s"), root, g_strerror(errno));
}

/* --- Each repository -------------------------------------------------------------------------- */

typedef struct {
    MpChecker *checker;
    guint n_good, n_wrong, n_untold;
} Look;

/* Where nothing is watched, a policy for pushes is one for nothing. */
static bool
count_untold(const MpRepository *repository, gpointer user_data)
{
    Look *look = user_data;

    look->n_untold += repository->push_mail != MP_PUSH_MAIL_OFF;
    return true;
}

static void
blame(Look *look, const MpWatchView *view)
{
    look->n_wrong++;
    if (view->why != NULL)
        mp_check_tell(look->checker, MP_CHECK_UNKNOWN, _("a repository that can be looked at"),
                      NULL, "%s: %s", view->path, view->why);
    else
        mp_check_tell(look->checker, MP_CHECK_WARNING, _("a repository that can be read"),
                      _(mp_watch_state_advice(view->state)), "%s: %s", view->path,
                      _(mp_watch_state_found(view->state)));
}

/* One that was never there, and of whose pushes nobody wants to be told, is a policy for mail
 * alone. */
static bool
look_at(const MpRepository *repository, gpointer user_data)
{
    Look *look = user_data;
    g_auto(MpWatchView) view = {0};
    g_autoptr(GError) error = NULL;

    if (!mp_watch_view(look->checker->instance, repository, &view, &error)) {
        look->n_wrong++;
        mp_check_tell(look->checker, MP_CHECK_UNKNOWN, _("a tracker that can be read"), NULL, "%s",
                      error->message);
    } else if (view.why != NULL ||
               (view.state != MP_REPO_READABLE && (view.state != MP_REPO_MISSING || view.is_known ||
                                                   repository->push_mail != MP_PUSH_MAIL_OFF)))
        blame(look, &view);
    else
        look->n_good += view.state == MP_REPO_READABLE;
    return true;
}

static void
tell_untold(MpChecker *checker, const Look *look)
{
    if (look->n_untold == 0)
        mp_check_ok(checker, _("no repository is watched: [repositories] root names no directory"));
    else
        mp_check_tell(checker, MP_CHECK_WARNING, _("a directory of the repositories"),
                      _("metroplex settings set repositories.root=DIRECTORY"),
                      _n("%u repository is to tell of pushes, and [repositories] root names no "
                         "directory",
                         "%u repositories are to tell of pushes, and [repositories] root names no "
                         "directory",
                         look->n_untold),
                      look->n_untold);
}

static void
tell_watched(MpChecker *checker, const Look *look)
{
    const char *root = checker->config->repositories_root;

    if (*root == '\0')
        tell_untold(checker, look);
    else if (look->n_good > 0)
        mp_check_ok(checker,
                    _n("%u repository is watched", "%u repositories are watched", look->n_good),
                    look->n_good);
    else if (look->n_wrong == 0)
        mp_check_tell(checker, MP_CHECK_WARNING, _("a repository below [repositories] root"), NULL,
                      _("no repository with a policy lies below %s"), root);
}

static void
check_watched(MpChecker *checker)
{
    Look look = {.checker = checker};
    bool has_root = *checker->config->repositories_root != '\0';
    g_autoptr(GError) error = NULL;

    if (mp_instance_open_tracker(checker->instance, &error) &&
        mp_tracker_foreach_watched(checker->instance->tracker, has_root ? look_at : count_untold,
                                   &look, &error))
        tell_watched(checker, &look);
    else
        mp_check_tell(checker, MP_CHECK_UNKNOWN, _("a tracker that can be read"), NULL, "%s",
                      error->message);
}

/* --- The doorbell ----------------------------------------------------------------------------- */

/* The package makes the one that it is by default; the caller's, or NULL. */
static char *
advise_on_spool(const char *path)
{
    g_autofree char *quoted = g_shell_quote(path);

    return strcmp(path, mp_config_find_key("repositories.pushes")->fallback) == 0
               ? NULL
               : g_strdup_printf("install -d -m 1730 -o metroplex -g metroplex-push %s", quoted);
}

/* Without it pushes are told within a minute. */
static void
check_doorbell(MpChecker *checker)
{
    const char *path = checker->config->pushes;
    g_autofree char *advice = advise_on_spool(path);
    struct stat st;

    if (!is_watching(checker))
        return;
    if (stat(path, &st) < 0)
        mp_check_tell(checker, MP_CHECK_WARNING, _("a spool for the doorbells of hooks"), advice,
                      _("%s cannot be seen: %s; pushes are told within a minute"), path,
                      g_strerror(errno));
    else if (access(path, R_OK | W_OK | X_OK) < 0)
        mp_check_tell(checker, MP_CHECK_FAILED, _("a spool that metroplex can read and write"),
                      advice, _("%s cannot be read and written: %s"), path, g_strerror(errno));
    else if ((st.st_mode & 0006) != 0 || (st.st_mode & S_ISVTX) == 0)
        mp_check_tell(checker, MP_CHECK_WARNING, _("mode 1730, and a group of those who push"),
                      advice, _("%s has mode %04o: who pushes could take away others' doorbells"),
                      path, (unsigned)st.st_mode & 07777);
    else
        mp_check_ok(checker, _("hooks can ring in %s"), path);
}

const MpCheck mp_checks_pushes[] = {
    {"pushes", "root", N_("Root of the repositories"), check_root,
     N_("Set [repositories] root, and let the user metroplex read there")},
    {"pushes", "watched", N_("Watched repositories"), check_watched,
     N_("metroplex repository set OWNER/NAME --push-mail summary, and OWNER/NAME.git there")},
    {"pushes", "doorbell", N_("Doorbell"), check_doorbell,
     N_("systemd-sysusers metroplex.conf && systemd-tmpfiles --create metroplex.conf")},
};
const gsize mp_checks_pushes_n = G_N_ELEMENTS(mp_checks_pushes);
