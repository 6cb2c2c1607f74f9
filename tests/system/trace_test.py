#!/usr/bin/env python3
"""metroplex trace: one mail's way through the logs, the tracker and the queue, as an administrator asks for it."""
import gzip
import json
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import HOST, LIB, METROPLEX, NOTIFIER, check, contains, equal, leave_out, main, test  # noqa: E402

SERVER = os.path.join(LIB, "smtp_server.py")


class Postfix:
    """What there is of one for those that only read: a main.cf, and a log as syslogd or rsyslogd writes it."""

    def __init__(self, site, iso=False):
        self.dir, self.iso, self.lines = os.path.join(site.dir, "postfix"), iso, []
        self.log = os.path.join(self.dir, "mail.log")
        os.mkdir(self.dir)
        main_cf = os.path.join(self.dir, "main.cf")
        with open(main_cf, "w") as f:
            f.write(f"maillog_file = {self.log}\nmaillog_file_prefixes = {self.dir}\n")
        os.utime(main_cf, (0, 0))  # postconf waits for a young one
        os.environ["MAIL_CONFIG"] = self.dir

    def say(self, when, text):
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S.123456+00:00", time.gmtime(when)) if self.iso else \
            time.strftime("%b %e %H:%M:%S", time.localtime(when))
        self.lines.append(f"{stamp} mx {text}\n")

    def mail(self, when, queue_id, message_id, sender, to, status="sent (delivered to maildir)"):
        self.say(when, f"postfix/smtpd[7]: {queue_id}: client=mail.example.org[192.0.2.1]")
        self.say(when, f"postfix/cleanup[8]: {queue_id}: message-id={message_id}")
        self.say(when, f"postfix/qmgr[9]: {queue_id}: from=<{sender}>, size=1000, nrcpt=1 (queue active)")
        self.say(when + 1, f"postfix/virtual[10]: {queue_id}: to=<{to}>, relay=virtual, delay=1, dsn=2.0.0, status={status}")
        self.say(when + 1, f"postfix/qmgr[9]: {queue_id}: removed")

    def write(self, suffix="", opener=open):
        with opener(self.log + suffix, "wt") as f:
            f.writelines(self.lines)
        self.lines = []


def trace(site, *words, status=0):
    return site.run(METROPLEX, "trace", *words, status=status)


def facts(site, *words, kind="passed", status=0):
    lines = [json.loads(line) for line in trace(site, "--json", *words, status=status).stdout.splitlines()]
    return [(line["place"], line["text"]) for line in lines if line["kind"] == kind]


def replied(site):
    """A thread of tim's, and kate's reply, delivered; the reply's file, Message-ID and address."""
    site.set_config("smtp", transport="maildir", maildir=os.path.join(site.data, "sent"))
    site.user("tim"), site.user("kate")
    thread = site.thread("tim", body="Does it start? @kate\n")
    address = site.address(thread, "kate")
    name = site.deliver(site.mail("kate@example.org", address, message_id="<b2b9c260@mail.example.org>"))
    return name, "<b2b9c260@mail.example.org>", address


def look_at_all_of_it(site, iso):
    postfix = Postfix(site, iso)
    now = time.time()
    name, message_id, address = replied(site)
    postfix.mail(now - 90, "4B2F1A0C3", "<before@example.org>", "eve@example.org", "other@example.org")  # the same queue id
    postfix.mail(now - 60, "4B2F1A0C3", message_id, "kate@example.org", address)
    postfix.mail(now - 30, "4B2F1A0C3", "<after@example.org>", "eve@example.org", "other@example.org")
    postfix.write()
    site.run(METROPLEX, "--once"), site.run(NOTIFIER, "--once")
    expected = [
        ("mail.log", "4B2F1A0C3 postfix/smtpd: client=mail.example.org[192.0.2.1]"),
        ("mail.log", f"4B2F1A0C3 postfix/cleanup: message-id={message_id}"),
        ("mail.log", "4B2F1A0C3 postfix/qmgr: from=<kate@example.org>, size=1000"),
        ("mail.log", "4B2F1A0C3 postfix/virtual: to=<reply+i-1-***-2@reply.git.example.org>"),
        ("mail.log", "4B2F1A0C3 postfix/qmgr: removed"),
        ("tracker", "comment 1 of acme/rocket#1, by kate, by mail"),
        ("metroplex.log", f"metroplex: processing {message_id}"),
        ("outcomes", "success, posted, comment 1 of thread 1"),
        ("metroplex.log", f"Posted {site.data}/mail/reply/new/{name}: thread 1, comment 1, by kate"),
        ("notifier.log", "Announcing"),
        ("notifier.log", "notifier: sent <acme/rocket/issues/1-"),
        ("notifier.log", "is done"),
    ]
    for asked in (message_id, message_id.strip("<>"), "1/1", name, os.path.join(site.data, "incoming-mail/success", name), address):
        found = facts(site, "--unmasked", asked)
        places = [text for _, text in found]
        last = -1
        for place, text in expected:
            at = [n for n, (p, t) in enumerate(found) if p == place and text in t and n > last]
            check(at, f"{asked}: {place}: {text!r} is not in order in {found}")
            last = at[0] if place != "tracker" else last  # its second has no parts
        equal([t for t in places if "before@" in t or "after@" in t or "eve@" in t], [], asked)
        now_there = facts(site, asked, kind="now")
        check(any(f"incoming-mail/success/{name}, " in text for _, text in now_there), now_there)
        check(any("nothing of it waits" in text for _, text in now_there), now_there)
        equal(facts(site, asked, kind="unseen"), [], asked)
    found = facts(site, "--unmasked", "kate@example.org")
    check(any("message-id=<b2b9c260@" in text for _, text in found), found)
    check(any("to kate@example.org" in text for place, text in found if place == "notifier.log"), found)


