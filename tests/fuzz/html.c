/* The HTML of a mail, as Markdown. */
#include "markup/html.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    g_autofree char *html = fuzz_text(data, size);
    g_autofree char *markdown = mp_html_to_markdown(html, strlen(html));

    fuzz_claim(markdown != NULL &&
               (!g_utf8_validate(html, -1, NULL) || g_utf8_validate(markdown, -1, NULL)));
    return 0;
}
