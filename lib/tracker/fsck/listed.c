/*
 * The check of listed/: that each thread has its line, which says what its record does, that there
 * are no others, and that they stand in the pages that they make. What a thread's line should be is
 * kept as a hash, for the pages are in another order.
 */
#include <string.h>

#include "base/error.h"
#include "tracker/fsck/internal.h"
#include "tracker/listed.h"

#define ANEW                                                                                       \
    "git rm -r listed in a clone, commit and push: lists are right at once, and the next thread "  \
    "that is opened or changed makes it anew"

/* What is expected of a thread; they come in ascending order. */
typedef struct {
    guint64 id, hash; /* of its line, or a mark */
    bool has_other;   /* a line of it is another, which was told */
} Expected;

enum { ANYTHING, CAME, N_MARKS };

/* --- The threads ------------------------------------------------------------------------------
 */

/* FNV-1a, of 64 bits. */
static guint64
hash_of(const char *at, const char *line)
{
    guint64 hash = G_GUINT64_CONSTANT(0xcbf29ce484222325);

    for (const char *p = at; *p != '\0'; p++)
        hash = (hash ^ (guchar)*p) * G_GUINT64_CONSTANT(0x100000001b3);
    hash *= G_GUINT64_CONSTANT(0x100000001b3);
    for (const char *p = line; *p != '\0'; p++)
        hash = (hash ^ (guchar)*p) * G_GUINT64_CONSTANT(0x100000001b3);
    return hash < N_MARKS ? hash + N_MARKS : hash;
}

static int
by_id(gconstpointer a, gconstpointer b)
{
    guint64 x = ((const Expected *)a)->id, y = ((const Expected *)b)->id;

    return (x > y) - (x < y);
}

/* NULL: that the thread is not listed. */
static Expected *
expected_of(const Fsck *fsck, guint64 id)
{
    const Expected wanted = {.id = id};
    guint i;

    return g_array_binary_search(fsck->listed.expected, &wanted, by_id, &i)
               ? &g_array_index(fsck->listed.expected, Expected, i)
               : NULL;
}

static void
expect(Fsck *fsck, guint64 id, guint64 hash)
{
    const Expected expected = {.id = id, .hash = hash};

    if (fsck->listed.is_checked)
        g_array_append_val(fsck->listed.expected, expected);
}

static bool
is_fresh(const Fsck *fsck, guint64 id)
{
    return g_array_binary_search(fsck->listed.fresh, &id, mp_by_number, NULL);
}

void
mp_fsck_listed_begin(Fsck *fsck)
{
    g_autoptr(GError) why = NULL;
    g_autofree char *text = NULL;
    MpTree *tree = mp_store_view(fsck->store);
    MpListedOf of;
    bool is_whole;

    fsck->listed.fresh = g_array_new(FALSE, FALSE, sizeof(guint64));
    fsck->listed.expected = g_array_new(FALSE, FALSE, sizeof(Expected));
    if (!mp_tree_read(tree, NULL, MP_LISTED_OF, &text, NULL, &why) ||
        !mp_listed_of(tree, &of, &why) ||
        !mp_listed_fresh(fsck->store, &of, fsck->listed.fresh, &is_whole, &why))
        return mp_fsck_tell_error(fsck, MP_LISTED_OF, &why);
    fsck->listed.is_checked = !is_whole;
    if (text != NULL && !of.is_there)
        mp_fsck_tell(fsck, "malformed", MP_LISTED_OF, g_strdup(ANEW), "not the ids of trees, or of no list");
    else if (text != NULL && is_whole)
        mp_fsck_tell(fsck, "stale-index", MP_LISTED_OF, g_strdup(ANEW),
                     "a tree that it names is not there: thread list reads every thread");
    else if (text != NULL && of.is_edited)
        mp_fsck_tell(fsck, "stale-index", MP_LISTED_OF, g_strdup(ANEW),
                     "the lists that it names, and that are read, are not those beside it");
}

void
mp_fsck_listed_thread(Fsck *fsck, guint64 id, const MpThread *thread)
{
    if (!fsck->listed.is_checked)
        return;
    MpListedLine *line = mp_listed_line_of(id, thread);
    if (line->line != NULL)
        expect(fsck, id, is_fresh(fsck, id) ? ANYTHING : hash_of(line->at, line->line));
    mp_listed_line_free(line);
}

void
mp_fsck_listed_skip(Fsck *fsck, guint64 id)
{
    expect(fsck, id, ANYTHING);
}

/* --- The pages --------------------------------------------------------------------------------
 */

typedef struct {
    Fsck *fsck;
    const char *base; /* "open/acme/rocket" */
    guint n_lines;    /* below what is being read */
} Pages;

static void
tell_page(Fsck *fsck, const char *path, const char *what)
{
    mp_fsck_tell(fsck, "malformed", path, g_strdup(ANEW), "%s", what);
}

static void
check_line(const Pages *pages, const char *path, const char *line, guint64 id)
{
    Fsck *fsck = pages->fsck;
    Expected *expected = expected_of(fsck, id);
    const char *what = NULL;

    if (is_fresh(fsck, id) || (expected != NULL && expected->hash == ANYTHING))
        return;
    if (expected == NULL)
        what = "is of none that is listed";
    else if (expected->hash == CAME)
        what = "stands there twice";
    else if (expected->hash != hash_of(pages->base, line))
        what = "does not say what its record does, or in another list";
    if (expected != NULL && what == NULL)
        expected->hash = CAME;
    if (expected != NULL && what != NULL)
        expected->has_other = true;
    if (what != NULL)
        mp_fsck_tell(fsck, "stale-index", path, g_strdup(ANEW),
                     "the line of thread %" G_GUINT64_FORMAT " %s", id, what);
}

