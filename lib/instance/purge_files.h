/* What of a comment lies in files beside the tracker. */
#pragma once

#include "instance/purge.h"

/*
 * Puts into the record what is to be deleted: the mail of the comment, other mails of its thread,
 * or of none, that repeat it, messages that transport = maildir left, answers that quote it, and
 * conversations with the server that repeat it. Under the locks. Logs and held mails that repeat it
 * are only named in `left` (char *, what to do and the path), and so is mail of no thread that has
 * nothing but a few words of it that anybody writes: they are for somebody to look at.
 */
bool mp_purge_find_files(MpInstance *instance, const MpPurge *purge, MpPurgeRecord *record,
                         GPtrArray *left, GError **error);
