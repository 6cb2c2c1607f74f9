/* Which threads a message names, and which of them its words close; see closing_words.h. */
#include "watch/closing_words.h"

#include <string.h>

#include "markup/references.h"

#define WORD_MAX 9 /* letters of a word that closes */

static bool
is_closing_word(const char *word, gsize length)
{
    static const char *const words[] = {"close", "closes",  "closed",   "fix",     "fixes",
                                        "fixed", "resolve", "resolves", "resolved"};

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (strlen(words[i]) == length && g_ascii_strncasecmp(words[i], word, length) == 0)
            return true;
    return false;
}

/* Whether one stands before `at` in the paragraph, perhaps with a colon, and with blanks between.
 */
static bool
is_after_closing_word(const char *text, const char *at)
{
    const char *end = at, *start;
    guint n_lines = 0;

    while (end > text && g_ascii_isspace(end[-1]))
        n_lines += *--end == '\n';
    if (end == at || n_lines > 1)
        return false;
    if (end > text && end[-1] == ':')
        end--;
    for (start = end; start > text && end - start <= WORD_MAX && g_ascii_isalpha(start[-1]);)
        start--;
    bool is_whole =
        start == text || (!g_ascii_isalnum(start[-1]) && strchr("_-/.@", start[-1]) == NULL);
    return is_whole && is_closing_word(start, (gsize)(end - start));
}

static bool
begins_with(const char *subject, const char *word, const char *behind)
{
    gsize n = strlen(word);

    if (g_ascii_strncasecmp(subject, word, n) != 0)
        return false;
    n += strspn(subject + n, " ");
    return subject[n] != '\0' && strchr(behind, subject[n]) != NULL;
}

/* Of a commit that takes another back, in git's words or people's, or, since Git 2.43 and in its
 * words, one that took another back. */
static bool
is_of_git_revert(const char *subject)
{
    return begins_with(subject, "revert", "\":(!") || begins_with(subject, "reapply", "\"");
}

/* The octets at the beginning of a message that repeat the subject of such a commit, as git revert
 * has it: `Revert "Fixes #3"` closes nothing. What stands below is meant. */
static gsize
repeated_of(const char *message)
{
    if (!is_of_git_revert(message))
        return 0;
    const char *end = strstr(message, "\n\n");
    return end != NULL ? (gsize)(end - message) : strlen(message);
}

MpClosingWords
mp_closing_words(const MpRepoCommit *commit, guint *n_left)
{
    const char *message = commit->message;

    return (MpClosingWords){message, message + repeated_of(message), message, n_left};
}

bool
mp_closing_words_next(MpClosingWords *words, char **written, bool *closes)
{
    MpReference reference;

    while (*words->n_left > 0 && mp_reference_next(words->message, words->next, &reference)) {
        --*words->n_left;
        words->next = reference.start + reference.length;
        if (reference.kind == MP_REFERENCE_THREAD) {
            *written = reference.written;
            *closes = reference.start >= words->meant &&
                      is_after_closing_word(words->message, reference.start);
            return true;
        }
        g_free(reference.written);
    }
    return false;
}
