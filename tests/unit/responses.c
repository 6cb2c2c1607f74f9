/* Responses: every gate that is heard of has its words, and an event keeps them whole. */
#include <criterion/criterion.h>

#include <string.h>

#include <gmime/gmime.h>

#include "base/config.h"
#include "base/escape.h"
#include "notify/notify.h"
#include "outbox/outbox.h"
#include "policy/policy.h"
#include "scratch.h"

#define HASH "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

static const MpConfig config = {
    .hostname = (char *)"git.example.org",
    .url = (char *)"https://git.example.org",
    .noreply_address = (char *)"noreply@git.example.org",
    .support_address = (char *)"help@example.org",
    .support_address_type = MP_SUPPORT_EMAIL,
    .max_comment = 65536,
};

static MpResponse
response_for(const char *reason, const char *language)
{
    return (MpResponse){.user = 5,
                        .reason = (char *)reason,
                        .day = (char *)"2026-01-31",
                        .hash = (char *)HASH,
                        .language = (char *)language,
                        .message_id = (char *)"<a@b>",
                        .quote = (char *)"One <b>.\n\n> Two\n"};
}

/* A word in braces; those of CSS have more in them. */
static bool
has_placeholder(const char *text)
{
    return g_regex_match_simple("\\{[a-z]+\\}", text, 0, 0);
}

Test(responses, every_gate_that_is_heard_of_has_words_in_every_language)
{
    const MpThread thread = {.id = 7, .repository = (char *)"acme/rocket"};
    gsize n, heard = 0;
    const MpGate *gates = mp_policy_gates(&n);
    g_autoptr(GPtrArray) emails = g_ptr_array_new();
    const MpUser kate = {.id = 5,
                         .login = (char *)"kate",
                         .name = (char *)"Kåte",
                         .emails = emails,
                         .is_active = true};

    for (gsize i = 0; i < n; i++) {
        for (MpLanguage l = 0; gates[i].respond_to != MP_RESPOND_TO_NOBODY && l < MP_N_LANGUAGES;
             l++) {
            MpResponse response = response_for(gates[i].reason, mp_language_name(l));
            response.text = (char *)gates[i].text;
            if (gates[i].tells_commands)
                mp_response_add_command(&response, "unknown", "/close", NULL, "/clsoe <b>");
            const MpResponseFacts facts = {&config, &response,  &kate,     &thread,
                                           NULL,    "answer-1", 1700000000};
            g_autoptr(GError) error = NULL;
            g_autoptr(MpOutgoingMail) mail = mp_response_render(&facts, "kate@example.org", &error);

            cr_assert_not_null(mail, "%s: %s", gates[i].reason,
                               error != NULL ? error->message : "");
            cr_assert_str_eq(mail->sender, "", "a null envelope sender");
            cr_assert(!gates[i].tells_commands || strstr(mail->text, "/clsoe <b>") != NULL);
            g_clear_pointer(&response.commands, g_ptr_array_unref);
            cr_assert_not(has_placeholder(mail->text), "%s: a placeholder is left",
                          gates[i].reason);
            cr_assert_null(strstr(mail->text, "One <b>.\r\n</pre>"), "HTML is escaped");
            cr_assert_not_null(strstr(mail->text, "> > Two"));
            g_auto(GStrv) lines = g_strsplit(mail->text, "=\r\n", -1);
            g_autofree char *unwrapped = g_strjoinv("", lines);
            cr_assert(l != MP_LANGUAGE_EN || strstr(unwrapped, "mailto:help@example.org") != NULL);
            const char *body = strstr(unwrapped, "\r\n\r\n");
            cr_assert_not(g_regex_match_simple(" [:;!?]\\s", body, 0, 0), "may break: %s", body);
            heard++;
        }
    }
    cr_assert(heard >= 22, "%zu", heard);
}

/* The text of a mail that is nothing else, decoded. */
static char *
mail_text(const MpOutgoingMail *mail)
{
    const char *body = strstr(mail->text, "\r\n\r\n") + 4;
    gsize length = strlen(body);
    g_autofree guchar *decoded = g_malloc0(length + 1);
    guint32 save = 0;
    int state = 0;

    g_mime_encoding_quoted_decode_step((const guchar *)body, length, decoded, &state, &save);
    return (char *)g_steal_pointer(&decoded);
}

