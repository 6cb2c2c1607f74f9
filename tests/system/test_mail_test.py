#!/usr/bin/env python3
"""`notifier test`: the conversation as it happens, the cause in plain words, and the setting to change."""
import base64
import email
import email.policy
import glob
import os
import re
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import LIB, NOTIFIER, TOP, check, contains, equal, french, main, test, wait_until  # noqa: E402

USER, PASSWORD, TOKEN = "postmaster", "correct-horse+7", "ya29.secret-token_Q"
TO = "someone@example.net"


class Server:
    """smtp_server.py, and the settings of an installation that reach it."""

    def __init__(self, site, *options, certificate=None, **settings):
        self.site, self.dir = site, os.path.join(site.dir, f"server{len(glob.glob(os.path.join(site.dir, 'server*')))}")
        if certificate:
            folder = certificates(site)
            options += ("--cert", f"{folder}/{certificate}.pem", "--key", f"{folder}/{certificate}.key")
            settings.setdefault("ca-file", f"{folder}/ca.pem")
        command = [sys.executable, os.path.join(LIB, "smtp_server.py"), "--dir", self.dir, "--with-stdin",
                   "--user", USER, "--password", PASSWORD, "--token", TOKEN, *options]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = self.process.stdout.readline().strip()
        configure(site, **{"port": self.port, **settings})

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def mails(self):
        return [open(path, newline="").read() for path in sorted(glob.glob(os.path.join(self.dir, "*.eml")))]


def certificates(site):
    folder = os.path.join(site.dir, "certificates")
    if not os.path.isdir(folder):
        subprocess.run([os.path.join(LIB, "certificates.sh"), folder], check=True)
        os.chmod(folder, 0o755)
    return folder


def configure(site, **settings):
    secret = os.path.join(site.dir, "etc/smtp-password")
    with open(secret, "w") as file:
        file.write((TOKEN if settings.get("authentication") == "xoauth2" else PASSWORD) + "\n")
    os.chmod(secret, 0o600)
    site.set_config("smtp", **{"transport": "smtp", "address": "localhost", "tls": "none", "authentication": "none",
                               "username": USER, "password-file": secret, "ca-file": "", "reply-timeout": "20",
                               "domain": "git.example.org", **settings})


def try_it(site, *args, status, to=TO, language={"LC_ALL": "C.UTF-8", "LANGUAGE": ""}):
    """What `notifier test` prints, as lines."""
    environment = {**{k: v for k, v in os.environ.items() if not k.startswith("LC_")}, **language}
    done = subprocess.run([NOTIFIER, "test", "--config", site.config, *args, to], capture_output=True, text=True, env=environment)
    equal(done.returncode, status, f"status of\n{done.stdout}{done.stderr}")
    equal(done.stderr, "", "standard error")
    return done.stdout.splitlines()


def kept(site):
    """The conversations that were kept, by name."""
    return {os.path.basename(path): open(path).read() for path in glob.glob(os.path.join(site.data, "outbox/conversations/*"))}


def rules(*all):
    return [word for rule in all for word in ("--rule", rule)]


# --- The seed's own conversation --------------------------------------------------------------------

SEED = r"""This is a test email generated from https://10.0.0.68/setup/settings
Connection opened: smtp.yourdomain.com:587
-> "220 smtp.yourdomain.com ESMTP nt3sm2942435pbc.14\r\n"
<- "EHLO yourdomain.com\r\n"
-> "250-smtp.yourdomain.com at your service, [1.2.3.4]\r\n"
-> "250-SIZE 35882577\r\n"
-> "250-8BITMIME\r\n"
-> "250-STARTTLS\r\n"
-> "250-ENHANCEDSTATUSCODES\r\n"
-> "250 PIPELINING\r\n"
<- "STARTTLS\r\n"
-> "220 2.0.0 Ready to start TLS\r\n"
TLS connection started
<- "EHLO yourdomain.com\r\n"
-> "250-smtp.yourdomain.com at your service, [1.2.3.4]\r\n"
-> "250-SIZE 35882577\r\n"
-> "250-8BITMIME\r\n"
-> "250-AUTH LOGIN PLAIN XOAUTH\r\n"
-> "250-ENHANCEDSTATUSCODES\r\n"
-> "250 PIPELINING\r\n"
<- "AUTH LOGIN\r\n"
-> "334 VXNlcm5hbWU6\r\n"
<- "[redacted]\r\n"
-> "334 UGFzc3dvcmQ6\r\n"
<- "[redacted]\r\n"
-> "535-5.7.1 Username and Password not accepted. Learn more at\r\n"
-> "535 5.7.1 http://support.yourdomain.com/smtp/auth-not-accepted nt3sm2942435pbc.14\r\n"
""".splitlines()

