/* What `metroplex thread` shows; see thread_show.h. */
#include "thread_show.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/time.h"
#include "output.h"

/* The login of an id as it is now; the number where the account is gone. */
static char *
login_of(MpSite *site, guint64 id, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(MpUser) user = mp_accounts_user(site->accounts, id, &why);

    if (why != NULL) {
        g_propagate_error(error, g_steal_pointer(&why));
        return NULL;
    }
    return user != NULL ? g_strdup(user->login) : g_strdup_printf("%" G_GUINT64_FORMAT, id);
}

static void
add_facts(JsonBuilder *builder, const MpThread *thread)
{
    mp_json_number(builder, "id", thread->id);
    mp_json_string(builder, "kind", mp_thread_kind_name(thread->kind));
    mp_json_string(builder, "repository", thread->repository);
    mp_json_string(builder, "title", thread->title);
    mp_json_string(builder, "state", thread->is_open ? "open" : "closed");
    json_builder_set_member_name(builder, "locked");
    json_builder_add_boolean_value(builder, thread->is_locked);
    mp_json_string(builder, "object", thread->object);
    mp_json_string(builder, "author", thread->author_login);
    mp_json_date(builder, "created", thread->created);
}

static bool
add_subscribers(MpSite *site, JsonBuilder *builder, const GPtrArray *subscribers, GError **error)
{
    json_builder_set_member_name(builder, "subscribers");
    json_builder_begin_array(builder);
    for (guint i = 0; i < subscribers->len; i++) {
        const MpSubscriber *s = g_ptr_array_index(subscribers, i);
        g_autofree char *login = login_of(site, s->user, error);

        if (login == NULL)
            return false;
        json_builder_begin_object(builder);
        mp_json_string(builder, "login", login);
        mp_json_string(builder, "reason", s->reason);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    return true;
}

static void
add_attachments(JsonBuilder *builder, const GPtrArray *attachments)
{
    json_builder_set_member_name(builder, "attachments");
    json_builder_begin_array(builder);
    for (guint i = 0; i < attachments->len; i++) {
        const MpAttachmentFact *fact = g_ptr_array_index(attachments, i);

        json_builder_begin_object(builder);
        mp_json_string(builder, "name", fact->name);
        mp_json_string(builder, "type", fact->type);
        mp_json_number(builder, "size", fact->size);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

static void
add_comment(JsonBuilder *builder, const MpComment *comment)
{
    json_builder_begin_object(builder);
    mp_json_number(builder, "number", comment->number);
    mp_json_string(builder, "author", comment->author_login);
    mp_json_date(builder, "date", comment->date);
    mp_json_string(builder, "via", comment->via);
    mp_json_string(builder, "body", comment->body);
    mp_json_string(builder, "elided", comment->elided);
    mp_json_string(builder, "message_id", comment->message_id);
    add_attachments(builder, comment->attachments);
    json_builder_end_object(builder);
}

static void
print_comment(const MpComment *comment)
{
    g_autofree char *date = mp_time_format(comment->date);

    if (comment->number == 0)
        printf("\n%s opened it on %s:\n", comment->author_login, date);
    else
        printf("\n#%" G_GUINT64_FORMAT " %s on %s, via %s:\n", comment->number, comment->author_login, date,
               comment->via);
    mp_print_text(comment->body);
    for (guint i = 0; i < comment->attachments->len; i++) {
        const MpAttachmentFact *fact = g_ptr_array_index(comment->attachments, i);
        mp_print_field("    attached", fact->name);
    }
}

/* Calls for each comment, the opening post first; gaps (an administrator's doing) are passed over. */
static bool
for_each_comment(MpSite *site, guint64 id, JsonBuilder *builder, guint64 first, GError **error)
{
    guint64 last;

    if (!mp_tracker_last_comment(site->tracker, id, &last, error))
        return false;
    for (guint64 number = first; number <= last; number++) {
        g_autoptr(GError) why = NULL;
        g_autoptr(MpComment) comment = mp_tracker_comment(site->tracker, id, number, &why);

        if (why != NULL) {
            g_propagate_error(error, g_steal_pointer(&why));
            return false;
        }
        if (comment != NULL && builder != NULL)
            add_comment(builder, comment);
        else if (comment != NULL)
            print_comment(comment);
    }
    return true;
}

static bool
show_json(MpSite *site, const MpThread *thread, const GPtrArray *subscribers, GError **error)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(GError) why = NULL;
    g_autoptr(MpComment) opening = mp_tracker_comment(site->tracker, thread->id, 0, &why);

    if (why != NULL) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    json_builder_begin_object(builder);
    add_facts(builder, thread);
    mp_json_string(builder, "body", opening != NULL ? opening->body : NULL);
    if (!add_subscribers(site, builder, subscribers, error))
        return false;
    json_builder_set_member_name(builder, "comments");
    json_builder_begin_array(builder);
    if (!for_each_comment(site, thread->id, builder, 1, error))
        return false;
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    mp_json_print(builder);
    return true;
}

static bool
show_text(MpSite *site, const MpThread *thread, const GPtrArray *subscribers, GError **error)
{
    mp_print_field("title", thread->title);
    printf("thread: %" G_GUINT64_FORMAT ", %s of %s, %s%s\n", thread->id, mp_thread_kind_name(thread->kind),
           thread->repository, thread->is_open ? "open" : "closed", thread->is_locked ? ", locked" : "");
    if (thread->object != NULL)
        mp_print_field("object", thread->object);
    for (guint i = 0; i < subscribers->len; i++) {
        const MpSubscriber *s = g_ptr_array_index(subscribers, i);
        g_autofree char *login = login_of(site, s->user, error);
        g_autofree char *reason = mp_escape(s->reason);

        if (login == NULL)
            return false;
        printf("subscriber: %s (%s)\n", login, reason);
    }
    return for_each_comment(site, thread->id, NULL, 0, error);
}

bool
mp_thread_show(MpSite *site, guint64 id, bool json, GError **error)
{
    g_autoptr(MpThread) thread = mp_site_thread(site, id, error);
    g_autoptr(GPtrArray) subscribers =
        thread != NULL ? mp_tracker_subscribers(site->tracker, id, error) : NULL;

    return subscribers != NULL && (json ? show_json : show_text)(site, thread, subscribers, error);
}

typedef struct {
    const char *repository, *state;
    bool json;
} Filter;

static bool
print_in_list(const MpThread *thread, gpointer user_data)
{
    const Filter *filter = user_data;
    const char *state = thread->is_open ? "open" : "closed";
    g_autofree char *title = mp_escape(thread->title);

    if ((filter->repository != NULL && strcmp(filter->repository, thread->repository) != 0) ||
        (filter->state != NULL && strcmp(filter->state, state) != 0))
        return true;
    if (filter->json) {
        g_autoptr(JsonBuilder) builder = json_builder_new();

        json_builder_begin_object(builder);
        add_facts(builder, thread);
        json_builder_end_object(builder);
        mp_json_print(builder);
    } else {
        printf("%" G_GUINT64_FORMAT "\t%s\t%s\t%s%s\t%s\t%s\n", thread->id, mp_thread_kind_name(thread->kind),
               thread->repository, state, thread->is_locked ? ",locked" : "", thread->author_login, title);
    }
    return true;
}

bool
mp_thread_list(MpSite *site, const char *repository, const char *state, bool json, GError **error)
{
    Filter filter = {repository, state, json};

    if (state != NULL && strcmp(state, "open") != 0 && strcmp(state, "closed") != 0)
        return mp_fail(error, MP_ERROR_INPUT, "--state is none of: open, closed");
    return mp_tracker_foreach_thread(site->tracker, print_in_list, &filter, error);
}