/* As a terminal shows it that wraps anywhere; what was quoted is as it was. */
Test(responses, the_text_fits_a_terminal)
{
    const MpThread thread = {.id = 7, .repository = (char *)"acme/rocket"};
    gsize n;
    const MpGate *gates = mp_policy_gates(&n);
    g_autoptr(GPtrArray) emails = g_ptr_array_new();
    const MpUser kate = {.id = 5,
                         .login = (char *)"kate",
                         .name = (char *)"Kate",
                         .emails = emails,
                         .format = MP_MAIL_TEXT};

    for (gsize i = 0; i < n * MP_N_LANGUAGES; i++) {
        const MpGate *gate = &gates[i / MP_N_LANGUAGES];
        MpResponse response = response_for(gate->reason, mp_language_name(i % MP_N_LANGUAGES));
        response.text = (char *)gate->text;
        const MpResponseFacts facts = {&config, &response,  &kate,     &thread,
                                       NULL,    "answer-1", 1700000000};

        if (gate->respond_to == MP_RESPOND_TO_NOBODY)
            continue;
        g_autoptr(MpOutgoingMail) mail = mp_response_render(&facts, "kate@example.org", NULL);
        g_autofree char *text = mail_text(mail);
        g_auto(GStrv) line = g_strsplit(text, "\r\n", -1);

        for (gsize k = 0; line[k] != NULL; k++)
            cr_expect(g_utf8_strlen(line[k], -1) <= 78, "%s: %s", gate->reason, line[k]);
    }
}

/* Whoever is told that their address is unverified does not go and look at their provider. */
Test(responses, a_failed_authentication_has_words_of_its_own_in_every_language)
{
    static const struct {
        const char *text, *verdicts, *shown[MP_N_LANGUAGES];
    } cases[] = {
        {"unauthenticated",
         "dmarc=fail, spf=softfail",
         {"found: dmarc=3Dfail, spf=3Dsoftfail", "dmarc=3Dfail, spf=3Dsoftfail"}},
        {"unauthenticated", "", {"found: nothing that can be read", "rien de lisible"}},
        {"unchecked", NULL, {"found neither DKIM nor DMARC", "ni DKIM ni DMARC"}},
    };
    g_autoptr(GPtrArray) emails = g_ptr_array_new();
    const MpUser kate = {
        .id = 5, .login = (char *)"kate", .name = (char *)"Kate", .emails = emails};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (MpLanguage l = 0; l < MP_N_LANGUAGES; l++) {
            MpResponse response = response_for("sender-mismatch", mp_language_name(l));
            response.text = (char *)cases[i].text;
            response.verdicts = (char *)cases[i].verdicts;
            const MpResponseFacts facts = {&config, &response,  &kate,     NULL,
                                           NULL,    "answer-1", 1700000000};
            g_autoptr(MpOutgoingMail) mail = mp_response_render(&facts, "kate@example.org", NULL);
            g_auto(GStrv) parts = g_strsplit(mail->text, "=\r\n", -1);
            g_autofree char *text = g_strjoinv("", parts);

            cr_assert_not_null(strstr(text, cases[i].shown[l]), "%s", text);
            cr_assert_not_null(strstr(text, "DMARC"));
            cr_assert_not(has_placeholder(text), "a placeholder is left");
            cr_assert_null(strstr(text, "not verified"), "another matter");
        }
    }
}

Test(responses, an_unfit_message_id_is_left_out)
{
    static const char *const unfit[] = {"a@b", "<a b@c>", "<a@b> <c@d>", "<a\r\nBcc: x@y>",
                                        "<>",  "<é@b>"};
    g_autoptr(GPtrArray) emails = g_ptr_array_new();
    const MpUser kate = {
        .id = 5, .login = (char *)"kate", .name = (char *)"Kate", .emails = emails};

    for (gsize i = 0; i < G_N_ELEMENTS(unfit); i++) {
        MpResponse response = response_for("empty", "en");
        response.message_id = (char *)unfit[i];
        const MpResponseFacts facts = {&config, &response,  &kate,     NULL,
                                       NULL,    "answer-1", 1700000000};
        g_autoptr(MpOutgoingMail) mail = mp_response_render(&facts, "kate@example.org", NULL);

        cr_assert_not_null(mail);
        cr_assert_null(strstr(mail->text, "In-Reply-To"), "%s", unfit[i]);
        cr_assert_null(strstr(mail->text, "Bcc"), "%s", unfit[i]);
    }
}

