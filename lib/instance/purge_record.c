/* What is to be purged, on the disk; see purge.h. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "instance/purge.h"

#define RECORD "purge"
#define LIMIT  (256 * 1024 * 1024)
#define FORMAT "metroplex-purge-1"

MpPurgeRecord *
mp_purge_record_new(const char *old_tip, const char *new_tip)
{
    MpPurgeRecord *record = g_new0(MpPurgeRecord, 1);

    record->old_tip = g_strdup(old_tip);
    record->new_tip = g_strdup(new_tip);
    record->firsts = g_ptr_array_new_with_free_func(g_free);
    record->events = g_ptr_array_new_with_free_func(g_free);
    record->files = g_ptr_array_new_with_free_func(g_free);
    return record;
}

void
mp_purge_record_add(MpPurgeRecord *record, const MpPurge *purge)
{
    g_ptr_array_add(record->firsts, g_strdup(purge->first));
    if (purge->key != NULL)
        g_ptr_array_add(record->events, g_strdup(purge->key));
}

void
mp_purge_record_free(MpPurgeRecord *record)
{
    if (record == NULL)
        return;
    g_free(record->old_tip);
    g_free(record->new_tip);
    g_ptr_array_unref(record->firsts);
    g_ptr_array_unref(record->events);
    g_ptr_array_unref(record->files);
    g_free(record);
}

static void
add_lines(GString *text, const char *word, const GPtrArray *values)
{
    for (guint i = 0; i < values->len; i++) {
        g_autofree char *value = g_strescape(values->pdata[i], NULL);
        g_string_append_printf(text, "%s %s\n", word, value);
    }
}

bool
mp_purge_record_write(const MpPurgeRecord *record, const char *data, GError **error)
{
    g_autoptr(GString) text = g_string_new(FORMAT "\n");
    g_auto(MpFd) directory = mp_open_directory(data, error);

    g_string_append_printf(text, "tracker %s %s\n", record->old_tip, record->new_tip);
    add_lines(text, "first", record->firsts);
    add_lines(text, "event", record->events);
    add_lines(text, "file", record->files);
    return directory >= 0 &&
           mp_write_file(directory, RECORD, text->str, text->len, 0600, true, error);
}

bool
mp_purge_is_begun(const MpConfig *config)
{
    g_autofree char *path = mp_config_path(config, RECORD);

    return access(path, F_OK) == 0;
}

static bool
parse_line(MpPurgeRecord *record, const char *line)
{
    const struct {
        const char *word;
        GPtrArray *values;
    } lists[] = {{"first ", record->firsts}, {"event ", record->events}, {"file ", record->files}};
    g_auto(GStrv) words = g_strsplit(line, " ", 3);

    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
        if (g_str_has_prefix(line, lists[i].word)) {
            g_ptr_array_add(lists[i].values, g_strcompress(line + strlen(lists[i].word)));
            return true;
        }
    if (g_strv_length(words) != 3 || strcmp(words[0], "tracker") != 0)
        return *line == '\0';
    record->old_tip = g_strdup(words[1]);
    record->new_tip = g_strdup(words[2]);
    return true;
}

MpPurgeRecord *
mp_purge_record_read(const MpConfig *config, GError **error)
{
    g_autoptr(MpPurgeRecord) record = mp_purge_record_new(NULL, NULL);
    g_auto(MpFd) data = mp_open_directory(config->data, error);
    g_autofree char *text = NULL;
    bool good = true;

    if (data < 0 || !mp_read_file(data, RECORD, LIMIT, &text, NULL, error))
        return NULL;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    good = lines[0] != NULL && strcmp(lines[0], FORMAT) == 0;
    for (guint i = 1; good && lines[i] != NULL; i++)
        good = parse_line(record, lines[i]);
    if (good && record->new_tip != NULL)
        return g_steal_pointer(&record);
    return mp_fail_null(error, MP_ERROR_INSTALLATION,
                        "%s/" RECORD ": not the record of a purge: move it away, and give the "
                        "command again",
                        config->data);
}

bool
mp_purge_record_remove(const MpConfig *config, GError **error)
{
    g_auto(MpFd) data = mp_open_directory(config->data, error);

    if (data < 0)
        return false;
    if (unlinkat(data, RECORD, 0) < 0 && errno != ENOENT)
        return mp_fail_errno(error, "cannot remove %s/" RECORD, config->data);
    return mp_sync_directory(data, config->data, error);
}
