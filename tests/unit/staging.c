/* What is staged while a transaction is built: all of it, in order, and nothing that never came
 * true. */
#include <criterion/criterion.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "instance/staging.h"
#include "scratch.h"

#define EVENTS 100

static ScratchPath *root;
static MpOutbox *outbox, *hooks;
static GPtrArray *events;

static MpOutbox *
open_in(const char *name)
{
    g_autofree char *path = scratch_path(root, name);

    cr_assert_eq(g_mkdir(path, 0700), 0);
    cr_assert(mp_outbox_init(path, NULL));
    return mp_outbox_open(path, NULL);
}

static void
set_up(void)
{
    root = scratch_make();
    outbox = open_in("data");
    hooks = open_in("hooks");
    events = g_ptr_array_new_with_free_func((GDestroyNotify)mp_event_free);
}

static void
tear_down(void)
{
    mp_outbox_free(outbox);
    mp_outbox_free(hooks);
    g_ptr_array_unref(events);
    scratch_remove(root);
}

TestSuite(staging, .init = set_up, .fini = tear_down);

/* Every third one is no comment, so that the hook does not hear of it. */
static void
add_event(guint i)
{
    MpEvent *event = g_new0(MpEvent, 1);

    event->key = g_strdup_printf("%032x", (EVENTS - i) * 2654435761u);
    event->kind = i % 3 == 0 ? MP_EVENT_CLOSED : MP_EVENT_COMMENT;
    event->thread = 17;
    event->actor = 5;
    event->created = 1700000000;
    event->host = g_strdup("git.example.org");
    g_ptr_array_add(events, event);
}

/* As a transaction does it: the thread is told after each event, and some are left for the end. */
static bool
stage_all(MpStaging *staging, guint n, GError **error)
{
    for (guint i = events->len; i < n; i++) {
        add_event(i);
        mp_staging_go_on(staging, events);
    }
    return mp_staging_end(staging, events, error);
}

static guint
count_staged(MpOutbox *of)
{
    g_autoptr(GPtrArray) staged = mp_outbox_staged(of, NULL);

    return staged->len;
}

Test(staging, all_events_are_there_at_the_end_in_their_order)
{
    g_autoptr(MpStaging) staging = mp_staging_new(outbox, hooks);

    cr_assert(stage_all(staging, EVENTS, NULL));
    mp_staging_keep(staging);
    cr_assert_eq(count_staged(outbox), EVENTS);
    cr_assert_eq(count_staged(hooks), EVENTS - (EVENTS + 2) / 3);
    for (guint i = EVENTS; i-- > 0;)
        cr_assert(mp_outbox_publish(outbox, ((MpEvent *)events->pdata[i])->key, NULL));
    g_autoptr(GPtrArray) due = mp_outbox_due(outbox, 1700000000, NULL, NULL);
    cr_assert_eq(due->len, EVENTS);
    for (guint i = 0; i < EVENTS; i++)
        cr_assert_str_eq(((MpQueued *)due->pdata[i])->key, ((MpEvent *)events->pdata[i])->key);
}

Test(staging, what_is_kept_stays)
{
    MpStaging *staging = mp_staging_new(outbox, hooks);

    cr_assert(stage_all(staging, EVENTS, NULL));
    mp_staging_keep(staging);
    mp_staging_free(staging);
    cr_assert_eq(count_staged(outbox), EVENTS);
}

Test(staging, what_never_came_true_is_taken_away_but_what_was_staged_before)
{
    MpStaging *staging = mp_staging_new(outbox, hooks);

    add_event(0);
    add_event(1);
    cr_assert(mp_outbox_stage(outbox, events->pdata[1], NULL));
    cr_assert(stage_all(staging, EVENTS, NULL));
    mp_staging_free(staging);
    cr_assert_eq(count_staged(outbox), 1);
    cr_assert(mp_outbox_is_staged(outbox, ((MpEvent *)events->pdata[1])->key));
    cr_assert_eq(count_staged(hooks), 1);
}

/* The building failed: nobody asked for the end. */
Test(staging, what_was_begun_and_not_ended_is_taken_away)
{
    MpStaging *staging = mp_staging_new(outbox, NULL);

    for (guint i = 0; i < EVENTS; i++) {
        add_event(i);
        mp_staging_go_on(staging, events);
    }
    mp_staging_free(staging);
    cr_assert_eq(count_staged(outbox), 0);
}

Test(staging, what_fails_is_said_at_the_end_and_leaves_nothing)
{
    MpStaging *staging = mp_staging_new(outbox, hooks);
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < EVENTS; i++)
        add_event(i);
    g_free(((MpEvent *)events->pdata[20])->key);
    ((MpEvent *)events->pdata[20])->key = g_strdup("no key");
    mp_staging_go_on(staging, events);
    cr_assert_not(mp_staging_end(staging, events, &error));
    cr_assert(g_error_matches(error, MP_ERROR, MP_ERROR_INPUT));
    cr_expect_str_eq(error->message, "no key cannot name an event");
    mp_staging_free(staging);
    cr_assert_eq(count_staged(outbox), 0);
    cr_assert_eq(count_staged(hooks), 0);
}
