/* What holds of digests, whatever stops while they are made; and what one of them says. */
#include <criterion/criterion.h>

#include <glib/gstdio.h>
#include <string.h>

#include "golden.h"
#include "notify/notify.h"
#include "notify_fixture.h"
#include "outbox/outbox.h"
#include "scratch.h"
#include "tracker/digest_id.h"

#define ONE    "00000000000000000000000000000001"
#define TWO    "00000000000000000000000000000002"
#define DIGEST "digest-6-17-1700001800"
#define THEN   1700000000
#define DUE    (THEN + 1800)

static ScratchPath *scratch;
static char *root;
static MpOutbox *outbox;
static MpConfig *config;
static MpKeyRing *ring;
static GPtrArray *none;
static GArray *nobody;
static MpRepository repository;
static const MpThread engine = {.id = 17,
                                .repository = (char *)"acme/rocket",
                                .title = (char *)"Engine does not start",
                                .nonce = (char *)"00112233aabbccdd"};

static void
set_up(void)
{
    notify_fixture_load("https://git.example.org", &config, &ring);
    none = g_ptr_array_new();
    nobody = g_array_new(FALSE, FALSE, sizeof(guint64));
    repository = (MpRepository){.name = engine.repository, .watchers = nobody, .members = nobody};
    scratch = scratch_make();
    root = scratch_path(scratch, "outbox");
    cr_assert(mp_outbox_init(root, NULL));
    outbox = mp_outbox_open(root, NULL);
    cr_assert_not_null(outbox);
}

static void
tear_down(void)
{
    mp_outbox_free(outbox);
    g_free(root);
    scratch_remove(scratch);
    mp_config_free(config);
    mp_key_ring_free(ring);
    g_ptr_array_unref(none);
    g_array_unref(nobody);
}

TestSuite(digests, .init = set_up, .fini = tear_down);

/* An event for 6, who gets it later, and 7, who waits for another attempt. */
static void
put_off(const char *key)
{
    const MpEvent event = {(char *)key, MP_EVENT_COMMENT, 17, 5, THEN, (char *)"git.example.org"};
    const MpAttempt deferred = {MP_RECIPIENT_DEFERRED, THEN, DUE + 600, 451, "later", false,
                                "u7@example.com"};
    MpAudience *audience = mp_audience_new();
    MpEventEnd end;

    cr_assert(mp_outbox_stage(outbox, &event, NULL) && mp_outbox_publish(outbox, key, NULL));
    g_autoptr(MpQueued) queued = mp_outbox_find(outbox, key, NULL);
    g_autoptr(MpEventFile) file = mp_event_file_open(outbox, queued, MP_EVENT_WRITE, NULL);
    mp_audience_add(audience, 6, "comment");
    mp_audience_add(audience, 7, "author");
    cr_assert(mp_event_file_expand(file, audience, THEN, NULL));
    cr_assert(mp_event_file_put_off(file, 6, THEN, DUE, NULL));
    cr_assert(mp_event_file_record(file, 7, &deferred, NULL));
    cr_assert(mp_event_file_finish(file, &end, NULL));
    cr_assert_eq(end, MP_EVENT_RETRIES);
}

static void
make_digest(void)
{
    g_autoptr(MpEvent) digest = g_new0(MpEvent, 1);

    digest->key = g_strdup(DIGEST);
    digest->kind = MP_EVENT_DIGEST;
    digest->thread = 17;
    digest->created = DUE;
    digest->host = g_strdup("git.example.org");
    digest->digest = mp_digest_new(6, "comment", DUE);
    mp_digest_add(digest->digest, ONE, MP_EVENT_COMMENT, 5, THEN);
    mp_digest_add(digest->digest, TWO, MP_EVENT_CLOSED, 5, THEN + 1);
    cr_assert(mp_outbox_make_digest(outbox, digest, NULL));
    cr_assert(mp_outbox_sync_digests(outbox, NULL));
}

static MpEventFile *
open_event(const char *key)
{
    g_autoptr(MpQueued) queued = mp_outbox_find(outbox, key, NULL);

    return queued != NULL ? mp_event_file_open(outbox, queued, MP_EVENT_READ, NULL) : NULL;
}

