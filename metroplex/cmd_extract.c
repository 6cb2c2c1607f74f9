/*
 * metroplex extract: the reply a person wrote, from a mail in a file. Needs no configuration and no
 * tracker; what reads the mail is the same sandboxed worker.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/json.h"
#include "commands.h"
#include "inbound/extraction.h"

#define SENT_LIMIT (1024 * 1024) /* of a text that --sent names */

/* --- One mail ------------------------------------------------------------------------------- */

static MpExtraction *
extract_message(MpWorker *worker, const MpMessage *message, const char *const *sent,
                bool want_lines, GError **error)
{
    MpMessageFault fault;

    if (!mp_extraction_send(worker, message, sent, false, want_lines, error))
        return NULL;
    return mp_extraction_receive(worker, &fault, error);
}

static MpExtraction *
extract_bytes(MpWorker *worker, const char *bytes, gsize length, const char *const *sent,
              bool want_lines, GError **error)
{
    MpMessageFault fault;
    g_auto(MpFd) fd = mp_memory_file(bytes, length, error);
    g_autoptr(MpMessage) message =
        fd >= 0 ? mp_worker_parse(worker, fd, NULL, &fault, error) : NULL;

    return message != NULL ? extract_message(worker, message, sent, want_lines, error) : NULL;
}

static bool
read_stdin(GString *into, GError **error)
{
    char buffer[65536];
    ssize_t n;

    while ((n = read(STDIN_FILENO, buffer, sizeof buffer)) != 0) {
        if (n < 0 && errno != EINTR)
            return mp_fail_errno(error, "cannot read standard input");
        if (n > 0)
            g_string_append_len(into, buffer, n);
        if (into->len > mp_limits_default.mail_bytes)
            return mp_fail(error, MP_ERROR_INPUT, "too-large: more than %" G_GSIZE_FORMAT " octets",
                           mp_limits_default.mail_bytes);
    }
    return true;
}

static MpExtraction *
extract_file(MpWorker *worker, const char *path, const char *const *sent, bool want_lines,
             GError **error)
{
    g_autoptr(GString) input = g_string_new(NULL);
    g_autofree char *text = NULL;
    gsize length;

    if (strcmp(path, "-") == 0)
        return read_stdin(input, error)
                   ? extract_bytes(worker, input->str, input->len, sent, want_lines, error)
                   : NULL;
    if (!mp_read_file(AT_FDCWD, path, mp_limits_default.mail_bytes, &text, &length, error))
        return NULL;
    return extract_bytes(worker, text, length, sent, want_lines, error);
}

static void
print_as_json(const char *path, const MpExtraction *extraction)
{
    JsonObject *object = json_object_new();
    g_autofree char *file = g_utf8_make_valid(path, -1);
    JsonArray *lines;

    mp_json_text(object, "file", file);
    mp_json_text(object, "part", extraction->part);
    mp_json_text(object, "reply", extraction->reply);
    mp_json_text(object, "elided", extraction->elided);
    lines = mp_json_array(object, "lines");
    for (guint i = 0; i < extraction->lines->len; i++) {
        const MpExtractedLine *line = g_ptr_array_index(extraction->lines, i);
        JsonObject *entry = json_object_new();

        mp_json_text(entry, "text", line->text);
        mp_json_flag(entry, "kept", line->is_kept);
        mp_json_text(entry, "rule", line->rule);
        json_array_add_object_element(lines, entry);
    }
    mp_json_print(object);
}

/* --- --jsonl: a service for other programs --------------------------------------------------- */

static MpExtraction *
extract_input(MpWorker *worker, const char *kind, const char *input, const char *const *sent,
              GError **error)
{
    MpMessage part = {0};

    if (strcmp(kind, "eml") == 0) {
        input += strspn(input, "\r\n");
        return extract_bytes(worker, input, strlen(input), sent, false, error);
    }
    if (strcmp(kind, "html") == 0)
        part.html = (char *)input;
    else if (strcmp(kind, "text") == 0)
        part.plain = (char *)input;
    else
        return mp_fail_null(error, MP_ERROR_INPUT, "kind is none of: text, html, eml");
    return extract_message(worker, &part, sent, false, error);
}

static const char *
string_member(JsonObject *object, const char *name)
{
    JsonNode *node = object != NULL ? json_object_get_member(object, name) : NULL;

    return node != NULL && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
}

