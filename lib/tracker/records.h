/*
 * Inside of lib/tracker: records as text and back. Each is a key file; who reads one that an
 * administrator edited by hand gets an error with path and fault, never a guess.
 */
#pragma once

#include "tracker/changes.h"
#include "tracker/record_file.h"
#include "tracker/redact.h"
#include "tracker/thread_event.h"

/* Each parser takes a file's text and, for messages, its path. The results are the caller's.
 */
MpThread *mp_record_parse_thread(const char *text, const char *path, guint64 id, GError **error);
char *mp_record_thread(const MpThread *thread);

MpThreadEvent *
mp_record_parse_event(const char *text, const char *path, guint64 number, GError **error);
char *mp_record_event(const MpThreadEvent *event);

/* A list of labels, and the group of the assignees; NULL for none. */
GPtrArray *mp_record_labels(MpRecordReader *r, const char *key);
void mp_record_set_labels(MpRecordWriter *file, const char *group, const char *key,
                          const GPtrArray *labels);
GPtrArray *mp_record_assignees(MpRecordReader *r);
void mp_record_set_assignees(MpRecordWriter *file, const GPtrArray *assignees);

/* The groups of a push in an event's record, NULL for none; and what was told of a repository. */
MpRefPush *mp_record_push(MpRecordReader *r);
void mp_record_set_push(MpRecordWriter *file, const MpRefPush *push);
MpTold *mp_record_parse_told(const char *text, const char *path, GError **error);
/* What a pull request would change, but for its diff; and its group of commits, which events have
 * as well. An id is 40 hexadecimal digits, or NULL. */
MpChanges *mp_record_parse_changes(const char *text, const char *path, GError **error);
char *mp_record_changes(const MpChanges *changes);
GPtrArray *mp_record_commits(MpRecordReader *r);
void mp_record_set_commits(MpRecordWriter *file, const GPtrArray *commits);
char *mp_record_object_id(MpRecordReader *r, const char *key);

/* The record of a comment; body, elided and attachments are files of their own. */
MpComment *
mp_record_parse_comment(const char *text, const char *path, guint64 number, GError **error);
char *mp_record_comment(const MpNewComment *comment, const MpActor *actor);

/* What is left of one: who and when, and the digits that our Message-IDs are made of. */
char *mp_record_redacted(const MpComment *comment, gint64 date);

/* redacted/ of accounts.git; `key` stays as it is. */
bool
mp_record_parse_redacted(const char *text, const char *path, MpRedacted *redaction, GError **error);

MpRepository *
mp_record_parse_repository(const char *text, const char *path, const char *name, GError **error);
char *mp_record_repository(const MpRepository *repository);

MpUser *mp_record_parse_user(const char *text, const char *path, guint64 id, GError **error);
char *mp_record_user(const MpUser *user);

/* Lines of "ID REASON". */
GPtrArray *mp_record_subscribers_new(void); /* of MpSubscriber */
void mp_record_add_subscriber(GPtrArray *subscribers, guint64 user, const char *reason);
GPtrArray *mp_record_parse_subscribers(const char *text, const char *path, GError **error);
char *mp_record_subscribers(const GPtrArray *subscribers);
