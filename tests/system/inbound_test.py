#!/usr/bin/env python3
"""From a mail in new/ to a comment, or to failure/ with a reason."""
import email.message
import html
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import HOST, METROPLEX, ahead, check, contains, equal, main, path_of_id, test, wait_until  # noqa: E402

OURS = """The index is read twice when the cache is cold, as the trace shows.

```sh
rocket trace --index
```

Any objection to reading it once?
"""


def conversation(site):
    """Two accounts and an issue that tim opened; kate's address for it."""
    site.user("tim")
    site.user("kate", "kate@example.org", "kate@work.example")
    thread = site.thread("tim")
    return thread, site.address(thread, "kate")


@test
def a_reply_is_a_comment_and_its_mail_in_success(site):
    thread, address = conversation(site)
    name = site.deliver(site.mail("kate@example.org", address, "Try the switch.\n\nOn Monday, Tim wrote:\n> It says no.\n", message_id="<abc@mail.example.org>"))
    octets = open(os.path.join(site.data, "mail/reply/new", name), "rb").read()
    site.metroplex("--once")
    equal(site.new, [])
    equal(site.success, [name])
    equal(open(os.path.join(site.data, "incoming-mail/success", name), "rb").read(), octets, "the mail, unchanged")
    comments = site.show(thread)["comments"]
    equal(len(comments), 1)
    comment = comments[0]
    equal((comment["number"], comment["author"], comment["via"], comment["message_id"]), (1, "kate", "mail", "<abc@mail.example.org>"))
    equal(comment["body"].strip(), "Try the switch.")
    contains(comment["elided"], "> It says no.")
    fields = site.outcomes()[0]
    equal(fields[1:7], ["success", "posted", "<abc@mail.example.org>", name, str(thread), "1"])
    check(0 <= float(fields[7]) < 60, fields)
    equal(len(site.events()), 2, "one event for the thread, one for the comment")


@test
def the_log_has_the_three_lines_of_ghes(site):
    thread, address = conversation(site)
    name = site.deliver(site.mail("kate@example.org", address, message_id="<b2b9@me.com>"))
    site.metroplex("--once")
    path = os.path.join(site.data, "mail/reply/new", name)
    stamp = r"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3} "
    lines = site.log().splitlines()
    wanted = [
        stamp + r"INFO \(\d+\) #\] metroplex: processing <b2b9@me\.com>",
        stamp + r"DEBUG \(\d+\) #\] Matched " + re.escape(path),
        stamp + r"DEBUG \(\d+\) #\] Moving " + re.escape(path) + " => " + re.escape(os.path.join(site.data, "incoming-mail/success")),
    ]
    found = [i for pattern in wanted for i, line in enumerate(lines) if re.fullmatch(pattern, line)]
    equal(len(found), 3, lines)
    equal(found, sorted(found), "in this order")


@test
def the_same_mails_again_post_nothing_twice(site):
    thread, address = conversation(site)
    for i in range(10):
        site.deliver(site.mail("kate@example.org", address, f"Answer {i}\n"))
    twin = site.mail("kate@example.org", address, "No id\n")
    twin = re.sub(rb"Message-ID:.*\n", b"", twin)
    site.deliver(twin)
    site.metroplex("--once")
    tip = site.git("rev-parse", "main")
    for again in ("success", "success"):
        for name in site.success:
            path = os.path.join(site.data, "incoming-mail", again, name)
            site.deliver(open(path, "rb").read(), name)
        site.metroplex("--once")
    equal(len(site.show(thread)["comments"]), 11)
    equal(site.git("rev-parse", "main"), tip)
    equal(len(site.success), 11, "a name taken by the same content takes no second one")
    equal(len(site.events()), 12)


@test
def two_equal_mails_of_one_batch_are_one_comment(site):
    thread, address = conversation(site)
    octets = site.mail("kate@example.org", address, "Twice\n")
    other_way = octets.replace(b"Return-Path:", b"Received: by another relay\nReturn-Path:")
    first, second = site.deliver(octets), site.deliver(other_way)
    site.metroplex("--once")
    equal(len(site.show(thread)["comments"]), 1)
    equal(site.success, sorted([first, second]))
    equal(sorted(site.reasons().values()), ["duplicate", "posted"])
    equal(len(site.events()), 2)


@test
def what_a_batch_makes_counts_for_the_next_ones(site):
    """They are looked at while it is written: by what it makes, each reply its own mail's, in batches of any size."""
    thread, address = conversation(site)
    site.metroplex("repository", "set", "acme/rocket", "--member", "kate")
    site.set_config("inbound", batch="16")
    author = site.address(thread, "tim")
    quoted = "On Monday, Kate wrote:\n> Answer 0 of this test, which says enough to be known again.\n"
    mails = [(f"Answer {i} of this test, which says enough to be known again.", "kate@example.org", address) for i in range(15)]
    mails += [("/lock", "kate@example.org", address)]
    mails += [(f"Late answer {i}.\n\n{quoted}" if i % 3 else f"Late answer {i}.", "kate@example.org", address) for i in range(40)]
    octets = [site.mail(sender, to, text + "\n") for text, sender, to in mails]
    octets[20:20] = [site.mail("tim@example.org", author, "I am no member.\n"), octets[3], octets[14]]
    names = [site.deliver(mail) for mail in octets]
    site.metroplex("--once")
    equal(site.new, [])
    reasons = site.reasons()
    equal([reasons[names[i]] for i in (20, 21, 22)], ["locked", "duplicate", "duplicate"])
    equal(sorted(set(reasons.values())), ["commands", "duplicate", "locked", "posted"])
    wanted = [text.split("\n")[0] for text, _, _ in mails if text != "/lock"]
    equal([comment["body"].strip() for comment in site.show(thread)["comments"]], wanted)


def flip(address):
    mac = re.search(r"[0-9a-f]{40}", address).group(0)
    return address.replace(mac, mac[:-1] + ("0" if mac[-1] != "0" else "1"))


