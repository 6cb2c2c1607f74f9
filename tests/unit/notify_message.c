/*
 * What a notification promises. The golden files of tests/fixtures/notify are whole messages; after
 * a wanted change run `make golden` and read the difference.
 */
#include <criterion/criterion.h>

#include <gmime/gmime.h>
#include <string.h>

#include "base/error.h"
#include "golden.h"
#include "notify/notify.h"
#include "notify_fixture.h"

/* GMime has no cleanup functions of its own. */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeStream, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeParser, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeMessage, g_object_unref)

#define NONCE "00112233aabbccdd"
#define LONG_WORD                                                                                  \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "xxxxxxxx"

static MpConfig *config;
static MpKeyRing *ring;

static void
set_up(void)
{
    notify_fixture_load("https://git.example.org", &config, &ring);
}

static void
tear_down(void)
{
    mp_key_ring_free(ring);
    mp_config_free(config);
}

TestSuite(notify, .init = set_up, .fini = tear_down);

/* What a test says of a message; the rest is usual. */
typedef struct {
    MpEventKind kind;
    MpThreadKind thread;
    const char *title, *name, *body, *reason, *link, *repository;
    guint64 comment;
    bool is_locked;
    const char *language; /* the reader's */
    MpReplyPolicy reply;
    bool is_member; /* the reader, of the repository */
    bool is_closed;
    const char *address, *reader; /* the reader's */
    MpMailFormat format;
    const char *labels, *assignees; /* one word each, of the thread and of the event */
    const char *ref;                /* that was pushed, */
    MpPushDeed deed;                /* and how */
    const char *base;               /* of a pull request */
    const char *subject;            /* of the commit that the event is about */
    const char *source;             /* whose it is */
} Case;

/* An array of one label, or of none. */
static GPtrArray *
labels_of(const char *label)
{
    GPtrArray *labels = g_ptr_array_new();

    if (label != NULL)
        g_ptr_array_add(labels, (gpointer)label);
    return labels;
}

static GPtrArray *
assignees_of(const char *login)
{
    GPtrArray *assignees = mp_assignees_new();

    if (login != NULL)
        mp_assignees_add(assignees, 7, login);
    return assignees;
}

#define BEFORE "0a0b0c0d0e0f101112131415161718191a1b1c1d"
#define AFTER  "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"

/* A push with all that may be told of one. */
static MpRefPush *
push_of(const Case *c)
{
    MpRefPush *push = mp_push_new(c->ref);

    push->before = g_strdup(c->deed != MP_PUSH_CREATED ? BEFORE : NULL);
    push->after = g_strdup(c->deed != MP_PUSH_DELETED ? AFTER : NULL);
    if (mp_push_is_of_tag(push))
        push->message = g_strdup("Version *one*\n\n<b>{after}</b>\n");
    if (mp_push_is_of_tag(push))
        push->tagger = g_strdup("Ann *Dev* {ref}");
    if (push->after == NULL || mp_push_is_of_tag(push))
        return push;
    push->n_added = 3;
    mp_push_add_commit(push->added, AFTER, "Zoë Ünal", "Fix the *fuse* <b>now</b>");
    mp_push_add_commit(push->added, BEFORE, "Ann", "[link](a.html) {ref} https://example.org");
    push->n_files = 1;
    push->n_lines_added = 12;
    g_ptr_array_add(push->files, g_strdup("modified +12 -0 src/a_b_c.txt"));
    if (c->deed == MP_PUSH_REWOUND) {
        push->n_removed = 1;
        push->is_unsure = true;
        push->n_others = 70;
        push->n_uncounted = 1;
        push->has_more_files = true;
        mp_push_add_commit(push->removed, BEFORE, "Ann", "Wrong");
    }
    return push;
}

/* One commit, or NULL; its author's name is as hostile as any. */
static GPtrArray *
commits_of(const char *subject)
{
    g_autoptr(GPtrArray) commits = mp_changed_commits_new();
    const MpChangedCommit commit = {(char *)"1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
                                    (char *)"Ann <b>Dev</b>", (char *)subject, 1700000000};

    if (subject == NULL)
        return NULL;
    mp_changed_commits_add(commits, &commit);
    return g_steal_pointer(&commits);
}

static MpOutgoingMail *
try_render(const Case *c, GError **error)
{
    bool is_comment = c->kind == MP_EVENT_OPENED || c->kind == MP_EVENT_COMMENT;
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    g_autoptr(GArray) nobody = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_autoptr(GArray) members =
        g_array_append_vals(g_array_new(FALSE, FALSE, sizeof(guint64)), (const guint64[]){6}, 1);
    g_autoptr(GPtrArray) labels = labels_of(c->labels);
    g_autoptr(GPtrArray) assignees = assignees_of(c->assignees);
    g_autoptr(MpRefPush) push = c->ref != NULL ? push_of(c) : NULL;
    g_autoptr(GPtrArray) commits = commits_of(c->subject);
    const MpThreadEvent event = {.number = 1,
                                 .push = push,
                                 .change = c->kind == MP_EVENT_HEAD_PUSHED ? MP_THREAD_HEAD_PUSHED
                                                                           : MP_THREAD_CLOSED,
                                 .n_added = 2,
                                 .n_removed = c->kind == MP_EVENT_HEAD_PUSHED,
                                 .commits = commits,
                                 .source = (char *)c->source,
                                 .author_login = (char *)"tim",
                                 .was = (char *)"Engine *fails*",
                                 .title = (char *)(c->title ? c->title : "Engine does not start"),
                                 .labels = labels,
                                 .assignees = assignees};
    MpThread thread = {
        .id = 17,
        .labels = labels,
        .assignees = assignees,
        .kind = c->thread,
        .repository = (char *)(c->repository ? c->repository : "acme/rocket"),
        .title = (char *)(c->title ? c->title : "Engine does not start"),
        .is_open = !c->is_closed,
        .base = (char *)c->base,
        .is_merged = c->kind == MP_EVENT_MERGED,
        .is_locked = c->is_locked,
        .nonce = (char *)NONCE,
        .object =
            (char *)(c->thread == MP_ISSUE ? NULL : "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"),
    };
    MpRepository repository = {.name = thread.repository,
                               .link = (char *)c->link,
                               .reply = c->reply,
                               .watchers = nobody,
                               .members = c->is_member ? members : nobody};
    MpUser actor = {.id = 5,
                    .login = (char *)"tim",
                    .name = (char *)(c->name ? c->name : "Tim Example"),
                    .emails = none};
    MpUser recipient = {.id = 6,
                        .login = (char *)"ada",
                        .name = (char *)(c->reader ? c->reader : "Ada"),
                        .emails = none,
                        .language = (char *)c->language,
                        .format = c->format};
    MpComment comment = {.number = c->comment,
                         .key = (char *)"0123456789abcdef0123456789abcdef",
                         .body = (char *)(c->body ? c->body : "It works.\n"),
                         .author_login = (char *)"tim"};
    g_autoptr(MpNotification) n =
        mp_notification_new(&(MpNotificationFacts){.config = config,
                                                   .ring = ring,
                                                   .thread = &thread,
                                                   .repository = &repository,
                                                   .actor = &actor,
                                                   .kind = c->kind,
                                                   .comment = is_comment ? &comment : NULL,
                                                   .event = is_comment ? NULL : &event,
                                                   .key = "0123456789abcdef0123456789abcdef",
                                                   .date = 1700000000});

    return mp_notification_render(n, &recipient, c->address ? c->address : "ada@example.com",
                                  c->reason ? c->reason : "mention", error);
}

