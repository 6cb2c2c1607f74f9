"""What the tests of several hosts share: installations on one remote, and what must hold in the end."""
import contextlib
import os
import shutil

import listed
from git_server import Daemon
from harness import Site, equal, path_of_id


def join(site, remote, name):
    """Makes an installation one of the hosts."""
    site.set_config("instance", host_id=name)
    site.set_config("tracker", remote=remote.url("t.git"), accounts_remote=remote.url("a.git"))
    site.name = name
    return site.metroplex("init")


@contextlib.contextmanager
def hosts(one, kind=Daemon, count=2, **keys):
    """The test's own installation and others, all on one remote: (remote, one, two, …)."""
    remote, sites = kind(), [one]
    try:
        join(one, remote, "one")
        for name in ("two", "three", "four")[:count - 1]:
            sites.append(Site())
            shutil.copy(os.path.join(one.dir, "etc/address-keys"), os.path.join(sites[-1].dir, "etc/address-keys"))
            join(sites[-1], remote, name)
        for site in sites:
            site.set_config("tracker", **keys)
        yield remote, *sites
        for site in sites[1:]:
            listed.check(site.data)
    except AssertionError:
        for site in sites[1:]:
            print("\n".join(f"{site.name}: {line}" for line in site.log().splitlines()[-15:]))
        raise
    finally:
        remote.stop()
        remote.remove()
        for site in sites[1:]:
            site.remove()


def conversation(site, threads=1):
    """People and threads; the ids, and kate's address in each."""
    site.user("tim")
    site.user("kate")
    ids = [site.thread("tim", title=f"Thread {i}") for i in range(threads)]
    return ids, [site.address(id, "kate") for id in ids]


def run(site, status=0):
    return site.metroplex("--once", status=status)


def staged(site):
    return site.listed("outbox/tmp")


def events(*sites):
    return sorted(key for site in sites for key in site.events())


def keys(remote):
    names = remote.git("ls-tree", "-r", "--name-only", "main").splitlines()
    return sorted(name.split("/")[-1].split(".")[0] for name in names if "/received/" in name)


def tip(remote, name="t.git"):
    return remote.git("rev-parse", "main", repository=name)


def check_all(remote, *sites):
    """What must hold once all hosts are done: one event for each KEY, all copies equal, all sound."""
    for site in 2 * sites:  # what the last has posted is news to the first
        run(site)
    equal(events(*sites), keys(remote), "one event for each change, over all hosts")
    for site in sites:
        equal(site.new, [], f"new/ of {site.name}")
        equal(staged(site), [], f"outbox/tmp of {site.name}")
        equal(site.git("rev-parse", "main").strip(), tip(remote), f"main of {site.name}")
        site.git("fsck", "--strict")
    remote.git("fsck", "--strict")


def numbers(remote, thread):
    names = remote.git("ls-tree", "-r", "--name-only", "main", f"threads/{path_of_id(thread)}/comments").splitlines()
    return sorted(int(name.split("/")[-2]) for name in names if name.endswith("/comment.md"))


def in_a_row(site):
    """The most batches of a host that were outrun before one of them got through."""
    longest = row = 0
    for line in site.log().splitlines():
        row = row + 1 if "The tracker moved" in line else 0 if " Posted " in line else row
        longest = max(longest, row)
    return longest