@test
def what_is_refused_says_why_and_posts_nothing(site):
    thread, address = conversation(site)
    site.user("eve")
    site.metroplex("user", "set", "eve", "--state", "suspended")
    closed_for_mail = site.thread("tim", repository="acme/quiet")
    site.metroplex("repository", "set", "acme/quiet", "--reply", "off")
    locked = site.thread("tim", repository="acme/locked")
    site.metroplex("thread", "lock", str(locked), "--as", "tim")
    site.set_config("smtp", discard_to_noreply_address="true")
    kate = "kate@example.org"
    cases = {
        "bad-address": site.mail(kate, flip(address)),
        "no-address": site.mail(kate, f"somebody@reply.{HOST}"),
        "sender-mismatch": site.mail("tim@example.org", address),
        "suspended": site.mail("eve@example.org", site.address(thread, "eve")),
        "not-permitted": site.mail(kate, site.address(closed_for_mail, "kate")),
        "locked": site.mail(kate, site.address(locked, "kate")),
        "auto-reply": site.mail(kate, address, headers=[("Auto-Submitted", "auto-replied")]),
        "loop": site.mail(kate, address, message_id=f"<acme/rocket/issues/1/1@{HOST}>"),
        "empty": site.mail(kate, address, "> It says no.\n"),
        "too-long": site.mail(kate, address, "word " * 14000),
        "no-reply-address": site.mail(kate, f"rocket@noreply.{HOST}"),
        "malformed": b"",
        "too-large": b"Subject: x\n" + b"X-A: b\n" * 2000 + b"\n\n",
    }
    names = {site.deliver(octets): reason for reason, octets in cases.items()}
    no_from = site.deliver(re.sub(rb"From:.*\n", b"", site.mail(kate, address)))
    names[no_from] = "sender-mismatch"
    site.metroplex("--once")
    equal(site.reasons(), names)
    equal(site.new, [])
    discarded = [name for name, reason in names.items() if reason == "no-reply-address"]
    equal(site.success, discarded, "discard-to-noreply-address is on")
    equal(site.failure, sorted(set(names) - set(discarded)), "all others in failure/")
    for id in (thread, closed_for_mail, locked):
        equal(site.show(id)["comments"], [])
    check(address.split("-")[2] not in site.log(), "no MAC in the log")


@test
def what_is_odd_but_good_is_posted(site):
    thread, address = conversation(site)
    kate = "kate@example.org"
    good = {
        "second address of the account": site.mail("kate@work.example", address),
        "no Message-ID": re.sub(rb"Message-ID:.*\n", b"", site.mail(kate, address, "No id\n")),
        "upper case": site.mail(kate, address.upper(), "Upper\n"),
        "raw 8-bit header": site.mail(kate, address, "Eight\n").replace(b"Subject: Re: Rocket", b"Subject: R\xe9: \xff"),
        "CRLF": site.mail(kate, address, "Lines\n").replace(b"\n", b"\r\n"),
        "only in Cc": site.mail(kate, "list@example.com", "Cc\n", headers=[("Cc", address)], trace=False),
        "among others": site.mail(kate, f"a@b.example, Somebody <{address}>, c@d.example", "Others\n", trace=False),
        "a forged one below": site.mail(kate, address, "Below\n", headers=[("Delivered-To", flip(address))]),
    }
    for octets in good.values():
        site.deliver(octets)
    site.metroplex("--once")
    equal(sorted(set(site.reasons().values())), ["posted"], site.outcomes())
    equal(len(site.show(thread)["comments"]), len(good))


@test
def the_token_alone_decides_where_the_operator_says_so(site):
    thread, address = conversation(site)
    site.set_config("address", identity="token")
    site.deliver(site.mail("elsewhere@example.net", address))
    site.metroplex("--once")
    equal(list(site.reasons().values()), ["posted"])
    equal(site.show(thread)["comments"][0]["author"], "kate")


@test
def what_is_no_file_is_reported_and_left(site):
    thread, address = conversation(site)
    new = os.path.join(site.data, "mail/reply/new")
    os.mkdir(os.path.join(new, "directory"))
    os.mkfifo(os.path.join(new, "fifo"))
    os.symlink("/etc/passwd", os.path.join(new, "link"))
    site.deliver(site.mail("kate@example.org", address))
    site.metroplex("--once")
    equal(site.new, ["directory", "fifo", "link"])
    for name in site.new:
        contains(site.log(), f"Left alone {new}/{name}: not a regular file")
    equal(len(site.success), 1)


@test
def a_dry_run_tells_and_changes_nothing(site):
    thread, address = conversation(site)
    good = site.deliver(site.mail("kate@example.org", address))
    bad = site.deliver(site.mail("kate@example.org", flip(address)))
    before = site.git("rev-parse", "main"), site.new, site.events()
    shutil.rmtree(os.path.join(site.data, "log"))  # it needs none
    told = site.run(METROPLEX, "--once", "--dry-run").stderr
    contains(told, f"Would be: Posted {site.data}/mail/reply/new/{good}: thread {thread}, by kate\n")
    contains(told, f"Would be: Refused {site.data}/mail/reply/new/{bad}: bad-address")
    equal((site.git("rev-parse", "main"), site.new, site.events()), before)
    equal((site.outcomes(), site.log()), ([], ""))
    site.set_config("smtp", enabled="false")
    contains(site.run(METROPLEX, "--once", "--dry-run").stderr, "mail is left in new/")


@test
def a_given_file_is_processed_again(site):
    thread, address = conversation(site)
    site.metroplex("user", "set", "kate", "--state", "suspended")
    name = site.deliver(site.mail("kate@example.org", address))
    site.metroplex("--once")
    equal(site.failure, [name])
    path = os.path.join(site.data, "incoming-mail/failure", name)
    site.metroplex("--once", path, status=65)
    equal(site.failure, [name])
    site.metroplex("user", "set", "kate", "--state", "active")
    site.metroplex("--once", path)
    equal((site.failure, site.success), ([], [name]))
    equal(len(site.show(thread)["comments"]), 1)
    elsewhere = os.path.join(site.dir, "saved.eml")
    with open(elsewhere, "wb") as f:
        f.write(site.mail("kate@example.org", address, "From a file\n"))
    site.metroplex("--once", elsewhere)
    check(os.path.exists(elsewhere), "a file from elsewhere is left where it is")
    equal(len(site.show(thread)["comments"]), 2)
    site.metroplex("--once", os.path.join(site.dir, "absent.eml"), status=65)


