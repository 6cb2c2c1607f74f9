/* Inside of lib/check: the certificate that an SMTP server shows, whoever it is. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/config.h"
#include "check/internal.h"

typedef struct {
    gint64 expires; /* seconds since the epoch; 0: not known */
    char *names;    /* what it is for: "DNS:mx.example.org, DNS:example.org"; never NULL */
    char *distrust; /* why who verifies it under `name` would refuse it; NULL: nobody would */
} MpCertificate;

void mp_certificate_clear(MpCertificate *certificate);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpCertificate, mp_certificate_clear)

typedef struct {
    const char *name;    /* that it should be for */
    const char *connect; /* host or address to connect to instead; NULL: the name */
    int port;
    MpTls tls;           /* STARTTLS or implicit */
    const char *ca_file; /* "" for the system's authorities */
} MpCertificateOf;

/* Connects twice, once to look and once to verify, and says QUIT. False if there is no certificate
 * to be seen: no connection, no STARTTLS, no TLS; the message is libcurl's. */
bool mp_certificate_look(const MpCertificateOf *of, MpCertificate *certificate, GError **error);

/* Tells whom it is for and how long it is good; `distrusted` is the verdict where it is not. */
void
mp_check_certificate(MpChecker *checker, const MpCertificate *certificate, MpVerdict distrusted);
