/* The files of outcomes, read and cut; see kept.h. They are written by outcomes.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/file.h"
#include "base/time.h"
#include "maildir/kept.h"

#define TIME_MAX  G_GINT64_CONSTANT(253402300799) /* the end of 9999: a name has four digits */
#define TEMPORARY "outcomes.tmp"
#define CHUNK     262144 /* octets that are read at a time: some thousand lines */

/* --- Which there are -------------------------------------------------------------------------- */

char *
mp_outcomes_name(gint64 time)
{
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(CLAMP(time, 0, TIME_MAX));

    return g_date_time_format(date, "outcomes-%Y-%m.tsv");
}

static bool
is_name(const char *name)
{
    static const char form[] = "outcomes-0000-00.tsv";

    for (gsize i = 0; i < sizeof form; i++)
        if (form[i] == '0' ? !g_ascii_isdigit(name[i]) : name[i] != form[i])
            return false;
    return true;
}

char *
mp_outcomes_path(const char *data, const char *name)
{
    return g_build_filename(data, "incoming-mail", name, NULL);
}

static bool
is_one(const struct dirent *entry, gpointer user_data)
{
    return is_name(entry->d_name) && strcmp(entry->d_name, user_data) >= 0;
}

static int
by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

GPtrArray *
mp_outcomes_files(const char *data, gint64 since, GError **error)
{
    g_autofree char *path = mp_outcomes_path(data, NULL), *first = mp_outcomes_name(since);
    GPtrArray *names = mp_list_directory(path, is_one, first, error);

    if (names != NULL)
        g_ptr_array_sort(names, by_name); /* which is by time */
    return names;
}

static int
open_incoming(const char *data, GError **error)
{
    g_autofree char *path = mp_outcomes_path(data, NULL);

    return mp_open_directory(path, error);
}

/* False, with what was wrong with one of the files, if something was. */
static bool
name_it(const char *name, GError **why, GError **error)
{
    if (*why == NULL)
        return true;
    g_propagate_prefixed_error(error, g_steal_pointer(why), "incoming-mail/%s: ", name);
    return false;
}

/* -1 without an error if it is gone. */
static int
open_one(int directory, const char *name, GError **error)
{
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0 && errno != ENOENT)
        mp_fail_errno(error, "cannot open it");
    return fd;
}

/* --- Reading ---------------------------------------------------------------------------------- */

typedef struct {
    const GPtrArray *words, *ids; /* the latter begin with "<"; words NULL: all lines */
    MpOutcomesTell tell;
    gpointer user_data;
} Reading;

/* A line with its newline, in whose place comes its end. */
static void
take_line(const Reading *reading, char *line, gsize length)
{
    line[length - 1] = '\0';
    if (strlen(line) != length - 1) /* the zeros of a power cut */
        return;
    g_auto(GStrv) fields = g_strsplit(line, "\t", -1);
    if (g_strv_length(fields) == MP_OUTCOMES_FIELDS)
        reading->tell((const char *const *)fields, reading->user_data);
}

static void
take_all(const Reading *reading, char *text, char *end)
{
    while (text < end) {
        char *next = (char *)memchr(text, '\n', (gsize)(end - text)) + 1;

        take_line(reading, text, (gsize)(next - text));
        text = next;
    }
}

static bool
is_at(const GPtrArray *ids, const char *text)
{
    for (guint i = 0; i < ids->len; i++) {
        const char *id = ids->pdata[i];

        /* none reads over the end of a line, or, "<" being no end, the zero behind the last one */
        if (text[1] == id[1] && text[2] == id[2] && g_str_has_prefix(text, id))
            return true;
    }
    return false;
}

/* Message-IDs begin with what is rare in a line: all of them are looked for in one go. */
static char *
find_id(const GPtrArray *ids, char *text, char *end)
{
    while (ids->len > 0 && (text = memchr(text, '<', (gsize)(end - text))) != NULL) {
        if (is_at(ids, text))
            return text;
        text++;
    }
    return end;
}