static void
check_page(Pages *pages, const char *path, const char *steps, char *text)
{
    guint64 last = 0;
    guint n = 0;

    for (char *rest = text, *line; rest != NULL && *rest != '\0';) {
        char key[MP_LISTED_KEY];

        line = strsep(&rest, "\n");
        guint64 id = mp_listed_line_id(line);
        n++;
        mp_listed_key(id, key);
        if (id <= last || !g_str_has_prefix(key, steps)) {
            mp_fsck_tell(pages->fsck, "malformed", path, g_strdup(ANEW),
                         "line %u: not of this page, or twice, or not ascending", n);
            continue;
        }
        last = id;
        check_line(pages, path, line, id);
    }
    if (n == 0)
        tell_page(pages->fsck, path, "a page without a line");
    if (n > MP_LISTED_LINES)
        tell_page(pages->fsck, path, "a page of more lines than it may have");
    pages->n_lines += n;
}

static void
tell_misplaced(Fsck *fsck, const char *path)
{
    mp_fsck_tell(fsck, "misplaced", path, g_strdup(ANEW),
                 "neither a page of lines nor a directory of them");
}

static void check_entry(Pages *pages, MpTree *tree, MpTreeNode *node, guint i, const char *path,
                        const char *steps);

static void
check_directory(Pages *pages, const git_oid *id, const char *path, const char *steps)
{
    guint before = pages->n_lines;
    MpTreeNode *root;
    g_autoptr(MpTree) tree = mp_fsck_open(pages->fsck, id, path, &root);

    for (guint i = 0; tree != NULL && i < mp_tree_count(root) && pages->fsck->stop == NULL; i++) {
        const char *name = mp_tree_name(root, i);
        g_autofree char *below = g_strconcat(path, "/", name, NULL);
        g_autofree char *further = g_strconcat(steps, name, NULL);

        if (mp_listed_is_step(name) && strlen(further) < MP_LISTED_KEY)
            check_entry(pages, tree, root, i, below, further);
        else
            tell_misplaced(pages->fsck, below);
    }
    if (tree != NULL && pages->n_lines - before <= MP_LISTED_LINES)
        tell_page(pages->fsck, path, "pages of so few lines that they are one");
}

/* A page, or a directory of some. */
static void
check_entry(Pages *pages, MpTree *tree, MpTreeNode *node, guint i, const char *path,
            const char *steps)
{
    g_autofree char *text = NULL;

    if (mp_tree_is_directory(node, i))
        return check_directory(pages, mp_tree_id(node, i), path, steps);
    text = mp_fsck_text(pages->fsck, tree, mp_tree_name(node, i), path);
    if (text != NULL)
        check_page(pages, path, steps, text);
}

/* Whether an entry on the way to a repository may be there: level 0 has the lists, 2 the names. */
static bool
is_on_the_way(const char *path, bool is_directory, guint level)
{
    g_auto(GStrv) parts = g_strsplit(path + strlen(MP_LISTED "/"), "/", -1);
    MpListed list;

    if (!mp_listed_parse(parts[0], &list))
        return false;
    if (list == MP_LISTED_UNREADABLE)
        return level == 0 ? is_directory : level == 1 && strcmp(parts[1], "ids") == 0;
    g_autofree char *name = level == 2 ? g_strconcat(parts[1], "/", parts[2], NULL) : NULL;
    return level == 2 ? mp_is_repository_name(name) : is_directory;
}

static void
check_level(Fsck *fsck, const git_oid *id, const char *path, guint level)
{
    MpTreeNode *root;
    g_autoptr(MpTree) tree = mp_fsck_open(fsck, id, path, &root);

    for (guint i = 0; tree != NULL && i < mp_tree_count(root) && fsck->stop == NULL; i++) {
        const char *name = mp_tree_name(root, i);
        g_autofree char *below = g_strconcat(path, "/", name, NULL);
        Pages pages = {.fsck = fsck, .base = below + strlen(MP_LISTED "/")};

        if (level == 0 && strcmp(below, MP_LISTED_OF) == 0 && !mp_tree_is_directory(root, i))
            continue;
        if (!is_on_the_way(below, mp_tree_is_directory(root, i), level))
            tell_misplaced(fsck, below);
        else if (level == 2 || strcmp(below, MP_LISTED "/unreadable/ids") == 0)
            check_entry(&pages, tree, root, i, below, "");
        else
            check_level(fsck, mp_tree_id(root, i), below, level + 1);
    }
}

static void
tell_missing(Fsck *fsck)
{
    for (guint i = 0; i < fsck->listed.expected->len && fsck->stop == NULL; i++) {
        const Expected *one = &g_array_index(fsck->listed.expected, Expected, i);

        if (one->hash < N_MARKS || one->has_other)
            continue;
        g_autofree char *record = mp_path_of_thread(one->id);
        g_autofree char *path = g_strconcat(record, "/thread", NULL);

        mp_fsck_tell(fsck, "no-index", path, g_strdup(ANEW), "it is not in " MP_LISTED "/");
    }
}

void
mp_fsck_listed_end(Fsck *fsck)
{
    git_oid id;

    if (fsck->listed.is_checked) {
        if (mp_fsck_find_in_root(fsck, MP_LISTED, &id))
            check_level(fsck, &id, MP_LISTED, 0);
        tell_missing(fsck);
    }
    g_array_unref(fsck->listed.fresh);
    g_array_unref(fsck->listed.expected);
}
