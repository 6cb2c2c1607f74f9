/*
 * Questions to who should have written a held mail: what is on record of them.
 *
 * A question is a response that is asked once a held mail, whatever the day. The name of its record
 * says what the limits need:
 *
 *   outbox/answered/question.KEY.ADDRESS.DOMAIN
 *
 * the KEY of the mail, and 16 digits of a hash of the address that is asked, and of the domain that
 * somebody registered, of which that is; with "-" for ADDRESS once the mail is held no more: then
 * the question is closed.
 */
#pragma once

#include "outbox/outbox.h"

typedef struct {
    GHashTable *keys;   /* of the mails about which somebody was asked, to whether it is open */
    GHashTable *open;   /* ADDRESS to how many */
    GHashTable *recent; /* DOMAIN to how many since then, of all */
    guint n_recent;
} MpQuestions;

/* "KEY.ADDRESS.DOMAIN", the caller's; and whether a text is one. */
char *mp_question_name(const char *key, const char *address, const char *domain);
bool mp_is_question(const char *question);

/* Those on record, and how many of them were asked since `since`. On the way records older than 16
 * days are removed. */
MpQuestions *mp_outbox_questions(MpOutbox *outbox, gint64 since, GError **error);
void mp_questions_free(MpQuestions *questions);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpQuestions, mp_questions_free)

/* Counts one more. */
void mp_questions_add(MpQuestions *questions, const char *question, bool is_recent);

/* Whether somebody was asked about the mail with this KEY; and whether the question is open. */
bool mp_questions_have(const MpQuestions *questions, const char *key);
bool mp_questions_wait(const MpQuestions *questions, const char *key);

/* How many are open that go where this one does; how many were asked since in its DOMAIN. */
guint mp_questions_open(const MpQuestions *questions, const char *question);
guint mp_questions_recent(const MpQuestions *questions, const char *question);

/* Says that mails with these KEYs (a set of char *) are held no more. */
bool mp_outbox_close_questions(MpOutbox *outbox, GHashTable *keys, GError **error);
