/*
 * What the notifier promises as a program: everybody is told once, whatever dies; what cannot be
 * sent waits; a queue can be read and changed. The program is run on a small installation of its
 * own.
 */
#include <criterion/criterion.h>

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/lock.h"
#include "outbox/outbox.h"
#include "scratch.h"
#include "tracker/tracker.h"
#include "tracker/repositories.h"

#define HOST "git.example.org"
#define KEY  "00000000000000000000000000000001"

static ScratchPath *scratch;
static MpTracker *tracker;
static MpOutbox *outbox;
static guint64 thread;

/* --- An installation -------------------------------------------------------------------------- */

static void
add_user(const char *login)
{
    g_autofree char *tracker_path = scratch_path(scratch, "accounts.git");
    g_autoptr(MpAccounts) accounts = mp_accounts_open(tracker_path, HOST, NULL);
    g_autoptr(GPtrArray) emails = g_ptr_array_new();
    g_autofree char *email = g_strconcat(login, "@example.com", NULL);
    MpUser user = {
        .login = (char *)login, .name = (char *)login, .emails = emails, .is_active = true};
    g_autoptr(GError) error = NULL;

    g_ptr_array_add(emails, email);
    cr_assert(mp_accounts_write(accounts, &user, "Add", &error), "%s", error ? error->message : "");
}

static const MpActor tim = {1, "tim", "Tim", 1700000000, 1700000000};

static void
open_thread(void)
{
    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);
    const MpThread facts = {.kind = MP_ISSUE,
                            .repository = (char *)"acme/rocket",
                            .title = (char *)"Engine",
                            .author = 1,
                            .author_login = (char *)"tim",
                            .is_open = true,
                            .created = 1700000000};
    const MpNewComment post = {
        .key = KEY, .via = "command", .body = "It does not start.\n", .host = HOST};

    cr_assert(mp_batch_open_thread(batch, &facts, &post, &tim, &thread, NULL));
    cr_assert_eq(mp_batch_commit(batch, NULL), MP_COMMITTED);
    cr_assert(mp_tracker_refresh(tracker, NULL));
}

static void
subscribe(guint64 user, const char *reason)
{
    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);
    g_autoptr(GError) error = NULL;

    cr_assert(mp_batch_subscribe(batch, thread, user, reason, "Subscribe", &tim, &error), "%s",
              error ? error->message : "");
    cr_assert_eq(mp_batch_commit(batch, NULL), MP_COMMITTED);
    cr_assert(mp_tracker_refresh(tracker, NULL));
}

static void
comment(const char *key)
{
    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);
    const MpNewComment post = {
        .thread = thread, .key = key, .via = "mail", .body = "Yes.\n", .host = HOST};
    guint64 number;
    bool duplicate;

    cr_assert(mp_batch_comment(batch, &post, &tim, &number, &duplicate, NULL));
    cr_assert_eq(mp_batch_commit(batch, NULL), MP_COMMITTED);
    cr_assert(mp_tracker_refresh(tracker, NULL));
}

static void
announce_at(const char *key, MpEventKind kind, gint64 created)
{
    const MpEvent event = {.key = (char *)key,
                           .kind = kind,
                           .thread = thread,
                           .actor = 1,
                           .created = created,
                           .host = (char *)HOST};

    cr_assert(mp_outbox_stage(outbox, &event, NULL));
    cr_assert(mp_outbox_publish(outbox, key, NULL));
}

static void
announce(const char *key, MpEventKind kind)
{
    announce_at(key, kind, g_get_real_time() / G_USEC_PER_SEC);
}

static void
configure(const char *smtp)
{
    g_autofree char *path = scratch_path(scratch, "conf");
    g_autofree char *text =
        g_strdup_printf("[instance]\nhostname = " HOST "\ndata = %s\nlog-directory = %s\n"
                        "[address]\nkeys = %s/keys\n[smtp]\n%s\n",
                        scratch, scratch, scratch, smtp);

    cr_assert(g_file_set_contents(path, text, -1, NULL));
}

static void
configure_maildir(const char *more)
{
    g_autofree char *smtp =
        g_strdup_printf("transport = maildir\nmaildir = %s/sent\n%s", scratch, more);

    configure(smtp);
}

