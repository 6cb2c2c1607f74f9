#include "reply/reply.h"
#include <gumbo.h>
char *
mp_html_to_markdown(const char *html, gsize length)
{
    return g_strndup(html, length);
}
