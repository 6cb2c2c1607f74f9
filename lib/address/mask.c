/*
 * Masking: addresses that a mail brings along must not be published with the comment. Our own
 * addresses lose their MAC wherever they stand; other people's addresses become ***@***, as on
 * GitHub.
 *
 * Scanned by hand, in one pass that looks ahead and back by bounded steps only: a regular
 * expression that finds a local part backwards from its @ is quadratic on hostile text.
 */
#include "address/mask.h"

#include <string.h>

/* --- Others' addresses ------------------------------------------------------------------------ */

typedef enum { NO_COMMAND, CONNECTS, COPIES } Command;

typedef struct {
    const char *text;
    GArray *code; /* MpRange */
    guint next_code;
    const char *next_at; /* NULL: no other @ is to come */
    const char *run;     /* where the run of a local part's characters begins that is being read */
    const char *shown;   /* up to here all is in `out` */
    GString *out;
    bool is_ids;     /* the line is a header field of Message-IDs */
    bool is_in_path; /* the run has had its first slash */
    Command command; /* the words of the line that a shell's command had so far */
    bool is_after_option;
} Walk;

static const struct {
    const char *name;
    Command command;
} commands[] = {
    {"ssh", CONNECTS}, {"sftp", CONNECTS}, {"mosh", CONNECTS}, {"ssh-copy-id", CONNECTS},
    {"sshfs", COPIES}, {"scp", COPIES},    {"rsync", COPIES},
};

static const char *const id_fields[] = {
    "Message-ID:", "In-Reply-To:", "References:", "Resent-Message-ID:", "Content-ID:"};

static bool
begins_with(const char *p, const char *prefix)
{
    return ((*p ^ *prefix) & ~0x20) == 0 && g_ascii_strncasecmp(p, prefix, strlen(prefix)) == 0;
}

/* The next @, however it is written, or NULL: without one there is no address. */
static const char *
find_at(const char *p)
{
    while ((p = strpbrk(p, "@%=&\xEF")) != NULL && mp_mask_at(p) == 0)
        p++;
    return p;
}

static void
begin_line(Walk *walk, const char *p)
{
    walk->command = NO_COMMAND;
    if (walk->is_ids && (*p == ' ' || *p == '\t')) /* folded */
        return;
    p += strspn(p, "> \t");
    walk->is_ids = false;
    for (gsize i = 0; i < G_N_ELEMENTS(id_fields); i++)
        walk->is_ids |= begins_with(p, id_fields[i]);
}

static gsize
next_code_begin(const Walk *walk)
{
    return walk->next_code < walk->code->len
               ? g_array_index(walk->code, MpRange, walk->next_code).begin
               : G_MAXSIZE;
}

/* From the beginning of a line to that of one with something to look at: an @, or code, which may
 * go on on the next line. */
static const char *
skip_lines(Walk *walk, const char *line)
{
    const char *end;

    walk->run = line;
    begin_line(walk, line);
    while ((end = strchr(line, '\n')) != NULL && end < walk->next_at &&
           next_code_begin(walk) > (gsize)(end - walk->text)) {
        line = walk->run = end + 1;
        begin_line(walk, line);
    }
    return line;
}

/* Takes note of the word at `p`, which may be a command that a host follows: "ssh -p 22 tim@host".
 */
static void
take_word(Walk *walk, const char *p)
{
    gsize length = strcspn(p, " \t\n");
    bool is_option = *p == '-', is_argument = walk->is_after_option;

    walk->is_after_option = is_option && length == 2;
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        if (*commands[i].name == *p && strlen(commands[i].name) == length &&
            strncmp(p, commands[i].name, length) == 0) {
            walk->command = commands[i].command;
            return;
        }
    if (walk->command == CONNECTS && !is_option && !is_argument && memchr(p, '@', length) == NULL)
        walk->command = NO_COMMAND;
}