static void
set_up(void)
{
    scratch = scratch_make();
    g_autofree char *tracker_path = scratch_path(scratch, "tracker.git");
    g_autofree char *accounts_path = scratch_path(scratch, "accounts.git");
    g_autofree char *outbox_path = scratch_path(scratch, "outbox");
    bool made;

    g_free(scratch_run(scratch, "umask 077 && echo 0123456789abcdef0123456789abcdef > keys"));
    cr_assert(mp_tracker_init(tracker_path, HOST, &made, NULL));
    cr_assert(mp_accounts_init(accounts_path, HOST, &made, NULL));
    cr_assert(mp_outbox_init(outbox_path, NULL));
    outbox = mp_outbox_open(outbox_path, NULL);
    tracker = mp_tracker_open(tracker_path, HOST, NULL);
    cr_assert(outbox != NULL && tracker != NULL);
    configure_maildir("");
    add_user("tim");
    add_user("ada");
    add_user("bob");
    open_thread();
    subscribe(2, "mention");
    subscribe(3, "manual");
}

static void
tear_down(void)
{
    mp_outbox_free(outbox);
    mp_tracker_free(tracker);
    scratch_remove(scratch);
}

TestSuite(notifier, .init = set_up, .fini = tear_down, .timeout = 120);

/* --- Running it ------------------------------------------------------------------------------- */

static char *
program(void)
{
    const char *metroplex = g_getenv("METROPLEX");
    g_autofree char *directory =
        metroplex != NULL ? g_path_get_dirname(metroplex) : g_strdup("build/bin");
    char *path = g_build_filename(directory, "notifier", NULL);

    cr_assert(g_file_test(path, G_FILE_TEST_IS_EXECUTABLE), "%s is not built", path);
    return path;
}

static GPid
start(const char *arguments)
{
    g_autofree char *path = program();
    g_autofree char *config = scratch_path(scratch, "conf");
    g_auto(GStrv) words = g_strsplit(arguments, " ", -1);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    GPid pid;

    g_ptr_array_add(argv, path);
    g_ptr_array_add(argv, (char *)"--config");
    g_ptr_array_add(argv, config);
    for (char **word = words; *word != NULL; word++)
        g_ptr_array_add(argv, *word);
    g_ptr_array_add(argv, NULL);
    cr_assert(g_spawn_async(NULL, (char **)argv->pdata, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                            &pid, NULL));
    return pid;
}

static int
wait_for(GPid pid)
{
    int status;

    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Standard output, with the arguments as a shell reads them. */
static char *
run(int expected, const char *arguments)
{
    g_autofree char *path = program(), *full = g_canonicalize_filename(path, NULL);
    g_autofree char *command = g_strdup_printf(
        "%s --config conf %s 2> stderr; test $? = %d || { cat stderr >&2; exit 1; }", full,
        arguments, expected);

    return scratch_run(scratch, command);
}

static void
send(void)
{
    g_free(run(0, "--once"));
}

/* What a shell command in the scratch directory prints must be `expected`. */
static void
expect(const char *command, const char *expected)
{
    g_autofree char *out = scratch_run(scratch, command);

    cr_expect_str_eq(g_strchomp(out), expected, "%s: %s", command, out);
}

#define RECIPIENTS "cat sent/new/* 2>/dev/null | sed -n 's/^X-GitHub-Recipient: //p' | sort | xargs"
#define QUEUES                                                                                     \
    "cd outbox && find new retry hold failed -type f | sed 's/[0-9]*[.]//' | sort | xargs"

Test(notifier, everybody_but_the_actor_is_told_once)
{
    announce(KEY, MP_EVENT_OPENED);
    send();
    expect(RECIPIENTS, "ada bob");
    expect(QUEUES, "");
    send();
    expect(RECIPIENTS, "ada bob");
}

Test(notifier, whoever_mutes_is_not_told)
{
    subscribe(3, "muted");
    announce(KEY, MP_EVENT_CLOSED);
    send();
    expect(RECIPIENTS, "ada");
    expect("grep -c 'to 1 of 1 recipients' notifier.log", "1");
}

Test(notifier, watchers_are_told_like_subscribers_but_once_and_only_with_open_accounts)
{
    g_autoptr(GArray) watchers = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_autoptr(GArray) members = g_array_new(FALSE, FALSE, sizeof(guint64));
    const MpRepository repository = {
        .name = (char *)"acme/rocket", .watchers = watchers, .members = members};
    g_autofree char *path = scratch_path(scratch, "accounts.git");
    g_autoptr(MpAccounts) accounts = mp_accounts_open(path, HOST, NULL);
    const guint64 ids[] = {1, 2, 4, 5, 99};

    add_user("eve");
    add_user("ida");
    cr_assert(mp_accounts_refresh(accounts, NULL));
    g_autoptr(MpUser) ida = NULL;
    cr_assert(mp_accounts_user_by_login(accounts, "ida", &ida, NULL));
    ida->is_active = false;
    cr_assert(mp_accounts_write(accounts, ida, "Suspend", NULL));
    g_array_append_vals(watchers, ids, G_N_ELEMENTS(ids));
    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);
    cr_assert(mp_batch_set_repository(batch, &repository, "Watch", &tim, NULL));
    cr_assert_eq(mp_batch_commit(batch, NULL), MP_COMMITTED);
    announce(KEY, MP_EVENT_OPENED);
    send();
    expect("cat sent/new/* | grep -h -e ^X-GitHub-Recipient: -e ^X-GitHub-Reason: | paste - - | "
           "awk '{print $2, $4}' | sort | xargs",
           "ada mention bob manual eve subscribed");
}

