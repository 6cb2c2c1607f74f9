/* What an event's file promises: nothing written is lost, nothing torn counts, nothing happens
 * twice. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "outbox/outbox.h"
#include "outbox/server_state.h"
#include "scratch.h"

#define KEY  "0123456789abcdef0123456789abcdef"
#define THEN 1700000000

static ScratchPath *root;
static MpOutbox *outbox;

static void
set_up(void)
{
    g_autoptr(GError) error = NULL;

    root = scratch_make();
    cr_assert(mp_outbox_init(root, &error));
    outbox = mp_outbox_open(root, &error);
    cr_assert_not_null(outbox);
}

static void
tear_down(void)
{
    mp_outbox_free(outbox);
    scratch_remove(root);
}

TestSuite(outbox_event, .init = set_up, .fini = tear_down);

static void
announce(const char *key)
{
    const MpEvent event = {(char *)key, MP_EVENT_COMMENT, 17, 5, THEN, (char *)"git.example.org"};

    cr_assert(mp_outbox_stage(outbox, &event, NULL));
    cr_assert(mp_outbox_sync_staged(outbox, NULL));
    cr_assert(mp_outbox_publish(outbox, key, NULL));
    cr_assert(mp_outbox_sync_published(outbox, NULL));
}

/* The kernel's clock stands still while a batch is staged; the names are hashes. */
Test(outbox_event, what_is_staged_first_is_worked_off_first)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < 300; i++) {
        g_autofree char *number = g_strdup_printf("%u", i);
        g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_MD5, number, -1);
        const MpEvent event = {hash, MP_EVENT_COMMENT, 17, 5, THEN, (char *)"git.example.org"};

        cr_assert(mp_outbox_stage(outbox, &event, NULL));
        g_ptr_array_add(names, g_steal_pointer(&hash));
    }
    cr_assert(mp_outbox_sync_staged(outbox, NULL));
    for (guint i = names->len; i-- > 0;)
        cr_assert(mp_outbox_publish(outbox, names->pdata[i], NULL));
    g_autoptr(GPtrArray) due = mp_outbox_due(outbox, THEN, NULL, NULL);
    cr_assert_eq(due->len, names->len);
    for (guint i = 0; i < due->len; i++)
        cr_assert_str_eq(((MpQueued *)due->pdata[i])->key, names->pdata[i]);
}

static char *
path_of(const char *name)
{
    return scratch_path(root, name);
}

