/* The check of message-ids/: each mail's Message-ID finds a thread that has it. */
#include <string.h>

#include "tracker/fsck/internal.h"

#define INDEX "message-ids"

void
mp_fsck_note_message_id(Fsck *fsck, guint64 thread, const char *message_id)
{
    MpFsckMessageId noted = {.thread = (guint32)thread};

    if (!mp_message_id_is_indexed(message_id, fsck->store->hostname))
        return;
    g_autofree char *digits = mp_message_id_digits(message_id);
    mp_fsck_parse_key(digits, strlen(digits), noted.digits);
    g_array_append_val(fsck->message_ids, noted);
}

static int
by_digits(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof((MpFsckMessageId *)NULL)->digits);
}

static int
by_digits_and_thread(gconstpointer a, gconstpointer b)
{
    guint32 x = ((const MpFsckMessageId *)a)->thread, y = ((const MpFsckMessageId *)b)->thread;
    int order = by_digits(a, b);

    return order != 0 ? order : (x > y) - (x < y);
}

/* The first with these digits, or where it would stand. */
static guint
find_first(const GArray *noted, const guint8 digits[16])
{
    guint low = 0, high = noted->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;

        if (by_digits(&g_array_index(noted, MpFsckMessageId, middle), digits) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A mail may have gone to several threads; the first has it in the index. */
static void
check_entry(Fsck *fsck, const char *path, const guint8 digits[16], guint64 thread, bool is_event,
            gpointer user_data)
{
    GArray *noted = user_data;
    bool has_thread = false;

    for (guint i = find_first(noted, digits); i < noted->len; i++) {
        MpFsckMessageId *one = &g_array_index(noted, MpFsckMessageId, i);

        if (by_digits(one, digits) != 0)
            break;
        one->is_indexed = true;
        has_thread |= one->thread == thread && !is_event;
    }
    if (!has_thread && !fsck->has_unread)
        mp_fsck_tell(fsck, "stale-index", path, g_strdup("git rm it"),
                     "no mail of thread %" G_GUINT64_FORMAT " has this Message-ID", thread);
}

static void
tell_missing(Fsck *fsck, const MpFsckMessageId *noted)
{
    g_autoptr(GString) digits = g_string_new(NULL);
    g_autofree char *thread = mp_path_of_thread(noted->thread);

    for (gsize i = 0; i < sizeof noted->digits; i++)
        g_string_append_printf(digits, "%02x", noted->digits[i]);
    mp_fsck_tell(fsck, "no-index", thread,
                 g_strdup_printf("add an empty file " INDEX "/%s.%" G_GUINT32_FORMAT
                                 " (or in the page of its digits) in a clone, commit and push",
                                 digits->str, noted->thread),
                 "the Message-ID of a mail is not in " INDEX "/: answers to it are not found");
}

void
mp_fsck_message_ids(Fsck *fsck, const git_oid *index)
{
    GArray *noted = fsck->message_ids;

    g_array_sort(noted, by_digits_and_thread);
    if (index != NULL)
        mp_fsck_pages(fsck, index, INDEX, check_entry, noted);
    for (guint i = 0; i < noted->len && fsck->stop == NULL; i++) {
        const MpFsckMessageId *one = &g_array_index(noted, MpFsckMessageId, i);

        guint first = find_first(noted, one->digits);

        if (!one->is_indexed && g_array_index(noted, MpFsckMessageId, first).thread != 0)
            tell_missing(fsck, one);
    }
}