Test(notifier, a_mute_counts_even_after_the_expansion)
{
    configure("address = localhost\nport = 1\ntls = none");
    announce(KEY, MP_EVENT_OPENED);
    send(); /* expands, and finds nobody listening */
    subscribe(3, "muted");
    configure_maildir("");
    g_free(run(0, "queue retry " KEY));
    send();
    expect(RECIPIENTS, "ada");
    expect(QUEUES, "");
}

Test(notifier, a_thousand_deaths_lose_nobody_and_repeat_at_most_one_each)
{
    enum { PEOPLE = 200 };
    int kills = 0;

    for (int i = 0; i < PEOPLE; i++) {
        g_autofree char *login = g_strdup_printf("user%d", i);
        add_user(login);
    }
    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);
    for (guint64 id = 4; id < 4 + PEOPLE; id++)
        cr_assert(mp_batch_subscribe(batch, thread, id, "manual", "Subscribe", &tim, NULL));
    cr_assert_eq(mp_batch_commit(batch, NULL), MP_COMMITTED);
    configure_maildir("connections = 1");
    announce(KEY, MP_EVENT_OPENED);
    for (int i = 0; i < 60; i++) {
        GPid pid = start("--once");

        g_usleep(3000 + (gulong)i * 700);
        kill(pid, SIGKILL);
        kills += wait_for(pid) == 128 + SIGKILL;
    }
    send();
    expect(QUEUES, "");
    expect("cat sent/new/* | sed -n 's/^X-GitHub-Recipient: //p' | sort -u | wc -l", "202");
    g_autofree char *sent = scratch_run(scratch, "ls sent/new | wc -l");
    cr_expect(atoi(sent) <= 202 + kills, "%s messages after %d kills", sent, kills);
    cr_expect(kills > 5, "only %d kills hit", kills);
}

Test(notifier, several_connections_tell_everybody_once)
{
    configure_maildir("connections = 8");
    for (int i = 0; i < 40; i++) {
        g_autofree char *key = g_strdup_printf("%032d", i + 100);

        comment(key);
        announce(key, MP_EVENT_COMMENT);
    }
    send();
    expect("ls sent/new | wc -l", "80");
    expect("cat sent/new/* | grep -h -e ^Message-ID: -e ^X-GitHub-Recipient: | paste - - | sort -u "
           "| wc -l",
           "80");
    expect(QUEUES, "");
}

Test(notifier, a_change_that_is_not_in_the_tracker_waits_and_is_never_lost)
{
    announce("00000000000000000000000000000009", MP_EVENT_COMMENT);
    send();
    expect(QUEUES, "retry/00000000000000000000000000000009");
    expect("grep -c 'is not in thread 1 of the tracker yet' notifier.log", "1");
    comment("00000000000000000000000000000009");
    g_free(
        scratch_run(scratch, "mv outbox/retry/* outbox/retry/1.00000000000000000000000000000009"));
    send();
    expect(RECIPIENTS, "ada bob");
}

/* A machine whose clock stood before 1970, or far ahead, when it posted. */
Test(notifier, an_event_of_any_time_is_sent)
{
    static const gint64 times[] = {-1, 0, -86400, -62135596800, 253402300799};

    for (gsize i = 0; i < G_N_ELEMENTS(times); i++) {
        g_free(scratch_run(scratch, "rm -rf sent"));
        announce_at(KEY, MP_EVENT_OPENED, times[i]);
        send();
        expect(RECIPIENTS, "ada bob");
        expect(QUEUES, "");
        announce_at("00000000000000000000000000000009", MP_EVENT_COMMENT, times[i]);
        send();
        expect(QUEUES, "retry/00000000000000000000000000000009");
        g_free(scratch_run(scratch, "rm outbox/retry/*"));
    }
}