static MpOutgoingMail *
render(const Case *c)
{
    g_autoptr(GError) error = NULL;
    MpOutgoingMail *message = try_render(c, &error);

    cr_assert(message != NULL, "%s", error != NULL ? error->message : "");
    return message;
}

static GMimeMessage *
parse(const MpOutgoingMail *message)
{
    g_autoptr(GMimeStream) stream =
        g_mime_stream_mem_new_with_buffer(message->text, message->length);
    g_autoptr(GMimeParser) parser = g_mime_parser_new_with_stream(stream);

    return g_mime_parser_construct_message(parser, NULL);
}

/* The unfolded raw value of a field; NULL if there is none. */
static char *
field(const MpOutgoingMail *message, const char *name)
{
    g_autofree char *start = g_strdup_printf("\r\n%s: ", name);
    g_autofree char *head =
        g_strndup(message->text, (gsize)(strstr(message->text, "\r\n\r\n") + 2 - message->text));
    g_autofree char *whole = g_strconcat("\r\n", head, NULL);
    const char *at = strstr(whole, start), *p;
    GString *value = g_string_new(NULL);

    if (at == NULL)
        return g_string_free(value, TRUE);
    for (p = at + strlen(start); strncmp(p, "\r\n", 2) != 0 || p[2] == ' '; p++)
        if (*p != '\r' && *p != '\n')
            g_string_append_c(value, *p);
    return g_string_free(value, FALSE);
}

#define expect_field(message, name, expected)                                                      \
    do {                                                                                           \
        g_autofree char *value_ = field(message, name);                                            \
        cr_expect(g_strcmp0(value_, expected) == 0, "%s: %s", name, value_ ? value_ : "(none)");   \
    } while (0)

/* The decoded text of a part, 0 the plain one, with \n for line ends. */
static char *
part_text(const MpOutgoingMail *message, int index)
{
    g_autoptr(GMimeMessage) parsed = parse(message);
    GMimeObject *body = g_mime_message_get_mime_part(parsed);
    GMimeObject *part;

    cr_assert(GMIME_IS_MULTIPART(body));
    part = g_mime_multipart_get_part(GMIME_MULTIPART(body), index);
    cr_assert(GMIME_IS_TEXT_PART(part));
    g_autofree char *text = g_mime_text_part_get_text(GMIME_TEXT_PART(part));
    g_auto(GStrv) lines = g_strsplit(text, "\r\n", -1);

    return g_strjoinv("\n", lines);
}

static void
expect_valid(const MpOutgoingMail *message)
{
    const char *body = strstr(message->text, "\r\n\r\n");

    cr_assert_not_null(body);
    for (const char *p = message->text, *end; *p != '\0'; p = end + 2) {
        end = strstr(p, "\r\n");
        cr_assert_not_null(end, "the last line has no end");
        cr_expect(end - p <= 998, "a line of %td octets", end - p);
        cr_expect(p > body || end - p <= 140, "a header line of %td octets", end - p);
        for (const char *c = p; c < end; c++)
            cr_assert((unsigned char)*c < 0x7f && *c != '\n' && *c != '\r', "octet %02x",
                      (unsigned char)*c);
    }
}

