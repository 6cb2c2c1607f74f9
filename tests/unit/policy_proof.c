/* What proves an author where no signed address does. */
#include "base/domain.h"
#include "policy/proof.h"

#include <criterion/criterion.h>
#include <string.h>

#define OURS     "rocket@reply.git.example.org"
#define RECEIVED 1767225600 /* Thu, 01 Jan 2026 00:00:00 +0000 */

#define TRACE     "Received: from mail.example.org by mx.example.org; Thu, 01 Jan 2026 00:00:00 +0000\n"
#define RESULT    "Authentication-Results: mx.example.org; "
#define SIGNED    RESULT "dkim=pass header.d=example.org\n"
#define SIGNATURE "DKIM-Signature: v=1; d=example.org; h=from:to:date; b=x\n"
#define FROM      "From: Kate <kate@example.org>\n"
#define TO        "To: " OURS "\n"
#define DATE      "Date: Wed, 31 Dec 2025 23:59:00 +0000\n"

static bool
is_proved(const char *header, int own_received, char **why)
{
    const MpConfig config = {.authserv_id = (char *)"mx.example.org", .own_received = own_received};
    g_autofree char *mail = g_strconcat(header, "\nHello.\n", NULL);
    g_autoptr(MpMessage) message = mp_message_parse(mail, strlen(mail), NULL, NULL);
    cr_assert_not_null(message, "%s", header);
    MpVerdicts verdicts = mp_verdicts_of(message, &config);

    return mp_is_proved(message, &verdicts, OURS, RECEIVED, why);
}

/* why: how it begins; NULL: proved. */
typedef struct {
    const char *header, *why;
    int own_received;
} Case;

static void
expect(const Case *cases, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        g_autofree char *why = NULL;
        bool is = is_proved(cases[i].header, cases[i].own_received, &why);

        cr_expect_eq(is, cases[i].why == NULL, "%s%s", cases[i].header, why);
        cr_expect(is || g_str_has_prefix(why, cases[i].why), "%s%s", cases[i].header, why);
    }
}

#define UNSIGNED "no DKIM signature of the sender's domain"

