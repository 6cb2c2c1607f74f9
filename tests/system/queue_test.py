#!/usr/bin/env python3
"""The notifier's queue, as an administrator sees and moves it: who is told and who is not, where to, in which order."""
import contextlib
import glob
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import NOTIFIER, check, contains, equal, main, test, wait_until  # noqa: E402
from sending import Server, comment, later, people, rules  # noqa: E402
from terminal import Terminal  # noqa: E402


def show(site, event):
    """What `queue show` says of an event, by login."""
    rows = [json.loads(line) for line in site.notifier("queue", "show", "--json", event).splitlines()]
    return {row["login"]: row for row in rows}


def listed(site, *args):
    return [json.loads(line) for line in site.notifier("queue", "list", "--json", *args).splitlines()]


BOUNCE = """Return-Path: <>
Delivered-To: {to}
From: MAILER-DAEMON@mx.example.net
To: {to}
Subject: Undelivered
Message-ID: <bounce-{recipient}>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=B

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx

Final-Recipient: rfc822; {recipient}
Action: failed
Status: 5.1.1

--B
Content-Type: text/rfc822-headers

Message-ID: {about}
--B--
"""


def suppress(site, thread, login, address):
    """As if the opening post had bounced from there."""
    about = json.loads(site.metroplex("thread", "export", str(thread)))["comments"][0]["id"]
    to = site.address(thread, login, "--purpose", "bounce")
    site.set_config("limits", hard_bounces="1")
    site.deliver(BOUNCE.format(to=to, recipient=address, about=about).encode())
    site.metroplex("--once")
    contains(site.metroplex("user", "show", login), f"{address} (suppressed)")


def thread_of(site, *followers):
    """tim's thread, which these follow; its opening post has been told."""
    thread = site.thread("tim")
    for login in followers:
        site.metroplex("thread", "subscribe", str(thread), login)
    for event in site.events():
        site.notifier("queue", "drop", event)
    return thread


# --- Who is told, and where ------------------------------------------------------------------------


@test
def the_next_address_is_used_when_the_first_is_suppressed(site):
    site.user("tim")
    site.user("kate", "kate@one.example", "kate@two.example", "kate@three.example")
    thread = thread_of(site, "kate")
    for suppressed, used in (("kate@one.example", "kate@two.example"), ("kate@two.example", "kate@three.example")):
        suppress(site, thread, "kate", suppressed)
        with Server(site) as server:
            comment(site, thread, f"Not {suppressed}?\n")
            equal([row["address"] for row in listed(site)], [None])
            site.notifier("--once")
            equal(server.recipients(), {f"<{used}>": 1})
    contains(site.notifier("preview", str(thread), "0", "kate"), "X-GitHub-Recipient: kate")
    suppress(site, thread, "kate", "kate@three.example")
    with Server(site, *rules("RCPT tim@ 451 4.2.1 later")) as server:
        site.metroplex("thread", "subscribe", str(thread), "tim")
        site.user("una")
        site.metroplex("thread", "comment", str(thread), "--as", "una", "-", stdin="Nobody?\n")
        event = site.events()[0]
        site.notifier("--once")
        equal(server.recipients(), {})
        row = show(site, event)["kate"]
        equal((row["state"], row["address"]), ("dropped", None))
        contains(row["error"], "suppressed")
        contains(site.log("notifier.log"), f"Event {event}: account 2 is not told: the address is suppressed")


@test
def an_answer_goes_to_the_next_address_too(site):
    site.user("tim")
    site.user("kate", "kate@one.example", "kate@two.example")
    thread = thread_of(site, "kate")
    suppress(site, thread, "kate", "kate@one.example")
    site.deliver(site.mail("kate@two.example", site.address(thread, "kate"), "> x\n"))
    site.metroplex("--once")
    with Server(site) as server:
        site.notifier("--once")
        equal(server.recipients(), {"<kate@two.example>": 1})


