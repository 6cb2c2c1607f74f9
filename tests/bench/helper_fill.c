/* Installations to measure on: accounts, threads, subscriptions, events. */
#include "helper.h"

#include <stdio.h>
#include <stdlib.h>

#include "instance/transaction.h"

#define BATCH      256
#define BODY_BYTES 1500

static MpUser *
user_new(guint64 n)
{
    MpUser *user = g_new0(MpUser, 1);

    user->login = g_strdup_printf("user%" G_GUINT64_FORMAT, n);
    user->name = g_strdup_printf("User %" G_GUINT64_FORMAT, n);
    user->emails = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(user->emails, g_strdup_printf("user%" G_GUINT64_FORMAT "@example.org", n));
    user->is_active = true;
    return user;
}

static void
open_thread(MpBatch *batch, const MpUser *author, guint64 n)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *title = g_strdup_printf("Rocket %" G_GUINT64_FORMAT " does not start", n);
    g_autofree char *body = bench_prose((guint32)n, BODY_BYTES);
    g_autofree char *id = g_strdup_printf("opening-%" G_GUINT64_FORMAT, n);
    g_autofree char *key = mp_tracker_key(author->id, 0, id, body);
    MpActor actor = bench_actor(author, n);
    const MpThread thread = {.kind = MP_ISSUE,
                             .repository = (char *)"acme/rocket",
                             .title = title,
                             .is_open = true,
                             .author = author->id,
                             .author_login = author->login,
                             .created = actor.date};
    const MpNewComment post = {.key = key, .via = "command", .body = body, .host = "mx1"};
    guint64 given;

    bench_must(mp_batch_open_thread(batch, &thread, &post, &actor, &given, &error), error);
}

static void
commit(MpBatch *batch)
{
    g_autoptr(GError) error = NULL;

    bench_must(mp_batch_commit(batch, &error) == MP_COMMITTED, error);
}

static void
open_threads(MpInstance *instance, const MpUser *author, guint64 count)
{
    for (guint64 n = 1; n <= count;) {
        g_autoptr(MpBatch) batch = mp_batch_begin(instance->tracker);

        for (guint i = 0; i < BATCH && n <= count; i++, n++)
            open_thread(batch, author, n);
        commit(batch);
    }
}

/* "address THREAD USER ADDRESS", the users in turn: one address a thread and user would be too
 * many. */
static void
print_addresses(MpInstance *instance, guint64 users, guint64 threads)
{
    g_autoptr(GError) error = NULL;

    bench_must(mp_instance_refresh(instance, &error), error);
    for (guint64 t = 1; t <= threads; t++) {
        g_autoptr(MpThread) thread = NULL;
        bench_must(mp_tracker_thread(instance->tracker, t, &thread, &error), error);
        bench_must(thread != NULL, error);
        for (guint64 u = 1; u <= MIN(users, 10); u++) {
            g_autoptr(MpUser) user = NULL;
            bench_must(mp_accounts_user(instance->accounts, u, &user, &error), error);
            bench_must(user != NULL, error);
            const MpAddressSubject subject = {'i', t, thread->nonce, u, user->epoch};
            g_autofree char *address = mp_address_make(instance->keys, MP_PURPOSE_REPLY, &subject,
                                                       instance->config->hostname, &error);
            bench_must(address != NULL, error);
            printf("address %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %s\n", t, u, address);
        }
    }
}

int
helper_fill(int argc, char **argv)
{
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;
    guint64 users = g_ascii_strtoull(argv[2], NULL, 10),
            threads = g_ascii_strtoull(argv[3], NULL, 10);
    g_autoptr(MpUser) author = NULL;

    (void)argc;
    bench_open(&instance, argv[1]);
    for (guint64 n = 1; n <= users; n++) {
        g_autoptr(MpUser) user = user_new(n);
        bench_must(mp_accounts_write(instance.accounts, user, "Add an account", &error), error);
    }
    bench_must(mp_accounts_user(instance.accounts, 1, &author, &error) && author != NULL, error);
    open_threads(&instance, author, threads);
    print_addresses(&instance, users, threads);
    return EXIT_SUCCESS;
}

int
helper_subscribe(int argc, char **argv)
{
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;
    guint64 thread = g_ascii_strtoull(argv[2], NULL, 10),
            users = g_ascii_strtoull(argv[3], NULL, 10);

    (void)argc;
    bench_open(&instance, argv[1]);
    g_autoptr(MpUser) author = NULL;
    bench_must(mp_accounts_user(instance.accounts, 1, &author, &error) && author != NULL, error);
    g_autoptr(MpBatch) batch = mp_batch_begin(instance.tracker);
    for (guint64 u = 1; u <= users; u++) {
        MpActor actor = bench_actor(author, u);
        bench_must(mp_batch_subscribe(batch, thread, u, "manual", "Follow", &actor, &error), error);
    }
    commit(batch);
    return EXIT_SUCCESS;
}

typedef struct {
    const MpUser *author;
    guint64 thread, count;
} Announcing;

static bool
build(MpInstance *instance, MpBatch *batch, GPtrArray *events, gpointer user_data, GError **error)
{
    const Announcing *a = user_data;
    g_autoptr(GPtrArray) texts = bench_texts(0, a->count);

    (void)error;
    for (guint64 n = 0; n < a->count; n++) {
        g_autofree char *key = NULL;

        bench_comment(batch, a->author, a->thread, n, g_ptr_array_index(texts, n), &key);
        g_ptr_array_add(events, mp_transaction_event(instance, MP_EVENT_COMMENT, key, a->thread,
                                                     a->author->id));
    }
    return true;
}

int
helper_announce(int argc, char **argv)
{
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;

    (void)argc;
    bench_open(&instance, argv[1]);
    g_autoptr(MpUser) author = NULL;
    bench_must(mp_accounts_user(instance.accounts, 1, &author, &error) && author != NULL, error);
    Announcing announcing = {author, g_ascii_strtoull(argv[2], NULL, 10),
                             g_ascii_strtoull(argv[3], NULL, 10)};
    bench_must(mp_transaction_run(&instance, build, &announcing, &error), error);
    return EXIT_SUCCESS;
}
