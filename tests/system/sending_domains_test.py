#!/usr/bin/env python3
"""Recipient domains: how many connections one has at a time, and that one that stalls costs the others nothing."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import check, equal, main, test  # noqa: E402
from sending import Server, comment, empty_outbox, later, people, queue, rules, server_file  # noqa: E402

SLOW = 12


def two_kinds(site):
    """SLOW people at one domain, who come first, and as many at domains of their own."""
    people(site, SLOW, "slow.example")
    for n in range(SLOW, 2 * SLOW):
        site.user(f"u{n}", f"u{n}@d{n}.example")
    site.metroplex("repository", "set", "acme/rocket", *(word for n in range(2 * SLOW) for word in ("--watch", f"u{n}")))
    return site.thread("tim")


class Counter:
    """How many of the domain that stalls were tried since the last time: an idle connection may be tried twice."""

    def __init__(self, server):
        self.server, self.seen = server, 0

    def tried(self):
        lines = [line.split(" ", 1)[1] for line in self.server.lines("<- RCPT") if "slow.example" in line][self.seen:]
        self.seen += len(lines)
        return len(set(lines))


def most_at_a_time(server, domain):
    """How many connections were busy with recipients of a domain at once."""
    busy, most = set(), 0
    for line in server.lines(""):
        number, arrow, text = line.split(" ", 2)
        if arrow == "<-" and text.startswith("RCPT") and domain in text:
            busy.add(number)
        elif arrow == "<-" and text.startswith(("MAIL", "RSET", "QUIT")) or text.startswith("250 2.0.0 Ok: queued"):
            busy.discard(number)
        most = max(most, len(busy))
    return most


@test
def a_domain_that_stalls_takes_no_time_of_the_others(site):
    thread = two_kinds(site)
    others = {f"<u{n}@d{n}.example>" for n in range(SLOW, 2 * SLOW)}
    for connections, tried in (("4", 2), ("2", 1), ("1", 1)):
        empty_outbox(site)
        comment(site, thread)
        with Server(site, *rules("RCPT slow.example stall"), connections=connections, reply_timeout="1") as server:
            counter = Counter(server)
            site.notifier("--once")
            equal(set(server.recipients()), others, "the others, in the first pass")
            equal(counter.tried(), tried, f"{connections} connections: recipients of the domain that stalls, tried")
            rows = queue(site)
            equal(sorted(row["attempts"] for row in rows), [0] * (SLOW - tried) + [1] * tried)
            equal({row["state"] for row in rows}, {"retry"})
            site.notifier("--once")
            equal(counter.tried(), 0, "while it waits")
            for _ in range(3):
                later(site)
                site.notifier("--once")
                equal(counter.tried(), 1, "one for each time that it is tried")
        later(site)
        with Server(site, connections=connections) as server:
            site.notifier("--once")
            equal((len(server.recipients()), set(server.recipients().values())), (SLOW, {1}))
        equal((queue(site), server_file(site).get("stall")), ([], None))


@test
def a_domain_has_as_many_connections_as_it_earns(site):
    count = 40
    people(site, count, "one.example")
    thread = site.thread("tim")
    for given, most in (({}, 4), ({"domain_connections": "1"}, 1), ({"domain_connections": "3"}, 3)):
        empty_outbox(site)
        comment(site, thread)
        with Server(site, "--delay", "2", connections="4", **{"domain_connections": "0", **given}) as server:
            site.notifier("--once")
            equal((len(server.recipients()), set(server.recipients().values())), (count, {1}))
            equal(most_at_a_time(server, "one.example"), most, f"connections at a time with {given}")
        equal(queue(site), [])


@test
def what_waits_for_its_domain_is_left_when_a_run_ends(site):
    """The server goes away while most are set aside: nobody is lost, and the run ends."""
    people(site, 30, "one.example")
    site.thread("tim")
    with Server(site, *rules("CONNECT#2 421 4.3.2 Bye", "CONNECT#3 421 4.3.2 Bye", "CONNECT#4 421 4.3.2 Bye", "RCPT#3 421 4.3.2 Bye", "CONNECT 220 Hello"),
                connections="4", domain_connections="1") as server:
        site.notifier("--once")
        check(server.recipients(), "nobody got anything")
        for _ in range(3):
            later(site)
            site.notifier("--once")
        equal((len(server.recipients()), set(server.recipients().values())), (30, {1}))
    equal(queue(site), [])


if __name__ == "__main__":
    main()
