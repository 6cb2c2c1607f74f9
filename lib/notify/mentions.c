/*
 * Who is mentioned in a comment; see mentions.h. md4c says what is code and what is a link, so that
 * the answer is that of the HTML people see.
 */
#include "notify/mentions.h"

#include <md4c.h>
#include <string.h>

#define LOGIN_MAX   39
#define LOOKUPS_MAX 500 /* of distinct words after an @, whether or not they are accounts */

typedef struct {
    GString *text; /* the prose, with a newline for whatever is none */
    guint depth;   /* of links and code around the place */
} Prose;

static bool
is_silent(MD_SPANTYPE type)
{
    return type == MD_SPAN_A || type == MD_SPAN_CODE;
}

static int
enter_block(MD_BLOCKTYPE type, void *detail, void *user_data)
{
    Prose *prose = user_data;

    (void)detail;
    prose->depth += type == MD_BLOCK_CODE;
    g_string_append_c(prose->text, '\n');
    return 0;
}

static int
leave_block(MD_BLOCKTYPE type, void *detail, void *user_data)
{
    Prose *prose = user_data;

    (void)detail;
    prose->depth -= type == MD_BLOCK_CODE;
    g_string_append_c(prose->text, '\n');
    return 0;
}

static int
enter_span(MD_SPANTYPE type, void *detail, void *user_data)
{
    Prose *prose = user_data;

    (void)detail;
    prose->depth += is_silent(type);
    g_string_append_c(prose->text, '\n');
    return 0;
}

static int
leave_span(MD_SPANTYPE type, void *detail, void *user_data)
{
    Prose *prose = user_data;

    (void)detail;
    prose->depth -= is_silent(type);
    g_string_append_c(prose->text, '\n');
    return 0;
}

static int
take_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *user_data)
{
    Prose *prose = user_data;

    if (prose->depth > 0)
        return 0;
    if (type == MD_TEXT_NORMAL)
        g_string_append_len(prose->text, text, size);
    else
        g_string_append_c(prose->text, '\n');
    return 0;
}

static GString *
prose_of(const char *body)
{
    Prose prose = {g_string_new(NULL), 0};
    MD_PARSER parser = {
        .flags = MD_DIALECT_GITHUB | MD_FLAG_NOHTML,
        .enter_block = enter_block,
        .leave_block = leave_block,
        .enter_span = enter_span,
        .leave_span = leave_span,
        .text = take_text,
    };

    md_parse(body, (MD_SIZE)strlen(body), &parser, &prose);
    return prose.text;
}

static bool
is_word(char c)
{
    return g_ascii_isalnum(c) || c == '_';
}

/*
 * The login behind the @ at `at`, or NULL: no word before it (a mail address), and behind it the
 * end of the word. @acme/team is a team, @example.org a domain, @a@b an account elsewhere; the full
 * stop of a sentence may follow.
 */
static char *
login_at(const char *start, const char *at)
{
    gsize length = 0, dots;

    if (at > start && (is_word(at[-1]) || strchr("@./+-", at[-1]) != NULL))
        return NULL;
    while (g_ascii_isalnum(at[1 + length]) || at[1 + length] == '-')
        length++;
    const char *end = at + 1 + length;
    dots = strspn(end, ".");
    if (length == 0 || length > LOGIN_MAX || *end == '/' || *end == '@' || is_word(*end) ||
        is_word(end[dots]))
        return NULL;
    char *login = g_strndup(at + 1, length);
    if (mp_is_login(login))
        return login;
    g_free(login);
    return NULL;
}

/* False for errors only. */
static bool
add_account(MpAccounts *accounts, const char *login, GArray *ids, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(MpUser) user = mp_accounts_user_by_login(accounts, login, &why);

    if (why != NULL) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    if (user != NULL && user->is_active)
        g_array_append_val(ids, user->id);
    return true;
}

GArray *
mp_mentions(MpAccounts *accounts, const char *body, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GString) prose = NULL;

    if (strchr(body, '@') == NULL)
        return g_steal_pointer(&ids);
    prose = prose_of(body);
    for (const char *at = strchr(prose->str, '@'); at != NULL; at = strchr(at + 1, '@')) {
        g_autofree char *login = login_at(prose->str, at);
        char *folded = login != NULL ? g_ascii_strdown(login, -1) : NULL;

        if (folded == NULL || !g_hash_table_add(seen, folded))
            continue;
        if (!add_account(accounts, login, ids, error))
            return NULL;
        if (ids->len == MP_MENTIONS_MAX || g_hash_table_size(seen) == LOOKUPS_MAX)
            break;
    }
    return g_steal_pointer(&ids);
}
