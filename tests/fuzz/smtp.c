/* What an SMTP server says, as the transcript writes it: one printable line each, no secret. */
#include "transport/transcript.h"

#include "fuzz.h"

static const char *const commands[] = {
    "EHLO x\r\n",
    "STARTTLS\r\n",
    "AUTH LOGIN\r\n",
    "cG9zdG1hc3Rlcg==\r\n",
    "aHVudGVyMmh1bnRlcjI=\r\n",
    "AUTH PLAIN AHBvc3RtYXN0ZXIAaHVudGVyMmh1bnRlcjI=\r\n",
    "MAIL FROM:<a@b>\r\n",
    "RCPT TO:<c@d>\r\n",
    "DATA\r\n",
    "QUIT\r\n",
    "RSET\r\n",
};

static void
watch(const char *line, gpointer data)
{
    (void)data;
    for (const char *p = line; *p != '\0'; p++)
        fuzz_claim((guchar)*p >= ' ');
    fuzz_claim(strstr(line, "hunter2hunter2") == NULL);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    MpConfig config = {.smtp_address = (char *)(gsize) "smtp.example.org",
                       .smtp_port = 587,
                       .username = (char *)(gsize) "postmaster",
                       .authentication = MP_AUTH_LOGIN};
    MpTranscript *t = mp_transcript_new(&config);
    mp_transcript_keep_secret(t, "hunter2hunter2");
    g_autofree char *text = fuzz_text(data, size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", 50);

    t->watch = watch;
    mp_transcript_new_connection(t);
    mp_transcript_begin_attempt(t);
    for (char **line = lines; *line != NULL; line++) {
        g_autofree char *said = g_strconcat(*line, "\r\n", NULL);

        if (**line == '<') { /* a command is ours, not the server's to choose */
            const char *command = commands[(guchar)(*line)[1] % G_N_ELEMENTS(commands)];
            mp_transcript_we_said(t, command, strlen(command));
        } else {
            mp_transcript_server_said(t, said, strlen(said));
        }
    }
    mp_transcript_failed(t, "gone");
    mp_transcript_free(t);
    return 0;
}
