/* The gates of a mail that opens a thread: who may, and who proved to be who they say. */
#include "policy/openings.h"

#include <string.h>

#include "base/escape.h"
#include "base/names.h"

#define ANSWERS_HELD "it answers a mail that is held"

bool
mp_opening_is_closed(const MpGateInput *d, char **why)
{
    if (!d->identity->is_opening || d->identity->repository->open != MP_OPEN_OFF)
        return false;
    *why = g_strdup_printf("%s opens no threads by mail", d->identity->repository->name);
    return true;
}

bool
mp_opening_is_of_nobody(const MpGateInput *d, char **why)
{
    const MpIdentity *identity = d->identity;
    const GPtrArray *from = d->message->from;

    if (!identity->is_opening || (identity->account != NULL && !identity->account->is_guest) ||
        (identity->repository->open == MP_OPEN_ANYONE && from->len == 1 && !identity->is_unfit))
        return false;
    g_autofree char *shown = from->len == 1 ? mp_escape(g_ptr_array_index(from, 0)) : NULL;
    *why = shown == NULL ? g_strdup(from->len == 0 ? "the mail has no sender"
                                                   : "the mail has not one sender alone")
                         : g_strdup_printf(identity->is_unfit ? "nobody can be asked at %s"
                                                              : "%s is no account's address",
                                           shown);
    return true;
}

bool
mp_opening_is_of_no_member(const MpGateInput *d, char **why)
{
    const MpRepository *repository = d->identity->repository;

    if (!d->identity->is_opening || repository->open != MP_OPEN_MEMBERS ||
        mp_has_id(repository->members, d->identity->account->id))
        return false;
    g_autofree char *login = mp_escape(d->identity->account->login);
    *why = g_strdup_printf("%s opens threads by mail for its members only, and %s is none",
                           repository->name, login);
    return true;
}

bool
mp_opening_is_rejected(const MpGateInput *d, char **why)
{
    const MpIdentity *identity = d->identity;

    if (!d->is_rejected ||
        (!identity->is_opening && !identity->is_answer && !identity->answers_held))
        return false;
    *why = g_strdup("rejected by an administrator");
    return true;
}

bool
mp_policy_is_to_be_confirmed(const MpIdentity *identity)
{
    return identity->is_opening && !identity->is_confirmed &&
           (identity->account == NULL || identity->account->is_guest);
}

/* What it waits for, once it came so far; NULL where it need not. */
static const char *
waits_for(const MpIdentity *identity)
{
    return identity->unproved != NULL               ? identity->unproved
           : mp_policy_is_to_be_confirmed(identity) ? "its author has not confirmed it yet"
                                                    : NULL;
}

bool
mp_opening_is_overdue(const MpGateInput *d, char **why)
{
    const char *wanted = waits_for(d->identity);

    if (wanted == NULL || !d->identity->is_overdue)
        return false;
    *why = g_strdup_printf("held long enough, and nobody confirmed it: %s", wanted);
    return true;
}

bool
mp_opening_is_one_too_many(const MpGateInput *d, char **why)
{
    const MpIdentity *identity = d->identity;
    const char *wanted = waits_for(identity);

    if (wanted == NULL && identity->answers_held && !identity->is_opening)
        wanted = ANSWERS_HELD;
    if (wanted == NULL || identity->over_held == NULL)
        return false;
    *why = g_strdup_printf("%s: %s", identity->over_held, wanted);
    return true;
}

bool
mp_opening_waits(const MpGateInput *d, char **why)
{
    const char *wanted = waits_for(d->identity);

    if (wanted == NULL)
        return false;
    *why = g_strdup(wanted);
    return true;
}

bool
mp_opening_waits_for_another(const MpGateInput *d, char **why)
{
    if (!d->identity->answers_held || d->identity->over_held != NULL)
        return false;
    *why = g_strdup(ANSWERS_HELD);
    return true;
}

bool
mp_opening_is_let_in(const MpGateInput *d, char **why)
{
    if (!d->identity->is_opening || !mp_user_is_unconfirmed(d->identity->account))
        return false;
    *why = g_strdup_printf("a first mail to %s, let in unconfirmed", d->identity->repository->name);
    return true;
}

bool
mp_opening_is_good(const MpGateInput *d, char **why)
{
    if (!d->identity->is_opening)
        return false;
    *why = g_strdup_printf("a first mail to %s", d->identity->repository->name);
    return true;
}

const char *
mp_policy_done(const MpIdentity *identity)
{
    return identity->is_opening         ? "it opened a thread already"
           : identity->confirms != NULL ? "it confirmed that mail already"
                                        : "it is a comment already";
}

/* Whoever has an account is asked without a proof, at its own address; who has none only with one,
 * or where somebody let the mail in without (else a forged address gets mail). */
bool
mp_opening_asks(const MpIdentity *identity, MpAction action)
{
    const MpUser *account = identity->account;

    if (action == MP_DO_OPEN)
        return account != NULL && mp_user_is_unconfirmed(account);
    return identity->unproved == NULL || (account != NULL && !account->is_guest);
}

/* --- Answers to questions ------------------------------------------------------------------------
 */

bool
mp_answer_is_unproved(const MpGateInput *d, char **why)
{
    if (d->identity->confirms == NULL || d->identity->unproved == NULL)
        return false;
    *why = g_strdup(d->identity->unproved);
    return true;
}

