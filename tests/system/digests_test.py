#!/usr/bin/env python3
"""Digests as an administrator meets them: in the queue and its commands, a dry run, a trace, the status, and a prune."""
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import METROPLEX, NOTIFIER, check, contains, equal, main, test, test_as_root  # noqa: E402
from sending import Server, later, queue, rules  # noqa: E402

TEXTS = ["The first.\n", "The second.\n", "The third.\n"]


def put_off(site):
    """Three comments that kate is to get in a digest; the thread, and the KEYs."""
    site.user("tim"), site.user("kate")
    site.metroplex("user", "set", "kate", "--deliver", "batch:30")
    thread, keys = site.thread("tim", body="Does it start?\n"), []
    with Server(site):
        site.notifier("--once")
    site.metroplex("thread", "subscribe", str(thread), "kate")
    for text in TEXTS:
        site.metroplex("thread", "comment", str(thread), "--as", "tim", stdin=text)
        keys.extend(key for key in site.events() if key not in keys)
    return thread, keys


def deferred(site, rule="RCPT 451 4.2.1 later"):
    """Their digest, which the server refused: its KEY."""
    with Server(site):
        site.notifier("--once")
    later(site)
    with Server(site, *rules(rule)):
        site.notifier("--once")
    [row] = queue(site)
    equal((row["login"], row["event"].startswith("digest-"), row["attempts"]), ("kate", True, 1))
    return row["event"]


def told(server):
    """Which of the comments kate has got, mail by mail."""
    texts = [mail.get_body(("plain",)).get_content() for mail in server.messages("kate@example.org")]
    return [[text for text in TEXTS if text.strip() in body] for body in texts]


def dry_run(site):
    *rows, last = site.notifier("--dry-run").splitlines()
    return [" ".join(row.split()[1:]) for row in rows], last


@test
def a_dry_run_counts_a_digest_once(site):
    thread, _ = put_off(site)
    places = [f"{thread}/{n}" for n in (1, 2, 3)]
    equal(dry_run(site), ([f"{place} kate - not told: told later, in a digest" for place in places], "0 messages would be sent."))
    with Server(site):
        site.notifier("--once")
    equal(dry_run(site), ([], "0 messages would be sent."))
    later(site)
    equal(dry_run(site), ([f"{place} kate kate@example.org manual, in a digest" for place in places], "1 message would be sent."))
    site.metroplex("thread", "unsubscribe", str(thread), "kate")
    equal(dry_run(site), ([f"{place} kate - not told: muted the thread" for place in places], "0 messages would be sent."))
    site.metroplex("thread", "subscribe", str(thread), "kate")
    with Server(site) as server:
        site.notifier("--once")
        equal(told(server), [TEXTS])


@test
def a_dry_run_of_what_waited_too_long_tells_it_as_the_run_does(site):
    """Nothing was sent for an hour: the window is over before anybody looked."""
    thread, keys = put_off(site)
    for key in keys:
        path = os.path.join(site.data, "outbox/new", key)
        with open(path) as file:
            lines = file.read().split("\n")
        with open(path, "w") as file:
            file.write("\n".join(f"created\t{int(line[8:]) - 4000}" if line.startswith("created\t") else line for line in lines))
    equal(dry_run(site), ([f"{thread}/{n} kate kate@example.org manual, in a digest" for n in (1, 2, 3)], "1 message would be sent."))
    with Server(site) as server:
        site.notifier("--once")
        equal(told(server), [TEXTS])


@test
def a_trace_of_a_comment_follows_it_into_the_digest(site):
    thread, keys = put_off(site)
    digest = deferred(site)
    where = json.loads(site.metroplex("trace", "--json", f"{thread}/2").splitlines()[0])["place"]
    equal(where, "tracker")
    for comment in (1, 3):
        found = site.metroplex("trace", f"{thread}/{comment}")
        for part in (f"Event {keys[comment - 1]}: account", "is told in a digest", f"Digest {digest} holds 3 events: {', '.join(keys)}",
                     f"Announcing {digest}", f"Event {digest} moves to outbox/retry", "kate <", "deferred, 1 attempt", "451 4.2.1 later"):
            contains(found, part)
    later(site)
    with Server(site):
        site.notifier("--once")
    found = site.metroplex("trace", f"{thread}/1")
    contains(found, f"Event {digest} is done")
    contains(found, "nothing of it waits")


