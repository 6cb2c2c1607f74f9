/* Conversations in memory, and those that are kept; see conversation.h. */
#include "transport/conversation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "address/address.h"
#include "base/directory.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "base/time.h"
#include "transport/transport.h"

#define LONGEST_TEXT (256 * 1024) /* octets */
#define LONGEST_NAME 180          /* of the server, in a file's name */
#define MOST_KEPT    32
#define ABANDONED_S  3600  /* a file that was never finished */
#define CLOCK_STEP   20000 /* microseconds: the clock of files stands still that long */
#define IS_TOO_LONG  "[more than is kept]"
#define UNFINISHED   ".tmp"

/* --- In memory ------------------------------------------------------------------------------ */

MpConversation *
mp_conversation_new(void)
{
    MpConversation *c = g_new0(MpConversation, 1);

    c->said = g_string_new(NULL);
    return c;
}

void
mp_conversation_free(MpConversation *c)
{
    g_string_free(c->said, TRUE);
    g_free(c);
}

void
mp_conversation_begin(MpConversation *c)
{
    static gint connections;

    c->number = (guint)g_atomic_int_add(&connections, 1) + 1;
    g_string_truncate(c->said, 0);
    c->opening = c->mark = 0;
    c->left_out = 0;
}

void
mp_conversation_is_open(MpConversation *c)
{
    c->opening = c->said->len;
}

void
mp_conversation_next(MpConversation *c)
{
    if (c->opening == 0 || c->said->len == c->opening)
        return;
    gsize end = c->mark > 0 ? c->mark : c->said->len;

    g_string_erase(c->said, (gssize)c->opening, (gssize)(end - c->opening));
    c->mark = 0;
    c->left_out++;
}

void
mp_conversation_mark(MpConversation *c)
{
    c->mark = c->said->len;
}

typedef struct {
    MpSpeaker speaker;
    gsize length;
} Head; /* of what was said, which stands behind it */

static void
add(MpConversation *c, MpSpeaker speaker, const char *bytes, gsize length)
{
    const Head head = {speaker, length};

    g_string_append_len(c->said, (const char *)&head, sizeof head);
    g_string_append_len(c->said, bytes, (gssize)length);
}

void
mp_conversation_add(MpConversation *c, MpSpeaker speaker, const char *bytes, gsize length)
{
    if (c->said->len > LONGEST_TEXT)
        return;
    add(c, speaker, bytes, length);
    if (c->said->len > LONGEST_TEXT)
        add(c, MP_SPEAKER_NOBODY, IS_TOO_LONG, strlen(IS_TOO_LONG));
}

char *
mp_conversation_line(MpSpeaker speaker, const char *bytes, gsize length)
{
    if (speaker == MP_SPEAKER_NOBODY)
        return g_strndup(bytes, length);
    g_autofree char *quoted = mp_ruby_quote(bytes, length);
    g_autofree char *masked = mp_address_mask(quoted, MP_MASK_MACS);
    return g_strconcat(speaker == MP_SPEAKER_WE ? "<- " : "-> ", masked, NULL);
}

/* The lines of what stands there, as far as they are kept. */
static void
append_lines(GString *out, const char *said, const char *end)
{
    while (said < end && out->len < LONGEST_TEXT) {
        Head head;

        memcpy(&head, said, sizeof head);
        said += sizeof head;
        g_autofree char *line = mp_conversation_line(head.speaker, said, head.length);
        g_string_append_printf(out, "%s\n", line);
        said += head.length;
    }
    if (said < end)
        g_string_append(out, IS_TOO_LONG "\n");
}

/* --- On the disk ---------------------------------------------------------------------------- */

/* "smtp.example.org_587.login" */
static char *
name_of(const MpConfig *config, MpCause cause)
{
    g_autofree char *server = g_strndup(config->smtp_address, LONGEST_NAME);

    for (char *p = server; *p != '\0'; p++)
        if (!g_ascii_isalnum(*p) && (strchr("-.:", *p) == NULL || p == server))
            *p = '_';
    return g_strdup_printf("%s_%d.%s", server, config->smtp_port, mp_cause_row(cause)->name);
}

/* A line of its own facts, what was said, and what it means. */
static char *
contents_of(const MpConversation *c, MpCause cause)
{
    const MpCauseRow *row = mp_cause_row(cause);
    g_autofree char *date = mp_time_format(mp_time_now());
    GString *out = g_string_new(NULL);

    g_string_append_printf(out, "%s (%d) connection %u: %s\n", date, (int)getpid(), c->number,
                           row->name);
    append_lines(out, c->said->str, c->said->str + c->opening);
    if (c->left_out > 0)
        g_string_append_printf(out, "[%u %s before this one]\n", c->left_out,
                               mp_plural(c->left_out, "message", "messages"));
    append_lines(out, c->said->str + c->opening, c->said->str + c->said->len);
    g_string_append_printf(out, "%s: %s.\n", row->found, row->advice);
    return g_string_free(out, FALSE);
}

