/* The table of rules, walked: each row cuts its own example and leaves its counter-example alone.
 */
#include "reply/reply.h"
#include "patterns/rule.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *
rule_of_line(const MpReply *reply, const char *text)
{
    for (guint i = 0; i < reply->lines->len; i++) {
        const MpReplyLine *line = reply->lines->pdata[i];
        if (strcmp(line->text, text) == 0)
            return line->rule;
    }
    return "(no such line)";
}

Test(reply_rules, every_row_cuts_its_example_by_its_own_name)
{
    for (gsize i = 0; i < mp_n_rules; i++) {
        const MpRule *rule = &mp_rules[i];
        if (rule->kind == MP_RULE_CLOSING || rule->kind == MP_RULE_COMPANY)
            continue;
        /* a reaction is one only where nothing else was written */
        const char *kept = rule->kind == MP_RULE_REACTION ? "" : "Kept line.";
        g_autofree char *mail = g_strdup_printf("%s\n\n%s\n", kept, rule->cuts);
        /* the line the row is about: the first, or the one below a row of underscores */
        const char *line = rule->cuts[0] == '_' ? strchr(rule->cuts, '\n') + 1 : rule->cuts;
        g_autofree char *first = g_strndup(line, strcspn(line, "\n"));
        g_autoptr(MpReply) reply = mp_reply_extract(mail, NULL);

        cr_expect_str_eq(reply->reply, kept, "%s: kept \"%s\"", rule->name, reply->reply);
        cr_expect_str_eq(rule_of_line(reply, first), rule->name, "\"%s\" went by %s, not %s", first,
                         rule_of_line(reply, first), rule->name);
    }
}

/* Whoever answers above and quotes without marks sends them back. */
Test(reply_rules, what_stands_below_our_own_mails_is_a_footer)
{
    static const char *const lines[] = {
        "Reply to this email directly or view it on git.example.org:",
        "Reply to this email directly.",
        "View it on git.example.org:",
        "You are receiving this because you were mentioned.",
        "To stop: reply with just /mute, or unsubscribe in your mail program.",
        "To stop: unsubscribe in your mail program.",
        "Message ID: <acme/rocket/issues/17-00112233@git.example.org>",
        "Répondez directement à ce courriel ou consultez-le sur git.example.org\u00a0:",
        "Répondez directement à ce courriel.",
        "Voir la discussion sur git.example.org\u00a0:",
        "Voir la discussion sur git.example.org :",
        "Vous recevez ce message parce que vous suivez ce dépôt.",
        "Pour ne plus rien recevoir\u00a0: répondez simplement /mute, ou désabonnez-vous dans "
        "votre "
        "messagerie.",
        "Pour ne plus rien recevoir : désabonnez-vous dans votre messagerie.",
        "Identifiant du message\u00a0: <acme/rocket/issues/17-00112233@git.example.org>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *mail = g_strdup_printf("Kept line.\n\n%s\n", lines[i]);
        g_autoptr(MpReply) reply = mp_reply_extract(mail, NULL);

        cr_expect_str_eq(reply->reply, "Kept line.", "%s", lines[i]);
    }
}

Test(reply_rules, what_somebody_typed_right_below_our_footer_is_theirs)
{
    static const char *const footers[] = {
        "Reply to this email directly.\nYou are receiving this because you were mentioned.\n"
        "Message ID: <acme/rocket/issues/17-00112233@git.example.org>",
        "Répondez directement à ce courriel.\nVous recevez ce message parce que vous suivez ce "
        "dépôt.\nIdentifiant du message\u00a0: <acme/rocket/issues/17-00112233@git.example.org>",
        "Répondez directement à ce courriel.\nVous recevez ce message parce que vous suivez ce "
        "dépôt.\nIdentifiant du message : <acme/rocket/issues/17-00112233@git.example.org>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(footers); i++) {
        g_autofree char *mail = g_strdup_printf("Above.\n\n%s\nBelow.\n", footers[i]);
        g_autoptr(MpReply) reply = mp_reply_extract(mail, NULL);

        cr_expect_str_eq(reply->reply, "Above.\n\nBelow.", "%s", footers[i]);
    }
}

Test(reply_rules, every_row_leaves_its_counter_example_alone)
{
    for (gsize i = 0; i < mp_n_rules; i++) {
        const MpRule *rule = &mp_rules[i];
        g_autofree char *mail = g_strdup_printf("Kept line.\n\n%s\n\nMore text.", rule->keeps);
        g_autoptr(MpReply) reply = mp_reply_extract(mail, NULL);

        cr_expect_str_eq(reply->reply, mail, "%s: of \"%s\" was kept \"%s\"", rule->name,
                         rule->keeps, reply->reply);
    }
}

/* The matcher tries nothing but closings on lines shorter than that. */
enum { SHORTEST = 8 };