/* What is known of the server, as if it had been written `seconds` ago. */
static void
let_time_pass(int seconds)
{
    g_autofree char *command =
        g_strdup_printf("awk -F '\\t' -v OFS='\\t' '$1 == \"probe\" || $1 == \"since\" {$2 -= %d} "
                        "{print}' outbox/server > moved && mv moved outbox/server",
                        seconds);

    g_free(scratch_run(scratch, command));
}

Test(notifier, a_server_that_is_away_is_looked_for_less_each_time_and_costs_no_message)
{
    configure("address = localhost\nport = 1\ntls = none\ngive-up-after = 60");
    announce(KEY, MP_EVENT_OPENED);
    for (int wait = 60, i = 0; i < 8; wait = MIN(wait * 2, 1500), i++) {
        g_autofree char *earliest =
            g_strdup_printf("awk '$1 == \"probe\" {w = $2 - systime(); print (w > %d - 20 && w <= "
                            "%d)}' outbox/server",
                            wait, wait + wait / 5);

        send();
        expect(QUEUES, "new/" KEY);
        expect("grep -c -e ^deferred -e ^failed -e ^waiting outbox/new/* || true", "0");
        expect(earliest, "1");
        let_time_pass(2000);
    }
    expect("grep -c 'WARN.*cannot be reached' notifier.log", "1");
    expect("cat stderr", "");
    configure_maildir("");
    send();
    expect(RECIPIENTS, "ada bob");
    expect(QUEUES, "");
}

Test(notifier, a_record_of_the_server_that_makes_no_sense_stops_nothing)
{
    g_free(scratch_run(scratch, "printf 'state\tasleep\n' > outbox/server"));
    announce(KEY, MP_EVENT_OPENED);
    send();
    expect(RECIPIENTS, "ada bob");
    expect("grep -c 'outbox/server says what cannot be understood' notifier.log", "1");
}

Test(notifier, mail_that_is_not_enabled_sends_nothing_and_says_so)
{
    configure_maildir("enabled = false");
    announce(KEY, MP_EVENT_OPENED);
    send();
    expect(QUEUES, "new/" KEY);
    expect("grep -c 'not enabled' notifier.log", "1");
}

Test(notifier, a_second_run_leaves_at_once_with_0)
{
    g_autofree char *path = scratch_path(scratch, "outbox/lock");
    g_autoptr(MpLock) lock = mp_lock_take(path, MP_LOCK_TRY, NULL);

    announce(KEY, MP_EVENT_OPENED);
    send();
    expect(QUEUES, "new/" KEY);
    expect("grep -c 'Another notifier is running' notifier.log", "1");
}

Test(notifier, a_malformed_event_is_told_by_line_and_left_while_others_go)
{
    g_free(scratch_run(scratch, "printf 'metroplex-event\\t1\\nnonsense\\n' > outbox/new/bad"));
    announce(KEY, MP_EVENT_OPENED);
    send();
    expect(RECIPIENTS, "ada bob");
    expect(QUEUES, "new/bad");
    expect("grep -c 'outbox/new/bad:2: an unknown word' notifier.log", "1");
}

Test(notifier, a_tracker_that_cannot_be_read_leaves_the_event)
{
    announce(KEY, MP_EVENT_OPENED);
    g_free(scratch_run(scratch, "mv accounts.git away"));
    g_free(run(78, "--once"));
    expect(QUEUES, "new/" KEY);
}

Test(notifier, a_secret_that_is_missing_is_the_installations_fault)
{
    announce(KEY, MP_EVENT_OPENED);
    g_free(scratch_run(scratch, "chmod 644 keys"));
    g_free(run(78, "--once"));
    expect(QUEUES, "new/" KEY);
}

/* Within 4 seconds: less than the timer under inotify. */
static bool
appears(const char *command, const char *expected)
{
    gint64 end = g_get_monotonic_time() + 4 * G_USEC_PER_SEC;

    while (g_get_monotonic_time() < end) {
        g_autofree char *out = scratch_run(scratch, command);

        if (strcmp(g_strchomp(out), expected) == 0)
            return true;
        g_usleep(20000);
    }
    return false;
}

