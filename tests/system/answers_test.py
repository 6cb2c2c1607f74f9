#!/usr/bin/env python3
"""What a sender hears, and how often; rates, commands by mail, and bounces.

  FORGED=10000 ANGRY=1000 ANSWER_KILLS=300 tests/system/answers_test.py       for the full numbers
"""
import base64
import email
import email.policy
import glob
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import HOST, METROPLEX, TOP, check, contains, equal, main, path_of_id, test  # noqa: E402

FORGED = int(os.environ.get("FORGED", "400"))
ANGRY = int(os.environ.get("ANGRY", "150"))
KILLS = int(os.environ.get("ANSWER_KILLS", "40"))
KATE = "kate@example.org"


def conversation(site):
    site.user("tim")
    site.user("kate", KATE, "kate@work.example")
    thread = site.thread("tim")
    return thread, site.address(thread, "kate")


def flip(address):
    mac = re.search(r"[0-9a-f]{40}", address).group(0)
    return address.replace(mac, mac[:-1] + ("0" if mac[-1] != "0" else "1"))


def answers(site):
    """The answers in the outbox: name to lines."""
    found = {}
    for path in glob.glob(os.path.join(site.data, "outbox/new/answer-*")):
        with open(path) as f:
            found[os.path.basename(path)] = f.read().splitlines()
    return found


def records(site):
    return sorted(n for n in os.listdir(os.path.join(site.data, "outbox/answered")))


def reasons_answered(site):
    return sorted(line.split("\t")[2] for lines in answers(site).values() for line in lines if line.startswith("answer\t"))


def only_answers(site):
    """Sends what is due; the answers among it."""
    site.notifier("--once")
    return [m for m in site.sent() if m["Auto-Submitted"] == "auto-replied"]


def parts(message):
    return (message.get_body(("plain",)).get_content(), message.get_body(("html",)).get_content())


def unwrapped(text):
    return " ".join(text.split())


def refusals(site):
    """A mail for each gate whose sender hears of it: reason to octets."""
    thread, address = conversation(site)
    site.user("eve")
    quiet, locked = site.thread("tim", repository="acme/quiet"), site.thread("tim", repository="acme/locked")
    gone = site.thread("tim", repository="acme/gone")
    cases = {
        "suspended": site.mail("eve@example.org", site.address(thread, "eve"), "I am eve.\n"),
        "sender-mismatch": site.mail("kate@home.example", address, "From home.\n"),
        "not-permitted": site.mail(KATE, site.address(quiet, "kate"), "Not here.\n"),
        "locked": site.mail(KATE, site.address(locked, "kate"), f"Locked out of {address}.\n"),
        "no-thread": site.mail(KATE, site.address(gone, "kate"), "Where is it?\n"),
        "encrypted": site.mail(KATE, address, "-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n"),
        "empty": site.mail(KATE, address, "> It says no.\n"),
        "too-long": site.mail(KATE, address, "A long story.\n" + "word " * 14000 + "\n"),
        "no-reply-address": site.mail(KATE, f"noreply@{HOST}", "Hello there?\n"),
        "unsubscribed": site.mail(KATE, site.address(thread, "kate", "--purpose", "unsub"), "unsubscribe\n"),
    }
    site.metroplex("user", "set", "eve", "--state", "suspended")
    site.metroplex("repository", "set", "acme/quiet", "--reply", "off")
    site.metroplex("thread", "lock", str(locked), "--as", "tim")
    index = os.path.join(site.data, "index")
    env = dict(os.environ, GIT_INDEX_FILE=index, GIT_WORK_TREE=os.path.join(site.data, "tracker.git"), GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@b", GIT_COMMITTER_NAME="a",
               GIT_COMMITTER_EMAIL="a@b", GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="safe.directory", GIT_CONFIG_VALUE_0="*")
    script = f"""set -e; cd {site.data}/tracker.git; git read-tree main
        git ls-files 'threads/*' | grep '/{path_of_id(gone)}/' | git update-index --force-remove --stdin
        git update-ref refs/heads/main $(git commit-tree -p main -m gone $(git write-tree))"""
    done = subprocess.run(["sh", "-c", script], env=env, capture_output=True, text=True)
    equal(done.returncode, 0, done.stderr)
    return cases


@test
def where_help_is_is_set_as_the_manual_s_table_says_and_answers_name_it(site):
    with open(os.path.join(TOP, "man/metroplex.7")) as f:
        rows = dict(re.findall(r"^\.It (.*)\n\.Cm set (.*)$", f.read(), re.M))
    kind, address = rows["Support by mail or by a page"], rows["Support address"]
    conversation(site)
    url = "https://help.example.org/mail?to=us&by=mail"

    def answer():
        site.deliver(site.mail(KATE, site.address(site.thread("tim"), "kate"), "> It says no.\n"))  # one a day about each thread
        site.metroplex("--once")
        return parts(only_answers(site)[-1])

    for part in answer():
        check("help" not in part, part)
    for values, link in ((("url", url), f'href="{url.replace("&", "&amp;")}"'), (("email", "help@example.org"), 'href="mailto:help@example.org"'),
                         (("url", url), f'href="{url.replace("&", "&amp;")}"')):
        before = site.metroplex("settings", "get", kind)
        if before != f"{values[0]}\n":
            site.run(METROPLEX, "settings", "set", f"{kind}={values[0]}", status=65)
            equal(site.metroplex("settings", "get", kind), before, "not without the address that fits")
        site.metroplex("settings", "set", f"{kind}={values[0]}", f"{address}={values[1]}")
        equal([site.metroplex("settings", "get", key) for key in (kind, address)], [f"{value}\n" for value in values])
        page = site.metroplex("settings")
        for key, value in zip((kind, address), values):
            check(re.search(rf"{re.escape(key)} = {re.escape(value)} +(file|default)\n", page), page)
        text, html = answer()
        contains(text, values[1])
        contains(html, link)


@test
def each_refusal_is_answered_to_the_accounts_own_address_only(site):
    site.set_config("instance", url=f"https://{HOST}")
    site.set_config("smtp", discard_to_noreply_address="false", support_address="https://help.example.org/mail")
    cases = refusals(site)
    ids = {}
    for reason, octets in cases.items():
        site.deliver(octets)
        ids[reason] = email.message_from_bytes(octets)["Message-ID"]
    site.metroplex("--once")
    equal(sorted(site.reasons().values()), sorted(cases), "each gate stopped its mail")
    equal(reasons_answered(site), sorted(cases), "each is answered")
    messages = {m["X-Metroplex-Reason"]: m for m in only_answers(site)}
    equal(sorted(messages), sorted(cases))
    for reason, m in messages.items():
        to = "eve@example.org" if reason == "suspended" else KATE
        equal(m["Return-Path"], "<>", f"{reason}: the envelope sender")
        equal(m["Delivered-To"], to, f"{reason}: the envelope recipient")
        contains(m["To"], f"<{to}>")
        equal((m["In-Reply-To"], m["References"]), (ids[reason], ids[reason]), reason)
        equal((m["Auto-Submitted"], m["Precedence"], m["X-Auto-Response-Suppress"]), ("auto-replied", "bulk", "All"))
        equal([m[n] for n in ("Cc", "Reply-To", "List-Unsubscribe", "List-ID")], [None] * 4, reason)
        contains(m["From"], f"<noreply@{HOST}>")
        for part in parts(m):
            contains(part, "https://help.example.org/mail")
        check(not re.search(r"\+[ic]-\d+-[0-9a-f]{40}", "".join(parts(m))), f"{reason}: a MAC travels")
    quoted = {"suspended": "I am eve.", "sender-mismatch": "From home.", "not-permitted": "Not here.", "locked": "Locked out of reply+i-1-***",
              "no-thread": "Where is it?", "empty": "It says no.", "too-long": "A long story."}
    for reason, text in quoted.items():
        plain, html = parts(messages[reason])
        contains(plain, "> " + text if reason != "empty" else "> > " + text)
        contains(html, text)
    contains(parts(messages["too-long"])[0], "word word word")
    contains(parts(messages["too-long"])[0], "65536 characters")
    contains(parts(messages["sender-mismatch"])[0], "> From: kate@home.example")
    for part in parts(messages["no-reply-address"]):
        check("Hello there?" not in part and "Re: Rocket" not in part, "no stranger's words come in our name")
    for reason in ("encrypted", "unsubscribed"):
        check("hQEMA" not in parts(messages[reason])[0], "nothing of a cipher comes back")
    for reason in ("locked", "not-permitted", "unsubscribed"):
        contains(parts(messages[reason])[0], f"https://{HOST}/acme/")
    equal(answers(site), {}, "nothing is left")
    site.notifier("--once")
    equal(len(site.sent()), len(only_answers(site)) + len([m for m in site.sent() if m["Auto-Submitted"] == "auto-generated"]))
    equal(len(only_answers(site)), len(cases), "and nothing is sent twice")


