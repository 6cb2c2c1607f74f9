/* Talking to a service of a Git server; see talk.h. */
#include "git/talk.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "git/helper.h"

#define GIT_PORT "9418"
#define AGENT    " agent=metroplex/" MP_VERSION
#define REFS_MAX (1 << 20) /* octets of refs that are read; a tracker has two or three */
#define SAID_MAX 65536     /* octets that are kept of what a server says, and of its report */

void
mp_talk_init(MpTalk *talk, const MpWay *way, MpService service, int give_up)
{
    *talk = (MpTalk){.service = service, .errors = -1};
    mp_way_copy(&talk->way, way);
    mp_pkt_init(&talk->stream, give_up);
    talk->refs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    talk->report = g_string_new(NULL);
    talk->rejected = g_string_new(NULL);
    talk->said = g_string_new(NULL);
}

void
mp_talk_clear(MpTalk *talk)
{
    mp_way_clear(&talk->way);
    mp_pkt_clear(&talk->stream);
    mp_fd_clear(&talk->errors);
    g_hash_table_unref(talk->refs);
    g_free(talk->capabilities);
    g_string_free(talk->report, TRUE);
    g_string_free(talk->rejected, TRUE);
    g_string_free(talk->said, TRUE);
}

const char *
mp_talk_service(MpService service)
{
    return service == MP_RECEIVE_PACK ? "git-receive-pack" : "git-upload-pack";
}

void
mp_talk_limit(MpTalk *talk, gint64 us)
{
    talk->stream.deadline = us > 0 ? g_get_monotonic_time() + us : G_MAXINT64;
}

/* --- The way there ------------------------------------------------------------------------------
 */

static bool
connect_to_one(MpTalk *talk, const struct addrinfo *to)
{
    MpPktStream *stream = &talk->stream;
    int is_on = 1, problem = 0;
    socklen_t length = sizeof problem;

    mp_fd_clear(&stream->fd);
    stream->fd =
        socket(to->ai_family, to->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, to->ai_protocol);
    if (stream->fd < 0 ||
        (connect(stream->fd, to->ai_addr, to->ai_addrlen) < 0 && errno != EINPROGRESS) ||
        mp_pkt_await(stream, POLLOUT) == 0 ||
        getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &problem, &length) < 0 || problem != 0)
        return false;
    (void)setsockopt(stream->fd, IPPROTO_TCP, TCP_NODELAY, &is_on, sizeof is_on);
    (void)setsockopt(stream->fd, SOL_SOCKET, SO_KEEPALIVE, &is_on, sizeof is_on);
    return true;
}

static bool
connect_to(MpTalk *talk)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *all;
    bool is_there = false;

    if (getaddrinfo(talk->way.host, talk->way.port != NULL ? talk->way.port : GIT_PORT, &hints,
                    &all) != 0)
        return false;
    for (const struct addrinfo *to = all; to != NULL && !is_there; to = to->ai_next)
        is_there = connect_to_one(talk, to);
    freeaddrinfo(all);
    return is_there;
}

/* Of git://, where a daemon starts the service: "SERVICE PATH", a NUL, "host=HOST", a NUL. */
static bool
ask_for_service(MpTalk *talk)
{
    const MpWay *way = &talk->way;
    g_autofree char *what = g_strdup_printf("%s %s", mp_talk_service(talk->service), way->path);
    g_autofree char *host =
        g_strconcat("host=", way->host, way->port != NULL ? ":" : NULL, way->port, NULL);
    g_autoptr(GString) request = g_string_new(NULL), line = g_string_new(NULL);

    g_string_append_len(request, what, (gssize)strlen(what) + 1);
    g_string_append_len(request, host, (gssize)strlen(host) + 1);
    mp_pkt_append(line, request->str, request->len);
    return mp_pkt_send(&talk->stream, line->str, line->len);
}

/* --- What the server has ------------------------------------------------------------------------
 */

bool
mp_talk_note_ref(MpTalk *talk, const GString *line)
{
    git_oid id;

    talk->n_octets += line->len + sizeof id;
    if (talk->n_octets > REFS_MAX || line->len <= GIT_OID_HEXSZ ||
        line->str[GIT_OID_HEXSZ] != ' ' || git_oid_fromstrn(&id, line->str, GIT_OID_HEXSZ) < 0)
        return false;
    const char *name = line->str + GIT_OID_HEXSZ + 1, *end = name + strlen(name);
    if (talk->capabilities == NULL)
        talk->capabilities = g_strdup(end < line->str + line->len ? end + 1 : end);
    g_hash_table_replace(talk->refs, g_strchomp(g_strdup(name)), g_memdup2(&id, sizeof id));
    return true;
}