Test(responses, what_escaping_made_is_undone)
{
    static const char *const texts[] = {
        "",     "plain", "a\tb\\n\\", "\\x41\\u{41}", "é\xe2\x80\xae 𝄞", "\x1b[0m\r\n\x01\x7f",
        "\\u{", "\\xg"};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *escaped = mp_escape(texts[i]), *back = mp_unescape(escaped);

        cr_assert_str_eq(back, texts[i]);
    }
}

static MpOutbox *
new_outbox(ScratchPath *scratch)
{
    g_autofree char *path = scratch_path(scratch, "outbox");

    cr_assert(mp_outbox_init(path, NULL));
    return mp_outbox_open(path, NULL);
}

Test(responses, an_event_keeps_every_word)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpOutbox) outbox = new_outbox(scratch);
    MpResponse response = response_for("sender-mismatch", "fr");
    response.subject = (char *)"Tab\there";
    response.text = (char *)"unauthenticated";
    response.right = (char *)"author";
    mp_response_add_command(&response, "login", "/assign", "@x\ty", "/clsoe\tnow\\n");
    response.quote = (char *)"\nfirst\t\\n\n\n  indented é\nto\t5\tx@y\tz\n";
    response.is_cut = true;
    response.verdicts = (char *)"dmarc=fail";
    const MpEvent event = {.key = (char *)"answer-1",
                           .kind = MP_EVENT_RESPONSE,
                           .thread = 17,
                           .created = 1700000000,
                           .host = (char *)"mx",
                           .response = &response};
    g_autoptr(GError) error = NULL;

    cr_assert(mp_outbox_stage(outbox, &event, &error), "%s", error != NULL ? error->message : "");
    cr_assert(mp_outbox_publish(outbox, "answer-1", NULL));
    g_autoptr(MpQueued) queued = mp_outbox_find(outbox, "answer-1", NULL);
    g_autoptr(MpEventFile) file = mp_event_file_open(outbox, queued, MP_EVENT_READ, &error);
    cr_assert_not_null(file, "%s", error != NULL ? error->message : "");
    const MpResponse *read = mp_event_file_event(file)->response;
    cr_assert_str_eq(read->quote, response.quote);
    cr_assert_str_eq(read->subject, response.subject);
    cr_assert_str_eq(read->message_id, response.message_id);
    cr_assert_str_eq(read->hash, HASH);
    cr_assert_str_eq(read->verdicts, "dmarc=fail");
    cr_assert(read->is_cut && read->user == 5 && read->sender == NULL);
    cr_assert_eq(mp_event_file_recipients(file)->len, 0, "a quote is no recipient");
    const MpResponseCommand *command = read->commands->pdata[0];
    cr_assert_str_eq(command->line, "/clsoe\tnow\\n");
    cr_assert(strcmp(command->fate, "login") == 0 && strcmp(command->nearest, "/assign") == 0 &&
              strcmp(command->about, "@x\ty") == 0);
    cr_assert_str_eq(read->right, "author");
    g_ptr_array_unref(response.commands);
}

Test(responses, the_first_record_stays)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpOutbox) outbox = new_outbox(scratch);
    MpResponse first = response_for("empty", "en"), second = first,
               other = response_for("locked", "en");

    second.hash = (char *)"00";
    cr_assert_eq(mp_outbox_responded(outbox, &first, NULL), MP_RESPONDED_NOT);
    cr_assert_eq(mp_outbox_record_response(outbox, &first, NULL), MP_RESPONDED_THIS);
    cr_assert_eq(mp_outbox_record_response(outbox, &first, NULL), MP_RESPONDED_THIS);
    cr_assert_eq(mp_outbox_record_response(outbox, &second, NULL), MP_RESPONDED_OTHER);
    cr_assert_eq(mp_outbox_responded(outbox, &first, NULL), MP_RESPONDED_THIS);
    cr_assert_eq(mp_outbox_record_response(outbox, &other, NULL), MP_RESPONDED_THIS);
    g_autoptr(GHashTable) of_each = NULL;
    cr_assert_eq(mp_outbox_count_responses(outbox, 0, &of_each, NULL), 2);
    cr_assert_eq(GPOINTER_TO_UINT(g_hash_table_lookup(of_each, &first.user)), 2);
    cr_assert_eq(g_hash_table_size(of_each), 1);
}