SEED_RULES = rules("CONNECT 220 smtp.yourdomain.com ESMTP nt3sm2942435pbc.14",
                   r"EHLO.1 250 smtp.yourdomain.com at your service, [1.2.3.4]\nSIZE 35882577\n8BITMIME\nSTARTTLS\nENHANCEDSTATUSCODES\nPIPELINING",
                   r"EHLO 250 smtp.yourdomain.com at your service, [1.2.3.4]\nSIZE 35882577\n8BITMIME\nAUTH LOGIN PLAIN XOAUTH\nENHANCEDSTATUSCODES\nPIPELINING",
                   r"AUTH 535 5.7.1 Username and Password not accepted. Learn more at\n5.7.1 http://support.yourdomain.com/smtp/auth-not-accepted nt3sm2942435pbc.14")


@test
def the_failing_conversation_comes_out_line_for_line(site):
    site.set_config("instance", url="https://10.0.0.68/setup/settings", log_level="warn")
    with Server(site, "--tls", "starttls", "--auth", "LOGIN PLAIN", *SEED_RULES, certificate="good", tls="starttls",
                authentication="login", domain="yourdomain.com") as server:
        lines = [line.replace(f"localhost:{server.port}", "smtp.yourdomain.com:587") for line in try_it(site, status=69)]
        equal(lines[:-1], SEED)
        contains(lines[-1], "smtp.username")
        name = f"localhost_{server.port}.login"
    # Whole in what is kept, though the log is not asked for it.
    equal(list(kept(site)), [name])
    text = kept(site)[name].replace(f"localhost:{server.port}", "smtp.yourdomain.com:587").splitlines()
    equal(text[1:-1], SEED[1:])
    contains(text[0], "connection 1: login")
    check("250-SIZE" not in site.log("notifier.log"), site.log("notifier.log"))


@test
def what_the_server_takes_has_the_opening_as_its_first_line(site):
    site.set_config("instance", url="https://git.example.org/{repository}")
    with Server(site) as server:
        lines = try_it(site, status=0)
        equal(lines[0], "This is a test email generated from https://git.example.org")
        contains(lines[-1], TO)
        equal(lines[-2], '-> "221 2.0.0 Bye\\r\\n"')
        head, _, body = server.mails()[0].partition("\r\n\r\n")
        equal(body.split("\r\n")[0], lines[0])
        for field in ("From: \"git.example.org\" <noreply@git.example.org>", f"To: <{TO}>", "Subject: Test email from git.example.org",
                      "Auto-Submitted: auto-generated", "Message-ID: <test-", "Date: "):
            contains(head, field)
        check(all(len(line) < 79 for line in [*head.split("\r\n"), *body.split("\r\n")]), head + body)
    equal(kept(site), {}, "kept though it went well")
    contains(site.log("notifier.log"), f"to {TO}: 250 2.0.0 Ok")


@test
def it_is_in_the_installations_language(site):
    site.set_config("instance", url="https://git.example.org", language="fr")
    with Server(site) as server:
        equal(try_it(site, status=0)[0], "Ceci est un courriel d’essai émis par https://git.example.org")
        mail = email.message_from_string(server.mails()[0], policy=email.policy.default)
    equal(mail["Subject"], "Courriel d’essai de git.example.org")
    contains(mail.get_content(), "Il a été envoyé par `notifier test` sur git.example.org,")


@test
def without_a_url_it_names_the_host_and_links_nowhere(site):
    with Server(site) as server:
        equal(try_it(site, status=0)[0], "This is a test email generated from https://git.example.org")
        body = server.mails()[0].partition("\r\n\r\n")[2]
    equal(body.split("\r\n")[0], "This is a test email generated from git.example.org")
    check("://" not in body, body)