/* The text sent, below the fields of its head that are known; NULL if there is no text. */
static char *
sent_text(JsonObject *sent)
{
    const char *text = string_member(sent, "text"), *name = string_member(sent, "from_name");
    const char *address = string_member(sent, "from_addr"),
               *subject = string_member(sent, "subject");

    if (text == NULL || address == NULL)
        return g_strdup(text);
    return g_strdup_printf("From: %s <%s>\nSubject: %s\n\n%s", name != NULL ? name : "", address,
                           subject != NULL ? subject : "", text);
}

static MpExtraction *
answer_request(MpWorker *worker, const char *line, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(JsonNode) node = json_from_string(line, &why);
    JsonObject *request =
        node != NULL && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
    JsonNode *sent_node = request != NULL ? json_object_get_member(request, "sent") : NULL;
    const char *kind = string_member(request, "kind"), *input = string_member(request, "input");
    g_autofree char *text = NULL;

    if (request == NULL)
        return mp_fail_null(error, MP_ERROR_INPUT, "not a JSON object%s%s", why != NULL ? ": " : "",
                            why != NULL ? why->message : "");
    if (kind == NULL || input == NULL)
        return mp_fail_null(error, MP_ERROR_INPUT, "kind and input are needed, and are strings");
    if (sent_node != NULL && JSON_NODE_HOLDS_OBJECT(sent_node))
        text = sent_text(json_node_get_object(sent_node));
    const char *const sent[] = {text, NULL};
    return extract_input(worker, kind, input, sent, error);
}

static int
serve_jsonl(MpWorker *worker)
{
    g_autofree char *line = NULL;
    size_t size = 0;

    while (getline(&line, &size, stdin) > 0) {
        g_autoptr(GError) error = NULL;
        g_autoptr(MpExtraction) extraction = answer_request(worker, line, &error);
        JsonObject *answer;

        if (extraction == NULL && mp_error_is_temporary(error))
            return mp_report(error);
        if (extraction != NULL) {
            answer = json_object_new();
            mp_json_text(answer, "output", extraction->reply);
            mp_json_text(answer, "elided", extraction->elided);
        } else {
            answer = json_object_new();
            mp_json_text(answer, "error", error->message);
        }
        mp_json_print(answer);
        fflush(stdout); /* whoever asked waits for this line */
    }
    return EX_OK;
}

/* --- The command ---------------------------------------------------------------------------- */

static GStrv
read_sent(char **paths, GError **error)
{
    g_autoptr(GStrvBuilder) texts = g_strv_builder_new();

    for (; paths != NULL && *paths != NULL; paths++) {
        g_autofree char *text = mp_read_argument_file(*paths, SENT_LIMIT, error);

        if (text == NULL)
            return NULL;
        g_strv_builder_add(texts, text);
    }
    return g_strv_builder_end(texts);
}

static int
extract_files(MpWorker *worker, char **paths, const char *const *sent, bool json)
{
    int status = EX_OK;

    for (; *paths != NULL; paths++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(MpExtraction) extraction = extract_file(worker, *paths, sent, json, &error);

        if (extraction == NULL) {
            g_autofree char *shown = mp_escape(*paths);
            g_prefix_error(&error, "%s: ", shown);
            mp_report(error);
            status = MAX(status, mp_error_is_temporary(error) ? EX_TEMPFAIL : EX_DATAERR);
        } else if (json) {
            print_as_json(*paths, extraction);
        } else {
            puts(extraction->reply);
        }
    }
    return status;
}

int
cmd_extract(int argc, char **argv)
{
    gboolean json = FALSE, jsonl = FALSE;
    g_auto(GStrv) sent_paths = NULL;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json,
         "print one JSON object a file, with the rule of each line", NULL},
        {"jsonl", 0, 0, G_OPTION_ARG_NONE, &jsonl,
         "serve: one JSON request a line in, one answer a line out", NULL},
        {"sent", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &sent_paths,
         "a text that was sent to this person and may be quoted", "FILE"},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(MpWorker) worker = NULL;

    mp_options_parse(&options, entries, "[--json] [--sent FILE …] FILE…|- | --jsonl",
                     "Prints the reply a person wrote, without quotes and signatures.", 0, G_MAXINT,
                     &argc, &argv);
    if (jsonl ? argc > 1 || json || sent_paths != NULL : argc < 2)
        return mp_usage_error(argv[0],
                              "usage: metroplex extract [--json] [--sent FILE]… FILE…|-, or "
                              "metroplex extract --jsonl");
    worker = mp_extraction_worker(jsonl ? G_MAXUINT : (guint)argc - 1);
    if (jsonl)
        return serve_jsonl(worker);
    g_auto(GStrv) sent = read_sent(sent_paths, &error);
    if (sent == NULL)
        return mp_report(error);
    return extract_files(worker, argv + 1, (const char *const *)sent, json);
}