/* Each kind, in English as FILE.eml and in French as FILE.fr.eml. */
Test(notify, golden_messages_are_as_they_were)
{
    static const struct {
        const char *file;
        Case c;
    } cases[] = {
        {"issue-opened",
         {MP_EVENT_OPENED, MP_ISSUE, .reason = "subscribed",
          .body = "The engine does not start.\n\n- `fuel`: full\n- <https://example.org/log>\n"}},
        {"issue-mention",
         {MP_EVENT_COMMENT, MP_ISSUE, .comment = 3,
          .body = "**Yes**, it does, @ada:\n\n```c\nif (a < b)\n    start();\n```\n"}},
        {"issue-text-only",
         {MP_EVENT_COMMENT, MP_ISSUE, .comment = 4, .format = MP_MAIL_TEXT,
          .body = "Best,\nKate\n\n1 Mill Lane\nOxford\n"}},
        {"pull-opened",
         {MP_EVENT_OPENED, MP_PULL, .reason = "subscribed", .title = "Réparer le moteur",
          .name = "Zoë Ünal", .body = "Corrige #16.\n\n- [x] essai\n- [ ] vol\n"}},
        {"pull-comment",
         {MP_EVENT_COMMENT, MP_PULL, .comment = 3, .reason = "author", .title = "Réparer le moteur",
          .name = "Zoë Ünal", .body = "Ça marche – merci !\n"}},
        {"commit-comment",
         {MP_EVENT_COMMENT, MP_COMMIT, .comment = 4, .reason = "comment", .title = "Fix ignition"}},
        {"issue-closed", {MP_EVENT_CLOSED, MP_ISSUE, .reason = "manual", .is_closed = true}},
        {"issue-reopened", {MP_EVENT_REOPENED, MP_ISSUE, .reason = "author"}},
        {"pull-reopened-locked",
         {MP_EVENT_REOPENED, MP_PULL, .reason = "manual", .is_locked = true}},
        {"issue-locked", {MP_EVENT_LOCKED, MP_ISSUE, .reason = "manual", .is_locked = true}},
        {"issue-unlocked", {MP_EVENT_UNLOCKED, MP_ISSUE, .reason = "manual"}},
        {"issue-renamed",
         {MP_EVENT_RENAMED, MP_ISSUE, .reason = "author", .title = "Engine <b>stops</b> {was}"}},
        {"issue-labeled", {MP_EVENT_LABELED, MP_ISSUE, .reason = "manual", .labels = "needs_work"}},
        {"issue-unlabeled",
         {MP_EVENT_UNLABELED, MP_ISSUE, .reason = "manual", .labels = "à-faire"}},
        {"issue-assigned", {MP_EVENT_ASSIGNED, MP_ISSUE, .reason = "assign", .assignees = "kate"}},
        {"issue-unassigned",
         {MP_EVENT_UNASSIGNED, MP_PULL, .reason = "assign", .assignees = "kate"}},
        {"push-updated",
         {MP_EVENT_PUSHED, MP_COMMIT, .reason = "subscribed", .title = "Fix the *fuse* <b>now</b>",
          .ref = "refs/heads/topic/{after}_x", .deed = MP_PUSH_UPDATED}},
        {"push-rewound",
         {MP_EVENT_PUSHED, MP_COMMIT, .reason = "subscribed", .ref = "refs/heads/main",
          .deed = MP_PUSH_REWOUND}},
        {"push-deleted",
         {MP_EVENT_PUSHED, MP_COMMIT, .reason = "subscribed", .ref = "refs/heads/old",
          .deed = MP_PUSH_DELETED}},
        {"push-tag",
         {MP_EVENT_PUSHED, MP_COMMIT, .reason = "subscribed", .ref = "refs/tags/v1.0",
          .deed = MP_PUSH_CREATED}},
        {"pull-head-pushed",
         {MP_EVENT_HEAD_PUSHED, MP_PULL, .reason = "author", .base = "main",
          .subject = "Paint *it* {thread} `red` \\* <i>"}},
        {"pull-merged",
         {MP_EVENT_MERGED, MP_PULL, .reason = "author", .base = "main", .is_closed = true}},
        {"pull-head-deleted",
         {MP_EVENT_HEAD_DELETED, MP_PULL, .reason = "author", .base = "main", .is_closed = true}},
        {"issue-closed-by-commit",
         {MP_EVENT_CLOSED, MP_ISSUE, .reason = "author", .is_closed = true, .subject = "Fixes #17",
          .source = "acme/other"}},
        {"issue-referenced",
         {MP_EVENT_REFERENCED, MP_ISSUE, .reason = "author", .subject = "See #17",
          .source = "acme/other"}},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (MpLanguage l = 0; l < MP_N_LANGUAGES; l++) {
            Case c = cases[i].c;
            g_autofree char *file =
                g_strconcat(cases[i].file, l == MP_LANGUAGE_EN ? "" : ".fr", NULL);

            c.language = mp_language_name(l);
            g_autoptr(MpOutgoingMail) message = render(&c);
            expect_valid(message);
            golden_expect(file, message);
        }
    }
}

Test(notify, golden_answers_and_tests_are_as_they_were)
{
    const MpTestMailFacts test = {config, ring, "test-0123456789abcdef", 1700000000};
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    const MpUser kate = {
        .id = 5, .login = (char *)"kate", .name = (char *)"Kate Example", .emails = none};
    const MpThread thread = {
        .id = 17, .repository = (char *)"acme/rocket", .title = (char *)"", .nonce = (char *)NONCE};

    for (MpLanguage l = 0; l < MP_N_LANGUAGES; l++) {
        MpResponse response = {.user = 5,
                               .reason = (char *)"locked",
                               .language = (char *)mp_language_name(l),
                               .message_id = (char *)"<1@mail.example.org>",
                               .subject = (char *)"Re: [acme/rocket] Engine",
                               .quote = (char *)"It is the fuse.\n\n> Is it?\nYes."};
        const MpResponseFacts facts = {config, &response,  &kate,     &thread,
                                       NULL,   "answer-1", 1700000000};
        const char *ending = l == MP_LANGUAGE_EN ? "" : ".fr";
        g_autofree char *answer = g_strconcat("answer", ending, NULL);
        g_autofree char *test_file = g_strconcat("test", ending, NULL);

        config->language = (int)l;
        g_autoptr(MpOutgoingMail) answered = mp_response_render(&facts, "kate@example.com", NULL);
        g_autoptr(MpOutgoingMail) tested = mp_test_mail_render(&test, "ada@example.com", NULL);
        cr_assert(answered != NULL && tested != NULL);
        golden_expect(answer, answered);
        golden_expect(test_file, tested);
    }
}

/* To somebody who has no account, about a mail of which only the subject is quoted. */
Test(notify, golden_questions_are_as_they_were)
{
    for (MpLanguage l = 0; l < MP_N_LANGUAGES; l++) {
        MpResponse response = {
            .reason = (char *)"held",
            .text = (char *)"question",
            .language = (char *)mp_language_name(l),
            .message_id = (char *)"<1@mail.example.net>",
            .subject = (char *)"Rocket does not start",
            .repository = (char *)"acme/rocket",
            .question =
                (char *)"0123456789abcdef0123456789abcdef.0123456789abcdef.0123456789abcdef",
            .author = (char *)"eve@example.net"};
        const MpResponseFacts facts = {config, &response,  NULL,       NULL,
                                       NULL,   "answer-1", 1700000000, ring};
        g_autofree char *file = g_strconcat("question", l == MP_LANGUAGE_EN ? "" : ".fr", NULL);

        config->language = (int)l;
        g_autoptr(MpOutgoingMail) mail = mp_response_render(&facts, "eve@example.net", NULL);
        cr_assert_not_null(mail);
        cr_expect_str_eq(mail->sender, "", "nothing comes back");
        expect_valid(mail);
        golden_expect(file, mail);
    }
}