@test
def an_answer_leads_nowhere_if_nobody_can_say_where_the_page_is(site):
    """The repository may have its own links, or none: what it says cannot be read any more."""
    site.set_config("instance", url="https://pages.example.org")
    thread, _ = conversation(site)
    site.metroplex("thread", "lock", str(thread), "--as", "tim")
    site.deliver(site.mail(KATE, site.address(thread, "kate"), "Locked out.\n"))
    site.metroplex("--once")
    [name] = [name for name in site.listed("outbox/new") if name.startswith("answer-")]
    waiting, kept = os.path.join(site.data, "outbox/new", name), os.path.join(site.dir, "event")
    shutil.copy(waiting, kept)
    [answer] = only_answers(site)
    check(all("https://pages.example.org" in part for part in parts(answer)), parts(answer)[0])
    broken = ("commit refs/heads/main\ncommitter A <a@b.example> 1700000000 +0000\ndata 0\nfrom refs/heads/main^0\n"
              "M 100644 inline repositories/acme/rocket\ndata 8\nreply=?\n\n")
    subprocess.run(["git", "-C", os.path.join(site.data, "tracker.git"), "-c", "safe.directory=*", "fast-import", "--quiet"], input=broken, text=True, check=True)
    shutil.copy(kept, waiting)
    [_, again] = only_answers(site)
    check(all("https://pages.example.org" not in part for part in parts(again)), parts(again)[0])
    contains(site.log("notifier.log"), "Answering without a link: ")


@test
def answers_speak_the_recipients_language(site):
    site.set_config("smtp", discard_to_noreply_address="false")
    cases = refusals(site)
    site.metroplex("user", "set", "kate", "--language", "fr")
    equal(site.run(METROPLEX, "user", "set", "kate", "--language", "xx", status=64).returncode, 64)
    for octets in cases.values():
        site.deliver(octets)
    site.metroplex("--once")
    messages = {m["X-Metroplex-Reason"]: m for m in only_answers(site)}
    equal(len(messages), len(cases))
    for reason, m in messages.items():
        french = reason != "suspended"
        equal(m["Content-Language"], "fr" if french else "en", reason)
        plain, html = parts(m)
        for part in (plain, html):
            contains(part, "Ceci est une réponse automatique" if french else "This is an automatic reply")
        check(("Votre message" in m["Subject"] or "Un message" in m["Subject"] or "Vous ne" in m["Subject"]) == french, m["Subject"])
        check("{" not in plain, f"{reason}: a placeholder is left: {plain}")


@test
def the_installation_has_a_language(site):
    thread, address = conversation(site)
    site.set_config("instance", language="fr")
    site.deliver(site.mail(KATE, address, "> It says no.\n"))
    site.metroplex("--once")
    contains(only_answers(site)[0]["Subject"], "Votre message")


@test
def an_answer_is_given_once_a_day_thread_and_reason(site):
    thread, address = conversation(site)
    for i in range(5):
        site.deliver(site.mail(KATE, address, f"> quote {i}\n"))
    site.metroplex("--once")
    site.deliver(site.mail(KATE, address, "> once more\n"))
    site.deliver(site.mail("stranger@example.com", address, "Another reason.\n"))
    site.metroplex("--once")
    equal(reasons_answered(site), ["empty", "sender-mismatch"])
    day = time.strftime("%Y-%m-%d", time.gmtime())
    equal(records(site), [f"{day}.2.empty.{thread}", f"{day}.2.sender-mismatch.{thread}"])
    check("> quote 0" in "\n".join(sum(answers(site).values(), [])), "the first is the one that is answered")
    later = int(time.time()) - 86400
    site.deliver(site.mail(KATE, address, "> yesterday\n"), f"{later}.V1I1M1.mx")
    site.metroplex("--once")
    equal(reasons_answered(site), ["empty", "empty", "sender-mismatch"], "a day is that of the receipt")
    path = os.path.join(site.data, "incoming-mail/failure", site.failure[0])
    site.metroplex("--once", path, status=65)
    equal(len(answers(site)), 3, "a file processed again is not answered again")
    other = site.thread("tim")
    site.deliver(site.mail(KATE, site.address(other, "kate"), "> in another thread\n"))
    site.metroplex("--once")
    equal(reasons_answered(site), ["empty"] * 3 + ["sender-mismatch"], "what is refused in another thread is not silent")


@test
def nothing_automatic_listed_forged_or_unknown_is_answered(site):
    site.set_config("smtp", discard_to_noreply_address="false")
    thread, address = conversation(site)
    noreply = f"noreply@{HOST}"
    quiet = [
        site.mail(KATE, flip(address)),
        site.mail(KATE, f"nobody@reply.{HOST}"),
        site.mail("stranger@example.com", noreply),
        site.mail(KATE + ", tim@example.org", noreply),
        site.mail(KATE, noreply, headers=[("Auto-Submitted", "auto-replied")]),
        site.mail(KATE, noreply, headers=[("List-Id", "<a.b>")]),
        site.mail(KATE, noreply, headers=[("Precedence", "bulk")]),
        site.mail(KATE, noreply, headers=[("X-Loop", "x")]),
        site.mail(KATE, address, "> x\n", headers=[("Precedence", "list")]),
        site.mail("", noreply).replace(b"From: \n", b"From: kate@example.org\n"),
        site.mail(KATE, site.address(thread, "kate", "--purpose", "unsub"), headers=[("Auto-Submitted", "auto-generated")]),
        b"",
    ]
    for octets in quiet:
        site.deliver(octets)
    site.metroplex("--once")
    equal(len(site.success) + len(site.failure), len(quiet))
    equal((answers(site), records(site)), ({}, []))
    site.deliver(site.mail(KATE, noreply))
    site.metroplex("--once")
    equal(reasons_answered(site), ["no-reply-address"], "so the test could fail")
    site.set_config("smtp", discard_to_noreply_address="true")
    site.deliver(site.mail("tim@example.org", noreply))
    site.metroplex("--once")
    equal(len(answers(site)), 1, "discarded: nobody hears of it")


