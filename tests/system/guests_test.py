#!/usr/bin/env python3
"""Guests: what they may, how they are shown, and what an administrator does with them."""
import email.utils
import html
import json
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import guests  # noqa: E402
from first_mail import first_mail, opens  # noqa: E402
from harness import METROPLEX, Site, check, contains, equal, main, test  # noqa: E402

EVE = "eve@example.net"


def person(site, login):
    return json.loads(site.metroplex("user", "show", login, "--json"))


def refused(site, *args, status=65):
    return site.run(METROPLEX, *args, status=status).stderr


@test
def an_administrator_sees_suspends_and_removes_a_guest(site):
    site.user("tim")
    eve = guests.make(site, (2, EVE))
    equal(eve, "guest-2")
    equal({key: person(site, eve)[key] for key in ("id", "login", "name", "emails", "state")},
          {"id": 2, "login": eve, "name": "Eve (guest)", "emails": [EVE], "state": "guest"})
    contains(site.metroplex("user", "list"), "guest-2              guest       eve@example.net                Eve (guest)")
    contains(site.metroplex("user", "show", "GUEST-2"), "state   guest")
    site.metroplex("user", "set", eve, "--state", "suspended")
    equal(person(site, eve)["state"], "suspended")
    site.metroplex("user", "set", eve, "--state", "active", "--name", "Eve Doe", "--language", "fr")
    equal([person(site, eve)[key] for key in ("state", "name", "language")], ["guest", "Eve Doe (guest)", "fr"])
    for name in ("x/y", "eve@example.net", "!!!", "https://evil.example/"):
        contains(refused(site, "user", "set", eve, "--name", name), "is no name of a guest")
    site.metroplex("user", "set", eve, "--name", "www.evil.example")
    equal(person(site, eve)["name"], "www. evil. example (guest)", "no host's name, which clients make a link of")
    site.metroplex("user", "set", eve, "--name", "Eve Doe (guest)")
    equal(person(site, eve)["name"], "Eve Doe (guest)", "said once")
    for args in (("--login", "eve"), ("--email", "eve@example.com"), ("--add-email", "eve@example.com"), ("--remove-email", EVE)):
        contains(refused(site, "user", "set", eve, *args), "guest-2 is a guest, whose login and address stay")
    for login in ("guest-3", "Guest-3", "guest-x"):
        contains(refused(site, "user", "add", login, "--name", "X", "--email", "x@example.org"), "guest- is kept for guests")
    contains(refused(site, "user", "set", "tim", "--login", "guest-1"), "guest- is kept for guests")
    contains(site.metroplex("fsck"), " 0 faults")
    site.metroplex("user", "remove", eve)
    refused(site, "user", "show", eve)
    site.user("eve", EVE)
    contains(site.metroplex("fsck"), " 0 faults")


@test
def a_guest_is_not_one_of_those_who_are_known(site):
    for login in ("tim", "kate"):
        site.user(login)
    guests.make(site, (3, EVE))
    for who in ("members", "known"):
        opens(site, who)
        name = site.deliver(first_mail(site, EVE))
        site.metroplex("--once")
        equal(site.reasons()[name], "unknown-sender", who)


def a_thread_of_a_guest(site):
    """tim's thread, of which the guest was made a subscriber; the address at which the guest answers."""
    for login in ("tim", "kate"):
        site.user(login)
    guests.make(site, (3, EVE))
    thread = site.thread("tim")
    site.metroplex("thread", "subscribe", str(thread), "guest-3")
    return thread, site.address(thread, "guest-3")


def answer(site, to, text, sender=EVE):
    name = site.deliver(site.mail(sender, to, text))
    site.metroplex("--once")
    return site.reasons()[name]


@test
def a_guest_answers_where_it_is_told_and_calls_nobody(site):
    site.set_config("smtp", transport="maildir")
    thread, address = a_thread_of_a_guest(site)
    equal(answer(site, address, "@kate and @tim, it says no.\n"), "posted")
    comment = site.show(thread)["comments"][0]
    equal((comment["author"], comment["body"]), ("guest-3", "@kate and @tim, it says no.\n"))
    contains(site.git("log", "-1", "--format=%an <%ae>"), "Eve (guest) <guest-3@users.noreply.")
    site.notifier("--once")
    told = {m["X-GitHub-Recipient"]: m for m in site.sent()}
    equal(sorted(told), ["guest-3", "tim"], "kate was called by a guest, and is not told")
    contains(told["tim"]["From"], '"Eve (guest)" <')
    equal(told["tim"]["X-GitHub-Reason"], "author", "not that he was mentioned")
    equal(told["guest-3"]["To"] is not None, True)