Test(notify, the_envelope_is_the_recipients_own)
{
    g_autoptr(MpOutgoingMail) message = render(&(Case){MP_EVENT_COMMENT, MP_ISSUE, .comment = 3});
    MpAddress address;

    cr_assert_eq(mp_address_parse(message->sender, "git.example.org", &address), MP_ADDRESS_OURS);
    cr_expect_eq(address.purpose, MP_PURPOSE_BOUNCE);
    cr_expect_eq(address.user, 6);
    cr_expect_eq(address.thread, 17);
    cr_expect(mp_address_verify(ring, &address, NONCE, 0));
    cr_expect_str_eq(message->recipient, "ada@example.com");
}

Test(notify, subjects_tell_kind_and_number_and_only_the_opening_is_no_reply)
{
    static const struct {
        Case c;
        const char *subject;
    } cases[] = {
        {{MP_EVENT_OPENED, MP_ISSUE}, "[acme/rocket] Engine does not start (Issue #17)"},
        {{MP_EVENT_COMMENT, MP_ISSUE, .comment = 1},
         "Re: [acme/rocket] Engine does not start (Issue #17)"},
        {{MP_EVENT_OPENED, MP_PULL}, "[acme/rocket] Engine does not start (PR #17)"},
        {{MP_EVENT_COMMENT, MP_PULL, .comment = 1},
         "Re: [acme/rocket] Engine does not start (PR #17)"},
        {{MP_EVENT_OPENED, MP_COMMIT}, "[acme/rocket] Engine does not start (1a2b3c4)"},
        {{MP_EVENT_CLOSED, MP_ISSUE}, "Re: [acme/rocket] Engine does not start (Issue #17)"},
        {{MP_EVENT_OPENED, MP_ISSUE, .title = ""}, "[acme/rocket] (Issue #17)"},
        {{MP_EVENT_OPENED, MP_ISSUE, .title = "a  b\t c"}, "[acme/rocket] a b c (Issue #17)"},
        {{MP_EVENT_OPENED, MP_ISSUE, .title = "Größe"},
         "[acme/rocket] =?UTF-8?B?R3LDtsOfZQ==?= (Issue #17)"},
        {{MP_EVENT_OPENED, MP_ISSUE, .title = "café in the morning"},
         "[acme/rocket] =?UTF-8?B?Y2Fmw6k=?= in the morning (Issue #17)"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MpOutgoingMail) message = render(&cases[i].c);

        expect_field(message, "Subject", cases[i].subject);
    }
}

Test(notify, a_title_comes_out_as_it_went_in)
{
    static const char *const titles[] = {
        "Größe",
        "日本語のとても長い題名日本語のとても長い題名日本語のとても長い題名日本語のとても長い題名",
        "=?utf-8?q?=0D=0ABcc:_x@example.com?= evil",
        LONG_WORD,
        "a = b ? c : \"d\"",
        "é è plain à â",
        "Ein 🚀 zum Mond — und zurück, mit vielen Worten, damit die Zeile gefaltet werden muss",
        "a?=b =?",
        "tab and nbsp\u00a0end",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(titles); i++) {
        g_autoptr(MpOutgoingMail) message =
            render(&(Case){MP_EVENT_OPENED, MP_ISSUE, .title = titles[i]});
        g_autoptr(GMimeMessage) parsed = parse(message);
        g_autofree char *one_line = g_strdup(titles[i]);
        g_autofree char *expected = NULL;

        if (strstr(one_line, "\u00a0") != NULL) { /* a space like any other */
            g_free(one_line);
            one_line = g_strdup("tab and nbsp end");
        }
        expected = g_strdup_printf("[acme/rocket] %s (Issue #17)", one_line);
        expect_valid(message);
        cr_expect_str_eq(g_mime_message_get_subject(parsed), expected);
    }
}

Test(notify, encoded_words_keep_to_75_octets_and_to_whole_characters)
{
    g_autoptr(MpOutgoingMail) message =
        render(&(Case){MP_EVENT_OPENED, MP_ISSUE,
                       .title = "ärger mit längeren wörtern über mehrere zeilen hinweg "
                                "größtenteils öde 日本語のとても長い題名日本語のとても長い題名"});
    g_autofree char *subject = field(message, "Subject");
    g_auto(GStrv) words = g_strsplit(subject, " ", -1);

    for (char **word = words; *word != NULL; word++) {
        g_autofree char *decoded = g_mime_utils_header_decode_text(NULL, *word);

        cr_expect(strlen(*word) <= 75, "%s", *word);
        cr_expect(g_utf8_validate(decoded, -1, NULL) && strstr(decoded, "\ufffd") == NULL, "%s",
                  *word);
    }
}

Test(notify, no_title_name_or_reason_adds_a_header)
{
    static const char *const evil[] = {
        "x\r\nBcc: victim@example.com",
        "x\nBcc: victim@example.com\n\nbody",
        "x\rBcc: victim@example.com",
        "x\u2028"
        "Bcc: victim@example.com",
        "x\xc2\x85"
        "Bcc: v@example.com",
        "\"\r\nBcc: v@example.com",
        "\x80\x81"
        "\r\nBcc: v@example.com",
        "a\\\" <evil@example.com>, \"b",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(evil); i++) {
        const Case cases[] = {
            {MP_EVENT_COMMENT, MP_ISSUE, .comment = 1, .title = evil[i]},
            {MP_EVENT_COMMENT, MP_ISSUE, .comment = 1, .name = evil[i]},
            {MP_EVENT_COMMENT, MP_ISSUE, .comment = 1, .reason = evil[i]},
        };
        for (gsize j = 0; j < G_N_ELEMENTS(cases); j++) {
            g_autoptr(MpOutgoingMail) message = render(&cases[j]);
            g_autoptr(GMimeMessage) parsed = parse(message);
            InternetAddressList *from = g_mime_message_get_from(parsed);

            expect_valid(message);
            cr_expect_null(g_mime_object_get_header(GMIME_OBJECT(parsed), "Bcc"));
            cr_expect_eq(internet_address_list_length(from), 1);
            cr_expect_str_eq(internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(
                                 internet_address_list_get_address(from, 0))),
                             "noreply@git.example.org");
        }
    }
}