@test
def who_wrote_to_noreply_must_be_authentic_where_that_is_checked(site):
    site.set_config("smtp", discard_to_noreply_address="false")
    site.set_config("address", authserv_id="mx.example.org")
    conversation(site)
    results = [None, "mx.example.org; dmarc=fail header.from=example.org", "evil.example; dmarc=pass header.from=example.org"]
    for result in results:
        site.deliver(site.mail(KATE, f"noreply@{HOST}", headers=[("Authentication-Results", result)] if result else []))
    site.metroplex("--once")
    equal((len(site.failure), answers(site)), (3, {}))
    site.deliver(site.mail(KATE, f"noreply@{HOST}", headers=[("Authentication-Results", "mx.example.org; dmarc=pass header.from=example.org")]))
    site.metroplex("--once")
    equal(reasons_answered(site), ["no-reply-address"])
    contains("".join(parts(only_answers(site)[-1])), "Thanks, that works.")


@test
def whose_authentication_failed_hears_what_failed_and_where_to_turn(site):
    site.set_config("address", authserv_id="mx.example.org")
    _, address = conversation(site)
    failed = [("Authentication-Results", 'mx.example.org; dmarc=fail header.from=example.org; spf=softfail smtp.mailfrom="<b>"@evil.example')]
    site.deliver(site.mail("kate@work.example", address, "Perhaps me.\n", headers=failed))
    site.metroplex("--once")
    equal(list(site.reasons().values()), ["sender-mismatch"])
    [answer] = only_answers(site)
    equal((answer["Delivered-To"], answer["X-Metroplex-Reason"]), (KATE, "sender-mismatch"), "the account's first address, not the mail's")
    contains(answer["Subject"], "authentication failed")
    for part in parts(answer):
        contains(part, "dmarc=fail, spf=softfail")
        contains(part, "SPF, DKIM or DMARC")
        check("not verified for it" not in part and "evil.example" not in part, "what is said of an address, or what the field holds: " + part)
    site.deliver(site.mail("tim@home.example", site.address(1, "tim"), headers=failed))
    site.metroplex("--once")
    other = [m for m in only_answers(site) if m["Delivered-To"] == "tim@example.org"]
    contains(parts(other[0])[0], "not verified for it")


@test
def whose_sender_nothing_confirms_hears_that_and_what_to_do(site):
    site.set_config("address", authserv_id="mx.example.org")
    _, address = conversation(site)
    site.deliver(site.mail("kate@work.example", address, "Perhaps me.\n"))
    site.deliver(site.mail("tim@example.org", site.address(1, "tim"), headers=[("Authentication-Results", "mx.example.org; spf=pass smtp.mailfrom=example.org")]))
    site.metroplex("user", "set", "tim", "--language", "fr")
    site.metroplex("--once")
    equal(list(site.reasons().values()), ["sender-mismatch"] * 2)
    contains(site.log(), "the receiving server has no verdict on the sender: no DMARC or DKIM of a trusted id")
    contains(site.log(), "the receiving server has no verdict on the sender: spf=pass")
    kate, tim = sorted(only_answers(site), key=lambda m: m["Delivered-To"])
    equal((kate["Delivered-To"], kate["X-Metroplex-Reason"]), (KATE, "sender-mismatch"))
    contains(kate["Subject"], "nothing confirmed")
    for one, words in ((kate, "found neither DKIM nor DMARC"), (tim, "n’a trouvé ni DKIM ni DMARC")):
        for part in parts(one):
            contains(unwrapped(part), words)


@test
def a_very_long_text_is_quoted_in_part_and_says_so(site):
    thread, address = conversation(site)
    site.deliver(site.mail(KATE, address, "Beginning\n" + "é" * 70 * 4000 + "\nEnd\n"))
    site.metroplex("--once")
    plain, _ = parts(only_answers(site)[0])
    contains(plain, "> Beginning")
    contains(plain, "(The rest is left out here")
    check("End" not in plain and 250000 < len(plain.encode()) < 270000, len(plain))


@test
def our_own_answer_that_comes_back_is_not_answered(site):
    site.set_config("smtp", discard_to_noreply_address="false")
    thread, address = conversation(site)
    site.deliver(site.mail(KATE, address, "> x\n"))
    site.metroplex("--once")
    answer = only_answers(site)[0].as_bytes()
    site.deliver(answer.replace(b"Delivered-To: kate@example.org", f"Delivered-To: noreply@{HOST}".encode()))
    site.deliver(answer.replace(b"Delivered-To: kate@example.org", f"Delivered-To: {address}".encode()))
    site.metroplex("--once")
    equal(answers(site), {})


@test
def forged_mails_cause_no_answer_and_an_angry_account_one_a_reason(site):
    thread, address = conversation(site)
    randoms = random.Random(7)
    for i in range(FORGED):
        forged = f"reply+i-{thread}-{randoms.getrandbits(160):040x}-2@reply.{HOST}"
        site.deliver(site.mail(KATE, forged if i % 2 else flip(address), f"Forged {i}\n"))
    site.metroplex("--once")
    equal({r for r in site.reasons().values()}, {"bad-address"})
    equal((len(site.failure), answers(site), records(site)), (FORGED, {}, []))
    for i in range(ANGRY):
        text, sender = [("> x\n", KATE), ("word " * 14000, KATE), ("Out of my way\n", "angry@example.com")][i % 3]
        site.deliver(site.mail(sender, address, f"{text}{'> ' if i % 3 == 0 else ''}{i}\n"))
    site.metroplex("--once")
    equal(len(site.failure), FORGED + ANGRY)
    equal(reasons_answered(site), ["empty", "sender-mismatch", "too-long"])
    equal(len(only_answers(site)), 3)
    print(f"# {FORGED} forged mails: 0 answers; {ANGRY} mails of one account: 3 answers for 3 reasons")


@test
def answers_have_an_hourly_cap(site):
    thread, _ = conversation(site)
    site.set_config("limits", answers_per_hour="3")
    for i in range(6):
        site.user(f"user{i}")
        site.deliver(site.mail(f"user{i}@example.org", site.address(thread, f"user{i}"), "> x\n"))
    site.metroplex("--once")
    equal(len(answers(site)), 3)
    contains(site.log(), "within the hour, 3 in all")
    for name in records(site):
        os.utime(os.path.join(site.data, "outbox/answered", name), (time.time() - 3700,) * 2)
    site.deliver(site.mail("user5@example.org", site.address(thread, "user5"), "> y\n"))
    site.metroplex("--once")
    equal(len(answers(site)), 4, "an hour later there is room")
    for name in records(site):
        os.utime(os.path.join(site.data, "outbox/answered", name), (time.time() - 8 * 86400,) * 2)
    site.deliver(site.mail("user4@example.org", site.address(thread, "user4"), "> y\n"))
    site.metroplex("--once")
    equal(len(records(site)), 1, "old records are cleaned")
    site.set_config("limits", answers_per_hour="0")
    site.deliver(site.mail("user3@example.org", site.address(thread, "user3"), "word " * 14000))
    site.metroplex("--once")
    equal(len(records(site)), 1, "0 is off")


@test
def one_account_uses_up_no_others_answers(site):
    """What became of commands is told to each mail: one account may be the reason of many answers."""
    thread, address = conversation(site)
    site.set_config("limits", answers_per_hour="8")
    for i in range(8):
        site.deliver(site.mail(KATE, address, f"/clsoe {i}\n"))
    site.metroplex("--once")
    equal(len(answers(site)), 2, "a quarter")
    contains(site.log(), "2 answers to it within the hour")
    site.deliver(site.mail(KATE, address, "/clsoe again\n"))
    for i in range(4):
        site.user(f"user{i}")
        site.deliver(site.mail(f"user{i}@example.org", site.address(thread, f"user{i}"), "> x\n"))
    site.metroplex("--once")
    equal(sorted(name.split(".")[1] for name in records(site)), ["2", "2", "3", "4", "5", "6"])


