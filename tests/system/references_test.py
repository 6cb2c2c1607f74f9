#!/usr/bin/env python3
"""What a mail says of others: whom its Cc subscribes, and to which thread it belongs by what it answers."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from first_mail import AUTHSERV, at, days_ago, first_mail, opens  # noqa: E402
from harness import HOST, METROPLEX, check, contains, equal, main, path_of_id, test  # noqa: E402
from several import check_all, hosts  # noqa: E402


def subscribers(site, thread):
    return {s["login"]: s["reason"] for s in site.show(thread)["subscribers"]}


# --- Cc -------------------------------------------------------------------------------------------

@test
def a_member_s_copy_subscribes_ten_active_accounts_at_most(site):
    for login in ("tim", "kate", "mia", "sam", "stan", *(f"c{i}" for i in range(12))):
        site.user(login, *([f"{login}@example.org", f"{login}@example.com"] if login == "mia" else []))
    site.metroplex("repository", "set", "acme/rocket", "--member", "tim")
    site.metroplex("user", "set", "stan", "--state", "suspended")
    thread = site.thread("kate")
    site.metroplex("thread", "unsubscribe", str(thread), "sam")

    def post(login, cc, **more):
        site.deliver(site.mail(f"{login}@example.org", site.address(thread, login), f"{login} to {cc[:100]}.\n", headers=[("Cc", cc)], **more))
        site.metroplex("--once")

    post("kate", "mia@example.org")
    equal(subscribers(site, thread), {"kate": "author", "sam": "muted"}, "kate is no member")
    site.notifier("--once")
    post("tim", "Mia <MIA@Example.com>, mia@example.org, sam@example.org, stan@example.org, kate@example.org, tim@example.org, nobody@example.org")
    equal(subscribers(site, thread), {"kate": "author", "sam": "muted", "tim": "comment", "mia": "cc"})
    post("tim", ", ".join(f"c{i}@example.org" for i in range(12)))
    equal([login for login in subscribers(site, thread) if login[0] == "c"], [f"c{i}" for i in range(10)])
    equal(len(site.show(thread)["comments"]), 3)
    site.notifier("--once")
    told = [m for m in site.sent() if m["Delivered-To"] == "mia@example.org"]
    equal([m["X-GitHub-Reason"] for m in told], ["cc", "cc"], "of the mail that called her, and of the next")


@test
def of_a_cc_of_a_thousand_only_the_first_are_looked_up(site):
    for login in ("tim", "mia"):
        site.user(login)
    site.metroplex("repository", "set", "acme/rocket", "--member", "tim")
    thread = site.thread("tim")
    many = [f"x{i}@example.org" for i in range(900)]
    site.deliver(site.mail("tim@example.org", site.address(thread, "tim"), headers=[("Cc", ", ".join([*many, "mia@example.org"]))]))
    site.deliver(site.mail("tim@example.org", site.address(thread, "tim"), "To all.\n", headers=[("Cc", ", ".join([*many[:40], "mia@example.org"]))]))
    site.metroplex("--once")
    equal(len(site.show(thread)["comments"]), 2)
    equal(subscribers(site, thread), {"tim": "author", "mia": "cc"})


@test
def a_first_mail_s_copy_subscribes_too(site):
    for login in ("kate", "mia", "tim"):
        site.user(login)
    opens(site, "known")
    site.deliver(first_mail(site, "kate@example.org", headers=[("Cc", "mia@example.org")]))
    site.deliver(first_mail(site, "tim@example.org", headers=[("Cc", "mia@example.org")]))
    site.metroplex("--once")
    equal([subscribers(site, thread) for thread in (1, 2)], [{"kate": "author", "mia": "cc"}, {"tim": "author"}])


# --- What it answers ------------------------------------------------------------------------------

FIRST, SECOND = "<first@example.org>", "<second@example.org>"


def people(site, who="known", **more):
    for login in ("kate", "tim", "mia"):
        site.user(login)
    opens(site, who, **more)


def answer(site, login, named=FIRST, to=None, field="In-Reply-To", **more):
    return first_mail(site, f"{login}@example.org", to=to, text=f"{login} answers.\n", subject="Re: Rocket does not start", headers=[(field, named)], **more)


def take(site, *octets):
    """What became of each mail."""
    names = [site.deliver(o) for o in octets]
    site.metroplex("--once")
    return [site.reasons()[name] for name in names]


def comments(site, thread=1):
    return [(c["author"], c["body"].strip()) for c in site.show(thread)["comments"]]


@test
def an_answer_is_read_as_one_also_where_its_thread_is_opened_by_the_same_batch(site):
    """What is only quoted is no answer; of a first mail it would be what it wants to show."""
    people(site)
    text = "The motor of my rocket does not start in the cold, whatever I do."
    quoting = first_mail(site, "tim@example.org", text=f"On Monday, Kate wrote:\n> {text}\n", headers=[("In-Reply-To", FIRST)])
    opening = first_mail(site, "kate@example.org", text=f"{text}\n", message_id=FIRST)
    equal(take(site, opening, quoting), ["opened", "empty"])
    equal(take(site, quoting.replace(b"@mail.example.org>", b"@again.example.org>")), ["empty"], "as in a batch of its own")
    equal(comments(site), [])


@test
def who_answers_a_mail_that_became_a_thread_answers_in_it(site):
    people(site)
    equal(take(site, first_mail(site, "kate@example.org", message_id=FIRST)), ["opened"])
    equal(take(site, answer(site, "tim", message_id=SECOND)), ["posted"])
    for field, named in (("References", FIRST), ("References", SECOND), ("In-Reply-To", SECOND), ("References", f"<x@y> {FIRST} {'<z@y> ' * 10}"),
                         ("In-Reply-To", f"{FIRST}")):
        equal(take(site, answer(site, "mia", named, field=field)), ["posted"], (field, named))
    equal(take(site, answer(site, "mia", to=f"acme/rocket@reply.{HOST}")), ["posted"])
    equal(take(site, answer(site, "mia", to=f"rocket@noreply.{HOST}")), ["posted"], "of the no-reply domain")
    equal(take(site, answer(site, "mia", to=f"noreply@{HOST}")), ["posted"])
    equal(comments(site), [("tim", "tim answers.")] + [("mia", "mia answers.")] * 8)
    equal(site.metroplex("thread", "list").count("\n"), 1, "one thread")
    equal(site.outcomes()[1][5:7], ["1", "1"])
    contains(site.metroplex("fsck"), " 0 faults")
    # what is meant for nobody opens a thread as before, and the no-reply address is read by nobody
    equal(take(site, answer(site, "mia", "<nobody@knows.example>")), ["opened"])
    equal(take(site, answer(site, "mia", "<nobody@knows.example>", to=f"noreply@{HOST}")), ["no-reply-address"])
    # a mail that came by a signed address is in the index as well
    equal(take(site, site.mail("tim@example.org", site.address(1, "tim"), message_id="<signed@example.org>", headers=[("X", "y")]).replace(
        b"Return-Path", f"Authentication-Results: {AUTHSERV}; dkim=pass header.d=example.org\nReturn-Path".encode(), 1)), ["posted"])
    equal(take(site, answer(site, "mia", "<signed@example.org>")), ["posted"])


@test
def who_answers_all_of_a_copy_writes_a_comment_of_their_own(site):
    people(site, who="members")
    site.user("sue"), site.user("eve")
    site.metroplex("user", "set", "sue", "--state", "suspended")
    thread = site.thread("kate")
    site.metroplex("thread", "subscribe", str(thread), "tim")
    to = site.address(thread, "kate")

    def reply(login, **more):
        return answer(site, login, "<x@y>", **dict(dict(to=f"kate@example.org, {to}", delivered=to), **more))

    octets = reply("tim", message_id=SECOND)
    name = site.deliver(octets)
    said = site.run(METROPLEX, "explain", os.path.join(site.data, "mail/reply/new", name)).stdout
    for part in (": verifies\n", f"an answer to a mail of thread {thread}, from tim: proved", "result: posted"):
        contains(said, part)
    site.metroplex("--once")
    equal((site.reasons()[name], comments(site)), ("posted", [("tim", "tim answers.")]))
    equal(take(site, octets), ["duplicate"])
    check(to.split("-")[2] not in site.git("log", "-p", "--format=%B", "main"), "the address is kate's secret still")
    # what lacks anything of a proof, or a right
    for more in (dict(verdict=""), dict(verdict="dmarc=pass header.from={domain}"), dict(verdict="dkim=pass header.d=evil.example"),
                 dict(to="kate@example.org", delivered=to), dict(date=days_ago(30)), dict(above=[f"Authentication-Results: {AUTHSERV}; dmarc=fail"])):
        equal(take(site, reply("tim", **more)), ["sender-mismatch"], more)
    equal([take(site, reply(login))[0] for login in ("sue", "eve", "nobody")], ["sender-mismatch"] * 3, "suspended, not told and no member, nobody")
    two = reply("tim").replace(b"From: tim@example.org", b"From: tim@example.org, mia@example.org")
    equal(take(site, two), ["sender-mismatch"], "two authors")
    unsub = site.address(thread, "kate", "--purpose", "unsub")
    equal(take(site, reply("tim", to=unsub, delivered=unsub)), ["unsubscribed"], "no reply")
    site.metroplex("thread", "lock", str(thread), "--as", "kate")
    equal(take(site, reply("tim"), reply("tim", to=to)), ["locked"] * 2, "what tim may do")
    site.metroplex("thread", "unlock", str(thread), "--as", "kate")
    site.metroplex("user", "set", "kate", "--state", "suspended")
    equal(take(site, reply("tim")), ["suspended"], "nothing goes by the address of who is suspended")
    site.metroplex("user", "set", "kate", "--state", "active")
    site.metroplex("repository", "set", "acme/rocket", "--open", "off")
    equal(take(site, reply("tim")), ["sender-mismatch"], "a repository that does not open itself")
    site.set_config("address", identity="token")
    equal(take(site, reply("tim")), ["posted"])
    equal([author for author, _ in comments(site)], ["tim", "kate"], "with token the address alone decides")
    contains(site.metroplex("fsck"), " 0 faults")


@test
def the_same_mail_at_two_addresses_is_one_comment(site):
    people(site)
    take(site, first_mail(site, "kate@example.org", message_id=FIRST))
    octets = answer(site, "tim", to=f"{at()}, rocket@noreply.{HOST}")
    again = octets.replace(b"X-Original-To: rocket@reply.", b"X-Original-To: rocket@noreply.").replace(b"Delivered-To: rocket@reply.", b"Delivered-To: rocket@noreply.")
    check(octets != again, "the same trace")
    equal(take(site, octets, again), ["posted", "duplicate"])
    equal(take(site, octets), ["duplicate"])


@test
def an_answer_in_the_batch_of_the_mail_that_it_answers_finds_its_thread(site):
    people(site)
    one, two, three = first_mail(site, "kate@example.org", message_id=FIRST), answer(site, "tim", message_id=SECOND), answer(site, "mia", SECOND)
    equal(take(site, one, two, three), ["opened", "posted", "posted"])
    equal(comments(site), [("tim", "tim answers."), ("mia", "mia answers.")])
    # two that name each other are no circle
    equal(take(site, answer(site, "tim", "<b@x>", message_id="<a@x>"), answer(site, "mia", "<a@x>", message_id="<b@x>")), ["opened", "posted"])


@test
def without_proof_nothing_is_an_answer(site):
    people(site)
    take(site, first_mail(site, "kate@example.org", message_id=FIRST))
    for to in (at(), f"noreply@{HOST}"):
        for more in (dict(verdict=""), dict(verdict="spf=pass smtp.mailfrom={domain}"), dict(verdict="dkim=pass header.d=evil.example"),
                     dict(verdict="dkim=fail header.d={domain}"), dict(verdict="dmarc=pass header.from={domain}"),
                     dict(delivered=to, to="mia@example.org"), dict(date="Mon, 01 Jan 2024 00:00:00 +0000")):
            reason = take(site, answer(site, "tim", **dict(dict(to=to), **more)))
            check(reason[0] in ("held", "no-reply-address"), f"{to} {more}: {reason}")
    equal(comments(site), [])
    equal(site.metroplex("thread", "list").count("\n"), 1)
    equal(len(site.answer_events()), 5, "to tim, of the no-reply address, whom DMARC found authentic there; to kate, of what is held; three questions to tim")


@test
def only_who_may_answers(site):
    people(site, who="members")
    site.user("sue")
    site.metroplex("user", "set", "sue", "--state", "suspended")
    take(site, first_mail(site, "kate@example.org", message_id=FIRST))

    def reasons(*logins, **more):
        return [take(site, answer(site, login, **more))[0] for login in logins]

    equal(reasons("kate", "tim", "sue", "nobody"), ["posted", "not-permitted", "suspended", "unknown-sender"])
    equal(reasons("tim", "sue", "nobody", to=f"noreply@{HOST}"), ["no-reply-address"] * 3)
    site.metroplex("thread", "subscribe", "1", "tim")
    equal(reasons("tim"), ["posted"], "who is told may answer")
    site.metroplex("thread", "unsubscribe", "1", "tim")
    equal(reasons("tim"), ["posted"], "also who muted it")
    site.metroplex("thread", "lock", "1", "--as", "kate")
    equal(reasons("kate", "tim"), ["posted", "locked"])
    site.metroplex("thread", "unlock", "1", "--as", "kate")
    site.metroplex("repository", "set", "acme/rocket", "--reply", "members")
    equal(reasons("kate", "tim"), ["posted", "not-permitted"])
    site.metroplex("repository", "set", "acme/rocket", "--reply", "off")
    equal(reasons("kate"), ["not-permitted"])
    site.metroplex("repository", "set", "acme/rocket", "--reply", "on", "--open", "off")
    equal(reasons("kate"), ["closed"])
    equal(reasons("kate", to=f"noreply@{HOST}"), ["no-reply-address"])
    equal(len(comments(site)), 5)
    equal(site.metroplex("thread", "list").count("\n"), 1)


@test
def a_thread_of_another_repository_is_not_answered_at_this_one_s_address(site):
    people(site)
    opens(site, "known", repository="acme/engine", address="engine")
    equal(take(site, first_mail(site, "kate@example.org", message_id=FIRST)), ["opened"])
    equal(take(site, answer(site, "tim", to=at("engine"))), ["opened"])
    equal(site.show(2)["repository"], "acme/engine")
    equal(take(site, answer(site, "mia", to=f"noreply@{HOST}")), ["posted"])
    equal(comments(site), [("mia", "mia answers.")])


@test
def our_own_message_ids_are_followed_where_that_is_wanted(site):
    people(site)
    thread = site.thread("kate")
    site.metroplex("thread", "subscribe", str(thread), "tim")
    site.metroplex("thread", "comment", str(thread), "--as", "kate", stdin="More.\n")
    site.notifier("--once")
    ours = [m["Message-ID"] for m in site.sent() if m["Delivered-To"] == "tim@example.org"][-1]
    equal(take(site, answer(site, "tim", ours, to=f"noreply@{HOST}")), ["no-reply-address"], "off by default")
    site.set_config("inbound", answers_to_notifications="true")
    equal(take(site, answer(site, "tim", ours, to=f"noreply@{HOST}")), ["posted"])
    equal(take(site, answer(site, "tim", ours.replace("/1-", "/2-"), to=f"noreply@{HOST}")), ["no-reply-address"])
    equal(take(site, answer(site, "tim", ours, to=f"noreply@{HOST}", verdict="")), ["no-reply-address"])
    equal([author for author, _ in comments(site, thread)], ["kate", "tim"])


@test
def a_forged_message_id_of_ours_draws_no_answers(site):
    """Mallory's mail has the Message-ID that a notification of the other thread has."""
    people(site, who="known")
    site.user("mallory")
    thread = site.thread("kate")
    stolen = site.git("show", f"main:threads/{path_of_id(thread)}/thread")
    nonce = [line for line in stolen.splitlines() if line.startswith("nonce=")][0][6:14]
    ours = f"<acme/rocket/issues/{thread}-{nonce}@{HOST}>"
    equal(take(site, first_mail(site, "mallory@example.org", message_id=ours)), ["loop"])
    equal(take(site, answer(site, "tim", ours, to=f"noreply@{HOST}")), ["no-reply-address"])
    site.set_config("inbound", answers_to_notifications="true")
    equal(take(site, answer(site, "tim", ours, to=f"noreply@{HOST}")), ["posted"])
    equal(comments(site, thread), [("tim", "tim answers.")])