@test
def the_address_is_looked_up_when_the_message_is_sent(site):
    site.user("tim")
    site.user("kate", "kate@old.example")
    thread = thread_of(site, "kate")
    comment(site, thread)
    event = site.events()[0]
    with Server(site, *rules("RCPT old 450 4.2.1 later")) as server:
        site.notifier("--once")
        row = show(site, event)["kate"]
        equal((row["state"], row["address"], row["error"]), ("retry", "kate@old.example", "450 4.2.1 later"))
        site.metroplex("user", "set", "kate", "--add-email", "kate@new.example", "--remove-email", "kate@old.example")
        equal(show(site, event)["kate"]["address"], "kate@old.example", "that of the attempt")
        site.notifier("queue", "retry", event)
        equal(show(site, event)["kate"]["address"], "kate@new.example", "that of the next one")
        site.notifier("--once")
        equal(server.recipients(), {"<kate@new.example>": 1})
    equal(listed(site), [])


@test
def who_is_not_told_and_why_is_kept_with_the_event(site):
    for login in ("tim", "kate", "mute", "gone", "ada"):
        site.user(login)
    thread = thread_of(site, "kate", "mute", "gone", "ada")
    site.metroplex("thread", "unsubscribe", str(thread), "mute")
    site.metroplex("user", "set", "gone", "--state", "suspended")
    suppress(site, thread, "ada", "ada@example.org")
    comment(site, thread)
    event = site.events()[0]
    with Server(site, *rules("RCPT kate@ 450 4.2.1 later")):
        site.notifier("--once")
    rows = show(site, event)
    equal({login: (row["state"], row["error"]) for login, row in rows.items()},
          {"kate": ("retry", "450 4.2.1 later"), "tim": ("skipped", "wrote it"), "mute": ("skipped", "muted the thread"),
           "gone": ("dropped", "the account is not active"), "ada": ("dropped", "the address is suppressed: it bounced")})
    equal([row["login"] for row in listed(site)], ["kate"])
    trace = site.metroplex("trace", f"{thread}/1")
    for login, why in (("tim", "skipped: wrote it"), ("mute", "skipped: muted the thread"),
                       ("gone", "dropped: the account is not active"), ("ada", "dropped: the address is suppressed")):
        equal([line.split(">, ")[1][:len(why)] for line in trace.splitlines() if f"{event}: {login} <" in line], [why])
    log = site.log("notifier.log")
    contains(log, f"Event {event}: not told are account 1 (wrote it), account 3 (muted the thread)")
    with Server(site):
        later(site)
        site.notifier("--once")
    equal(listed(site), [])
    check(event in site.metroplex("trace", f"{thread}/1") and "not told are account 1" in site.metroplex("trace", f"{thread}/1"),
          "the log knows it when the event is done")


# --- Order -----------------------------------------------------------------------------------------


def same_moment(site, outbox="outbox"):
    """As if all had been announced in one second, on a file system that knows no less."""
    for name in site.listed(f"{outbox}/new"):
        path = os.path.join(site.data, outbox, "new", name)
        with open(path) as file:
            text = re.sub("created\t.*", "created\t1790000000", file.read())
        with open(path, "w") as file:
            file.write(text)
        os.utime(path, (1790000000, 1790000000))


def conversations(site, count):
    """Two threads, and what was written there turn about: (thread, comment) in their order."""
    threads = [thread_of(site, "kate") for _ in range(2)]
    for n in range(count):
        for thread in reversed(threads):
            comment(site, thread, f"Comment {n + 1}.\n")
    return [(thread, n + 1) for thread in threads for n in range(count)]


@test
def events_of_a_moment_go_out_by_thread_and_comment(site):
    for login in ("tim", "kate"):
        site.user(login)
    expected = conversations(site, 8)
    same_moment(site)
    with Server(site) as server:
        site.notifier("--once")
        messages = [open(path).read() for path in sorted(glob.glob(os.path.join(server.dir, "*.eml")))]
    found = [re.search(r"Message-ID: <acme/rocket/issues/(\d+)-[0-9a-f]+/(\d+)-", message) for message in messages]
    equal([tuple(map(int, f.groups())) for f in found], expected)


