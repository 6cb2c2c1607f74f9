/* A commit found, and lines of it quoted; see place.h. */
#include "watch/place.h"

#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "repo/changes.h"
#include "repo/history.h"
#include "watch/view.h"

#define AROUND    3   /* lines above and below */
#define SHOWN_MAX 200 /* characters that are shown of one */

static void
append_line(GString *out, const char *text, gsize length, guint64 number, bool is_it)
{
    g_autofree char *line = g_strndup(text, length);
    bool is_long = g_utf8_strlen(line, -1) > SHOWN_MAX;
    g_autofree char *shown = is_long ? g_utf8_substring(line, 0, SHOWN_MAX) : g_strdup(line);

    g_string_append_printf(out, "%c %" G_GUINT64_FORMAT "  %s%s\n", is_it ? '*' : ' ', number,
                           shown, is_long ? "\u2026" : "");
}

/* NULL where there are fewer lines. */
static char *
lines_around(const char *text, guint64 wanted)
{
    GString *out = g_string_new(NULL);
    guint64 number = 1;

    for (const char *line = text, *end; *line != '\0'; line = end + (*end != '\0'), number++) {
        end = strchrnul(line, '\n');
        if (number + AROUND >= wanted && number <= wanted + AROUND)
            append_line(out, line, (gsize)(end - line), number, number == wanted);
    }
    bool is_there = wanted < number;
    return g_string_free(out, !is_there);
}

static bool
quote(const MpInstance *instance, MpRepo *repo, const char *revision, const char *path,
      guint64 line, char **quoted, GError **error)
{
    g_autofree char *text = NULL, *shown = mp_escape_word(path);
    git_oid commit;
    bool found, is_there;

    if (!mp_repo_find_commit(repo, revision, &commit, &found, error))
        return false;
    if (!found)
        return mp_fail(error, MP_ERROR_INPUT, "--path: commit %s is not in the repository any more",
                       revision);
    if (!mp_repo_file(repo, &commit, path, &is_there, &text, error))
        return false;
    if (!is_there)
        return mp_fail(error, MP_ERROR_INPUT, "--path: there is no file %s in commit %s", shown,
                       revision);
    if (text == NULL)
        return mp_fail(error, MP_ERROR_INPUT, "--path: %s is no text, or too large, in commit %s",
                       shown, revision);
    if (line == 0)
        return true;
    g_autofree char *lines = lines_around(text, line);
    if (lines == NULL)
        return mp_fail(error, MP_ERROR_INPUT, "--line: %s has no line %" G_GUINT64_FORMAT, shown,
                       line);
    *quoted = mp_masked(instance->config, lines, MP_MASK_TEXT);
    return true;
}

/* NULL without error where it is not there to be read. */
static MpRepo *
open_repository(const MpInstance *instance, const char *name, GError **error)
{
    const char *root = instance->config->repositories_root;
    MpRepoState state;

    return *root != '\0' ? mp_repo_open(root, name, &state, error) : NULL;
}

bool
mp_place_find_commit(const MpInstance *instance, const char *repository, const char *option,
                     const char *revision, char **id, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(MpRepo) repo = open_repository(instance, repository, &why);
    git_oid commit;
    bool found = false;

    *id = NULL;
    if (why != NULL) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    if (repo == NULL)
        return true;
    if (!mp_repo_find_commit(repo, revision, &commit, &found, error))
        return false;
    *id = found ? g_strdup(git_oid_tostr_s(&commit)) : NULL;
    return found || mp_fail(error, MP_ERROR_INPUT,
                            "%s: %s/%s.git has no branch, tag or commit %s (of an id it takes at "
                            "least seven digits)",
                            option, instance->config->repositories_root, repository, revision);
}

bool
mp_place_is_unseen(const MpInstance *instance, const char *repository, char **why, GError **error)
{
    const char *root = instance->config->repositories_root;
    g_autoptr(GError) fault = NULL;
    MpRepoState state;

    *why = NULL;
    if (*root == '\0')
        return true;
    g_autoptr(MpRepo) repo = mp_repo_open(root, repository, &state, &fault);
    if (fault != NULL) {
        g_propagate_error(error, g_steal_pointer(&fault));
        return false;
    }
    if (repo == NULL)
        *why = g_strdup_printf("%s/%s.git: %s", root, repository, mp_watch_state_found(state));
    return true;
}

bool
mp_place_quote(const MpInstance *instance, const char *repository, const char *revision,
               const char *path, guint64 line, char **quoted, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(MpRepo) repo = path != NULL ? open_repository(instance, repository, &why) : NULL;

    *quoted = NULL;
    if (repo != NULL)
        return quote(instance, repo, revision, path, line, quoted, error);
    if (why == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&why));
    return false;
}