/* A path of another machine, as behind git@host:path, and not what follows on a colon in prose. */
static bool
is_remote_path(const Walk *walk, const char *local, gsize length, const char *p)
{
    static const char *const accounts[] = {"git", "gitolite", "hg", "svn"};
    const char *path = p + 1;
    gsize octets = 0;

    if (*p != ':')
        return false;
    for (gsize i = 0; i < G_N_ELEMENTS(accounts); i++)
        if (strlen(accounts[i]) == length && strncmp(accounts[i], local, length) == 0)
            return true;
    while (octets < 256 && (guchar)path[octets] > ' ')
        octets++;
    return walk->command == COPIES || *path == '~' || memchr(path, '/', octets) != NULL;
}

/* [root@host dir]# */
static bool
is_prompt(const Walk *walk, const char *local, const char *end)
{
    if (local == walk->text || local[-1] != '[' || *end != ' ')
        return false;
    for (gsize i = 1; i < 128 && (guchar)end[i] >= ' '; i++)
        if (end[i] == ']')
            return end[i + 1] == '#' || end[i + 1] == '$';
    return false;
}

/* Behind "reply+" or another word of ours, however its plus is written; NULL if it is another. */
static const char *
skip_purpose(const char *p, const char *const *purposes)
{
    static const char *const pluses[] = {"+", "%2B", "=2B", "\\+"};

    for (; *purposes != NULL; purposes++)
        for (gsize k = 0; k < G_N_ELEMENTS(pluses); k++)
            if (begins_with(p, *purposes) && begins_with(p + strlen(*purposes), pluses[k]))
                return p + strlen(*purposes) + strlen(pluses[k]);
    return NULL;
}

/* "ok+0123…-***" */
static bool
is_question_masked(const char *p, const char *end)
{
    static const char *const purposes[] = {"ok", NULL};
    const char *rest = skip_purpose(p, purposes);

    if (rest == NULL)
        return false;
    rest += strspn(rest, "0123456789abcdefABCDEF");
    return g_str_has_prefix(rest, "-" MP_OUR_MASK) && rest + strlen("-" MP_OUR_MASK) == end;
}

/* "reply+i-17-***-5", whose mask is our own. */
static bool
is_ours_masked(const char *p, const char *end)
{
    static const char *const purposes[] = {"reply", "unsub", "bounce", NULL};
    const char *rest = skip_purpose(p, purposes);

    if (rest == NULL || *rest == '\0' || strchr("icIC", *rest) == NULL || rest[1] != '-')
        return is_question_masked(p, end);
    rest += 2 + strspn(rest + 2, "0123456789");
    if (!g_str_has_prefix(rest, "-" MP_OUR_MASK "-"))
        return false;
    rest += strlen("-" MP_OUR_MASK "-");
    return rest < end && rest + strspn(rest, "0123456789") == end;
}

static void
show_up_to(Walk *walk, const char *p)
{
    g_string_append_len(walk->out, walk->shown, p - walk->shown);
    walk->shown = p;
}

/* The quoted local part that ends before `at`, on its line: where it begins, or NULL. */
static const char *
quoted_local(const Walk *walk, const char *at)
{
    const char *p = at - 1;

    if (p <= walk->shown || *p != '"')
        return NULL;
    for (gsize i = 0; i < 64 && p > walk->shown && p[-1] != '\n'; i++) {
        p--;
        if (*p == '"' && (p == walk->shown || p[-1] != '\\'))
            return p + 1 < at - 1 ? p : NULL;
    }
    return NULL;
}

/* Masks the address whose @ stands at `at`, if it is one; gives where to read on. */
static const char *
take_address(Walk *walk, const char *at, gsize at_length)
{
    gsize length = mp_mask_domain(at + at_length), emphasis = 0;
    const char *end = at + at_length + length, *local = NULL;

    if (length > 0) {
        local = quoted_local(walk, at);
        local = local != NULL ? local : mp_mask_local(walk->run, at, &emphasis);
    }
    if (local == NULL || walk->command == CONNECTS || is_ours_masked(local, at) ||
        is_prompt(walk, local, end) || is_remote_path(walk, local, (gsize)(at - local), end)) {
        const char *next = at + at_length;
        walk->run = at_length == 1 ? next : walk->run;
        if (local != NULL && walk->command == CONNECTS)
            walk->command = NO_COMMAND; /* to one host */
        return next;
    }
    show_up_to(walk, local);
    g_string_append(walk->out, MP_OTHER_MASK);
    for (gsize i = 0; i < emphasis && *end == local[emphasis - 1 - i]; i++)
        end++;
    walk->run = walk->shown = end;
    walk->is_in_path = false;
    return end;
}

