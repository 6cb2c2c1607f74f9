/* Questions to whoever sits at the terminal, or has written the answers down. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Why an answer is none, the caller's; NULL if it is one. */
typedef char *(*MpAnswerFault)(const char *answer, gpointer user_data);

/*
 * Asks on standard output and reads a line from standard input, until it is an answer; an empty
 * line is `fallback`, which is shown. The result is the caller's; NULL with MP_ERROR_INPUT if there
 * is no further line. From a pipe the answers are printed behind the questions, as if typed; a
 * wrong one is the end.
 */
char *mp_ask(const char *question, const char *fallback, MpAnswerFault fault, gpointer user_data,
             GError **error);

/*
 * Says what is wrong with an answer (NULL: not to be shown) before it is asked again. From a pipe
 * the next line answers another question, perhaps that for the password: then the wrong one is not
 * shown, since it may be that line, and the result is false with MP_ERROR_INPUT.
 */
bool mp_ask_again(const char *answer, const char *fault, GError **error);

/* Yes unless the answer says no, in English or in French. False without *error for no. */
bool mp_ask_yes(const char *question, GError **error);
