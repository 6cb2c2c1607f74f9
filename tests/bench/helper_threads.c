/*
 * Installations of many threads, by the very calls that commands and mail make, in larger batches:
 * each is opened in a commit of its own, and closed in another, but for a few that stay open, of
 * which some have a label and somebody who sees to them. How many those are does not depend on how
 * many threads there are: nor does what people look at first.
 */
#include "helper.h"

#include <stdio.h>
#include <stdlib.h>

#include "tracker/thread_event.h"

#define BODY_BYTES 150
#define OPEN       200 /* threads that stay open; half of them bugs, a quarter assigned */
#define ELSEWHERE  100 /* threads of another repository, all closed */

typedef struct {
    MpBatch *batch;
    GPtrArray *users; /* MpUser */
    const char *host;
    guint64 thread, stride_open, stride_elsewhere;
    guint64 now; /* a tick a commit */
} Filling;

static const MpUser *
user_of(const Filling *f, guint64 n)
{
    return f->users->pdata[n % f->users->len];
}

/* As the command leaves a text: without blanks at its end. */
static char *
body_of(guint64 thread)
{
    g_autofree char *prose = bench_prose((guint32)thread, BODY_BYTES);

    return g_strconcat(g_strchomp(prose), "\n", NULL);
}

static void
open_one(Filling *f)
{
    const MpUser *author = user_of(f, f->thread);
    MpActor actor = bench_actor(author, f->now++);
    bool is_elsewhere = f->thread % f->stride_elsewhere == 1;
    g_autoptr(GError) error = NULL;
    g_autofree char *title =
        g_strdup_printf("Rocket %" G_GUINT64_FORMAT " does not start", f->thread);
    g_autofree char *body = body_of(f->thread);
    g_autofree char *seed = g_strdup_printf("%" G_GUINT64_FORMAT, f->thread);
    g_autofree char *source = g_strdup_printf("command:%" G_GUINT64_FORMAT, f->thread);
    g_autofree char *key = mp_tracker_key(author->id, 0, source, "");
    const MpThread thread = {.kind = MP_ISSUE,
                             .repository = (char *)(is_elsewhere ? "acme/pump" : "acme/rocket"),
                             .title = title,
                             .is_open = true,
                             .author = author->id,
                             .author_login = author->login,
                             .created = actor.date};
    const MpNewComment post = {.key = key, .via = "command", .body = body, .host = f->host};
    guint64 id;

    g_setenv("SEED", seed, TRUE); /* of the nonce, where growth.py has it be drawn the same */
    bench_must(mp_batch_open_thread(f->batch, &thread, &post, &actor, &id, &error) &&
                   id == f->thread,
               error);
}

/* `event` is the change, and what it is about; it is freed. */
static void
change(Filling *f, MpThreadEvent *event)
{
    g_autoptr(MpThreadEvent) owned = event;
    const MpUser *actor = user_of(f, f->thread + 1);
    MpActor acting = bench_actor(actor, f->now++);
    g_autofree char *source = g_strdup_printf("command:%d", (int)event->change);
    g_autoptr(GError) error = NULL;
    bool has_changed;

    event->via = g_strdup("command");
    event->host = g_strdup(f->host);
    event->key = mp_tracker_key(actor->id, f->thread, source, "");
    bench_must(mp_batch_change(f->batch, f->thread, event, &acting, &has_changed, &error) &&
                   has_changed,
               error);
}

static MpThreadEvent *
event_of(MpThreadChange what)
{
    MpThreadEvent *event = g_new0(MpThreadEvent, 1);

    event->change = what;
    return event;
}

static void
label(Filling *f)
{
    MpThreadEvent *event = event_of(MP_THREAD_LABELED);

    event->labels = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(event->labels, g_strdup("bug"));
    change(f, event);
}

static void
assign(Filling *f)
{
    MpThreadEvent *event = event_of(MP_THREAD_ASSIGNED);
    const MpUser *user = user_of(f, 1);

    event->assignees = mp_assignees_new();
    mp_assignees_add(event->assignees, user->id, user->login);
    change(f, event);
}

static void
fill_one(Filling *f)
{
    guint64 nth = f->thread / f->stride_open;

    open_one(f);
    if (f->thread % f->stride_open != 0)
        change(f, event_of(MP_THREAD_CLOSED));
    else if (nth % 2 == 0)
        label(f);
    if (f->thread % f->stride_open == 0 && nth % 4 == 0)
        assign(f);
}

static GPtrArray *
read_users(MpInstance *instance)
{
    GPtrArray *users = g_ptr_array_new_with_free_func((GDestroyNotify)mp_user_free);
    g_autoptr(GError) error = NULL;
    MpUser *user;

    for (guint64 n = 1; n <= 10; n++) {
        bench_must(mp_accounts_user(instance->accounts, n, &user, &error), error);
        if (user != NULL)
            g_ptr_array_add(users, user);
    }
    bench_must(users->len > 0, NULL);
    return users;
}

int
helper_threads(int argc, char **argv)
{
    g_auto(MpInstance) instance = {0};
    guint64 count = g_ascii_strtoull(argv[2], NULL, 10), size = g_ascii_strtoull(argv[3], NULL, 10);
    g_autoptr(GError) error = NULL;
    Filling f = {.thread = 1, .stride_open = MAX(count / OPEN, 2)};

    (void)argc;
    f.stride_elsewhere = MAX(count / ELSEWHERE, 2);
    bench_open(&instance, argv[1]);
    f.host = instance.host;
    g_autoptr(GPtrArray) users = f.users = read_users(&instance);
    while (f.thread <= count) {
        g_autoptr(MpBatch) batch = f.batch = mp_batch_begin(instance.tracker);

        for (guint64 i = 0; i < size && f.thread <= count; i++, f.thread++)
            fill_one(&f);
        bench_must(mp_batch_commit(batch, &error) == MP_COMMITTED &&
                       mp_tracker_refresh(instance.tracker, &error),
                   error);
    }
    return EXIT_SUCCESS;
}