@test
def a_guest_is_shown_by_name_and_as_a_guest(site):
    site.set_config("smtp", transport="maildir")
    thread, address = a_thread_of_a_guest(site)
    hostile = '<b>Eve</b> "D\u05d0\u05d1" & =?utf-8?q?x?= (guest)'
    guests.make(site, (3, EVE), name=hostile)
    equal(answer(site, address, "It says no.\n"), "posted")
    comment = site.show(thread)["comments"][0]
    equal((comment["author"], comment["author_name"]), ("guest-3", hostile))
    equal(site.show(thread)["opening"]["author_name"], None)
    contains(site.metroplex("thread", "show", str(thread)), f"--- 1: {hostile}, ")
    contains(site.git("log", "-1", "--format=%an|%ae"), "Eve")
    exported = json.loads(site.metroplex("thread", "export", str(thread), "--format", "json"))
    equal([c["author_name"] for c in exported["comments"]], [None, hostile])
    site.notifier("--once")
    told = [m for m in site.sent() if m.get("X-GitHub-Recipient") == "tim"][0]
    equal(email.utils.parseaddr(str(told["From"]))[0], hostile)
    pages = os.path.join(site.dir, "pages")
    site.metroplex("pages", pages)
    for page, part in (("r/acme/rocket/1.html", "<bdi>%s</bdi></h2>"), ("r/acme/rocket/atom.xml", "<author><name>%s</name></author>")):
        with open(os.path.join(pages, page)) as f:
            contains(f.read(), part % html.escape(hostile).replace("&#x27;", "&#39;"))
    site.metroplex("user", "remove", "guest-3")
    contains(site.metroplex("thread", "export", str(thread), "--format", "mbox"), "<guest-3@users.noreply.")
    equal(site.show(thread)["comments"][0]["author_name"], hostile)
    contains(site.metroplex("fsck"), " 0 faults")


@test
def nobody_calls_or_assigns_a_guest(site):
    thread, _ = a_thread_of_a_guest(site)
    site.metroplex("thread", "comment", str(site.thread("kate")), "--as", "tim", "-", stdin="@guest-3 should see this.\n")
    equal([s["login"] for s in site.show(2)["subscribers"]], ["tim", "kate"])
    contains(refused(site, "thread", "assign", str(thread), "guest-3", "--as", "tim"), "guest-3")
    for args in (("repository", "set", "acme/rocket", "--member", "guest-3"), ("repository", "set", "acme/rocket", "--watch", "guest-3"),
                 ("user", "watch", "guest-3", "acme/rocket", "--mode", "all"), ("thread", "close", str(thread), "--as", "guest-3"),
                 ("thread", "comment", str(thread), "--as", "guest-3", "-")):
        contains(refused(site, *args), "guest-3 is a guest, who speaks by mail, and hears of its threads alone")
    equal(json.loads(site.metroplex("repository", "show", "acme/rocket", "--json"))["members"], [])


@test
def a_guest_commands_nothing_but_that_it_hears_no_more(site):
    site.set_config("smtp", transport="maildir")
    thread, address = a_thread_of_a_guest(site)
    for command in ("/close", "/reopen", "/title Other", "/label bug", "/unlabel", "/assign @tim", "/unassign", "/lock", "/unlock", "/subscribe", "/help"):
        equal(answer(site, address, command + "\n"), "not-permitted", command)
    shown = site.show(thread)
    equal((shown["state"], shown["title"], shown["labels"], shown["assignees"], shown["comments"]), ("open", "Rocket does not start", [], [], []))
    site.notifier("--once")
    answers = [m for m in site.sent() if m["To"].endswith(f"<{EVE}>")]
    equal(len(answers) > 0, True)
    contains(answers[0].get_body(("plain",)).get_content(), "who has no account here gives no command but /mute")
    equal(answer(site, address, "Thanks.\n\n/close\n"), "posted")
    equal(site.show(thread)["state"], "open")
    equal(answer(site, address, "/mute\n"), "commands")
    equal([s["reason"] for s in site.show(thread)["subscribers"] if s["login"] == "guest-3"], ["muted"])


@test
def a_guest_speaks_nowhere_else(site):
    site.set_config("smtp", transport="maildir")
    thread, _ = a_thread_of_a_guest(site)
    other = site.thread("kate")
    elsewhere = site.address(other, "guest-3")
    equal(answer(site, elsewhere, "Me too.\n"), "not-permitted")
    site.notifier("--once")
    contains([m for m in site.sent() if m["To"].endswith(f"<{EVE}>")][0]["Subject"], "you do not take part in this discussion")
    site.metroplex("thread", "subscribe", str(other), "guest-3")
    equal(answer(site, elsewhere, "Me too.\n"), "posted")
    site.metroplex("thread", "mute", str(other), "guest-3")
    equal(answer(site, elsewhere, "And once more.\n"), "posted", "who muted it takes part")


