/* Group pushes: the Git repositories in which what happens is told, and the doorbell of hooks. */
#include "check/internal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "repo/repo.h"
#include "tracker/push.h"
#include "tracker/repositories.h"

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
    guint n_good, n_wrong;
} Look;

static const struct {
    const char *found; /* of a repository that is named before it */
    const char *advice;
} states[] = {
    [MP_REPO_READABLE] = {NULL, NULL},
    [MP_REPO_MISSING] = {N_("it is not there, and was watched"),
                         N_("Put it back, or remove told/OWNER/NAME from the tracker")},
    [MP_REPO_CLOSED] = {N_("it cannot be read"),
                        N_("Let the user metroplex read it, by its group or by an ACL")},
    [MP_REPO_AWAY] = {N_("it leads elsewhere by a link or by alternates"),
                      N_("See PUSHES in metroplex(8): root may make such links; copy what is "
                         "borrowed: git repack -a, then remove objects/info/alternates")},
    [MP_REPO_SHA256] = {N_("its ids are SHA-256, which are not read"),
                        N_("Take its policy back: --push-mail off")},
    [MP_REPO_REFTABLE] = {N_("its refs are in a reftable, which is not read"),
                          N_("git refs migrate --ref-format=files")},
    [MP_REPO_LARGE] = {N_("it has more branches and tags than are read"), N_("Delete some")},
    [MP_REPO_DAMAGED] = {N_("it is no bare repository, or damaged"), N_("git fsck, there")},
};

/* One that was never there is a policy for mail alone. */
static bool
look_at(const MpRepository *repository, gpointer user_data)
{
    Look *look = user_data;
    const MpConfig *config = look->checker->config;
    g_autofree char *path =
        g_strdup_printf("%s/%s.git", config->repositories_root, repository->name);
    g_autoptr(MpTold) told = NULL;
    g_autoptr(GError) why = NULL;
    MpRepoState state;
    g_autoptr(MpRepo) repo =
        mp_repo_open(config->repositories_root, repository->name, &state, &why);

    if (why != NULL ||
        !mp_tracker_told(look->checker->instance->tracker, repository->name, &told, &why)) {
        mp_check_tell(look->checker, MP_CHECK_UNKNOWN, _("a repository that can be looked at"),
                      NULL, "%s", why->message);
        return true;
    }
    if (state == MP_REPO_MISSING && told == NULL)
        return true;
    look->n_good += repo != NULL;
    look->n_wrong += repo == NULL;
    if (repo == NULL)
        mp_check_tell(look->checker, MP_CHECK_WARNING, _("a repository that can be read"),
                      _(states[state].advice), "%s: %s", path, _(states[state].found));
    return true;
}

static void
check_watched(MpChecker *checker)
{
    Look look = {checker, 0, 0};
    g_autoptr(GError) error = NULL;

    if (!is_watching(checker))
        return;
    if (!mp_instance_open_tracker(checker->instance, &error) ||
        !mp_tracker_foreach_repository(checker->instance->tracker, look_at, &look, &error))
        mp_check_tell(checker, MP_CHECK_UNKNOWN, _("a tracker that can be read"), NULL, "%s",
                      error->message);
    else if (look.n_good > 0)
        mp_check_ok(checker,
                    _n("%u repository is watched", "%u repositories are watched", look.n_good),
                    look.n_good);
    else if (look.n_wrong == 0)
        mp_check_tell(checker, MP_CHECK_WARNING, _("a repository below [repositories] root"), NULL,
                      _("no repository with a policy lies below %s"),
                      checker->config->repositories_root);
}

/* --- The doorbell ----------------------------------------------------------------------------- */

/* Without it pushes are told within a minute. */
static void
check_doorbell(MpChecker *checker)
{
    const char *path = checker->config->pushes;
    struct stat st;

    if (!is_watching(checker))
        return;
    if (stat(path, &st) < 0)
        mp_check_tell(checker, MP_CHECK_WARNING, _("a spool for the doorbells of hooks"), NULL,
                      _("%s cannot be seen: %s; pushes are told within a minute"), path,
                      g_strerror(errno));
    else if (access(path, R_OK | W_OK | X_OK) < 0)
        mp_check_tell(checker, MP_CHECK_FAILED, _("a spool that metroplex can read and write"),
                      NULL, _("%s cannot be read and written: %s"), path, g_strerror(errno));
    else if ((st.st_mode & 0006) != 0 || (st.st_mode & S_ISVTX) == 0)
        mp_check_tell(checker, MP_CHECK_WARNING, _("mode 1730, and a group of those who push"),
                      NULL, _("%s has mode %04o: who pushes could take away others' doorbells"),
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