/* Length of the code, URL or Message-ID at `p`, all of which stay as they are; else 0. */
static gsize
kept_octets(Walk *walk, const char *p)
{
    gsize at = (gsize)(p - walk->text);

    if (walk->next_code < walk->code->len) {
        const MpRange *range = &g_array_index(walk->code, MpRange, walk->next_code);
        if (range->begin <= at) {
            walk->next_code++;
            return range->end - at;
        }
    }
    if (*p == ':' && mp_mask_is_scheme(walk->run, p))
        return 1 + mp_mask_url(p + 1);
    if (p == walk->run && (*p | 0x20) == 'w' && begins_with(p, "www."))
        return mp_mask_url(p);
    if (*p == '/' && !walk->is_in_path) {
        walk->is_in_path = true;
        return mp_mask_is_host(walk->run, p) ? mp_mask_url(p) : 0;
    }
    if (*p == '<' && walk->is_ids) {
        gsize length = strcspn(p, "> \t\n");
        return p[length] == '>' ? length + 1 : 0;
    }
    return 0;
}

static bool
begins_word(const Walk *walk, const char *p)
{
    return *p != ' ' && *p != '\t' && *p != '\n' &&
           (p == walk->text || p[-1] == ' ' || p[-1] == '\t' || p[-1] == '\n');
}

static const char *
take_character(Walk *walk, const char *p)
{
    gsize length = mp_mask_local_octets(p);

    if (length > 0)
        return p + length;
    const char *next = (guchar)*p < 0x80 ? p + 1 : g_utf8_find_next_char(p, NULL);
    walk->run = next;
    walk->is_in_path = false;
    return *p == '\n' ? skip_lines(walk, next) : next;
}

/* Letters and digits at `p` within a word, at which nothing begins that is looked for. */
static gsize
plain_octets(const Walk *walk, const char *p)
{
    const char *end = p;

    if (p == walk->run) /* also of every word */
        return 0;
    while (g_ascii_isalnum(*end))
        end++;
    return next_code_begin(walk) >= (gsize)(end - walk->text) ? (gsize)(end - p) : 0;
}

static char *
mask_others(const char *text, GArray *code)
{
    Walk walk = {.text = text,
                 .code = code,
                 .next_at = find_at(text),
                 .shown = text,
                 .out = g_string_sized_new(strlen(text))};

    for (const char *p = skip_lines(&walk, text); walk.next_at != NULL && *p != '\0';) {
        gsize length = plain_octets(&walk, p);

        if (length > 0) {
            p += length;
            continue;
        }
        length = kept_octets(&walk, p);
        if (length > 0) {
            walk.run = p += length;
            walk.is_in_path = false;
            continue;
        }
        if (begins_word(&walk, p))
            take_word(&walk, p);
        length = mp_mask_at(p);
        p = length > 0 ? take_address(&walk, p, length) : take_character(&walk, p);
        if (walk.next_at < p)
            walk.next_at = find_at(p);
    }
    show_up_to(&walk, text + strlen(text));
    return g_string_free(walk.out, FALSE);
}

char *
mp_address_mask(const char *text, MpMaskScope scope)
{
    g_autofree char *masked = mp_mask_macs(text);

    if (scope == MP_MASK_MACS || find_at(masked) == NULL)
        return g_steal_pointer(&masked);
    g_autoptr(GArray) code = scope == MP_MASK_MARKDOWN ? mp_mask_code(masked)
                                                       : g_array_new(FALSE, FALSE, sizeof(MpRange));
    return mask_others(masked, code);
}
