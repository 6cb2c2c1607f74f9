#!/usr/bin/env python3
"""metroplex setup, by somebody at a terminal and by a file of answers, to a reply that is taken and a test mail that has come."""
import glob
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import LIB, METROPLEX, check, contains, enter_namespace, equal, main, test  # noqa: E402
from postfix import OWNER, Machine, can_run  # noqa: E402
from terminal import Terminal  # noqa: E402

SECRET = "geheim-9cHt"
HOST = "git.example.org"


class Newcomer:
    """Who has nothing yet but a machine with Postfix, and a server that takes mail."""

    def __init__(self, site, *server):
        self.site, self.config, self.data = site, os.path.join(site.dir, "new/etc/m.conf"), os.path.join(site.dir, "new/data")
        self.is_root = can_run()
        self.machine = Machine(site).start() if self.is_root else None
        self.mails = os.path.join(site.dir, "server")
        self.server = subprocess.Popen([sys.executable, os.path.join(LIB, "smtp_server.py"), "--dir", self.mails, "--with-stdin", *server],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = self.server.stdout.readline().strip()
        self.words = ["setup", "--config", self.config, "--data", self.data] + (["--owner", OWNER] if os.getuid() == 0 else [])
        self.env = dict(self.machine.env if self.machine else os.environ)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.server.stdin.close()
        self.server.wait()
        self.server.stdout.close()
        if self.machine:
            self.machine.stop()

    def answer(self, *lines, status=0):
        done = subprocess.run([METROPLEX, *self.words], input="".join(line + "\n" for line in lines), capture_output=True, text=True,
                              env=self.env, timeout=120)
        equal(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def type(self, *lines, status=0):
        """The same at a terminal, for questions that are asked with echo."""
        terminal = Terminal(METROPLEX, *self.words, **{k: v for k, v in self.env.items() if k == "MAIL_CONFIG"})
        terminal.type("".join(line + "\n" for line in lines))
        seen = terminal.end()
        equal(terminal.status, status, seen)
        return seen

    def received(self):
        return [open(path, errors="replace").read() for path in sorted(glob.glob(os.path.join(self.mails, "*.eml")))]

    def get(self, key):
        return subprocess.run([METROPLEX, "settings", "get", key, "--config", self.config], capture_output=True, text=True).stdout.strip()

    def takes_replies(self):
        """Where Postfix is set up: a good address taken, a forged one refused."""
        if self.machine:
            equal(self.machine.reply(f"somebody@noreply.{HOST}"), 250)
            equal(self.machine.reply(f"reply+i-1-forged-1@reply.{HOST}"), 550)


@test
def answers_from_a_file_make_an_installation_that_works(site):
    with Newcomer(site, "--auth", "LOGIN", "--user", "postmaster", "--password", SECRET) as new:
        seen = new.answer(HOST, "", new.port, "login", "postmaster", SECRET, "", "https://help.example.org", "tim@example.org", "yes")
        for part in ("Host name", "Server address [localhost]", "Port [25]", "Authentication (none, plain, login", "User name",
                     f"No-reply email address [noreply@{HOST}]", "This will be done:", "test mail is sent to tim@example.org",
                     "$ metroplex init", "$ notifier test", f"noreply.{HOST}.  MX"):
            contains(seen, part)
        check(SECRET not in seen, seen)
        equal([new.get(f"smtp.{key}") for key in ("address", "port", "authentication", "support-address", "support-address-type", "transport")],
              ["localhost", new.port, "login", "https://help.example.org", "url", "smtp"])
        equal(len(new.received()), 1, seen)
        contains(new.received()[0], "This is a test email generated from")
        new.takes_replies()
        again = new.answer("", "", "", "", "", "", "", "", "", "")
        check("$ metroplex init" not in again, "it is there")
        equal(len(new.received()), 1, "no test mail was asked for")


@test
def the_records_are_told_also_where_the_test_mail_fails(site):
    """Somebody may make them meanwhile; and the status is the test's."""
    with Newcomer(site, "--rule", "MAIL 550 5.7.1 not you") as new:
        seen = new.answer(HOST, "", new.port, "", "", "", "tim@example.org", "yes", status=69)
        equal(new.received(), [])
        for part in ("5.7.1 not you", f"reply.{HOST}.    MX  10", f"noreply.{HOST}.  MX"):
            contains(seen, part)


@test
def wrong_answers_are_told_and_asked_for_again(site):
    with Newcomer(site) as new:
        seen = new.type("no host", "-x", HOST, "192.0.2.300", "localhost", "smpt", "70000", new.port, "maybe", "none", "nobody",
                          "noreply@mail.example.org", "help", "help@example.org", "tim", "", "perhaps", "oui")
        for part in ("is not a host name", "is neither a host name nor an IP address", "is not a number from 1 to 65535", "is none of: none, plain",
                     "is not a mail address", "is neither yes nor no"):
            contains(seen, part)
        equal(new.get("smtp.noreply-address"), "noreply@mail.example.org")
        equal(new.get("smtp.support-address-type"), "email")
        equal(new.received(), [])


@test
def a_wrong_answer_in_a_file_is_the_end_and_no_later_line_is_taken_for_it(site):
    with Newcomer(site) as new:
        answers = [HOST, "", new.port, "login", "postmaster", SECRET, "", "", "", "yes"]
        wrong = [[*answers[:i], word, *answers[i + 1:]] for i, word in ((0, "no host"), (1, "-x"), (2, "smtp"), (3, "Login"), (5, ""))]
        missing = [[*answers[:i], *answers[i + 1:]] for i in range(4)]
        for lines in [*wrong, *missing, [*answers[:3], "none", f"x@{HOST}", *answers[5:]]]:
            seen = new.answer(*lines, status=65)
            contains(seen, "nothing was done")
            check(SECRET not in seen, seen)
        check(not os.path.exists(new.config) and not os.path.exists(new.data), "nothing is made")


@test
def what_was_said_of_one_server_is_not_kept_for_another(site):
    with Newcomer(site) as new:
        new.answer(HOST, "", new.port, "", "", "", "", "yes")
        equal(new.get("smtp.tls"), "none")
        seen = new.answer("", "smtp.example.org", "", "", "postmaster", SECRET, "", "", "", "no")
        for part in ("Port [587]", "[login]", "smtp.tls = starttls"):
            contains(seen, part)
        contains(new.answer("", "", "465", "", "", "", "", "no"), "smtp.tls = implicit")
        same = new.answer("", "", "", "", "", "", "", "no")
        check(f"Port [{new.port}]" in same and "smtp.tls" not in same, same)


@test
def an_address_that_begins_with_a_hyphen_is_no_option(site):
    with Newcomer(site) as new:
        seen = new.answer(HOST, "", new.port, "", "", "", "--help@example.org", "yes", status=65)
        contains(seen, "is not a mail address")
        equal(new.received(), [], seen)


@test
def who_says_no_or_nothing_more_has_nothing_done(site):
    with Newcomer(site) as new:
        before = new.machine.files() if new.machine else None
        answers = [HOST, "", new.port, "none", "", "", "", "no"]
        contains(new.answer(*answers), "Nothing was done.")
        for count in range(len(answers)):
            contains(new.answer(*answers[:count], status=65), "nothing was done")
        check(not os.path.exists(new.config) and not os.path.exists(new.data), "nothing is made")
        equal(new.machine.files() if new.machine else None, before)


@test
def at_a_terminal_it_is_a_conversation_and_the_password_has_no_echo(site):
    with Newcomer(site, "--auth", "PLAIN", "--user", "postmaster", "--password", SECRET) as new:
        terminal = Terminal(METROPLEX, *new.words, **{k: v for k, v in new.env.items() if k == "MAIL_CONFIG"})
        for question, answer in (("Host name", HOST), ("Server address", ""), ("Port", "x"), ("Port", new.port), ("Authentication", "plain"),
                                 ("User name", "postmaster"), ("Password", None), ("No-reply", ""), ("Support", ""),
                                 ("Send a test mail", "kate@example.org"), ("Do it?", "")):
            terminal.until(question)
            terminal.until(": ")
            if answer is None:
                check(not terminal.echoes(), "no echo")
            terminal.seen = ""
            terminal.type((SECRET if answer is None else answer) + "\n")
        seen = terminal.end()
        equal(terminal.status, 0, seen)
        check(SECRET not in seen, seen)
        equal(len(new.received()), 1, seen)
        new.takes_replies()


@test
def a_server_that_refuses_ends_it_with_the_cause(site):
    with Newcomer(site, "--auth", "LOGIN", "--user", "postmaster", "--password", SECRET) as new:
        done = subprocess.run([METROPLEX, *new.words], input="\n".join([HOST, "", new.port, "login", "postmaster", "wrong", "", "", "tim@example.org", "y", ""]),
                              capture_output=True, text=True, env=new.env, timeout=120)
        check(done.returncode in (69, 75), done.stdout + done.stderr)
        contains(done.stdout, "535")
        equal(new.get("smtp.port"), new.port, "the settings are saved: setup can be run again")


if __name__ == "__main__":
    enter_namespace()
    main()