Test(reply_rules, only_closings_are_short)
{
    for (gsize i = 0; i < mp_n_rules; i++)
        cr_expect(mp_rules[i].kind == MP_RULE_CLOSING || strlen(mp_rules[i].cuts) >= SHORTEST, "%s",
                  mp_rules[i].name);
}

/* What is quoted below goes too, marked with > or not, and in attributions wrapped anywhere. */
Test(reply_rules, boundaries_take_the_message_below_them)
{
    for (gsize i = 0; i < mp_n_rules; i++) {
        const MpRule *rule = &mp_rules[i];
        if (rule->kind > MP_RULE_MARKER || strchr(rule->cuts, '>') == rule->cuts)
            continue;
        g_autofree char *marked =
            g_strdup_printf("Kept line.\n\n%s\n> Quoted text.\n> More of it.\n", rule->cuts);
        g_autofree char *bare =
            g_strdup_printf("Kept line.\n\n%s\n\nQuoted text.\n\nMore of it.\n", rule->cuts);
        g_autoptr(MpReply) of_marked = mp_reply_extract(marked, NULL);
        g_autoptr(MpReply) of_bare = mp_reply_extract(bare, NULL);

        cr_expect_str_eq(of_marked->reply, "Kept line.", "%s, marked: \"%s\"", rule->name,
                         of_marked->reply);
        if (strchr(rule->cuts, '\n') == NULL || rule->kind == MP_RULE_HEADER)
            cr_expect_str_eq(of_bare->reply, "Kept line.", "%s, bare: \"%s\"", rule->name,
                             of_bare->reply);
    }
}

/* No client wraps before this many characters; a first line as short as "Ada" could be the
 * person's. */
enum { EARLIEST_WRAP = 18 };

Test(reply_rules, attributions_may_be_wrapped_at_any_space)
{
    for (gsize i = 0; i < mp_n_rules; i++) {
        const MpRule *rule = &mp_rules[i];
        if (rule->kind != MP_RULE_ATTRIBUTION || strchr(rule->cuts, '\n') != NULL)
            continue;
        for (const char *space = strchr(g_utf8_offset_to_pointer(rule->cuts, EARLIEST_WRAP), ' ');
             space != NULL; space = strchr(space + 1, ' ')) {
            g_autofree char *mail =
                g_strdup_printf("Kept line.\n\n%.*s\n%s\n\n> Quoted text.\n",
                                (int)(space - rule->cuts), rule->cuts, space + 1);
            g_autoptr(MpReply) reply = mp_reply_extract(mail, NULL);
            cr_expect_str_eq(reply->reply, "Kept line.", "%s: \"%s\" left \"%s\"", rule->name, mail,
                             reply->reply);
        }
    }
}

Test(reply_rules, names_are_unique_and_thirty_languages_attribute)
{
    guint attributions = 0;

    for (gsize i = 0; i < mp_n_rules; i++) {
        attributions += mp_rules[i].kind == MP_RULE_ATTRIBUTION;
        for (gsize k = 0; k < i; k++)
            cr_expect_str_neq(mp_rules[i].name, mp_rules[k].name);
    }
    cr_expect_geq(attributions, 30);
}

Test(reply_rules, the_matcher_gives_up_on_costly_and_long_lines)
{
    g_autoptr(MpMatcher) matcher = mp_matcher_new();
    g_autofree char *long_line = g_strnfill(1001, 'x');

    cr_expect_null(mp_matcher_line(matcher, long_line));
    cr_expect_null(mp_matcher_rule(matcher, MP_RULE_ATTRIBUTION, long_line));
}

/* What a matcher says of a text again, with all the others between, is what one says that was asked
 * for nothing else. */
Test(reply_rules, the_matcher_says_the_same_of_a_line_again)
{
    g_autoptr(MpMatcher) again = mp_matcher_new();

    for (guint i = 0; i < 2 * mp_n_rules; i++) {
        const MpRule *rule = &mp_rules[i % mp_n_rules];
        const char *const texts[] = {rule->cuts, rule->keeps, rule->keeps, rule->cuts};

        for (gsize k = 0; k < G_N_ELEMENTS(texts); k++) {
            g_autoptr(MpMatcher) fresh = mp_matcher_new();
            const char *text = texts[k];

            cr_expect_eq(mp_matcher_line(again, text), mp_matcher_line(fresh, text), "%s", text);
            cr_expect_eq(mp_matcher_rule(again, MP_RULE_ATTRIBUTION, text),
                         mp_matcher_rule(fresh, MP_RULE_ATTRIBUTION, text), "%s", text);
            cr_expect_eq(mp_matcher_has_day(again, text), mp_matcher_has_day(fresh, text), "%s",
                         text);
        }
    }
}