@test
def comments_go_out_in_their_order_whatever_the_clock_said(site):
    for login in ("tim", "kate"):
        site.user(login)
    expected = conversations(site, 6)
    for n, name in enumerate(reversed(sorted(site.events()))):
        path = os.path.join(site.data, "outbox/new", name)
        os.utime(path, (1790000000 + n, 1790000000 + n))
    with Server(site) as server:
        site.notifier("--once")
        messages = [open(path).read() for path in sorted(glob.glob(os.path.join(server.dir, "*.eml")))]
    for thread in {thread for thread, _ in expected}:
        numbers = [int(n) for m in messages for n in re.findall(rf"Message-ID: <acme/rocket/issues/{thread}-[0-9a-f]+/(\d+)-", m)]
        equal(numbers, [1, 2, 3, 4, 5, 6])


@test
def on_comment_is_told_by_thread_and_comment(site):
    for login in ("tim", "kate"):
        site.user(login)
    log, program = os.path.join(site.dir, "told"), os.path.join(site.dir, "program")
    with open(program, "w") as file:
        file.write(f"#!/bin/sh\ncat >>{log}\n")
    os.chmod(program, 0o755)
    site.set_config("inbound", on_comment=program)
    expected = conversations(site, 8)
    same_moment(site, "hook")
    site.metroplex("hook")
    told = [json.loads(line) for line in open(log)]
    equal([(t["thread"], t["number"]) for t in told if t["number"] > 0], expected)


# --- An administrator, while a run is at work --------------------------------------------------------


