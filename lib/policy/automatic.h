/* Inside of lib/policy: mail that no person wrote (RFC 3834), and our own that came back. */
#pragma once

#include "policy/policy.h"

/*
 * One mark: a header field, and what its value must be. `automatic` and `human` are fields of mails
 * that it must and must not hold for: the tests walk them.
 */
typedef struct {
    const char *field;
    enum {
        MP_MARK_IS, /* the value, without comments and parameters */
        MP_MARK_IS_NOT,
        MP_MARK_BEGINS,
        MP_MARK_HAS,     /* the value is a list of words, and one of them is this */
        MP_MARK_PRESENT, /* with any value but "no", "false", "0" and none */
    } test;
    const char *value;
    const char *automatic, *human;
} MpMark;

/* The marks each of which is enough. */
const MpMark *mp_policy_marks(gsize *n);

/* The marks that people's mail may bear too: one of them, besides a subject of automatic answers.
 */
const MpMark *mp_policy_weak_marks(gsize *n);

/* "Automatic reply", "Abwesenheitsnotiz", …: how the subjects of automatic answers begin. */
typedef struct {
    const char *language, *beginning;
} MpVacation;
const MpVacation *mp_policy_vacations(gsize *n);

bool mp_policy_mark_holds(const MpMark *mark, const char *value);

/* True if the subject is one of these and nothing, a colon, a dash or a bracket follows: "Out of
 * office: Rocket", but neither "Out of office policy" nor "Re: Out of office". */
bool mp_policy_is_vacation(const char *subject);

bool mp_policy_is_loop(const MpGateInput *delivery, char **why);
bool mp_policy_is_automatic(const MpGateInput *delivery, char **why);

/* True for mail that may be a person's and asks for no automatic answer all the same, or has the
 * subject of one: what is not worth losing may be worth not answering (RFC 3834, section 2). */
bool mp_policy_wants_no_response(const MpMessage *message);
