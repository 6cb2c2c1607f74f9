/* The names that a file or a directory of a tree may have; see tree_name.h. */
#include "git/tree_name.h"

#include <string.h>

/* Git's own files, and the beginning of the short names that NTFS gives them where the usual one is
 * taken (in its path code: is_ntfs_dotgit and the four below it). */
static const struct {
    const char *name, *hash;
    bool may_be; /* as it is written here: an administrator's file */
} gits[] = {
    {"git", NULL, false},          {"gitmodules", "gi7eba", false},
    {"gitignore", "gi250a", true}, {"gitattributes", "gi7d29", true},
    {"mailmap", "maba30", true},
};

/* As next_hfs_char() of Git: what HFS+ does not see in a name. */
static bool
is_ignored_by_hfs(gunichar c)
{
    return (c >= 0x200c && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x206a && c <= 0x206f) || c == 0xfeff;
}

/* As HFS+ and NTFS compare it, as far as Git's own names go. */
static char *
seen(const char *name, gsize length)
{
    GString *out = g_string_sized_new(length);

    for (const char *p = name; p < name + length; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (!is_ignored_by_hfs(c))
            g_string_append_unichar(out, c < 0x80 ? (gunichar)g_ascii_tolower((char)c) : c);
    }
    return g_string_free(out, FALSE);
}

static bool
is_short_name(const char *name, const char *long_name, const char *hash)
{
    gsize stem = MIN(strlen(long_name), 6), digits;

    if (strcmp(long_name, "git") == 0)
        return strcmp(name, "git~1") == 0;
    if (strncmp(name, long_name, stem) == 0 && name[stem] == '~' && name[stem + 1] >= '1' &&
        name[stem + 1] <= '4' && name[stem + 2] == '\0')
        return true;
    gsize same = 0; /* eight characters: a long number takes the place of the hash's end */
    while (same < 6 && name[same] == hash[same])
        same++;
    digits = name[same] == '~' ? strspn(name + same + 1, "0123456789") : 0;
    return digits > 0 && name[same + 1] != '0' && name[same + 1 + digits] == '\0' &&
           same + 1 + digits == 8;
}

static bool
is_gits_own(const char *name, gsize length)
{
    g_autofree char *shown = seen(name, length);

    for (gsize i = 0; i < G_N_ELEMENTS(gits); i++) {
        bool is_whole = shown[0] == '.' && strcmp(shown + 1, gits[i].name) == 0;

        if (is_whole && gits[i].may_be && strlen(shown) == length &&
            strncmp(name + 1, gits[i].name, length - 1) == 0)
            return false;
        if (is_whole || is_short_name(shown, gits[i].name, gits[i].hash))
            return true;
    }
    return false;
}

/* A number behind the word, also one of the superscripts that Windows takes for digits. */
static gsize
device_number(const char *p)
{
    static const char *const superscripts[] = {"\u00b9", "\u00b2", "\u00b3"};

    for (gsize i = 0; i < G_N_ELEMENTS(superscripts); i++)
        if (g_str_has_prefix(p, superscripts[i]))
            return strlen(superscripts[i]);
    return g_ascii_isdigit(*p) ? 1 : 0;
}

bool
mp_is_windows_device(const char *name)
{
    static const char *const words[] = {"conin$", "conout$", "con", "prn", "aux", "nul"};
    const char *end = NULL;

    for (gsize i = 0; end == NULL && i < G_N_ELEMENTS(words); i++)
        if (g_ascii_strncasecmp(name, words[i], strlen(words[i])) == 0)
            end = name + strlen(words[i]);
    if (end == NULL &&
        (g_ascii_strncasecmp(name, "com", 3) == 0 || g_ascii_strncasecmp(name, "lpt", 3) == 0)) {
        gsize number = device_number(name + 3);

        end = number > 0 ? name + 3 + number : NULL;
    }
    if (end == NULL)
        return false;
    end += strspn(end, " ");
    return *end == '\0' || *end == '.' || *end == ':';
}

static bool
has_forbidden(const char *name, gsize length)
{
    for (gsize i = 0; i < length; i++)
        if ((guchar)name[i] < ' ' || name[i] == 127 || strchr("/\\:*?\"<>|", name[i]) != NULL)
            return true;
    return false;
}

const char *
mp_tree_name_fault(const char *name, gsize length)
{
    g_autofree char *whole = g_strndup(name, length);

    if (length == 0)
        return "it is empty";
    if (length > MP_TREE_NAME_MAX)
        return "it is longer than 200 octets";
    if (!g_utf8_validate(name, (gssize)length, NULL))
        return "it is not UTF-8";
    if (has_forbidden(name, length))
        return "a character in it means something else on some system";
    if (name[length - 1] == '.' || name[length - 1] == ' ')
        return "Windows does not see the dots and blanks at its end";
    if (is_gits_own(name, length))
        return "Git takes it for a file of its own on some system";
    return mp_is_windows_device(whole) ? "it is a device on Windows" : NULL;
}
