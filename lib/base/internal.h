/* Inside of lib/base: the keys of the configuration, and which values they take. */
#pragma once

#include "base/config.h"

typedef enum {
    TYPE_HOST,
    TYPE_HELO, /* a host name or an address literal (RFC 5321, section 4.1.3) */
    TYPE_SERVER,
    TYPE_TEXT,
    TYPE_PATH,
    TYPE_URL,
    TYPE_REMOTE,
    TYPE_WORDS,
    TYPE_UIDS, /* numbers of users, between spaces or commas */
    TYPE_NAME, /* of a user or an alias of the mail server, or a mail address */
    TYPE_MAIL,
    TYPE_BOOL,
    TYPE_INT,
    TYPE_SIZE,
    TYPE_CHOICE,
} MpConfigType;

/*
 * All of the keys into `config`, whose file is set: what they say, or where that is wrong what
 * holds without them, so that those that belong together can be compared whatever else is wrong.
 */
GPtrArray *mp_config_fill(MpConfig *config, GKeyFile *file, bool translated);

bool mp_is_mail_address(const char *text);

/* An http or https URL. */
bool mp_is_web_url(const char *text);
