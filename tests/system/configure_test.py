#!/usr/bin/env python3
"""metroplex configure against a real Postfix of the test's own. Needs root, or a user namespace with several ids."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import HOST, Site, check, contains, enter_namespace, equal, main, test, wait_until  # noqa: E402
from postfix import OWNER, Machine, can_run  # noqa: E402


def with_machine(function=None, **options):
    """A test with an installation of OWNER's and an administrator's Postfix, which runs."""
    def wrap(inner):
        def run(unused):
            site, machine = Site(OWNER), None
            try:
                machine = Machine(site, **options)
                machine.start()
                inner(site, machine)
            except AssertionError as error:
                log = os.path.join(site.dir, "postfix/log/mail.log")
                last = open(log, errors="replace").read().splitlines()[-12:] if os.path.exists(log) else []
                raise AssertionError(f"{error}\n" + "\n".join(last)) from None
            finally:
                if machine:
                    machine.stop()
                if not os.environ.get("KEEP"):
                    site.remove()
        run.__name__ = inner.__name__
        return test(run)
    return wrap(function) if function else wrap


@with_machine
def it_shows_the_difference_and_applies_it_and_then_there_is_none(site, machine):
    shown = machine.configure(site, status=1)
    for part in ("--- ", f"+++ {machine.etc}/main.cf", "+relay_domains = reply.", f"postconf: + relay_domains = reply.{HOST}, noreply.{HOST}"):
        contains(shown, part)
    before = machine.files()
    equal(machine.configure(site, status=1), shown, "looking changes nothing")
    equal(machine.files(), before)
    print(machine.configure(site, "--apply"))
    contains(machine.configure(site), "nothing to do")
    applied = machine.files()
    contains(machine.configure(site, "--apply"), "nothing to do")
    equal(machine.files(), applied)
    print(machine.configure(site, "--revert"))
    equal(machine.files(), before)
    contains(machine.configure(site, "--revert"), "nothing to put back")


if __name__ == "__main__":
    enter_namespace()
    if not can_run():
        print("# left out: a Postfix of one's own needs root, or a user namespace with several ids (package uidmap)")
        print("0 passed, 0 failed, 1 skipped")
        sys.exit(0)
    main()