@test
def a_mail_is_followed_from_postfix_to_its_notification(site):
    look_at_all_of_it(site, iso=False)


@test
def the_other_form_of_time_stamps_is_read_as_well(site):
    look_at_all_of_it(site, iso=True)


@test
def older_and_packed_parts_of_a_log_are_read(site):
    postfix = Postfix(site)
    now = time.time()
    name, message_id, address = replied(site)
    postfix.mail(now - 500, "AAAAA1", message_id, "kate@example.org", address, status="deferred (Maildir is away)")
    postfix.lines.pop()  # it is not at its end
    postfix.write(".2.gz", gzip.open)
    postfix.say(now - 300, f"postfix/virtual[10]: AAAAA1: to=<{address}>, status=deferred (still)")
    postfix.write(".1")
    postfix.say(now - 100, f"postfix/virtual[10]: AAAAA1: to=<{address}>, status=sent (delivered to maildir)")
    postfix.say(now - 100, "postfix/qmgr[9]: AAAAA1: removed")
    postfix.write()
    for number, suffix in enumerate((".2.gz", ".1", "")):
        os.utime(postfix.log + suffix, (now - 400 + 200 * number,) * 2)
    found = [text for place, text in facts(site, message_id) if place == "mail.log"]
    equal([re.sub(".*status=", "", t) for t in found if "status=" in t],
          ["deferred (Maildir is away)", "deferred (still)", "sent (delivered to maildir)"], found)
    equal(facts(site, message_id, kind="now"), [("mail", f"mail/reply/new/{name}, {os.path.getsize(os.path.join(site.data, 'mail/reply/new', name))} octets")])


@test
def of_an_address_the_latest_mails_are_told_and_the_older_ones_counted(site):
    """The last of them is named, to be asked for next; what is a secret wherever it stands is none there."""
    postfix = Postfix(site)
    site.user("kate")
    for n in range(30):
        postfix.mail(time.time() - 100 + n, f"AAAAA{n:X}", f"<{n}.token=hunter2hunter2@mail.example.org>", "kate@example.org", "x@example.org")
    postfix.write()
    text = trace(site, "kate@example.org").stdout
    equal(len(re.findall("message-id=", text)), 10, text)
    contains(text, "20 older mails of it are not shown, the last of them:\n  <19.")
    check("hunter2" not in text, text)
    text = trace(site, "--unmasked", "kate@example.org").stdout
    check("hunter2" not in text, text)


@test
def what_was_escaped_once_is_not_escaped_twice(site):
    """The lines of a log, whoever shows them, and the reasons of a gate; what a log should not have is still made visible."""
    Postfix(site).write()
    said = [r'1 -> "RCPT TO:<kate@example.org>\r\n"', r'1 <- "550 no\\such\x07 user\r\n"']
    with open(os.path.join(site.data, "log/notifier.log"), "a") as f:
        f.writelines(time.strftime("[%Y-%m-%dT%H:%M:%S.000 WARN (1) #] ") + line + " of kate@example.org \x1b[31m\u202e\n" for line in said)
    shown = [line + r" of kate@example.org \e[31m\u{202E}" for line in said]
    lines = trace(site, "--unmasked", "kate@example.org").stdout.splitlines()
    lines += site.metroplex("diagnostics", "--offline", "--unmasked").splitlines()
    for line in shown:
        equal([line in found for found in lines].count(True), 2, f"{line} in {lines}")
    site.user("tim"), site.user("kate")
    octets = site.mail("kate@example.org", site.address(site.thread("tim"), "kate"))
    path = os.path.join(site.dir, "mail")
    with open(path, "wb") as f:
        f.write(b"Auto-Submitted: auto-replied; x=a\\b\n" + octets)
    contains(site.metroplex("explain", path), "decides: Auto-Submitted: auto-replied; x=a\\\\b\n")


