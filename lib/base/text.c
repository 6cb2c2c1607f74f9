/* Texts in the operator's language; see text.h. */
#include "base/text.h"

#include <glib.h>
#include <libintl.h>
#include <locale.h>

#include "base/program.h"

#define DOMAIN "metroplex"

/* Catalogues lie beside the program, ../share/locale, where it was built and where it is installed.
 */
static char *
find_catalogues(void)
{
    g_autofree char *prefix = mp_prefix();

    return g_build_filename(prefix, "share", "locale", NULL);
}

static locale_t
operators_locale(void)
{
    static gsize locale; /* 1: there is none */

    if (g_once_init_enter(&locale)) {
        g_autofree char *catalogues = find_catalogues();
        locale_t made = newlocale(LC_CTYPE_MASK | LC_MESSAGES_MASK, "", (locale_t)0);

        bindtextdomain(DOMAIN, catalogues);
        bind_textdomain_codeset(DOMAIN, "UTF-8");
        g_once_init_leave(&locale, made != (locale_t)0 ? (gsize)made : 1);
    }
    return locale != 1 ? (locale_t)locale : (locale_t)0;
}

char *
mp_duration(long long seconds)
{
    if (seconds < 120)
        return g_strdup_printf(_("%d s"), (int)MAX(seconds, 0));
    if (seconds < 2 * 3600)
        return g_strdup_printf(_("%d minutes"), (int)(seconds / 60));
    if (seconds < 2 * 86400)
        return g_strdup_printf(_("%d hours"), (int)(seconds / 3600));
    return g_strdup_printf(_("%d days"), (int)MIN(seconds / 86400, G_MAXINT));
}

const char *
mp_text(const char *text)
{
    locale_t operators = operators_locale();
    locale_t before = uselocale(operators); /* 0 asks, and changes nothing */
    const char *translated = dgettext(DOMAIN, text);

    uselocale(before);
    return translated;
}

const char *
mp_text_n(const char *one, const char *many, unsigned long n)
{
    locale_t operators = operators_locale();
    locale_t before = uselocale(operators);
    const char *translated = dngettext(DOMAIN, one, many, n);

    uselocale(before);
    return translated;
}

const char *
mp_plural(unsigned long n, const char *one, const char *many)
{
    return n == 1 ? one : many;
}
