/*
 * Files that differ, and how: each pair is compared by libgit2 as two texts in memory, which asks
 * no attributes and no configuration.
 */
#include "repo/changes.h"

#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "repo/history.h"
#include "repo/tree.h"

#define BUDGET  (8 * 1024 * 1024) /* octets that are compared at most, of all files */
#define CONTEXT 3

static const char *const kind_names[] = {"added", "deleted", "modified", "renamed"};

const char *
mp_repo_change_name(MpRepoChangeKind kind)
{
    return kind_names[kind];
}

static void
free_change(gpointer data)
{
    MpRepoChange *change = data;

    g_free(change->path);
    g_free(change->old_path);
    g_free(change);
}

void
mp_repo_changes_free(MpRepoChanges *changes)
{
    if (changes == NULL)
        return;
    g_ptr_array_unref(changes->files);
    g_string_free(changes->diff, TRUE);
    g_free(changes);
}

/* --- The diff ------------------------------------------------------------------------------- */

typedef struct {
    MpRepoChanges *changes;
    gsize max;
} Printing;

/* Whole lines, as long as there is room; false at the first that is too long. */
static bool
print(Printing *printing, const char *line, gsize length)
{
    GString *diff = printing->changes->diff;

    if (printing->changes->is_cut || diff->len + length > printing->max) {
        printing->changes->is_cut = true;
        return false;
    }
    g_string_append_len(diff, line, (gssize)length);
    return true;
}