Test(notify, a_name_comes_out_as_it_went_in)
{
    static const char *const names[] = {
        "Tim Example", "Zoë Ünal", "O'Neil, Jr. (\"Jack\") \\o/", "山田 太郎", "=?utf-8?q?x?=",
        "a@b.c",       LONG_WORD};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(MpOutgoingMail) message =
            render(&(Case){MP_EVENT_OPENED, MP_ISSUE, .name = names[i]});
        g_autoptr(GMimeMessage) parsed = parse(message);
        InternetAddress *from =
            internet_address_list_get_address(g_mime_message_get_from(parsed), 0);

        cr_expect_str_eq(internet_address_get_name(from), names[i]);
    }
}

Test(notify, a_reason_is_in_copy_header_and_footer)
{
    static const struct {
        const char *reason, *cc, *header, *sentence;
    } cases[] = {
        {"author", "Ada <ada@example.com>, Author <author@noreply.git.example.org>", "author",
         "because you authored the thread."},
        {"mention", "Ada <ada@example.com>, Mention <mention@noreply.git.example.org>", "mention",
         "because you were mentioned."},
        {"comment", "Ada <ada@example.com>, Comment <comment@noreply.git.example.org>", "comment",
         "because you commented."},
        {"manual", "Manual <manual@noreply.git.example.org>", "manual",
         "because you are subscribed to this thread."},
        {"cc", "Cc <cc@noreply.git.example.org>", "cc", "because a member sent you a copy."},
        {"subscribed", "Subscribed <subscribed@noreply.git.example.org>", "subscribed",
         "because you are watching this repository."},
        {"no such thing", "Manual <manual@noreply.git.example.org>", "manual",
         "because you are subscribed to this thread."},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MpOutgoingMail) message =
            render(&(Case){MP_EVENT_OPENED, MP_ISSUE, .reason = cases[i].reason});
        g_autofree char *text = part_text(message, 0), *html = part_text(message, 1);

        expect_field(message, "Cc", cases[i].cc);
        expect_field(message, "X-GitHub-Reason", cases[i].header);
        expect_field(message, "X-Metroplex-Reason", cases[i].header);
        cr_expect_not_null(strstr(text, cases[i].sentence));
        cr_expect_not_null(strstr(html, cases[i].sentence));
    }
}

Test(notify, who_may_not_reply_is_given_no_address_to_reply_to)
{
    static const struct {
        Case c;
        bool may_reply;
    } cases[] = {
        {{MP_EVENT_COMMENT, MP_ISSUE, .comment = 1}, true},
        {{MP_EVENT_COMMENT, MP_ISSUE, .comment = 1, .is_locked = true}, false},
        {{MP_EVENT_COMMENT, MP_ISSUE, .comment = 1, .is_locked = true, .is_member = true}, true},
        {{MP_EVENT_COMMENT, MP_ISSUE, .comment = 1, .reply = MP_REPLY_MEMBERS}, false},
        {{MP_EVENT_COMMENT, MP_ISSUE, .comment = 1, .reply = MP_REPLY_MEMBERS, .is_member = true},
         true},
        {{MP_EVENT_COMMENT, MP_ISSUE, .comment = 1, .reply = MP_REPLY_OFF}, false},
        {{MP_EVENT_COMMENT, MP_ISSUE, .comment = 1, .reply = MP_REPLY_OFF, .is_member = true},
         false},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MpOutgoingMail) message = render(&cases[i].c);
        g_autofree char *reply_to = field(message, "Reply-To"), *post = field(message, "List-Post");
        g_autofree char *text = part_text(message, 0), *unsub = field(message, "List-Unsubscribe");

        cr_expect_eq(reply_to != NULL, cases[i].may_reply, "case %zu", i);
        cr_expect_eq(strcmp(post, "NO") != 0, cases[i].may_reply, "case %zu: %s", i, post);
        cr_expect_eq(strstr(text, "Reply to this email directly") != NULL, cases[i].may_reply);
        cr_expect_not_null(strstr(unsub, "<mailto:unsub+"));
    }
}

Test(notify, the_copy_names_the_reader_only_by_an_address_that_a_header_can_hold)
{
    static const struct {
        const char *name, *address, *cc;
    } cases[] = {
        {"Zoë, \"Z\"\r\nBcc: x@y.example", "zoe@example.com", "=?UTF-8?"},
        {"", "ada.b+c@example.com", "ada <ada.b+c@example.com>, Mention <mention@"},
        {"Ada", "ad\xc3\xa4@example.com", "Mention <mention@"},
        {"Ada", "a b@example.com", "Mention <mention@"},
        {"Ada", "\"a,b\"@example.com", "Mention <mention@"},
        {"Ada", "a@[192.0.2.1]", "Mention <mention@"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MpOutgoingMail) message =
            render(&(Case){MP_EVENT_COMMENT, MP_ISSUE, .comment = 1, .reader = cases[i].name,
                           .address = cases[i].address});
        g_autofree char *cc = field(message, "Cc"), *bcc = field(message, "Bcc");
        g_autofree char *shown = field(message, "X-GitHub-Recipient-Address");

        expect_valid(message);
        cr_expect(g_str_has_prefix(cc, cases[i].cc), "%s", cc);
        cr_expect_null(bcc);
        cr_expect_eq(shown != NULL, cases[i].cc[0] != 'M', "%s", cases[i].address);
        cr_expect_str_eq(message->recipient, cases[i].address);
    }
}

Test(notify, fields_for_filters_say_what_the_tracker_knows)
{
    static const struct {
        Case c;
        const char *status;
    } cases[] = {
        {{MP_EVENT_OPENED, MP_ISSUE}, NULL},
        {{MP_EVENT_OPENED, MP_COMMIT}, NULL},
        {{MP_EVENT_OPENED, MP_PULL}, "open"},
        {{MP_EVENT_CLOSED, MP_PULL, .is_closed = true}, "closed"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MpOutgoingMail) message = render(&cases[i].c);

        expect_field(message, "X-GitHub-Recipient-Address", "ada@example.com");
        expect_field(message, "X-Metroplex-Recipient-Address", "ada@example.com");
        expect_field(message, "X-GitHub-PullRequestStatus", cases[i].status);
        expect_field(message, "X-Metroplex-PullRequestStatus", cases[i].status);
        expect_field(message, "X-GitHub-Labels", NULL);
    }
}