@test
def the_conversation_appears_as_it_happens(site):
    with Server(site, *rules("RCPT stall")):
        running = subprocess.Popen([NOTIFIER, "test", "--config", site.config, TO], stdout=subprocess.PIPE, text=True)
        for line in running.stdout:  # which would not come before the end, for the server says nothing any more
            if "RCPT TO" in line:
                break
        equal(running.poll(), None, "the test is over")
        running.kill()
        running.wait()
        running.stdout.close()


@test
def what_a_server_says_moves_no_cursor_and_forges_no_line(site):
    with Server(site, *rules(r"MAIL raw 250-\x1b[2J\xff\r\n250-\xe2\x80\xae\r250 ok\r\n250 -> \"250 forged\r\n", "RCPT raw 550 5.1.1 \x1b]0;x\x07\r\n")):
        lines = try_it(site, status=69)
    texts = ["\n".join(lines), *kept(site).values(), site.log("notifier.log")]
    for text in texts:
        check(not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", text), repr(text))
        contains(text, r'-> "250-\e[2J\xFF\r\n"')
    contains(lines[-1], "another address")


# --- Causes -----------------------------------------------------------------------------------------

def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


LOGIN = {"authentication": "login"}
CAUSES = [  # name, options of the server (None: there is none), settings, status, cause, what the sentence must name
    ("name", None, {"address": "no-such-host.invalid"}, 75, "name", ["smtp.address", "misspelt"]),
    ("refused port", None, {}, 75, "port", ["smtp.port"]),
    ("TLS to a plain port", [], {"tls": "implicit"}, 75, "clear-text-port", ["smtp.tls = starttls", "smtp.port"]),
    ("plain to a TLS port", ["--tls", "implicit"], {"tls": "starttls", "reply-timeout": "1"}, 75, "tls-port", ["smtp.tls = implicit"]),
    ("clear text to a TLS port", ["--tls", "implicit"], {"reply-timeout": "1"}, 75, "tls-port", ["smtp.tls = implicit"]),
    ("no STARTTLS", [], {"tls": "starttls"}, 75, "no-starttls", ["smtp.port", "STARTTLS"]),
    ("STARTTLS refused", ["--tls", "starttls", *rules("STARTTLS 454 4.7.0 TLS not available")], {"tls": "starttls"}, 75,
     "starttls-refused", ["STARTTLS"]),
    ("expired", ["--tls", "starttls", "expired"], {"tls": "starttls"}, 69, "expired", ["expired", "clock"]),
    ("wrong name", ["--tls", "starttls", "wrong-name"], {"tls": "starttls"}, 69, "wrong-name", ["smtp.address"]),
    ("self-signed", ["--tls", "implicit", "self-signed"], {"tls": "implicit"}, 69, "self-signed", ["smtp.ca-file"]),
    ("unknown authority", ["--tls", "starttls"], {"tls": "starttls", "ca-file": ""}, 69, "unknown-authority", ["smtp.ca-file"]),
    ("no AUTH offered", [], LOGIN, 69, "no-auth", ["smtp.port", "smtp.authentication"]),
    ("AUTH only with TLS", ["--tls", "starttls", "--auth", "LOGIN"], LOGIN, 69, "tls-required", ["smtp.tls = starttls"]),
    ("wrong mechanism", ["--auth", "CRAM-MD5"], LOGIN, 75, "mechanism", ["smtp.authentication"]),
    ("535", ["--auth", "LOGIN", *rules("AUTH 535 5.7.8 no")], LOGIN, 69, "login", ["smtp.username", "password"]),
    ("534", ["--auth", "LOGIN", *rules("AUTH 534 5.7.9 Application-specific password required")], LOGIN, 69, "weak-login",
     ["settings secret smtp.password", "smtp.authentication"]),
    ("454", ["--auth", "LOGIN", *rules("AUTH 454 4.7.0 Temporary authentication failure")], LOGIN, 75, "login-later", ["again"]),
    ("530 for a login", rules("MAIL 530 5.7.0 Authentication required"), {}, 69, "login-required", ["smtp.authentication"]),
    ("530 for TLS", rules("MAIL 530 5.7.0 Must issue a STARTTLS command first"), {}, 69, "tls-required", ["smtp.tls"]),
    ("sender not allowed", rules("RCPT 553 5.7.1 <x@y>: Sender address rejected: not owned by user z"), {}, 69, "sender",
     ["smtp.noreply-address"]),
    ("sender refused", rules("MAIL 550 5.7.1 Sender not allowed"), {}, 69, "sender", ["smtp.noreply-address"]),
    ("relay denied", rules("RCPT 554 5.7.1 <x@y>: Relay access denied"), {}, 69, "relay", ["relay", "smtp.authentication"]),
    ("recipient unknown", rules("RCPT 550 5.1.1 User unknown"), {}, 69, "recipient", ["recipient", "another address"]),
    ("greylisted", rules("RCPT 450 4.2.0 Greylisted, come back in 5 minutes"), {}, 75, "greylisted", ["minutes", "again"]),
    ("size", rules("EOD 552 5.3.4 Message size exceeds fixed limit"), {}, 69, "size", ["larger", "limits.notification-attachments"]),
    ("quota", rules("RCPT 552 5.2.2 Mailbox full"), {}, 69, "quota", ["full"]),
    ("421", rules("CONNECT 421 4.7.0 Too many connections"), {}, 75, "busy", ["smtp.connections"]),
    ("421 later", rules("RCPT 421 4.3.2 Closing"), {}, 75, "busy", ["smtp.connections"]),
    ("silence at once", rules("CONNECT stall"), {"reply-timeout": "1"}, 75, "silence", ["stopped answering", "smtp.port"]),
    ("silence later", rules("RCPT stall"), {"reply-timeout": "1"}, 75, "silence", ["stopped answering"]),
    ("cut at once", rules("CONNECT close"), {}, 75, "cut", ["cut"]),
    ("cut later", rules("DATA reset"), {}, 75, "cut", ["cut"]),
    ("no mail server", rules(r"CONNECT raw HTTP/1.1\x20400\x20Bad\x20Request\r\n\r\n"), {}, 75, "not-smtp", ["smtp.port"]),
    ("blocked", rules("CONNECT 554 5.7.1 Client host [192.0.2.1] blocked using zen.example"), {}, None, "blocked", ["check dns"]),
    ("EHLO refused", rules("EHLO 550 5.7.1 Invalid name", "HELO 550 5.7.1 Invalid name"), {}, None, "helo", ["smtp.domain"]),
    ("spam", rules("EOD 554 5.7.1 Message rejected as spam"), {}, 69, "content", ["spam"]),
    ("not authentic", rules("EOD 550 5.7.26 Unauthenticated mail is not accepted (DMARC)"), {}, 69, "authenticity", ["check dns"]),
]


@test
def each_cause_is_named_with_its_setting(site):
    wrong = []
    for name, options, settings, status, cause, words in CAUSES:
        for path in glob.glob(os.path.join(site.data, "outbox/conversations/*")):
            os.unlink(path)
        try:
            if options is None:
                configure(site, port=closed_port(), **settings)
                lines = try_it(site, status=status)
            else:
                options = list(options)
                certificate = options.pop() if options and options[-1] in ("expired", "wrong-name", "self-signed") else "good"
                with Server(site, *options, certificate=certificate if "--tls" in options else None, **settings):
                    lines = try_it(site, status=status) if status else try_any(site)
            names = [found.rpartition(".")[2] for found in kept(site)]
            if cause in ("tls-port", "clear-text-port"):  # may be found out by a second look: it is kept as that, too
                contains(names, cause)
            else:
                equal(names, [cause], "what is kept")
            for word in words:
                contains(lines[-1], word)
            check(lines[-1].endswith("."), "no sentence")
        except AssertionError as error:
            wrong.append(f"{name}: {error}")
    equal(wrong, [], "causes")


def try_any(site):
    done = subprocess.run([NOTIFIER, "test", "--config", site.config, TO], capture_output=True, text=True)
    check(done.returncode in (69, 75), done)
    return done.stdout.splitlines()



# --- Through the queue ------------------------------------------------------------------------------

@test
def through_the_queue_it_goes_the_way_of_a_notification(site):
    with Server(site) as server:
        lines = try_it(site, "--through-queue", status=0)
        equal(lines[0], "This is a test email generated from https://git.example.org")
        key = re.fullmatch(r"Queued as (test-[0-9a-f]{16})\.", lines[1])[1]
        contains(lines[2], "250 2.0.0 Ok")
        contains(lines[-1], TO)
        head, _, body = server.mails()[0].partition("\r\n\r\n")
        contains(head, f"Message-ID: <{key}@git.example.org>")
        equal(body.split("\r\n")[0], "This is a test email generated from git.example.org")
    contains(site.log("notifier.log"), f"Event {key} is done")
    equal(site.listed("outbox/new") + site.listed("outbox/retry") + site.listed("outbox/failed"), [], "left in the queue")
    site.metroplex("fsck")


@test
def through_the_queue_a_failure_has_its_conversation_and_cause(site):
    for rule, status, cause, place in (("RCPT 554 5.7.1 Relay access denied", 75, "smtp.authentication", "retry"),
                                       ("RCPT 550 5.1.1 User unknown", 69, "another address", "failed"),
                                       ("RCPT 450 4.2.0 Greylisted", 75, "minutes", "retry"),
                                       ("CONNECT close", 75, "cut", "new")):
        with Server(site, *rules(rule)) as server:
            lines = try_it(site, "--through-queue", status=status)
        contains(lines, f"Connection opened: localhost:{server.port}")
        sentence = lines[-1] if status == 69 else lines[-2]
        contains(sentence, cause)
        key = lines[1].split()[-1].rstrip(".")
        equal([name for name in site.listed(f"outbox/{place}") if name.endswith(key)] != [], True, f"{key} is in {place}")
        if status == 75:
            contains(lines[-1], f"notifier queue show {key}")
        contains(site.notifier("queue", "show", key), "-" if place == "new" else TO)
        site.metroplex("fsck")
        site.notifier("queue", "drop", key)


@test
def another_notifier_sends_it_while_the_test_waits(site):
    with Server(site) as server:
        other = subprocess.Popen([NOTIFIER, "--config", site.config, "--for", "60"])
        wait_until(lambda: is_locked(site))
        lines = try_it(site, "--through-queue", status=0)
        contains(lines[2], "Another notifier")
        contains(lines[-1], TO)
        equal(len(server.mails()), 1, "mails")
        other.send_signal(signal.SIGTERM)
        other.wait()


def is_locked(site):
    inode = os.stat(os.path.join(site.data, "outbox/lock")).st_ino if os.path.exists(os.path.join(site.data, "outbox/lock")) else 0
    return any(f":{inode} " in line for line in open("/proc/locks"))


@test
def a_server_that_was_away_is_looked_for_at_once(site):
    with Server(site, *rules("CONNECT.1 554 5.7.1 go away")):
        try_it(site, "--through-queue", status=75)
        lines = try_it(site, "--through-queue", to="second@example.net", status=0)
        contains(lines[-1], "second@example.net")


@test
def where_mail_is_off_the_queue_is_not_tried(site):
    with Server(site, enabled="false"):
        done = site.run(NOTIFIER, "test", "--through-queue", TO, status=78)
        contains(done.stderr, "[smtp] enabled = false")
        equal(site.listed("outbox/new"), [])
        lines = try_it(site, status=0)
        contains(lines[1], "smtp.enabled = false")


@test
def without_a_server_it_says_so(site):
    lines = try_it(site, status=0)
    contains(lines[-1], "smtp.transport = maildir")
    contains(lines[-1], os.path.join(site.data, "sent"))
    lines = try_it(site, "--through-queue", status=0)
    contains(lines[-1], "smtp.transport = maildir")
    equal(len(site.sent()), 2, "mails")


@test
def an_address_that_is_none_is_refused_before_anything_is_done(site):
    with Server(site) as server:
        for address in ("nobody", "a b@example.org", "<a@example.org>", "a@", "x" * 65 + "@example.org"):
            for option in ([], ["--through-queue"]):
                done = site.run(NOTIFIER, "test", *option, address, status=65)
                contains(done.stderr, "the address")
                equal(done.stdout, "")
        equal(open(os.path.join(server.dir, "transcript")).read(), "")
        site.run(NOTIFIER, "test", status=64)


# --- What is kept -----------------------------------------------------------------------------------

@test
def a_real_run_keeps_the_last_conversation_of_each_cause_whole(site):
    site.set_config("instance", log_level="error")
    for login in ("tim", "ann", "bob"):
        site.user(login, f"{login}@{login}.example")
    site.metroplex("repository", "set", "acme/rocket", "--watch", "ann", "--watch", "bob")
    with Server(site, *rules("RCPT ann@ 550 5.1.1 User unknown", "RCPT bob@ 552 5.2.2 Mailbox full"), connections="1") as server:
        site.thread("tim")
        site.notifier("--once")
        found = kept(site)
        equal(sorted(found), [f"localhost_{server.port}.quota", f"localhost_{server.port}.recipient"])
        for name, login in (("quota", "bob"), ("recipient", "ann")):
            text = found[f"localhost_{server.port}.{name}"].splitlines()
            equal(text[1], f"Connection opened: localhost:{server.port}")
            check(any(f"RCPT TO:<{login}@" in line for line in text), text)
            check(re.fullmatch(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ \(\d+\) connection 1: {name}", text[0]), text[0])
        check(re.search(r"\[\d+ messages? before this one\]", "".join(found.values())), found)
    for name in os.listdir(os.path.join(site.data, "outbox/conversations")):
        path = os.path.join(site.data, "outbox/conversations", name)
        equal(oct(os.stat(path).st_mode & 0o7), "0o0", "open to others")
    site.metroplex("fsck")


@test
def only_a_few_are_kept(site):
    folder = os.path.join(site.data, "outbox/conversations")
    for number in range(40):
        path = os.path.join(folder, f"old{number:02}.example_25.cut")
        with open(path, "w") as file:
            file.write("x\n")
        os.utime(path, (1000 + number, 1000 + number))
    with open(os.path.join(folder, ".9.1.tmp"), "w"):
        pass
    os.utime(os.path.join(folder, ".9.1.tmp"), (1000, 1000))
    owner = os.stat(site.data)
    for name in os.listdir(folder):
        os.chown(os.path.join(folder, name), owner.st_uid, owner.st_gid)
    with Server(site, *rules("RCPT 550 5.1.1 User unknown")) as server:
        try_it(site, status=69)
    names = sorted(os.listdir(folder))
    equal(len(names), 32, "kept")
    equal(names[0], f"localhost_{server.port}.recipient")
    equal(names[1:], [f"old{number:02}.example_25.cut" for number in range(9, 40)])


@test
def fsck_knows_the_folder_and_what_does_not_belong_there(site):
    folder = os.path.join(site.data, "outbox/conversations")
    site.metroplex("fsck")
    os.mkdir(os.path.join(folder, "old"))
    contains(site.metroplex("fsck", status=65), "conversations/old")
    os.rmdir(os.path.join(folder, "old"))
    os.rmdir(folder)
    site.metroplex("fsck")
    site.metroplex("init")
    check(os.path.isdir(folder), "init does not make it")


@test
def a_conversation_that_cannot_be_kept_stops_nothing(site):
    folder = os.path.join(site.data, "outbox/conversations")
    os.rmdir(folder)
    with open(folder, "w"):
        pass
    with Server(site, *rules("RCPT 550 5.1.1 User unknown")):
        contains(try_it(site, status=69)[-1], "another address")
    contains(site.log("notifier.log"), "is not kept")


@test
def in_the_log_each_line_has_the_number_of_its_connection(site):
    people = [f"u{n}" for n in range(8)]
    for login in ["tim", *people]:
        site.user(login)
    site.metroplex("repository", "set", "acme/rocket", *[word for login in people for word in ("--watch", login)])
    with Server(site, "--delay", "5", connections="4"):
        site.thread("tim")
        site.notifier("--once")
    said = {}
    for line in site.log("notifier.log").splitlines():
        found = re.search(r" DEBUG \(\d+\) #\] (\d+) (Connection opened: |<- |-> )(.*)", line)
        if found:
            said.setdefault(found[1], []).append(found[2] + found[3])
    check(len(said) > 1, "several connections were needed")  # whoever is done first takes the next message
    equal(sorted(said), [str(n + 1) for n in range(len(said))], "connections")
    for lines in said.values():
        check(lines[0].startswith("Connection opened: "), lines)
        for before, after in zip(lines[1:], lines[2:]):
            check(not (before.startswith("<- ") and after.startswith("<- ") and "octets" not in before), "a dialogue of two: " + before + after)


# --- Secrets ----------------------------------------------------------------------------------------

def encodings(secret):
    """As it is, and the parts of its base64 that do not hang on what stands around it."""
    yield secret
    for before in range(3):
        encoded = base64.b64encode(b"x" * before + secret.encode()).decode().rstrip("=")
        yield encoded[4 if before else 0:len(encoded) - 2]


@test
def no_secret_is_in_any_output_or_file(site):
    places = 0
    for mechanism in ("plain", "login", "cram-md5", "xoauth2"):
        secret = TOKEN if mechanism == "xoauth2" else PASSWORD
        quoted = base64.b64encode(secret.encode()).decode()
        whole = f"user={USER}\1auth=Bearer {secret}\1\1" if mechanism == "xoauth2" else f"\0{USER}\0{secret}"
        for rule in (f"AUTH 535 5.7.8 {secret} is wrong, and so is {quoted}", "AUTH 535 " + base64.b64encode(whole.encode()).decode(), "MAIL 550 5.7.1 " + secret, "VRFY close",
                     f"AUTH raw 535 {secret}\\r\\n", "AUTH close"):
            for option in ([], ["--through-queue"]):
                with Server(site, "--tls", "starttls", "--auth", mechanism.upper(), *rules(rule), certificate="good", tls="starttls",
                            authentication=mechanism):
                    done = subprocess.run([NOTIFIER, "test", "--config", site.config, *option, TO], capture_output=True, text=True)
                texts = {"output": done.stdout, "errors": done.stderr, "log": site.log("notifier.log"), **kept(site),
                         "server": read(os.path.join(site.data, "outbox/server"))}
                texts.update((path, read(path)) for path in glob.glob(os.path.join(site.data, "outbox/*/*test-*")))
                for place, text in texts.items():
                    for secret_form in encodings(secret):
                        check(secret_form not in text, f"{mechanism}, {rule}, {option}: {secret_form} is in {place}")
                places += len(texts)
    check(places > 200, f"{places} texts were looked at")
    check("[redacted]" in site.log("notifier.log"), "nothing was said at all")


def read(path):
    try:
        with open(path, errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


# --- Words ------------------------------------------------------------------------------------------

@test
def the_sentence_is_in_the_operators_language_and_the_rest_is_not(site):
    with Server(site, *rules("RCPT 550 5.1.1 User unknown")):
        english = try_it(site, status=69)
        found = try_it(site, status=69, language=french())
    equal(found[:-1], english[:-1], "the conversation")
    contains(found[-1], "L’adresse du destinataire n’y existe pas : essayez")
    contains(list(kept(site).values())[0], "The recipient's address does not exist there")
    contains(site.log("notifier.log"), "failed (recipient)")


@test
def every_setting_that_is_named_exists(_site):
    with open(os.path.join(TOP, "lib/base/config_keys.c")) as file:
        keys = {f"{group}.{key}" for group, key in re.findall(r'\{"([a-z]+)", +"([a-z-]+)"', file.read())}
    with open(os.path.join(TOP, "lib/transport/cause.c")) as file:
        text = re.sub(r'"\s*"', "", file.read())
    named = set(re.findall(r"\b((?:smtp|limits|instance)\.[a-z][a-z-]+)", text)) - {"smtp.password"}
    equal(named - keys, set(), "settings that do not exist")
    check(len(named) > 8, named)


@test
def the_manual_has_every_cause(_site):
    with open(os.path.join(TOP, "lib/transport/cause.c")) as file:
        names = set(re.findall(r'\[MP_CAUSE_\w+\] =\s*\{\s*"([a-z0-9-]+)"', file.read())) - {"none"}
    with open(os.path.join(TOP, "man/notifier.8")) as file:
        section = file.read().split(".Ss Conversations that failed")[1].split(".Sh ")[0]
    equal(set(re.findall(r"^\.Sy (\S+)", section, re.M)), names, "causes")


main()