@test
def a_guest_that_was_suspended_hears_nothing(site):
    site.set_config("smtp", transport="maildir")
    thread, address = a_thread_of_a_guest(site)
    site.metroplex("user", "set", "guest-3", "--state", "suspended")
    equal(answer(site, address, "Hello?\n"), "suspended")
    site.metroplex("thread", "comment", str(thread), "--as", "kate", "-", stdin="It works.\n")
    site.notifier("--once")
    equal([m["To"] for m in site.sent() if EVE in m["To"] or EVE == m["Delivered-To"]], [])


def told_now(site, ago=0):
    """As if the guest had been sent a mail then."""
    with open(os.path.join(site.data, "outbox/told"), "a") as f:
        f.write(f"{int(time.time()) - ago} 3\n")


@test
def a_ticket_system_that_answers_everything_is_stopped_after_five(site):
    site.set_config("smtp", transport="maildir")
    thread, address = a_thread_of_a_guest(site)
    for i in range(9):
        site.metroplex("thread", "comment", str(thread), "--as", "kate", "-", stdin=f"Comment {i}.\n")
        before = len(site.sent())
        site.notifier("--once")
        for _ in [m for m in site.sent()[before:] if m.get("X-GitHub-Recipient") == "guest-3"]:
            answer(site, address, f"We received your request {i}.\n")
    equal([c["author"] for c in site.show(thread)["comments"]].count("guest-3"), 5)
    equal({key: person(site, "guest-3").get(key) for key in ("state", "reason")}, {"state": "suspended", "reason": "loop"})
    contains(site.log(), "Suspended guest-3: it answered 5 mails within 60 seconds each, as a program does")
    contains(site.metroplex("user", "show", "guest-3"), "reason  loop")
    warned = [json.loads(line) for line in site.run(METROPLEX, "check", "queue", "--json", status=None).stdout.splitlines()]
    contains(json.dumps(warned), "1 guest was suspended, since it answered everything at once")
    equal(answer(site, address, "We received your request.\n"), "suspended")
    site.metroplex("user", "set", "guest-3", "--state", "active")
    equal(person(site, "guest-3")["state"], "guest")
    told_now(site)
    equal(answer(site, address, "Sorry, that was our helpdesk.\n"), "posted")
    equal(person(site, "guest-3")["state"], "guest", "counted anew")
    contains(site.metroplex("fsck"), " 0 faults")


@test
def who_takes_their_time_is_no_ticket_system(site):
    thread, address = a_thread_of_a_guest(site)
    told_now(site, ago=120)
    for i in range(7):
        equal(answer(site, address, f"Answer {i}.\n"), "posted")
    told_now(site)
    for i in range(4):
        equal(answer(site, address, f"At once {i}.\n"), "posted")
    equal(person(site, "guest-3")["state"], "guest", "four are not five")
    told_now(site)
    equal(answer(site, site.address(thread, "tim"), "An account, at once.\n", sender="tim@example.org"), "posted")


@test
def a_batch_of_answers_at_once_is_stopped_after_five(site):
    thread, address = a_thread_of_a_guest(site)
    told_now(site)
    names = [site.deliver(site.mail(EVE, address, f"We received your request {i}.\n")) for i in range(12)]
    site.metroplex("--once")
    equal(sorted(site.reasons()[name] for name in names), 7 * ["loop"] + 5 * ["posted"])
    equal(person(site, "guest-3").get("reason"), "loop")


@test
def an_answer_at_once_counts_though_the_run_died_before_it_counted(site):
    thread, address = a_thread_of_a_guest(site)
    told_now(site)
    names = [site.deliver(site.mail(EVE, address, f"We received your request {i}.\n")) for i in range(5)]
    saved = {name: open(os.path.join(site.data, "mail/reply/new", name), "rb").read() for name in names}
    accounts = os.path.join(site.data, "accounts.git")
    shutil.copytree(accounts, accounts + ".before")
    site.metroplex("--once")
    equal(person(site, "guest-3")["state"], "suspended")
    shutil.rmtree(accounts)
    os.rename(accounts + ".before", accounts)
    for name, octets in saved.items():
        os.remove(os.path.join(site.data, "incoming-mail/success", name))
        site.deliver(octets, name)
    site.metroplex("--once")
    equal(len(site.show(thread)["comments"]), 5)
    equal(person(site, "guest-3").get("reason"), "loop")