@test
def what_was_refused_at_once_is_found_by_its_address(site):
    postfix = Postfix(site)
    name, message_id, address = replied(site)
    forged = re.sub("[0-9a-f]{40}", "0" * 40, address)
    postfix.say(time.time(), f"postfix/smtpd[7]: NOQUEUE: reject: RCPT from x[192.0.2.9]: 550 5.1.1 <{forged}>: unknown or forged; "
                f"from=<eve@example.org> to=<{forged}> proto=ESMTP helo=<x>")
    postfix.write()
    found = facts(site, "eve@example.org")
    check(any("NOQUEUE postfix/smtpd: reject: RCPT from x[192.0.2.9]: 550 5.1.1" in text for _, text in found), found)
    check("0" * 40 not in str(found), "the MAC is shown")


@test
def a_refused_mail_leads_to_its_answer(site):
    Postfix(site).write()
    site.set_config("smtp", transport="maildir", maildir=os.path.join(site.data, "sent"))
    site.user("tim"), site.user("kate")
    thread = site.thread("tim", body="Does it start?\n")
    name = site.deliver(site.mail("eve@example.org", site.address(thread, "kate"), message_id="<evil@example.org>"))
    site.run(METROPLEX, "--once")
    waiting = facts(site, "<evil@example.org>", kind="now")
    check(any(place == "queue" and text.startswith("new/answer-") and "not tried yet" in text for place, text in waiting), waiting)
    site.run(NOTIFIER, "--once")
    found = facts(site, "--unmasked", os.path.join(site.data, "incoming-mail/failure", name))
    check(any("failure, sender-mismatch" in text for _, text in found), found)
    check(any(re.search("sent <answer-.* to kate@example.org", text) for place, text in found if place == "notifier.log"), found)


@test
def recipients_who_wait_are_told_with_what_the_server_said(site):
    Postfix(site).write()
    server_dir = os.path.join(site.dir, "server")
    os.mkdir(server_dir)
    server = subprocess.Popen([sys.executable, SERVER, "--dir", server_dir, "--rule", "RCPT tim@ 450 4.2.1 mailbox is busy"],
                              stdout=subprocess.PIPE, text=True)
    try:
        site.set_config("smtp", transport="smtp", address="localhost", tls="none", port=server.stdout.readline().strip())
        site.user("tim"), site.user("kate")
        thread = site.thread("kate", body="Does it start? @tim\n")
        site.run(NOTIFIER, "--once", status=None)
    finally:
        server.kill(), server.wait()
    now = facts(site, "--unmasked", f"{thread}/0", kind="now")
    check(any(place == "queue" and text.startswith("retry/") for place, text in now), now)
    check(any(re.search(r"tim <tim@example.org>, deferred, 1 attempt, next at 2.*: .*4\.2\.1 mailbox is busy", text)
              for place, text in now if place == "recipient"), now)
    now = facts(site, f"{thread}/0", kind="now")
    check(any("tim <" in text and "@***>, deferred" in text for _, text in now) and "tim@example.org" not in str(now), now)


def fake_journal(site, script):
    path = os.path.join(site.dir, "bin/journalctl")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(script)
    os.chmod(path, 0o755)


@test
def without_a_file_the_journal_is_asked(site):
    if os.path.exists("/var/log/mail.log"):
        return # then that is Postfix's log
    postfix = Postfix(site, iso=True)
    with open(os.path.join(postfix.dir, "main.cf"), "w") as f:
        f.write("maillog_file =\n")
    os.utime(f.name, (0, 0))
    name, message_id, address = replied(site)
    postfix.mail(time.time() - 60, "4B2F1A0C3", message_id, "kate@example.org", address)
    postfix.write()
    fake_journal(site, f"#!/bin/sh\necho \"$@\" >{site.dir}/asked\ncat {postfix.log}\n")
    before = os.environ["PATH"]
    os.environ["PATH"] = os.path.join(site.dir, "bin") + ":" + before
    try:
        site.run(METROPLEX, "--once")
        found = facts(site, "kate@example.org")
        check(("mail.log", "4B2F1A0C3 postfix/qmgr: from=<kate@example.org>, size=1000, nrcpt=1 (queue active)") in found, found)
        check(any(place == "outcomes" and "posted" in text for place, text in found), found)
        with open(os.path.join(site.dir, "asked")) as f:
            contains(f.read(), "--output=short-iso-precise --facility=mail")
        fake_journal(site, "#!/bin/sh\n")
        contains(dict(facts(site, message_id, kind="unseen"))["mail.log"], "journalctl has nothing of it")
    finally:
        os.environ["PATH"] = before


