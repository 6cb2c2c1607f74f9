/* Addresses: what proves whose a mail is. */
#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <string.h>

#include "address/address.h"
#include "address/opening.h"
#include "address/question.h"
#include "base/error.h"

#define HOST "git.example.org"

#define NONCE "0011223344556677"

static const char first_key[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
static const char second_key[] = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";

static MpKeyRing *
ring_of(const char *text, int mode, GError **error)
{
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "metroplex-keys-XXXXXX", NULL);
    int fd = g_mkstemp_full(path, 02, mode);

    cr_assert(fd >= 0);
    g_close(fd, NULL);
    cr_assert(g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_NONE, mode, NULL));
    g_chmod(path, (mode_t)mode);
    MpKeyRing *ring = mp_key_ring_load(path, error);
    g_unlink(path);
    return ring;
}

static char *
made(const MpKeyRing *ring, MpPurpose purpose, char kind, guint64 thread, guint64 user,
     guint64 epoch)
{
    g_autoptr(GError) error = NULL;
    const MpAddressSubject subject = {kind, thread, NONCE, user, epoch};
    char *address = mp_address_make(ring, purpose, &subject, HOST, &error);

    cr_assert(address != NULL, "%s", error != NULL ? error->message : "");
    return address;
}

static bool
verifies(const MpKeyRing *ring, const char *text, guint64 epoch)
{
    MpAddress address;

    return mp_address_parse(text, HOST, &address) == MP_ADDRESS_OURS &&
           mp_address_verify(ring, &address, NONCE, epoch);
}

/* The hexadecimal digits were computed by another program: openssl dgst -sha256 -mac HMAC. */
Test(address, has_the_form_and_the_mac_of_the_manual)
{
    g_autoptr(MpKeyRing) ring = ring_of(first_key, 0600, NULL);
    g_autofree char *address = made(ring, MP_PURPOSE_REPLY, 'i', 17, 5, 0);

    cr_assert_str_eq(address,
                     "reply+i-17-6421cb52b0018d99e1db91a428e08d01b7e96973-5@reply.git.example.org");
}

Test(address, only_what_was_made_verifies)
{
    g_autoptr(MpKeyRing) ring = ring_of(first_key, 0600, NULL);
    g_autofree char *good = made(ring, MP_PURPOSE_REPLY, 'i', 17, 5, 3);
    g_autofree char *mac = g_strndup(strstr(good, "17-") + 3, 40);
    g_autofree char *upper = g_ascii_strup(mac, -1);
    const struct {
        const char *name, *format;
        const char *mac;
        guint64 epoch;
        bool verifies;
    } cases[] = {
        {"as made", "reply+i-17-%s-5@reply.git.example.org", mac, 3, true},
        {"upper-case MAC", "reply+i-17-%s-5@reply.git.example.org", upper, 3, true},
        {"upper-case all", "REPLY+I-17-%s-5@REPLY.GIT.EXAMPLE.ORG", upper, 3, true},
        {"quoted local part", "\"reply+i-17-%s-5\"@reply.git.example.org", mac, 3, true},
        {"dot of the root", "reply+i-17-%s-5@reply.git.example.org.", mac, 3, true},
        {"another user", "reply+i-17-%s-6@reply.git.example.org", mac, 3, false},
        {"another thread", "reply+i-18-%s-5@reply.git.example.org", mac, 3, false},
        {"another kind", "reply+c-17-%s-5@reply.git.example.org", mac, 3, false},
        {"purpose swapped", "unsub+i-17-%s-5@reply.git.example.org", mac, 3, false},
        {"bounce", "bounce+i-17-%s-5@reply.git.example.org", mac, 3, false},
        {"revoked", "reply+i-17-%s-5@reply.git.example.org", mac, 4, false},
        {"leading zero", "reply+i-017-%s-5@reply.git.example.org", mac, 3, false},
        {"another host", "reply+i-17-%s-5@reply.example.org", mac, 3, false},
        {"no subdomain", "reply+i-17-%s-5@git.example.org", mac, 3, false},
        {"host as prefix", "reply+i-17-%s-5@reply.git.example.org.evil.example", mac, 3, false},
        {"one more digit", "reply+i-17-%s0-5@reply.git.example.org", mac, 3, false},
        {"one digit less", "reply+i-17-%s-5@reply.git.example.org", mac + 1, 3, false},
        {"something behind", "reply+i-17-%s-5x@reply.git.example.org", mac, 3, false},
        {"broken quotes", "\"reply+i-17-%s-5@reply.git.example.org", mac, 3, false},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(GStrv) around = g_strsplit(cases[i].format, "%s", 2);
        g_autofree char *text = g_strconcat(around[0], cases[i].mac, around[1], NULL);

        cr_expect(verifies(ring, text, cases[i].epoch) == cases[i].verifies, "%s: %s",
                  cases[i].name, text);
    }
}

