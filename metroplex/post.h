/*
 * Shared by `metroplex thread open` and `comment`: a text from a file or standard input, as whose
 * it is posted, and the --key by which a repeated command is known.
 *
 * A named file is read before the data directory's owner is become, since root's file may be
 * root's alone; standard input after the command is known to be sound, so that nobody types a text
 * in vain; both before the lock is taken, so that nobody waits for a slow writer.
 */
#pragma once

#include "watch/pulls.h"
#include "instance/transaction.h"

typedef struct {
    /* As the command line has it. */
    const char *file; /* NULL: standard input */
    char *as, *repository, *kind, *base, *title, *once;
    char *commit, *head, *object_given;
    char *path, *line_given; /* what of a commit it is about */
    guint64 thread;
    /* As it is checked. */
    char *object;              /* of the three: what it is about, */
    const char *object_option; /* and the option that says so */
    char *text;                /* as it was read */
    char *body;                /* as it will be stored */
    MpUser *actor;
    MpThread facts; /* of a thread to open; its strings are those above */
    guint64 line;
    MpPullTold told; /* of a pull request whose repository is here, and what it would change */
    MpChanges *changes;
    char *quoted; /* lines of --path */
    char *key;
    guint64 result; /* the id or number, if all went well */
    bool is_done;   /* an earlier command with the same --key made it */
} MpPost;

void mp_post_clear(MpPost *post);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpPost, mp_post_clear)

/* The text, where it is in a file that was named. */
bool mp_post_read_file(MpPost *post, GError **error);

bool mp_post_check_key(const MpPost *post, GError **error);

/* --path and --line, where they are given. */
bool mp_post_check_place(MpPost *post, GError **error);

/* Finds the account of --as; with --key also the KEY of what it posts, so that it is found if it
 * was done before. */
bool mp_post_find_actor(MpInstance *instance, MpPost *post, GError **error);

/* The text as it will be stored, read from standard input if it was not yet; and a KEY. */
bool mp_post_prepare(MpPost *post, const MpInstance *instance, GError **error);

/* As the tracker takes it. Strings stay the post's. */
MpNewComment
mp_post_comment(const MpPost *post, const MpInstance *instance, const GArray *mentions);

/* Prints the result, an id or a number of `what`; the exit status. */
int mp_post_print(const MpPost *post, const char *what);
