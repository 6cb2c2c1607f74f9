/* The certificate of an SMTP server, by libcurl; see certificate.h. */
#include "check/certificate.h"

#include <string.h>

#include "base/error.h"
#include "check/handle.h"

#define PATIENCE 20L /* seconds */

void
mp_certificate_clear(MpCertificate *certificate)
{
    g_clear_pointer(&certificate->names, g_free);
    g_clear_pointer(&certificate->distrust, g_free);
}

/* A handle that connects as far as TLS goes: host and port of `of`, whoever answers there. */
static CURL *
make_handle(const MpCertificateOf *of, struct curl_slist *way, bool verifies, char *why)
{
    g_autofree char *url = g_strdup_printf(
        "%s://%s:%d", of->tls == MP_TLS_IMPLICIT ? "smtps" : "smtp", of->name, of->port);
    CURL *easy = mp_check_handle(url, PATIENCE, why);

    if (easy == NULL)
        return NULL;
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, way);
    curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verifies ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verifies ? 2L : 0L);
    if (*of->ca_file != '\0')
        curl_easy_setopt(easy, CURLOPT_CAINFO, of->ca_file);
    return easy;
}

/* "Expire date:…" and "X509v3 Subject Alternative Name:…" of the server's own, the first. */
static void
read_fields(const struct curl_slist *fields, MpCertificate *certificate)
{
    static const char expire[] = "Expire date:", names[] = "X509v3 Subject Alternative Name:",
                      subject[] = "Subject:";

    for (; fields != NULL; fields = fields->next) {
        const char *field = fields->data;

        if (g_str_has_prefix(field, expire)) {
            certificate->expires = (gint64)curl_getdate(field + strlen(expire), NULL);
        } else if (g_str_has_prefix(field, names)) {
            g_free(certificate->names);
            certificate->names = g_strstrip(g_strdup(field + strlen(names)));
        } else if (g_str_has_prefix(field, subject) && certificate->names == NULL) {
            certificate->names = g_strstrip(g_strdup(field + strlen(subject)));
        }
    }
}

static bool
look(const MpCertificateOf *of, struct curl_slist *way, MpCertificate *certificate, GError **error)
{
    char why[CURL_ERROR_SIZE] = "";
    CURL *easy = make_handle(of, way, false, why);
    CURLcode code = easy != NULL ? curl_easy_perform(easy) : CURLE_FAILED_INIT;
    struct curl_certinfo *info = NULL;
    bool has_any = code == CURLE_OK &&
                   curl_easy_getinfo(easy, CURLINFO_CERTINFO, &info) == CURLE_OK && info != NULL &&
                   info->num_of_certs > 0;

    if (has_any)
        read_fields(info->certinfo[0], certificate);
    curl_easy_cleanup(easy);
    if (certificate->names == NULL)
        certificate->names = g_strdup("-");
    return has_any ||
           mp_fail(error, MP_ERROR_TEMPORARY, "%s", *why != '\0' ? why : curl_easy_strerror(code));
}

static void
verify(const MpCertificateOf *of, struct curl_slist *way, MpCertificate *certificate)
{
    char why[CURL_ERROR_SIZE] = "";
    CURL *easy = make_handle(of, way, true, why);
    CURLcode code = easy != NULL ? curl_easy_perform(easy) : CURLE_FAILED_INIT;

    if (code != CURLE_OK)
        certificate->distrust = g_strdup(*why != '\0' ? why : curl_easy_strerror(code));
    curl_easy_cleanup(easy);
}

bool
mp_certificate_look(const MpCertificateOf *of, MpCertificate *certificate, GError **error)
{
    g_autofree char *to =
        g_strdup_printf("::%s:%d", of->connect != NULL ? of->connect : "", of->port);
    struct curl_slist *way = of->connect != NULL ? curl_slist_append(NULL, to) : NULL;

    *certificate = (MpCertificate){0};
    bool has_any = look(of, way, certificate, error);
    if (has_any)
        verify(of, way, certificate);
    curl_slist_free_all(way);
    return has_any;
}
