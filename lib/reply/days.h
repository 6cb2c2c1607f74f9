/*
 * Days and dates as attributions write them, from a word of a line on. Internal to the room.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* "Sat, 28", "lør. 28", "ne 22": a weekday, or what may be one, before a number. */
bool day_is_weekday(const char *word);

/* "2026-11-28", "28.11.2026", "2026年11月28日" */
bool day_is_date(const char *word);

/* The word of the core before `word`. */
const char *day_last_word(const char *core, const char *word);

/* "28.11.2026", "28. 11. 2026", "2026-11-28", and not "28. nov. 2026". */
bool day_is_numeric_date(const char *word);

/* "2026年11月28日" */
bool day_is_cjk_date(const char *word);

/* "чт, 26 нояб.", "Четверг, 26 ноября": no name of a person is written so. */
bool day_is_marked_weekday(const char *word);

/* "to 26.11.", "čt 26. 11.": in Finnish, Czech, Slovak and German two letters without a mark, which
 * would else be words. */
bool day_is_bare_weekday(const char *word);

/* "Sat." before a day, but not "checked." nor "It works": an abbreviation is short, stands first,
 * and before the month's name. */
bool day_is_weekday_before(const char *core, const char *word);

/* "26.11.2026", "26. 11. 2026", "26 нояб. 2026", "2026年11月26日": a day and its year. */
bool day_is_full_day(const char *word);

/* "to", "čt", "tor.": a day of the week in a few letters, which a name and most words have not. */
bool day_is_short_weekday(const char *word);
