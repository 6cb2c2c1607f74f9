/* In group timers: whether pages show what threads say, where there are any. */
#include "check/internal.h"

#include <sys/stat.h>

#include "base/text.h"
#include "base/time.h"
#include "pages/pages.h"
#include "tracker/difference.h"

#define PAGES_LATE 300 /* seconds: their units begin with each batch, and every five minutes */

static const char *const units[] = {"metroplex-pages.path", "metroplex-pages.timer"};

/* How long ago a file was written; -1 where nobody knows. */
static gint64
age_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? mp_time_now() - (gint64)st.st_mtime : -1;
}

/* The branch of a tracker in which people write all day is always young: then the first change
 * counts that is not shown. A mail that had to wait made one with an old date, so pages that were
 * written just now are on time. */
static bool
is_late(MpChecker *checker, const char *shown, gint64 branch)
{
    g_autofree char *path = g_build_filename(checker->config->pages_directory, ".built", NULL);

    return branch > PAGES_LATE ||
           ((branch < 0 || age_of(path) > PAGES_LATE) &&
            mp_tracker_is_behind(checker->instance->tracker, shown, mp_time_now() - PAGES_LATE));
}

static void
compare(MpChecker *checker, const char *shown, const char *tip)
{
    const char *directory = checker->config->pages_directory;
    g_autofree char *path = mp_config_path(checker->config, "tracker.git/refs/heads/main");
    gint64 age = age_of(path);
    g_autofree char *since = mp_duration(MAX(age, 0));

    if (g_strcmp0(shown, tip) == 0)
        mp_check_ok(checker, _("%s shows what threads say"), directory);
    else if (!is_late(checker, shown, age))
        mp_check_ok(checker, _("%s does not yet show a change of %s ago"), directory, since);
    else
        mp_check_tell(checker, MP_CHECK_WARNING, _("pages that show what threads say"), NULL,
                      age > PAGES_LATE ? _("%s has not been brought up to the last change, %s ago")
                                       : _("%s has not been brought up to the last change"),
                      directory, since);
}

void
mp_check_pages(MpChecker *checker)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *shown = NULL;
    bool are_there;

    if (!mp_pages_shown(checker->config->pages_directory, &are_there, &shown, &error) ||
        (are_there && !mp_instance_open_tracker(checker->instance, &error))) {
        mp_check_tell(checker, MP_CHECK_UNKNOWN, _("pages that can be looked at"), NULL, "%s",
                      error->message);
        return;
    }
    if (!are_there) {
        mp_check_ok(checker, _("there are none in %s"), checker->config->pages_directory);
        return;
    }
    g_autofree char *tip = mp_tracker_tip(checker->instance->tracker);
    compare(checker, shown, tip);
    for (gsize i = 0; mp_check_has_systemd() && i < G_N_ELEMENTS(units); i++)
        mp_check_unit(checker, units[i], MP_CHECK_WARNING);
}