Test(proof, a_signature_of_the_senders_domain_or_of_one_above_proves_it)
{
#define WITH(results)        results TRACE FROM TO DATE
#define WITH_RESULT(verdict) WITH(RESULT verdict "\n")
#define BY(address, domain)                                                                        \
    RESULT "dkim=pass header.d=" domain "\n" TRACE "From: kate@" address "\n" TO DATE
    static const Case cases[] = {
        {WITH(SIGNED), NULL},
        {WITH_RESULT("dkim=pass header.i=@example.org header.b=abc"), NULL},
        {WITH_RESULT("dkim=pass header.d=EXAMPLE.org"), NULL},
        {WITH_RESULT("dkim=pass header.d=example.org; dmarc=pass header.from=example.org"), NULL},
        {WITH_RESULT("dkim=pass header.d=example.org; dmarc=none; spf=fail"), NULL},
        {WITH_RESULT("dkim=pass header.d=list.example; dkim=pass header.d=example.org"), NULL},
        {WITH(RESULT "dmarc=pass header.from=example.org\n" SIGNED), NULL},
        {BY("mail.example.org", "example.org"), NULL},
        {BY("a.b.example.org", "example.org"), NULL},
        {BY("b\xc3\xbc"
            "cher.example",
            "xn--bcher-kva.example"),
         NULL},
        {BY("co.uk", "co.uk"), NULL},
        {BY("kate.co.uk", "kate.co.uk"), NULL},
        {BY("mail.kate.co.uk", "kate.co.uk"), NULL},

        /* below it, beside it, and what many share */
        {WITH_RESULT("dkim=pass header.d=mail.example.org"), UNSIGNED ": dkim=unaligned"},
        {WITH_RESULT("dkim=pass header.d=evil.example"), UNSIGNED},
        {WITH_RESULT("dkim=pass header.d=notexample.org"), UNSIGNED},
        {WITH_RESULT("dkim=pass header.d=org"), UNSIGNED},
        {WITH_RESULT("dkim=pass header.d=example.org header.d=evil.example"), UNSIGNED},
        {BY("kate.co.uk", "co.uk"), UNSIGNED},
        {BY("mail.kate.co.uk", "co.uk"), UNSIGNED},
        {BY("kate.com.au", "com.au"), UNSIGNED},
        {BY("kate.or.jp", "or.jp"), UNSIGNED},

        /* no signature that holds */
        {WITH_RESULT("dmarc=pass header.from=example.org"), UNSIGNED ": dmarc=pass"},
        {WITH_RESULT("dmarc=pass header.from=example.org; spf=pass smtp.mailfrom=example.org"),
         UNSIGNED},
        {WITH_RESULT("dmarc=pass header.from=example.org; dkim=pass header.d=evil.example"),
         UNSIGNED},
        {WITH_RESULT("dmarc=pass header.from=example.org; dkim=fail header.d=example.org"),
         UNSIGNED},
        {WITH_RESULT("spf=pass smtp.mailfrom=example.org"), UNSIGNED ": spf=pass"},
        {WITH_RESULT("dkim=none"), UNSIGNED},
        {WITH_RESULT("dkim=fail header.d=example.org"), UNSIGNED},
        {WITH_RESULT("dkim=pass header.d=example.org; dmarc=fail header.from=example.org"),
         UNSIGNED ": dmarc=fail, dkim=pass"},
        {WITH_RESULT("dkim=pass header.d=example.org; dmarc=pass header.from=evil.example"),
         UNSIGNED},
        {WITH_RESULT("none"), UNSIGNED ": no verdict"},
        {WITH(SIGNED RESULT "(never closed\n"), UNSIGNED ": Authentication-Results cannot"},

        /* not the words of a server that is trusted */
        {WITH(""), UNSIGNED ": no verdict"},
        {WITH("Authentication-Results: evil.example; dkim=pass header.d=example.org\n"), UNSIGNED},
        {WITH("Authentication-Results: mx.example.org.evil.example; dkim=pass "
              "header.d=example.org\n"),
         UNSIGNED},
        {TRACE "Received: from evil.example by relay.example\n" SIGNED FROM TO DATE, UNSIGNED},
        {TRACE "Received: from evil.example by relay.example\n" SIGNED SIGNATURE FROM TO DATE,
         UNSIGNED},
        {WITH("X-" SIGNED), UNSIGNED},

        /* below our own Received, where a client can write it */
        {TRACE SIGNED SIGNATURE FROM TO DATE, UNSIGNED ": dkim=pass, below our own Received"},
        {TRACE SIGNED FROM TO DATE, UNSIGNED ": dkim=pass, below our own Received"},
        {TRACE SIGNED FROM TO DATE, UNSIGNED ": no verdict", 1},
        {TRACE SIGNED TRACE FROM TO DATE, NULL, 2},
        {TRACE TRACE SIGNED FROM TO DATE, UNSIGNED ": no verdict", 2},
        {TRACE TRACE SIGNED TRACE FROM TO DATE, NULL, 3},
        {TRACE SIGNED FROM TO DATE, NULL, 2},
        {SIGNED FROM TO DATE, NULL, 1},
        {TRACE SIGNED "DKIM-Signature: d=evil.example; h=from:date:to\n" FROM TO DATE, UNSIGNED},
        {RESULT "dmarc=none\n" TRACE SIGNED FROM TO DATE, UNSIGNED},
        {RESULT "dkim=none\n" TRACE SIGNED SIGNATURE FROM TO DATE, UNSIGNED},
        {RESULT "dkim=fail header.d=example.org\n" TRACE SIGNED SIGNATURE FROM TO DATE, UNSIGNED},
        {RESULT "dkim=pass header.d=evil.example\n" TRACE SIGNED SIGNATURE FROM TO DATE, UNSIGNED},
        {TRACE RESULT "dkim=fail header.d=example.org\n" SIGNED SIGNATURE FROM TO DATE, UNSIGNED},
        {SIGNED TRACE RESULT "dkim=fail header.d=example.org\n" FROM TO DATE, NULL},
        {SIGNED TRACE RESULT "dmarc=fail header.from=example.org\n" FROM TO DATE, UNSIGNED},
        {SIGNED TRACE RESULT "dmarc=fail header.from=example.org\n" FROM TO DATE, NULL, 1},
    };

    expect(cases, G_N_ELEMENTS(cases));
}

