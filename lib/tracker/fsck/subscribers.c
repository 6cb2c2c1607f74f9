/* The check of who is told of a thread: accounts that exist, each once, in the page of its digits,
 * and pages split as their number says. */
#include <string.h>

#include "tracker/records.h"
#include "tracker/subscribers.h"
#include "tracker/fsck/internal.h"

#define MANY  (MP_SUBSCRIBERS_PAGE + 1)
#define LINES "move the lines in a clone to pages of at most 100 (tracker(5)), commit and push"
#define JOIN  "put the lines in a clone into one file of that name, commit and push"

typedef struct {
    Fsck *fsck;
    GHashTable *seen; /* ids, each as a pointer's value */
} Subscribers;

/* The digits that a page is named by, "" for that of all. */
static const char *
digits_of(const char *name)
{
    return g_ascii_isdigit(*name) ? name : "";
}

static void
check_line(const Subscribers *s, guint64 user, const char *name, const char *path)
{
    char page[MP_SUBSCRIBERS_NAME];

    mp_subscribers_page_name(page, user, (guint)strlen(digits_of(name)));
    if (strcmp(page, name) != 0)
        mp_fsck_tell(s->fsck, "misplaced", path,
                     g_strdup("move its line to the page that is named by its last digits"),
                     "nobody looks for account %" G_GUINT64_FORMAT " in this page", user);
    if (!mp_fsck_has_user(s->fsck, user))
        mp_fsck_tell(s->fsck, "no-user", path,
                     g_strdup_printf("remove the line of %" G_GUINT64_FORMAT
                                     " in a clone, commit and push",
                                     user),
                     "account %" G_GUINT64_FORMAT " does not exist", user);
    if (!g_hash_table_add(s->seen, GSIZE_TO_POINTER(user)))
        mp_fsck_tell(s->fsck, "twice", path, g_strdup("keep one of the lines"),
                     "account %" G_GUINT64_FORMAT " has two lines", user);
}

/* How many lines it has; where that cannot be told, as if they were many. */
static guint
check_file(const Subscribers *s, MpTree *tree, const char *name, const char *path)
{
    g_autofree char *text = mp_fsck_text(s->fsck, tree, name, path);
    g_autoptr(GError) why = NULL;
    g_autoptr(GPtrArray) lines =
        text != NULL ? mp_record_parse_subscribers(text, path, &why) : NULL;

    if (why != NULL)
        mp_fsck_tell_error(s->fsck, path, &why);
    if (lines == NULL)
        return MANY;
    for (guint i = 0; i < lines->len; i++)
        check_line(s, ((MpSubscriber *)lines->pdata[i])->user, name, path);
    if (lines->len > MP_SUBSCRIBERS_PAGE && strlen(digits_of(name)) < MP_SUBSCRIBERS_DIGITS)
        mp_fsck_tell(s->fsck, "page", path, g_strdup(LINES), "%u lines, which should be split",
                     lines->len);
    return lines->len;
}

/* How many lines the pages have. */
static guint64
check_pages(const Subscribers *s, const git_oid *id, const char *name, const char *path)
{
    MpTreeNode *root;
    g_autoptr(MpTree) tree = mp_fsck_open(s->fsck, id, path, &root);
    guint64 n = tree != NULL ? 0 : MANY;

    for (guint i = 0; tree != NULL && i < mp_tree_count(root); i++) {
        const char *page = mp_tree_name(root, i);
        g_autofree char *below = g_strconcat(path, "/", page, NULL);

        if (!mp_subscribers_is_page_name(page, name))
            mp_fsck_tell(s->fsck, "page", below,
                         g_strdup("move its lines to the pages of their digits"),
                         "not the name of a page of %s", path);
        else if (mp_tree_is_directory(root, i))
            n += check_pages(s, mp_tree_id(root, i), page, below);
        else
            n += check_file(s, tree, page, below);
    }
    if (n <= MP_SUBSCRIBERS_PAGE)
        mp_fsck_tell(s->fsck, "page", path, g_strdup(JOIN),
                     "split, though it holds only %" G_GUINT64_FORMAT " lines", n);
    return n;
}

void
mp_fsck_subscribers(Fsck *fsck, MpTree *tree, const char *directory)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    g_autofree char *path = g_strconcat(directory, "/" MP_SUBSCRIBERS, NULL);
    const Subscribers s = {fsck, seen};
    g_autoptr(GError) why = NULL;
    MpTreeNode *root;

    if (!mp_tree_directory(tree, NULL, "", &root, &why))
        return mp_fsck_tell_error(fsck, path, &why);
    for (guint i = 0; i < mp_tree_count(root); i++)
        if (strcmp(mp_tree_name(root, i), MP_SUBSCRIBERS) == 0) {
            if (mp_tree_is_directory(root, i))
                check_pages(&s, mp_tree_id(root, i), MP_SUBSCRIBERS, path);
            else
                check_file(&s, tree, MP_SUBSCRIBERS, path);
        }
}
