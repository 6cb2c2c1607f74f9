/* The lists in a response to a mail with commands: what was done, what was not, what else there is.
 */
#include "notify/internal.h"

#include <string.h>

#include "base/escape.h"

typedef struct {
    const MpResponseFacts *facts;
    MpLanguage language;
    bool as_html;
    GString *out;
} Lists;

static void
begin_list(Lists *lists, const char *title)
{
    g_string_append_printf(lists->out, lists->as_html ? "<p>%s</p>\n<ul>\n" : "%s\n\n", title);
}

static void
end_list(Lists *lists)
{
    g_string_append(lists->out, lists->as_html ? "</ul>\n" : "\n");
}

/* What was given, which is anybody's text, and what is said of it. */
static void
add_item(Lists *lists, const char *line, const char *said)
{
    g_autofree char *clean = mp_clean_text(line);
    g_autofree char *visible = mp_one_line(clean);
    g_autofree char *shown = lists->as_html
                                 ? g_markup_printf_escaped("<code dir=\"auto\">%s</code>", visible)
                                 : g_strdup(visible);
    g_autofree char *remark = lists->as_html ? g_markup_escape_text(said, -1) : g_strdup(said);

    if (lists->as_html)
        g_string_append_printf(lists->out, "<li>%s%s%s</li>\n", shown, *said != '\0' ? "<br>" : "",
                               remark);
    else
        g_string_append_printf(lists->out, "    %s\n%s%s%s", shown, *said != '\0' ? "        " : "",
                               remark, *said != '\0' ? "\n" : "");
}

static const char *
repository_of(const MpResponseFacts *facts)
{
    return facts->thread != NULL ? facts->thread->repository : "";
}

static void
add_command(Lists *lists, const MpResponseCommand *command, MpMailFate fate)
{
    g_autofree char *why = mp_text_fill(
        mp_command_fate_text(fate, lists->language), "{command}", command->nearest, "{repository}",
        repository_of(lists->facts), "{about}", command->about != NULL ? command->about : "", NULL);

    g_autofree char *clean = mp_clean_text(why); /* `about` is a mail's as well */
    g_strchomp(clean);
    add_item(lists, command->line, fate != MP_FATE_DONE ? clean : "");
}

static void
add_more(Lists *lists, const char *count)
{
    g_autofree char *line =
        mp_text_fill(mp_response_phrases(lists->language)->more, "{count}", count, NULL);

    add_item(lists, line, "");
}

/* Those that were done, or those that were not. */
static void
add_commands(Lists *lists, const char *title, bool are_done)
{
    const GPtrArray *commands = lists->facts->response->commands;
    bool any = false;

    for (guint i = 0; commands != NULL && i < commands->len; i++) {
        const MpResponseCommand *command = g_ptr_array_index(commands, i);
        MpMailFate fate = MP_FATE_DONE;
        bool is_more = strcmp(command->fate, MP_RESPONSE_MORE) == 0;

        if (!is_more && !mp_mail_fate_parse(command->fate, &fate))
            continue;
        if (is_more ? are_done : (fate == MP_FATE_DONE) != are_done)
            continue;
        if (!any)
            begin_list(lists, title);
        any = true;
        if (is_more)
            add_more(lists, command->line);
        else
            add_command(lists, command, fate);
    }
    if (any)
        end_list(lists);
}

static void
add_help(Lists *lists, MpMailRight right)
{
    gsize n;
    const MpMailCommand *commands = mp_mail_commands(&n);

    begin_list(lists, mp_response_phrases(lists->language)->commands);
    for (gsize i = 0; i < n; i++) {
        g_autofree char *form = g_strconcat(
            commands[i].word, commands[i].argument != NULL ? " " : "", commands[i].argument, NULL);

        if (commands[i].right <= right &&
            (lists->facts->config->commands || commands[i].right == MP_RIGHT_OF_ALL))
            add_item(lists, form, mp_command_act_text(commands[i].act, lists->language));
    }
    end_list(lists);
}

char *
mp_response_lists(const MpResponseFacts *facts, MpLanguage language, bool as_html)
{
    const MpResponsePhrases *phrases = mp_response_phrases(language);
    Lists lists = {facts, language, as_html, g_string_new(NULL)};
    MpMailRight right = MP_RIGHT_OF_ALL;

    if (g_strcmp0(facts->response->text, "help") != 0) {
        add_commands(&lists, phrases->done, true);
        add_commands(&lists, phrases->not_done, false);
    }
    if (facts->response->right != NULL && mp_mail_right_parse(facts->response->right, &right))
        add_help(&lists, right);
    return g_string_free(lists.out, FALSE);
}
