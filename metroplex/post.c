/* Posting by command; see post.h. */
#include "post.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "thread.h"

#define READ_LIMIT (40 * 1024 * 1024) /* octets: the largest [limits] comment in UTF-8 */
#define KEY_LIMIT  256                /* octets */

void
mp_post_clear(MpPost *post)
{
    g_free(post->as);
    g_free(post->repository);
    g_free(post->kind);
    g_free(post->object);
    g_free(post->commit);
    g_free(post->head);
    g_free(post->object_given);
    g_free(post->base);
    g_free(post->path);
    g_free(post->line_given);
    g_free(post->quoted);
    mp_pull_told_clear(&post->told);
    mp_changes_free(post->changes);
    g_free(post->title);
    g_free(post->once);
    g_free(post->text);
    g_free(post->body);
    mp_user_free(post->actor);
    g_free(post->key);
}

/* --- The place ---------------------------------------------------------------------------------
 */

bool
mp_post_check_place(MpPost *post, GError **error)
{
    g_autofree char *path = post->path != NULL ? mp_escape_word(post->path) : NULL;
    g_autofree char *line = post->line_given != NULL ? mp_escape_word(post->line_given) : NULL;

    if (post->path != NULL && !mp_is_commented_path(post->path))
        return mp_fail(error, MP_ERROR_INPUT, "--path: %s is not the path of a file", path);
    if (post->line_given != NULL && post->path == NULL)
        return mp_fail(error, MP_ERROR_INPUT, "--line needs --path");
    return post->line_given == NULL ||
           g_ascii_string_to_unsigned(post->line_given, 10, 1, MP_LINE_MAX, &post->line, NULL) ||
           mp_fail(error, MP_ERROR_INPUT, "--line: %s is not the number of a line", line);
}

/* --- The text ----------------------------------------------------------------------------------
 */

static bool
is_standard_input(const MpPost *post)
{
    return post->file == NULL || strcmp(post->file, "-") == 0;
}

bool
mp_post_read_file(MpPost *post, GError **error)
{
    if (!is_standard_input(post))
        post->text = mp_read_argument_file(post->file, READ_LIMIT, error);
    return is_standard_input(post) || post->text != NULL;
}

static bool
read_standard_input(MpPost *post, GError **error)
{
    if (post->text != NULL)
        return true;
    if (isatty(STDIN_FILENO))
        fprintf(stderr, "Write the text, then end it with Ctrl-D on a line of its own.\n");
    post->text = mp_read_argument_file("-", READ_LIMIT, error);
    return post->text != NULL;
}

static bool
has_words(const char *text)
{
    while (g_unichar_isspace(g_utf8_get_char(text)))
        text = g_utf8_next_char(text);
    return *text != '\0';
}

/* Lines end in a newline, the text in one; nothing in it may prove an address. */
static bool
compose(MpPost *post, const MpConfig *config, GError **error)
{
    const char *from = is_standard_input(post) ? "standard input" : post->file;
    g_autoptr(GString) text = mp_visible_text(post->text); /* the \r of \r\n shows nothing */

    while (text->len > 0 && g_ascii_isspace(text->str[text->len - 1]))
        g_string_truncate(text, text->len - 1);
    if (!has_words(text->str))
        return mp_fail(error, MP_ERROR_INPUT, "%s: the text is empty", from);
    glong length = g_utf8_strlen(text->str, -1);
    if (length > config->max_comment)
        return mp_fail(error, MP_ERROR_INPUT,
                       "%s: the text has %ld characters, at most %d are allowed", from, length,
                       config->max_comment);
    g_string_append_c(text, '\n');
    post->body = mp_masked(config, text->str, MP_MASK_MARKDOWN);
    return true;
}

bool
mp_post_prepare(MpPost *post, const MpInstance *instance, GError **error)
{
    if (!read_standard_input(post, error) || !compose(post, instance->config, error))
        return false;
    if (post->key == NULL)
        post->key = thread_key(post->actor->id, post->thread, post->body);
    return true;
}

/* --- Once --------------------------------------------------------------------------------------
 */

bool
mp_post_check_key(const MpPost *post, GError **error)
{
    return post->once == NULL || (*post->once != '\0' && strlen(post->once) <= KEY_LIMIT) ||
           mp_fail(error, MP_ERROR_INPUT, "--key: from 1 to %d octets are allowed", KEY_LIMIT);
}

bool
mp_post_find_actor(MpInstance *instance, MpPost *post, GError **error)
{
    post->actor = thread_actor(instance, post->as, error);
    if (post->actor != NULL && post->once != NULL) {
        g_autofree char *source = g_strconcat("key:", post->once, NULL);
        post->key = mp_tracker_key(post->actor->id, post->thread, source, "");
    }
    return post->actor != NULL;
}

int
mp_post_print(const MpPost *post, const char *what)
{
    if (post->is_done)
        fprintf(stderr, "metroplex: nothing posted: %s %" G_GUINT64_FORMAT " has this --key\n",
                what, post->result);
    printf("%" G_GUINT64_FORMAT "\n", post->result);
    return EX_OK;
}

MpNewComment
mp_post_comment(const MpPost *post, const MpInstance *instance, const GArray *mentions)
{
    return (MpNewComment){
        .thread = post->thread,
        .key = post->key,
        .via = "command",
        .body = post->body,
        .host = instance->host,
        .path = post->path,
        .line = post->line,
        .quoted = post->quoted,
        .mentions = mentions,
    };
}