/* Where the thread is gone, the account's half is enough to know that it was ours. */
Test(address, verifies_for_no_other_thread_of_that_number)
{
    g_autoptr(MpKeyRing) ring = ring_of(first_key, 0600, NULL);
    g_autofree char *text = made(ring, MP_PURPOSE_REPLY, 'i', 17, 5, 3);
    MpAddress address;

    cr_assert_eq(mp_address_parse(text, HOST, &address), MP_ADDRESS_OURS);
    cr_expect(mp_address_verify(ring, &address, NONCE, 3));
    cr_expect(!mp_address_verify(ring, &address, "0011223344556678", 3));
    cr_expect(!mp_address_verify(ring, &address, "", 3));
    cr_expect(mp_address_verify(ring, &address, NULL, 3));
    cr_expect(!mp_address_verify(ring, &address, NULL, 4));
    address.mac[19] ^= 1;
    cr_expect(mp_address_verify(ring, &address, NULL, 3) &&
              !mp_address_verify(ring, &address, NONCE, 3));
    address.mac[0] ^= 1;
    cr_expect(!mp_address_verify(ring, &address, NULL, 3));
}

Test(address, every_changed_digit_is_refused)
{
    g_autoptr(MpKeyRing) ring = ring_of(first_key, 0600, NULL);
    g_autofree char *address = made(ring, MP_PURPOSE_REPLY, 'c', 4711, 42, 0);
    char *mac = strstr(address, "4711-") + 5;

    for (int i = 0; i < 40; i++) {
        char kept = mac[i];

        mac[i] = kept == '0' ? '1' : '0';
        cr_expect(!verifies(ring, address, 0), "digit %d", i);
        mac[i] = kept;
    }
    cr_expect(verifies(ring, address, 0));
}

Test(address, a_rotated_key_still_verifies_and_the_new_one_signs)
{
    g_autofree char *both =
        g_strconcat("# the newest first\n", second_key, "\n\n", first_key, "\n", NULL);
    g_autoptr(MpKeyRing) before = ring_of(first_key, 0600, NULL);
    g_autoptr(MpKeyRing) rotated = ring_of(both, 0600, NULL);
    g_autoptr(MpKeyRing) after = ring_of(second_key, 0600, NULL);
    g_autofree char *old = made(before, MP_PURPOSE_REPLY, 'i', 1, 1, 0);
    g_autofree char *new = made(rotated, MP_PURPOSE_REPLY, 'i', 1, 1, 0);

    cr_expect(verifies(rotated, old, 0));
    cr_expect(verifies(rotated, new, 0));
    cr_expect(verifies(after, new, 0));
    cr_expect(!verifies(after, old, 0));
    cr_expect(!verifies(before, new, 0));
}

