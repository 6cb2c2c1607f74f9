/* What a Git server says: any octets as refs and as the report of a push. The first one chooses the
 * service, or the helper of git's. */
#include <poll.h>
#include <sys/socket.h>

#include "git/talk.h"

#include "fuzz.h"

#define SAID_MAX 70000 /* what is kept of a report, and the words around it */

static void
claim_refs(const MpTalk *talk)
{
    GHashTableIter all;
    gpointer name;

    g_hash_table_iter_init(&all, talk->refs);
    while (g_hash_table_iter_next(&all, &name, NULL))
        fuzz_claim(name != NULL && strlen(name) < 1 << 20);
}

static void
push(MpTalk *talk)
{
    g_autoptr(MpTalkPush) push = mp_talk_push_new();
    const MpRefCommand command = {.ref = "refs/heads/main"};

    g_array_append_val(push->commands, command);
    push->pack = g_byte_array_new();
    mp_talk_push(talk, push);
    fuzz_claim(talk->report->len < SAID_MAX);
    fuzz_claim(!mp_talk_is_done(talk, push) ||
               (talk->has_sent && talk->is_whole && talk->has_unpacked && talk->moved == 1 &&
                talk->rejected->len == 0));
    mp_talk_wait_for_end(talk);
}

/* In place of the C library's: a server that takes all, has said all, and closes then. */
int
poll(struct pollfd *polled, nfds_t n, int timeout)
{
    (void)n;
    (void)timeout;
    polled[0].revents = (polled[0].events & POLLOUT) != 0 ? POLLOUT : POLLIN;
    return 1;
}

ssize_t
recv(int fd, void *octets, size_t n, int flags)
{
    (void)fd;
    (void)octets;
    (void)n;
    (void)flags;
    return 0;
}

ssize_t
send(int fd, const void *octets, size_t n, int flags)
{
    (void)fd;
    (void)octets;
    (void)flags;
    return (ssize_t)n;
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    MpWay way = {.kind = size > 0 && data[0] % 2 == 1 ? MP_BY_HELPER : MP_BY_SSH};
    MpTalk talk;

    if (size < 1)
        return 0;
    mp_talk_init(&talk, &way, MP_RECEIVE_PACK, -1);
    g_string_append_len(talk.stream.text, (const char *)data + 1, (gssize)size - 1);
    if (mp_talk_open(&talk)) {
        claim_refs(&talk);
        (void)mp_talk_takes_pushes(&talk, true);
        push(&talk);
    }
    mp_talk_clear(&talk);
    return 0;
}