def waiting(site):
    """How many events are in each queue, where there are any."""
    found = json.loads(site.run(METROPLEX, "status", "--json", status=None).stdout)["queue"]
    return {name: part["events"] for name, part in found.items() if part["events"]}


@test
def the_status_counts_a_digest_as_the_event_that_it_is(site):
    put_off(site)
    equal(waiting(site), {"new": 3})
    with Server(site):
        site.notifier("--once")
    equal(waiting(site), {"retry": 3})
    deferred(site, "RCPT 550 5.7.2 no")
    equal(waiting(site), {"failed": 1})


@test
def a_prune_leaves_what_waits(site):
    put_off(site)
    site.set_config("inbound", keep_success="1", keep_failure="1", keep_outcomes="1")
    with Server(site):
        site.notifier("--once")
    site.metroplex("prune")
    equal(len(queue(site)), 3)
    later(site)
    with Server(site, *rules("RCPT 451 4.2.1 later")):
        site.notifier("--once")
    site.metroplex("prune")
    later(site)
    with Server(site) as server:
        site.notifier("--once")
        equal(told(server), [TEXTS])


@test
def a_digest_is_shown_held_retried_and_dropped_as_an_event(site):
    digest = (put_off(site), deferred(site))[1]
    [row] = [json.loads(line) for line in site.notifier("queue", "show", "--json", digest).splitlines()]
    equal((row["event"], row["login"], row["state"], row["error"]), (digest, "kate", "retry", "451 4.2.1 later"))
    contains(site.notifier("queue", "show", digest[:10]), "kate@example.org 451 4.2.1 later")
    site.notifier("queue", "hold", digest[:10])
    later(site)
    with Server(site) as server:
        site.notifier("--once")
        equal((told(server), site.listed("outbox/hold")), ([], [digest]))
        site.notifier("queue", "release", "--login", "kate")
        equal(site.listed("outbox/new"), [digest])
    with Server(site, *rules("RCPT 550 5.7.2 no")):
        later(site)
        site.notifier("--once")
    equal(site.listed("outbox/failed"), [digest])
    site.notifier("queue", "retry", digest)
    with Server(site) as server:
        site.notifier("--once")
        equal(told(server), [TEXTS])
    equal(queue(site), [])


def opened_events(site):
    """How often a run opens a file of the queue."""
    trace = os.path.join(site.dir, "trace")
    subprocess.run(["strace", "-f", "-qq", "-e", "trace=openat", "-o", trace, NOTIFIER, "--config", site.config, "--once"],
                   check=True, capture_output=True)
    keys = [row["event"] for row in queue(site)]
    with open(trace) as file:
        return sum(any(key in line for key in keys) for line in file)


@test_as_root
def what_waits_is_looked_up_once_however_many_threads_wait(site):
    if shutil.which("strace") is None:
        print("# strace is missing: nothing is counted")
        return
    site.user("tim"), site.user("kate")
    site.metroplex("user", "set", "kate", "--deliver", "batch:30")
    site.metroplex("repository", "set", "acme/rocket", "--watch", "kate")
    threads = [site.thread("tim") for _ in range(24)]
    with Server(site):
        opened = opened_events(site)
    equal(len(queue(site)), len(threads))
    check(len(threads) <= opened <= 10 * len(threads), f"{opened} for {len(threads)} events")


@test
def who_is_dropped_from_a_digest_hears_nothing_of_it_again(site):
    digest = (put_off(site), deferred(site))[1]
    site.notifier("queue", "drop", "--login", "kate")
    equal((queue(site), site.listed("outbox/digests")), ([], []))
    later(site)
    with Server(site) as server:
        site.notifier("--once")
        equal(told(server), [])
    check(digest not in site.metroplex("fsck"), "it is left somewhere")


if __name__ == "__main__":
    main()
