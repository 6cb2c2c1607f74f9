/*
 * Applied, and taken back. main.cf is what switches: tables and services are there before it names
 * them, and go when it does not any more, so that whoever is killed anywhere leaves a Postfix that
 * works as before or as after. A file says that a reload is due as long as one is. The rename and
 * the reload are done by a process that outlives us, or, if that one is killed, by us.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/file.h"
#include "postfix/internal.h"

static bool
must_be_root(GError **error)
{
    return geteuid() == 0 || mp_fail(error, MP_ERROR_INSTALLATION, "only root may change Postfix");
}

/* --- Steps -------------------------------------------------------------------------------------
 */

static bool
mark_due(const MpWork *work, GError **error)
{
    if (!mp_make_directories(work->tables, 0755, NULL, error))
        return false;
    g_auto(MpFd) directory = mp_open_directory(work->tables, error);
    g_auto(MpFd) fd = directory >= 0 ? openat(directory, MP_RELOAD_DUE,
                                              O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644)
                                     : -1;
    if (directory >= 0 && fd < 0)
        return mp_fail_errno(error, "cannot make %s/" MP_RELOAD_DUE, work->tables);
    return fd >= 0 && mp_sync_directory(directory, work->tables, error);
}

/* Once more where the program that does it is killed: what is written and not read is neither the
 * one configuration nor the other. */
static bool
reload(const MpWork *work, GError **error)
{
    mp_work_tell(work, mp_postfix_is_running(work->directory) ? "reload Postfix" : "start Postfix");
    return mp_postfix_reload(work->directory, NULL) || mp_postfix_reload(work->directory, error);
}

static bool
reload_if_running(const MpWork *work, G_GNUC_UNUSED gpointer data, GError **error)
{
    return !mp_postfix_is_running(work->directory) || reload(work, error);
}

/* The trial takes a moment, and who edits by hand takes no lock. */
static bool
is_as_we_read_it(const MpWork *work, const char *name, const char *read, GError **error)
{
    g_autofree char *now = mp_postfix_read(work->directory, name, error);

    return now != NULL &&
           (!mp_marked_differ(now, read) ||
            mp_fail(error, MP_ERROR_TEMPORARY,
                    "%s/%s was changed by somebody else meanwhile: it is left alone, look and try "
                    "again",
                    work->directory, name));
}

/* Replaced only where it differs; *changed is set if so. */
static bool
install(const MpWork *work, const char *name, const char *now, const char *then, bool *changed,
        GError **error)
{
    if (!mp_marked_differ(now, then))
        return true;
    if (!is_as_we_read_it(work, name, now, error))
        return false;
    g_autofree char *step = g_strdup_printf("install %s/%s", work->directory, name);
    mp_work_tell(work, step);
    *changed = true;
    return mp_postfix_replace(work->directory, name, then, error);
}

static bool
install_tables(const MpWork *work, const MpPostfix *postfix, GError **error)
{
    mp_work_tell(work, "write the tables");
    for (guint i = 0; i < postfix->files->len; i++) {
        const MpTable *table = g_ptr_array_index(postfix->files, i);

        if (!mp_postfix_replace(work->tables, table->name, table->text, error))
            return false;
    }
    return true;
}

static bool
is_wanted(const MpPostfix *postfix, const char *name)
{
    for (guint i = 0; i < postfix->files->len; i++) {
        const MpTable *table = g_ptr_array_index(postfix->files, i);

        if (strcmp(table->name, name) == 0)
            return true;
    }
    return false;
}

/* Whether a file below metroplex/ is a table of before, or of a run that was killed. */
static bool
is_old(const MpPostfix *postfix, const char *name)
{
    return strstr(name, MP_POSTFIX_FRESH) != NULL || strcmp(name, MP_TRIAL) == 0 ||
           (g_str_has_suffix(name, ".regexp") && !is_wanted(postfix, name));
}

/* What is old, and last of all the note that a reload is due. */
static bool
tidy(const MpWork *work, const MpPostfix *postfix, GError **error)
{
    g_autoptr(GPtrArray) names = mp_list_directory(work->tables, NULL, NULL, error);
    g_auto(MpFd) directory = names != NULL ? mp_open_directory(work->tables, error) : -1;

    if (directory < 0 || !mp_postfix_remove_fresh(work->directory, "main.cf", error) ||
        !mp_postfix_remove_fresh(work->directory, "master.cf", error))
        return false;
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(work->tables, g_ptr_array_index(names, i), NULL);

        if (is_old(postfix, g_ptr_array_index(names, i)) && !mp_postfix_remove(path, error))
            return false;
    }
    if (unlinkat(directory, MP_RELOAD_DUE, 0) < 0 && errno != ENOENT)
        return mp_fail_errno(error, "cannot remove %s/" MP_RELOAD_DUE, work->tables);
    return mp_sync_directory(directory, work->tables, error);
}

