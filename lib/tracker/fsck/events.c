/* The check of a thread's events/: each in its place, its record, no number left out. */
#include <string.h>

#include "tracker/fsck/internal.h"
#include "tracker/records.h"

#define NUMBER_MAX G_GUINT64_CONSTANT(9999999999)

#define RESTORE "restore it from the history: git log -- PATH"

typedef struct {
    Fsck *fsck;
    const char *path; /* of events/ */
    GArray *events;   /* MpFsckComment */
} Events;

static void
check_record(Events *events, MpTree *tree, const char *name, guint64 number, const char *path)
{
    MpFsckComment found = {.number = number};
    g_autofree char *text = mp_fsck_text(events->fsck, tree, name, path);
    g_autoptr(GError) why = NULL;
    g_autoptr(MpThreadEvent) event =
        text != NULL ? mp_record_parse_event(text, path, number, &why) : NULL;

    if (why != NULL)
        mp_fsck_tell_error(events->fsck, path, &why);
    if (event != NULL) {
        found.has_key = mp_fsck_parse_key(event->key, strlen(event->key), found.key);
        if (!found.has_key)
            mp_fsck_tell(events->fsck, "malformed", path,
                         g_strdup("write the KEY that received/ has for this event"),
                         "[event] key: not 32 hexadecimal digits");
        if (event->author != 0 && !mp_fsck_has_user(events->fsck, event->author))
            mp_fsck_tell(
                events->fsck, "no-user", path,
                g_strdup("restore the account in accounts.git, or write another id and login"),
                "account %" G_GUINT64_FORMAT ", who did it, does not exist", event->author);
    }
    g_array_append_val(events->events, found);
}

static void
check_page(Events *events, const git_oid *id, const char *path, int depth)
{
    MpTreeNode *root;
    g_autoptr(MpTree) tree = mp_fsck_open(events->fsck, id, path, &root);

    for (guint i = 0; tree != NULL && i < mp_tree_count(root) && events->fsck->stop == NULL; i++) {
        const char *name = mp_tree_name(root, i);
        g_autofree char *below = g_strconcat(path, "/", name, NULL);
        guint64 number;

        if (mp_tree_is_directory(root, i) && strchr(name, '-') != NULL && depth < 8) {
            check_page(events, mp_tree_id(root, i), below, depth + 1);
            continue;
        }
        bool is_number = !mp_tree_is_directory(root, i) &&
                         g_ascii_string_to_unsigned(name, 10, 1, NUMBER_MAX, &number, NULL);
        g_autofree char *right = is_number ? mp_path_of_comment(number) : NULL;
        if (!is_number || strcmp(right, below + strlen(events->path) + 1) != 0)
            mp_fsck_tell(events->fsck, "misplaced", below, g_strdup("git mv it to its place"),
                         "nobody looks for an event here");
        if (is_number)
            check_record(events, tree, name, number, below);
    }
}

static int
by_number(gconstpointer a, gconstpointer b)
{
    guint64 x = ((const MpFsckComment *)a)->number, y = ((const MpFsckComment *)b)->number;

    return (x > y) - (x < y);
}

void
mp_fsck_events(Fsck *fsck, const git_oid *id, const char *path, GArray *found)
{
    Events events = {fsck, path, found};

    check_page(&events, id, path, 0);
    g_array_sort(found, by_number);
    for (guint i = 0; i < found->len; i++) {
        guint64 number = g_array_index(found, MpFsckComment, i).number;

        if (number != (i > 0 ? g_array_index(found, MpFsckComment, i - 1).number : 0) + 1)
            mp_fsck_tell(fsck, "gap", path, g_strdup(RESTORE),
                         "there is no event before number %" G_GUINT64_FORMAT, number);
    }
}

void
mp_fsck_event_keys(Fsck *fsck, const char *path, const GArray *found)
{
    for (guint i = 0; i < found->len; i++) {
        const MpFsckComment *event = &g_array_index(found, MpFsckComment, i);

        if (event->has_key && !event->is_received)
            mp_fsck_tell(fsck, "no-key", path,
                         g_strdup_printf("add an empty file received/KEY.e%" G_GUINT64_FORMAT
                                         " (or in the page of its digits) in a clone, commit and "
                                         "push",
                                         event->number),
                         "the KEY of event %" G_GUINT64_FORMAT
                         " is not in received/: its mail waits for ever",
                         event->number);
    }
}