static bool print_format(Printing *printing, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool
print_format(Printing *printing, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *line = g_strdup_vprintf(format, args);
    va_end(args);
    return print(printing, line, strlen(line));
}

/* As git ends a name with a space, so that patch(1) reads all of it. */
static const char *
after_name(const char *path)
{
    return strchr(path, ' ') != NULL ? "\t" : "";
}

/* "a/path", in quotes where it is not shown as it is. */
static char *
side(const char *prefix, const char *path)
{
    return strchr(path, '\\') != NULL || strchr(path, '"') != NULL
               ? g_strdup_printf("\"%s%s\"", prefix, path)
               : g_strconcat(prefix, path, NULL);
}

static void
print_modes(Printing *printing, const MpRepoChange *change)
{
    if (change->kind == MP_REPO_ADDED)
        print_format(printing, "new file mode %06o\n", change->new_mode);
    else if (change->kind == MP_REPO_DELETED)
        print_format(printing, "deleted file mode %06o\n", change->old_mode);
    else if (change->old_mode != change->new_mode)
        print_format(printing, "old mode %06o\nnew mode %06o\n", change->old_mode,
                     change->new_mode);
    if (change->kind == MP_REPO_RENAMED)
        print_format(printing, "rename from %s\nrename to %s\n", change->old_path, change->path);
}

static void
print_head(Printing *printing, const MpRepoChange *change)
{
    const char *old_path = change->old_path != NULL ? change->old_path : change->path;
    g_autofree char *old = side("a/", old_path);
    g_autofree char *new = side("b/", change->path);
    bool is_same = git_oid_equal(&change->old_id, &change->new_id);

    print_format(printing, "diff --git %s %s\n", old, new);
    print_modes(printing, change);
    if (is_same)
        return;
    if (change->is_binary)
        print_format(printing, "Binary files differ\n");
    else if (!change->is_counted)
        print_format(printing, "Files differ, and are too large to be shown\n");
    else if (change->n_added + change->n_removed > 0)
        print_format(printing, "--- %s%s\n+++ %s%s\n",
                     change->kind == MP_REPO_ADDED ? "/dev/null" : old,
                     change->kind == MP_REPO_ADDED ? "" : after_name(old_path),
                     change->kind == MP_REPO_DELETED ? "/dev/null" : new,
                     change->kind == MP_REPO_DELETED ? "" : after_name(change->path));
}

/* libgit2 cuts what follows "@@" to a length, maybe within a character. */
static gsize
whole_characters(const char *text, gsize length)
{
    const char *end;

    while (length > 0 && text[length - 1] == '\n')
        length--;
    return g_utf8_validate(text, (gssize)length, &end) || text + length - end > 3
               ? length
               : (gsize)(end - text);
}

static int
print_line(const git_diff_delta *delta, const git_diff_hunk *hunk, const git_diff_line *line,
           void *payload)
{
    g_autoptr(GString) text = g_string_new(NULL);
    gsize length = line->content_len;

    (void)delta;
    (void)hunk;
    switch (line->origin) {
    case GIT_DIFF_LINE_CONTEXT:
    case GIT_DIFF_LINE_ADDITION:
    case GIT_DIFF_LINE_DELETION:
        g_string_append_c(text, line->origin);
        break;
    case GIT_DIFF_LINE_HUNK_HDR:
        length = whole_characters(line->content, length);
        break;
    case GIT_DIFF_LINE_CONTEXT_EOFNL:
    case GIT_DIFF_LINE_ADD_EOFNL:
    case GIT_DIFF_LINE_DEL_EOFNL:
        return print(payload, "\\ No newline at end of file\n", 28) ? 0 : GIT_EUSER;
    default: /* heads are ours */
        return 0;
    }
    mp_repo_append_text(text, line->content, length);
    if (text->len == 0 || text->str[text->len - 1] != '\n')
        g_string_append_c(text, '\n');
    return print(payload, text->str, text->len) ? 0 : GIT_EUSER;
}

/* --- One file ------------------------------------------------------------------------------- */

/* Both sides, which a patch points into. */
typedef struct {
    GBytes *before, *after;
    git_patch *patch; /* NULL where they are too large to be compared */
} Pair;

static void
pair_clear(Pair *pair)
{
    g_clear_pointer(&pair->patch, git_patch_free);
    g_clear_pointer(&pair->before, g_bytes_unref);
    g_clear_pointer(&pair->after, g_bytes_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pair, pair_clear)

static bool
make_patch(MpRepo *repo, const MpRepoChange *change, gsize *budget, Pair *pair, GError **error)
{
    git_diff_options options = GIT_DIFF_OPTIONS_INIT;
    gsize old_length, new_length;

    if (!mp_repo_content(repo, &change->old_id, change->old_mode, budget, &pair->before, error) ||
        (pair->before != NULL &&
         !mp_repo_content(repo, &change->new_id, change->new_mode, budget, &pair->after, error)))
        return false;
    if (pair->before == NULL || pair->after == NULL ||
        !mp_repo_may_compare(pair->before, pair->after, budget))
        return true;
    const void *old = g_bytes_get_data(pair->before, &old_length);
    const void *new = g_bytes_get_data(pair->after, &new_length);
    options.context_lines = CONTEXT;
    return git_patch_from_buffers(&pair->patch, old, old_length, NULL, new, new_length, NULL,
                                  &options) == 0 ||
           mp_repo_fail(error, repo, &change->new_id);
}

static void
count(MpRepoChanges *changes, MpRepoChange *change, git_patch *patch)
{
    size_t added = 0, removed = 0;

    change->is_binary = (git_patch_get_delta(patch)->flags & GIT_DIFF_FLAG_BINARY) != 0;
    change->is_counted = !change->is_binary;
    if (!change->is_counted || git_patch_line_stats(NULL, &added, &removed, patch) < 0)
        return;
    change->n_added = (guint)added;
    change->n_removed = (guint)removed;
    changes->n_added += added;
    changes->n_removed += removed;
}

static bool
compare(MpRepo *repo, MpRepoChanges *changes, MpRepoChange *change, gsize max, gsize *budget,
        GError **error)
{
    g_auto(Pair) pair = {0};
    Printing printing = {changes, max};

    if (!make_patch(repo, change, budget, &pair, error))
        return false;
    if (pair.patch != NULL)
        count(changes, change, pair.patch);
    changes->n_uncounted += !change->is_counted;
    if (max == 0)
        return true;
    print_head(&printing, change);
    if (pair.patch != NULL && change->is_counted && !changes->is_cut)
        git_patch_print(pair.patch, print_line, &printing);
    return true;
}

/* --- All files ------------------------------------------------------------------------------ */

static MpRepoChange *
change_of(const MpRepoDifference *difference)
{
    MpRepoChange *change = g_new0(MpRepoChange, 1);

    change->kind = difference->old_mode == 0   ? MP_REPO_ADDED
                   : difference->new_mode == 0 ? MP_REPO_DELETED
                                               : MP_REPO_MODIFIED;
    change->path = mp_escape(difference->path);
    change->old_mode = difference->old_mode;
    change->new_mode = difference->new_mode;
    change->old_id = difference->old_id;
    change->new_id = difference->new_id;
    return change;
}

static bool
read_tree_id(MpRepo *repo, const git_oid *commit, git_oid *tree, GError **error)
{
    g_auto(MpRepoNode) node = {0};
    bool found;

    if (!mp_repo_node(repo, commit, &node, &found, error))
        return false;
    *tree = node.tree;
    return found || mp_fail(error, MP_ERROR_INPUT, "%s: commit %s is missing", repo->path,
                            git_oid_tostr_s(commit));
}

static bool
list(MpRepo *repo, const git_oid *before, const git_oid *after, guint most, MpRepoChanges *changes,
     GError **error)
{
    g_autoptr(GPtrArray) differences =
        g_ptr_array_new_with_free_func((GDestroyNotify)mp_repo_difference_free);
    git_oid old_tree, new_tree;

    if ((before != NULL && !read_tree_id(repo, before, &old_tree, error)) ||
        !read_tree_id(repo, after, &new_tree, error) ||
        !mp_repo_compare_trees(repo, before != NULL ? &old_tree : NULL, &new_tree, most,
                               differences, &changes->is_more, error))
        return false;
    for (guint i = 0; i < differences->len; i++)
        g_ptr_array_add(changes->files, change_of(g_ptr_array_index(differences, i)));
    return true;
}

MpRepoChanges *
mp_repo_changes(MpRepo *repo, const git_oid *before, const git_oid *after,
                const MpRepoChangeLimits *limits, GError **error)
{
    g_autoptr(MpRepoChanges) changes = g_new0(MpRepoChanges, 1);
    gsize own = BUDGET, *budget = limits->budget != NULL ? limits->budget : &own;
    guint most = limits->files > 0 ? MIN(limits->files, MP_REPO_FILES_MAX) : MP_REPO_FILES_MAX;

    changes->files = g_ptr_array_new_with_free_func(free_change);
    changes->diff = g_string_new(NULL);
    if (!list(repo, before, after, most, changes, error) ||
        !mp_repo_find_renames(repo, changes->files, budget, error))
        return NULL;
    for (guint i = 0; i < changes->files->len; i++)
        if (!compare(repo, changes, g_ptr_array_index(changes->files, i), limits->diff, budget,
                     error))
            return NULL;
    return g_steal_pointer(&changes);
}