static bool
read_refs(MpTalk *talk)
{
    g_autoptr(GString) line = g_string_new(NULL);
    MpPkt what;

    while ((what = mp_pkt_read(&talk->stream, line)) == MP_PKT_LINE)
        if (!mp_talk_note_ref(talk, line))
            return false;
    return what == MP_PKT_END && talk->capabilities != NULL;
}

static bool
open_service(MpTalk *talk)
{
    return (talk->way.kind == MP_BY_SSH || (connect_to(talk) && ask_for_service(talk))) &&
           read_refs(talk);
}

bool
mp_talk_open(MpTalk *talk)
{
    bool is_open = talk->way.kind == MP_BY_HELPER ? mp_helper_open(talk) : open_service(talk);

    talk->is_late = talk->stream.is_late;
    return is_open;
}

/* --- A push -------------------------------------------------------------------------------------
 */

MpTalkPush *
mp_talk_push_new(void)
{
    MpTalkPush *push = g_new0(MpTalkPush, 1);

    push->commands = g_array_new(FALSE, FALSE, sizeof(MpRefCommand));
    return push;
}

void
mp_talk_push_free(MpTalkPush *push)
{
    if (push == NULL)
        return;
    g_array_unref(push->commands);
    g_clear_pointer(&push->pack, g_byte_array_unref);
    g_free(push);
}

/* Bits of the commands that are of this ref: one, or none. */
static guint
bits_of(const MpTalkPush *push, const char *ref)
{
    guint bits = 0;

    for (guint i = 0; i < push->commands->len; i++)
        if (strcmp(g_array_index(push->commands, MpRefCommand, i).ref, ref) == 0)
            bits |= 1U << i;
    return bits;
}

bool
mp_talk_has_command(const MpTalkPush *push, const char *ref)
{
    return bits_of(push, ref) != 0;
}

void
mp_talk_note_moved(MpTalk *talk, const MpTalkPush *push, const char *ref)
{
    talk->moved |= bits_of(push, ref);
}

bool
mp_talk_is_done(const MpTalk *talk, const MpTalkPush *push)
{
    return talk->is_whole && talk->has_unpacked && talk->rejected->len == 0 &&
           talk->moved == (1U << push->commands->len) - 1;
}

static bool
can(const MpTalk *talk, const char *capability)
{
    g_auto(GStrv) all = g_strsplit_set(talk->capabilities, " \n", -1);

    return g_strv_contains((const char *const *)all, capability);
}

/* Our packs have differences to what stands before them. Another hash than ours names itself. */
bool
mp_talk_takes_pushes(const MpTalk *talk, bool is_atomic)
{
    return talk->way.kind == MP_BY_HELPER ||
           (can(talk, "report-status") && can(talk, "side-band-64k") && can(talk, "ofs-delta") &&
            (!is_atomic || can(talk, "atomic")) &&
            (strstr(talk->capabilities, "object-format=") == NULL ||
             can(talk, "object-format=sha1")));
}

void
mp_talk_note_rejected(MpTalk *talk, const char *ref, bool is_remote, const char *why)
{
    g_string_append_printf(talk->rejected, "!\t:%s\t[%srejected] (%s)\n", ref,
                           is_remote ? "remote " : "", why);
}

static void
keep(GString *into, const char *octets, gsize length)
{
    g_string_append_len(into, octets, (gssize)MIN(length, SAID_MAX - MIN(into->len, SAID_MAX)));
}

void
mp_talk_read_errors(MpTalk *talk)
{
    g_autofree char *text = talk->errors >= 0 ? g_malloc(SAID_MAX) : NULL;
    gssize n = text != NULL ? pread(talk->errors, text, SAID_MAX, 0) : 0;

    if (n > 0)
        keep(talk->said, text, strnlen(text, (gsize)n));
}

