#!/usr/bin/env python3
"""What a mail says of others: whom its Cc subscribes, and to which thread it belongs by what it answers."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import equal, main, test  # noqa: E402


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


if __name__ == "__main__":
    main()