@test
def an_answer_without_proof_is_held_and_accepted_into_its_thread(site):
    people(site)
    take(site, first_mail(site, "kate@example.org", message_id=FIRST))
    name = site.deliver(answer(site, "tim", verdict=""))
    site.metroplex("--once")
    equal((site.reasons()[name], site.listed("incoming-mail/held"), comments(site)), ("held", [name], []))
    site.metroplex("held", "accept", name)
    equal((site.reasons()[name], site.listed("incoming-mail/held"), comments(site)), ("posted", [], [("tim", "tim answers.")]))
    name = site.deliver(answer(site, "tim", verdict="", message_id="<again@example.org>"))
    site.metroplex("--once")
    site.metroplex("held", "reject", name)
    equal((site.reasons()[name], len(comments(site))), ("rejected", 1))


@test
def what_answers_a_held_mail_is_held_with_it(site):
    people(site)
    first, second = site.deliver(first_mail(site, "kate@example.org", message_id=FIRST, verdict="")), site.deliver(answer(site, "tim", message_id=SECOND))
    site.metroplex("--once")
    third = site.deliver(answer(site, "mia", SECOND))
    other = site.deliver(answer(site, "mia", "<nobody@knows.example>", message_id="<other@example.org>"))
    site.metroplex("--once")
    equal([site.reasons()[name] for name in (first, second, third, other)], ["held", "held", "held", "opened"])
    site.metroplex("--once")
    equal(site.listed("incoming-mail/held"), sorted((first, second, third)))
    contains(site.run(METROPLEX, "held", "accept", second, status=65).stderr, "answers a mail that is held: accept or reject that one first")
    equal(site.git("ls-tree", "-r", "--name-only", "main", "confirmed", repository="accounts.git"), "", "its KEY will be another")
    site.metroplex("held", "accept", first)
    site.metroplex("--once")
    equal([site.reasons()[name] for name in (first, second, third)], ["opened", "posted", "posted"])
    equal(comments(site, 2), [("tim", "tim answers."), ("mia", "mia answers.")])
    # where the first is rejected, the answer is somebody's first mail
    first, second = site.deliver(first_mail(site, "kate@example.org", message_id="<f@x>", verdict="")), site.deliver(answer(site, "tim", "<f@x>", message_id="<s@x>"))
    site.metroplex("--once")
    site.metroplex("held", "reject", first)
    site.metroplex("--once")
    equal([site.reasons()[name] for name in (first, second)], ["rejected", "opened"])
    # and one that answers itself waits for nobody
    equal(take(site, answer(site, "tim", "<self@x>", message_id="<self@x>")), ["opened"])


