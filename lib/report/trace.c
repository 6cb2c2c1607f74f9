/* What is looked for, and the order in which it is; see trace.h. */
#include "report/trace_internal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "message/scan.h"

#define FACTS_MAX  500
#define HEADER_MAX 65536 /* octets of a file in which its Message-ID is looked for */

bool
mp_trace_add(GPtrArray *texts, const char *text)
{
    if (text == NULL || *text == '\0' || strcmp(text, "-") == 0 ||
        g_ptr_array_find_with_equal_func(texts, text, g_str_equal, NULL))
        return false;
    g_ptr_array_add(texts, g_strdup(text));
    return true;
}

bool
mp_trace_has_place(const MpTracer *tracer, guint64 thread, guint64 comment)
{
    for (guint i = 0; i < tracer->comments->len; i++) {
        const MpTracePlace *place = &g_array_index(tracer->comments, MpTracePlace, i);

        if (place->thread == thread && place->comment == comment)
            return true;
    }
    return false;
}

void
mp_trace_add_place(MpTracer *tracer, guint64 thread, guint64 comment)
{
    if (!mp_trace_has_place(tracer, thread, comment))
        g_array_append_vals(tracer->comments, &(MpTracePlace){thread, comment, 0}, 1);
}

void
mp_trace_tell(MpTracer *tracer, GArray *list, gint64 time, const char *place, const char *format,
              ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    char *masked = mp_redacted(tracer->wishes->redaction, text);
    g_array_append_vals(list, &(MpTraceFact){.time = time, .place = place, .text = masked}, 1);
}

/* --- What was asked for ----------------------------------------------------------------------- */

static bool
take_place(MpTracer *tracer, const char *what)
{
    char *slash = NULL, *end = NULL;
    guint64 thread = g_ascii_isdigit(*what) ? g_ascii_strtoull(what, &slash, 10) : 0;

    if (thread == 0 || thread > MP_MAX_ID || *slash != '/' || !g_ascii_isdigit(slash[1]))
        return false;
    guint64 comment = g_ascii_strtoull(slash + 1, &end, 10);
    if (*end != '\0')
        return false;
    mp_trace_add_place(tracer, thread, comment);
    return true;
}

static bool
take_commit(MpTracer *tracer, const char *what)
{
    if (!mp_trace_is_commit(what) || access(what, F_OK) == 0)
        return false;
    tracer->commit = what;
    mp_redaction_show(tracer->wishes->redaction, what);
    return true;
}

char *
mp_trace_read_message_id(const char *path)
{
    g_auto(MpFd) fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    g_autofree char *text = g_malloc(HEADER_MAX + 1);
    ssize_t n = fd >= 0 ? read(fd, text, HEADER_MAX) : -1;
    MpRawField field;

    if (n <= 0)
        return NULL;
    text[n] = '\0';
    for (const char *p = text; p != NULL && (p = mp_scan_field(p, text + n, &field)) != NULL;) {
        if (!mp_field_is(&field, "Message-ID"))
            continue;
        const char *begin = memchr(field.value, '<', field.value_length);
        gsize left = begin != NULL ? field.value_length - (gsize)(begin - field.value) : 0;
        const char *end = left > 0 ? memchr(begin, '>', left) : NULL;
        return end != NULL ? mp_escape_bytes(begin, (gsize)(end + 1 - begin)) : NULL;
    }
    return NULL;
}

static bool
take_file(MpTracer *tracer, const char *what)
{
    g_autofree char *name = g_path_get_basename(what);
    g_autofree char *id = NULL;
    struct stat st;
    bool is_there = stat(what, &st) == 0 && S_ISREG(st.st_mode);

    if (!is_there && strchr(what, '/') == NULL && strchr(what, '@') != NULL)
        return false;
    if (mp_is_plain_name(name))
        mp_trace_add(tracer->files, name);
    id = is_there ? mp_trace_read_message_id(what) : NULL;
    mp_trace_add(tracer->ids, id);
    return true;
}

/* A Message-ID and an address look the same without <>: it is looked for as both. */
static void
take_address(MpTracer *tracer, const char *what)
{
    gsize length = strlen(what);
    bool is_id = *what == '<' && what[length - 1] == '>';
    g_autofree char *escaped = mp_escape(what);
    g_autofree char *id = is_id ? g_strdup(escaped) : g_strdup_printf("<%s>", escaped);
    MpAddress address;

    if (mp_address_parse(what, tracer->instance->config->hostname, &address) == MP_ADDRESS_OURS) {
        tracer->user = address.user;
        tracer->user_thread = address.thread;
    } else {
        if (strcmp(id, "<>") != 0) /* as a bounce's sender is written */
            mp_trace_add(tracer->ids, id);
        mp_redaction_show(tracer->wishes->redaction, what);
    }
    if (!is_id)
        tracer->address = g_ascii_strdown(what, -1);
}

