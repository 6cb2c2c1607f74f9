/*
 * The check of all names at the branch's tip: what `git fsck --strict`, a server with
 * receive.fsckObjects or a clone on some system would refuse, in every directory, whoever wrote it.
 */
#include <string.h>

#include "base/escape.h"
#include "tracker/fsck/internal.h"
#include "git/git.h"
#include "git/tree_name.h"

#define DEPTH_MAX 64
#define RENAME    "git mv it in a clone, commit and push: no system may know it by another name"
#define REWRITE                                                                                    \
    "write the directory anew: in a clone, git rm -r --cached it, git add it, commit and push"

/* One entry as it is in the object (git/tree.c reads more than Git would). */
typedef struct {
    const char *mode, *name;
    gsize mode_length, length;
    git_oid id;
} Entry;

typedef struct {
    Fsck *fsck;
    GHashTable *seen; /* the first octets of the trees that were looked at */
} Walk;

/* Where the entry ends; NULL if it is damaged, which the other checks tell. */
static const char *
read_entry(const char *p, const char *end, Entry *e)
{
    const char *blank = memchr(p, ' ', (gsize)(end - p));
    const char *zero = blank != NULL ? memchr(blank, 0, (gsize)(end - blank)) : NULL;

    if (zero == NULL || end - zero <= GIT_OID_RAWSZ)
        return NULL;
    *e = (Entry){.mode = p,
                 .name = blank + 1,
                 .mode_length = (gsize)(blank - p),
                 .length = (gsize)(zero - blank) - 1};
    git_oid_fromraw(&e->id, (const unsigned char *)zero + 1);
    return zero + 1 + GIT_OID_RAWSZ;
}

static bool
has_mode(const Entry *e, const char *mode)
{
    return e->mode_length == strlen(mode) && strncmp(e->mode, mode, e->mode_length) == 0;
}

static bool
is_directory(const Entry *e)
{
    return has_mode(e, "40000") || has_mode(e, "040000");
}

static char *
path_of(const char *directory, const Entry *e)
{
    g_autofree char *shown = mp_escape_bytes(e->name, e->length);

    return *directory != '\0' ? g_strconcat(directory, "/", shown, NULL) : g_steal_pointer(&shown);
}

static void
check_entry(Fsck *fsck, const Entry *e, const char *path)
{
    static const char *const modes[] = {"40000", "100644", "100755", "120000", "160000"};
    const char *fault = mp_tree_name_fault(e->name, e->length);
    bool is_known = false;

    for (gsize i = 0; i < G_N_ELEMENTS(modes); i++)
        is_known |= has_mode(e, modes[i]);
    if (fault != NULL)
        mp_fsck_tell(fsck, "refused", path, g_strdup(RENAME), "%s", fault);
    if (!is_known)
        mp_fsck_tell(fsck, "refused", path, g_strdup(REWRITE), "its mode is none that Git writes");
    if (git_oid_is_zero(&e->id))
        mp_fsck_tell(fsck, "refused", path, g_strdup(REWRITE), "it points at no object");
}

/* Git's order: a directory stands as if its name ended in a slash. */
static int
compare(const Entry *a, const Entry *b)
{
    gsize shorter = MIN(a->length, b->length);
    int order = memcmp(a->name, b->name, shorter);
    guchar x = a->length > shorter ? (guchar)a->name[shorter] : is_directory(a) ? '/' : 0;
    guchar y = b->length > shorter ? (guchar)b->name[shorter] : is_directory(b) ? '/' : 0;

    return order != 0 ? order : x < y ? -1 : x > y;
}

/* As a system sees it that folds letters' case and the ways to write an accent; NULL where that
 * changes nothing. */
static char *
folded(const Entry *e)
{
    bool is_plain = true;

    for (gsize i = 0; i < e->length; i++)
        is_plain &= (guchar)e->name[i] < 0x80 && !g_ascii_isupper(e->name[i]);
    if (is_plain || !g_utf8_validate(e->name, (gssize)e->length, NULL))
        return NULL;
    g_autofree char *small = g_utf8_casefold(e->name, (gssize)e->length);
    return g_utf8_normalize(small, -1, G_NORMALIZE_NFC);
}

static void
check_clashes(Fsck *fsck, const GArray *entries, const char *directory)
{
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    bool is_plain = true;

    for (guint i = 0; is_plain && i < entries->len; i++) {
        g_autofree char *name = folded(&g_array_index(entries, Entry, i));
        is_plain = name == NULL;
    }
    for (guint i = 0; !is_plain && i < entries->len; i++) {
        const Entry *e = &g_array_index(entries, Entry, i);
        char *other = folded(e);
        g_autofree char *path = path_of(directory, e);

        if (!g_hash_table_add(names, other != NULL ? other : g_strndup(e->name, e->length)))
            mp_fsck_tell(fsck, "refused", path, g_strdup(RENAME),
                         "some systems take it for another that is there");
    }
}

static void
check_order(Fsck *fsck, const GArray *entries, const char *directory)
{
    for (guint i = 1; i < entries->len; i++) {
        const Entry *a = &g_array_index(entries, Entry, i - 1);
        const Entry *e = &g_array_index(entries, Entry, i);
        g_autofree char *path = NULL;

        if (compare(a, e) < 0 && (a->length != e->length || memcmp(a->name, e->name, e->length)))
            continue;
        path = path_of(directory, e);
        mp_fsck_tell(fsck, "refused", path, g_strdup(REWRITE),
                     "it is there twice, or out of order");
    }
}

static void walk(Walk *w, const git_oid *id, const char *path, guint depth);

static void
walk_entries(Walk *w, const GArray *entries, const char *directory, guint depth)
{
    check_order(w->fsck, entries, directory);
    check_clashes(w->fsck, entries, directory);
    for (guint i = 0; i < entries->len && w->fsck->stop == NULL; i++) {
        const Entry *e = &g_array_index(entries, Entry, i);
        g_autofree char *path = path_of(directory, e);

        check_entry(w->fsck, e, path);
        if (is_directory(e))
            walk(w, &e->id, path, depth + 1);
    }
}

/* An object that cannot be read is told by the check that needs it. */
static void
walk(Walk *w, const git_oid *id, const char *path, guint depth)
{
    g_autoptr(git_odb_object) object = NULL;
    g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(Entry));
    gsize first;

    memcpy(&first, id->id, sizeof first);
    if (depth > DEPTH_MAX || !g_hash_table_add(w->seen, GSIZE_TO_POINTER(first)) ||
        git_odb_read(&object, w->fsck->store->odb, id) < 0 ||
        git_odb_object_type(object) != GIT_OBJECT_TREE)
        return;
    const char *p = git_odb_object_data(object), *end = p + git_odb_object_size(object);
    while (p != NULL && p < end) {
        Entry e;

        p = read_entry(p, end, &e);
        if (p != NULL)
            g_array_append_val(entries, e);
    }
    walk_entries(w, entries, path, depth);
}

void
mp_fsck_names(Fsck *fsck)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    Walk w = {fsck, seen};

    walk(&w, &fsck->store->root, "", 0);
}