Test(notify, an_envelope_sender_that_is_set_is_that_of_all)
{
    g_free(config->envelope_sender);
    config->envelope_sender = g_strdup("mailer@example.net");
    g_autoptr(MpOutgoingMail) message = render(&(Case){MP_EVENT_COMMENT, MP_ISSUE, .comment = 1});

    cr_expect_str_eq(message->sender, "mailer@example.net");
    cr_expect_null(strstr(message->text, "mailer@example.net"), "only in the envelope");
    g_autofree char *reply_to = field(message, "Reply-To");
    cr_expect_not_null(strstr(reply_to, "<reply+"));
}

Test(notify, replies_thread_under_the_opening_post)
{
    static const struct {
        Case c;
        const char *id, *parent;
    } cases[] = {
        {{MP_EVENT_OPENED, MP_ISSUE}, "<acme/rocket/issues/17-00112233@git.example.org>", NULL},
        {{MP_EVENT_COMMENT, MP_ISSUE, .comment = 3},
         "<acme/rocket/issues/17-00112233/3-01234567@git.example.org>",
         "<acme/rocket/issues/17-00112233@git.example.org>"},
        {{MP_EVENT_COMMENT, MP_PULL, .comment = 3},
         "<acme/rocket/pull/17-00112233/c3-01234567@git.example.org>",
         "<acme/rocket/pull/17-00112233@git.example.org>"},
        {{MP_EVENT_CLOSED, MP_ISSUE},
         "<acme/rocket/issues/17-00112233/event/0123456789abcdef0123456789abcdef@git.example.org>",
         "<acme/rocket/issues/17-00112233@git.example.org>"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MpOutgoingMail) message = render(&cases[i].c);
        g_autofree char *text = part_text(message, 0);

        expect_field(message, "Message-ID", cases[i].id);
        expect_field(message, "In-Reply-To", cases[i].parent);
        expect_field(message, "References", cases[i].parent);
        cr_expect_str_eq(message->message_id, cases[i].id);
        cr_expect_not_null(strstr(text, cases[i].id));
    }
}