static char *
read_event(const char *name)
{
    g_autofree char *path = path_of(name);
    char *text = NULL;

    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

static void
write_event(const char *name, const char *text)
{
    g_autofree char *path = path_of(name);

    cr_assert(g_file_set_contents(path, text, -1, NULL));
}

static bool
exists(const char *name)
{
    g_autofree char *path = path_of(name);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static MpEventFile *
open_event(MpEventAccess access, GError **error)
{
    g_autoptr(MpQueued) queued = mp_outbox_find(outbox, KEY, NULL);

    cr_assert_not_null(queued);
    return mp_event_file_open(outbox, queued, access, error);
}

static MpAudience *
people(guint n)
{
    MpAudience *audience = mp_audience_new();

    for (guint i = 1; i <= n; i++)
        mp_audience_add(audience, i, "mention");
    return audience;
}

static const MpEventRecipient *
recipient(const MpEventFile *file, guint i)
{
    return mp_event_file_recipients(file)->pdata[i];
}

Test(outbox_event, what_was_recorded_is_read_again)
{
    const MpAttempt attempts[] = {
        {MP_RECIPIENT_SENT, THEN + 1, 0, 250, "2.0.0 Ok: queued\tas\nX", false, "a@example.com"},
        {MP_RECIPIENT_DEFERRED, THEN + 2, THEN + 62, 451, "4.7.1 later", false,
         "\"a\tb\"@c.example"},
        {MP_RECIPIENT_FAILED, THEN + 3, 0, 550, NULL, false, "-"},
        {MP_RECIPIENT_DROPPED, THEN + 4, 0, 0, "muted", false, NULL},
    };
    static const char *const addresses[] = {"a@example.com", "\"a\tb\"@c.example", NULL, NULL};
    static const char *const replies[] = {"2.0.0 Ok: queued\\tas\\nX", "4.7.1 later", "-", "muted"};

    announce(KEY);
    {
        g_autoptr(MpEventFile) file = open_event(MP_EVENT_WRITE, NULL);

        cr_assert(mp_event_file_expand(file, people(5), THEN, NULL));
        for (guint i = 0; i < G_N_ELEMENTS(attempts); i++)
            cr_assert(mp_event_file_record(file, i + 1, &attempts[i], NULL));
    }
    g_autoptr(MpEventFile) file = open_event(MP_EVENT_READ, NULL);
    const MpEvent *event = mp_event_file_event(file);

    cr_assert_str_eq(event->key, KEY);
    cr_assert_eq(event->kind, MP_EVENT_COMMENT);
    cr_assert_eq(event->thread, 17);
    cr_assert_eq(event->actor, 5);
    cr_assert_eq(event->created, THEN);
    cr_assert_str_eq(event->host, "git.example.org");
    cr_assert_eq(mp_event_file_recipients(file)->len, 5);
    for (guint i = 0; i < G_N_ELEMENTS(attempts); i++) {
        const MpEventRecipient *r = recipient(file, i);

        cr_assert_eq(r->user, i + 1);
        cr_assert_eq(r->state, attempts[i].outcome);
        cr_assert_eq(r->attempts, attempts[i].outcome != MP_RECIPIENT_DROPPED);
        cr_assert_eq(r->first, attempts[i].now);
        cr_assert_eq(r->due, attempts[i].due);
        cr_assert_eq(r->code, attempts[i].code);
        cr_assert_str_eq(r->reply, replies[i]);
        cr_assert(g_strcmp0(r->address, addresses[i]) == 0, "%u: %s", i, r->address);
        cr_assert_str_eq(r->reason, "mention");
    }
    cr_assert_eq(recipient(file, 4)->state, MP_RECIPIENT_PENDING);
}

Test(outbox_event, a_torn_last_line_counts_for_nothing_and_is_cut_before_the_next_append)
{
    static const char *const torn[] = {"s", "sent\t1700000001\t1\t25",
                                       "sent\t1700000001\t1\t-\t250\tOk", "expan", "nonsense"};

    for (gsize i = 0; i < G_N_ELEMENTS(torn); i++) {
        const MpAttempt sent = {MP_RECIPIENT_SENT, THEN, 0, 250, "Ok"};

        announce(KEY);
        {
            g_autoptr(MpEventFile) file = open_event(MP_EVENT_WRITE, NULL);
            cr_assert(mp_event_file_expand(file, people(2), THEN, NULL));
        }
        g_autofree char *whole = read_event("new/" KEY);
        g_autofree char *damaged = g_strconcat(whole, torn[i], NULL);
        write_event("new/" KEY, damaged);
        {
            g_autoptr(MpEventFile) file = open_event(MP_EVENT_WRITE, NULL);
            cr_assert_not_null(file, "%s", torn[i]);
            cr_assert_eq(recipient(file, 0)->state, MP_RECIPIENT_PENDING);
            cr_assert(mp_event_file_record(file, 2, &sent, NULL));
        }
        g_autofree char *mended = read_event("new/" KEY);
        g_autofree char *expected = g_strconcat(whole, "sent\t1700000000\t2\t-\t250\tOk\n", NULL);
        cr_assert_str_eq(mended, expected);
    }
}

Test(outbox_event, readers_leave_a_torn_line_alone)
{
    announce(KEY);
    g_autofree char *whole = read_event("new/" KEY);
    g_autofree char *damaged = g_strconcat(whole, "to\t1\tuser", NULL);
    write_event("new/" KEY, damaged);
    g_autoptr(MpEventFile) file = open_event(MP_EVENT_READ, NULL);
    g_autofree char *after = read_event("new/" KEY);

    cr_assert_not_null(file);
    cr_assert_str_eq(after, damaged);
}

Test(outbox_event, an_expansion_interrupted_at_any_octet_is_completed_without_duplicates)
{

    announce(KEY);
    g_autofree char *before = read_event("new/" KEY);
    {
        g_autoptr(MpEventFile) file = open_event(MP_EVENT_WRITE, NULL);
        cr_assert(mp_event_file_expand(file, people(4), THEN, NULL));
    }
    g_autofree char *whole = read_event("new/" KEY);
    for (gsize length = strlen(before); length < strlen(whole); length++) {
        g_autofree char *part = g_strndup(whole, length);
        write_event("new/" KEY, part);
        {
            g_autoptr(MpEventFile) file = open_event(MP_EVENT_WRITE, NULL);
            cr_assert_not(mp_event_file_is_expanded(file));
            cr_assert(mp_event_file_expand(file, people(4), THEN, NULL));
        }
        g_autofree char *redone = read_event("new/" KEY);
        cr_assert_str_eq(redone, whole, "cut at %zu", length);
    }
}

Test(outbox_event, an_expansion_happens_once)
{
    announce(KEY);
    g_autoptr(MpEventFile) file = open_event(MP_EVENT_WRITE, NULL);
    cr_assert(mp_event_file_expand(file, people(2), THEN, NULL));
    cr_assert(mp_event_file_expand(file, people(3), THEN + 1, NULL));
    cr_assert_eq(mp_event_file_recipients(file)->len, 2);
}

Test(outbox_event, who_is_not_told_is_read_again_and_the_rest_of_a_crowd_is_counted)
{
    MpAudience *audience = people(2);

    mp_audience_skip(audience, 7, "wrote it");
    for (guint i = 0; i < 2000; i++)
        mp_audience_skip(audience, 100 + i, "muted the thread");
    announce(KEY);
    {
        g_autoptr(MpEventFile) file = open_event(MP_EVENT_WRITE, NULL);
        MpEventEnd end;

        cr_assert(mp_event_file_expand(file, audience, THEN, NULL));
        cr_assert_eq(mp_event_file_audience(file)->n_skipped, 2001);
        cr_assert(mp_event_file_finish(file, &end, NULL));
        cr_assert_eq(end, MP_EVENT_STAYS);
    }
    g_autoptr(MpEventFile) file = open_event(MP_EVENT_READ, NULL);
    const MpAudience *read = mp_event_file_audience(file);
    const MpEventRecipient *first = read->skipped->pdata[0], *last = read->skipped->pdata[99];

    cr_assert_eq(read->recipients->len, 2);
    cr_assert_eq(read->skipped->len, 100);
    cr_assert_eq(read->n_skipped, 2001);
    cr_assert_eq(first->user, 7);
    cr_assert_eq(first->state, MP_RECIPIENT_SKIPPED);
    cr_assert_str_eq(first->reply, "wrote it");
    cr_assert_eq(last->user, 198);
    cr_assert_str_eq(last->reply, "muted the thread");
}

Test(outbox_event, a_reason_that_no_line_can_hold_is_left_out)
{
    static const char *const unfit[] = {"a\tb", "a\nsent\t1", "", "a\\b", "a\xe2\x80\xae.", "\xff"};
    MpAudience *audience = people(1);

    for (guint i = 0; i < G_N_ELEMENTS(unfit); i++)
        mp_audience_add(audience, 100 + i, unfit[i]);
    announce(KEY);
    {
        g_autoptr(MpEventFile) file = open_event(MP_EVENT_WRITE, NULL);
        cr_assert(mp_event_file_expand(file, audience, THEN, NULL));
    }
    g_autoptr(MpEventFile) file = open_event(MP_EVENT_READ, NULL);
    cr_assert_str_eq(recipient(file, 0)->reason, "mention");
    for (guint i = 0; i < G_N_ELEMENTS(unfit); i++)
        cr_assert_str_eq(recipient(file, 1 + i)->reason, "-");
}

/* Ten thousand are known as soon as they are written, and each by its id. */
Test(outbox_event, a_crowd_is_the_same_when_it_is_written_and_when_it_is_read)
{
    const MpAttempt sent = {MP_RECIPIENT_SENT, THEN, 0, 250, "Ok", false, "user@example.com"};
    MpAudience *audience = mp_audience_new();

    for (guint i = 1; i <= 10000; i++)
        mp_audience_add(audience, i * 7, i % 3 == 0 ? "mention" : "manual");
    announce(KEY);
    {
        g_autoptr(MpEventFile) file = open_event(MP_EVENT_WRITE, NULL);

        cr_assert(mp_event_file_expand(file, audience, THEN, NULL));
        cr_assert(mp_event_file_record(file, 7 * 5000, &sent, NULL));
        cr_assert_eq(recipient(file, 4999)->state, MP_RECIPIENT_SENT);
    }
    g_autoptr(MpEventFile) file = open_event(MP_EVENT_READ, NULL);
    cr_assert_eq(mp_event_file_recipients(file)->len, 10000);
    for (guint i = 1; i <= 10000; i++) {
        const MpEventRecipient *r = recipient(file, i - 1);

        cr_assert_eq(r->user, i * 7);
        cr_assert_str_eq(r->reason, i % 3 == 0 ? "mention" : "manual");
        cr_assert_eq(r->state, i == 5000 ? MP_RECIPIENT_SENT : MP_RECIPIENT_PENDING);
    }
}

Test(outbox_event, a_malformed_file_is_named_with_its_line_and_left_where_it_is)
{
    static const struct {
        const char *added;
        const char *place;
    } cases[] = {
        {"bogus\t1\n", "outbox/new/" KEY ":8"},
        {"sent\t1700000000\t9\t-\t250\tOk\n", "outbox/new/" KEY ":8"},
        {"to\t1\n", "outbox/new/" KEY ":8"},
        {"to\t1\tmention\nto\t1\tmention\n", "outbox/new/" KEY ":9"},
        {"to\t-1\tmention\n", "outbox/new/" KEY ":8"},
        {"skipped\tada\tmuted\n", "outbox/new/" KEY ":8"},
        {"expanded\t1700000000\t3\t0\n", "outbox/new/" KEY ":8"},
        {"\n", "outbox/new/" KEY ":8"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        announce(KEY);
        g_autofree char *whole = read_event("new/" KEY);
        g_autofree char *damaged = g_strconcat(whole, cases[i].added, NULL);
        write_event("new/" KEY, damaged);
        cr_assert_null(open_event(MP_EVENT_WRITE, &error));
        cr_assert(g_error_matches(error, MP_ERROR, MP_ERROR_INPUT));
        cr_assert(g_str_has_prefix(error->message, cases[i].place), "%s", error->message);
        g_autofree char *after = read_event("new/" KEY);
        cr_assert_str_eq(after, damaged);
        write_event("new/" KEY, whole);
    }
}

/* What a power cut may leave of lines that were not synced, and others behind them. */
Test(outbox_event, an_attempt_that_cannot_be_read_costs_a_repeat_and_not_the_event)
{
    static const struct {
        const char *added;
        gsize length;
    } cases[] = {
        {"bogus\t1\n", 8},
        {"\0\0\0\0\0\0\n", 7},
        {"\0\0\0\0nt\t1700000000\t1\t-\t250\tOk\n", 29},
        {"sent\t17000\0\0\0\0\0\0\0\0\n", 19},
        {"sent\t1700000000\t9\t-\t250\tOk\n", 27},
        {"expanded\t1700000000\t7\t0\n", 24},
        {"\n\n\xff\n", 4},
    };
    const MpAttempt sent = {MP_RECIPIENT_SENT, THEN, 0, 250, "Ok"};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        announce(KEY);
        {
            g_autoptr(MpEventFile) file = open_event(MP_EVENT_WRITE, NULL);
            cr_assert(mp_event_file_expand(file, people(3), THEN, NULL));
        }
        g_autofree char *path = path_of("new/" KEY);
        g_autofree char *whole = read_event("new/" KEY);
        g_autoptr(GString) damaged = g_string_new(whole);
        g_string_append_len(damaged, cases[i].added, (gssize)cases[i].length);
        g_string_append(damaged, "sent\t1700000000\t2\t-\t250\tOk\n");
        cr_assert(g_file_set_contents(path, damaged->str, (gssize)damaged->len, NULL));
        g_autoptr(MpEventFile) file = open_event(MP_EVENT_WRITE, NULL);
        cr_assert_not_null(file, "%zu", i);
        cr_assert_eq(recipient(file, 0)->state, MP_RECIPIENT_PENDING, "%zu", i);
        cr_assert_eq(recipient(file, 1)->state, MP_RECIPIENT_SENT, "%zu", i);
        cr_assert(mp_event_file_record(file, 1, &sent, NULL));
        cr_assert(mp_event_file_record(file, 3, &sent, NULL));
        MpEventEnd end;
        cr_assert(mp_event_file_finish(file, &end, NULL));
        cr_assert_eq(end, MP_EVENT_DONE, "%zu", i);
    }
}

Test(outbox_event, who_waits_for_what_may_not_be_their_fault_has_made_no_attempt)
{
    const MpAttempt deferred = {MP_RECIPIENT_DEFERRED, THEN, THEN + 600, 451, "later", false};
    const MpAttempt waiting = {MP_RECIPIENT_DEFERRED, THEN + 1, THEN + 61, 530,
                               "who are you",         true};

    announce(KEY);
    {
        g_autoptr(MpEventFile) file = open_event(MP_EVENT_WRITE, NULL);

        cr_assert(mp_event_file_expand(file, people(2), THEN, NULL));
        cr_assert(mp_event_file_record(file, 1, &deferred, NULL));
        cr_assert(mp_event_file_record(file, 2, &waiting, NULL));
    }
    g_autoptr(MpEventFile) file = open_event(MP_EVENT_READ, NULL);
    cr_assert_eq(recipient(file, 0)->attempts, 1);
    cr_assert_eq(recipient(file, 1)->attempts, 0);
    cr_assert_eq(recipient(file, 1)->state, MP_RECIPIENT_DEFERRED);
    cr_assert_eq(recipient(file, 1)->first, THEN + 1);
    cr_assert_eq(recipient(file, 1)->due, THEN + 61);
    cr_assert_eq(recipient(file, 1)->code, 530);
}

/* As a machine may write whose clock stands before 1970. */
Test(outbox_event, times_before_1970_are_read_again)
{
    const MpAttempt deferred = {MP_RECIPIENT_DEFERRED, -600, -500, 451, "later", false};
    MpEventEnd end;

    announce(KEY);
    {
        g_autoptr(MpEventFile) file = open_event(MP_EVENT_WRITE, NULL);

        cr_assert(mp_event_file_expand(file, people(1), -700, NULL));
        cr_assert(mp_event_file_record(file, 1, &deferred, NULL));
        cr_assert(mp_event_file_finish(file, &end, NULL));
    }
    g_autoptr(GPtrArray) due = mp_outbox_due(outbox, THEN, NULL, NULL);
    cr_assert_eq(due->len, 1);
    g_autoptr(GError) error = NULL;
    g_autoptr(MpEventFile) file = mp_event_file_open(outbox, due->pdata[0], MP_EVENT_WRITE, &error);
    cr_assert_not_null(file, "%s", error != NULL ? error->message : "");
    cr_assert_eq(recipient(file, 0)->first, -600);
    cr_assert_eq(recipient(file, 0)->due, -500);
}

/* --- What is known of the server ------------------------------------------------------------ */

Test(outbox_event, what_is_known_of_the_server_is_read_again)
{
    g_autoptr(MpServer) server = mp_server_load(outbox, NULL);

    cr_assert_eq(server->state, MP_SERVER_UP);
    cr_assert(mp_server_accept(server, "kate@one.example"));
    cr_assert(!mp_server_accept(server, "tim@ONE.example"), "the same domain");
    cr_assert_eq(mp_server_suspect(server, "a@two.example"), 1);
    cr_assert_eq(mp_server_suspect(server, "b@Two.example"), 1);
    cr_assert_eq(mp_server_suspect(server, "b@three.example"), 2);
    cr_assert_eq(mp_server_suspect_at_end(server, "a@four.example", 1), 1);
    server->is_at_end = true;
    mp_server_failed(server, MP_SERVER_STOPPED, 535, "535 no\tway\n", "1.2.3", THEN);
    cr_assert(mp_server_save(server, outbox, NULL));

    g_autoptr(MpServer) again = mp_server_load(outbox, NULL);
    cr_assert_eq(again->state, MP_SERVER_STOPPED);
    cr_assert_eq(again->since, THEN);
    cr_assert_eq(again->code, 535);
    cr_assert_str_eq(again->reply, "535 no\tway\n");
    cr_assert_eq(again->suspects->len, 2);
    cr_assert_str_eq(mp_server_whom_to_ask(again), "tim@ONE.example", "the last of that domain");
    cr_assert(!mp_server_is_due(again, "1.2.3", THEN + 59));
    cr_assert(mp_server_is_due(again, "1.2.3", THEN + 73));
    cr_assert(mp_server_is_due(again, "1.2.4", THEN + 1), "the settings changed");
    cr_assert(mp_server_is_due(again, "1.2.3", THEN - 100000), "the clock was set back");
    mp_server_failed(again, MP_SERVER_DOWN, 0, "away", "1.2.3", THEN + 100);
    cr_assert(again->state == MP_SERVER_STOPPED && again->code == 535, "it is to be mended still");
    cr_assert(again->is_at_end);
    cr_assert(mp_server_is_suspect(again, "x@FOUR.example"));
    mp_server_works(again, THEN + 500, 1000);
    cr_assert(!mp_server_is_suspect(again, "x@four.example") && !again->is_at_end);
    cr_assert_eq(mp_server_away(again, THEN - 10, THEN + 1000), 500);
    cr_assert_eq(mp_server_away(again, THEN + 400, THEN + 450), 50);
    cr_assert_eq(mp_server_away(again, THEN + 600, THEN + 700), 0);
}

/* Two people of one domain, or one thread that looks like spam to everybody, are not three. */
Test(outbox_event, refusals_after_the_end_count_by_domain_and_thread)
{
    static const struct {
        const char *address;
        guint64 thread;
        guint domains;
    } cases[] = {
        {"a@one.example", 1, 1},   {"b@one.example", 2, 1},  {"a@two.example", 1, 1},
        {"a@three.example", 1, 1}, {"a@Two.example", 2, 2},  {"b@two.example", 3, 2},
        {"a@three.example", 2, 2}, {"a@four.example", 3, 3},
    };
    g_autoptr(MpServer) server = mp_server_load(outbox, NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        cr_expect_eq(mp_server_suspect_at_end(server, cases[i].address, cases[i].thread),
                     cases[i].domains, "case %zu", i);
    cr_expect(mp_server_accept(server, "x@five.example"));
    cr_expect_eq(mp_server_suspect_at_end(server, "a@one.example", 1), 1, "a message was taken");
}

Test(outbox_event, outages_are_remembered_as_long_as_they_count)
{
    g_autoptr(MpServer) server = mp_server_load(outbox, NULL);

    for (int i = 0; i < 3000; i++) {
        mp_server_failed(server, MP_SERVER_DOWN, 0, "no", "", THEN + i * 100);
        mp_server_works(server, THEN + i * 100 + 10, 20000);
    }
    cr_assert_eq(mp_server_away(server, 0, G_MAXINT64), 201 * 10);
    cr_assert(mp_server_save(server, outbox, NULL));
    g_autoptr(MpServer) again = mp_server_load(outbox, NULL);
    cr_assert_eq(mp_server_away(again, 0, G_MAXINT64), 201 * 10);
}

Test(outbox_event, an_event_goes_where_its_recipients_say)
{
    enum {
        SENT = MP_RECIPIENT_SENT,
        LATER = MP_RECIPIENT_DEFERRED,
        FAILED = MP_RECIPIENT_FAILED,
        DROPPED = MP_RECIPIENT_DROPPED,
        NONE = MP_RECIPIENT_PENDING
    };
    static const struct {
        int outcome[3];
        MpEventEnd end;
        const char *place; /* or NULL: gone */
    } cases[] = {
        {{SENT, SENT, SENT}, MP_EVENT_DONE, NULL},
        {{SENT, DROPPED, SENT}, MP_EVENT_DONE, NULL},
        {{SENT, NONE, SENT}, MP_EVENT_STAYS, "new/" KEY},
        {{SENT, LATER, LATER}, MP_EVENT_RETRIES, "retry/1700000061." KEY},
        {{FAILED, SENT, LATER}, MP_EVENT_RETRIES, "retry/1700000062." KEY},
        {{FAILED, SENT, SENT}, MP_EVENT_FAILED, "failed/" KEY},
        {{FAILED, DROPPED, FAILED}, MP_EVENT_FAILED, "failed/" KEY},
        {{FAILED, NONE, LATER}, MP_EVENT_STAYS, "new/" KEY},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        MpEventEnd end;

        announce(KEY);
        {
            g_autoptr(MpEventFile) file = open_event(MP_EVENT_WRITE, NULL);

            cr_assert(mp_event_file_expand(file, people(3), THEN, NULL));
            for (guint r = 0; r < 3; r++) {
                const MpAttempt a = {(MpEventRecipientState)cases[i].outcome[r], THEN,
                                     THEN + 60 + r, 0, NULL};

                if (cases[i].outcome[r] != NONE)
                    cr_assert(mp_event_file_record(file, r + 1, &a, NULL));
            }
            cr_assert(mp_event_file_finish(file, &end, NULL));
        }
        cr_assert_eq(end, cases[i].end, "case %zu", i);
        g_autoptr(MpQueued) queued = mp_outbox_find(outbox, KEY, NULL);
        cr_assert_eq(queued != NULL, cases[i].place != NULL, "case %zu", i);
        if (queued != NULL) {
            cr_assert(exists(cases[i].place), "case %zu", i);
            cr_assert(mp_outbox_drop(outbox, queued, NULL));
        }
    }
}

/* As an administrator asks for it; of one account's messages if there is one. */
static void
change(MpChange change, guint64 user)
{
    g_autoptr(MpQueued) queued = mp_outbox_find(outbox, KEY, NULL);
    g_autoptr(GArray) users = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_autoptr(GError) error = NULL;
    bool is_there;

    if (user != 0)
        g_array_append_val(users, user);
    cr_assert(mp_outbox_change(outbox, queued, change, users, &is_there, &error), "%s",
              error != NULL ? error->message : "");
    cr_assert(is_there);
}

static void
expect_no_requests(void)
{
    g_autofree char *path = path_of("requests");
    GDir *dir = g_dir_open(path, 0, NULL);

    cr_expect_null(g_dir_read_name(dir));
    g_dir_close(dir);
}

typedef struct {
    MpChange change;
    guint64 user; /* 0: all */
} Asked;

/* Three recipients: 1 got it, 2 is deferred, 3 has failed. */
static const struct {
    const char *name;
    Asked asked[4];
    guint n;
    MpEventEnd end;
    const char *place; /* NULL: gone */
    MpEventRecipientState states[3];
} at_work[] = {
    {"held",
     {{MP_CHANGE_HOLD, 0}},
     1,
     MP_EVENT_HELD,
     "hold/" KEY,
     {MP_RECIPIENT_SENT, MP_RECIPIENT_DEFERRED, MP_RECIPIENT_FAILED}},
    {"held and released",
     {{MP_CHANGE_HOLD, 0}, {MP_CHANGE_RELEASE, 0}},
     2,
     MP_EVENT_RETRIES,
     "retry/1700000600." KEY,
     {MP_RECIPIENT_SENT, MP_RECIPIENT_DEFERRED, MP_RECIPIENT_FAILED}},
    {"tried again",
     {{MP_CHANGE_RETRY, 0}},
     1,
     MP_EVENT_STAYS,
     "new/" KEY,
     {MP_RECIPIENT_SENT, MP_RECIPIENT_PENDING, MP_RECIPIENT_PENDING}},
    {"one tried again",
     {{MP_CHANGE_RETRY, 3}},
     1,
     MP_EVENT_STAYS,
     "new/" KEY,
     {MP_RECIPIENT_SENT, MP_RECIPIENT_DEFERRED, MP_RECIPIENT_PENDING}},
    {"one dropped and held",
     {{MP_CHANGE_DROP, 2}, {MP_CHANGE_HOLD, 0}},
     2,
     MP_EVENT_HELD,
     "hold/" KEY,
     {MP_RECIPIENT_SENT, MP_RECIPIENT_DROPPED, MP_RECIPIENT_FAILED}},
    {"who has it is not dropped",
     {{MP_CHANGE_DROP, 1}, {MP_CHANGE_DROP, 2}},
     2,
     MP_EVENT_FAILED,
     "failed/" KEY,
     {MP_RECIPIENT_SENT, MP_RECIPIENT_DROPPED, MP_RECIPIENT_FAILED}},
    {"all of them dropped",
     {{MP_CHANGE_DROP, 2}, {MP_CHANGE_DROP, 3}, {MP_CHANGE_HOLD, 0}},
     3,
     MP_EVENT_DONE,
     NULL,
     {0}},
    {"dropped", {{MP_CHANGE_HOLD, 0}, {MP_CHANGE_DROP, 0}}, 2, MP_EVENT_DROPPED, NULL, {0}},
};

static MpEventFile *
begin_work(void)
{
    const MpAttempt sent = {MP_RECIPIENT_SENT, THEN, 0, 250, "Ok"};
    const MpAttempt deferred = {MP_RECIPIENT_DEFERRED, THEN, THEN + 600, 451, "later"};
    const MpAttempt failed = {MP_RECIPIENT_FAILED, THEN, 0, 550, "no"};
    MpEventFile *file;

    announce(KEY);
    file = open_event(MP_EVENT_WRITE, NULL);
    cr_assert(mp_event_file_expand(file, people(3), THEN, NULL));
    cr_assert(mp_event_file_record(file, 1, &sent, NULL));
    cr_assert(mp_event_file_record(file, 2, &deferred, NULL));
    cr_assert(mp_event_file_record(file, 3, &failed, NULL));
    return file;
}

static void
expect_work_done(gsize i)
{
    g_autoptr(MpQueued) queued = mp_outbox_find(outbox, KEY, NULL);

    expect_no_requests();
    if (at_work[i].place == NULL) {
        cr_expect_null(queued, "%s", at_work[i].name);
        return;
    }
    cr_assert(exists(at_work[i].place), "%s", at_work[i].name);
    g_autoptr(MpEventFile) file = mp_event_file_open(outbox, queued, MP_EVENT_READ, NULL);
    for (guint r = 0; r < 3; r++)
        cr_expect_eq(recipient(file, r)->state, at_work[i].states[r], "%s: %u", at_work[i].name, r);
    cr_assert(mp_outbox_drop(outbox, queued, NULL));
}

Test(outbox_event, what_is_asked_of_an_event_at_work_is_done_when_it_is_put_down)
{
    for (gsize i = 0; i < G_N_ELEMENTS(at_work); i++) {
        MpEventFile *file = begin_work();
        g_autoptr(GError) error = NULL;
        MpEventEnd end;

        for (guint k = 0; k < at_work[i].n; k++)
            change(at_work[i].asked[k].change, at_work[i].asked[k].user);
        cr_assert(exists("new/" KEY), "%s: nothing moves under who works on it", at_work[i].name);
        cr_assert(mp_event_file_end(outbox, file, &end, &error), "%s",
                  error != NULL ? error->message : "");
        cr_expect_eq(end, at_work[i].end, "%s: %d", at_work[i].name, end);
        expect_work_done(i);
    }
}

/* Where the event was left is new/ then, unless it was asked to be elsewhere. */
Test(outbox_event, what_was_asked_of_a_notifier_that_died_is_done_by_the_next)
{
    for (gsize i = 0; i < G_N_ELEMENTS(at_work); i++) {
        MpEventFile *file = begin_work();

        for (guint k = 0; k < at_work[i].n; k++)
            change(at_work[i].asked[k].change, at_work[i].asked[k].user);
        mp_event_file_free(file);
        cr_assert(mp_outbox_settle(outbox, NULL));
        g_autoptr(MpQueued) queued = mp_outbox_find(outbox, KEY, NULL);
        if (queued != NULL && queued->queue == MP_QUEUE_NEW) {
            MpEventEnd end;
            MpEventFile *again = open_event(MP_EVENT_WRITE, NULL);

            cr_assert(mp_event_file_end(outbox, again, &end, NULL));
        }
        expect_work_done(i);
    }
}

Test(outbox_event, what_is_asked_is_known_before_it_is_done)
{
    MpEventFile *file = begin_work();
    MpEventEnd end;

    cr_expect_eq(mp_outbox_requested(outbox, KEY, 2), MP_REQUESTED_NOTHING);
    change(MP_CHANGE_DROP, 2);
    cr_expect_eq(mp_outbox_requested(outbox, KEY, 2), MP_REQUESTED_DROP);
    cr_expect_eq(mp_outbox_requested(outbox, KEY, 3), MP_REQUESTED_NOTHING);
    change(MP_CHANGE_HOLD, 0);
    cr_expect_eq(mp_outbox_requested(outbox, KEY, 3), MP_REQUESTED_HOLD);
    change(MP_CHANGE_RELEASE, 0);
    cr_expect_eq(mp_outbox_requested(outbox, KEY, 3), MP_REQUESTED_NOTHING);
    cr_expect_eq(mp_outbox_requested(outbox, KEY, 2), MP_REQUESTED_DROP);
    cr_assert(mp_event_file_end(outbox, file, &end, NULL));
    cr_expect_eq(mp_outbox_requested(outbox, KEY, 2), MP_REQUESTED_NOTHING);
}

/* As by an error of the disk: it is not taken for none, and not removed. */
Test(outbox_event, a_request_that_cannot_be_read_is_none_to_pass_over)
{
    g_autofree char *path = path_of("requests/" KEY);
    MpEventFile *file = begin_work();
    g_autoptr(GError) error = NULL;
    MpEventEnd end;

    cr_assert_eq(symlink(KEY, path), 0);
    cr_expect_eq(mp_outbox_requested(outbox, KEY, 2), MP_REQUESTED_HOLD);
    cr_expect_not(mp_event_file_end(outbox, file, &end, &error));
    cr_assert_not_null(error);
    cr_expect(exists("new/" KEY));
    cr_expect(g_file_test(path, G_FILE_TEST_IS_SYMLINK));
}

Test(outbox_event, a_hold_of_all_that_was_not_finished_is_finished)
{
    announce(KEY);
    write_event("retry/100.other", "");
    cr_assert(mp_outbox_halt(outbox, true, NULL));
    cr_assert(mp_outbox_is_halted(outbox));
    cr_assert(mp_outbox_settle(outbox, NULL));
    cr_assert_not(mp_outbox_is_halted(outbox));
    cr_assert(exists("hold/" KEY) && exists("hold/other"));
    expect_no_requests();
}

Test(outbox_event, the_beginning_of_a_key_is_enough_if_it_is_of_one)
{
    static const struct {
        const char *word, *key; /* NULL: an error that says */
        const char *says;
    } cases[] = {
        {"abc1", "abc1", NULL},
        {"abc12", "abc12", NULL},
        {"abc2", "abc22", NULL},
        {"300.xyz", "xyz", NULL},
        {"x", "xyz", NULL},
        {"abc", NULL, "abc is the beginning of several events: abc1, abc12, abc22"},
        {"", NULL, "no such event: ''"},
        {"q", NULL, "no such event: q"},
    };

    for (gsize i = 0; i < 4; i++)
        write_event(
            ((const char *const[]){"new/abc1", "hold/abc12", "failed/abc22", "retry/300.xyz"})[i],
            "");
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(MpQueued) queued = mp_outbox_resolve(outbox, cases[i].word, &error);

        if (cases[i].key != NULL) {
            cr_assert_not_null(queued, "%s", cases[i].word);
            cr_expect_str_eq(queued->key, cases[i].key);
        } else {
            cr_expect_null(queued, "%s", cases[i].word);
            cr_expect_str_eq(error->message, cases[i].says);
        }
    }
}

Test(outbox_event, an_administrators_retry_makes_deferred_and_failed_due_again)
{
    const MpAttempt sent = {MP_RECIPIENT_SENT, THEN, 0, 250, "Ok"};
    const MpAttempt deferred = {MP_RECIPIENT_DEFERRED, THEN, THEN + 600, 451, "later"};
    const MpAttempt failed = {MP_RECIPIENT_FAILED, THEN, 0, 550, "no"};

    announce(KEY);
    {
        g_autoptr(MpEventFile) file = open_event(MP_EVENT_WRITE, NULL);

        cr_assert(mp_event_file_expand(file, people(3), THEN, NULL));
        cr_assert(mp_event_file_record(file, 1, &sent, NULL));
        cr_assert(mp_event_file_record(file, 2, &deferred, NULL));
        cr_assert(mp_event_file_record(file, 3, &failed, NULL));
    }
    change(MP_CHANGE_RETRY, 0);
    g_autoptr(MpEventFile) file = open_event(MP_EVENT_READ, NULL);
    cr_assert_not(mp_event_recipient_is_due(recipient(file, 0), THEN + 1));
    cr_assert(mp_event_recipient_is_due(recipient(file, 1), THEN + 1));
    cr_assert(mp_event_recipient_is_due(recipient(file, 2), THEN + 1));
    cr_assert_eq(recipient(file, 2)->attempts, 1);
}

/* --- Queues ---------------------------------------------------------------------------------- */

Test(outbox_event, publishing_twice_changes_nothing)
{
    announce(KEY);
    cr_assert(mp_outbox_publish(outbox, KEY, NULL));
    write_event("new/" KEY, "attempts were made");
    const MpEvent event = {(char *)KEY, MP_EVENT_CLOSED, 1, 1, 1, (char *)"h"};
    cr_assert(mp_outbox_stage(outbox, &event, NULL));
    cr_assert(mp_outbox_publish(outbox, KEY, NULL));
    g_autofree char *text = read_event("new/" KEY);
    cr_assert_str_eq(text, "attempts were made");
    cr_assert_not(exists("tmp/" KEY));
}

Test(outbox_event, what_a_dead_run_staged_is_found_and_what_it_tore_is_deleted)
{
    const MpEvent event = {(char *)KEY, MP_EVENT_CLOSED, 1, 2, THEN, (char *)"h"};

    cr_assert(mp_outbox_stage(outbox, &event, NULL));
    write_event("tmp/torn", "metroplex-event\t1\nkey\tto");
    write_event("tmp/half.tmp", "");
    g_autoptr(GPtrArray) staged = mp_outbox_staged(outbox, NULL);
    cr_assert_eq(staged->len, 1);
    cr_assert_str_eq(((MpEvent *)staged->pdata[0])->key, KEY);
    cr_assert(exists("tmp/" KEY));
    cr_assert_not(exists("tmp/torn"));
    cr_assert_not(exists("tmp/half.tmp"));
    cr_assert(mp_outbox_discard(outbox, KEY, NULL));
    cr_assert(mp_outbox_discard(outbox, KEY, NULL));
    cr_assert_not(exists("tmp/" KEY));
}

Test(outbox_event, only_what_is_due_is_listed_new_first_then_by_due_time)
{
    gint64 next;

    write_event("retry/300.c", "");
    write_event("retry/100.a", "");
    write_event("retry/90.b", "");
    write_event("new/n", "");
    write_event("new/not.an-event", "");
    write_event("retry/x.a", "");
    write_event("hold/h", "");
    g_autoptr(GPtrArray) due = mp_outbox_due(outbox, 100, &next, NULL);

    cr_assert_eq(due->len, 3);
    cr_assert_str_eq(((MpQueued *)due->pdata[0])->key, "n");
    cr_assert_str_eq(((MpQueued *)due->pdata[1])->key, "b");
    cr_assert_str_eq(((MpQueued *)due->pdata[2])->key, "a");
    cr_assert_eq(next, 300);
}

Test(outbox_event, a_name_that_is_taken_costs_no_file)
{
    const MpQueued new = {MP_QUEUE_NEW, (char *)"k", (char *)"k", 0, 0};
    MpQueued held = {MP_QUEUE_HOLD, (char *)"k.2", (char *)"k", 0, 0};
    g_autoptr(GError) error = NULL;
    bool is_there;

    write_event("new/k", "one");
    write_event("hold/k", "two");
    cr_assert(mp_outbox_hold(outbox, &new, NULL));
    cr_assert(exists("hold/k.2"));
    write_event("new/k", "three");
    cr_assert_not(mp_outbox_change(outbox, &held, MP_CHANGE_RELEASE, NULL, &is_there, &error));
    cr_assert(g_error_matches(error, MP_ERROR, MP_ERROR_INPUT));
    write_event("retry/50.k", "four");
    cr_assert(mp_outbox_postpone(outbox, &new, 50, NULL));
    g_autofree char *three = read_event("retry/51.k"), *four = read_event("retry/50.k");
    cr_assert_str_eq(three, "three");
    cr_assert_str_eq(four, "four");
    cr_assert(mp_outbox_postpone(outbox, &new, 50, NULL),
              "a move that was made before is no error");
}

Test(outbox_event, one_file_under_two_names_becomes_one)
{
    const MpQueued new = {MP_QUEUE_NEW, (char *)"k", (char *)"k", 0, 0};
    g_autofree char *from = path_of("new/k"), *to = path_of("retry/50.k");

    write_event("new/k", "one");
    cr_assert_eq(link(from, to), 0);
    cr_assert(mp_outbox_postpone(outbox, &new, 50, NULL));
    cr_assert_not(exists("new/k"));
    cr_assert(exists("retry/50.k"));
    cr_assert_not(exists("retry/51.k"));
}

/* A fifth more by chance, and never behind the last attempt. */
static void
expect_wait(gsize number, gint64 found, gint64 seconds, gint64 left)
{
    cr_assert(found >= MIN(seconds, left) && found <= MIN(seconds + seconds / 5, left),
              "case %zu: %ld s instead of %ld", number, (long)found, (long)seconds);
}

Test(outbox_event, the_delay_grows_to_two_hours_until_it_is_time_to_give_up)
{
    static const struct {
        guint attempts;
        gint64 age, minutes; /* minutes 0: give up */
    } cases[] = {
        {1, 0, 1},        {2, 60, 5},      {3, 360, 15},    {4, 1260, 30},
        {5, 3060, 60},    {6, 6660, 120},  {7, 13860, 120}, {40, 200000, 120},
        {41, 430200, 30}, {42, 432000, 0}, {1, 432001, 0},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 due = 0;
        bool again = mp_retry_due(cases[i].attempts, THEN, THEN + cases[i].age, 432000, &due);

        cr_assert_eq(again, cases[i].minutes > 0, "case %zu", i);
        if (again)
            expect_wait(i, due - THEN - cases[i].age, cases[i].minutes * 60, 432000 - cases[i].age);
    }
}

/* Who waits for one server must not come back all at once. */
Test(outbox_event, those_who_wait_for_the_same_come_back_one_by_one)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);

    for (int i = 0; i < 200; i++) {
        gint64 *due = g_new(gint64, 1);

        cr_assert(mp_retry_due(6, THEN, THEN + 7200, 432000, due));
        g_hash_table_add(seen, due);
    }
    cr_assert_gt(g_hash_table_size(seen), 100, "of 200 moments within 24 minutes");
}