@test
def a_hostile_mail_cannot_shape_its_answer(site):
    thread, address = conversation(site)
    text = "<script>alert(1)</script>\n[click](https://evil.example/)\nhttps://evil.example/\n\n-- \n\u202eevil\n.\nFrom here\n"
    octets = site.mail("attacker@evil.example", address, text, subject="=?utf-8?q?x=0d=0aBcc:_all@example.org?=",
                       message_id="<plain@b>")
    octets = octets.replace(b"Message-ID: <plain@b>", b"Message-ID: =?utf-8?q?<a=0d=0aBcc:_all@example.org>?=")
    site.deliver(octets)
    site.metroplex("--once")
    m = only_answers(site)[0]
    equal((m["Bcc"], m["Delivered-To"]), (None, KATE))
    html = parts(m)[1]
    check("<script" not in html and "href=\"https://evil" not in html, html)
    contains(parts(m)[0], "> <script>alert(1)</script>")


def staged(site):
    return os.listdir(os.path.join(site.data, "outbox/tmp"))


def kill_at(site, call, when, *options):
    """Runs once under strace, killed at the when-th such system call; False if it ended before."""
    done = subprocess.run(["strace", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={when}",
                           METROPLEX, "--config", site.config, "--once"], capture_output=True)
    return done.returncode != 0


@test
def killed_at_any_step_an_answer_is_neither_forgotten_nor_repeated(site):
    """Every step of staging, recording, publishing and moving is one of these system calls."""
    thread, address = conversation(site)
    if subprocess.run(["sh", "-c", "command -v strace"], capture_output=True).returncode != 0:
        print("# strace is missing: the kills at every system call are left out")
        return
    site.notifier("--once")
    sent = len(only_answers(site))
    killed = between = 0
    number = 0
    for call in ("linkat", "renameat2", "renameat", "fdatasync", "fsync", "unlinkat"):
        when = 1
        while when < 40:
            number += 1
            login = f"u{number}"
            site.user(login)
            mine = site.address(thread, login)
            site.deliver(site.mail(f"{login}@example.org", mine, f"> {number}\n"))
            site.deliver(site.mail(f"{login}@example.org", mine, f"Comment {number}\n"))
            was_killed = kill_at(site, call, when)
            killed += was_killed
            between += bool(staged(site)) and len(records(site)) == number
            # The notifier runs in between, so that what was published is gone when the run is repeated.
            site.notifier("--once")
            site.metroplex("--once")
            site.notifier("--once")
            site.metroplex("--once")
            equal(site.new, [])
            equal(staged(site), [])
            sent += 1
            equal(len(only_answers(site)), sent, f"{call} {when}")
            equal(len(site.show(thread)["comments"]), number, f"{call} {when}")
            if not was_killed:
                break
            when += 1
    print(f"# {killed} kills, {between} of them between record and publishing; each of {number} mails answered once")
    check(killed > 20 and between > 0, "the kills fell where they should")


@test
def killed_at_random_moments_answers_are_given_once(site):
    thread, _ = conversation(site)
    site.set_config("inbound", batch="4")
    site.set_config("limits", answers_per_hour="10000")
    users = max(60, KILLS)
    for i in range(users):
        site.user(f"u{i}")
        site.deliver(site.mail(f"u{i}@example.org", site.address(thread, f"u{i}"), f"> {i}\n"))
        site.deliver(site.mail(f"u{i}@example.org", site.address(thread, f"u{i}"), f"> again {i}\n"))
    randoms = random.Random(11)
    kills, longest = 0, 0.05
    while kills < KILLS and site.new:
        before = len(site.new)
        run = subprocess.Popen([METROPLEX, "--config", site.config, "--once"], stderr=subprocess.DEVNULL)
        try:
            run.wait(randoms.uniform(0.01, longest))
        except subprocess.TimeoutExpired:
            run.kill()
            run.wait()
            kills += 1
            if kills % 3 == 0:
                site.notifier("--once")
        longest *= 1.1 if len(site.new) == before else 0.95
    site.metroplex("--once")
    equal(site.new, [])
    heard = sorted(m["Delivered-To"] for m in only_answers(site))
    equal(heard, sorted(f"u{i}@example.org" for i in range(users)))
    print(f"# {kills} kills at random moments, {users} accounts, {len(heard)} answers")


# --- Rates ---------------------------------------------------------------------------------------


@test
def a_rate_slides_and_is_kept_across_runs(site):
    thread, address = conversation(site)
    site.set_config("limits", comments_per_hour="3")
    now = int(time.time())

    def send(text, age):
        return site.deliver(site.mail(KATE, address, text), f"{now - age}.V1I{abs(hash(text)) % 10**8}M1.mx")

    send("one\n", 4000)
    send("two\n", 3000)
    site.metroplex("--once")
    send("three\n", 2000)
    site.metroplex("--once")
    for i in range(3):
        send(f"many {i}\n", 10)
    refused = [n for n in site.new][1:]
    site.metroplex("--once")
    equal(len(site.show(thread)["comments"]), 4, "the one of 4000 s ago counts no more")
    equal([r for r in site.reasons().values()].count("rate-limited"), 2)
    equal(reasons_answered(site), ["rate-limited"], "said once")
    site.metroplex("thread", "comment", str(thread), "--as", "kate", "-", stdin="From a terminal\n")
    site.deliver(site.mail("tim@example.org", site.address(thread, "tim"), "Another account\n"))
    site.metroplex("--once")
    equal(len(site.show(thread)["comments"]), 6)
    with open(os.path.join(site.data, "rate")) as f:
        lines = f.read().splitlines()
    check(all(re.fullmatch(r"\d+ \d+ \d+", line) for line in lines), lines)
    equal(len(lines), 5, "one line a comment by mail")
    check(refused, "some were refused")


@test
def a_mail_of_commands_counts_as_a_comment(site):
    thread, address = conversation(site)
    site.set_config("limits", comments_per_hour="3")
    other = site.thread("kate")
    mute = site.mail(KATE, address, "/mute\n")
    for octets in (mute, mute, site.mail(KATE, site.address(other, "kate"), "/close\n"), site.mail(KATE, address, "/close\n")):
        site.deliver(octets)
    site.metroplex("--once")
    equal(sorted(site.reasons().values()), ["commands", "commands", "duplicate", "not-permitted"], "what is refused or known does not count")
    for text in ("/subscribe\n", "/mute\n", "A comment.\n"):
        site.deliver(site.mail(KATE, address, text))
    site.metroplex("--once")
    equal(list(site.reasons().values()).count("rate-limited"), 2, "across runs, and within a batch")
    equal((reason_of(site, thread, "kate"), site.show(thread)["comments"]), ("manual", []))
    equal(reasons_answered(site), ["not-permitted", "rate-limited"])


@test
def threads_and_the_installation_have_rates_of_their_own(site):
    site.user("tim")
    logins = [f"u{i}" for i in range(6)]
    for login in logins:
        site.user(login)
    one, two = site.thread("tim"), site.thread("tim")
    site.set_config("limits", thread_comments_per_hour="4", total_comments_per_hour="7")
    for thread in (one, two):
        for login in logins:
            site.deliver(site.mail(f"{login}@example.org", site.address(thread, login), f"{thread} {login}\n"))
    site.metroplex("--once")
    equal([len(site.show(t)["comments"]) for t in (one, two)], [4, 3], "in one batch as well")
    equal(list(site.reasons().values()).count("rate-limited"), 5)