@test
def what_one_given_file_found_broken_stops_the_next_as_well(site):
    """They are of one run, which goes on: nothing that it opened halfway is taken for open."""
    thread, address = conversation(site)
    site.set_config("inbound", on_comment="/bin/true")
    shutil.rmtree(os.path.join(site.data, "hook"), ignore_errors=True)
    names = sorted(site.deliver(site.mail("kate@example.org", address, f"Number {i}\n")) for i in range(2))
    paths = [os.path.join(site.data, "mail/reply/new", name) for name in names]
    for broken in ("tracker.git", "accounts.git", "outbox", "hook"):
        place, aside = os.path.join(site.data, broken), os.path.join(site.dir, "aside")
        if os.path.exists(place):
            os.rename(place, aside)
        if broken == "hook":
            open(place, "w").close()
        contains(site.run(METROPLEX, "--once", *paths, status=78).stderr, place)
        equal(site.new, names, broken)
        if broken == "hook":
            os.remove(place)
        if os.path.exists(aside):
            os.rename(aside, place)
    equal(len(site.show(thread)["comments"]), 0)
    site.metroplex("--once")
    equal((site.new, len(site.show(thread)["comments"])), ([], 2))


@test
def unsubscribing_by_mail_mutes_the_thread(site):
    thread, _ = conversation(site)
    site.metroplex("thread", "subscribe", str(thread), "kate")
    site.deliver(site.mail("kate@example.org", site.address(thread, "kate", "--purpose", "unsub"), "unsubscribe\n"))
    site.metroplex("--once")
    equal(list(site.reasons().values()), ["unsubscribed"])
    equal({s["login"]: s["reason"] for s in site.show(thread)["subscribers"]}["kate"], "muted")
    equal(site.show(thread)["comments"], [])


@test
def a_bounce_and_the_self_test_post_nothing(site):
    thread, _ = conversation(site)
    site.deliver(site.mail("mailer-daemon@example.org", site.address(thread, "kate", "--purpose", "bounce"), "550 no\n"))
    site.deliver(site.mail("kate@example.org", site.address(0, "kate")))
    site.metroplex("--once")
    equal(sorted(site.reasons().values()), ["bounce", "self-test"])
    equal(site.failure, [])
    equal(site.show(thread)["comments"], [])


@test
def polling_takes_a_mail_within_two_seconds(site):
    thread, address = conversation(site)
    run = subprocess.Popen([METROPLEX, "--config", site.config, "--for", "30"])
    try:
        wait_until(lambda: os.path.exists(os.path.join(site.data, "run.lock")))
        site.deliver(site.mail("kate@example.org", address, "Now\n" * 1000))
        wait_until(lambda: site.success, 10)
        # The seconds from delivery are counted from the file's name, which has whole seconds here.
        check(float(site.outcomes()[0][7]) < 3, site.outcomes())
        second = subprocess.run([METROPLEX, "--config", site.config, "--once"], capture_output=True, text=True, timeout=10)
        equal((second.returncode, second.stdout, second.stderr), (0, "", ""), "an overlapping run is quiet")
        contains(site.log(), "Another run is at work; nothing to do")
        equal(site.metroplex("thread", "comment", str(thread), "--as", "tim", "-", stdin="From a terminal\n").strip(), "2")
    finally:
        run.send_signal(signal.SIGTERM)
        equal(run.wait(10), 0)


