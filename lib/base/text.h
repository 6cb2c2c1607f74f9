/*
 * What an operator reads daily, in their language: GNU gettext, domain "metroplex", catalogues in
 * lib/po.
 *
 * Only what is asked for by _() and _n() is translated. Errors, logs, help and what programs read
 * (JSON, keys, reason codes) are English in every locale, so that they can be searched for and sent
 * to somebody else; hence LC_MESSAGES is set for this call alone, and strerror() and GLib never
 * hear of it.
 */
#pragma once

/* Looks TEXT up in the locale's catalogue; the text itself where there is none. Never freed. Any
 * thread. */
const char *mp_text(const char *text) __attribute__((format_arg(1)));

#define _(text) mp_text(text)

/* The same of a text with a number, which languages put into their own forms: "%u mail", "%u
 * mails". */
const char *mp_text_n(const char *one, const char *many, unsigned long n)
    __attribute__((format_arg(1), format_arg(2)));

#define _n(one, many, n) mp_text_n(one, many, n)

/* The word behind a number where the text is English in every locale: ONE for 1, else MANY. */
const char *mp_plural(unsigned long n, const char *one, const char *many);

/* "3 minutes", in the operator's language; the caller's. */
char *mp_duration(long long seconds);

/* Marks a text of a table for translation; the table's reader calls _(). */
#define N_(text) (text)