@test
def a_torn_or_foreign_rate_file_stops_nothing(site):
    thread, address = conversation(site)
    site.set_config("limits", comments_per_hour="2")
    path = os.path.join(site.data, "rate")
    now = int(time.time())
    for content in (b"", f"{now} 2 {thread}\n{now} 2 1".encode(), b"\xff\x00garbage\n-1 -1 -1\n99999999999999999999 1 1\n", b"x" * 100000):
        with open(path, "wb") as f:
            f.write(content)
        before = len(site.show(thread)["comments"])
        for i in range(3):
            site.deliver(site.mail(KATE, address, f"Text {before} {i} {len(content)}\n"))
        site.metroplex("--once")
        wanted = 1 if content.startswith(str(now).encode()) else 2
        equal(len(site.show(thread)["comments"]) - before, wanted, content[:40])
        check(all(re.fullmatch(r"\d+ \d+ \d+", line) or b"garbage" in content for line in
                  open(path, errors="replace").read().splitlines()), "the torn line is gone")
    os.remove(path)
    os.mkdir(path)
    site.deliver(site.mail(KATE, address, "Still posted\n"))
    site.metroplex("--once")
    equal(site.new, [])


@test
def a_rate_file_stays_small(site):
    thread, address = conversation(site)
    site.set_config("limits", comments_per_hour="100")
    path = os.path.join(site.data, "rate")
    old = int(time.time()) - 5000
    with open(path, "w") as f:
        f.write(f"{old} 2 {thread}\n" * 5000)
    site.deliver(site.mail(KATE, address, "One more\n"))
    site.metroplex("--once")
    equal(len(open(path).read().splitlines()), 1, "what is old is cut off")


# --- Commands ------------------------------------------------------------------------------------


def state_of(site, thread):
    return site.show(thread)["state"]


def reason_of(site, thread, login):
    return {s["login"]: s["reason"] for s in site.show(thread)["subscribers"]}.get(login)


def kinds(site):
    found = []
    for path in glob.glob(os.path.join(site.data, "outbox/new/*")):
        found += [line.split("\t")[1] for line in open(path).read().splitlines() if line.startswith("kind\t")]
    return sorted(found)


@test
def commands_that_change_the_thread_can_be_switched_off(site):
    site.set_config("inbound", commands="false")
    thread, address = conversation(site)
    tim = site.address(thread, "tim")
    site.deliver(site.mail("tim@example.org", tim, "/close\n"))
    site.metroplex("--once")
    equal((state_of(site, thread), list(site.reasons().values())), ("open", ["unknown-command"]), "neither done nor posted")
    contains(parts(only_answers(site)[0])[0].replace("\n", " "), "/mute, /unsubscribe, /subscribe, /help, each")
    contains(parts(only_answers(site)[0])[0], "this command is not taken here")
    site.deliver(site.mail("tim@example.org", tim, "/mute\n"))
    site.metroplex("--once")
    equal(reason_of(site, thread, "tim"), "muted", "what concerns only the account is always to be had")


@test
def what_is_meant_as_a_command_is_done_or_answered_never_posted(site):
    site.user("tim")
    site.set_config("limits", answers_per_hour="1000")
    meant = ["/clsoe", "/closed", "/clos", "/xlose", "/CLOSES", "/mut", "/mutee", "/umsubscribe", "/subscrbie", "/reopenn",
             "/close please", "/mute this thread", "/help me", "/close #3", "/reopn", "/close!", "/title", "/titel New", "/hlep",
             "/lok", "/title " + "x" * 300]
    text = ["/etc/fstab has the wrong line", "/close/it", "/close.", "/closer.example.org", "/opt is full", "/", "//close", "/ close", " /close",
            "close", "/dev/null", "/me agrees", "/closing", "/sub", "see /close", "/close-it"]
    threads = {}
    ways = [lambda line: line + "\n", lambda line: line + "\nAnd text.\n", lambda line: "And text.\n\n" + line + "\n"]
    for line in meant + text:
        for i, way in enumerate(ways):
            threads[line, i] = site.thread("tim", title="T")
            site.deliver(site.mail("tim@example.org", site.address(threads[line, i], "tim"), way(line)))
    site.metroplex("--once")
    for line in meant:
        for i, way in enumerate(ways):
            shown = site.show(threads[line, i])
            equal((line, i, [c["body"].strip() for c in shown["comments"]]), (line, i, ["And text."] if i > 0 else []), "never posted")
            equal((shown["state"], shown["title"]), ("open", "T"), line)
    for line in text:
        for i, way in enumerate(ways):
            equal(site.show(threads[line, i])["comments"][0]["body"].strip(), way(line).strip(), "text is posted as it is")
    told = [parts(m)[0] for m in only_answers(site)]
    equal(len(told), len(ways) * len(meant), "each is answered")
    for line in meant:
        shown = line if len(line) < 200 else line[:199] + "…"
        equal(len([t for t in told if f"Not done:\n\n    {shown}\n" in t]), len(ways), f"{line} is named")
    equal(len([t for t in told if "was posted, without the lines" in t.replace("\n", " ")]), 2 * len(meant), "what was posted is said")


@test
def in_quotes_and_code_nothing_is_a_command(site):
    site.user("tim")
    bodies = ["> /close\n\nWhy that?\n", "Try this:\n\n```\n/close\n```\n", "Try this:\n\n    /close\n", "~~~\n/close\n", "- /close\n", "`/close`\n",
              "Type this:\n\n/close\n\nand it is closed.\n"]
    threads = [site.thread("tim") for _ in bodies]
    for thread, body in zip(threads, bodies):
        site.deliver(site.mail("tim@example.org", site.address(thread, "tim"), body))
    page = site.thread("tim")
    html = "<p>Type this:</p><blockquote><p>/close</p></blockquote><pre>/close</pre><p>/lock</p>"
    site.deliver(site.mail("tim@example.org", site.address(page, "tim"), html).replace(b"text/plain", b"text/html"))
    site.metroplex("--once")
    for thread, body in zip(threads, bodies):
        shown = site.show(thread)
        equal((shown["state"], len(shown["comments"])), ("open", 1), body)
        contains(shown["comments"][0]["body"], "/close")
    equal((site.show(page)["state"], len(site.show(page)["comments"])), ("open", 1))
    equal(only_answers(site)[0]["X-Metroplex-Reason"], "posted", "the author is no member: /lock is answered")


@test
def commands_that_have_more_are_done_in_their_order_and_help_lists_what_may_be_given(site):
    site.user("tim")
    site.user("kate", KATE)
    thread = site.thread("tim")
    site.metroplex("repository", "set", "acme/rocket", "--member", "kate")
    site.deliver(site.mail(KATE, site.address(thread, "kate"), "/title Does <b>not</b> start, says kate@home.example\n\nSo it is.\n\n/lock\n"))
    site.metroplex("--once")
    shown = site.show(thread)
    equal((shown["title"], shown["locked"], shown["comments"][0]["body"].strip()), ("Does <b>not</b> start, says ***@***", True, "So it is."))
    site.deliver(site.mail(KATE, site.address(thread, "kate"), "/unlock\n/title Once more\n/close\n/title And once more\n"))
    site.metroplex("--once")
    shown = site.show(thread)
    equal((shown["title"], shown["locked"], shown["state"]), ("And once more", False, "closed"))
    equal(only_answers(site), [], "what is done needs no answer")
    for login, address, has, lacks in (("kate", KATE, ["/lock", "/title TEXT", "/mute"], []), ("tim", "tim@example.org", ["/close", "/title TEXT"], ["/lock"])):
        before = len(only_answers(site))
        site.deliver(site.mail(address, site.address(thread, login), "/help\n"))
        site.metroplex("--once")
        equal(len(only_answers(site)), before + 1)
        text = parts(only_answers(site)[-1])[0]
        for word in has:
            contains(text, f"    {word}\n")
        for word in lacks:
            lacks_text = f"    {word}\n"
            check(lacks_text not in text, f"{word} is not {login}'s to give")
    equal(len(site.show(thread)["comments"]), 1, "a mail of nothing else posts nothing")
    for i in range(3):
        site.deliver(site.mail(KATE, site.address(thread, "kate"), f"/clsoe\nText {i}\n"))
    site.metroplex("--once")
    equal(reasons_answered(site).count("posted"), 3, "each mail is told what became of its commands")