bool
mp_answer_is_too_late(const MpGateInput *d, char **why)
{
    if (d->identity->confirms == NULL || !d->identity->is_too_late)
        return false;
    *why = g_strdup("the mail that it confirms is held no more");
    return true;
}

/* A word by which people say that they did not write something, in the languages of the question;
 * also "didn't". */
static bool
is_refusal(const char *word)
{
    static const char *const refusals[] = {"no",  "non", "nope",   "not",  "never", "nein",
                                           "pas", "ne",  "jamais", "spam", "stop"};
    g_autofree char *small = g_utf8_strdown(word, -1);

    return mp_find_name(refusals, G_N_ELEMENTS(refusals), small) >= 0 ||
           g_str_has_suffix(small, "n't") || g_str_has_suffix(small, "n\xE2\x80\x99t") ||
           g_str_has_prefix(small, "n'") || g_str_has_prefix(small, "n\xE2\x80\x99");
}

/* What parts words is whatever else there is than letters, digits and apostrophes: French has
 * spaces of its own before its marks, and a quotation mark has many forms. */
static GStrv
words_of(const char *line)
{
    g_autoptr(GString) spaced = g_string_new(NULL);

    for (const char *p = line; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        bool is_word = g_unichar_isalnum(c) || c == '\'' || c == 0x2019;

        g_string_append_unichar(spaced, is_word ? c : ' ');
    }
    return g_strsplit(spaced->str, " ", -1);
}

static bool
is_greeting(const char *word)
{
    static const char *const greetings[] = {
        "hello", "hi",   "hey",          "dear",   "good",  "bonjour", "bonsoir",
        "salut", "cher", "ch\xC3\xA8re", "madame", "hallo", "guten",   "monsieur"};
    g_autofree char *small = g_utf8_strdown(word, -1);

    return mp_find_name(greetings, G_N_ELEMENTS(greetings), small) >= 0;
}

/* A line in words, and behind which of them the last yes stands, and the last of all; 0: none. */
typedef struct {
    GStrv words;
    guint yes, end;
} Line;

/* Each word is looked at once, however many idioms there are. */
static void
find_last(Line *line)
{
    static const char *const yes[] = {"yes", "yep", "yeah", "ok", "okay", "sure", "oui", "ja"};

    for (guint i = 0; line->words[i] != NULL; i++) {
        g_autofree char *small = g_utf8_strdown(line->words[i], -1);

        if (*small != '\0')
            line->end = i + 1;
        if (mp_find_name(yes, G_N_ELEMENTS(yes), small) >= 0)
            line->yes = i + 1;
    }
}

/* Whether nothing is said from there on, or a yes. */
static bool
says_yes_or_ends(const Line *line, guint from)
{
    return line->yes > from || line->end <= from;
}

/* The word before it, in lower case; "" where there is none. The caller's. */
static char *
word_before(GStrv words, guint at)
{
    while (at > 0 && *words[at - 1] == '\0')
        at--;
    return g_utf8_strdown(at > 0 ? words[at - 1] : "", -1);
}

/* "No problem, yes", "pas de souci", "why not": a no that says yes. Whoever says more than that may
 * mean their no: "No problem report was sent by me". */
static bool
is_idiom(const Line *line, guint at)
{
    static const char *const before[] = {"why", "pourquoi", "warum"};
    static const char *const small[] = {"", "a", "de", "at", "all"};
    static const char *const behind[] = {"problem", "problems", "probl\xC3\xA8me", "worries",
                                         "souci",   "soucis",   "doubt",           "doute"};
    g_autofree char *last = word_before(line->words, at);

    if (mp_find_name(before, G_N_ELEMENTS(before), last) >= 0)
        return says_yes_or_ends(line, at + 1);
    for (guint next = at + 1; line->words[next] != NULL; next++) {
        g_autofree char *word = g_utf8_strdown(line->words[next], -1);

        if (mp_find_name(behind, G_N_ELEMENTS(behind), word) >= 0)
            return says_yes_or_ends(line, next + 1);
        if (mp_find_name(small, G_N_ELEMENTS(small), word) < 0)
            return false;
    }
    return false;
}

/* Whether the line says no; *greets where it begins with a greeting. */
static bool
line_refuses(const char *text, bool *greets)
{
    g_auto(GStrv) words = words_of(text);
    Line line = {words, 0, 0};
    guint i = 0;

    find_last(&line);
    while (words[i] != NULL && *words[i] == '\0')
        i++;
    *greets = words[i] != NULL && is_greeting(words[i]);
    for (; words[i] != NULL; i++)
        if (is_refusal(words[i]) && !is_idiom(&line, i))
            return true;
    return false;
}

/* Whoever writes "No, I did not!" must not confirm by it: their first line is looked at, and where
 * they greet us, the next. */
bool
mp_answer_declines(const MpGateInput *d, char **why)
{
    if (d->identity->confirms == NULL)
        return false;
    g_auto(GStrv) lines = g_strsplit(d->composed->body, "\n", -1);
    bool is_last = false, greets, refuses = false;

    for (char **line = lines; *line != NULL && !is_last && !refuses; line++) {
        if (*g_strchug(*line) == '\0')
            continue;
        refuses = line_refuses(*line, &greets);
        is_last = !greets;
    }
    if (refuses)
        *why = g_strdup("its author says that it is not theirs, or says no");
    return refuses;
}

bool
mp_answer_is_good(const MpGateInput *d, char **why)
{
    if (d->identity->confirms == NULL)
        return false;
    *why = g_strdup("the author of a held mail says that it is theirs");
    return true;
}