static char *
find_word(const char *word, char *text, char *end)
{
    char *at = memmem(text, (gsize)(end - text), word, strlen(word));

    return at != NULL ? at : end;
}

/* Where the next word begins. `found` has that of each, as far as it was looked for, and of all
 * Message-IDs together at its end. */
static char *
next_word(const Reading *reading, char **found, char *text, char *end)
{
    char *first = end;

    for (guint i = 0; i <= reading->words->len; i++) {
        if (found[i] < text)
            found[i] = i == reading->words->len ? find_id(reading->ids, text, end)
                                                : find_word(reading->words->pdata[i], text, end);
        first = MIN(first, found[i]);
    }
    return first;
}

/* Those with one of the words: there may be a million of them, and few are split into fields. */
static void
take_some(const Reading *reading, char *text, char *end)
{
    g_autofree char **found = g_new0(char *, reading->words->len + 1);
    char *at;

    while ((at = next_word(reading, found, text, end)) < end) {
        char *before = memrchr(text, '\n', (gsize)(at - text));
        char *line = before != NULL ? before + 1 : text;

        text = (char *)memchr(at, '\n', (gsize)(end - at)) + 1;
        take_line(reading, line, (gsize)(text - line));
    }
}

/* Whole lines, up to `end`. */
static void
take(const Reading *reading, char *text, char *end)
{
    if (reading->words == NULL)
        take_all(reading, text, end);
    else
        take_some(reading, text, end);
}

static bool
read_lines(const Reading *reading, int fd, GError **error)
{
    g_autoptr(GString) buffer = g_string_new(NULL);
    gsize kept = 0; /* octets of a line that has no end yet: torn if none comes */
    ssize_t n;

    for (;;) {
        g_string_set_size(buffer, kept + CHUNK);
        while ((n = read(fd, buffer->str + kept, CHUNK)) < 0 && errno == EINTR)
            ;
        if (n <= 0)
            return n == 0 || mp_fail_errno(error, "cannot read it");
        char *end = buffer->str + kept + n;
        char *newline = memrchr(buffer->str + kept, '\n', (gsize)n);
        char *rest = newline != NULL ? newline + 1 : buffer->str;
        take(reading, buffer->str, rest);
        kept = (gsize)(end - rest);
        memmove(buffer->str, rest, kept);
    }
}

bool
mp_outcomes_read(const char *data, const char *name, const GPtrArray *words, MpOutcomesTell tell,
                 gpointer user_data, GError **error)
{
    g_autoptr(GPtrArray) others = words != NULL ? g_ptr_array_new() : NULL, ids = g_ptr_array_new();
    const Reading reading = {others, ids, tell, user_data};
    g_auto(MpFd) directory = open_incoming(data, error);
    g_autoptr(GError) why = NULL;
    g_auto(MpFd) fd = directory >= 0 ? open_one(directory, name, &why) : -1;

    if (directory < 0)
        return false;
    for (guint i = 0; words != NULL && i < words->len; i++)
        g_ptr_array_add(*(char *)words->pdata[i] == '<' ? ids : others, words->pdata[i]);
    if (fd >= 0)
        (void)read_lines(&reading, fd, &why);
    return name_it(name, &why, error);
}

bool
mp_outcomes_foreach(const char *data, MpOutcomesTell tell, gpointer user_data, GError **error)
{
    g_autoptr(GPtrArray) names = mp_outcomes_files(data, 0, error);

    for (guint i = 0; names != NULL && i < names->len; i++)
        if (!mp_outcomes_read(data, names->pdata[i], NULL, tell, user_data, error))
            return false;
    return names != NULL;
}

/* --- Cutting --------------------------------------------------------------------------------- */

typedef struct {
    int directory;
    const char *when; /* as a line begins: what is before it goes */
    bool is_dry_run;
    guint64 n; /* lines */
} Cut;

