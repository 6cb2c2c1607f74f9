#!/usr/bin/env python3
"""What a file system, a kernel or a limit lacks: rename without replacing, links, inotify.

A library that is loaded first (LD_PRELOAD) makes the calls fail that the environment names.
"""
import errno
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import METROPLEX, NOTIFIER, check, contains, equal, main, test, wait_until  # noqa: E402

CALLS = {  # as the C library declares them
    "renameat2": ("int a, const char *b, int c, const char *d, unsigned e", "a, b, c, d, e"),
    "linkat": ("int a, const char *b, int c, const char *d, int e", "a, b, c, d, e"),
    "inotify_init1": ("int a", "a"),
    "inotify_add_watch": ("int a, const char *b, unsigned c", "a, b, c"),
}
FAILING = """
int %(name)s(%(types)s)
{
    const char *error = getenv("FAIL_%(name)s");
    int (*real)(%(types)s) = (int (*)(%(types)s))dlsym(RTLD_NEXT, "%(name)s");

    if (error == NULL)
        return real(%(names)s);
    errno = atoi(error);
    return -1;
}
"""


def build_library():
    top = tempfile.mkdtemp()
    source, library = os.path.join(top, "lacks.c"), os.path.join(top, "lacks.so")
    with open(source, "w") as f:
        f.write("#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <errno.h>\n#include <stdlib.h>\n")
        f.write("".join(FAILING % {"name": name, "types": types, "names": names} for name, (types, names) in CALLS.items()))
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


LIBRARY = build_library()
RENAMES = [{"renameat2": errno.EINVAL}, {"renameat2": errno.ENOSYS}, {"renameat2": errno.EINVAL, "linkat": errno.EPERM},
           {"renameat2": errno.EINVAL, "linkat": errno.EOPNOTSUPP}]
WATCHES = [{"inotify_init1": errno.EMFILE}, {"inotify_init1": errno.ENOSYS}, {"inotify_add_watch": errno.ENOSPC}]


def without(lacks):
    return dict(os.environ, LD_PRELOAD=LIBRARY, **{f"FAIL_{call}": str(code) for call, code in lacks.items()})


def run(site, lacks, *command, status=0):
    done = subprocess.run([*command[:1], "--config", site.config, *command[1:]], env=without(lacks), capture_output=True, text=True, timeout=60)
    equal(done.returncode, status, f"{lacks}: {command}: {done.stderr}{site.log()[-500:]}")
    return done.stdout


@test
def a_rename_that_cannot_refuse_to_replace(site):
    site.user("tim")
    site.user("kate")
    thread = site.thread("tim")
    address = site.address(thread, "kate")
    for n, lacks in enumerate(RENAMES):
        octets = [site.mail("kate@example.org", address, f"Answer {n}, {i}.\n") for i in range(2)]
        name = site.deliver(octets[0])
        run(site, lacks, METROPLEX, "--once")
        equal(site.new, [], str(lacks))
        site.deliver(octets[1], name)  # another mail under a name that is taken, then the first one once more
        run(site, lacks, METROPLEX, "--once")
        site.deliver(octets[0], name)
        run(site, lacks, METROPLEX, "--once")
        equal(site.new, [], str(lacks))
        found = [n for n in site.success if n.startswith(name)]
        equal(found, [name, name + ".1"], str(lacks))
        for i, kept in enumerate(found):
            with open(os.path.join(site.data, "incoming-mail/success", kept), "rb") as f:
                equal(f.read(), octets[i], kept)
        refused = site.deliver(site.mail("eve@example.org", address, f"Not {n}.\n"))
        run(site, lacks, METROPLEX, "--once")
        check(refused in site.failure, f"{lacks}: {site.failure}")
        equal(len(site.show(thread)["comments"]), 2 * n + 2, str(lacks))
        key = site.events()[0]
        run(site, lacks, NOTIFIER, "queue", "hold", key)
        run(site, lacks, NOTIFIER, "queue", "release", key)
        run(site, lacks, NOTIFIER, "--once")
        equal([site.listed("outbox/" + q) for q in ("tmp", "new", "retry", "hold", "failed")], [[]] * 5, str(lacks))
        sent = len(site.sent())
        check(sent >= 2 * n + 2, f"{lacks}: {sent} sent")
    equal(len(site.sent()), len({(m["Message-ID"], m["Delivered-To"]) for m in site.sent()}))


@test
def a_name_that_is_taken_while_it_is_made(site):
    """init, which places files: made with every lack, and nothing is replaced."""
    for lacks in RENAMES:
        os.rename(site.config, site.config + ".kept")
        run(site, lacks, METROPLEX, "init", "--hostname", "git.example.org", "--data", site.data)
        check(os.path.exists(site.config), str(lacks))
        with open(site.config) as f:
            before = f.read()
        contains(run(site, lacks, METROPLEX, "init"), "nothing to make")
        with open(site.config) as f:
            equal(f.read(), before)
        os.rename(site.config + ".kept", site.config)


@test
def a_run_polls_where_inotify_cannot_be_had(site):
    site.user("tim")
    site.user("kate")
    address = site.address(site.thread("tim"), "kate")
    for n, lacks in enumerate(WATCHES):
        site.deliver(site.mail("kate@example.org", address, f"Before {n}.\n"))
        polling = subprocess.Popen([METROPLEX, "--config", site.config, "--for", "60"], env=without(lacks))
        try:
            wait_until(lambda: len(site.success) == 2 * n + 1)
            site.deliver(site.mail("kate@example.org", address, f"Meanwhile {n}.\n"))
            wait_until(lambda: len(site.success) == 2 * n + 2)
        finally:
            polling.terminate()
            equal(polling.wait(30), 0, str(lacks))
    equal(site.log().count("looking every 5 s instead"), len(WATCHES))


if __name__ == "__main__":
    main()