@contextlib.contextmanager
def running(site, *args):
    """A notifier at work; killed at the end, if it still is."""
    run = subprocess.Popen([NOTIFIER, "--config", site.config, *(args or ("--for", "600"))], stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield run
    finally:
        run.kill()
        run.wait()


def stop(run):
    run.send_signal(signal.SIGTERM)
    equal(run.wait(timeout=60), 0)


def once_each(server, count):
    equal(server.recipients(), {f"<u{n}@d{n}.example>": 1 for n in range(count)})


@test
def a_hold_of_all_stops_a_run_before_its_next_message(site):
    people(site, 12)
    for _ in range(2):
        site.thread("tim")
    with Server(site, *rules("EOD late-1")) as server:
        with running(site) as run:
            wait_until(lambda: sum(server.recipients().values()) >= 2)
            site.notifier("queue", "hold", "--all")
            before = sum(server.recipients().values())
            wait_until(lambda: len(site.listed("outbox/hold")) == 2)
            comment(site, 1, "Not held, since it came after.\n")
            wait_until(lambda: site.events() == [])
            equal(run.poll(), None)
            held = [row for row in listed(site) if row["state"] == "hold"]
            equal(len(held), 24 - sum(server.recipients().values()) + 12)
            check(before <= 4, f"{before} were sent, where two were expected")
            stop(run)
        site.notifier("queue", "release", "--all")
        site.notifier("--once")
        equal(server.recipients(), {f"<u{n}@d{n}.example>": 3 for n in range(12)})
    equal(site.listed("outbox/requests"), [])


def syncs_of(site, *command):
    """How often a command waits for the disk."""
    traced = os.path.join(site.dir, "syncs")
    subprocess.run(["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", traced, NOTIFIER, *command, "--config", site.config], check=True)
    with open(traced) as file:
        return sum("sync(" in line for line in file)


@test
def a_hold_of_all_waits_for_the_disk_once_and_not_for_each_event(site):
    if shutil.which("strace") is None:
        return print("# skipped: needs strace")
    people(site, 1)
    for _ in range(5):
        site.thread("tim")
    few = syncs_of(site, "queue", "hold", "--all")
    equal(len(site.listed("outbox/hold")), 5)
    site.notifier("queue", "release", "--all")
    for _ in range(20):
        site.thread("tim")
    equal(syncs_of(site, "queue", "hold", "--all"), few, "syncs for 25 events, and for 5")
    equal((len(site.listed("outbox/hold")), site.listed("outbox/requests")), (25, []))
    site.notifier("queue", "release", "--all")
    subprocess.run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=renameat2:signal=KILL:when=10", NOTIFIER, "queue", "hold", "--all",
                    "--config", site.config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    check(0 < len(site.listed("outbox/new")) < 25, "it was not killed in the midst of them")
    syncs = syncs_of(site, "--once")
    check(syncs <= 2 * few, f"the run that holds the others syncs {syncs} times")
    equal(len(site.listed("outbox/hold")), 25)


@test
def no_command_waits_for_a_run_and_a_killed_one_leaves_it_to_the_next(site):
    people(site, 6)
    site.thread("tim")
    event = site.events()[0]
    with Server(site, *rules("RCPT u2@ stall")), running(site) as run:
        wait_until(lambda: [row["state"] for row in show(site, event).values()].count("sent") == 2)
        for words in (["list"], ["show", event], ["hold", event], ["release", event[:6]], ["retry", event], ["hold", "--all"],
                      ["drop", "--login", "u3"], ["drop", "--login", "u0"], ["drop", "--address", "u4@d4.example"]):
            site.notifier("queue", *words)
            equal(run.poll(), None, f"{words}: the run is at work")
        rows = show(site, event)
        equal({login: row["state"] for login, row in rows.items() if login != "tim"},
              {"u0": "sent", "u1": "sent", "u2": "hold", "u3": "dropped", "u4": "dropped", "u5": "hold"})
        equal(site.events(), [event], "it does not move under who works on it")
    with Server(site) as server:
        site.notifier("--once")
        equal(server.recipients(), {})
        equal(site.listed("outbox/hold"), [event])
        site.notifier("queue", "release", event)
        site.notifier("--once")
        equal(server.recipients(), {f"<u{n}@d{n}.example>": 1 for n in (2, 5)})
    equal((listed(site), site.listed("outbox/requests")), ([], []))


@test
def what_is_held_or_dropped_beside_a_run_is_in_no_digest(site):
    people(site, 1)
    site.user("kate")
    site.metroplex("user", "set", "kate", "--deliver", "batch:30")
    threads, events = [thread_of(site, "kate") for _ in range(2)], []

    def say(thread, text):
        comment(site, thread, text)
        events.extend(event for event in site.events() if event not in events)

    say(threads[0], "Held.\n"), say(threads[0], "Dropped.\n")
    with Server(site):
        site.notifier("--once")
    say(threads[0], "Told.\n"), say(threads[1], "Dropped for her.\n")
    with Server(site, *rules("RCPT u0@ 451 4.2.1 later")):
        site.notifier("--once")
    later(site)
    at_once, seen = [f"Event {event} moves to outbox/retry" for event in events[:2]], site.log("notifier.log")
    with Server(site, *rules("RCPT u0@ stall")) as server, running(site) as run:
        wait_until(lambda: server.lines("RCPT") and all(line in site.log("notifier.log")[len(seen):] for line in at_once))
        site.notifier("queue", "hold", events[0])
        site.notifier("queue", "drop", events[1])
        site.notifier("queue", "drop", "--login", "kate", "--thread", str(threads[1]))
        server.process.stdin.close()  # it goes away, and so the pass is over
        wait_until(lambda: any(name.startswith("digest-") for name in site.listed("outbox/new")))
        stop(run)
    with Server(site) as server:
        later(site)
        site.notifier("--once")
        told = [mail.get_body(("plain",)).get_content() for mail in server.messages("kate@example.org")]
        equal([text.split("\n")[0].strip() for text in told], ["Told."])
        site.notifier("queue", "release", events[0])
        site.notifier("--once")
        contains(server.messages("kate@example.org")[-1].get_body(("plain",)).get_content(), "Held.")
        equal(len(server.messages("kate@example.org")), 2)
    equal(listed(site), [])


@test
def a_retry_during_a_run_looks_for_a_server_that_was_away(site):
    people(site, 1)
    site.thread("tim")
    site.set_config("smtp", transport="smtp", address="localhost", port="1", tls="none")
    with running(site) as run:
        wait_until(lambda: listed(site)[0]["error"])
        probe = listed(site)[0]["due"]
        site.notifier("queue", "retry", "--all")
        comment(site, 1)  # wakes it at once
        wait_until(lambda: site.listed("outbox/requests") == [])
        wait_until(lambda: listed(site)[0]["due"] not in (None, probe))
        stop(run)


def kill_some(site, chance, *words):
    """A command that may be killed at any moment; whether it was."""
    command = subprocess.Popen([NOTIFIER, "--config", site.config, *words] if words[0].startswith("-") else
                               [NOTIFIER, *words[:2], "--config", site.config, *words[2:]],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if random.random() < chance:
        with contextlib.suppress(subprocess.TimeoutExpired):
            command.wait(timeout=random.random() * 0.05)
    else:
        command.wait()
    was_killed = command.poll() is None
    command.kill()
    command.wait()
    return was_killed


@test
def commands_and_runs_that_are_killed_lose_nothing_double_nothing_and_are_obeyed(site):
    random.seed(15)
    people(site, 12)
    for _ in range(8):
        site.thread("tim")
    with Server(site, connections="2") as server:
        turns, kills, dropped = int(os.environ.get("TURNS", "30")), 0, {}
        for turn in range(turns):
            comment(site, turn % 8 + 1, f"Turn {turn}.\n")
            with running(site, "--once") as run:
                for n in range(4):
                    if n == 1 and turn % 2 and run.poll() is None:
                        run.kill()
                        kills += 1
                    words = random.choice([["hold", "--all"], ["release", "--all"], ["retry", "--all"], ["hold", "--thread", str(turn % 8 + 1)],
                                           ["release", "--thread", str(turn % 8 + 1)], ["retry", "--login", f"u{turn % 12}"]])
                    kill_some(site, 0.4, "queue", *words)
                if turn in (3, 9):
                    login = f"u{turn}"
                    site.notifier("queue", "drop", "--login", login)
                    dropped[login] = server.recipients()[f"<{login}@d{turn}.example>"] + turns - turn - 1
                run.wait(timeout=60)
        for _ in range(4):
            site.notifier("queue", "release", "--all")
            site.notifier("queue", "retry", "--all")
            site.notifier("--once")
        got = server.recipients()
        print(f"# {kills} runs killed, {sum(got.values())} messages")
    equal((listed(site), site.listed("outbox/requests")), ([], []))
    for n in range(12):
        count, due = got[f"<u{n}@d{n}.example>"], 8 + turns
        check(count >= due or f"u{n}" in dropped, f"u{n} lacks {due - count}")
    expected = (8 + turns) * (12 - len(dropped)) + sum(dropped.values())
    doubled = sum(got.values()) - expected
    check(doubled <= 2 * kills + 2 * len(dropped), f"{doubled} more than {expected}, by {kills} kills of two connections each")


def rest(site):
    """Who is still to get what: (thread, login) of each recipient that waits."""
    return sorted((row["thread"], row["login"]) for row in listed(site))


FILTERS = [  # of three threads, two of them told in part, and whom is chosen
    (["--thread", "2"], [(2, "u0"), (2, "u1"), (2, "u2")]),
    (["--login", "u1"], [(1, "u1"), (2, "u1"), (3, "u1")]),
    (["--address", "U1@D1.example"], [(1, "u1"), (2, "u1"), (3, "u1")]),
    (["--domain", "D2.Example"], [(1, "u2"), (2, "u2"), (3, "u2")]),
    (["--domain", "d2.example", "--thread", "3"], [(3, "u2")]),
    (["--state", "failed"], [(1, "u0"), (2, "u0"), (3, "u0")]),
    (["--state", "retry", "--login", "u1"], [(1, "u1"), (2, "u1"), (3, "u1")]),
    (["--state", "new"], []),
    (["--older-than", "10d"], [(3, "u0"), (3, "u1"), (3, "u2")]),
    (["--newer-than", "36h"], [(1, "u0"), (1, "u1"), (1, "u2"), (2, "u0"), (2, "u1"), (2, "u2")]),
]


@test
def filters_choose_by_state_person_domain_thread_and_age(site):
    people(site, 3)
    for _ in range(3):
        site.thread("tim")
    old = next(row["event"] for row in listed(site) if row["thread"] == 3)
    path = os.path.join(site.data, "outbox/new", old)
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(re.sub("created\t.*", f"created\t{int(time.time()) - 20 * 86400}", text))
    with Server(site, *rules("RCPT u0@ 550 5.1.1 Unknown", "RCPT @d 450 4.2.1 later")):
        site.notifier("--once")
    everybody = [(thread, f"u{n}") for thread in (1, 2, 3) for n in range(3)]
    equal(rest(site), everybody)
    keep = os.path.join(site.dir, "keep")
    shutil.copytree(os.path.join(site.data, "outbox"), keep)
    for words, chosen in FILTERS:
        equal(sorted((row["thread"], row["login"]) for row in listed(site, *words)), chosen, f"list {words}")
        site.notifier("queue", "drop", *words)
        equal(rest(site), [who for who in everybody if who not in chosen], f"drop {words}")
        restore(site, keep)
        site.notifier("queue", "retry", *words)
        equal(sorted((row["thread"], row["login"]) for row in listed(site, "--state", "new")), chosen, f"retry {words}")
        restore(site, keep)
        site.notifier("queue", "hold", *words)
        threads = {thread for thread, _ in chosen}
        equal(sorted((row["thread"], row["login"]) for row in listed(site, "--state", "hold")),
              [who for who in everybody if who[0] in threads], f"hold {words}")
        site.notifier("queue", "release", *(words[2:] if words[0] == "--state" and words[2:] else ["--all"] if words[0] == "--state" else words))
        equal(listed(site, "--state", "hold"), [], f"release {words}")
        restore(site, keep)
    for words in (["list", "--state", "away"], ["hold"], ["hold", "--all", "--thread", "1"], ["drop", "--all"], ["drop", "--thread", "1", old]):
        equal(site.run(NOTIFIER, "queue", *words, status=None).returncode, 64, words)
    for words in (["list", "--login", "nobody"], ["list", "--thread", "x"], ["list", "--older-than", "soon"], ["hold", "--login", "nobody"]):
        equal(site.run(NOTIFIER, "queue", *words, status=None).returncode, 65, words)


def restore(site, keep):
    shutil.rmtree(os.path.join(site.data, "outbox"))
    shutil.copytree(keep, os.path.join(site.data, "outbox"))


@test
def what_has_failed_is_dropped_by_one_word(site):
    people(site, 2)
    for _ in range(2):
        site.thread("tim")
    with Server(site, *rules("RCPT u0@ 550 5.1.1 Unknown", "RCPT u1@ 450 4.2.1 later")):
        site.notifier("--once")
        equal(rest(site), [(1, "u0"), (1, "u1"), (2, "u0"), (2, "u1")])
        site.notifier("queue", "drop", "--failed")
        equal(rest(site), [(1, "u1"), (2, "u1")])
    site.thread("tim", title="Another")
    with Server(site, *rules("RCPT @d 550 5.1.1 Unknown")):
        site.notifier("--once")
    equal(len(site.listed("outbox/failed")), 1)
    site.notifier("queue", "drop", "--failed")
    equal((site.listed("outbox/failed"), rest(site)), ([], [(1, "u1"), (2, "u1")]))


@test
def a_beginning_of_a_key_is_enough_where_it_is_one_events(site):
    people(site, 1)
    for n in range(20):  # two of them begin alike
        site.thread("tim")
    events = site.events()
    alike = next(a[0] for a, b in zip(events, events[1:]) if a[0] == b[0])
    several = [event for event in events if event.startswith(alike)]
    for words in (["show"], ["hold"], ["drop"]):
        done = site.run(NOTIFIER, "queue", *words, alike, status=65)
        contains(done.stderr, f"{alike} is the beginning of several events: {', '.join(several[:2])}")
    equal(site.events(), events)
    site.notifier("queue", "hold", several[0][:12])
    equal(site.listed("outbox/hold"), [several[0]])
    equal(site.run(NOTIFIER, "queue", "show", "zz", status=65).stdout, "")


@test
def an_event_that_is_not_there_stops_all_that_are_named(site):
    people(site, 1)
    for _ in range(3):
        site.thread("tim")
    first, second, third = events = site.events()
    for wrong, why in (("zz", "no such event: zz"), ("", "no such event: ''")):
        for word in ("hold", "drop"):
            contains(site.run(NOTIFIER, "queue", word, first, wrong, status=65).stderr, why)
            equal((site.listed("outbox/new"), site.listed("outbox/hold")), (events, []))
    site.notifier("queue", "hold", first, second[:12], first, second)  # named twice is named once
    equal((site.listed("outbox/new"), site.listed("outbox/hold")), ([third], [first, second]))
    contains(site.run(NOTIFIER, "queue", "release", first, third, status=65).stderr, "is in new: cannot release it")
    contains(site.run(NOTIFIER, "queue", "retry", third, second, status=65).stderr, "is in hold: cannot retry it")
    equal((site.listed("outbox/new"), site.listed("outbox/hold")), ([third], [first, second]))
    site.notifier("queue", "drop", first, first)
    site.notifier("queue", "release", second, second)
    equal(site.listed("outbox/new"), sorted([second, third]))


@test
def what_is_no_event_keeps_no_other_from_being_held(site):
    people(site, 1)
    for _ in range(3):
        site.thread("tim")
    events = site.events()
    os.mkdir(os.path.join(site.data, "outbox/new", "0" * 32))
    os.symlink(site.config, os.path.join(site.data, "outbox/new", "0" * 31 + "1"))
    told = site.run(NOTIFIER, "queue", "hold", "--all", status=78).stderr + site.log("notifier.log")
    for name in ("0" * 32, "0" * 31 + "1"):
        contains(told, name)
    equal(([e for e in site.listed("outbox/hold") if e in events], site.listed("outbox/requests")), (events, []))
    site.notifier("queue", "release", "--all")
    equal([e for e in site.listed("outbox/new") if e in events], events)
    # a hold --all that died is finished by the next run, which leaves the two and says so
    with open(os.path.join(site.data, "outbox/requests/+hold"), "w") as f:
        f.write("hold\n")
    site.run(NOTIFIER, "--once", status=75)
    equal(([e for e in site.listed("outbox/hold") if e in events], site.listed("outbox/requests")), (events, []))


# --- A run, and who looks on ------------------------------------------------------------------------


@test
def a_limit_bounds_the_messages_of_a_run_and_the_rest_goes_later(site):
    people(site, 5)
    for _ in range(2):
        site.thread("tim")
    with Server(site, connections="4") as server:
        for limit, sent in ((3, 3), (1, 4), (4, 8)):
            equal(site.notifier("--limit", str(limit)), "", "cron is told nothing")
            equal(sum(server.recipients().values()), sent)
        site.notifier("--once")
        equal(server.recipients(), {f"<u{n}@d{n}.example>": 2 for n in range(5)})
    for words in (["--limit", "0"], ["--limit", "x"], ["--limit", "1", "--for", "1"], ["--dry-run", "--for", "1"]):
        equal(site.run(NOTIFIER, *words, status=None).returncode, 64, words)


@test
def a_run_says_what_it_did_to_who_wants_to_know(site):
    people(site, 3)
    site.user("gone")
    thread = site.thread("tim")
    site.metroplex("thread", "subscribe", str(thread), "gone")
    site.metroplex("user", "set", "gone", "--state", "suspended")
    with Server(site, *rules("RCPT u0@ 450 4.2.1 later", "RCPT u1@ 550 5.1.1 Unknown")):
        done = site.run(NOTIFIER, "--once", "--verbose")
        check(re.fullmatch(r"1 sent, 1 deferred, 1 failed, 1 dropped in \d+\.\d s\n", done.stdout), done.stdout)
        equal(done.stderr, "")
        comment(site, thread)
        done = site.run(NOTIFIER, "--once")
        equal((done.stdout, done.stderr), ("", ""))
    contains(site.log("notifier.log"), "1 sent, 1 deferred, 1 failed, 1 dropped in ")


@test
def a_terminal_sees_how_far_a_run_is(site):
    people(site, 4)
    site.thread("tim")
    with Server(site):
        text = Terminal(NOTIFIER, "--once", "--config", site.config).end()
    check(re.search(r"message \d of 4 \(\d+ %\) \[=* *\]", text), repr(text))
    contains(text, "4 sent, 0 deferred, 0 failed, 0 dropped in ")


def snapshot(site):
    """All that a change would show in: contents and times of what lies below the data directory."""
    found = {}
    for folder, names, files in os.walk(site.data):
        for name in [*names, *files]:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            found[path] = (status.st_mtime_ns, status.st_ctime_ns, status.st_size)
    return found


@test
def a_dry_run_says_what_would_be_sent_and_changes_nothing(site):
    people(site, 3)
    for login in ("mute", "ada"):
        site.user(login)
    thread = thread_of(site, "mute", "ada")
    site.metroplex("thread", "unsubscribe", str(thread), "mute")
    site.metroplex("user", "set", "ada", "--state", "suspended")
    comment(site, thread, "One.\n")
    comment(site, thread, "Two.\n")
    with Server(site, *rules("RCPT u0@ 450 4.2.1 later")) as server:
        first, second = [row["event"] for row in listed(site)]
        expected = [f"{event} {thread}/{n} {rest}" for n, event in ((1, first), (2, second))
                    for rest in ("ada - not told: the account is not active", *(f"u{n} u{n}@d{n}.example subscribed" for n in range(3)))]
        if json.loads(site.notifier("queue", "show", "--json", first).splitlines()[0])["comment"] != 1:
            expected = [line for line in expected if first not in line] + [line for line in expected if first in line]
        before = snapshot(site)
        printed = site.notifier("--dry-run")
        equal(snapshot(site), before)
        equal([" ".join(line.split()) for line in printed.splitlines()], [*expected, "6 messages would be sent."])
        equal(site.notifier("--dry-run", "--limit", "4").splitlines()[-1], "4 messages would be sent.")
        equal(server.recipients(), {})
        bogus = os.path.join(site.data, "outbox/new/bogus")
        with open(bogus, "w") as file:
            file.write("no event\n")
        done = site.run(NOTIFIER, "--dry-run")
        equal(done.stdout, printed, "an event at fault hides no other")
        contains(done.stderr, "Event bogus would be left: outbox/new/bogus:1: not the file of an event")
        os.unlink(bogus)
        site.notifier("--once")
        equal(site.notifier("--dry-run").splitlines(), ["0 messages would be sent."], "all others wait")
        later(site)
        equal(sorted(line.split()[2] for line in site.notifier("--dry-run").splitlines()[:-1]), ["u0", "u0"])


if __name__ == "__main__":
    main()
