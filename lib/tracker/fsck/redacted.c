/* The check of what was redacted: redacted/ of accounts.git, and the comments that it names. */
#include <string.h>

#include "tracker/fsck/internal.h"
#include "tracker/records.h"

static char *
name_of(guint64 thread, guint64 comment)
{
    return g_strdup_printf("%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT, thread, comment);
}

static void
note(Fsck *fsck, const MpRedacted *redacted, const char *path)
{
    g_hash_table_insert(fsck->redacted, name_of(redacted->thread, redacted->comment),
                        g_strdup(path));
    mp_fsck_note_message_id(fsck, 0, redacted->message_id);
}

static void
check_file(Fsck *fsck, MpTree *directory, const char *name, const char *path)
{
    const char *slash = strchr(path, '/');
    g_autofree char *key = g_strdup_printf("%.2s%s", slash + 1, name);
    g_autofree char *text = mp_fsck_text(fsck, directory, name, path);
    g_auto(MpRedacted) redacted = {0};
    g_autoptr(GError) why = NULL;
    guint8 octets[16];

    if (!mp_fsck_parse_key(key, strlen(key), octets))
        mp_fsck_tell(fsck, "malformed", path, g_strdup("git mv it out of redacted/"),
                     "not the name of a KEY");
    else if (text != NULL && !mp_record_parse_redacted(text, path, &redacted, &why))
        mp_fsck_tell_error(fsck, path, &why);
    else if (text != NULL)
        note(fsck, &redacted, path);
}

void
mp_fsck_redacted(Fsck *fsck, const git_oid *id)
{
    MpTreeNode *root;
    g_autoptr(MpTree) tree = mp_fsck_open(fsck, id, "redacted", &root);

    for (guint i = 0; tree != NULL && i < mp_tree_count(root) && fsck->stop == NULL; i++) {
        g_autofree char *path = g_strconcat("redacted/", mp_tree_name(root, i), NULL);
        MpTreeNode *below_root;
        g_autoptr(MpTree) below = mp_tree_is_directory(root, i)
                                      ? mp_fsck_open(fsck, mp_tree_id(root, i), path, &below_root)
                                      : NULL;

        for (guint k = 0; below != NULL && k < mp_tree_count(below_root); k++) {
            const char *name = mp_tree_name(below_root, k);
            g_autofree char *file = g_strconcat(path, "/", name, NULL);

            check_file(fsck, below, name, file);
        }
    }
}

/* A run that died in between left the words; those that are gone were taken out of the table. */
void
mp_fsck_still_there(Fsck *fsck)
{
    GHashTableIter iter;
    gpointer name, path;

    g_hash_table_iter_init(&iter, fsck->redacted);
    while (g_hash_table_iter_next(&iter, &name, &path)) {
        const char *dot = strchr(name, '.');
        g_autofree char *remedy = g_strdup_printf("run: metroplex thread redact %.*s %s",
                                                  (int)(dot - (char *)name), (char *)name, dot + 1);

        mp_fsck_tell(fsck, "not-redacted", path, g_steal_pointer(&remedy),
                     "comment %s of thread %.*s still has its words", dot + 1,
                     (int)(dot - (char *)name), (char *)name);
    }
}

bool
mp_fsck_is_redacted(Fsck *fsck, guint64 thread, guint64 comment)
{
    g_autofree char *name = name_of(thread, comment);

    return g_hash_table_remove(fsck->redacted, name);
}
