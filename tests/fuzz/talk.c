/* What a Git server says: any octets as refs and as the report of a push. The first one chooses the
 * service, or the helper of git's. */
#include <sys/socket.h>
#include <unistd.h>

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
        fuzz_claim(name != NULL && strlen(name) < MP_TALK_REFS_MAX);
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

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    MpWay way = {.kind = size > 0 && data[0] % 2 == 1 ? MP_BY_HELPER : MP_BY_SSH};
    MpTalk talk;
    int ends[2];

    if (size < 1 || size > 4096 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0)
        return 0;
    fuzz_claim(write(ends[1], data + 1, size - 1) == (ssize_t)size - 1);
    shutdown(ends[1], SHUT_WR);
    mp_talk_init(&talk, &way, MP_RECEIVE_PACK, -1);
    talk.stream.fd = ends[0];
    if (mp_talk_open(&talk)) {
        claim_refs(&talk);
        (void)mp_talk_takes_pushes(&talk, true);
        push(&talk);
    }
    mp_talk_clear(&talk);
    close(ends[1]);
    return 0;
}
