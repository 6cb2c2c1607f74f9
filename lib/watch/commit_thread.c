/*
 * The thread of a commit that was pushed: what git log says of it, its files and its diff, as its
 * opening post, so that whoever answers has it before them. It is listed once somebody does.
 */
#include <string.h>

#include "base/error.h"
#include "instance/transaction.h"
#include "markup/markdown.h"
#include "repo/changes.h"
#include "watch/internal.h"

#define MESSAGE_MAX 16384 /* octets of a message that are shown */
#define FILES_MAX   100

char *
mp_watch_masked(const MpWatchBatch *batch, const char *text)
{
    return mp_masked(batch->instance->config, text, MP_MASK_TEXT);
}

char *
mp_watch_commit_key(const MpWatchBatch *batch, const git_oid *id)
{
    g_autofree char *source =
        g_strdup_printf("commit %s %s", batch->repository->name, git_oid_tostr_s(id));

    return mp_tracker_key(0, 0, source, "");
}

/* --- The opening post ----------------------------------------------------------------------- */

static void
add_block(GString *out, const char *language, const char *text)
{
    g_autofree char *fence = mp_markdown_fence(text);

    g_string_append_printf(out, "%s%s\n%s%s%s\n", fence, language, text,
                           g_str_has_suffix(text, "\n") ? "" : "\n", fence);
}

static void
add_message(GString *out, const MpRepoCommit *commit)
{
    g_auto(GStrv) lines = g_strsplit(commit->message, "\n", -1);
    gsize begin = out->len;

    for (char **line = lines; *line != NULL; line++) {
        if (out->len - begin + strlen(*line) > MESSAGE_MAX) {
            g_string_append(out, "    [...]\n");
            return;
        }
        if (**line != '\0')
            g_string_append_printf(out, "    %s\n", *line);
        else if (line[1] != NULL)
            g_string_append_c(out, '\n');
    }
    if (commit->is_cut)
        g_string_append(out, "    [...]\n");
}

/* As git log has it. */
static char *
log_of(const MpRepoCommit *commit, const char *ref)
{
    GString *out = g_string_new(NULL);
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(commit->author.time);
    g_autofree char *date = g_date_time_format(time, "%Y-%m-%d %H:%M:%S +0000");

    g_string_append_printf(out, "commit %s\n", git_oid_tostr_s(&commit->id));
    if (commit->parents->len > 1) {
        g_string_append(out, "Merge:  ");
        for (guint i = 0; i < commit->parents->len; i++) {
            g_autofree char *id = mp_repo_short_id(&g_array_index(commit->parents, git_oid, i));

            g_string_append_printf(out, "%s%s", i > 0 ? " " : "", id);
        }
        g_string_append(out, commit->is_partial ? " [...]\n" : "\n");
    }
    g_string_append_printf(out, "Ref:    %s\nAuthor: %s\nDate:   %s\n\n", ref, commit->author.name,
                           date);
    add_message(out, commit);
    return g_string_free(out, FALSE);
}

/* "modified 3 1 README": as numstat has it, and what became of the file. */
static void
add_file(GString *out, const MpRepoChange *file)
{
    if (file->is_counted)
        g_string_append_printf(out, "%6u %6u ", file->n_added, file->n_removed);
    else
        g_string_append(out, "     -      - ");
    g_string_append_printf(out, "%-8s %s", mp_repo_change_name(file->kind), file->path);
    if (file->old_path != NULL)
        g_string_append_printf(out, " <- %s", file->old_path);
    g_string_append_c(out, '\n');
}

static char *
files_of(const MpRepoChanges *changes)
{
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < changes->files->len; i++)
        add_file(out, g_ptr_array_index(changes->files, i));
    if (changes->is_more)
        g_string_append(out, "     [...]\n");
    return g_string_free(out, FALSE);
}

/* What cannot be compared (a shallow history, a damaged object) is told without it. */
static MpRepoChanges *
changes_of(MpWatchBatch *batch, const MpRepoCommit *commit, GError **error)
{
    const MpRepoChangeLimits limits = {FILES_MAX, batch->repository->push_diff, &batch->budget};
    const git_oid *parent =
        commit->parents->len > 0 ? &g_array_index(commit->parents, git_oid, 0) : NULL;

    return mp_repo_changes(batch->repo, parent, &commit->id, &limits, error);
}

static bool
body_of(MpWatchBatch *batch, const MpRepoCommit *commit, const char *ref, char **body,
        GError **error)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) why = NULL;
    g_autoptr(MpRepoChanges) changes = changes_of(batch, commit, &why);
    g_autofree char *log = log_of(commit, ref);

    if (changes == NULL && mp_error_is_temporary(why)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    add_block(out, "", log);
    g_autofree char *files = changes != NULL
                                 ? files_of(changes)
                                 : g_strdup("The files that it changes could not be read.\n");
    if (*files != '\0')
        add_block(out, "", files);
    if (changes != NULL && changes->is_cut)
        g_string_append(changes->diff, "[...]\n");
    if (changes != NULL && changes->diff->len > 0)
        add_block(out, "diff", changes->diff->str);
    *body = mp_watch_masked(batch, out->str);
    return true;
}

/* --- The thread ----------------------------------------------------------------------------- */

static char *
title_of(const MpWatchBatch *batch, const MpRepoCommit *commit)
{
    g_autofree char *title = mp_watch_masked(batch, commit->subject);
    g_autofree char *id = mp_repo_short_id(&commit->id);

    return mp_is_title(title) ? g_steal_pointer(&title) : g_strconcat("commit ", id, NULL);
}

static bool
open_thread(MpWatchBatch *batch, const MpRepoCommit *commit, const char *ref, guint64 *thread,
            GError **error)
{
    g_autofree char *body = NULL, *object = NULL;
    g_autofree char *title = title_of(batch, commit);
    g_autofree char *key = mp_watch_commit_key(batch, &commit->id);
    MpActor actor = mp_watch_actor(commit->author.name);

    if (!body_of(batch, commit, ref, &body, error))
        return false;
    object = g_strdup(git_oid_tostr_s(&commit->id));
    const MpThread facts = {.kind = MP_COMMIT,
                            .repository = batch->repository->name,
                            .title = title,
                            .is_open = true,
                            .is_unlisted = true,
                            .object = object,
                            .author_login = (char *)actor.login,
                            .created = actor.date};
    const MpNewComment post = {
        .key = key, .via = "push", .body = body, .host = batch->instance->host};
    return mp_batch_open_thread(batch->batch, &facts, &post, &actor, thread, error);
}

bool
mp_watch_commit_thread(MpWatchBatch *batch, const git_oid *id, const char *ref, guint64 *thread,
                       bool *is_new, GError **error)
{
    g_autofree char *object = g_strdup(git_oid_tostr_s(id));
    g_autoptr(MpRepoCommit) commit = NULL;

    if (is_new != NULL)
        *is_new = false;
    if (!mp_batch_commit_thread(batch->batch, batch->repository->name, object, thread, error))
        return false;
    if (*thread != 0)
        return true;
    if (!mp_repo_commit(batch->repo, id, &commit, error))
        return false;
    if (commit == NULL)
        return true;
    if (is_new != NULL)
        *is_new = true;
    return open_thread(batch, commit, ref, thread, error);
}
