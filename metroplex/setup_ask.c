/* Questions and answers; see setup_ask.h. */
#include "setup_ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/text.h"
#include "cli/colour.h"

#define LINE_MAX_OCTETS 4096

/* The next line, without its end: octet for octet, since what follows it may be a password that is
 * read by somebody else. NULL at the end of the input. */
static char *
read_line(void)
{
    g_autoptr(GString) line = g_string_new(NULL);
    char octet = '\0';
    gssize n;

    while ((n = read(STDIN_FILENO, &octet, 1)) != 0) {
        if (n < 0 && errno != EINTR)
            break;
        if (n > 0 && octet == '\n')
            break;
        if (n > 0 && line->len < LINE_MAX_OCTETS)
            g_string_append_c(line, octet);
    }
    if (n <= 0 && line->len == 0)
        return NULL;
    return g_strdup(g_strstrip(line->str));
}

static void
print_question(const char *question, const char *fallback)
{
    g_autofree char *shown = mp_escape(fallback);

    if (*fallback != '\0')
        printf("%s [%s]: ", question, shown);
    else
        printf("%s: ", question);
    fflush(stdout);
}

bool
mp_ask_again(const char *answer, const char *fault, GError **error)
{
    bool is_typed = isatty(STDIN_FILENO);
    g_autofree char *line = is_typed && answer != NULL
                                ? g_strdup_printf("  \"%s\" %s", answer, fault)
                                : g_strdup_printf("  %s", fault);
    g_autofree char *shown = mp_escape(line);

    mp_print_in_colour(MP_RED, shown);
    putchar('\n');
    return is_typed || mp_fail(error, MP_ERROR_INPUT,
                               "that is no answer, and the next line is one to another question: "
                               "nothing was done");
}

static void
show_answer(const char *answer)
{
    g_autofree char *shown = mp_escape(answer);

    if (!isatty(STDIN_FILENO))
        puts(shown);
}

char *
mp_ask(const char *question, const char *fallback, MpAnswerFault fault, gpointer user_data,
       GError **error)
{
    for (;;) {
        print_question(question, fallback);
        g_autofree char *answer = read_line();
        if (answer == NULL) {
            putchar('\n');
            return mp_fail_null(error, MP_ERROR_INPUT,
                                "no answer: the input ended, and nothing was done");
        }
        if (*answer == '\0') {
            g_free(answer);
            answer = g_strdup(fallback);
        }
        g_autofree char *why = fault != NULL ? fault(answer, user_data) : NULL;
        if (why == NULL) {
            show_answer(answer);
            return g_steal_pointer(&answer);
        }
        if (!mp_ask_again(answer, why, error))
            return NULL;
    }
}

static char *
fault_of_yes(const char *answer, gpointer unused)
{
    static const char *const words[] = {"yes", "y", "no", "n", "oui", "o", "non"};

    (void)unused;
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_ascii_strcasecmp(answer, words[i]) == 0)
            return NULL;
    return g_strdup(_("is neither yes nor no"));
}

bool
mp_ask_yes(const char *question, GError **error)
{
    g_autofree char *answer = mp_ask(question, _("yes"), fault_of_yes, NULL, error);

    return answer != NULL && g_ascii_tolower(answer[0]) != 'n';
}
