/* Comments an hour; see rate.h. */
#include "policy/rate.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

#define WINDOW     3600
#define MOST_LINES 100000 /* of an installation without limits: the oldest are forgotten */
#define SPARE      1000   /* lines that may be old before the file is written anew */
#define LINE_LIMIT 64     /* octets */

typedef struct {
    gint64 when;
    guint64 account, thread;
} Entry;

struct MpRate {
    char *directory, *name;
    GArray *entries;                    /* Entry, of the file, by time */
    GArray *noted;                      /* Entry, not written yet */
    GHashTable *of_account, *of_thread; /* guint64 to GArray of gint64, by time */
    guint lines;                        /* in the file, old ones as well */
    bool is_read, is_torn;
    struct stat seen; /* the file as we left it */
};

static GHashTable *
new_series(void)
{
    return g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
                                 (GDestroyNotify)g_array_unref);
}

MpRate *
mp_rate_new(const char *path)
{
    MpRate *rate = g_new0(MpRate, 1);

    rate->directory = g_path_get_dirname(path);
    rate->name = g_path_get_basename(path);
    rate->entries = g_array_new(FALSE, FALSE, sizeof(Entry));
    rate->noted = g_array_new(FALSE, FALSE, sizeof(Entry));
    rate->of_account = new_series();
    rate->of_thread = new_series();
    return rate;
}

void
mp_rate_free(MpRate *rate)
{
    if (rate == NULL)
        return;
    g_free(rate->directory);
    g_free(rate->name);
    g_array_unref(rate->entries);
    g_array_unref(rate->noted);
    g_hash_table_unref(rate->of_account);
    g_hash_table_unref(rate->of_thread);
    g_free(rate);
}

/* --- Counting --------------------------------------------------------------------------------- */

/* Mostly at the end: mails are taken in the order they came. */
static void
insert_time(GHashTable *series, guint64 id, gint64 when)
{
    GArray *times = g_hash_table_lookup(series, &id);
    guint at;

    if (times == NULL) {
        times = g_array_new(FALSE, FALSE, sizeof(gint64));
        g_hash_table_insert(series, g_memdup2(&id, sizeof id), times);
    }
    for (at = times->len; at > 0 && g_array_index(times, gint64, at - 1) > when;)
        at--;
    g_array_insert_val(times, at, when);
}

static void
add_entry(MpRate *rate, const Entry *entry)
{
    guint at;

    for (at = rate->entries->len;
         at > 0 && g_array_index(rate->entries, Entry, at - 1).when > entry->when;)
        at--;
    g_array_insert_vals(rate->entries, at, entry, 1);
    insert_time(rate->of_account, entry->account, entry->when);
    insert_time(rate->of_thread, entry->thread, entry->when);
}

/* How many of `n` sorted elements, whose time stands first in each, are after `when`. */
static guint
count_after(const char *data, guint n, gsize size, gint64 when)
{
    guint low = 0, high = n;

    while (low < high) {
        guint middle = low + (high - low) / 2;

        if (*(const gint64 *)(gconstpointer)(data + middle * size) <= when)
            low = middle + 1;
        else
            high = middle;
    }
    return n - low;
}

static guint
count_within(const GArray *sorted, gsize size, gint64 when)
{
    if (sorted == NULL)
        return 0;
    return count_after(sorted->data, sorted->len, size, when - WINDOW) -
           count_after(sorted->data, sorted->len, size, when);
}

typedef enum { OF_ACCOUNT, OF_THREAD, OF_ALL } Of;

static guint
count_noted(const MpRate *rate, Of of, guint64 id, gint64 when)
{
    guint n = 0;

    for (guint i = 0; i < rate->noted->len; i++) {
        const Entry *e = &g_array_index(rate->noted, Entry, i);

        n += e->when > when - WINDOW && e->when <= when &&
             (of == OF_ALL || (of == OF_ACCOUNT ? e->account : e->thread) == id);
    }
    return n;
}

/* The threads that one account opened. */
static guint
count_openings(const MpRate *rate, guint64 account, gint64 when)
{
    const GArray *const lists[] = {rate->entries, rate->noted};
    guint n = 0;

    for (gsize k = 0; k < G_N_ELEMENTS(lists); k++)
        for (guint i = 0; i < lists[k]->len; i++) {
            const Entry *e = &g_array_index(lists[k], Entry, i);

            n += e->account == account && e->thread == 0 && e->when > when - WINDOW &&
                 e->when <= when;
        }
    return n;
}

bool
mp_rate_is_over(const MpRate *rate, const MpRateLimits *limits, guint64 account, guint64 thread,
                gint64 when, const char **which)
{
    const struct {
        const char *which;
        int limit;
        guint64 id;
        const GArray *times;
        gsize size;
    } rows[] = {
        [OF_ACCOUNT] = {"the account posted as many comments by mail as an hour may bring",
                        limits->account, account, g_hash_table_lookup(rate->of_account, &account),
                        sizeof(gint64)},
        [OF_THREAD] = {thread == 0 ? "as many threads were opened by mail as an hour may bring"
                                   : "the thread got as many comments by mail as an hour may bring",
                       thread == 0 ? limits->opening : limits->thread, thread,
                       g_hash_table_lookup(rate->of_thread, &thread), sizeof(gint64)},
        [OF_ALL] = {"all threads got as many comments by mail as an hour may bring", limits->total,
                    0, rate->entries, sizeof(Entry)},
    };

    if (thread == 0 && limits->guest_opening > 0 &&
        count_openings(rate, account, when) >= (guint)limits->guest_opening) {
        *which = "the guest opened as many threads by mail as an hour may bring";
        return true;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].limit == 0)
            continue;
        guint n = count_within(rows[i].times, rows[i].size, when) +
                  count_noted(rate, (Of)i, rows[i].id, when);
        if (n >= (guint)rows[i].limit) {
            *which = rows[i].which;
            return true;
        }
    }
    return false;
}