Test(proof, it_has_one_author)
{
    static const Case cases[] = {
        {SIGNED TRACE TO DATE, "the mail has no sender"},
        {SIGNED TRACE "Sender: kate@example.org\n" TO DATE, "the mail has no sender"},
        {SIGNED TRACE "From: kate@example.org, tim@example.org\n" TO DATE, "the mail has not one"},
        {SIGNED TRACE FROM "From: tim@example.org\n" TO DATE, "the mail has not one"},
        {SIGNED TRACE "From: Friends: kate@example.org;\n" TO DATE, "the mail has not one"},
        {SIGNED TRACE "From: example.org:;\n" TO DATE, "the mail has not one"},
    };

    expect(cases, G_N_ELEMENTS(cases));
}

Test(proof, it_was_written_to_us_and_lately)
{
#define TO_WHOM(field) SIGNED TRACE FROM DATE field
#define WRITTEN(field) SIGNED TRACE FROM TO field
#define NOT_TO_US      OURS " stands neither"
#define OLD            "its Date is more than 7 days"
    static const Case cases[] = {
        {TO_WHOM("To: tim@example.net\nCc: Rocket <" OURS ">\n"), NULL},
        {TO_WHOM("To: ROCKET@Reply.Git.Example.ORG, tim@example.net\n"), NULL},
        {TO_WHOM("To: The rockets: " OURS ";\n"), NULL},
        {TO_WHOM("To: tim@example.net\n"), NOT_TO_US},
        {TO_WHOM("Delivered-To: " OURS "\nX-Original-To: " OURS "\nTo: tim@example.net\n"),
         NOT_TO_US},
        {TO_WHOM("Bcc: " OURS "\n"), NOT_TO_US},
        {TO_WHOM("Resent-To: " OURS "\nTo: tim@example.net\n"), NOT_TO_US},
        {TO_WHOM("Reply-To: " OURS "\nTo: \"" OURS "\" <tim@example.net>\n"), NOT_TO_US},
        {TO_WHOM("To: other@reply.git.example.org\n"), NOT_TO_US},

        {WRITTEN("Date: Thu, 25 Dec 2025 00:00:00 +0000\n"), NULL},
        {WRITTEN("Date: Thu, 08 Jan 2026 00:00:00 +0000\n"), NULL},
        {WRITTEN("Date: Thu, 25 Dec 2025 01:00:00 +0200\n"), OLD},
        {WRITTEN("Date: Wed, 24 Dec 2025 23:59:59 +0000\n"), OLD},
        {WRITTEN("Date: Thu, 08 Jan 2026 00:00:01 +0000\n"), OLD},
        {WRITTEN("Date: Mon, 01 Jan 1990 00:00:00 +0000\n"), OLD},
        {WRITTEN("Date: Fri, 31 Dec 9999 23:59:59 +0000\n"), OLD},
        {WRITTEN("Date: yesterday\n"), "the mail has no Date"},
        {WRITTEN(""), "the mail has no Date"},
    };

    expect(cases, G_N_ELEMENTS(cases));
}

/* Who sends on what somebody signed can put a field above those that are signed. */
Test(proof, no_field_was_put_beside_the_one_that_is_signed)
{
    static const char *const fields[] = {
        "Date: Thu, 01 Jan 2026 00:00:00 +0000\nDate: Mon, 03 Nov 2025 00:00:00 +0000\n" TO,
        DATE TO "To: tim@example.net\n",
        DATE "Cc: " OURS "\nCc: tim@example.net\n",
        DATE TO "Subject: Cheap\nSubject: Rocket\n",
        DATE TO "subject: Cheap\nSUBJECT: Rocket\n",
        DATE TO "Content-Type: text/html\nContent-Type: text/plain\n",
        DATE TO "Message-ID: <1@example.org>\nMessage-ID: <2@example.org>\n",
        DATE TO "References: <1@example.org>\nReferences: <2@example.org>\n",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
        g_autofree char *header = g_strconcat(SIGNED TRACE FROM, fields[i], NULL);
        g_autofree char *why = NULL;

        cr_expect(!is_proved(header, 0, &why), "%s", header);
        cr_expect(why != NULL && g_str_has_prefix(why, "it has several"), "%s: %s", header, why);
    }
}