static MpEventRecipientState
state_of(const char *key)
{
    g_autoptr(MpEventFile) file = open_event(key);

    cr_assert_not_null(file, "%s", key);
    return ((MpEventRecipient *)mp_event_file_recipients(file)->pdata[0])->state;
}

static char *
path_of(const char *place, const char *name)
{
    return g_build_filename(root, place, name, NULL);
}

static bool
is_there(const char *place, const char *name)
{
    g_autofree char *path = path_of(place, name);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static guint
count_lines(const char *key, const char *word)
{
    g_autoptr(MpQueued) queued = mp_outbox_find(outbox, key, NULL);
    g_autofree char *path = path_of(mp_queue_name(queued->queue), queued->name), *text = NULL;
    guint n = 0;

    cr_assert(g_file_get_contents(path, &text, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        n += g_str_has_prefix(*line, word);
    return n;
}

Test(digests, from_then_on_the_events_owe_nothing_and_the_digest_has_all)
{
    put_off(ONE);
    put_off(TWO);
    make_digest();
    cr_assert(mp_outbox_publish_digests(outbox, DUE, NULL));

    cr_expect_eq(state_of(ONE), MP_RECIPIENT_GATHERED);
    cr_expect_eq(state_of(TWO), MP_RECIPIENT_GATHERED);
    cr_expect(is_there("new", DIGEST) && !is_there("digests", DIGEST));
    g_autoptr(MpEventFile) file = open_event(DIGEST);
    const MpDigest *digest = mp_event_file_event(file)->digest;
    cr_expect_eq(digest->user, 6);
    cr_expect_eq(digest->due, DUE);
    cr_expect_eq(digest->events->len, 2);
    cr_expect_str_eq(((MpDigestEvent *)digest->events->pdata[1])->key, TWO);
    cr_expect_eq(((MpDigestEvent *)digest->events->pdata[1])->kind, MP_EVENT_CLOSED);
}

Test(digests, a_run_that_died_is_finished_by_the_next)
{
    g_autofree char *published = path_of("new", DIGEST), *made = path_of("digests", DIGEST);

    put_off(ONE);
    put_off(TWO);
    make_digest(); /* and no step more */
    for (int death = 0; death < 3; death++) {
        g_autoptr(MpOutbox) next = mp_outbox_open(root, NULL);

        cr_assert(mp_outbox_publish_digests(next, DUE, NULL));
        cr_expect(is_there("new", DIGEST) && !is_there("digests", DIGEST), "after %d", death);
        cr_expect_eq(count_lines(ONE, "gathered\t"), 1);
        cr_expect_eq(count_lines(TWO, "gathered\t"), 1);
        cr_assert_eq(g_rename(published, made), 0); /* it died before this was renamed */
    }
}

Test(digests, half_a_digest_is_none)
{
    g_autofree char *path = path_of("digests", DIGEST), *text = NULL;

    put_off(ONE);
    put_off(TWO);
    make_digest();
    cr_assert(g_file_get_contents(path, &text, NULL, NULL));
    for (gsize length = 0; length < strlen(text); length++) {
        cr_assert(g_file_set_contents(path, text, (gssize)length, NULL));
        cr_assert(mp_outbox_publish_digests(outbox, DUE, NULL), "%zu octets", length);
        cr_expect(!is_there("new", DIGEST) && !is_there("digests", DIGEST), "%zu octets", length);
    }
    cr_expect_eq(state_of(ONE), MP_RECIPIENT_LATER, "it is made again");
    cr_expect_eq(state_of(TWO), MP_RECIPIENT_LATER);
}

Test(digests, what_is_held_or_gone_is_left_so)
{
    put_off(ONE);
    g_autoptr(MpQueued) queued = mp_outbox_find(outbox, ONE, NULL);
    cr_assert(mp_outbox_hold(outbox, queued, NULL));
    make_digest(); /* TWO is not there at all */
    cr_assert(mp_outbox_publish_digests(outbox, DUE, NULL));
    cr_expect(is_there("hold", ONE));
    cr_expect_eq(state_of(ONE), MP_RECIPIENT_GATHERED);
    cr_expect(is_there("new", DIGEST));
}

Test(digests, an_event_waits_as_long_as_the_first_who_is_left)
{
    put_off(ONE);
    g_autoptr(MpEventFile) file = open_event(ONE);
    cr_expect_eq(mp_event_file_waits_since(file), THEN, "7 was to get it then");
}

/* --- Message-IDs ------------------------------------------------------------------------------ */

Test(digests, a_message_id_says_what_was_in_it)
{
    const MpThread thread = {
        .id = 17, .repository = (char *)"acme/rocket", .nonce = (char *)"00112233aabbccdd"};
    const MpDigestId with = {6, DUE, true, 0, 22, (char *)"0123456789abcdef0123456789abcdef"},
                     without = {6, DUE, false, 0, 0, (char *)"0123456789abcdef0123456789abcdef"};
    static const char *const others[] = {
        "<acme/rocket/issues/17-00112233/digest/6-1700001800/22-3-01234567@git.example.org>",
        "<acme/rocket/issues/17-00112233/digest/6-1700001800/3-22@git.example.org>",
        "<acme/rocket/issues/17-00112233/digest/6/3-22-01234567@git.example.org>",
        "<acme/rocket/issues/17-00112233/digest/0-1700001800/3-22-01234567@git.example.org>",
        "<acme/rocket/issues/17-00112233/digest/6-1700001800/3-22-0123456z@git.example.org>",
        "<acme/rocket/issues/17-00112233/digest/6-1700001800/+3-22-01234567@git.example.org>",
        "<acme/rocket/issues/17-00112233/digest/6-1700001800/3-22-01234567@git.example.net>",
        "<acme/rocket/issues/18-00112233/digest/6-1700001800/3-22-01234567@git.example.org>",
        "<acme/rocket/issues/17-00112233/digest/@git.example.org>",
        "<acme/rocket/issues/17-00112233/digest",
        "<acme/rocket/issues/17-00112233/3-01234567@git.example.org>",
        "",
    };
    const MpDigestId *const good[] = {&with, &without};
    guint64 number;

    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autofree char *id = mp_thread_digest_id(&thread, good[i], "git.example.org");
        g_auto(MpDigestId) read = {0};

        cr_assert(mp_thread_digest_of_id(&thread, id, "git.example.org", &read), "%s", id);
        cr_expect(read.user == 6 && read.due == DUE && read.has_comments == good[i]->has_comments);
        cr_expect(read.first == good[i]->first && read.last == good[i]->last);
        cr_expect(g_str_has_prefix(good[i]->key, read.key));
        cr_expect(!mp_thread_comment_of_id(&thread, id, "git.example.org", &number), "%s", id);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        g_auto(MpDigestId) read = {0};

        cr_expect(!mp_thread_digest_of_id(&thread, others[i], "git.example.org", &read), "%s",
                  others[i]);
    }
}

/* --- The mail --------------------------------------------------------------------------------- */

static MpNotification *
notification(const MpUser *actor, const MpComment *comment)
{
    return mp_notification_new(
        &(MpNotificationFacts){.config = config,
                               .ring = ring,
                               .thread = &engine,
                               .repository = &repository,
                               .actor = actor,
                               .kind = comment != NULL ? MP_EVENT_COMMENT : MP_EVENT_CLOSED,
                               .comment = comment,
                               .key = ONE,
                               .date = THEN + (comment != NULL ? 60 * comment->number : 600)});
}

Test(digests, golden_digests_are_as_they_were)
{
    const MpUser tim = {.id = 5,
                        .login = (char *)"tim",
                        .name = (char *)"Tim Example",
                        .emails = none},
                 zoe = {
                     .id = 7, .login = (char *)"zoe", .name = (char *)"Zoë <Ünal>", .emails = none};
    const MpComment one = {.number = 1, .key = (char *)ONE, .body = (char *)"It **works**.\n"},
                    two = {.number = 2,
                           .key = (char *)TWO,
                           .body = (char *)"> It works.\n\nÇa marche !\n"};
    static const char *const languages[] = {"en", "fr"};
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)mp_notification_free);

    g_ptr_array_add(all, notification(&tim, &one));
    g_ptr_array_add(all, notification(&zoe, &two));
    g_ptr_array_add(all, notification(&tim, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(languages); i++) {
        const MpUser ada = {.id = 6,
                            .login = (char *)"ada",
                            .name = (char *)"Ada",
                            .emails = none,
                            .language = (char *)languages[i]};
        g_autoptr(MpOutgoingMail) mail =
            mp_digest_render(all, DUE, &ada, "ada@example.com", "comment", NULL);

        cr_assert_not_null(mail);
        golden_expect(i == 0 ? "digest" : "digest.fr", mail);
    }
}

/* A digest of comments by one person; ASCII in short lines, so that its parts stand as they are. */
static MpOutgoingMail *
digest_of(const GPtrArray *bodies, MpMailFormat format)
{
    const MpUser tim = {.id = 5, .login = (char *)"tim", .emails = none},
                 ada = {.id = 6, .login = (char *)"ada", .emails = none, .format = format};
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)mp_notification_free);
    g_autoptr(GArray) comments = g_array_sized_new(FALSE, TRUE, sizeof(MpComment), bodies->len);

    g_array_set_size(comments, bodies->len);
    for (guint i = 0; i < bodies->len; i++) {
        MpComment *comment = &g_array_index(comments, MpComment, i);

        *comment = (MpComment){.number = i + 1, .key = (char *)ONE, .body = bodies->pdata[i]};
        g_ptr_array_add(all, notification(&tim, comment));
    }
    return mp_digest_render(all, DUE, &ada, "ada@example.com", "comment", NULL);
}

