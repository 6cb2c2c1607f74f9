/*
 * Signed addresses: reply+KIND-THREAD-MAC-USER@reply.HOSTNAME
 *
 * An address proves which thread and which account a mail is for. MAC is two times HMAC-SHA-256
 * (RFC 2104) cut to 80 bits, in 40 lower-case hexadecimal digits: first over version, purpose,
 * kind, thread, user and the user's epoch, then over the same and the thread's nonce, each ended by
 * a zero octet, so that no two inputs give the same octets. Purposes have one shape and different
 * MACs: no address turns into another.
 *
 * A tracker can be set back or restored, and then numbers come again. Nonce and epoch are random
 * values of the thread's and the account's records (tracker(5)), so that an address of what was
 * lost does not verify for what has its number now. They are not secret. An address whose thread is
 * gone with its nonce is still known to be ours by the first half.
 *
 * A local part has at most 64 octets (RFC 5321, section 4.5.3.1.1); hexadecimal digits, local
 * part and domain compare without regard to case, since relays change it; the MAC in constant time.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum { MP_PURPOSE_REPLY, MP_PURPOSE_UNSUB, MP_PURPOSE_BOUNCE } MpPurpose;

typedef struct {
    MpPurpose purpose;
    char kind; /* 'i' issues and pull requests, 'c' commit comments */
    guint64 thread, user;
    guint8 mac[20];
} MpAddress;

/* The keys of the installation, in the order of their file: the first signs, all verify. */
typedef struct MpKeyRing MpKeyRing;

/*
 * Reads a key file: one key a line, at least 32 characters; empty lines and lines that start with #
 * do not count. Refuses a file that group or others can read, a file without a key, a short key:
 * MP_ERROR_INSTALLATION. The text is wiped, and not kept.
 */
MpKeyRing *mp_key_ring_load(const char *path, GError **error);
void mp_key_ring_free(MpKeyRing *ring);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpKeyRing, mp_key_ring_free)

/* A new random key in the form of the file's lines, without newline. The caller wipes and frees it.
 */
char *mp_key_generate(GError **error);

/* "reply", "unsub", "bounce"; and back (false if it is none of them). */
const char *mp_purpose_name(MpPurpose purpose);
bool mp_purpose_parse(const char *name, MpPurpose *purpose);

/* The thread and the account that an address is signed for. */
typedef struct {
    char kind;
    guint64 thread;
    const char *nonce; /* of the thread's record; "" for the self-test, thread 0 */
    guint64 user, epoch;
} MpAddressSubject;

/* The signed address, the caller's to free. MP_ERROR_INPUT if the local part were over 64 octets.
 */
char *mp_address_make(const MpKeyRing *ring, MpPurpose purpose, const MpAddressSubject *subject,
                      const char *hostname, GError **error);

typedef enum {
    MP_ADDRESS_FOREIGN, /* not of the shape: some other address */
    MP_ADDRESS_OURS,    /* of our shape and host; still to be verified */
} MpAddressShape;

/* Takes an addr-spec apart. Quotes around the local part are undone (RFC 5321, section 4.1.2). */
MpAddressShape mp_address_parse(const char *text, const char *hostname, MpAddress *address);

/* True if any key of the ring made this address for this nonce and epoch; with nonce NULL, where
 * the thread is gone or not read yet, for any nonce. */
bool mp_address_verify(const MpKeyRing *ring, const MpAddress *address, const char *nonce,
                       guint64 epoch);

/* Which addresses mp_address_mask masks. */
typedef enum {
    MP_MASK_MACS,     /* the MACs of our addresses */
    MP_MASK_TEXT,     /* and others' addresses, in plain text */
    MP_MASK_MARKDOWN, /* and others' addresses, but for those in Markdown's code */
} MpMaskScope;

/*
 * Masks addresses, which must not be published. The MAC of anything that looks like one of ours
 * becomes "***", in code and URLs as well, and also where its hyphens are encoded or lines break
 * within. Every other mail address becomes "***@***": also quoted, with an address literal, of any
 * script, its @ encoded or an entity. Text that only looks like one stays (a version, a file, a
 * remote path, a Message-ID in its header field), and so do URLs. Linear in the length of the text,
 * which is UTF-8. The result is the caller's.
 */
char *mp_address_mask(const char *text, MpMaskScope scope);

/* The text with a known MAC masked wherever its digits stand, whatever is around them or breaks
 * between. The result is the caller's. */
char *mp_address_mask_known(const char *text, const guint8 mac[20]);

/* The same in a file, which keeps its length: each digit becomes *. The result is the caller's. */
GBytes *mp_address_mask_bytes(GBytes *bytes, const guint8 mac[20]);