@test
def a_reply_of_commands_acts_once_and_posts_nothing(site):
    site.user("tim")
    site.user("kate", KATE)
    thread = site.thread("tim", body="/reopen\n")
    address = site.address(thread, "kate")
    tim = site.address(thread, "tim")
    octets = site.mail("tim@example.org", tim, " \n/Close  \n/mute\n\nOn Monday, Tim wrote:\n> /reopen\n")
    site.deliver(octets)
    site.metroplex("--once")
    equal(list(site.reasons().values()), ["commands"])
    equal((state_of(site, thread), site.show(thread)["comments"], reason_of(site, thread, "tim")), ("closed", [], "muted"))
    equal(kinds(site), ["closed", "opened"])
    contains(site.log(), "/close /mute by tim")
    site.metroplex("thread", "reopen", str(thread), "--as", "tim")
    site.metroplex("thread", "subscribe", str(thread), "tim")
    site.deliver(octets)
    site.metroplex("--once")
    equal(sorted(site.reasons().values()), ["commands", "duplicate"])
    equal((state_of(site, thread), reason_of(site, thread, "tim")), ("open", "manual"), "once")
    mute = site.mail(KATE, address, "/mute\n")
    site.deliver(mute)
    site.metroplex("--once")
    site.metroplex("thread", "subscribe", str(thread), "kate")
    site.deliver(mute)
    site.metroplex("--once")
    equal(reason_of(site, thread, "kate"), "manual", "once, also where nothing of the thread changed")
    site.deliver(site.mail("tim@example.org", tim, "/close\n"))
    site.deliver(site.mail("tim@example.org", tim, "/reopen\n/unsubscribe\n"))
    site.deliver(site.mail("tim@example.org", tim, "/subscribe\n"))
    site.metroplex("--once")
    equal((state_of(site, thread), reason_of(site, thread, "tim")), ("open", "author"))
    site.git("fsck", "--strict")


@test
def commands_and_text_are_one_commit_batch(site):
    thread, address = conversation(site)
    site.deliver(site.mail("tim@example.org", site.address(thread, "tim"), "/close\n\nFixed in 1.2.\n/reopen is text here\nand this too\n", message_id="<c@t>"))
    site.metroplex("--once")
    comments = site.show(thread)["comments"]
    equal((list(site.reasons().values()), state_of(site, thread)), (["posted"], "closed"))
    equal(comments[0]["body"].strip(), "Fixed in 1.2.\n/reopen is text here\nand this too")
    equal(kinds(site), ["closed", "comment", "opened"])
    path = [p for p in site.git("ls-tree", "-r", "--name-only", "main").splitlines() if p.endswith("/1/mail")][0]
    contains(site.git("show", f"main:{path}"), "commands=/close")


@test
def each_change_by_mail_is_an_event_once(site):
    for login in ("tim", "kate", "eve"):
        site.user(login)
    thread = site.thread("tim")
    site.metroplex("repository", "set", "acme/rocket", "--member", "kate")
    octets = site.mail(KATE, site.address(thread, "kate"), "/label bug needs-work\n/assign @eve @kate\n\nEve, can you look?\n\n/title Rocket\u00a0stops\n/label BUG\n/close\n")
    site.deliver(octets)
    site.deliver(octets)
    site.metroplex("--once")
    site.deliver(octets)
    site.metroplex("--once")
    shown = site.show(thread)
    equal((shown["labels"], shown["assignees"], shown["state"]), (["bug", "needs-work"], ["eve", "kate"], "closed"))
    equal([(e["change"], e["author"], e["via"], e["comment"]) for e in shown["events"]],
          [(c, "kate", "mail", 1) for c in ("labeled", "assigned", "renamed", "closed")], "in the order of the mail, and what is so already is none")
    equal(kinds(site), ["assigned", "closed", "comment", "labeled", "opened", "renamed"])
    equal(only_answers(site), [])
    told = [m for m in site.sent() if m["X-GitHub-Recipient"] == "eve" and "/event/" in m["Message-ID"]]
    equal(len(told), 4, "eve is told of each")
    equal({(m["X-GitHub-Labels"], m["X-GitHub-Assignees"]) for m in told}, {("bug; needs-work", "eve; kate")})
    alone = site.mail(KATE, site.address(thread, "kate"), "/reopen\n/unlabel needs-work\n/unassign\n")
    for _ in range(2):
        site.deliver(alone)
        site.metroplex("--once")
    shown = site.show(thread)
    equal((shown["labels"], shown["assignees"], shown["state"], len(shown["events"])), (["bug"], [], "open", 7))
    site.deliver(site.mail(KATE, site.address(thread, "kate"), "/label a;b\n/assign @nobody\n/unlabel none\n/unassign @tim\n/label ok\n"))
    site.deliver(site.mail("tim@example.org", site.address(thread, "tim"), "/label mine\n"))
    site.metroplex("--once")
    text = parts([m for m in only_answers(site) if m["X-Metroplex-Recipient"] == "kate"][-1])[0]
    for line, why in (("/label a;b", "a;b is no label"), ("/assign @nobody", "@nobody is nobody’s login here"), ("/unlabel none", "does not have none"), ("/unassign @tim", "does not have tim")):
        check(f"    {line}\n        " in text and why in text, f"{line}: {text}")
    contains(text, "Done:\n\n    /label ok\n")
    equal(site.show(thread)["labels"], ["bug", "ok"], "tim is no member")
    site.deliver(site.mail(KATE, site.address(thread, "kate"), "/assign @eve\n/unassign @eve @tim\n/unassign @eve\n"))
    site.metroplex("--once")
    equal(([e["change"] for e in site.show(thread)["events"][-2:]], site.show(thread)["assignees"]), (["assigned", "unassigned"], []), "what is not done changes nothing")
    site.git("fsck", "--strict")
    site.metroplex("fsck")


@test
def a_command_unassigns_who_is_no_account_any_more(site):
    thread, address = conversation(site)
    site.user("eve"), site.user("ada")
    site.metroplex("repository", "set", "acme/rocket", "--member", "kate")
    site.metroplex("thread", "assign", str(thread), "eve", "ada", "tim", "--as", "tim")
    site.metroplex("user", "set", "eve", "--state", "suspended")
    site.metroplex("user", "remove", "ada")
    site.deliver(site.mail(KATE, address, "/unassign @eve, @ada\n/assign @eve\n"))
    site.metroplex("--once")
    equal(site.show(thread)["assignees"], ["tim"])
    text = parts(only_answers(site)[-1])[0]
    contains(text, "Done:\n\n    /unassign @eve, @ada\n")
    contains(text, "    /assign @eve\n        @eve is nobody’s login here\n")


