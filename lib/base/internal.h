/* Inside of lib/base: the keys of the configuration, and which values they take. */
#pragma once

#include "base/config.h"

typedef enum {
    TYPE_HOST,
    TYPE_TEXT,
    TYPE_PATH,
    TYPE_URL,
    TYPE_REMOTE,
    TYPE_WORDS,
    TYPE_NAME, /* of a user or an alias of the mail server, or a mail address */
    TYPE_MAIL,
    TYPE_BOOL,
    TYPE_INT,
    TYPE_SIZE,
    TYPE_CHOICE,
} MpConfigType;

typedef struct {
    const char *group, *key;
    MpConfigType type;
    gsize offset;
    const char *fallback;       /* NULL: the key is required */
    gint64 min, max;            /* of TYPE_INT and TYPE_SIZE */
    const char *const *choices; /* of TYPE_CHOICE, in the order of the enumeration */
} MpConfigKey;

/* In the order of the manual page. A key that another one's default names stands before it. */
extern const MpConfigKey mp_config_keys[];
extern const gsize mp_config_n_keys;

/* Why a text is no value of the key ("is not a host name"), or NULL if it is one. */
const char *mp_config_text_fault(const MpConfigKey *key, const char *value);

bool mp_is_mail_address(const char *text);

/* An http or https URL. */
bool mp_is_web_url(const char *text);