@test
def what_answers_a_held_mail_is_held_whatever_stands_before_it_in_the_batch(site):
    for login in ("kate", "tim"):
        site.user(login)
    opens(site, members=("kate", "tim"))
    address = site.address(site.thread("tim"), "kate")
    first = site.deliver(first_mail(site, "kate@example.org", verdict="spf=pass smtp.mailfrom={domain}", message_id="<first@example.org>"))
    site.metroplex("--once")
    for i in range(3):
        site.deliver(site.mail("kate@example.org", address, f"A reply {i}.\n"))
    answer = site.deliver(first_mail(site, "tim@example.org", headers=[("In-Reply-To", "<first@example.org>")], text="I see that too.\n"))
    equal(site.metroplex("--once"), "")
    equal(([site.reasons()[name] for name in (first, answer)], site.listed("incoming-mail/held")), (["held", "held"], sorted((first, answer))))


@test
def at_the_no_reply_address_what_is_proved_to_answer_a_held_mail_is_held_with_it(site):
    people(site)
    site.user("sue")
    site.metroplex("user", "set", "sue", "--state", "suspended")
    held = lambda: site.listed("incoming-mail/held")  # noqa: E731
    noreply = (f"noreply@{HOST}", f"rocket@noreply.{HOST}")
    first, second = site.deliver(first_mail(site, "kate@example.org", message_id=FIRST, verdict="")), site.deliver(answer(site, "tim", to=noreply[0], message_id=SECOND))
    site.metroplex("--once")
    third = site.deliver(answer(site, "mia", SECOND, to=noreply[1], field="References"))
    said = site.run(METROPLEX, "explain", os.path.join(site.data, "mail/reply/new", third)).stdout
    contains(said, f"rocket@noreply.{HOST}: of ours, for everybody\n    an answer to a mail that is held, from mia: proved\n")
    contains(said, "result: held")
    for more, reason in ((dict(verdict=""), "no-reply-address"), (dict(delivered=noreply[0], to="mia@example.org"), "no-reply-address"),
                         (dict(headers=[("Auto-Submitted", "auto-replied")]), "auto-reply")):
        octets = answer(site, "mia", **dict(dict(to=noreply[0]), **{k: v for k, v in more.items() if k != "headers"}))
        for name, value in more.get("headers", ()):
            octets = octets.replace(b"In-Reply-To", f"{name}: {value}\nIn-Reply-To".encode(), 1)
        equal(take(site, octets), [reason], more)
    equal([take(site, answer(site, login, to=noreply[0]))[0] for login in ("sue", "nobody")], ["no-reply-address"] * 2)
    for _ in range(3):
        site.metroplex("--once")
    equal(held(), sorted((first, second, third)))
    contains(site.run(METROPLEX, "held", "accept", second, status=65).stderr, "answers a mail that is held: accept or reject that one first")
    site.metroplex("held", "accept", first)
    site.metroplex("--once")
    equal([site.reasons()[name] for name in (first, second, third)], ["opened", "posted", "posted"])
    equal((comments(site), held()), ([("tim", "tim answers."), ("mia", "mia answers.")], []))
    # where the first is rejected, nobody reads it; and it may be rejected alone
    first, second, third = (site.deliver(octets) for octets in (first_mail(site, "kate@example.org", message_id="<f@x>", verdict=""),
                            answer(site, "tim", "<f@x>", to=noreply[0], message_id="<s@x>"), answer(site, "mia", "<s@x>", to=noreply[0])))
    site.metroplex("--once")
    site.metroplex("held", "reject", third)
    site.metroplex("held", "reject", first)
    site.metroplex("--once")
    equal([site.reasons()[name] for name in (first, second, third)], ["rejected", "no-reply-address", "rejected"])
    equal(take(site, answer(site, "tim", "<self@x>", to=noreply[0], message_id="<self@x>")), ["no-reply-address"])