@test
def commands_need_permission(site):
    thread, address = conversation(site)
    site.deliver(site.mail(KATE, address, "/close\n"))
    site.metroplex("--once")
    equal(list(site.reasons().values()), ["not-permitted"])
    equal((state_of(site, thread), reasons_answered(site)), ("open", ["not-permitted"]))
    contains(parts(only_answers(site)[0])[0].replace("\n        ", " "), "/close only the members of acme/rocket and the author")
    site.deliver(site.mail(KATE, address, "/close\n/mute\n"))
    site.metroplex("--once")
    equal(sorted(site.reasons().values()), ["commands", "not-permitted"])
    equal((state_of(site, thread), reason_of(site, thread, "kate")), ("open", "muted"), "what may be done is done")
    told = parts(only_answers(site)[-1])[0]
    check(told.index("Done:\n\n    /mute\n") < told.index("Not done:\n\n    /close\n"), "what was done and what was not")
    site.metroplex("thread", "subscribe", str(thread), "kate")
    other = site.thread("tim")
    site.deliver(site.mail(KATE, site.address(other, "kate"), "/close\nI think this is done.\n"))
    site.metroplex("--once")
    equal((state_of(site, other), [c["body"].strip() for c in site.show(other)["comments"]]), ("open", ["I think this is done."]))
    contains(parts(only_answers(site)[-1])[0], "> I think this is done.")
    site.deliver(site.mail(KATE, address, "/mute\n"))
    site.metroplex("--once")
    equal(reason_of(site, thread, "kate"), "muted", "what concerns only herself she may")
    site.metroplex("repository", "set", "acme/rocket", "--member", "kate")
    site.deliver(site.mail(KATE, address, "/close\n"))
    site.metroplex("--once")
    equal(state_of(site, thread), "closed", "members may")
    told = site.metroplex("explain", os.path.join(site.data, "incoming-mail/success", site.success[-1]))
    contains(told, "duplicate")


# --- Bounces -------------------------------------------------------------------------------------


def opening_id(site, thread):
    return json.loads(site.metroplex("thread", "export", str(thread)))["comments"][0]["id"]


def days_ago(site, days):
    """A name as of a mail that was delivered then."""
    site.count += 1
    return f"{int(time.time()) - days * 86400}.V1B{random.getrandbits(40):x}.mx"


RETURNED = {
    "message/rfc822": "Content-Type: message/rfc822\n\nReturn-Path: <x@y>\nMessage-ID:\n {id}\nSubject: Rocket\n\nIt says no.\n",
    "text/rfc822-headers": "Content-Type: text/rfc822-headers\n\nReceived: x\nmessage-id: {id}\nSubject: Rocket\n",
    "in a file, encoded": "Content-Type: text/rfc822-headers; name=headers.txt\nContent-Disposition: attachment; filename=headers.txt\nContent-Transfer-Encoding: base64\n\n{base64}\n",
    "message/global-headers": "Content-Type: message/global-headers\n\nMessage-ID: {id}\n",
    "cut off": "Content-Type: message/rfc822\n\nMessage-ID: {id}\nSubject: Roc",
}


def bounce(site, to, recipient=KATE, status="5.1.1", action="failed", message_id=None, original=None, about=None, returned="message/rfc822", sender="<>", extra=""):
    """A report as Postfix writes it, about the message `about`, else about the opening post of the address's thread."""
    about = about or opening_id(site, to.split("-")[1])
    original = f"Original-Recipient: rfc822;{original}\n" if original else ""
    back = RETURNED[returned].format(id=about, base64=base64.b64encode(f"Message-ID: {about}\n".encode()).decode()) if returned else ""
    return (f"{f'Return-Path: {sender}' + chr(10) if sender else ''}Delivered-To: {to}\nFrom: MAILER-DAEMON@mx.example.net\nTo: {to}\nSubject: Undelivered\n"
            f"Message-ID: {message_id or f'<b{random.getrandbits(64)}@mx>'}\nAuto-Submitted: auto-replied\n{extra}MIME-Version: 1.0\n"
            f"Content-Type: multipart/report; report-type=delivery-status; boundary=B\n\n--B\n\n<{recipient}>: no such user 5.1.1\n"
            f"--B\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n{original}Final-Recipient: rfc822;\n {recipient}\n"
            f"Action: {action}\nStatus: {status}\n\n--B\n{back}\n--B--\n").encode()


def comments(site, thread, number):
    """Posts as tim, and the Message-IDs."""
    for i in range(number):
        site.metroplex("thread", "comment", str(thread), "--as", "tim", "-", stdin=f"Comment {random.getrandbits(64)}\n")
    return [c["id"] for c in json.loads(site.metroplex("thread", "export", str(thread)))["comments"][-number:]]


def account(site, login="kate"):
    return json.loads(site.metroplex("user", "show", login, "--json"))


@test
def hard_bounces_suppress_an_address_and_an_administrator_lifts_it(site):
    thread, address = conversation(site)
    site.metroplex("user", "set", "kate", "--remove-email", "kate@work.example")  # which would be used then
    site.metroplex("thread", "subscribe", str(thread), "kate")
    to = site.address(thread, "kate", "--purpose", "bounce")
    first, second, third = comments(site, thread, 3)
    twice = bounce(site, to, about=first)
    for octets, days in ((twice, 5), (twice, 5), (bounce(site, to, about=second, recipient="KATE@Example.Org"), 4)):
        site.deliver(octets, days_ago(site, days))
        site.metroplex("--once")
    equal(account(site)["bounces"], [{"address": KATE, "suppressed": False, "hard": 2, "soft": 0}])
    site.deliver(twice)
    site.deliver(bounce(site, to, about=third, recipient="forward@elsewhere.example", original=KATE))
    site.metroplex("--once")
    equal(account(site)["bounces"], [{"address": KATE, "suppressed": True, "hard": 3, "soft": 0}])
    equal(set(site.reasons().values()), {"bounce"})
    equal(site.failure, [])
    contains(site.metroplex("user", "show", "kate"), "suppressed")
    site.metroplex("thread", "comment", str(thread), "--as", "tim", "-", stdin="Are you there?\n")
    site.deliver(site.mail(KATE, address, "> x\n"))
    site.metroplex("--once")
    equal(answers(site), {}, "no answer to a suppressed address either")
    site.notifier("--once")
    equal([m["Delivered-To"] for m in site.sent() if m["Delivered-To"] == KATE], [])
    contains(site.log("notifier.log"), "suppressed")
    equal(site.run(METROPLEX, "user", "set", "kate", "--unsuppress", "kate@work.example", status=65).returncode, 65)
    site.metroplex("user", "set", "kate", "--unsuppress", KATE)
    equal(account(site)["bounces"], [])
    site.metroplex("thread", "comment", str(thread), "--as", "tim", "-", stdin="And now?\n")
    site.notifier("--once")
    equal(len([m for m in site.sent() if m["Delivered-To"] == KATE]), 1)
    check("bounce" not in site.git("log", "-p", "main"), "nothing of it in the tracker, which is published")


@test
def a_bounce_counts_only_by_signed_address_and_report(site):
    thread, address = conversation(site)
    to = site.address(thread, "kate", "--purpose", "bounce")
    text_only = site.mail("mailer-daemon@example.org", to, f"<{KATE}>: 550 5.1.1 no such user\nAction: failed\nStatus: 5.1.1\n")
    for octets in (text_only, bounce(site, flip(to)), bounce(site, to, recipient="tim@example.org"), bounce(site, address),
                   bounce(site, to, action="delivered", status="2.0.0"), bounce(site, to, action="relayed", status="5.0.0"),
                   bounce(site, site.address(thread, "tim", "--purpose", "bounce")), b"\n" + bounce(site, to)[:200]):
        for _ in range(4):
            site.deliver(octets)
    site.metroplex("--once")
    equal((account(site)["bounces"], account(site, "tim")["bounces"]), ([], []))
    equal(answers(site), {})