Test(notifier, a_run_sends_what_comes_and_stops_when_told_with_0)
{
    GPid pid = start("--for 30");

    cr_expect(appears("test -e outbox/lock && echo yes || echo no", "yes"));
    announce(KEY, MP_EVENT_OPENED);
    cr_expect(appears(RECIPIENTS, "ada bob"));
    cr_expect(appears(QUEUES, ""));
    kill(pid, SIGTERM);
    cr_expect_eq(wait_for(pid), 0);
}

Test(notifier, a_run_ends_by_itself)
{
    gint64 start_time = g_get_monotonic_time();

    g_free(run(0, "--for 1"));
    cr_expect(g_get_monotonic_time() - start_time < 5 * G_USEC_PER_SEC);
}

static GPid
serve(const char *rule)
{
    g_autofree char *directory = scratch_path(scratch, "server");
    const char *argv[] = {"python3", "tests/lib/smtp_server.py", "--dir", directory, "--rule", rule,
                          NULL};
    GPid pid;

    g_mkdir(directory, 0700);
    cr_assert(
        g_spawn_async(NULL, (char **)argv, NULL,
                      G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL,
                      NULL, NULL, &pid, NULL));
    cr_assert(appears("test -s server/port && echo yes || echo no", "yes"));
    g_autofree char *port = scratch_run(scratch, "cat server/port");
    g_autofree char *smtp =
        g_strdup_printf("address = localhost\ntls = none\nport = %s", g_strchomp(port));
    configure(smtp);
    return pid;
}

/* --- Commands for people ---------------------------------------------------------------------- */

static JsonObject *
parse_line(const char *line, JsonParser *parser)
{
    cr_assert(json_parser_load_from_data(parser, line, -1, NULL), "%s", line);
    return json_node_get_object(json_parser_get_root(parser));
}

Test(notifier, a_queue_lists_recipients_as_json)
{
    static const char *const members[] = {"event", "thread",   "comment", "login", "address",
                                          "state", "attempts", "due",     "error"};
    g_autoptr(JsonParser) parser = json_parser_new();

    announce(KEY, MP_EVENT_OPENED);
    g_autofree char *before = run(0, "queue list --json");
    JsonObject *object = parse_line(before, parser);
    cr_expect_str_eq(json_object_get_string_member(object, "state"), "new");
    cr_expect(json_object_get_null_member(object, "login"));

    GPid pid = serve("RCPT 451 4.3.0 later");
    send();
    kill(pid, SIGTERM);
    wait_for(pid);
    g_autofree char *after = run(0, "queue list --json");
    g_auto(GStrv) lines = g_strsplit(g_strchomp(after), "\n", -1);
    cr_assert_eq(g_strv_length(lines), 2);
    object = parse_line(lines[0], parser);
    for (gsize i = 0; i < G_N_ELEMENTS(members); i++)
        cr_expect(json_object_has_member(object, members[i]), "%s", members[i]);
    cr_expect_str_eq(json_object_get_string_member(object, "event"), KEY);
    cr_expect_eq(json_object_get_int_member(object, "thread"), 1);
    cr_expect_eq(json_object_get_int_member(object, "comment"), 0);
    cr_expect_str_eq(json_object_get_string_member(object, "login"), "ada");
    cr_expect_str_eq(json_object_get_string_member(object, "address"), "ada@example.com");
    cr_expect_str_eq(json_object_get_string_member(object, "state"), "retry");
    cr_expect_eq(json_object_get_int_member(object, "attempts"), 1);
    cr_expect(g_str_has_suffix(json_object_get_string_member(object, "due"), "Z"));
    cr_expect_str_eq(json_object_get_string_member(object, "error"), "451 4.3.0 later");
}

Test(notifier, a_queue_says_that_it_waits_for_the_server_and_a_retry_looks_for_it)
{
    g_autoptr(JsonParser) parser = json_parser_new();

    configure("address = localhost\nport = 1\ntls = none");
    announce(KEY, MP_EVENT_OPENED);
    send();
    g_autofree char *list = run(0, "queue list --json");
    JsonObject *object = parse_line(list, parser);
    cr_expect_str_eq(json_object_get_string_member(object, "state"), "new");
    cr_expect_eq(json_object_get_int_member(object, "attempts"), 0);
    cr_expect(g_str_has_prefix(json_object_get_string_member(object, "error"), "localhost:1: "));
    cr_expect(g_str_has_suffix(json_object_get_string_member(object, "due"), "Z"));
    g_free(run(0, "queue retry --all"));
    expect("grep ^probe outbox/server", "probe\t0\t1");
}

