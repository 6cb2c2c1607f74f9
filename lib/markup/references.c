/*
 * What people write to name something that has a page: "@tim", "#17", "acme/rocket#17", a commit.
 * Whether there is such a thing is the host's to say.
 */
#include "markup/internal.h"

#include <string.h>

#define SHORTEST_COMMIT 7
#define LONGEST_COMMIT  64 /* SHA-256 */
#define LONGEST_NUMBER  8  /* digits of a thread's id */

/* Of names, paths, addresses (masked ones as well) and URLs, so that no part of one is taken for
 * a reference. */
static bool
is_token(gunichar c)
{
    return g_unichar_isalnum(c) || c == 0xfdd0 || c == 0xfdd1 ||
           (c < 0x80 && c != 0 && strchr("_./#@-+~%&=", (int)c) != NULL);
}

static const char *
token_end(const char *p)
{
    while (*p != '\0' && is_token(g_utf8_get_char(p)))
        p = g_utf8_next_char(p);
    return p;
}

/* The full stops of a sentence are no part of what stands before them. */
static gsize
without_stops(const char *token, gsize length)
{
    while (length > 0 && token[length - 1] == '.')
        length--;
    return length;
}

static bool
is_number(const char *text, gsize length)
{
    return length > 0 && length <= LONGEST_NUMBER && text[0] != '0' &&
           strspn(text, "0123456789") >= length;
}

/* "#17", or with two names of a repository before it. */
static bool
is_thread(const char *token, gsize length)
{
    const char *hash = memchr(token, '#', length), *slash = memchr(token, '/', length);

    if (hash == NULL || !is_number(hash + 1, length - (gsize)(hash + 1 - token)))
        return false;
    if (hash == token)
        return true;
    return slash != NULL && slash > token && slash + 1 < hash &&
           memchr(slash + 1, '/', (gsize)(hash - slash - 1)) == NULL;
}

/* A number alone, or a word, is more often something else. */
static bool
is_commit(const char *token, gsize length)
{
    gsize digits = 0;

    if (length < SHORTEST_COMMIT || length > LONGEST_COMMIT)
        return false;
    for (gsize i = 0; i < length; i++) {
        if (!g_ascii_isdigit(token[i]) && (token[i] < 'a' || token[i] > 'f'))
            return false;
        digits += g_ascii_isdigit(token[i]);
    }
    return digits > 0 && digits < length;
}

static bool
judge(const char *text, const char *token, gsize length, MpReference *reference)
{
    gsize sign = *token == '@';

    if (*token == '@' && mp_mention_length(text, token) == length - 1)
        reference->kind = MP_REFERENCE_LOGIN;
    else if (is_thread(token, length))
        reference->kind = MP_REFERENCE_THREAD;
    else if (is_commit(token, length))
        reference->kind = MP_REFERENCE_COMMIT;
    else
        return false;
    reference->start = token;
    reference->length = length;
    reference->written = g_strndup(token + sign, length - sign);
    return true;
}

bool
mp_reference_next(const char *text, const char *from, MpReference *reference)
{
    for (const char *p = from, *end; *p != '\0'; p = end) {
        end = token_end(p);
        gsize length = without_stops(p, (gsize)(end - p));

        if (length > 1 && judge(text, p, length, reference))
            return true;
        if (end == p)
            end = g_utf8_next_char(p);
    }
    return false;
}