@test
def a_guest_s_address_becomes_an_account_s(site):
    site.set_config("smtp", transport="maildir")
    thread, address = a_thread_of_a_guest(site)
    equal(answer(site, address, "It says no.\n"), "posted")
    site.notifier("--once")
    before = person(site, "guest-3")
    for command in (("user", "add", "eve", "--name", "Eve Doe", "--email", EVE), ("user", "set", "kate", "--add-email", EVE.upper())):
        contains(refused(site, *command), "is guest-3's: --take-from guest-3 makes it this account's")
    for guest, why in (("tim", "tim is no guest with an address of eve"), ("guest-4", "no such user: guest-4")):
        contains(refused(site, "user", "add", "eve", "--name", "Eve Doe", "--email", EVE, "--take-from", guest), why)
    contains(refused(site, "user", "add", "eve", "--name", "Eve Doe", "--email", "eve@example.com", "--take-from", "guest-3"),
             "guest-3 is no guest with an address of eve")
    commits = site.git("rev-list", "--count", "main", repository="accounts.git")
    number = int(site.metroplex("user", "add", "eve", "--name", "Eve Doe", "--email", EVE, "--take-from", "guest-3"))
    equal(int(site.git("rev-list", "--count", "main", repository="accounts.git")), int(commits) + 1, "one commit")
    after = person(site, "guest-3")
    equal({key: after[key] for key in ("state", "emails", "account", "name")}, {"state": "former", "emails": [], "account": number, "name": "Eve (guest)"})
    check(after["epoch"] != before["epoch"], "the epoch is another")
    equal(person(site, "eve")["emails"], [EVE])
    contains(site.metroplex("user", "show", "guest-3"), f"account {number} has it now")
    # its tokens are dead, also for who holds the address now
    site.set_config("address", identity="token")
    equal(answer(site, address, "Still me.\n"), "bad-address")
    equal([(c["author"], c["author_name"]) for c in site.show(thread)["comments"]], [("guest-3", "Eve (guest)")], "the words stay its own")
    equal([s["login"] for s in site.show(thread)["subscribers"]], ["tim", "guest-3"], "subscriptions do not move")
    sent = len(site.sent())
    site.metroplex("thread", "comment", str(thread), "--as", "kate", "-", stdin="It works.\n")
    site.notifier("--once")
    equal([m["X-GitHub-Recipient"] for m in site.sent()[sent:]], ["tim"])
    contains(refused(site, "user", "set", "guest-3", "--state", "active"), "the address of guest-3 is another account's now")
    contains(refused(site, "user", "set", "tim", "--add-email", "x@example.org", "--take-from", "guest-3"), "guest-3 is no guest with an address of tim")
    equal(answer(site, site.address(thread, "eve"), "Now with an account.\n"), "posted")
    equal([c["author"] for c in site.show(thread)["comments"]][-1], "eve")
    contains(site.metroplex("fsck"), " 0 faults")


@test
def a_first_mail_stays_a_duplicate_when_its_address_changes_hands(site):
    for login in ("kate", "tim"):
        site.user(login)
    opens(site, "known")
    octets = first_mail(site, "kate@example.org", message_id="<first@example.org>")
    name = site.deliver(octets)
    site.metroplex("--once")
    equal(site.reasons()[name], "opened")
    site.metroplex("user", "set", "kate", "--email", "kate@example.com")
    site.metroplex("user", "set", "tim", "--add-email", "kate@example.org")
    again = site.deliver(octets)
    site.metroplex("--once")
    equal(site.reasons()[again], "duplicate")
    equal(len(site.metroplex("thread", "list").splitlines()), 1)


@test
def a_guest_of_another_tracker_is_nobody_here(site):
    thread, address = a_thread_of_a_guest(site)
    equal(answer(site, address, "It says no.\n"), "posted")
    exported = site.metroplex("thread", "export", str(thread), "--format", "json")
    other = Site()
    try:
        for login in ("tim", "kate"):
            other.user(login)
        guests.make(other, (3, "joe@example.net"), name="Joe (guest)")
        contains(other.run(METROPLEX, "thread", "import", "-", stdin=exported, status=65).stderr, "no account of guest-3 here; --as LOGIN says")
        other.metroplex("thread", "import", "-", "--as", "kate", stdin=exported)
        shown = other.show(1)
        equal(([c["author"] for c in shown["comments"]], [s["login"] for s in shown["subscribers"]]), (["kate"], ["tim"]))
    finally:
        other.remove()
    contains(site.metroplex("thread", "import", "-", stdin=exported), "1")
    equal([c["author"] for c in site.show(thread)["comments"]], ["guest-3"], "at home it is who it was")


if __name__ == "__main__":
    main()
