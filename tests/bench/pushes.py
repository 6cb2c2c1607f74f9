"""Milliseconds that a push takes, without our hook and with it, and a run that finds what was pushed."""
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import METROPLEX  # noqa: E402
from watched import Git  # noqa: E402



def timed(function):
    start = time.monotonic()
    function()
    return 1000 * (time.monotonic() - start)


def measure(site, rounds):
    """(ms without, ms with, ms of the run that tells of one), medians of pushes in turn."""
    git = Git(site)
    spool = os.path.join(site.dir, "pushes")
    os.mkdir(spool)
    site.set_config("repositories", pushes=spool)
    site.metroplex("repository", "set", "acme/rocket", "--push-mail", "summary")
    site.metroplex("--once")
    site.metroplex("repository", "hook", "acme/rocket", "--install")
    hook = os.path.join(git.bare, "hooks/post-receive")
    ours, without, runs = [], [], []
    for i in range(2 * rounds):
        rings = i % 2 == 0
        os.chmod(hook, 0o755 if rings else 0o644)  # git runs no hook that cannot be run
        git.commit(f"Commit {i}", name=f"file{i % 10}")
        (ours if rings else without).append(timed(git.push))
        if rings:
            runs.append(timed(lambda: subprocess.run([METROPLEX, "--config", site.config, "--once"], check=True)))
    return statistics.median(without), statistics.median(ours), statistics.median(runs)
