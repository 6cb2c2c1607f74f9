/* Reading and compacting the ledger's file; see ledger.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "ledger/internal.h"

static void
clear_line(gpointer line)
{
    g_free(((MpLedgerLine *)line)->name);
}

/* "2026-01-31T12", or "-". */
static bool
parse_hour(const char *text, gint64 *hour)
{
    g_autofree char *whole = g_strconcat(text, ":00:00Z", NULL);
    g_autoptr(GDateTime) date = NULL;

    if (strcmp(text, "-") == 0) {
        *hour = G_MININT64;
        return true;
    }
    if (strlen(text) != strlen("2026-01-31T12") ||
        (date = g_date_time_new_from_iso8601(whole, NULL)) == NULL)
        return false;
    *hour = g_date_time_to_unix(date);
    return true;
}

static bool
parse_line(char *text, MpLedgerLine *line)
{
    char *name = strchr(text, '\t'), *count = name != NULL ? strchr(name + 1, '\t') : NULL;

    if (count == NULL)
        return false;
    *name++ = *count++ = '\0';
    if (*name == '\0' ||
        !g_ascii_string_to_unsigned(count, 10, 0, G_MAXUINT64, &line->count, NULL) ||
        !parse_hour(text, &line->hour))
        return false;
    line->name = g_strdup(name);
    return true;
}

/* There may be zeros in it, where a power cut came before what was added was written. */
static GArray *
parse_all(char *text, gsize length)
{
    GArray *lines = g_array_new(FALSE, FALSE, sizeof(MpLedgerLine));
    const char *text_end = text + length;

    g_array_set_clear_func(lines, clear_line);
    for (char *end; (end = memchr(text, '\n', (gsize)(text_end - text))) != NULL; text = end + 1) {
        MpLedgerLine line;

        *end = '\0';
        if (strlen(text) == (gsize)(end - text) && parse_line(text, &line))
            g_array_append_val(lines, line);
    }
    return lines;
}

bool
mp_ledger_read(const char *data, GArray **lines, GError **error)
{
    g_autofree char *directory = mp_ledger_directory(data);
    g_auto(MpFd) fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    g_autofree char *text = NULL;
    g_autoptr(GError) why = NULL;
    gsize length;

    if (fd < 0 && errno != ENOENT)
        return mp_fail_errno(error, "cannot open %s", directory);
    if (fd < 0 || (faccessat(fd, LEDGER_FILE, F_OK, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)) {
        *lines = parse_all((char[]){""}, 0);
        return true;
    }
    if (!mp_read_file(fd, LEDGER_FILE, LEDGER_MAX, &text, &length, &why)) {
        g_propagate_prefixed_error(error, g_steal_pointer(&why), "%s: ", directory);
        return false;
    }
    *lines = parse_all(text, length);
    return true;
}

static int
compare_lines(gconstpointer a, gconstpointer b)
{
    const MpLedgerLine *one = a, *other = b;

    if (one->hour != other->hour)
        return one->hour < other->hour ? -1 : 1;
    return strcmp(one->name, other->name);
}

/* The lines sorted and added up; returns how many are left. */
static guint
join(GArray *lines, gint64 keep_from, GString *text)
{
    guint left = 0;

    for (guint i = 0; i < lines->len; i++) {
        MpLedgerLine *line = &g_array_index(lines, MpLedgerLine, i);

        if (line->hour < keep_from)
            line->hour = G_MININT64;
    }
    g_array_sort(lines, compare_lines);
    for (guint i = 0, next; i < lines->len; i = next, left++) {
        MpLedgerLine *line = &g_array_index(lines, MpLedgerLine, i);

        for (next = i + 1; next < lines->len; next++) {
            const MpLedgerLine *other = &g_array_index(lines, MpLedgerLine, next);

            if (compare_lines(line, other) != 0)
                break;
            line->count += other->count;
        }
        mp_ledger_print(text, line->hour, line->name, line->count);
    }
    return left;
}

bool
mp_ledger_compact(const char *data, gint64 keep_from, guint *saved, GError **error)
{
    g_autofree char *directory = mp_ledger_directory(data);
    g_autoptr(MpLock) lock = mp_ledger_lock(directory, error);
    g_autoptr(GArray) lines = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    guint left;

    if (lock == NULL || !mp_ledger_read(data, &lines, error))
        return false;
    left = join(lines, keep_from, text);
    if (saved != NULL)
        *saved = lines->len - left;
    if (left == lines->len)
        return true;
    g_auto(MpFd) fd = mp_open_directory(directory, error);
    return fd >= 0 && mp_write_file(fd, LEDGER_FILE, text->str, text->len, 0640, true, error);
}
