/* What changes the server's record; see server_state.h. Its file is server_file.c's. */
#include "outbox/server_state.h"

#include <string.h>
#include <sys/stat.h>

#include "base/time.h"

#define MOST_OUTAGES   1000 /* of one server that comes and goes; older ones count no more */
#define MOST_SUSPECTS  16
#define MOST_ACCEPTED  12
#define MOST_STALLS    64
#define FIRST_WAIT     60 /* seconds */
#define LONGEST_WAIT   1500
#define MOST_DOUBLINGS 5

char *
mp_server_settings(const char *const *files)
{
    GString *out = g_string_new(NULL);

    for (; *files != NULL; files++) {
        struct stat st = {0};

        if (stat(*files, &st) == 0)
            g_string_append_printf(out, "%" G_GUINT64_FORMAT ".%ld.%09ld.%ld ", (guint64)st.st_ino,
                                   (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (long)st.st_size);
        else
            g_string_append(out, "- ");
    }
    return g_strchomp(g_string_free(out, FALSE));
}

bool
mp_server_is_due(const MpServer *server, const char *settings, gint64 now)
{
    return server->state == MP_SERVER_UP || now >= server->probe ||
           server->probe > now + 2 * LONGEST_WAIT || /* the clock was set back */
           g_strcmp0(server->settings, settings) != 0;
}

/* So many failures before this one. */
static gint64
wait_after(guint failures)
{
    return mp_time_spread(MIN(FIRST_WAIT << MIN(failures, MOST_DOUBLINGS), LONGEST_WAIT));
}

void
mp_server_failed(MpServer *server, MpServerState state, int code, const char *reply,
                 const char *settings, gint64 now)
{
    if (server->state == MP_SERVER_UP) {
        server->since = now;
        server->failures = 0;
    }
    server->probe = now + wait_after(server->failures++);
    g_free(server->settings);
    server->settings = g_strdup(settings);
    if (state < server->state) /* what had to be mended has to be mended still */
        return;
    server->state = state;
    server->code = code;
    g_free(server->reply);
    server->reply = g_strdup(reply);
}

static void
forget_old_outages(MpServer *server, gint64 before)
{
    guint n = 0;

    while (n < server->outages->len &&
           (g_array_index(server->outages, MpOutage, n).until < before ||
            server->outages->len - n > MOST_OUTAGES))
        n++;
    if (n > 0)
        g_array_remove_range(server->outages, 0, n);
}

void
mp_server_works(MpServer *server, gint64 now, gint64 keep)
{
    if (server->state == MP_SERVER_UP)
        return;
    g_array_append_val(server->outages, ((MpOutage){server->since, now}));
    forget_old_outages(server, now - keep);
    mp_server_forget_suspects(server);
    server->state = MP_SERVER_UP;
    server->since = now;
    server->failures = 0;
    server->is_at_end = false;
    g_clear_pointer(&server->sender, g_free);
}

static const char *
domain_of(const char *address)
{
    const char *at = strrchr(address, '@');

    return at != NULL ? at + 1 : address;
}

static gboolean
is_of_domain(gconstpointer address, gconstpointer domain)
{
    return g_ascii_strcasecmp(domain_of(address), domain) == 0;
}

static bool
find_domain(GPtrArray *addresses, const char *address, guint *at)
{
    return g_ptr_array_find_with_equal_func(addresses, domain_of(address), is_of_domain, at);
}

bool
mp_server_accept(MpServer *server, const char *address)
{
    bool is_news = server->suspects->len > 0 || server->refusals->len > 0;
    guint at;

    mp_server_forget_suspects(server);
    if (find_domain(server->accepted, address, &at))
        g_ptr_array_remove_index(server->accepted, at);
    else if (server->accepted->len >= MOST_ACCEPTED)
        g_ptr_array_remove_index(server->accepted, 0);
    else
        is_news = true;
    g_ptr_array_add(server->accepted, g_strdup(address)); /* the last is asked about first */
    return is_news;
}

const char *
mp_server_whom_to_ask(const MpServer *server)
{
    for (guint i = server->accepted->len; i-- > 0;)
        if (!mp_server_is_suspect(server, server->accepted->pdata[i]))
            return server->accepted->pdata[i];
    return NULL;
}

/* --- Suspicions ------------------------------------------------------------------------------ */

guint
mp_server_suspect(MpServer *server, const char *address)
{
    if (!find_domain(server->suspects, address, NULL) && server->suspects->len < MOST_SUSPECTS)
        g_ptr_array_add(server->suspects, g_strdup(domain_of(address)));
    return server->suspects->len;
}

guint
mp_server_suspect_at_end(MpServer *server, const char *address, guint64 thread)
{
    for (guint i = 0; i < server->refusals->len; i++) {
        const MpRefusal *refusal = &g_array_index(server->refusals, MpRefusal, i);

        if (refusal->thread == thread || is_of_domain(address, refusal->domain))
            return server->refusals->len;
    }
    if (server->refusals->len < MOST_SUSPECTS)
        g_array_append_val(server->refusals, ((MpRefusal){g_strdup(domain_of(address)), thread}));
    return server->refusals->len;
}

bool
mp_server_is_suspect(const MpServer *server, const char *address)
{
    bool is_suspect = find_domain(server->suspects, address, NULL);

    for (guint i = 0; i < server->refusals->len && !is_suspect; i++)
        is_suspect = is_of_domain(address, g_array_index(server->refusals, MpRefusal, i).domain);
    return is_suspect;
}

void
mp_server_forget_suspects(MpServer *server)
{
    g_ptr_array_set_size(server->suspects, 0);
    g_array_set_size(server->refusals, 0);
}

/* --- Domains that stall ---------------------------------------------------------------------- */

static MpStall *
find_stall(const MpServer *server, const char *address, guint *at)
{
    for (*at = 0; *at < server->stalls->len; (*at)++) {
        MpStall *stall = &g_array_index(server->stalls, MpStall, *at);

        if (is_of_domain(address, stall->domain))
            return stall;
    }
    return NULL;
}

bool
mp_server_has_stalled(const MpServer *server, const char *address)
{
    guint at;

    return find_stall(server, address, &at) != NULL;
}

bool
mp_server_lets_wait(const MpServer *server, const char *address, gint64 now)
{
    guint at;
    const MpStall *stall = find_stall(server, address, &at);

    return stall != NULL && now < stall->until && stall->until <= now + 2 * LONGEST_WAIT;
}

bool
mp_server_stalled(MpServer *server, const char *address, gint64 now)
{
    guint at;
    MpStall *stall = find_stall(server, address, &at);

    if (stall == NULL) {
        if (server->stalls->len >= MOST_STALLS)
            g_array_remove_index(server->stalls, 0); /* which is forgotten first: the oldest */
        g_array_append_val(server->stalls, ((MpStall){.domain = g_strdup(domain_of(address))}));
        stall = &g_array_index(server->stalls, MpStall, server->stalls->len - 1);
    } else if (mp_server_lets_wait(server, address, now)) {
        return false;
    }
    stall->until = now + wait_after(stall->failures++);
    return true;
}

bool
mp_server_answered(MpServer *server, const char *address)
{
    guint at;
    bool is_news = find_stall(server, address, &at) != NULL;

    if (is_news)
        g_array_remove_index(server->stalls, at);
    return is_news;
}

/* --- Its absence ----------------------------------------------------------------------------- */

gint64
mp_server_away(const MpServer *server, gint64 from, gint64 to)
{
    gint64 sum = 0;

    for (guint i = 0; i < server->outages->len; i++) {
        const MpOutage *outage = &g_array_index(server->outages, MpOutage, i);
        gint64 overlap = MIN(outage->until, to) - MAX(outage->since, from);

        sum += MAX(overlap, 0);
    }
    return sum;
}

bool
mp_server_look_soon(MpOutbox *outbox, GError **error)
{
    g_autoptr(MpServer) server = mp_server_load(outbox, error);

    if (server == NULL || (server->state == MP_SERVER_UP && server->stalls->len == 0))
        return server != NULL;
    server->probe = 0;
    g_array_set_size(server->stalls, 0);
    return mp_server_save(server, outbox, error);
}