static void
take_what(MpTracer *tracer, const char *what)
{
    if (*what != '<' &&
        (take_place(tracer, what) || take_commit(tracer, what) || take_file(tracer, what)))
        return;
    take_address(tracer, what);
}

/* --- The whole -------------------------------------------------------------------------------- */

static int
in_time(gconstpointer a, gconstpointer b)
{
    gint64 x = ((const MpTraceFact *)a)->time, y = ((const MpTraceFact *)b)->time;

    return (x > y) - (x < y);
}

static void
clear_fact(gpointer fact)
{
    g_free(((MpTraceFact *)fact)->text);
}

static GArray *
new_list(void)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(MpTraceFact));

    g_array_set_clear_func(list, clear_fact);
    return list;
}

void
mp_trace_clear(MpTrace *trace)
{
    g_clear_pointer(&trace->facts, g_array_unref);
    g_clear_pointer(&trace->now, g_array_unref);
    g_clear_pointer(&trace->unseen, g_array_unref);
    g_clear_pointer(&trace->last_other, g_free);
}

static void
tracer_clear(MpTracer *tracer)
{
    g_ptr_array_unref(tracer->ids);
    g_ptr_array_unref(tracer->files);
    g_ptr_array_unref(tracer->keys);
    g_array_unref(tracer->comments);
    g_free(tracer->address);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpTracer, tracer_clear)

/* Nothing that is asked for is shown as a pseudonym. */
static void
show_ids(MpTracer *tracer)
{
    for (guint i = 0; i < tracer->ids->len; i++)
        mp_redaction_show(tracer->wishes->redaction, tracer->ids->pdata[i]);
}

/* It is what to ask for next, so that it is no pseudonym; but no secret is shown within it. */
static void
mask_other(MpTracer *tracer)
{
    g_autofree char *id = g_steal_pointer(&tracer->trace->last_other);

    if (id == NULL)
        return;
    mp_redaction_show(tracer->wishes->redaction, id);
    tracer->trace->last_other = mp_redacted(tracer->wishes->redaction, id);
}

static void
look_everywhere(MpTracer *tracer)
{
    if (tracer->user != 0)
        mp_trace_mails_of_user(tracer);
    if (tracer->address != NULL)
        mp_trace_find_mails(tracer);
    mask_other(tracer);
    mp_trace_events(tracer);
    mp_trace_comments(tracer); /* those that were named have Message-IDs */
    show_ids(tracer);
    mp_trace_outcomes(tracer);
    mp_trace_comments(tracer);
    show_ids(tracer);
    mp_trace_mail_files(tracer);
    mp_trace_queue(tracer);
    mp_trace_logs(tracer);
}

bool
mp_trace(MpTrace *trace, MpInstance *instance, const MpTraceWishes *wishes, GError **error)
{
    g_auto(MpTracer) tracer = {.trace = trace,
                               .instance = instance,
                               .wishes = wishes,
                               .ids = g_ptr_array_new_with_free_func(g_free),
                               .files = g_ptr_array_new_with_free_func(g_free),
                               .keys = g_ptr_array_new_with_free_func(g_free),
                               .comments = g_array_new(FALSE, FALSE, sizeof(MpTracePlace))};

    *trace = (MpTrace){.facts = new_list(), .now = new_list(), .unseen = new_list()};
    take_what(&tracer, wishes->what);
    look_everywhere(&tracer);
    g_array_sort(trace->facts, in_time);
    if (trace->facts->len > FACTS_MAX) {
        trace->left_out = trace->facts->len - FACTS_MAX;
        g_array_remove_range(trace->facts, 0, trace->left_out);
    }
    if (trace->facts->len > 0 || trace->now->len > 0)
        return true;
    g_autofree char *masked = mp_address_mask(wishes->what, MP_MASK_MACS);
    g_autofree char *shown = mp_escape(tracer.commit != NULL ? tracer.commit : masked);
    return mp_fail(error, MP_ERROR_INPUT, "nothing is known of %s%s", shown,
                   tracer.commit != NULL ? "; metroplex repository show OWNER/NAME says what is "
                                           "told of pushes, and what is not"
                                         : "");
}