/* Reads over the lines of before `when`, as dates compare as text; NULL: over all. Returns where
 * the first later one begins. A last line without its end stays. */
static off_t
skip_lines(FILE *file, const char *when, guint64 *n)
{
    g_autofree char *line = NULL;
    size_t size = 0;
    ssize_t length;
    off_t start = 0;

    while ((length = getline(&line, &size, file)) > 0 && line[length - 1] == '\n') {
        if (when != NULL && strncmp(line, when, strlen(when)) >= 0 && g_ascii_isdigit(line[0]))
            break;
        start += length;
        ++*n;
    }
    return start;
}

static bool
copy_rest(int from, off_t start, int to, GError **error)
{
    char buffer[65536];
    ssize_t n;

    while ((n = pread(from, buffer, sizeof buffer, start)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mp_fail_errno(error, "cannot read it");
        if (!mp_write_all(to, buffer, (gsize)n, error))
            return false;
        start += n;
    }
    return fsync(to) == 0 || mp_fail_errno(error, "cannot sync " TEMPORARY);
}

/* The file from there on takes its place, whole or not at all. */
static bool
replace(int directory, const char *name, int from, off_t start, GError **error)
{
    g_auto(MpFd) to =
        openat(directory, TEMPORARY, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);

    if (to < 0)
        return mp_fail_errno(error, "cannot make " TEMPORARY);
    if (!copy_rest(from, start, to, error)) {
        unlinkat(directory, TEMPORARY, 0); /* the disk may be full */
        return false;
    }
    return renameat(directory, TEMPORARY, directory, name) == 0 ||
           mp_fail_errno(error, "cannot rename " TEMPORARY);
}

static bool
cut_open(Cut *cut, const char *name, FILE *file, bool is_whole, GError **error)
{
    guint64 n = 0;
    off_t start = skip_lines(file, is_whole ? NULL : cut->when, &n);

    if (ferror(file))
        return mp_fail_errno(error, "cannot read it");
    cut->n += n;
    if (cut->is_dry_run)
        return true;
    if (is_whole)
        return unlinkat(cut->directory, name, 0) == 0 || mp_fail_errno(error, "cannot remove it");
    return n == 0 || replace(cut->directory, name, fileno(file), start, error);
}

static bool
cut_one(Cut *cut, const char *name, bool is_whole, GError **error)
{
    g_autoptr(GError) why = NULL;
    int fd = open_one(cut->directory, name, &why);
    FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;

    if (file != NULL)
        (void)cut_open(cut, name, file, is_whole, &why);
    if (file != NULL)
        fclose(file);
    return name_it(name, &why, error);
}

bool
mp_outcomes_cut(const char *data, gint64 before, bool is_dry_run, guint64 *n, GError **error)
{
    g_autofree char *when = mp_time_format(before), *last = mp_outcomes_name(before);
    g_autoptr(GPtrArray) names = mp_outcomes_files(data, 0, error);
    g_auto(MpFd) directory = names != NULL ? open_incoming(data, error) : -1;
    Cut cut = {.directory = directory, .when = when, .is_dry_run = is_dry_run};
    g_autoptr(GError) first = NULL; /* one month that cannot be cut keeps no other */

    when[strlen(when) - 1] = '\0'; /* a line has milliseconds there */
    for (guint i = 0; directory >= 0 && i < names->len && strcmp(names->pdata[i], last) <= 0; i++)
        (void)cut_one(&cut, names->pdata[i], strcmp(names->pdata[i], last) < 0,
                      first == NULL ? &first : NULL);
    *n = cut.n;
    bool good = directory >= 0 &&
                (*n == 0 || is_dry_run || mp_sync_directory(directory, "incoming-mail", error));
    if (!good || first == NULL)
        return good;
    g_propagate_error(error, g_steal_pointer(&first));
    return false;
}