@test
def of_answers_to_a_held_mail_no_more_are_held_than_of_all(site):
    people(site)
    now = int(time.time())
    names = [site.deliver(first_mail(site, "kate@example.org", message_id=FIRST, verdict=""), f"{now - 13 * 86400}.V1I1M0.mx")]
    names += [site.deliver(answer(site, "tim", to=f"noreply@{HOST}", message_id=f"<{n}@x>", date=days_ago(10)), f"{now - (10 + n % 3) * 86400}.V1I1M1{n:02}.mx") for n in range(21)]
    site.metroplex("--once")
    reasons = [site.reasons()[name] for name in names]
    equal(sorted(reasons), ["held"] * 20 + ["held-full"] * 2)
    late = site.deliver(answer(site, "tim", to=f"noreply@{HOST}", date=days_ago(15)), f"{now - 15 * 86400}.V1I1M9.mx")
    site.metroplex("--once")
    equal(site.reasons()[late], "no-reply-address", "it came too long ago to wait")


@test
def answers_wait_in_a_chain_for_a_mail_that_could_not_be_moved(site):
    people(site)
    first = site.deliver(first_mail(site, "kate@example.org", message_id=FIRST))
    answers = [site.deliver(answer(site, "tim", message_id=SECOND)), site.deliver(answer(site, "mia", SECOND, to=f"noreply@{HOST}"))]
    folder = os.path.join(site.data, "incoming-mail/success")
    os.makedirs(folder, exist_ok=True)
    taken = [os.path.join(folder, first + (f".{n}" if n else "")) for n in range(1000)]  # all that it may have
    for path in taken:
        with open(path, "w") as file:
            file.write("Another.\n")
    site.run(METROPLEX, "--once", status=None)
    equal(site.failure, [])
    for path in taken:
        os.unlink(path)
    site.metroplex("--once")
    equal([site.reasons()[name] for name in answers], ["posted", "posted"])
    equal(comments(site), [("tim", "tim answers."), ("mia", "mia answers.")])