Test(address, is_never_longer_than_a_local_part_may_be)
{
    g_autoptr(MpKeyRing) ring = ring_of(first_key, 0600, NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *longest = made(ring, MP_PURPOSE_REPLY, 'i', 99999999, 123456, 0);

    cr_expect_eq((int)(strchr(longest, '@') - longest), 64);
    const MpAddressSubject longer = {'i', 99999999, NONCE, 1234567, 0};
    cr_expect(mp_address_make(ring, MP_PURPOSE_REPLY, &longer, HOST, &error) == NULL);
    cr_assert(error != NULL);
    cr_expect_eq(error->code, MP_ERROR_INPUT);
}

Test(address, a_key_file_that_is_not_safe_is_refused)
{
    const struct {
        const char *text;
        int mode;
        const char *says;
    } cases[] = {
        {first_key, 0644, "mode is 0644"},
        {first_key, 0640, "mode is 0640"},
        {"", 0600, "no key in it"},
        {"# only a comment\n", 0600, "no key in it"},
        {"short\n", 0600, "line 1: the key has 5 characters"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        cr_expect(ring_of(cases[i].text, cases[i].mode, &error) == NULL, "%s", cases[i].says);
        cr_assert(error != NULL, "%s", cases[i].says);
        cr_expect(strstr(error->message, cases[i].says) != NULL, "%s", error->message);
        cr_expect_eq(error->code, MP_ERROR_INSTALLATION);
        cr_expect(strstr(error->message, first_key) == NULL, "the key is not told");
    }
}

Test(address, masking_leaves_no_mac_and_no_stranger)
{
    static const char mac[] = "1801beb4df676a79250d1e61e54ab763822c207d";
    const struct {
        const char *text, *own, *all;
    } cases[] = {
        {"", "", ""},
        {"no address", "no address", "no address"},
        {"to reply+i-1-MAC-5@reply.h.org.", "to reply+i-1-***-5@reply.h.org.",
         "to reply+i-1-***-5@reply.h.org."},
        {"reply%2Bi-1-MAC-5%40reply.h.org", "reply%2Bi-1-***-5%40reply.h.org",
         "reply%2Bi-1-***-5%40reply.h.org"},
        {"<mailto:kate@example.org>", "<mailto:kate@example.org>", "<mailto:***@***>"},
        {"a@b.org, d@e.org.", "a@b.org, d@e.org.", "***@***, ***@***."},
        {"thanks @kate, see v1@2", "thanks @kate, see v1@2", "thanks @kate, see v1@2"},
        {"j\xc3\xbcrgen@b\xc3\xbc"
         "cher.de!",
         "j\xc3\xbcrgen@b\xc3\xbc"
         "cher.de!",
         "***@***!"},
        {"a@b@c.de", "a@b@c.de", "a@***@***"},
        {"@@@@", "@@@@", "@@@@"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(GStrv) pieces = g_strsplit(cases[i].text, "MAC", -1);
        g_autofree char *text = g_strjoinv(mac, pieces);
        g_autofree char *own = mp_address_mask(text, MP_MASK_MACS);
        g_autofree char *all = mp_address_mask(text, MP_MASK_MARKDOWN);

        cr_expect_str_eq(own, cases[i].own);
        cr_expect_str_eq(all, cases[i].all);
    }
}

Test(address, an_opening_is_what_has_no_plus_in_our_domain)
{
    static const struct {
        const char *text, *local;
    } cases[] = {
        {"rocket@reply." HOST, "rocket"},
        {"ROCKET@Reply." HOST ".", "rocket"},
        {"\"rocket\"@reply." HOST, "rocket"},
        {"Acme/Rocket@reply." HOST, "acme/rocket"},
        {"rocket+x@reply." HOST, NULL},
        {"\"rocket@reply." HOST, NULL},
        {"@reply." HOST, NULL},
        {"rocket@" HOST, NULL},
        {"rocket@reply." HOST ".evil.example", NULL},
        {"rocket", NULL},
        {"a123456789012345678901234567890123456789012345678901234567890123@reply." HOST,
         "a123456789012345678901234567890123456789012345678901234567890123"},
        {"a1234567890123456789012345678901234567890123456789012345678901234@reply." HOST, NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *local = mp_opening_parse(cases[i].text, HOST);

        cr_expect(g_strcmp0(local, cases[i].local) == 0, "%s: %s", cases[i].text, local);
    }
}

#define KEY "0123456789abcdef0123456789abcdef"

static bool
confirms(const MpKeyRing *ring, const char *text, const char *sender)
{
    MpQuestionAddress address;

    return mp_question_address_parse(text, HOST, &address) &&
           mp_question_address_verify(ring, &address, sender);
}

Test(address, who_was_asked_and_nobody_else_answers)
{
    g_autoptr(MpKeyRing) ring = ring_of(first_key, 0600, NULL);
    g_autoptr(MpKeyRing) other = ring_of(second_key, 0600, NULL);
    g_autofree char *good = mp_question_address_make(ring, KEY, "Kate@Example.org", HOST);
    g_autofree char *mac = g_strndup(good + strlen("ok+" KEY "-"), 28);
    g_autofree char *upper = g_ascii_strup(mac, -1);
    const struct {
        const char *name, *format, *mac, *sender;
        bool confirms;
    } cases[] = {
        {"as made", "ok+" KEY "-%s@reply." HOST, mac, "kate@example.org", true},
        {"in upper case", "OK+" KEY "-%s@REPLY." HOST ".", upper, "KATE@EXAMPLE.ORG", true},
        {"quoted", "\"ok+" KEY "-%s\"@reply." HOST, mac, "kate@example.org", true},
        {"whoever", "ok+" KEY "-%s@reply." HOST, mac, NULL, true},
        {"another sender", "ok+" KEY "-%s@reply." HOST, mac, "kate@example.net", false},
        {"plus-addressed", "ok+" KEY "-%s@reply." HOST, mac, "kate+x@example.org", false},
        {"another mail", "ok+1123456789abcdef0123456789abcdef-%s@reply." HOST, mac, NULL, false},
        {"another host", "ok+" KEY "-%s@reply.example.org", mac, NULL, false},
        {"another purpose", "no+" KEY "-%s@reply." HOST, mac, NULL, false},
        {"a digit more", "ok+" KEY "-%s0@reply." HOST, mac, NULL, false},
        {"a digit less", "ok+" KEY "-%s@reply." HOST, mac + 1, NULL, false},
        {"a short KEY", "ok+123-%s@reply." HOST, mac, NULL, false},
    };

    cr_expect_eq(strchr(good, '@') - good, 64, "RFC 5321, section 4.5.3.1.1: %s", good);
    cr_expect(!confirms(other, good, "kate@example.org"));
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(GStrv) around = g_strsplit(cases[i].format, "%s", 2);
        g_autofree char *text = g_strconcat(around[0], cases[i].mac, around[1], NULL);

        cr_expect(confirms(ring, text, cases[i].sender) == cases[i].confirms, "%s: %s",
                  cases[i].name, text);
    }
    for (gsize i = 0; i < 28; i++) {
        char *digit = strstr(good, "-") + 1 + i, kept = *digit;

        *digit = kept == '0' ? '1' : '0';
        cr_expect(!confirms(ring, good, "kate@example.org"), "digit %zu", i);
        *digit = kept;
    }
}
