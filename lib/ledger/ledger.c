/* Counting: in memory, then as lines at the end of the file; see ledger.h. */
#include "ledger/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include "ledger/internal.h"

#define FIRST_BOUND 0.01 /* seconds */
#define PER_DOUBLE  4
#define LONGEST     1e9 /* seconds, in the sum: thirty years */

struct MpLedger {
    char *directory;
    GHashTable *counts; /* char * to guint64 * */
    GMutex mutex;       /* of the counts */
    bool is_warned;
};

char *
mp_ledger_directory(const char *data)
{
    return g_build_filename(data, "ledger", NULL);
}

MpLedger *
mp_ledger_new(const char *data)
{
    MpLedger *ledger = g_new0(MpLedger, 1);

    ledger->directory = mp_ledger_directory(data);
    ledger->counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_mutex_init(&ledger->mutex);
    return ledger;
}

void
mp_ledger_free(MpLedger *ledger)
{
    if (ledger == NULL)
        return;
    g_mutex_clear(&ledger->mutex);
    g_hash_table_unref(ledger->counts);
    g_free(ledger->directory);
    g_free(ledger);
}

void
mp_ledger_count(MpLedger *ledger, const char *group, const char *name, guint64 n)
{
    char *key = g_strconcat(group, ".", name, NULL);

    g_mutex_lock(&ledger->mutex);
    guint64 *count = g_hash_table_lookup(ledger->counts, key);
    if (count == NULL) {
        count = g_new0(guint64, 1);
        g_hash_table_insert(ledger->counts, g_steal_pointer(&key), count);
    }
    *count += n;
    g_mutex_unlock(&ledger->mutex);
    g_free(key);
}

double
mp_ledger_bound(guint bucket)
{
    static const double quarters[PER_DOUBLE] = {1, 1.189207115, 1.414213562, 1.681792831};

    if (bucket >= MP_LEDGER_BUCKETS - 1)
        return INFINITY;
    return ldexp(FIRST_BOUND * quarters[bucket % PER_DOUBLE], (int)(bucket / PER_DOUBLE));
}

void
mp_ledger_time(MpLedger *ledger, const char *name, double seconds)
{
    char number[16];
    guint bucket = 0;

    while (seconds > mp_ledger_bound(bucket)) /* a clock that was set back counts as no time */
        bucket++;
    g_snprintf(number, sizeof number, "%u", bucket);
    mp_ledger_count(ledger, name, number, 1);
    mp_ledger_count(ledger, name, MP_LEDGER_SUM, (guint64)(CLAMP(seconds, 0, LONGEST) * 1000));
}

MpLock *
mp_ledger_lock(const char *directory, GError **error)
{
    g_autofree char *path = g_build_filename(directory, "lock", NULL);

    return mp_make_directories(directory, 0750, NULL, error)
               ? mp_lock_take(path, MP_LOCK_WAIT, error)
               : NULL;
}

void
mp_ledger_print(GString *text, gint64 hour, const char *name, guint64 count)
{
    g_autoptr(GDateTime) date = hour != G_MININT64 ? g_date_time_new_from_unix_utc(hour) : NULL;
    g_autofree char *shown = date != NULL ? g_date_time_format(date, "%Y-%m-%dT%H") : g_strdup("-");

    g_string_append_printf(text, "%s\t%s\t%" G_GUINT64_FORMAT "\n", shown, name, count);
}

/* True if the file, of this size, ends within a line, which a torn write leaves. */
static bool
ends_torn(int file, off_t size)
{
    char last;

    return size > 0 && pread(file, &last, 1, size - 1) == 1 && last != '\n';
}

/* All of it or none: what is added later must not be there in part already. */
static bool
write_or_take_back(int file, off_t size, const GString *text, GError **error)
{
    if (mp_write_all(file, text->str, text->len, error))
        return true;
    if (ftruncate(file, size) != 0)
        g_prefix_error(error, "(a part of it is there: %s) ", g_strerror(errno));
    return false;
}

static bool
append(const char *directory, GString *text, GError **error)
{
    g_autofree char *path = g_build_filename(directory, LEDGER_FILE, NULL);
    g_autoptr(MpLock) lock = mp_ledger_lock(directory, error);
    g_auto(MpFd) file = -1;
    struct stat st;

    if (lock == NULL)
        return false;
    file = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (file < 0 || fstat(file, &st) < 0)
        return mp_fail_errno(error, "cannot open %s", path);
    if (ends_torn(file, st.st_size)) /* a fourth field: no line, whatever it says */
        g_string_prepend(text, "\t?\n");
    return write_or_take_back(file, st.st_size, text, error);
}

bool
mp_ledger_add(MpLedger *ledger, gint64 now, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    GHashTableIter iter;
    gpointer name, count;
    bool is_added = true;

    g_mutex_lock(&ledger->mutex);
    g_hash_table_iter_init(&iter, ledger->counts);
    while (g_hash_table_iter_next(&iter, &name, &count))
        mp_ledger_print(text, now, name, *(guint64 *)count);
    if (text->len > 0)
        is_added = append(ledger->directory, text, error);
    if (is_added)
        g_hash_table_remove_all(ledger->counts);
    g_mutex_unlock(&ledger->mutex);
    return is_added;
}

void
mp_ledger_add_or_warn(MpLedger *ledger)
{
    g_autoptr(GError) why = NULL;

    if (mp_ledger_add(ledger, mp_time_now(), &why) || ledger->is_warned)
        return;
    ledger->is_warned = true;
    mp_warn("What this run did is not counted: %s", why->message);
}