Test(notify, links_follow_the_template)
{
    static const struct {
        const char *template;
        MpThreadKind kind;
        guint64 comment;
        const char *link, *archive;
    } cases[] = {
        {"https://h", MP_ISSUE, 0, "https://h/acme/rocket/issues/17", "https://h/acme/rocket"},
        {"https://h/", MP_ISSUE, 3, "https://h/acme/rocket/issues/17#comment-3",
         "https://h/acme/rocket"},
        {"https://h/git", MP_PULL, 3, "https://h/git/acme/rocket/pull/17#comment-3",
         "https://h/git/acme/rocket"},
        {"https://h", MP_COMMIT, 0, "https://h/acme/rocket/commit/main~1", "https://h/acme/rocket"},
        {"https://h/{repository}/-/{kind}/{number}#note_{comment}", MP_ISSUE, 3,
         "https://h/acme/rocket/-/issues/17#note_3", "https://h/acme/rocket"},
        {"https://h/{repository}/-/{kind}/{number}#note_{comment}", MP_ISSUE, 0,
         "https://h/acme/rocket/-/issues/17", "https://h/acme/rocket"},
        {"https://h/r/{repository}/{page}.html#comment-{comment}", MP_COMMIT, 99,
         "https://h/r/acme/rocket/17.html#comment-99", "https://h/r/acme/rocket"},
        {"https://h/r/{repository}/{page}.html#comment-{comment}", MP_ISSUE, 1234,
         "https://h/r/acme/rocket/17-1200.html#comment-1234", "https://h/r/acme/rocket"},
        {"https://h/?t={number}&c={comment}", MP_ISSUE, 0, "https://h/?t=17&c=0",
         "https://h/?t=17&c=0"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const MpThread thread = {.id = 17,
                                 .kind = cases[i].kind,
                                 .repository = (char *)"acme/rocket",
                                 .object = (char *)"main~1"};
        g_autofree char *link = mp_notification_link(cases[i].template, &thread, cases[i].comment);
        g_autofree char *archive = mp_notification_archive(cases[i].template, &thread);

        cr_expect_str_eq(link, cases[i].link);
        cr_expect_str_eq(archive, cases[i].archive);
    }
}

Test(notify, a_repositorys_own_link_wins)
{
    g_autoptr(MpOutgoingMail) message =
        render(&(Case){MP_EVENT_COMMENT, MP_ISSUE, .comment = 3,
                       .link = "https://code.example.com/{number}#{comment}"});
    g_autofree char *text = part_text(message, 0);

    cr_expect_not_null(
        strstr(text, "view it on code.example.com:\nhttps://code.example.com/17#3\n"));
}

Test(notify, without_pages_nothing_links_to_one)
{
    static const struct {
        Case c;
        const char *text;
    } cases[] = {
        {{MP_EVENT_COMMENT, MP_ISSUE, .comment = 1, .link = ""},
         "-- \nReply to this email directly.\nYou are receiving this"},
        {{MP_EVENT_OPENED, MP_PULL, .link = ""}, "-- \nReply to this email directly.\nYou are"},
        {{MP_EVENT_CLOSED, MP_COMMIT, .link = "", .is_locked = true},
         "-- \nYou are receiving this"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MpOutgoingMail) message = render(&cases[i].c);
        g_autoptr(GMimeMessage) parsed = parse(message);
        g_autofree char *text = part_text(message, 0), *html = part_text(message, 1);

        expect_valid(message);
        cr_expect_not_null(strstr(text, cases[i].text), "%s", text);
        cr_expect_null(strstr(text, "view it"));
        cr_expect_null(strstr(html, "http"), "%s", html);
        cr_expect_null(g_mime_object_get_header(GMIME_OBJECT(parsed), "List-Archive"));
    }
}

Test(notify, the_footer_says_how_to_stop)
{
    g_autoptr(MpOutgoingMail) open = render(&(Case){MP_EVENT_COMMENT, MP_ISSUE, .comment = 1});
    g_autoptr(MpOutgoingMail) locked =
        render(&(Case){MP_EVENT_COMMENT, MP_ISSUE, .comment = 1, .is_locked = true});

    for (int part = 0; part < 2; part++) {
        g_autofree char *text = part_text(open, part), *of_locked = part_text(locked, part);

        cr_expect_not_null(strstr(text, "To stop: reply with just /mute, or unsubscribe"));
        cr_expect_null(strstr(of_locked, "/mute"), "nobody may reply");
        cr_expect_not_null(strstr(of_locked, "To stop: unsubscribe in your mail program."));
    }
}

Test(notify, each_reader_reads_it_in_their_own_language)
{
    static const struct {
        Case c;
        const char *in[MP_N_LANGUAGES];
    } cases[] = {
        {{MP_EVENT_COMMENT, MP_ISSUE, .comment = 1, .reason = "comment"},
         {"Reply to this email directly or view it on git.example.org:\nhttps://",
          "Répondez directement à ce courriel ou consultez-le sur "
          "git.example.org\u00a0:\nhttps://"}},
        {{MP_EVENT_COMMENT, MP_ISSUE, .comment = 1, .reason = "author"},
         {"You are receiving this because you authored the thread.\nTo stop: reply",
          "Vous recevez ce message parce que vous avez ouvert cette discussion.\nPour ne plus"}},
        {{MP_EVENT_OPENED, MP_PULL, .is_locked = true},
         {"\nView it on", "\nVoir la discussion sur"}},
        {{MP_EVENT_COMMENT, MP_ISSUE, .comment = 1, .link = ""},
         {"\nReply to this email directly.\n", "\nRépondez directement à ce courriel.\n"}},
        {{MP_EVENT_CLOSED, MP_ISSUE}, {"Closed #17.\n", "#17 a été fermé.\n"}},
        {{MP_EVENT_REOPENED, MP_ISSUE}, {"Reopened #17.\n", "#17 a été rouvert.\n"}},
        {{MP_EVENT_OPENED, MP_ISSUE},
         {"\nMessage ID: <acme/rocket", "\nIdentifiant du message\u00a0: <acme/rocket"}},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (MpLanguage l = 0; l < MP_N_LANGUAGES; l++) {
            Case c = cases[i].c;

            c.language = mp_language_name(l);
            g_autoptr(MpOutgoingMail) message = render(&c);
            g_autofree char *text = part_text(message, 0);

            expect_valid(message);
            cr_expect_not_null(strstr(text, cases[i].in[l]), "%s", text);
            cr_expect_not(g_regex_match_simple(" [:;!?]\\s", text, 0, 0), "may break: %s", text);
            expect_field(message, "X-GitHub-Reason", c.reason != NULL ? c.reason : "mention");
        }
    }
}

Test(notify, who_has_chosen_no_language_reads_the_installations)
{
    static const char *const chosen[] = {NULL, "tlh"}; /* the second by hand */

    config->language = MP_LANGUAGE_FR;
    for (gsize i = 0; i < G_N_ELEMENTS(chosen); i++) {
        g_autoptr(MpOutgoingMail) message =
            render(&(Case){MP_EVENT_COMMENT, MP_ISSUE, .comment = 1, .language = chosen[i]});
        g_autofree char *text = part_text(message, 0), *html = part_text(message, 1);

        cr_expect_not_null(strstr(text, "Répondez directement à ce courriel"), "%s", text);
        cr_expect_not_null(strstr(html, ">consultez-le sur git.example.org</a>"), "%s", html);
        cr_expect_null(strstr(text, "You are"));
    }
}

Test(notify, every_reason_has_a_sentence_in_every_language)
{
    static const char *const reasons[] = {"author", "mention", "comment",
                                          "cc",     "manual",  "subscribed"};

    for (gsize i = 0; i < G_N_ELEMENTS(reasons); i++) {
        g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

        for (MpLanguage l = 0; l < MP_N_LANGUAGES; l++) {
            g_autoptr(MpOutgoingMail) message =
                render(&(Case){MP_EVENT_OPENED, MP_ISSUE, .reason = reasons[i], .link = "",
                               .is_locked = true, .language = mp_language_name(l)});
            g_autofree char *text = part_text(message, 0);
            g_auto(GStrv) lines = g_strsplit(strstr(text, "\n-- \n") + 5, "\n", 2);

            cr_expect(g_str_has_suffix(lines[0], "."), "%s", lines[0]);
            cr_expect(g_hash_table_add(seen, g_strdup(lines[0])), "%s", lines[0]);
        }
    }
}

Test(notify, who_wants_text_gets_no_html)
{
    g_autoptr(MpOutgoingMail) message = render(&(Case){
        MP_EVENT_COMMENT, MP_ISSUE, .comment = 1, .format = MP_MAIL_TEXT, .body = "Ça va ?\n"});
    g_autoptr(MpOutgoingMail) both =
        render(&(Case){MP_EVENT_COMMENT, MP_ISSUE, .comment = 1, .body = "Ça va ?\n"});
    g_autoptr(GMimeMessage) parsed = parse(message);
    GMimeObject *body = g_mime_message_get_mime_part(parsed);

    expect_valid(message);
    cr_assert(GMIME_IS_TEXT_PART(body) && !GMIME_IS_MULTIPART(body));
    expect_field(message, "Content-Type", "text/plain; charset=utf-8");
    g_autofree char *text = g_mime_text_part_get_text(GMIME_TEXT_PART(body));
    g_auto(GStrv) line = g_strsplit(text, "\r\n", -1);
    g_autofree char *lines = g_strjoinv("\n", line);
    g_autofree char *other = part_text(both, 0);
    cr_expect_str_eq(lines, other);
}

#define CELL " style=\"border:1px solid #8c959f;padding:.3em .7em\""

Test(notify, html_is_what_markdown_means_and_nothing_else)
{
    static const struct {
        const char *markdown, *html;
    } cases[] = {
        {"**bold** <b>raw</b>", "<strong>bold</strong> &lt;b&gt;raw&lt;/b&gt;"},
        {"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
        {"[x](https://e.org/?a=1&b=2)",
         "<a rel=\"nofollow noopener noreferrer\" href=\"https://e.org/?a=1&amp;b=2\">x</a>"},
        {"https://e.org",
         "<a rel=\"nofollow noopener noreferrer\" href=\"https://e.org\">https://e.org</a>"},
        {"[x](javascript:alert(1))", "<p dir=\"auto\">x</p>"},
        {"[x](JavaScript&#58;alert(1))", "<p dir=\"auto\">x</p>"},
        {"[x](data:text/html,hi)", "<p dir=\"auto\">x</p>"},
        {"[x](/relative \"t\")",
         "<a rel=\"nofollow noopener noreferrer\" href=\"https://git.example.org/relative\">x</a>"},
        {"[](https://e.org)", "href=\"https://e.org\">https://e.org</a>"},
        {"![x](https://e.org/x.png)",
         "<a rel=\"nofollow noopener noreferrer\" href=\"https://e.org/x.png\">x</a>"},
        {"![](https://e.org/x.png)", "href=\"https://e.org/x.png\">https://e.org/x.png</a>"},
        {"[![build](https://e.org/b.svg)](https://e.org/b)",
         "<p dir=\"auto\"><a rel=\"nofollow noopener noreferrer\" "
         "href=\"https://e.org/b\">build</a></p>"},
        {"[![build](https://e.org/b.svg)](b)",
         "<p dir=\"auto\"><a rel=\"nofollow noopener noreferrer\" "
         "href=\"https://git.example.org/acme/rocket/b\">build</a></p>"},
        {"![x](file:///etc/passwd)", "<p dir=\"auto\">x</p>"},
        {"![\" onload=\"x](https://e.org/\"x)",
         "href=\"https://e.org/&quot;x\">&quot; onload=&quot;x</a>"},
        {"Best,\nKate\n\n1 Mill Lane\nOxford",
         "<p dir=\"auto\">Best,<br>\nKate</p>\n<p dir=\"auto\">1 Mill Lane<br>\nOxford"},
        {"hard  \nbreak", "<p dir=\"auto\">hard<br>\nbreak</p>"},
        {"```c\nint a;\nint b;\n```", "><code class=\"language-c\">int a;\nint b;\n</code></pre>"},
        {"ask ***@*** or ***@***.", "<p dir=\"auto\">ask ***@*** or ***@***.</p>"},
        {"`***@***`", ">***@***</code>"},
        {"reply+i-1-***-5@a.example and reply+i-2-***-6@a.example",
         "reply+i-1-***-5@a.example and reply+i-2-***-6@a.example"},
        {"a\xef\xb7\x90"
         "b\xef\xb7\x91",
         "<p dir=\"auto\">ab</p>"},
        {"***bold***", "<p dir=\"auto\"><em><strong>bold</strong></em></p>"},
        {"a &copy; &#65; &#x202e; &#0;",
         "<p dir=\"auto\">a &copy; &#65; \xef\xbf\xbd \xef\xbf\xbd</p>"},
        {"- a\n- [x] b\n\n3. c", "<ul dir=\"auto\">\n<li>a</li>\n<li "
                                 "style=\"list-style:none;text-indent:-1.2em\">\xe2\x98\x91 "
                                 "b</li>\n</ul>\n<ol dir=\"auto\" start=\"3\">"},
        {"| a | b |\n|---|--:|\n| 1 | 2 |",
         ">\n<thead>\n<tr>\n<th dir=\"auto\"" CELL ">a</th>\n<th dir=\"auto\"" CELL
         " align=\"right\">b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td dir=\"auto\"" CELL
         ">1</td>\n<td dir=\"auto\"" CELL " align=\"right\">2</td>\n</tr>\n</tbody>\n</table>"},
        {"## h\n\n---", "<h2 dir=\"auto\">h</h2>\n<hr>\n"},
        {"> q\n", ">\n<p dir=\"auto\">q</p>\n</blockquote>\n"},
        {"A heading that\nwas wrapped\n---", "<h2 dir=\"auto\">A heading that was wrapped</h2>"},
        {"[a\nb](https://e.org)", "\">a b</a>"},
        {"`<a href=\"javascript:x\">`", ">&lt;a href=&quot;javascript:x&quot;&gt;</code>"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MpOutgoingMail) message =
            render(&(Case){MP_EVENT_COMMENT, MP_ISSUE, .comment = 1, .body = cases[i].markdown});
        g_autofree char *html = part_text(message, 1);

        cr_expect_not_null(strstr(html, cases[i].html), "%s\n%s", cases[i].markdown, html);
    }
}

Test(notify, the_text_part_is_the_markdown_as_written)
{
    g_autoptr(GString) long_line = g_string_new("long: ");

    for (int i = 0; i < 200; i++)
        g_string_append(long_line, "0123456789 ");
    g_string_append(long_line, "end\n");
    const char *const bodies[] = {"a\n\nb\n",        "Ünï\n  indented  \n", ".\n..\nFrom me\n",
                                  long_line->str,    "=20 =3D soft=\n",     "--mp-0123\n",
                                  "-- \nsignature\n"};

    for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
        g_autoptr(MpOutgoingMail) message =
            render(&(Case){MP_EVENT_COMMENT, MP_ISSUE, .comment = 1, .body = bodies[i]});
        g_autofree char *text = part_text(message, 0);

        expect_valid(message);
        cr_expect(g_str_has_prefix(text, bodies[i]), "%s", text);
        cr_expect(g_str_has_prefix(text + strlen(bodies[i]), "\n-- \nReply to this email directly"),
                  "%s", text);
    }
}

Test(notify, controls_in_a_body_are_dropped_and_line_ends_are_one_kind)
{
    g_autoptr(MpOutgoingMail) message = render(
        &(Case){MP_EVENT_COMMENT, MP_ISSUE, .comment = 1, .body = "a\rb\r\nc\x01\x1b[31m\n\n\n"});
    g_autofree char *text = part_text(message, 0);

    expect_valid(message);
    cr_expect(g_str_has_prefix(text, "a\nb\nc[31m\n\n-- "), "%s", text);
}

Test(notify, what_cannot_be_a_mail_is_refused_and_never_sent)
{
    g_autofree char *owner = g_strnfill(600, 'o');
    g_autofree char *repository = g_strconcat(owner, "/", owner, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(MpOutgoingMail) message =
        try_render(&(Case){MP_EVENT_OPENED, MP_ISSUE, .repository = repository}, &error);

    cr_assert_null(message);
    cr_expect(g_error_matches(error, MP_ERROR, MP_ERROR_INPUT));
}

Test(notify, what_stays_the_same_gives_the_same_octets)
{
    const Case c = {MP_EVENT_COMMENT, MP_ISSUE, .comment = 1};
    g_autoptr(MpOutgoingMail) one = render(&c), two = render(&c);

    cr_expect_str_eq(one->text, two->text);
}
