/* The text we sent is compared with what came back: it confirms, extends and overrules boundaries.
 */
#include "reply/reply.h"

#include <criterion/criterion.h>

static const char *const sent[] = {
    "The build stops in `lib/pack.c`, in the function that opens a pack.\n\n"
    "Could you try the patch at https://example.org/p/1 and tell me what you see?\n\n"
    "Thanks!\n\n-- \nReply to this email directly or view it on the web.",
    NULL,
};

#define FIRST   "The build stops in lib/pack.c, in the function that opens a pack."
#define SECOND  "Could you try the patch at https://gateway.example/?u=1 and tell me what you see?"
#define WROTE   "On Mon, Nov 17, 2025 at 9:12 AM Ada Example <ada@example.org> wrote:"
#define HEADERS "From: Ada <ada@example.org>\nSent: Monday\nTo: Bob\nSubject: x"

static const struct {
    const char *name, *mail, *reply;
} cases[] = {
    {"answers between unmarked quotes survive",
     HEADERS "\n\n" FIRST "\n\nOnly on Debian.\n\n" SECOND "\n\nIt works.",
     "Only on Debian.\n\nIt works."},
    {"answers below text and unmarked quotes survive",
     "See below.\n\n" HEADERS "\n\n" FIRST "\n\nOnly on Debian, as far as I see.\n\n" SECOND,
     "See below.\n\nOnly on Debian, as far as I see."},
    {"a quote without any mark goes", "It works.\n\n" FIRST "\n\n" SECOND, "It works."},
    {"a quote that a relay broke goes",
     "It works.\n\n" WROTE
     "\n> Could you try\nthe patch at https://example.org/p/1 and tell me\nwhat you see?\n",
     "It works."},
    {"a bare word in common is kept", "Thanks!\n\n" HEADERS "\n\n" FIRST, "Thanks!"},
    {"what follows a device's signature is kept if it is not ours",
     "It works.\n\nSent from my iPhone\n\nBut only on Debian.", "It works.\n\nBut only on Debian."},
    {"what follows a device's signature goes if it is ours",
     "It works.\n\nSent from my iPhone\n\n" FIRST, "It works."},
    {"a quote from elsewhere is kept", "It prints:\n\n> panic: no such file or directory\n",
     "It prints:\n\n> panic: no such file or directory"},
    {"a quote of ours goes", "It works.\n\n> " FIRST "\n", "It works."},
    {"somebody else's message below goes whole",
     "It works.\n\n" HEADERS "\n\nSome older text that nobody here has sent.", "It works."},
    {"code with our words in it is kept",
     "Try:\n\n```\nCould you try the patch at and tell me what you see\n```",
     "Try:\n\n```\nCould you try the patch at and tell me what you see\n```"},
    {"a few words in common are chance",
     "I know, that function that opens a\npack.\n\n" WROTE "\n> " FIRST,
     "I know, that function that opens a\npack."},
    {"three words in common are the person's own",
     HEADERS "\n\n" FIRST "\n\nThe build stops!\n\n" SECOND, "The build stops!"},
    {"a reply that is but our own words stays", FIRST "\n\n" WROTE "\n\n> " FIRST "\n> " SECOND,
     FIRST},
    {"who signs in the message answered does not answer",
     "It works.\n\n" HEADERS "\n\n" FIRST "\n\nThanks!\n\nErlend", "It works."},
    {"a link above all is the person's", "https://example.org/p/2\n\n" WROTE "\n\n> " FIRST,
     "https://example.org/p/2"},
    {"nothing new is nothing", WROTE "\n\n> " FIRST "\n> " SECOND, ""},
};

Test(reply_sent, what_we_sent_decides_where_patterns_cannot)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MpReply) reply = mp_reply_extract(cases[i].mail, sent);
        cr_expect_str_eq(reply->reply, cases[i].reply, "%s: \"%s\"", cases[i].name, reply->reply);
    }
}

Test(reply_sent, an_empty_list_is_like_none)
{
    static const char *const none[] = {NULL};
    g_autoptr(MpReply) reply = mp_reply_extract("Yes.\n\n> q", none);

    cr_expect_str_eq(reply->reply, "Yes.");
}