void
mp_rate_note(MpRate *rate, guint64 account, guint64 thread, gint64 when)
{
    const Entry entry = {when, account, thread};

    g_array_append_val(rate->noted, entry);
}

/* --- The file --------------------------------------------------------------------------------- */

static void
forget(MpRate *rate)
{
    g_array_set_size(rate->entries, 0);
    g_hash_table_remove_all(rate->of_account);
    g_hash_table_remove_all(rate->of_thread);
    rate->lines = 0;
    rate->is_torn = false;
}

/* A line older than an hour counts no more; a time to come is a clock that went wrong. */
static void
take_line(MpRate *rate, const char *line, gint64 now)
{
    char *end;
    Entry entry;

    rate->lines++;
    entry.when = g_ascii_strtoll(line, &end, 10);
    entry.account = g_ascii_strtoull(end, &end, 10);
    entry.thread = g_ascii_strtoull(end, &end, 10);
    if (*end == '\0' && entry.when > now - WINDOW && entry.when <= now + 60 && entry.account > 0)
        add_entry(rate, &entry);
}

static void
take_text(MpRate *rate, char *text, gsize length)
{
    gint64 now = (gint64)time(NULL);
    char *line = text, *end;

    for (; (end = memchr(line, '\n', length - (gsize)(line - text))) != NULL; line = end + 1) {
        *end = '\0';
        take_line(rate, line, now);
    }
    rate->is_torn = line < text + length;
}

static bool
is_as_we_left_it(const MpRate *rate, const struct stat *st)
{
    return rate->is_read && st->st_ino == rate->seen.st_ino && st->st_size == rate->seen.st_size &&
           st->st_mtim.tv_sec == rate->seen.st_mtim.tv_sec &&
           st->st_mtim.tv_nsec == rate->seen.st_mtim.tv_nsec;
}

void
mp_rate_begin(MpRate *rate)
{
    g_autofree char *path = g_build_filename(rate->directory, rate->name, NULL), *text = NULL;
    g_autoptr(GError) why = NULL;
    struct stat st;
    gsize length;

    g_array_set_size(rate->noted, 0);
    if (lstat(path, &st) < 0) {
        if (rate->is_read && errno == ENOENT && rate->lines == 0)
            return;
        forget(rate);
        rate->is_read = true;
        memset(&rate->seen, 0, sizeof rate->seen);
        if (errno != ENOENT)
            mp_warn("cannot look at %s: %s", path, g_strerror(errno));
        return;
    }
    if (is_as_we_left_it(rate, &st))
        return;
    forget(rate);
    rate->is_read = true;
    rate->seen = st;
    if (mp_read_file(AT_FDCWD, path, (gsize)MOST_LINES * LINE_LIMIT * 2, &text, &length, &why))
        take_text(rate, text, length);
    else {
        mp_warn("Comments are counted from nothing again: %s", why->message);
        rate->is_torn = true;
    }
}

static void
append_entries(GString *text, const GArray *entries)
{
    for (guint i = 0; i < entries->len; i++) {
        const Entry *e = &g_array_index(entries, Entry, i);

        g_string_append_printf(text,
                               "%" G_GINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n",
                               e->when, e->account, e->thread);
    }
}

static void
drop_old(MpRate *rate)
{
    gint64 now = (gint64)time(NULL);
    guint live = count_after(rate->entries->data, rate->entries->len, sizeof(Entry), now - WINDOW);

    live = MIN(live, MOST_LINES);
    g_autofree Entry *kept = g_memdup2(
        &g_array_index(rate->entries, Entry, rate->entries->len - live), live * sizeof(Entry));
    forget(rate);
    for (guint i = 0; i < live; i++)
        add_entry(rate, &kept[i]);
}

static bool
write_anew(MpRate *rate, int directory, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);

    drop_old(rate);
    append_entries(text, rate->entries);
    rate->lines = rate->entries->len;
    return mp_write_file(directory, rate->name, text->str, text->len, 0640, false, error);
}

/* One write(2): a kill leaves it whole or undone. */
static bool
append(MpRate *rate, int directory, const char *bytes, gsize length, GError **error)
{
    g_auto(MpFd) fd =
        openat(directory, rate->name,
               O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);

    if (fd < 0)
        return mp_fail_errno(error, "cannot open %s", rate->name);
    return mp_write_all(fd, bytes, length, error);
}

bool
mp_rate_write(MpRate *rate, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    bool good;

    if (rate->noted->len == 0)
        return true;
    g_auto(MpFd) directory = mp_open_directory(rate->directory, error);
    if (directory < 0)
        return false;
    append_entries(text, rate->noted);
    rate->lines += rate->noted->len;
    for (guint i = 0; i < rate->noted->len; i++)
        add_entry(rate, &g_array_index(rate->noted, Entry, i));
    g_array_set_size(rate->noted, 0);
    bool is_stale = rate->is_torn || rate->lines > MOST_LINES ||
                    rate->lines > 2 * count_after(rate->entries->data, rate->entries->len,
                                                  sizeof(Entry), (gint64)time(NULL) - WINDOW) +
                                      SPARE;
    good = is_stale ? write_anew(rate, directory, error)
                    : append(rate, directory, text->str, text->len, error);
    if (fstatat(directory, rate->name, &rate->seen, AT_SYMLINK_NOFOLLOW) < 0 || !good)
        rate->is_read = false;
    return good;
}
