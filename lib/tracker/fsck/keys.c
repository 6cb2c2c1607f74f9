/* The check of pages of KEYs, a thread's received/ and message-ids/: each KEY in its page, the
 * pages split as the set of KEYs says. */
#include <string.h>

#include "tracker/fsck/internal.h"

#define PAGE_MAX   16
#define KEY_DIGITS 32

typedef struct {
    Fsck *fsck;
    const char *root; /* path of the directory */
    MpFsckEntryVisit visit;
    gpointer user_data;
} Keys;

bool
mp_fsck_parse_key(const char *text, gsize length, guint8 key[16])
{
    if (length != KEY_DIGITS)
        return false;
    for (gsize i = 0; i < length; i++) {
        int digit = g_ascii_isupper(text[i]) ? -1 : g_ascii_xdigit_value(text[i]);

        if (digit < 0)
            return false;
        key[i / 2] = (guint8)(i % 2 == 0 ? digit << 4 : key[i / 2] | digit);
    }
    return true;
}

typedef struct {
    GArray *comments, *events; /* MpFsckComment, by number */
} Received;

static MpFsckComment *
find_number(GArray *all, guint64 number)
{
    guint low = 0, high = all->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;

        if (g_array_index(all, MpFsckComment, middle).number < number)
            low = middle + 1;
        else
            high = middle;
    }
    MpFsckComment *found = low < all->len ? &g_array_index(all, MpFsckComment, low) : NULL;
    return found != NULL && found->number == number ? found : NULL;
}

/* The KEY of a change of state has the number 0, as that of the opening post has. */
static void
check_number(Fsck *fsck, const char *path, const guint8 key[16], guint64 number, bool is_event,
             gpointer user_data)
{
    const Received *all = user_data;
    MpFsckComment *comment = find_number(is_event ? all->events : all->comments, number);
    const char *what = is_event ? "event" : "comment";

    gsize known =
        comment != NULL && comment->is_redacted ? MP_MARK_DIGITS / 2 : sizeof comment->key;

    fsck->counts->keys++;
    if (comment != NULL && comment->has_key && memcmp(comment->key, key, known) == 0)
        comment->is_received = true;
    else if (number > 0 && comment == NULL)
        mp_fsck_tell(
            fsck, "stale-key", path,
            g_strdup_printf(
                "restore the %s, or git rm this file: then its mail can be posted again", what),
            "%s %" G_GUINT64_FORMAT " is not there", what, number);
    else if (number > 0 && comment->has_key)
        mp_fsck_tell(fsck, "stale-key", path,
                     g_strdup_printf("git rm it, unless the record of the %s is wrong", what),
                     "%s %" G_GUINT64_FORMAT " has another KEY", what, number);
}

static void
check_name(Keys *keys, const char *path, const char *name, const char *prefix, const char *previous)
{
    const char *dot = strchr(name, '.');
    bool is_event = dot != NULL && dot[1] == 'e';
    guint8 key[16];
    guint64 number;

    if (dot == NULL || !mp_fsck_parse_key(name, (gsize)(dot - name), key) ||
        !g_ascii_string_to_unsigned(dot + 1 + is_event, 10, is_event, G_MAXUINT64, &number, NULL)) {
        mp_fsck_tell(keys->fsck, "malformed", path,
                     g_strdup_printf("git mv it out of %s/", keys->root),
                     "not of the form KEY.NUMBER or KEY.eNUMBER");
        return;
    }
    if (!g_str_has_prefix(name, prefix))
        mp_fsck_tell(keys->fsck, "misplaced", path,
                     g_strdup("git mv it to the page that is named by its first digits"),
                     "nobody looks for this KEY in this page");
    if (previous != NULL && strncmp(previous, name, (gsize)(dot - name) + 1) == 0)
        mp_fsck_tell(keys->fsck, "twice", path,
                     g_strdup("git rm the one whose number has another KEY in its mail file"),
                     "the KEY has two numbers");
    keys->visit(keys->fsck, path, key, number, is_event, keys->user_data);
}

static void
check_shape(Keys *keys, const char *path, const char *prefix, guint n_files, guint n_directories,
            guint64 n_below)
{
    g_autofree char *remedy = g_strdup("move the files in a clone so that pages of at most 16 KEYs "
                                       "remain (tracker(5)), commit and push");

    if (n_files > 0 && n_directories > 0)
        mp_fsck_tell(keys->fsck, "page", path, g_steal_pointer(&remedy),
                     "KEYs and pages in one directory: some KEYs are not found");
    else if (n_files > PAGE_MAX && strlen(prefix) < KEY_DIGITS)
        mp_fsck_tell(keys->fsck, "page", path, g_steal_pointer(&remedy),
                     "%u KEYs, which should be split", n_files);
    else if (n_directories > 0 && n_below <= PAGE_MAX)
        mp_fsck_tell(keys->fsck, "page", path, g_steal_pointer(&remedy),
                     "split, though it holds only %" G_GUINT64_FORMAT " KEYs", n_below);
}

static bool
is_page_name(const char *name, const char *prefix)
{
    gsize length = strlen(prefix);

    return strlen(name) == length + 1 && g_str_has_prefix(name, prefix) && length < KEY_DIGITS &&
           strchr("0123456789abcdef", name[length]) != NULL;
}

/* How many KEYs are in the page and below. */
static guint64
check_page(Keys *keys, const git_oid *id, const char *path, const char *prefix)
{
    MpTreeNode *root;
    g_autoptr(MpTree) tree = mp_fsck_open(keys->fsck, id, path, &root);
    guint n_files = 0, n_directories = 0;
    guint64 n_below = 0;
    const char *previous = NULL;

    for (guint i = 0; tree != NULL && i < mp_tree_count(root); i++) {
        const char *name = mp_tree_name(root, i);
        g_autofree char *below = g_strconcat(path, "/", name, NULL);

        if (!mp_tree_is_directory(root, i)) {
            check_name(keys, below, name, prefix, previous);
            previous = name;
            n_files++;
        } else if (is_page_name(name, prefix)) {
            n_below += check_page(keys, mp_tree_id(root, i), below, name);
            n_directories++;
        } else {
            mp_fsck_tell(keys->fsck, "page", below,
                         g_strdup("move its KEYs to the pages of their digits"),
                         "not the name of a page of %s", path);
        }
    }
    if (tree != NULL)
        check_shape(keys, path, prefix, n_files, n_directories, n_below + n_files);
    return n_below + n_files;
}

void
mp_fsck_pages(Fsck *fsck, const git_oid *directory, const char *path, MpFsckEntryVisit visit,
              gpointer user_data)
{
    Keys keys = {fsck, path, visit, user_data};

    check_page(&keys, directory, path, "");
}

void
mp_fsck_received(Fsck *fsck, const git_oid *received, const char *path, GArray *comments,
                 GArray *events)
{
    Received all = {comments, events};

    mp_fsck_pages(fsck, received, path, check_number, &all);
}
