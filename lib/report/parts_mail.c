/*
 * A mail that leaves the installation, because the administrator said so: what lets somebody in is
 * masked here as well, also where a client has broken a line within it or wrapped it into base64.
 */
#include "report/parts.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"

#define MAIL_MAX (2 * 1024 * 1024) /* octets that are told; the rest are attachments */
#define COLUMNS  76
#define RUN_MIN  40 /* digits of base64 that are looked into */

static bool
is_base64_line(const char *line, gsize length)
{
    gsize n = 0;

    while (n < length && (g_ascii_isalnum(line[n]) || strchr("+/=", line[n]) != NULL))
        n++;
    return n == length && n > 0 && n % 4 == 0;
}

static bool
is_text(const guchar *bytes, gsize length)
{
    return memchr(bytes, '\0', length) == NULL &&
           g_utf8_validate((const char *)bytes, (gssize)length, NULL);
}

/* A text, line by line, as the redaction wants it. */
static void
redact_text(MpReport *report, const char *text, gsize length, GString *out)
{
    const char *end = text + length, *newline;

    for (; (newline = memchr(text, '\n', (gsize)(end - text))) != NULL; text = newline + 1) {
        mp_redact(report->redaction, text, (gsize)(newline - text), out);
        g_string_append_c(out, '\n');
    }
    mp_redact(report->redaction, text, (gsize)(end - text), out);
}

static void
write_base64(MpReport *report, const GString *text)
{
    g_autofree char *code = g_base64_encode((const guchar *)text->str, text->len);

    for (gsize at = 0, length = strlen(code); at < length; at += COLUMNS) {
        report->write(code + at, MIN(COLUMNS, length - at), report->sink);
        report->write("\n", 1, report->sink);
    }
}

/* A run of lines of base64: as it is, unless it is a text in which there is something to mask. */
static void
tell_run(MpReport *report, const char *run, gsize length)
{
    g_autofree guchar *bytes = g_malloc(length + 1);
    g_autoptr(GString) out = g_string_new(NULL);
    gint state = 0;
    guint save = 0;
    gsize n = length >= RUN_MIN ? g_base64_decode_step(run, length, bytes, &state, &save) : 0;

    bytes[n] = '\0';
    if (n > 0 && is_text(bytes, n)) {
        g_autofree char *macs = mp_address_mask((const char *)bytes, MP_MASK_MACS);

        redact_text(report, macs, strlen(macs), out);
        if (out->len != n || memcmp(out->str, bytes, n) != 0) {
            write_base64(report, out);
            return;
        }
    }
    g_string_truncate(out, 0);
    redact_text(report, run, length, out);
    report->write(out->str, out->len, report->sink);
}

/* Lines of base64 that follow each other are one run. */
static void
tell_lines(MpReport *report, const char *text)
{
    const char *run = NULL;

    while (*text != '\0') {
        gsize length = strcspn(text, "\n"), whole = length + (text[length] == '\n');
        gsize bare = length - (length > 0 && text[length - 1] == '\r');

        if (is_base64_line(text, bare)) {
            run = run != NULL ? run : text;
        } else {
            if (run != NULL)
                tell_run(report, run, (gsize)(text - run));
            run = NULL;
            mp_report_line(report, text, length);
        }
        text += whole;
    }
    if (run != NULL)
        tell_run(report, run, strlen(run));
}

static char *
read_mail(MpReport *report, const char *directory, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_auto(MpFd) folder = mp_open_directory(directory, &error);
    char *text = NULL;
    gsize length;

    if (folder < 0 || !mp_read_file(folder, name, MAIL_MAX, &text, &length, &error)) {
        mp_report_note(report, name, error->message);
        return NULL;
    }
    for (gsize i = 0; i < length; i++) /* they end no text here */
        text[i] = text[i] != '\0' ? text[i] : ' ';
    return text;
}

void
mp_report_mail(MpReport *report, const char *directory, const char *name)
{
    g_autofree char *text = read_mail(report, directory, name);

    if (text == NULL)
        return;
    mp_redaction_begin(report->redaction);
    g_autofree char *macs = mp_address_mask(text, MP_MASK_MACS);
    tell_lines(report, macs);
}