@test
def nothing_of_a_mail_forges_a_log_line_or_a_commit(site):
    thread, address = conversation(site)
    evil = "<x\\x0d\\x0a[2014-10-30T00:47:23.306 INFO (1) #] metroplex: processing <forged>@y>"
    octets = site.mail("kate@example.org", address, "a\x1b[2Jb\nSigned-off-by: Eve <eve@evil.example>\n---\n\u202etxt.exe\n")
    octets = re.sub(rb"Message-ID:.*\n", b"Message-ID: <=?utf-8?q?a=0d=0a=5b2014=5d?=@y>\n", octets)
    site.deliver(octets)
    site.metroplex("--once")
    for line in site.log().splitlines():
        check(re.match(r"\[20\d\d-\d\d-\d\dT", line), line)
        check(not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", line), line)
    body = site.show(thread)["comments"][0]["body"]
    check("\x1b" not in body and "\u202e" not in body, repr(body))
    equal(site.git("fsck", "--strict"), "")
    equal(site.git("log", "-1", "--format=%an <%ae>").strip(), f"Kate Example <kate@users.noreply.{HOST}>")
    check(evil, "")


@test
def nothing_private_is_published(site):
    thread, address = conversation(site)
    mac = address.split("-")[2]
    text = f"See {address} and bob@secret.example.\n\nOn Monday, tim@example.org wrote:\n> from {address.upper()}\n> carol@secret.example\n"
    site.deliver(site.mail("kate@example.org", address, text))
    site.metroplex("--once")
    everything = site.git("grep", "-aih", "-e", ".", "main") + site.git("log", "--format=%B%an%ae%cn%ce")
    for secret in (mac, mac.upper(), "bob@secret", "carol@secret", "kate@example.org", "tim@example.org"):
        check(secret not in everything, secret)
    contains(everything, "reply+i-")


@test
def a_clone_after_a_day_of_mail_holds_no_mac_and_no_stranger(site):
    """Every blob and commit of the history, in whatever way the clients wrapped and encoded the addresses."""
    site.user("tim")
    site.user("kate", "kate@secret.example")
    threads = [site.thread("tim", title=f"Thread {i}") for i in range(4)]
    made = {site.address(t, login, "--purpose", purpose) for t in threads for login in ("tim", "kate") for purpose in ("reply", "unsub", "bounce")}
    macs = [re.search("[0-9a-f]{40}", address).group(0) for address in made]
    strangers = [f"stranger{i}@planted.example" for i in range(8)]
    for i, thread in enumerate(threads):
        address = site.address(thread, "kate")
        encoded = address.replace("+", "%2B").replace("@", "%40")
        texts = [
            f"Plain {i}\n\nOn Monday, {strangers[0]} wrote:\n> Reply-To: {address}\n> {strangers[1]}\n",
            f"Top {i}\n\nFrom: Tim <{strangers[2]}>\nSent: Monday\nTo: <{address.upper()}>\nSubject: x\n\nold text of {strangers[3]}\n",
            f"Link {i}: https://x.example/?to={encoded} and mailto:{address}?subject=x, <{strangers[4]}>.\n",
            f"Odd {i}: ({address}),[{address}]\u00a0{strangers[5]};{strangers[6]}\n\n-- \nKate <{strangers[7]}>\n",
        ]
        for n, text in enumerate(texts):
            for way in ("plain", "html", "qp", "base64"):
                message = email.message.EmailMessage()
                message["From"], message["To"], message["Subject"] = "kate@secret.example", address, f"Re: {address}"
                message["Cc"] = strangers[n]
                message["References"] = f"<{macs[0]}@x> <{address}>"
                message["Message-ID"] = f"<{way}.{n}.{i}.{address}>" if n == 3 else f"<{way}.{n}.{i}@mail.example>"
                text_of_way = f"{way}: {text}"
                if way == "html":
                    link = f'<a href="mailto:{address}?cc={strangers[0]}">write</a>'
                    message.set_content(f"<p>{html.escape(text_of_way)}</p>{link}".replace("\n", "<br>\n"), subtype="html", cte="quoted-printable")
                else:
                    message.set_content(text_of_way, cte={"plain": "8bit", "qp": "quoted-printable", "base64": "base64"}[way])
                site.deliver(f"Delivered-To: {address}\n".encode() + bytes(message))
    site.metroplex("--once")
    reasons = list(site.reasons().values())
    check(reasons.count("posted") >= 48, reasons)
    clone = os.path.join(site.dir, "clone.git")
    site.git("clone", "-q", "--bare", os.path.join(site.data, "tracker.git"), clone)
    found = subprocess.run("git rev-list --objects --all | cut -d' ' -f1 | git cat-file --batch | tr A-Z a-z", shell=True, cwd=clone,
                           capture_output=True, check=True).stdout.decode(errors="replace")
    check(len(found) > 10000, "the history was read")
    for secret in [*macs, *strangers, "kate@secret.example"]:
        at = found.find(secret)
        check(at < 0, f"{secret} in: {found[max(0, at - 80):at + 80]!r}")


@test
def the_digits_of_the_address_are_masked_however_they_are_written(site):
    thread, address = conversation(site)
    user, mac = address.split("@")[0], re.search("[0-9a-f]{40}", address).group(0)
    ways = [mac, mac.upper(), f"x{mac}x", mac[:20] + "\n" + mac[20:], f"a {mac[:39]}\n> {mac[39:]} b", user.replace("-", "%2D"),
            user.replace("-", "=2D"), user.replace("-", "\\-"), user.replace(f"{mac}-", f"{mac}\n-"), f"`{user}`", f"```\n{mac}\n```",
            f"https://x.example/{mac[:9]}\u200b{mac[9:]}/"]
    for i, way in enumerate(ways):
        message = email.message.EmailMessage()
        message["From"], message["To"], message["Subject"] = "kate@example.org", address, f"Re: {mac}"
        message["Message-ID"] = f"<{i}.{mac}@mail.example>"
        message.set_content(f"{way}\n\nsee {i}\n\n-- \n{way}\n", cte="8bit")
        message.add_attachment(f"{mac} and {user}\n".encode(), maintype="text", subtype="plain", filename="log.txt")
        message.add_attachment(b"\0" + mac.encode() + b"\0", maintype="application", subtype="octet-stream", filename=f"{mac} of bob@secret.example.bin")
        site.deliver(f"Delivered-To: {address}\n".encode() + bytes(message))
    site.metroplex("--once")
    equal(list(site.reasons().values()), ["posted"] * len(ways))
    found = subprocess.run("git rev-list --objects --all | cut -d' ' -f1 | git cat-file --batch | tr A-Z a-z | tr -d '\\n> =' ", shell=True,
                           cwd=os.path.join(site.data, "tracker.git"), capture_output=True, check=True).stdout.decode(errors="replace")
    check(f"\0{'*' * 40}\0" in found, "the digits in the file are stars")
    check("see11" in found, "the history was read")
    for part in (mac, mac[:20], mac[20:], "bob@secret"):
        at = found.find(part)
        check(at < 0, f"{part} in: {found[max(0, at - 80):at + 80]!r}")


@test
def a_receipt_in_plain_text_is_an_automatic_reply(site):
    _, address = conversation(site)
    receipt = "Your message\n\n  To: Kate\n  Subject: Rocket\n  Sent: Saturday\n\nwas read on Saturday.\n"
    site.deliver(site.mail("kate@example.org", address, receipt, subject="Read: Rocket"))
    site.deliver(site.mail("kate@example.org", address, "It works.\n", subject="Read: the manual"))
    site.metroplex("--once")
    equal(sorted(site.reasons().values()), ["auto-reply", "posted"])


@test
def a_temporary_failure_leaves_the_mail_for_the_next_run(site):
    thread, address = conversation(site)
    name = site.deliver(site.mail("kate@example.org", address))
    lock = os.path.join(site.data, "tracker.git/refs/heads/main.lock")
    holder = subprocess.Popen(["sh", "-c", f'while :; do echo >"{lock}"; sleep 0.5; done'])
    try:
        wait_until(lambda: os.path.exists(lock))
        site.metroplex("--once", status=75)
        equal((site.new, site.success, site.events()), ([name], [], site.events()))
        contains(site.log(), "stays locked by another program")
    finally:
        holder.kill()
        holder.wait()
    os.utime(lock, (time.time() - 60,) * 2)
    site.metroplex("--once")
    equal(site.success, [name])
    equal(len(site.show(thread)["comments"]), 1)


def push_damage(site, damage):
    """Spoils a file of each thread as whoever may push can; the clone it was done in."""
    work = os.path.join(site.dir, "work")
    site.git("clone", "-q", os.path.join(site.data, "tracker.git"), work)
    for thread, (name, text) in damage.items():
        with open(os.path.join(work, f"threads/{path_of_id(thread)}", name), "w") as f:
            f.write(text)
    subprocess.run("git -c user.name=a -c user.email=a@b.c commit -qam Damage && git push -q origin main",
                   shell=True, cwd=work, check=True)
    return work


@test
def a_reply_reads_one_page_of_ten_thousand_subscribers(site):
    """What no reply needs is damaged: whoever reads it stops. Of what there is, one page is written anew."""
    thread, address = conversation(site)
    site.user("mia")
    pages = {f"{n:03}": "no line\n" for n in range(1000)}
    pages |= {f"{own:03}": "".join(f"{n} manual\n" for n in range(own, 50000, 1000) if n != 3) for own in (1, 2, 3)}
    files = "".join(f"M 100644 inline threads/000/0/0/0/0/1/subscribers/{page[2]}/{page[1:]}/{page}\ndata {len(text)}\n{text}\n"
                    for page, text in pages.items())
    stream = f"commit refs/heads/main\ncommitter a <a@b.c> 1700000000 +0000\ndata 4\nMany\nfrom refs/heads/main^0\n{files}"
    subprocess.run(["git", "-C", os.path.join(site.data, "tracker.git"), "fast-import", "--quiet"], input=stream.encode(), check=True)
    for who in ("kate", "mia"):
        site.deliver(site.mail(f"{who}@example.org", site.address(thread, who), f"That is what {who} says to @tim.\n"))
    site.metroplex("--once")
    equal(list(site.reasons().values()), ["posted", "posted"], site.log())
    names = site.git("diff", "--name-only", "main~2", "main", "--", "threads/000/0/0/0/0/1/subscribers").split()
    equal(names, ["threads/000/0/0/0/0/1/subscribers/3/03/003"])
    equal(site.git("show", f"main:{names[0]}").split("\n")[:2], ["3 comment", "1003 manual"])


@test
def a_damaged_thread_costs_nobody_else_an_answer(site):
    """The batch is begun again without the mail that cannot be written."""
    thread, address = conversation(site)
    bad = site.thread("tim", title="Bad")
    unsubscribe = site.address(bad, "kate", "--purpose", "unsub")
    push_damage(site, {bad: ("subscribers", "kate wants all\n")})
    name = site.deliver(site.mail("kate@example.org", address, "> only a quote\n"))
    stays = site.deliver(site.mail("kate@example.org", unsubscribe, "unsubscribe\n"))
    site.metroplex("--once", status=78)
    equal((site.failure, site.new, site.listed("outbox/tmp")), ([name], [stays], []))
    equal((len(site.answer_events()), site.log().count("Answered")), (1, 1))


@test
def a_damaged_thread_stops_only_its_own_mails(site):
    good, address = conversation(site)
    bad = [site.thread("tim", title=f"Bad {i}") for i in range(3)]
    addresses = [site.address(thread, "kate") for thread in bad]
    damage = {bad[0]: ("thread", "[thread]\nkind=issue\n"), bad[1]: ("subscribers", "kate wants all\n"),
              bad[2]: ("comments/0/mail", "no facts\n")}
    work = push_damage(site, damage)
    stay = [site.deliver(site.mail("kate@example.org", to, headers=[("In-Reply-To", f"<acme/rocket/issues/{thread}@{HOST}>")]))
            for thread, to in zip(bad, addresses)]
    name = site.deliver(site.mail("kate@example.org", address))
    site.metroplex("--once", status=78)
    equal((site.new, site.success), (stay, [name]))
    equal(len(site.show(good)["comments"]), 1)
    for thread, (file, _) in damage.items():
        contains(site.log(), f"threads/{path_of_id(thread)}/{file}")
    subprocess.run("git pull -q --rebase=false origin main && "
                   "git -c user.name=a -c user.email=a@b.c revert --no-edit ':/^Damage' >/dev/null && git push -q origin main",
                   shell=True, cwd=work, check=True)
    site.metroplex("--once")
    equal(site.new, [])


@test
def a_name_taken_by_other_content_gets_a_suffix(site):
    thread, address = conversation(site)
    name = site.deliver(site.mail("kate@example.org", address, "One\n"))
    site.metroplex("--once")
    site.deliver(site.mail("kate@example.org", address, "Two\n"), name)
    site.metroplex("--once")
    equal(site.success, [name, name + ".1"])
    equal(len(site.show(thread)["comments"]), 2)


@test
def a_secret_that_others_can_read_stops_the_run_before_any_mail(site):
    thread, address = conversation(site)
    name = site.deliver(site.mail("kate@example.org", address))
    keys = os.path.join(site.dir, "etc/address-keys")
    os.chmod(keys, 0o644)
    told = site.run(METROPLEX, "--once", status=78).stderr
    contains(told, keys)
    contains(told, "0644")
    equal(site.new, [name])
    check(stat.S_IMODE(os.stat(keys).st_mode) == 0o644, "nothing is changed behind the operator's back")


@test
def a_bad_configuration_names_file_group_and_key(site):
    for group, key, value, says in (("smtp", "port", "smpt", "not a number"), ("smtp", "tls", "maybe", "none of"),
                                    ("instance", "colour", "red", "unknown key"), ("inbound", "batch", "0", "not a number")):
        saved = open(site.config).read()
        site.set_config(group, **{key: value})
        told = site.run(METROPLEX, "--once", status=78).stderr
        for part in (site.config, f"[{group}]", key, says):
            contains(told, part)
        with open(site.config, "w") as f:
            f.write(saved)


@test
def a_quote_is_known_without_in_reply_to(site):
    thread, address = conversation(site)
    site.metroplex("thread", "comment", str(thread), "--as", "tim", "-", stdin=OURS)
    text = "None here.\n\ntim hat am 26.11.2026 11:03 CET geschrieben:\n\n" + OURS
    site.deliver(site.mail("kate@example.org", address, text))
    site.metroplex("--once")
    equal(site.show(thread)["comments"][-1]["body"].strip(), "None here.")


@test
def a_quote_of_something_older_is_a_quote_without_in_reply_to_too(site):
    thread, address = conversation(site)
    for i in range(6):
        site.metroplex("thread", "comment", str(thread), "--as", "tim", "-", stdin=f"Remark number {i} of six, which says nothing else.\n")
    head = "On Mon, 17 Nov 2025 at 9:12, Tim Lake <noreply@git.example.org> wrote:\n"
    for text in (f"Older.\n\n{head}> Has anybody ever measured the pressure in the second tank?\n",
                 f"Older.\n\n{head}> Remark number 0 of six, which says nothing else.\n"):
        site.deliver(site.mail("kate@example.org", address, text))
        site.metroplex("--once")
        equal(site.show(thread)["comments"][-1]["body"].strip(), "Older.", text)


@test
def a_reaction_is_no_comment_and_the_log_names_it(site):
    thread, address = conversation(site)
    for text in ("\N{THUMBS UP SIGN} Kate Example reacted to your message:\n",
                 "\N{THUMBS UP SIGN}\n\nKate Example reacted via Gmail\n<https://www.google.com/gmail/about/>\n\n"
                 "On Mon, Nov 17, 2025 at 9:12 AM Tim <noreply@git.example.org> wrote:\n\n> Does it?\n"):
        site.deliver(site.mail("kate@example.org", address, text))
    site.metroplex("--once")
    equal(site.show(thread)["comments"], [])
    equal([fields[2] for fields in site.outcomes()], ["reaction", "reaction"])
    contains(site.log(), "reaction")


@test
def what_a_power_cut_left_of_the_outcomes_is_cut_off(site):
    site.user("tim")
    site.user("kate")
    address = site.address(site.thread("tim"), "kate")
    path = site.outcomes_file()
    line = "2026-01-02T03:04:05.678Z\tfailure\tmalformed\t-\t1.V1.mx\t-\t-\t0.125\n"
    tails = ["", line[:40], line[:-1], line[24:], "\0" * 5000, line[:30] + "\0" * 50, "\0" * 50 + line[30:] + line,
             "\x81\n\x92\t\n\n", line[:30] + line, "x" * 200000, line[:50] + "\n" + "y\n" * 70000]
    for tail in tails:
        with open(path, "w") as f:
            f.write(line * 3 + tail)
        name = site.deliver(site.mail("kate@example.org", address, f"Answer {len(tail)}.\n"))
        site.metroplex("--once")
        with open(path) as f:
            found = f.read()
        check(found.startswith(line * 3), f"{tail[:60]!r}: older lines are gone: {found[:200]!r}")
        rest = found[len(line) * 3:].splitlines()
        equal([r.split("\t")[1:5:3] for r in rest], [["success", name]], f"{tail[:60]!r}")
    with open(path, "w") as f:  # nothing to mend: nothing is cut
        f.write(line * 5000)
    site.deliver(site.mail("kate@example.org", address, "The last.\n"))
    site.metroplex("--once")
    equal(len(site.outcomes()), 5001)


def in_days(site, days, *args):
    """A run, or a command, with a clock that is so far ahead."""
    done = subprocess.run([METROPLEX, *args, "--config", site.config], env=dict(os.environ, LD_PRELOAD=ahead(), AHEAD=str(days)),
                          capture_output=True, text=True)
    equal(done.returncode, 0, done.stderr)
    return done.stdout


@test
def each_month_has_a_file_of_outcomes(site):
    """Also where the clock is set back, and where a month ended in a power cut."""
    _, address = conversation(site)
    this, other, torn = site.outcomes_file(), site.outcomes_file(time.time() + 40 * 86400), "2026-11-29T23:59:59.9"

    def mail(days):
        name = site.deliver(site.mail("kate@example.org", address))
        in_days(site, days, "--once")
        return name

    def lines():
        return [[line.split("\t")[4:5] for line in open(path)] if os.path.isfile(path) else [] for path in (this, other)]

    first = mail(0)
    with open(this, "a") as f:
        f.write(torn)
    second = mail(40)
    equal(lines(), [[[first]], [[second]]], "what was torn is cut off, though it stands in another month")
    third = mail(0)
    equal(lines(), [[[first], [third]], [[second]]])
    with open(other, "a") as f:
        f.write(torn)
    fourth = mail(0)
    equal(lines(), [[[first], [third], [fourth]], [[second], []]])
    fifth = mail(40)
    equal(lines(), [[[first], [third], [fourth]], [[second], [fifth]]])
    text = site.metroplex("trace", second)
    contains(text, "outcomes      success, posted, comment 2 of thread 1")
    os.unlink(other)
    os.mkdir(other)
    sixth = mail(0)
    equal(lines()[0][-1], [sixth])


@test
def nothing_reads_the_months_that_cannot_have_it(site):
    """They are directories here, which nobody can read."""
    _, address = conversation(site)
    site.deliver(site.mail("kate@example.org", address, "The first.\n"))
    site.metroplex("--once")  # looks at the month before, which may end in a power cut
    for month in ("2001-01", "2025-12"):
        os.mkdir(os.path.join(site.data, f"incoming-mail/outcomes-{month}.tsv"))
    good, bad = site.deliver(site.mail("kate@example.org", address)), site.deliver(site.mail("eve@example.org", address))
    site.metroplex("--once")
    check(good in site.success and site.failure == [bad], site.log())
    for command in (["failure", "list"], ["failure", "show", bad], ["diagnostics", "--offline"]):
        done = site.run(METROPLEX, *command)
        contains(done.stdout, "sender-mismatch")
        check("outcomes-" not in done.stderr, done.stderr)
    for file in (good, "1/2"):
        text = site.metroplex("trace", file)
        contains(text, "outcomes      success, posted, comment 2 of thread 1")
        contains(text, "outcomes      incoming-mail/outcomes-2001-01.tsv: cannot read it: Is a directory")  # for its Message-ID
    check("outcomes-" not in site.log(), site.log())
    now = time.strftime("incoming-mail/outcomes-%Y-%m.tsv", time.gmtime())
    os.rename(os.path.join(site.data, now), os.path.join(site.data, now) + ".away")
    os.mkdir(os.path.join(site.data, now))
    done = site.run(METROPLEX, "failure", "list")
    contains(done.stdout, bad)  # though nobody knows why it is there
    contains(done.stderr, f"reasons are missing: {now}: cannot read it: Is a directory")


# --- Numbers that come again


def tip(site, repository="tracker.git"):
    return site.git("rev-parse", "refs/heads/main", repository=repository).strip()


def set_back(site, to, repository="tracker.git"):
    site.git("update-ref", "refs/heads/main", to, repository=repository)


PURPOSES = ("reply", "unsub", "bounce")


def asked(site, recipient):
    """What `metroplex policy` says of a recipient."""
    request = f"request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\nrecipient={recipient}\nsender=x@y.example\n\n"
    return site.metroplex("policy", stdin=request).strip()


def replay(site, addresses):
    """The reasons of a mail of kate's to each, in their order."""
    names = [site.deliver(site.mail("kate@example.org", a, f"Answer {a}\n")) for a in addresses]
    site.metroplex("--once")
    return [site.reasons()[n] for n in names]


@test
def an_address_of_a_thread_that_was_lost_is_none_of_the_one_that_has_its_number_now(site):
    for login in ("tim", "kate"):
        site.user(login)
    before = tip(site)
    thread = site.thread("tim", title="Lost")
    old = [site.address(thread, "kate", "--purpose", p) for p in PURPOSES]
    equal(replay(site, old[:1]), ["posted"])
    site.notifier("--once")
    ids = {m["Message-ID"] for m in site.sent()}
    set_back(site, before)
    equal(replay(site, old[:1]), ["no-thread"], "gone, and nothing in its place")
    equal(site.thread("tim", repository="acme/private", title="Another"), thread, "the number comes again")
    for address in old:
        equal(asked(site, address), "action=550 5.1.1 unknown or forged reply address")
        contains(site.run(METROPLEX, "address", "--verify", address, status=65).stderr, "before the tracker was set back")
    equal(replay(site, old), ["bad-address"] * 3)
    equal(site.show(thread)["comments"], [])
    equal([s["reason"] for s in site.show(thread)["subscribers"]], ["author"], "nobody was muted")
    now = [site.address(thread, "kate", "--purpose", p) for p in PURPOSES]
    check(not set(old) & set(now), "one address for both")
    for address in now:
        equal(asked(site, address), "action=DUNNO")
        contains(site.metroplex("address", "--verify", address), "valid")
    equal(replay(site, now[:1]), ["posted"])
    site.notifier("--once")
    ids_now = {m["Message-ID"] for m in site.sent() if m["Auto-Submitted"] != "auto-replied"} - ids
    equal((len(ids), len(ids_now)), (2, 2), "an opening and a comment each, and no Message-ID twice")
    for m in site.sent():
        check(m["In-Reply-To"] is None or m["Auto-Submitted"] == "auto-replied" or m["In-Reply-To"] in ids | ids_now, f"{m['In-Reply-To']} was not sent")


@test
def a_comment_that_has_a_lost_ones_number_has_another_message_id(site):
    for login in ("tim", "kate"):
        site.user(login)
    thread = site.thread("tim")
    address = site.address(thread, "kate")
    before = tip(site)
    for text in ("One", "Two"):
        site.deliver(site.mail("kate@example.org", address, text + "\n"))
        site.metroplex("--once")
        site.notifier("--once")
        equal([c["number"] for c in site.show(thread)["comments"]], [1])
        exported = json.loads(site.metroplex("thread", "export", str(thread)))["comments"][-1]["id"]
        check(exported in {m["Message-ID"] for m in site.sent()}, f"the export names it otherwise: {exported}")
        contains(site.metroplex("thread", "export", str(thread), "--format", "mbox"), f"Message-ID: {exported}")
        set_back(site, before)
    comments = {m["Message-ID"] for m in site.sent() if m["X-GitHub-Sender"] == "kate"}
    equal((len(comments), {m["References"] for m in site.sent() if m["X-GitHub-Sender"] == "kate"} <= {m["Message-ID"] for m in site.sent()}), (2, True))


@test
def an_address_of_a_lost_account_is_none_of_the_one_that_has_its_id_now(site):
    site.user("tim")
    thread = site.thread("tim")
    before = tip(site, "accounts.git")
    eve = site.user("eve", "eve@example.org", "kate@example.org")
    old = [site.address(t, "eve", "--purpose", p) for p in PURPOSES for t in (thread, 0)]
    set_back(site, before, "accounts.git")
    equal(site.user("kate"), eve, "the id comes again")
    equal(replay(site, old), ["bad-address"] * 6)
    for address in old:
        equal(asked(site, address), "action=550 5.1.1 unknown or forged reply address")
    contains(site.run(METROPLEX, "address", "--verify", old[0], status=65).stderr, "its signature is wrong")
    equal(replay(site, [site.address(0, "kate"), site.address(thread, "kate")]), ["self-test", "posted"])


@test
def what_was_revoked_stays_so_when_that_was_set_back_and_done_again(site):
    for login in ("tim", "kate"):
        site.user(login)
    thread = site.thread("tim")
    before = tip(site, "accounts.git")
    first = site.address(thread, "kate")
    site.metroplex("user", "revoke", "kate")
    second = site.address(thread, "kate")
    contains(site.run(METROPLEX, "address", "--verify", first, status=65).stderr, "revoked: it was good until")
    set_back(site, before, "accounts.git")
    site.metroplex("user", "revoke", "kate")
    equal(replay(site, [first, second]), ["bad-address"] * 2)
    for _ in range(20):
        site.metroplex("user", "revoke", "kate")
    site.metroplex("fsck")
    equal(site.git("show", "main:users/000/0/0/0/0/2", repository="accounts.git").split("revoked=")[1].split("\n")[0].count(";"), 16)


@test
def a_thread_without_its_nonce_is_a_fault_that_names_the_line(site):
    site.user("tim")
    thread = site.thread("tim")
    work = os.path.join(site.dir, "work")
    for change in ("/^nonce=/d", "s/^nonce=.*/nonce=0123/", "s/^nonce=.*/nonce=0123456789ABCDEF/"):
        site.git("clone", "-q", os.path.join(site.data, "tracker.git"), work)
        subprocess.run(f"sed -i '{change}' threads/{path_of_id(thread)}/thread && git -c user.name=a -c user.email=a@b.c commit -qam x && git push -q origin HEAD:main",
                       shell=True, cwd=work, check=True)
        fault = site.metroplex("fsck", status=65)
        contains(fault, "[thread] nonce")
        subprocess.run("git -c user.name=a -c user.email=a@b.c revert --no-edit HEAD >/dev/null && git push -q origin HEAD:main", shell=True, cwd=work, check=True)
        shutil.rmtree(work)


def small_program(site):
    """metroplex in a prefix of its own, where what it becomes only says its name and arguments."""
    prefix = os.path.join(site.dir, "prefix")
    inner = os.path.join(prefix, "libexec/metroplex")
    os.makedirs(os.path.join(prefix, "bin")), os.makedirs(inner)
    shutil.copy2(METROPLEX, os.path.join(prefix, "bin/metroplex"))
    for name in ("metroplex-run", "metroplex-commands"):
        with open(os.path.join(inner, name), "w") as f:
            f.write('#!/bin/sh\necho "${0##*/} $*"\n')
        os.chmod(os.path.join(inner, name), 0o755)
    os.chmod(site.dir, 0o755)
    return os.path.join(prefix, "bin/metroplex")


def said(program, *words, status=0):
    done = subprocess.run([program, *words], capture_output=True, text=True, timeout=60)
    equal(done.returncode, status, done.stderr)
    return done.stdout + done.stderr


@test
def a_run_with_nothing_to_do_loads_next_to_nothing_and_is_noted(site):
    program = small_program(site)
    libraries = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    check(len(libraries.splitlines()) < 10, libraries)
    once = ("--config", site.config, "--once")
    site.metroplex("--once")
    noted = os.path.join(site.data, "ledger/metroplex.run")
    os.unlink(noted)
    equal(said(program, *once), "")
    check(os.path.getsize(noted) > 0, "the run is noted")
    equal(said(program, "--once", f"--config={site.config}"), f"metroplex-run --once --config={site.config}\n", "how it is not known")
    for words in (("--for", "1"), ("--once", "--dry-run"), ("--once", "FILE"), ("--bogus",), ("--once", "--help"), ()):
        equal(said(program, *words), f"metroplex-run {' '.join(words)}\n")
    for words in (("thread", "list"), ("--help",), ("help",), ("-h",), ("--version",), ("--json", "thread", "list"), ("--config", "F", "check")):
        equal(said(program, *words), " ".join(("metroplex-commands", *words)) + "\n")
    os.unlink(os.path.join(site.dir, "prefix/libexec/metroplex/metroplex-run"))
    contains(said(program, "--for", "1", status=72), "metroplex: cannot execute ")


@test
def whatever_a_run_has_to_do_is_seen_before_it_begins(site):
    site.user("kate")
    thread = site.thread("kate")
    program, once = small_program(site), ("--config", site.config, "--once")
    runs = "metroplex-run " + " ".join(once) + "\n"

    def path(name):
        return os.path.join(site.data, name)

    def make(name, old=False):
        os.makedirs(os.path.dirname(path(name)), exist_ok=True)
        with open(path(name), "w") as f:
            f.write("x")
        if old:
            os.utime(path(name), (time.time() - 100000,) * 2)

    site.metroplex("--once")
    equal(said(program, *once), "", "nothing to do")
    for name, old in (("mail/reply/new/1.a", False), ("incoming-mail/held/1.a", False), ("outbox/tmp/x", False), ("purge", False),
                      ("tracker.git/refs/heads/main.lock", True), ("accounts.git/objects/pack/tmp_pack_x", True), ("tracker.git/HEAD.lock", True),
                      ("tracker.git/objects/tmp_object_git2_x", True), ("tracker.git/objects/pack/pack-x.pack", True),
                      ("tracker.git/objects/pack/pack-x.rev", True)):
        make(name, old)
        equal(said(program, *once), runs, name)
        os.unlink(path(name))
        equal(said(program, *once), "", f"without {name}")
    for name, old in (("pack-x.pack", False), ("pack-y.pack", True)):
        make("tracker.git/objects/pack/" + name, old)
    make("tracker.git/objects/pack/pack-y.idx", True)
    equal(said(program, *once), "", "a pack that is being written, and one with its index")
    for name in ("pack-x.pack", "pack-y.pack", "pack-y.idx"):
        os.unlink(path("tracker.git/objects/pack/" + name))
    for n in range(50):
        make(f"tracker.git/objects/pack/pack-{n}.pack")
    equal(said(program, *once), runs, "packs to be made few")
    for n in range(50):
        os.unlink(path(f"tracker.git/objects/pack/pack-{n}.pack"))
    for name in ("mail/reply/new", "incoming-mail/success", "outbox/tmp"):
        os.rename(path(name), path("away"))
        equal(said(program, *once), runs, f"{name} is missing")
        os.rename(path("away"), path(name))
    site.set_config("inbound", on_comment="/bin/true")
    equal(said(program, *once), "")
    make("hook/new/1")
    equal(said(program, *once), runs, "something due to on-comment")
    os.unlink(path("hook/new/1"))
    site.set_config("tracker", remote=path("tracker.git"))
    equal(said(program, *once), runs, "another host may have news")
    site.set_config("tracker", remote="")
    equal(said(program, *once), "")
    site.set_config("tracker", remtoe="")
    equal(said(program, *once), runs, "a wrong configuration is told by who reads it for good")


if __name__ == "__main__":
    main()
