/* Markdown to HTML, for mails and pages. Pure: no files, no network, no state. */
#pragma once

/* HTML of Markdown in GitHub's dialect: raw HTML shown as text, links http, https and mailto only
 * and with rel="nofollow". The result is the caller's. */
char *mp_markdown_to_html(const char *markdown);

/* Line ends \n, one at the end; controls dropped. The result is the caller's. */
char *mp_clean_text(const char *text);