@test
def a_report_counts_for_what_we_sent_once_and_once_a_day(site):
    thread, _ = conversation(site)
    other = site.thread("tim", title="Other")
    to = site.address(thread, "kate", "--purpose", "bounce")
    ids = comments(site, thread, len(RETURNED) + 2)
    own = site.metroplex("thread", "comment", str(thread), "--as", "kate", "-", stdin="Mine.\n") and json.loads(site.metroplex("thread", "export", str(thread)))["comments"][-1]["id"]
    unmarked = re.sub("-[0-9a-f]{8}", "", ids[0])
    forged = {
        "another sender": dict(sender="<eve@evil.example>"),
        "no Return-Path": dict(sender=""),
        "our own address as sender": dict(sender=f"<{KATE}>"),
        "of another thread": dict(about=opening_id(site, other)),
        "without the marks": dict(about=unmarked),
        "another mark": dict(about=ids[0][:-len(f"00@{HOST}>")] + f"zz@{HOST}>"),
        "a comment that is not there": dict(about=re.sub(r"/\d+-", "/99-", ids[0])),
        "another host's": dict(about=ids[0].replace(HOST, "git.example.net")),
        "what kate wrote herself": dict(about=own),
        "a change of state that never was": dict(about=opening_id(site, thread).replace("@", "/event/" + "0" * 32 + "@")),
        "no message at all": dict(returned=None),
    }
    site.set_config("limits", hard_bounces="1")
    for name, how in forged.items():
        mail = site.deliver(bounce(site, to, **how))
        told = site.metroplex("explain", f"{site.data}/mail/reply/new/{mail}")
        contains(told, "not counted: ")
        check("counted against" not in told, f"{name}: {told}")
        site.metroplex("--once")
        equal((account(site)["bounces"], site.reasons()[mail]), ([], "bounce"), name)
    site.set_config("limits", hard_bounces="100")
    good = [dict(about=i, returned=r) for i, r in zip(ids, RETURNED)]
    good.append(dict(about=ids[-1], returned=None, extra=f"References: <x@y> {ids[-1]}\n"))
    for number, how in enumerate(good):
        mail = site.deliver(bounce(site, to, **how), days_ago(site, len(good) - number))
        told = site.metroplex("explain", f"{site.data}/mail/reply/new/{mail}")
        contains(told, f"counted: a hard bounce of {KATE} against kate")
        contains(told, "counted against the account's address")
        site.metroplex("--once")
        equal(account(site)["bounces"][0]["hard"], number + 1, how)
    for how, days in ((good[0], 0), (dict(about=ids[-2]), 1)):
        mail = site.deliver(bounce(site, to, **how), days_ago(site, days))
        contains(site.metroplex("explain", f"{site.data}/mail/reply/new/{mail}"), "not counted: ")
        site.metroplex("--once")
        equal(account(site)["bounces"][0]["hard"], len(good), "the same message again, and another of the same day")
    site.metroplex("thread", "close", str(thread), "--as", "tim")
    site.metroplex("thread", "subscribe", str(thread), "kate")
    site.notifier("--once")
    [closed] = [m["Message-ID"] for m in site.sent() if "/event/" in m["Message-ID"] and m["Delivered-To"] == KATE]
    site.deliver(bounce(site, to, about=closed))
    site.metroplex("--once")
    equal(account(site)["bounces"][0]["hard"], len(good) + 1, "a change of state is a message, too")


@test
def soft_bounces_need_more(site):
    thread, address = conversation(site)
    site.set_config("limits", soft_bounces="4")
    to = site.address(thread, "kate", "--purpose", "bounce")
    ids = comments(site, thread, 7)
    for i in range(3):
        site.deliver(bounce(site, to, about=ids[i], status="4.2.2", action=("failed", "delayed")[i % 2]), days_ago(site, i))
    site.metroplex("--once")
    equal(account(site)["bounces"], [{"address": KATE, "suppressed": False, "hard": 0, "soft": 3}])
    site.deliver(bounce(site, to, about=ids[3], status="4.2.2"), f"{int(time.time()) + 40 * 86400}.V1I9M9.mx")
    site.metroplex("--once")
    equal(account(site)["bounces"][0]["soft"], 1, "those of a month ago count no more")
    for i in range(3):
        site.deliver(bounce(site, to, about=ids[4 + i], status="4.2.2"), f"{int(time.time()) + (41 + i) * 86400}.V1I{i}M8.mx")
    site.metroplex("--once")
    equal(account(site)["bounces"][0]["suppressed"], True)
    site.metroplex("user", "set", "kate", "--remove-email", KATE)
    equal(account(site)["bounces"], [], "what is not the account's is forgotten")


# --- All of it, interrupted ----------------------------------------------------------------------


@test
def killed_anywhere_commands_act_once_and_bounces_count_once(site):
    if subprocess.run(["sh", "-c", "command -v strace"], capture_output=True).returncode != 0:
        return
    site.set_config("limits", hard_bounces="100")
    site.user("tim")
    site.user("kate", KATE)
    kills = number = 0
    total = 5 * 9
    for call in ("renameat2", "rename", "fsync", "fdatasync", "write"):
        for when in (1, 2, 3, 4, 6, 8, 11, 15, 20):
            number += 1
            thread = site.thread("tim", title=f"{call} {when}")
            site.deliver(site.mail("tim@example.org", site.address(thread, "tim"), "/close\nDone.\n"))
            site.deliver(bounce(site, site.address(thread, "kate", "--purpose", "bounce")), days_ago(site, total - number))
            site.notifier("--once")
            kills += kill_at(site, call, when)
            site.metroplex("--once")
            site.metroplex("--once")
            equal((site.new, staged(site)), ([], []))
            equal((state_of(site, thread), len(site.show(thread)["comments"])), ("closed", 1), f"{call} {when}")
            equal(account(site)["bounces"][0]["hard"], min(number, 31), f"{call} {when}: as many as a month has")
            equal(kinds(site), ["closed", "comment"], f"{call} {when}")
    print(f"# {kills} kills, {number} threads closed once, {number} bounces counted once")
    check(kills > 20, "the kills fell")


@test
def outrun_by_another_writer_all_comes_true_once(site):
    """Somebody moves the branch all the time: batches are built again, and nothing of them twice."""
    site.set_config("inbound", batch="6")
    site.user("tim")
    thread = site.thread("tim")
    for i in range(12):
        site.user(f"u{i}")
        address = site.address(thread, f"u{i}")
        site.deliver(site.mail(f"u{i}@example.org", address, "> x\n"))
        site.deliver(site.mail(f"u{i}@example.org", address, f"/mute\nText {i}\n"))
    script = f"""export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*' GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b
        export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b; cd {site.data}/tracker.git
        while :; do old=$(git rev-parse main)
        git update-ref refs/heads/main $(git commit-tree -p $old -m moved $old^{{tree}}) $old 2>/dev/null; sleep 0.02; done"""
    mover = subprocess.Popen(["sh", "-c", script], stderr=subprocess.DEVNULL)
    try:
        for _ in range(20):
            site.run(METROPLEX, "--once", status=None)
            if not site.new:
                break
        for _ in range(40):  # on a quick machine the mover may have been late each time
            if "building it again" in site.log():
                break
            site.deliver(site.mail("u0@example.org", site.address(thread, "u0"), "/mute\n"))
            site.run(METROPLEX, "--once", status=None)
    finally:
        mover.kill()
        mover.wait()
    site.metroplex("--once")
    outrun = site.log().count("building it again")
    print(f"# outrun {outrun} times")
    equal((site.new, staged(site)), ([], []))
    equal(len(site.show(thread)["comments"]), 12)
    equal([reason_of(site, thread, f"u{i}") for i in range(12)], ["muted"] * 12)
    equal(reasons_answered(site), ["empty"] * 12)
    check(outrun > 0, "nobody was outrun")


if __name__ == "__main__":
    main()
