"""What the tests of metroplex check share: a network of their own, and findings."""
import json
import os
import subprocess
import sys

from harness import METROPLEX, check

NESTED = "CHECK_TEST_NESTED"


def enter():
    """A network of the suite's own: port 25 and addresses are then real and nobody else's."""
    if os.environ.get(NESTED):
        return
    os.environ[NESTED] = "none"
    user = ["--user", "--map-root-user", "--map-auto"] if os.getuid() != 0 else []
    command = ["unshare", *user, "--net"]
    if subprocess.run([*command, "ip", "link", "set", "lo", "up"], stderr=subprocess.DEVNULL).returncode == 0:
        os.environ[NESTED] = "1"
        os.execvp("unshare", [*command, "sh", "-c", 'ip link set lo up; exec "$@"', "sh", sys.executable, *sys.argv])


def under_systemd(program, folder):
    """A script beside which `program` is run: as PROGRAM, where /run is that of a machine with systemd. None if it cannot be."""
    path = os.path.join(folder, "under-systemd")
    with open(path, "w") as file:
        file.write(f"#!/bin/sh\nexec unshare --mount sh -c 'mount -t tmpfs none /run && mkdir -p /run/systemd/system && exec \"$@\"' sh {program} \"$@\"\n")
    os.chmod(path, 0o755)
    can = subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/run"], stderr=subprocess.DEVNULL).returncode == 0
    return path if can else None


def is_nested(what):
    if os.environ[NESTED] != "1":
        print(f"# skipped: {what} needs namespaces, which cannot be made here")
    return os.environ[NESTED] == "1"


def findings(site, *args, env=None, status=None, program=METROPLEX):
    done = subprocess.run([program, "check", "--config", site.config, "--json", *args], capture_output=True, text=True, timeout=120,
                          env=dict(os.environ, **(env or {})))
    check(done.returncode in (0, 1, 2) if status is None else done.returncode == status, f"{done.returncode}: {done.stdout}{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def verdicts(site, *args, **kw):
    """The worst verdict of each check."""
    worst = {}
    for finding in findings(site, *args, **kw):
        order = ["ok", "unknown", "warning", "failed"]
        worst[finding["check"]] = max(worst.get(finding["check"], "ok"), finding["verdict"], key=order.index)
    return worst


def one(site, name, *args, verdict=None, **kw):
    """The finding of a check that is not ok, or the first."""
    found = [f for f in findings(site, *args, **kw) if f["check"] == name]
    check(found, f"no finding of {name}")
    worse = [f for f in found if f["verdict"] == verdict] if verdict else [f for f in found if f["verdict"] != "ok"]
    return (worse or found)[0]


def people(site, *args, env=None):
    return subprocess.run([METROPLEX, "check", "--config", site.config, *args], capture_output=True, text=True, timeout=120,
                          env=dict(os.environ, **(env or {})))