/* --- Apply -------------------------------------------------------------------------------------
 */

static bool
try_it(const MpWork *work, const MpPostfix *postfix, GError **error)
{
    MpStage stage;

    mp_work_tell(work, "try the new configuration on a Postfix of its own");
    bool good = mp_stage_start(postfix, &stage, error) && mp_postfix_probe(postfix, &stage, error);
    mp_stage_stop(&stage);
    if (!good)
        rmdir(work->tables); /* goes only if it is empty */
    return good;
}

typedef struct {
    const MpPostfix *postfix;
    bool greeted; /* so that it has to take mail afterwards */
} Switch;

/* A file is as it was before, if we are who wrote it. */
static bool
restore(const MpWork *work, const char *name, const char *before, const char *ours, GError **error)
{
    g_autofree char *now = mp_postfix_read(work->directory, name, error);

    return now != NULL && (mp_marked_differ(now, ours) || !mp_marked_differ(ours, before) ||
                           mp_postfix_replace(work->directory, name, before, error));
}

/* What was there, since `why`; false in any case. */
static bool
put_back(const MpWork *work, const MpPostfix *postfix, const GError *why, GError **error)
{
    mp_work_tell(work, "put back what was there");
    return restore(work, "main.cf", postfix->main, postfix->new_main, error) &&
           restore(work, "master.cf", postfix->master, postfix->common_master, error) &&
           mp_postfix_reload(work->directory, error) &&
           mp_fail(error, (MpErrorKind)why->code, "%s; what was changed is put back", why->message);
}

/* The trial had no chroot, which Debian gives smtpd(8): what is not seen from there is seen now. */
static bool
takes_ours(const MpPostfix *postfix)
{
    g_autofree char *noreply = mp_config_noreply_domain(postfix->config);
    g_autofree char *recipient = g_strconcat("anything@", noreply, NULL);

    return mp_postfix_takes(postfix->directory, postfix->new_master, recipient, 20);
}

static bool
judge(const MpWork *work, const Switch *over, GError **error)
{
    g_autoptr(GError) why = NULL;

    if (!over->greeted || takes_ours(over->postfix))
        return true;
    mp_fail(&why, MP_ERROR_INSTALLATION,
            "Postfix took no mail after the change, for which its log has the reason");
    return put_back(work, over->postfix, why, error);
}

/* The service first, which nothing names yet; then main.cf, which names it. */
static bool
install_both(const MpWork *work, const MpPostfix *postfix, GError **error)
{
    g_autoptr(GError) why = NULL;
    bool changed = false;

    if (install(work, "master.cf", postfix->master, postfix->common_master, &changed, &why) &&
        (!changed || reload(work, &why)) &&
        install(work, "main.cf", postfix->main, postfix->new_main, &changed, &why) &&
        reload(work, &why))
        return true;
    if (changed)
        return put_back(work, postfix, why, error);
    g_propagate_error(error, g_steal_pointer(&why));
    return false;
}

static bool
switch_over(const MpWork *work, gpointer data, GError **error)
{
    const Switch *over = data;
    const MpPostfix *postfix = over->postfix;
    bool changed = false;

    return install_both(work, postfix, error) && judge(work, over, error) &&
           install(work, "master.cf", postfix->common_master, postfix->new_master, &changed,
                   error) &&
           (!changed || reload(work, error));
}

/* Each file is as before or as after; Postfix may not have read it yet. */
static bool
finish_switch(const MpWork *work, gpointer data, GError **error)
{
    const Switch *over = data;
    g_autofree char *now = mp_postfix_read(work->directory, "main.cf", error);

    return now != NULL && reload_if_running(work, NULL, error) &&
           (mp_marked_differ(now, over->postfix->new_main) || judge(work, over, error));
}