/* "unpack ok" or "unpack WHY", "ok REF", "ng REF WHY". */
static void
note_result(MpTalk *talk, const MpTalkPush *push, GString *line)
{
    g_auto(GStrv) words = g_strsplit(g_strchomp(line->str), " ", 3);
    guint n = g_strv_length(words);

    if (n >= 2 && strcmp(words[0], "unpack") == 0) {
        talk->has_unpacked = strcmp(line->str, "unpack ok") == 0;
        if (!talk->has_unpacked)
            g_string_append_printf(talk->said, "error: remote %s\n", line->str);
    } else if (n == 2 && strcmp(words[0], "ok") == 0) {
        mp_talk_note_moved(talk, push, words[1]);
    } else if (n == 3 && strcmp(words[0], "ng") == 0) {
        mp_talk_note_rejected(talk, words[1], true, words[2]);
    }
}

static void
read_report(MpTalk *talk, const MpTalkPush *push)
{
    g_autoptr(GString) line = g_string_new(NULL);
    MpPkt what;

    while ((what = mp_pkt_take(talk->report, &talk->n_read, line)) == MP_PKT_LINE)
        note_result(talk, push, line);
    talk->is_whole = what == MP_PKT_END;
}

/* Of side-band-64k: the first octet says whose the others are; or it is none, and all of it an
 * error. */
static void
note_band(MpTalk *talk, const MpTalkPush *push, const GString *line)
{
    int band = line->len > 0 ? line->str[0] : 2;
    bool has_band = band >= 1 && band <= 3;

    if (line->len > 0)
        keep(band == 1 ? talk->report : talk->said, line->str + has_band, line->len - has_band);
    if (band == 1)
        read_report(talk, push);
}

/* Each is a line; the first one says what we can do. */
static GString *
commands_of(const MpTalk *talk, const MpTalkPush *push)
{
    GString *lines = g_string_new(NULL);

    for (guint i = 0; i < push->commands->len; i++) {
        const MpRefCommand *command = &g_array_index(push->commands, MpRefCommand, i);
        char from[GIT_OID_HEXSZ + 1], to[GIT_OID_HEXSZ + 1];
        g_autoptr(GString) line = g_string_new(NULL);

        git_oid_tostr(from, sizeof from, &command->from);
        git_oid_tostr(to, sizeof to, &command->to);
        g_string_printf(line, "%s %s %s", from, to, command->ref);
        if (i == 0) {
            g_string_append_c(line, '\0');
            g_string_append_printf(line, " report-status side-band-64k%s%s%s",
                                   push->is_atomic ? " atomic" : "",
                                   can(talk, "quiet") ? " quiet" : "",
                                   strstr(talk->capabilities, " agent=") != NULL ? AGENT : "");
        }
        mp_pkt_append(lines, line->str, line->len);
    }
    return g_string_append(lines, MP_PKT_FLUSH);
}

/* As git does with what comes from there. */
static void
mark(GString *text)
{
    g_auto(GStrv) lines = g_strsplit_set(text->str, "\r\n", -1);

    g_string_truncate(text, 0);
    for (char **line = lines; *line != NULL; line++)
        if (**line != '\0')
            g_string_append_printf(text, "remote: %s\n", *line);
}

static void
push_to_service(MpTalk *talk, const MpTalkPush *push)
{
    g_autoptr(GString) commands = commands_of(talk, push), line = g_string_new(NULL);

    talk->has_sent = mp_pkt_send(&talk->stream, commands->str, commands->len);
    if (!talk->has_sent)
        return;
    /* where this fails the server may have said why */
    (void)mp_pkt_send(&talk->stream, push->pack->data, push->pack->len);
    while (!talk->is_whole && mp_pkt_read(&talk->stream, line) == MP_PKT_LINE)
        note_band(talk, push, line);
    mark(talk->said);
    if (talk->is_whole)
        return;
    mp_talk_read_errors(talk);
    g_string_append(talk->said, "fatal: the remote end hung up unexpectedly\n");
}

void
mp_talk_push(MpTalk *talk, const MpTalkPush *push)
{
    if (talk->way.kind == MP_BY_HELPER)
        mp_helper_push(talk, push);
    else
        push_to_service(talk, push);
    talk->is_late = talk->stream.is_late;
}

/* --- The end ------------------------------------------------------------------------------------
 */

void
mp_talk_wait_for_end(MpTalk *talk)
{
    g_autoptr(GString) line = g_string_new(NULL);

    /* a helper has waited for it */
    while (talk->way.kind != MP_BY_HELPER && mp_pkt_read(&talk->stream, line) == MP_PKT_LINE)
        continue;
}

void
mp_talk_leave(MpTalk *talk)
{
    const char *word = talk->way.kind == MP_BY_HELPER ? "\n" : MP_PKT_FLUSH;

    (void)mp_pkt_send(&talk->stream, word, strlen(word));
}