Test(notifier, a_queue_is_held_released_retried_and_dropped)
{
    announce(KEY, MP_EVENT_OPENED);
    g_free(run(0, "queue hold " KEY));
    expect(QUEUES, "hold/" KEY);
    send();
    expect(RECIPIENTS, "");
    g_autofree char *held = run(0, "queue list --json");
    cr_expect_not_null(strstr(held, "\"state\":\"hold\""));
    g_free(run(65, "queue retry " KEY));
    g_free(run(0, "queue release --all"));
    expect(QUEUES, "new/" KEY);
    g_free(run(0, "queue drop " KEY));
    expect(QUEUES, "");
    g_free(run(65, "queue drop " KEY));
    g_free(run(64, "queue drop"));
    g_free(run(64, "queue"));
}

Test(notifier, a_queue_shows_who_got_an_event_and_who_did_not)
{
    const MpAttempt sent = {MP_RECIPIENT_SENT, 1700000000, 0, 250, "2.0.0 Ok"};
    const MpAttempt failed = {MP_RECIPIENT_FAILED, 1700000000, 0, 550, "5.1.1 no such user"};
    MpAudience *people = mp_audience_new();
    MpEventEnd end;

    announce(KEY, MP_EVENT_OPENED);
    mp_audience_add(people, 2, "mention");
    mp_audience_add(people, 3, "mention");
    {
        g_autoptr(MpQueued) queued = mp_outbox_find(outbox, KEY, NULL);
        g_autoptr(MpEventFile) file = mp_event_file_open(outbox, queued, MP_EVENT_WRITE, NULL);

        cr_assert(mp_event_file_expand(file, people, 1700000000, NULL));
        cr_assert(mp_event_file_record(file, 2, &sent, NULL));
        cr_assert(mp_event_file_record(file, 3, &failed, NULL));
        cr_assert(mp_event_file_finish(file, &end, NULL));
    }
    g_autofree char *show = run(0, "queue show --json " KEY), *list = run(0, "queue list --json");
    cr_expect_not_null(strstr(show, "\"login\":\"ada\""));
    cr_expect_not_null(strstr(show, "\"state\":\"sent\""));
    cr_expect_null(strstr(list, "\"login\":\"ada\""));
    cr_expect_not_null(strstr(list, "\"state\":\"failed\""));
    cr_expect_not_null(strstr(list, "\"error\":\"550 5.1.1 no such user\""));
    g_free(run(0, "queue retry " KEY));
    send();
    expect(RECIPIENTS, "bob");
}

Test(notifier, a_preview_prints_the_message_and_sends_nothing)
{
    g_autofree char *text = run(0, "preview 1 0 ada");

    cr_expect_not_null(strstr(text, "\r\nX-GitHub-Recipient: ada\r\n"));
    cr_expect_not_null(strstr(text, "\r\nX-GitHub-Reason: mention\r\n"));
    expect(RECIPIENTS, "");
    g_free(run(65, "preview 1 1 ada"));
    g_free(run(65, "preview 2 0 ada"));
    g_free(run(65, "preview 1 0 nobody"));
    g_free(run(64, "preview 1"));
}

/* --- A server that has its moods -------------------------------------------------------------- */

Test(notifier, what_the_server_says_decides_what_becomes_of_each)
{
    static const struct {
        const char *rule, *queues, *delivered;
    } cases[] = {
        {"RCPT ada 450 4.2.1 later", "retry/" KEY, "1"},
        {"RCPT ada 550 5.1.1 no such user", "failed/" KEY, "1"},
        {"EOD 451 4.3.0 full", "retry/" KEY, "0"},
        {"EOD.1 552 5.3.4 too big", "failed/" KEY, "1"},
        {"CONNECT 421 4.3.2 not now", "new/" KEY, "0"},
        {"QUIT close", "", "2"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_free(scratch_run(scratch, "rm -rf server outbox/*/* outbox/server"));
        announce(KEY, MP_EVENT_OPENED);
        GPid pid = serve(cases[i].rule);

        send();
        kill(pid, SIGTERM);
        wait_for(pid);
        expect(QUEUES, cases[i].queues);
        expect("ls server | grep -c eml || true", cases[i].delivered);
    }
}