/* Who sends on what somebody signed can write what the signature does not cover. */
Test(proof, the_signature_covers_what_is_believed)
{
#define BY_SIGNATURE(tags) SIGNED TRACE "DKIM-Signature: " tags "\n" FROM DATE
#define UNCOVERED          "its DKIM signature leaves out"
    static const Case cases[] = {
        {BY_SIGNATURE("v=1; a=rsa-sha256; d=example.org; s=a; h=from:to:date; b=x") TO, NULL},
        {BY_SIGNATURE("v=1; d=example.org; h=From : To :\n Cc : DATE; bh=x=; b=x=") TO, NULL},
        {BY_SIGNATURE("v=1; d=example.org; h=from:date; b=x") TO, NULL}, /* Microsoft 365 */
        {BY_SIGNATURE("v=1; d=example.org; h=from:date; b=x") "Cc: " OURS "\n", NULL},
        {BY_SIGNATURE("v=1; d=example.org; h=from:date:cc; b=x") "Cc: " OURS "\n", NULL},
        {BY_SIGNATURE("v=1; d=list.example; h=from; l=1; b=x") TO, NULL},
        {BY_SIGNATURE("nonsense; d=; =; h") TO, NULL},

        {BY_SIGNATURE("v=1; d=example.org; h=from:to; b=x") TO, UNCOVERED},
        {BY_SIGNATURE("v=1; d=example.org; b=x") TO, UNCOVERED},
        {BY_SIGNATURE("v=1; d=EXAMPLE.org; h=from:to:date; l=0; b=x") TO, UNCOVERED},
        {BY_SIGNATURE("v=1; d=example.org; h=from:to:date; b=x") "To: tim@example.net\nCc: " OURS
                                                                 "\n",
         UNCOVERED},
        {BY_SIGNATURE("v=1; d=example.org; h=from:cc:date; b=x") TO, UNCOVERED},
        {BY_SIGNATURE("v=1; d=example.org; h=from; b=x\nDKIM-Signature: v=1; d=example.org; "
                      "h=from:to:date; b=x") TO,
         UNCOVERED},
    };

    expect(cases, G_N_ELEMENTS(cases));
}

Test(proof, a_domain_is_registered_at_a_registry)
{
    static const char *const cases[][2] = {
        {"example.org", "example.org"},
        {"mail.sales.example.org", "example.org"},
        {"mail.kate.co.uk", "kate.co.uk"},
        {"a.b.kawasaki.jp", "a.b.kawasaki.jp"},
        {"kate.github.io", "github.io"},
        {"a.duckdns.org", "duckdns.org"},
        {"mail.xn--bcher-kva.example", "xn--bcher-kva.example"},
        {"mail.example.zz", "example.zz"},
        {"co.uk", "co.uk"},
        {"localhost", "localhost"},
        {"", ""},
        {".", "."},
        {"[192.0.2.1]", "[192.0.2.1]"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        cr_expect_str_eq(mp_domain_registered(cases[i][0]), cases[i][1], "%s", cases[i][0]);
}

Test(proof, who_stands_above_a_suffix_speaks_for_nobody_below)
{
    static const struct {
        const char *domain;
        bool is_suffix;
    } cases[] = {
        {"org", true},         {"", true},
        {"org.", true},        {"co.uk", true},
        {"com.au", true},      {"or.jp", true},
        {"gob.mx", true},      {"example.org", false},
        {"co.example", false}, {"kate.co.uk", false},
        {"com.com", false},    {"kate.de", false},
        {"c.uk", false},       {"com.co.uk", false},
        {"gov.uk", true},      {"k12.ca.us", true},
        {"github.io", true},   {"kate.github.io", false},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        cr_expect_eq(mp_domain_is_suffix(cases[i].domain), cases[i].is_suffix, "%s",
                     cases[i].domain);
}