/* From `start` to `end`, lines ending in LF. */
static char *
between(const MpOutgoingMail *mail, const char *start, const char *end)
{
    const char *from = strstr(mail->text, start), *to = from != NULL ? strstr(from, end) : NULL;

    cr_assert(to != NULL, "%s … %s", start, end);
    g_autofree char *found = g_strndup(from, (gsize)(to - from));
    g_auto(GStrv) lines = g_strsplit(found, "\r\n", -1);
    return g_strjoinv("\n", lines);
}

/* 64 KiB of comments are the most that one has; HTML is longer. */
Test(digests, all_together_have_at_most_90_kib_and_the_longest_are_cut)
{
    g_autoptr(GPtrArray) bodies = g_ptr_array_new_with_free_func(g_free);
    static const gsize octets[] = {40, 20000, 40, 9000, 20000, 300, 40};

    for (gsize i = 0; i < G_N_ELEMENTS(octets); i++) {
        GString *body = g_string_new(NULL);
        while (body->len < octets[i])
            g_string_append(body, "- `a`\n");
        g_string_append_printf(body, "\nend of %zu\n", i);
        g_ptr_array_add(bodies, g_string_free(body, FALSE));
    }
    g_autoptr(MpOutgoingMail) mail = digest_of(bodies, MP_MAIL_BOTH);
    g_autofree char *html = between(mail, "<!DOCTYPE", "</html>"),
                    *text = between(mail, "tim, 2023", "\r\n--mp-");
    cr_expect(strlen(html) > 70000 && strlen(html) <= 92160, "%zu", strlen(html));
    for (gsize i = 0; i < G_N_ELEMENTS(octets); i++) {
        g_autofree char *end = g_strdup_printf("end of %zu\n", i);
        bool is_long = octets[i] >= 9000;

        cr_expect_eq(strstr(text, end) == NULL, is_long, "%zu", i);
    }
    g_auto(GStrv) cuts = g_strsplit(html, ">Characters left out here", -1);
    cr_expect_eq(g_strv_length(cuts), 4, "three are cut");
}

Test(digests, who_reads_text_alone_loses_nothing_to_the_html)
{
    g_autoptr(GPtrArray) bodies = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) body = g_string_new(NULL);

    while (body->len < 30000)
        g_string_append(body, "- `a`\n");
    for (int i = 0; i < 2; i++)
        g_ptr_array_add(bodies, g_strdup(body->str));
    g_autoptr(MpOutgoingMail) mail = digest_of(bodies, MP_MAIL_TEXT);
    cr_expect(strstr(mail->text, "Left out") == NULL);
    cr_expect(mail->length > 2 * body->len);
}
