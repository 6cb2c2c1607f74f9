#!/usr/bin/env python3
"""Guests: what they may, how they are shown, and what an administrator does with them."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import guests  # noqa: E402
from first_mail import first_mail, opens  # noqa: E402
from harness import METROPLEX, contains, equal, main, test  # noqa: E402

EVE = "eve@example.net"


def person(site, login):
    return json.loads(site.metroplex("user", "show", login, "--json"))


def refused(site, *args, status=65):
    return site.run(METROPLEX, *args, status=status).stderr


@test
def an_administrator_sees_suspends_and_removes_a_guest(site):
    site.user("tim")
    eve = guests.make(site, 2, EVE)
    equal(eve, "guest-2")
    equal({key: person(site, eve)[key] for key in ("id", "login", "name", "emails", "state")},
          {"id": 2, "login": eve, "name": "Eve (guest)", "emails": [EVE], "state": "guest"})
    contains(site.metroplex("user", "list"), "guest-2              guest       eve@example.net                Eve (guest)")
    contains(site.metroplex("user", "show", "GUEST-2"), "state   guest")
    site.metroplex("user", "set", eve, "--state", "suspended")
    equal(person(site, eve)["state"], "suspended")
    site.metroplex("user", "set", eve, "--state", "active", "--name", "Eve Doe", "--language", "fr")
    equal([person(site, eve)[key] for key in ("state", "name", "language")], ["guest", "Eve Doe (guest)", "fr"])
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
    guests.make(site, 3, EVE)
    for who in ("members", "known"):
        opens(site, who)
        name = site.deliver(first_mail(site, EVE))
        site.metroplex("--once")
        equal(site.reasons()[name], "unknown-sender", who)


if __name__ == "__main__":
    main()