bool
mp_postfix_apply(const MpPostfix *postfix, MpPostfixProgress progress, gpointer user_data,
                 GError **error)
{
    const MpWork work = {postfix->directory, postfix->tables, progress, user_data};

    if (!must_be_root(error))
        return false;
    g_auto(MpFd) lock = mp_postfix_lock(postfix->directory, error);
    if (lock < 0 || !try_it(&work, postfix, error) || !mark_due(&work, error) ||
        !install_tables(&work, postfix, error))
        return false;
    Switch over = {postfix, mp_postfix_is_running(work.directory) &&
                                mp_postfix_takes(work.directory, postfix->master, NULL, 5)};
    return mp_work_apart(&work, switch_over, finish_switch, &over, error) &&
           tidy(&work, postfix, error);
}

/* --- Revert ------------------------------------------------------------------------------------
 */

/* What stood there before us; NULL without error if nothing of ours does. */
static char *
base_of(const char *directory, const char *name, GError **error)
{
    g_auto(MpMarked) marked = {.lines = NULL};
    g_autofree char *text = mp_postfix_read(directory, name, error);

    if (text == NULL)
        return NULL;
    mp_marked_parse(text, &marked);
    if (marked.lines == NULL)
        return NULL;
    if (!marked.is_as_written)
        return mp_fail_null(error, MP_ERROR_INSTALLATION,
                            "%s/%s was changed after `metroplex configure` wrote it, so that it is "
                            "left alone: take the lines between \"# BEGIN metroplex\" and \"# END "
                            "metroplex\" out yourself, and those marks",
                            directory, name);
    return mp_marked_base(&marked);
}

static bool
check_tables(const char *tables, const GPtrArray *names, GError **error)
{
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *text = NULL;

        if (!g_str_has_suffix(name, ".regexp"))
            continue;
        text = mp_postfix_read(tables, name, error);
        if (text == NULL)
            return false;
        if (!mp_table_is_as_written(name, text))
            return mp_fail(
                error, MP_ERROR_INSTALLATION,
                "%s/%s was changed after `metroplex configure` wrote it, so that nothing "
                "is taken back: remove that file first",
                tables, name);
    }
    return true;
}

static bool
take_out(const MpWork *work, const char *name, const char *base, GError **error)
{
    if (base == NULL)
        return true;
    g_autofree char *step = g_strdup_printf("put back %s/%s", work->directory, name);
    mp_work_tell(work, step);
    return mp_postfix_replace(work->directory, name, base, error) &&
           reload_if_running(work, NULL, error);
}

static bool
remove_tables(const MpWork *work, GError **error)
{
    mp_work_tell(work, "remove the tables");
    mp_stage_end_left(work->tables);
    return mp_postfix_remove(work->tables, error);
}

typedef struct {
    char *main, *master; /* NULL: nothing of ours in it */
    bool is_due;         /* a reload, since who went back before us was killed */
} Before;

static bool
go_back(const MpWork *work, gpointer data, GError **error)
{
    const Before *before = data;

    return mark_due(work, error) && take_out(work, "main.cf", before->main, error) &&
           take_out(work, "master.cf", before->master, error) &&
           (!before->is_due || reload_if_running(work, NULL, error)) &&
           mp_postfix_remove_fresh(work->directory, "main.cf", error) &&
           mp_postfix_remove_fresh(work->directory, "master.cf", error) &&
           remove_tables(work, error);
}

static bool
revert(const MpWork *work, bool *is_done, GError **error)
{
    g_autoptr(GPtrArray) names = mp_list_directory_if_any(work->tables, error);
    g_autoptr(GError) why = NULL;

    if (names == NULL || !check_tables(work->tables, names, error))
        return false;
    g_autofree char *main = base_of(work->directory, "main.cf", &why);
    g_autofree char *master = why == NULL ? base_of(work->directory, "master.cf", &why) : NULL;
    if (why != NULL) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    g_autofree char *due = g_build_filename(work->tables, MP_RELOAD_DUE, NULL);
    Before before = {main, master, access(due, F_OK) == 0};
    *is_done = main != NULL || master != NULL || access(work->tables, F_OK) == 0;
    return !*is_done || mp_work_apart(work, go_back, reload_if_running, &before, error);
}

bool
mp_postfix_revert(MpPostfixProgress progress, gpointer user_data, bool *is_done, GError **error)
{
    g_autofree char *directory = mp_postfix_directory(error);

    if (directory == NULL || !must_be_root(error))
        return false;
    g_autofree char *tables = g_build_filename(directory, "metroplex", NULL);
    const MpWork work = {directory, tables, progress, user_data};
    g_auto(MpFd) lock = mp_postfix_lock(directory, error);
    return lock >= 0 && revert(&work, is_done, error);
}
