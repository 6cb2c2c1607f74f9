/* The subcommands of `metroplex thread`, by file: posting, changing, showing. */
#pragma once

#include "cli/json.h"
#include "instance/transaction.h"
#include "tracker/pulls.h"
#include "tracker/thread_event.h"

int thread_open(int argc, char **argv);
int thread_comment(int argc, char **argv);

int thread_change(int argc, char **argv);    /* close, reopen, lock, title, label, assign, … */
int thread_subscribe(int argc, char **argv); /* subscribe, unsubscribe, mute */

int thread_redact(int argc, char **argv);

int thread_list(int argc, char **argv);
int thread_show(int argc, char **argv);

int thread_export(int argc, char **argv);
int thread_import(int argc, char **argv);

/* The data directory's lock, and what a dead run left finished: how every change begins. */
bool thread_begin(MpInstance *instance, GError **error);

/* An account, MP_ERROR_INPUT if there is none, or it is a guest's. */
MpUser *thread_account(MpInstance *instance, const char *login, GError **error);

/* The same of --as: MP_ERROR_INPUT also if it is suspended. */
MpUser *thread_actor(MpInstance *instance, const char *login, GError **error);

/* What --repository says: MP_ERROR_INPUT if it is no owner/name. */
bool thread_check_repository(const char *name, GError **error);

/* A label as it is kept, the caller's: NULL and MP_ERROR_INPUT if it is none. */
char *thread_read_label(const char *text, GError **error);

/* What `what` ("--title") says: MP_ERROR_INPUT if it is empty, too long, or not one line of text of
 * which everything is seen. */
bool thread_check_title(const char *what, const char *title, GError **error);

/* The same of a thread that is there: as it is to be stored, masked. The caller's. */
char *
thread_read_title(const MpConfig *config, const char *what, const char *title, GError **error);

/* A KEY for a change that came by command: no two are the same. The caller's to free. */
char *thread_key(guint64 user, guint64 thread, const char *words);

/* As for mail: what reorders the text is written out, what shows nothing is dropped. */
GString *mp_visible_text(const char *text);

/* The events of a thread, MpThreadEvent in their order, which the caller owns; and as members of
 * an object: `events`, `commits`, `assignees`. */
GPtrArray *thread_read_events(MpInstance *instance, guint64 id, GError **error);
void thread_json_events(JsonObject *object, const GPtrArray *events);
void thread_json_commits(JsonObject *object, const GPtrArray *commits);
void thread_json_assignees(JsonObject *object, const GPtrArray *assignees);

/* What a pull request would change, as the member `changes`; and for people. NULL: not known. */
void thread_json_changes(JsonObject *object, const MpChanges *changes);
void thread_print_changes(const MpChanges *changes);

/* Says of the commits of a pull request, and of those that were pushed to it, which thread each
 * has. */
bool thread_find_commits(MpInstance *instance, const MpThread *thread, const GPtrArray *events,
                         const MpChanges *changes, GError **error);

/* The ids and commits of an event, in lines below it. */
void thread_print_git(const MpThreadEvent *event);

/* Where the branches of a pull request are, as `head_id`, `base_id` and `merge_base`. `told` (or
 * NULL) is what was told of an open one last. */
void thread_json_branches(JsonObject *object, const MpPullTold *told, const GPtrArray *events,
                          const MpChanges *changes);

/* Who closed it, and when, as the member `closed`; null while it is open. */
void thread_json_end(JsonObject *object, const MpThread *thread, const GPtrArray *events);

/* What of a commit it is about: `path` and `line`, where it is. */
void thread_json_place(JsonObject *object, const MpComment *comment);

/* A comment as `thread show --json` has it; the caller's. */
JsonObject *thread_json_of_comment(const MpComment *comment);