@test
def an_answer_in_a_later_batch_waits_for_a_deferred_mail_as_well(site):
    people(site)
    opens(site, "known", repository="acme/engine", address="engine")
    site.set_config("inbound", batch="1")
    clone = os.path.join(site.dir, "clone")
    site.git("clone", "-q", site.data + "/tracker.git", clone)

    def push(*args):
        site.run("git", "-C", clone, "-c", "user.name=a", "-c", "user.email=a@b", *args, data=False)
        site.run("git", "-C", clone, "push", "-q", data=False)

    with open(os.path.join(clone, "repositories/acme/engine"), "a") as f:
        f.write("open=sometimes\n")
    push("commit", "-qam", "x")
    first = site.deliver(first_mail(site, "kate@example.org", to=at("engine"), message_id=FIRST))
    second = site.deliver(answer(site, "tim", to=f"noreply@{HOST}", message_id=SECOND))
    third = site.deliver(answer(site, "mia", SECOND, to=f"noreply@{HOST}"))
    site.metroplex("--once", status=78)
    equal((site.new, site.failure), ([first, second, third], []))
    push("revert", "--no-edit", "HEAD")
    site.metroplex("--once")
    equal([site.reasons()[name] for name in (first, second, third)], ["opened", "posted", "posted"])


@test
def an_answer_at_another_host_finds_the_thread(site):
    with hosts(site) as (remote, one, two):
        people(one)
        two.set_config("address", authserv_id=AUTHSERV)
        equal(take(one, first_mail(one, "kate@example.org", message_id=FIRST)), ["opened"])
        octets = answer(two, "tim", message_id=SECOND)
        equal(take(two, octets), ["posted"])
        equal(take(one, answer(one, "mia", SECOND), octets), ["posted", "duplicate"])
        equal(comments(one), [("tim", "tim answers."), ("mia", "mia answers.")])
        check_all(remote, one, two)


@test
def explain_says_what_is_answered(site):
    people(site)
    take(site, first_mail(site, "kate@example.org", message_id=FIRST))
    name = site.deliver(answer(site, "tim"))
    said = site.run(METROPLEX, "explain", os.path.join(site.data, "mail/reply/new", name)).stdout
    contains(said, "an answer to a mail of thread 1, from tim: proved")
    contains(said, "result: posted")


if __name__ == "__main__":
    main()
