/*
 * What the files of outcomes say of a mail; see trace_internal.h. There may be years of them: each
 * word is looked for once, in the months that can have it, and only the lines that have it are
 * split into their fields.
 */
#include "report/trace_internal.h"

#include <string.h>

#include "base/error.h"
#include "base/time.h"
#include "maildir/kept.h"

#define MARGIN (2 * 86400) /* a mail's date may be a day late, and clocks are set */

enum { TIME, OUTCOME, REASON, MESSAGE_ID, FILE_NAME, THREAD, COMMENT, SECONDS };

typedef struct {
    char *text;
    char *first; /* the file of the month before which no line has it */
} Word;

typedef struct {
    MpTracer *tracer;
    GHashTable *told; /* char *, lines */
    GArray *words;    /* Word: still to be looked for */
    bool is_blind;    /* something could not be read */
} Outcomes;

static void
clear_word(gpointer data)
{
    Word *word = data;

    g_free(word->text);
    g_free(word->first);
}

/* `text` is taken and freed; `since` 0: it may stand in any month. A clock may have been ahead when
 * it was. */
static void
look_for(Outcomes *outcomes, char *text, gint64 since)
{
    const Word word = {text, mp_outcomes_name(MIN(since, mp_time_now()) - MARGIN)};

    g_array_append_val(outcomes->words, word);
}

static void
look_for_file(Outcomes *outcomes, const char *name)
{
    look_for(outcomes, g_strdup(name), mp_maildir_name_time(name) / G_USEC_PER_SEC);
}

static void
look_for_place(Outcomes *outcomes, const MpTracePlace *place)
{
    look_for(outcomes,
             g_strdup_printf("\t%" G_GUINT64_FORMAT "\t%" G_GUINT64_FORMAT "\t", place->thread,
                             place->comment),
             place->date);
}

/* --- A line ----------------------------------------------------------------------------------- */

static bool
is_among(GPtrArray *texts, const char *text)
{
    return g_ptr_array_find_with_equal_func(texts, text, g_str_equal, NULL);
}

/* The words may stand anywhere in a line. */
static bool
is_wanted(const MpTracer *tracer, const char *const *fields)
{
    guint64 thread = g_ascii_strtoull(fields[THREAD], NULL, 10);
    guint64 comment = g_ascii_strtoull(fields[COMMENT], NULL, 10);

    return is_among(tracer->ids, fields[MESSAGE_ID]) ||
           is_among(tracer->files, fields[FILE_NAME]) ||
           (comment > 0 && mp_trace_has_place(tracer, thread, comment));
}

static gint64
time_of(const char *text)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, NULL);

    return time != NULL
               ? g_date_time_to_unix(time) * G_USEC_PER_SEC + g_date_time_get_microsecond(time)
               : 0;
}

static void
tell_outcome(MpTracer *tracer, const char *const *fields)
{
    g_autofree char *place = g_strdup("");

    if (strcmp(fields[COMMENT], "-") != 0) {
        g_free(place);
        place = g_strdup_printf(", comment %s of thread %s", fields[COMMENT], fields[THREAD]);
    } else if (strcmp(fields[THREAD], "-") != 0) {
        g_free(place);
        place = g_strdup_printf(", thread %s", fields[THREAD]);
    }
    mp_trace_tell(tracer, tracer->trace->facts, time_of(fields[TIME]), "outcomes",
                  "%s, %s%s, %s s after its delivery: %s, file %s", fields[OUTCOME], fields[REASON],
                  place, fields[SECONDS], fields[MESSAGE_ID], fields[FILE_NAME]);
}

/* Message-ID, file and comment belong together. A file always has its Message-ID, and so has a
 * comment, in whose KEY it is: where there is one, it finds whatever they would. */
static void
learn(Outcomes *outcomes, const char *const *fields)
{
    MpTracer *tracer = outcomes->tracer;
    bool is_nameless = strcmp(fields[MESSAGE_ID], "-") == 0;
    MpTracePlace place = {.thread = g_ascii_strtoull(fields[THREAD], NULL, 10),
                          .comment = g_ascii_strtoull(fields[COMMENT], NULL, 10)};

    if (mp_trace_add(tracer->ids, fields[MESSAGE_ID]))
        look_for(outcomes, g_strdup(fields[MESSAGE_ID]), 0);
    if (mp_trace_add(tracer->files, fields[FILE_NAME]) && is_nameless)
        look_for_file(outcomes, fields[FILE_NAME]);
    if (place.comment == 0 || mp_trace_has_place(tracer, place.thread, place.comment))
        return;
    mp_trace_add_place(tracer, place.thread, place.comment);
    if (is_nameless)
        look_for_place(outcomes, &place);
}

static void
take_outcome(const char *const *fields, gpointer user_data)
{
    Outcomes *outcomes = user_data;

    if (!is_wanted(outcomes->tracer, fields) ||
        !g_hash_table_add(outcomes->told, g_strjoinv("\t", (char **)fields)))
        return;
    tell_outcome(outcomes->tracer, fields);
    learn(outcomes, fields);
}

/* --- All of them ------------------------------------------------------------------------------ */

/* One month that cannot be read is told once, and hides no other. */
static void
read_file(Outcomes *outcomes, const GArray *words, const char *name)
{
    g_autoptr(GPtrArray) here = g_ptr_array_new();
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < words->len; i++) {
        const Word *word = &g_array_index(words, Word, i);

        if (strcmp(word->first, name) <= 0)
            g_ptr_array_add(here, word->text);
    }
    if (here->len == 0 || mp_outcomes_read(outcomes->tracer->instance->config->data, name, here,
                                           take_outcome, outcomes, &error))
        return;
    if (!outcomes->is_blind)
        mp_trace_cannot_see(outcomes->tracer, "outcomes", error->message);
    outcomes->is_blind = true;
}

static GArray *
new_words(void)
{
    GArray *words = g_array_new(FALSE, FALSE, sizeof(Word));

    g_array_set_clear_func(words, clear_word);
    return words;
}

/* What a line teaches is looked for in all files again, but nothing twice. */
static void
read_all(Outcomes *outcomes)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) names =
        mp_outcomes_files(outcomes->tracer->instance->config->data, 0, &error);

    if (names == NULL)
        mp_trace_cannot_see(outcomes->tracer, "outcomes", error->message);
    while (names != NULL && outcomes->words->len > 0) {
        g_autoptr(GArray) words = g_steal_pointer(&outcomes->words);

        outcomes->words = new_words();
        for (guint i = 0; i < names->len; i++)
            read_file(outcomes, words, names->pdata[i]);
    }
}

void
mp_trace_outcomes(MpTracer *tracer)
{
    g_autoptr(GHashTable) told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Outcomes outcomes = {.tracer = tracer, .told = told, .words = new_words()};

    for (guint i = 0; i < tracer->ids->len; i++)
        look_for(&outcomes, g_strdup(tracer->ids->pdata[i]), 0);
    for (guint i = 0; i < tracer->files->len; i++)
        look_for_file(&outcomes, tracer->files->pdata[i]);
    for (guint i = 0; i < tracer->comments->len; i++)
        if (g_array_index(tracer->comments, MpTracePlace, i).comment > 0)
            look_for_place(&outcomes, &g_array_index(tracer->comments, MpTracePlace, i));
    read_all(&outcomes);
    g_array_unref(outcomes.words);
}
