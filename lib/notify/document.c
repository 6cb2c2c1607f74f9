/*
 * The HTML around what a mail says. What must hold in every program is an attribute of its element,
 * since some drop <style>: that stands for what only some can do, and is no loss where they cannot.
 * Colours are such that they can be read on white and on black.
 */
#include "notify/internal.h"

#define BAR  "#8c959f"
#define TINT "rgba(140,149,159,.18)"
#define MONO "font-family:ui-monospace,SFMono-Regular,Consolas,Menlo,monospace;font-size:13px"

const char *const mp_mail_elements[MP_N_ELEMENTS] = {
    [MP_ELEMENT_QUOTE] =
        " style=\"margin:0 0 1em;padding:0 0 0 .8em;border-left:3px solid " BAR ";opacity:.85\"",
    [MP_ELEMENT_PRE] = " style=\"margin:0 0 1em;padding:.8em;overflow:auto;border-radius:6px;"
                       "white-space:pre-wrap;overflow-wrap:anywhere;background:" TINT ";" MONO "\"",
    [MP_ELEMENT_CODE] =
        " style=\"padding:.1em .3em;border-radius:4px;background:" TINT ";" MONO "\"",
    [MP_ELEMENT_TABLE] = " style=\"display:block;overflow:auto;max-width:100%;margin:0 0 1em;"
                         "border-collapse:collapse\"",
    [MP_ELEMENT_CELL] = " style=\"border:1px solid " BAR ";padding:.3em .7em\"",
    [MP_ELEMENT_TASK] = " style=\"list-style:none;text-indent:-1.2em\"",
    [MP_ELEMENT_DIFF] = " style=\"white-space:pre;overflow-wrap:normal\"",
    [MP_ELEMENT_PICTURE] = " style=\"max-width:100%;height:auto\"",
};

static const char style[] =
    "body{margin:0;padding:12px}"
    ".mp{max-width:46em;line-height:1.5;overflow-wrap:anywhere;"
    "font-family:-apple-system,BlinkMacSystemFont,\"Segoe UI\",Helvetica,Arial,sans-serif}"
    ".mp p,.mp ul,.mp ol{margin:0 0 1em}"
    ".mp ul,.mp ol{padding:0;padding-inline-start:1.6em}"
    ".mp pre code{font-size:100%}"
    ".mp hr{border:0;border-top:1px solid " BAR "}"
    "@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}"
    ".mp a{color:#6cb6ff}.mp .foot{color:#9aa4af!important}}";

char *
mp_mail_document(MpLanguage language, const char *body, const char *footer)
{
    return g_strdup_printf(
        "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<style>%s</style>\n</head>\n<body>\n<div class=\"mp\">\n%s"
        "<p class=\"foot\" style=\"font-size:small;color:#666e77\">&mdash;<br>\n%s</p>\n"
        "</div>\n</body>\n</html>\n",
        mp_language_name(language), style, body, footer);
}