@test
def what_cannot_be_seen_is_said(site):
    postfix = Postfix(site)
    name, message_id, address = replied(site)
    site.run(METROPLEX, "--once")
    unseen = dict(facts(site, message_id, kind="unseen"))
    contains(unseen["mail.log"], "No such file or directory")
    os.mkdir(postfix.log)
    os.remove(os.path.join(site.data, "log/metroplex.log"))
    unseen = dict(facts(site, message_id, kind="unseen"))
    contains(unseen["mail.log"], "is not a regular file")
    contains(unseen["metroplex.log"], "No such file or directory")
    os.rmdir(postfix.log)
    postfix.write()
    os.chmod(postfix.log, 0)
    if os.getuid() != 0:
        contains(dict(facts(site, message_id, kind="unseen"))["mail.log"], "Permission denied")
    os.rename(os.path.join(site.data, "tracker.git"), os.path.join(site.data, "away.git"))
    text = trace(site, message_id).stdout
    contains(text, "not seen\n")
    contains(text, "outcomes      success, posted, comment 1")
    check(re.search(r"^  tracker +.*tracker\.git", text, re.M), text)
    done = trace(site, "<nobody@example.org>", status=65)
    contains(done.stderr, "metroplex: nothing is known of <nobody@example.org>")
    done = trace(site, "1/7", status=65)
    check(address not in trace(site, re.sub("[0-9a-f]{40}", "1" * 40, address), status=None).stdout, "a MAC")


@test
def only_a_whole_name_of_a_file_leads_to_a_line(site):
    name, message_id, _ = replied(site)
    site.run(METROPLEX, "--once")
    with open(os.path.join(site.data, "log/metroplex.log"), "a") as f:
        f.write(time.strftime("[%Y-%m-%dT%H:%M:%S.000 INFO (1) #] ") + f"Odd: /x/new/{name}1 and from=<>\n")
    for what in ("", "/", ".", "1/", "0/1", "new", name[:-1], name[1:], "<>"):
        contains(trace(site, what, status=65).stderr, "nothing is known of")
    for what in (name, os.path.join("/elsewhere", name)):
        lines = [text for place, text in facts(site, what) if place == "metroplex.log"]
        check(any("Matched " in t for t in lines) and any("Posted " in t for t in lines) and not any("Odd" in t for t in lines), lines)


@test
def nothing_that_was_written_disturbs_a_terminal(site):
    postfix = Postfix(site)
    site.user("tim"), site.user("kate")
    evil = "<x\x1b[2J\u202e@example.org>"
    thread = site.thread("tim", body="x\n")
    octets = site.mail("kate@example.org", site.address(thread, "kate"), message_id="<PLACE@example.org>")
    site.deliver(octets.replace(b"<PLACE@example.org>", evil.encode()))
    postfix.mail(time.time(), "AAAAA1", evil, "kate@example.org\x1b[31m", "x\u202e@example.org")
    postfix.write()
    site.run(METROPLEX, "--once", status=None)
    for words in (["kate@example.org"], [evil], [evil, "--json"], [site.address(thread, "kate")], ["1/1"]):
        done = trace(site, *words, status=None)
        for bad in ("\x1b", "\u202e"):
            check(bad not in done.stdout.replace("\\u001b", ""), f"{words}: {done.stdout!r}")
            check(bad not in done.stderr, f"{words}: {done.stderr!r}")


def tree(directory):
    return {os.path.join(d, n): (os.stat(os.path.join(d, n)).st_mtime_ns, os.stat(os.path.join(d, n)).st_size)
            for d, _, names in os.walk(directory) for n in [*names, "."]}


@test
def it_changes_nothing(site):
    Postfix(site).write()
    name, message_id, address = replied(site)
    site.run(METROPLEX, "--once")
    before = tree(site.dir)
    for asked in (message_id, "1/1", name, address, "kate@example.org"):
        trace(site, asked, status=None), trace(site, "--json", "--unmasked", asked, status=None)
    equal(tree(site.dir), before)


if __name__ == "__main__":
    if not os.path.exists("/usr/sbin/postconf"):
        leave_out("Postfix is not installed, so that nothing says where its log is", 10)
    main()