typedef struct {
    char *name;
    gint64 modified; /* nanoseconds since the epoch */
} Kept;

static void
kept_free(gpointer data)
{
    Kept *kept = data;

    g_free(kept->name);
    g_free(kept);
}

static int
newest_first(gconstpointer a, gconstpointer b)
{
    gint64 x = (*(Kept *const *)a)->modified, y = (*(Kept *const *)b)->modified;

    return (x < y) - (x > y);
}

static bool
is_any(const struct dirent *entry, gpointer unused)
{
    (void)entry, (void)unused;
    return true;
}

/* The finished ones; an unfinished one of a program that died is removed. */
static GPtrArray *
list_kept(int fd, const char *directory, GError **error)
{
    g_autoptr(GPtrArray) names = mp_list_directory(directory, is_any, NULL, error);
    GPtrArray *all;
    struct stat st;

    if (names == NULL)
        return NULL;
    all = g_ptr_array_new_with_free_func(kept_free);
    for (guint i = 0; i < names->len; i++) {
        if (fstatat(fd, names->pdata[i], &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
            continue;
        if (((char *)names->pdata[i])[0] != '.') {
            Kept *kept = g_new(Kept, 1);

            kept->name = g_strdup(names->pdata[i]);
            kept->modified = st.st_mtim.tv_sec * G_GINT64_CONSTANT(1000000000) + st.st_mtim.tv_nsec;
            g_ptr_array_add(all, kept);
        } else if (st.st_mtim.tv_sec < mp_time_now() - ABANDONED_S) {
            unlinkat(fd, names->pdata[i], 0);
        }
    }
    g_ptr_array_sort(all, newest_first);
    return all;
}

static bool
remove_oldest(int fd, const char *directory, GError **error)
{
    g_autoptr(GPtrArray) all = list_kept(fd, directory, error);

    for (guint i = MOST_KEPT; all != NULL && i < all->len; i++)
        unlinkat(fd, ((const Kept *)all->pdata[i])->name, 0);
    return all != NULL;
}

static bool
keep(const MpConversation *c, const char *directory, const char *name, const char *contents,
     GError **error)
{
    g_autofree char *unfinished = g_strdup_printf(".%d.%u" UNFINISHED, (int)getpid(), c->number);
    g_auto(MpFd) fd = mp_make_directories(directory, 0750, NULL, error)
                          ? mp_open_directory(directory, error)
                          : -1;

    if (fd < 0 || !mp_create_file(fd, unfinished, contents, strlen(contents), 0640, error))
        return false;
    if (renameat(fd, unfinished, fd, name) < 0)
        return mp_fail_errno(error, "cannot rename %s to %s", unfinished, name);
    return remove_oldest(fd, directory, error);
}

void
mp_conversation_keep(const MpConversation *c, const char *directory, const MpConfig *config,
                     MpCause cause)
{
    g_autofree char *name = name_of(config, cause), *contents = contents_of(c, cause);
    g_autoptr(GError) error = NULL;

    if (!keep(c, directory, name, contents, &error))
        mp_warn("The conversation that failed is not kept: %s", error->message);
}

/* --- Read again ----------------------------------------------------------------------------- */

/* Without the first line and the last one, which are ours; NULL if it is about another. What is
 * before the @ is compared, since a domain is sent in ASCII. */
static char *
lines_about(const char *text, const char *address)
{
    const char *begin = strchr(text, '\n');
    g_autofree char *lines = g_strdup(begin != NULL ? begin + 1 : "");
    g_autofree char *local_part = g_strndup(address, strcspn(address, "@") + 1);
    const char *rcpt = strstr(lines, "<- \"RCPT TO:"); /* a second one is the next message's */
    char *end;

    if (rcpt != NULL && g_strstr_len(rcpt, (gssize)strcspn(rcpt, "\n"), local_part) == NULL)
        return NULL;
    g_strchomp(lines);
    end = strrchr(lines, '\n');
    if (end != NULL)
        end[1] = '\0';
    return g_steal_pointer(&lines);
}

char *
mp_smtp_last_kept(const char *directory, gint64 since, const char *address, MpCause *cause)
{
    g_auto(MpFd) fd = mp_open_directory(directory, NULL);
    g_autoptr(GPtrArray) all = fd >= 0 ? list_kept(fd, directory, NULL) : NULL;

    for (guint i = 0; all != NULL && i < all->len; i++) {
        const Kept *kept = all->pdata[i];
        g_autofree char *text = NULL;

        if (kept->modified / 1000 < since - CLOCK_STEP)
            return NULL;
        if (!mp_read_file(fd, kept->name, 2 * LONGEST_TEXT, &text, NULL, NULL))
            continue;
        char *lines = lines_about(text, address);
        if (lines != NULL) {
            *cause = mp_cause_find(strrchr(kept->name, '.') + 1);
            return lines;
        }
    }
    return NULL;
}
