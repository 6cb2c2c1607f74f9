"""Hosts on one remote: comments a second of all together, and the seconds of one mail."""
import contextlib
import os
import shutil
import statistics
import subprocess
import time

import mails
from distance import Distance
from installation import METROPLEX, Installation
from git_server import Daemon, Http, Ssh
from harness import Site
from several import in_a_row, join

ROUNDS = 5


def start(site, **environment):
    return subprocess.Popen([METROPLEX, "--config", site.config, "--once"], stderr=subprocess.DEVNULL, env={**os.environ, **environment})


@contextlib.contextmanager
def group(count, remote):
    """Installations that share a tracker of a hundred threads; the first one has the addresses."""
    sites = [Installation(users=10, threads=100)]
    try:
        if remote is not None:
            join(sites[0], remote, "host0")
        for i in range(1, count):
            sites.append(Site())
            shutil.copy(os.path.join(sites[0].dir, "etc/address-keys"), os.path.join(sites[i].dir, "etc/address-keys"))
            join(sites[i], remote, f"host{i}")
        for site in sites:
            site.set_config("instance", log_level="info")
        yield sites
    finally:
        if remote is not None:
            remote.stop()
            remote.remove()
        for site in sites:
            shutil.rmtree(site.dir, ignore_errors=True)


def deliver(sites, count):
    """Different mails to each."""
    pool = os.path.join(sites[0].dir, "pool")
    os.mkdir(pool)
    mails.write(pool, count * len(sites), sites[0].addresses)
    names = sorted(os.listdir(pool))
    for i, site in enumerate(sites):
        for name in names[i * count:(i + 1) * count]:
            os.rename(os.path.join(pool, name), os.path.join(site.data, "mail/reply/new", name))
    subprocess.run(["sync"], check=True)


def seconds_of(sites):
    """Of runs at once, one of each, until all mail is done."""
    begin = time.monotonic()
    statuses = [process.wait() for process in [start(site) for site in sites]]
    seconds = time.monotonic() - begin
    if any(statuses) or any(site.new for site in sites):
        raise RuntimeError(f"statuses {statuses}, left {[len(site.new) for site in sites]}")
    return seconds


def rate(hosts, count, batch, is_shared=True):
    """(comments a second, the most batches of one host that were outrun in a row), `count` mails to each."""
    with group(hosts, Daemon() if is_shared else None) as sites:
        for site in sites:
            site.set_config("inbound", batch=batch)
        deliver(sites, count)
        return hosts * count / seconds_of(sites), max(map(in_a_row, sites))


def apart(hosts, count, batch):
    """Comments a second of so many that share this machine and nothing else: each has a remote of its own."""
    with contextlib.ExitStack() as stack:
        sites = [site for _ in range(hosts) for site in stack.enter_context(group(1, Daemon()))]
        for site in sites:
            site.set_config("inbound", batch=batch)
            deliver([site], count)
        return hosts * count / seconds_of(sites)


def keys_of(remote, far):
    """An ssh in front of the real one that has the server's keys, also those of the relay."""
    with open(remote.path("known_hosts"), "a") as f:
        f.write(f"[127.0.0.1]:{far.port} {remote.public('host')}")
    programs = os.path.join(remote.dir, "programs")
    os.mkdir(programs)
    with open(os.path.join(programs, "ssh"), "w") as f:
        f.write(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {remote.path("ssh_config")} "$@"\n')
    os.chmod(f.name, 0o755)
    return {"PATH": f"{programs}:{os.environ['PATH']}"}


def one_mail(kind, round_trip):
    """(seconds, connections) of a run with one mail; the first run of all is not counted."""
    remote = {"git": Daemon, "http": Http, "ssh": Ssh}[kind]()
    before = os.environ["PATH"]
    port = remote.server.server_address[1] if kind == "http" else remote.port
    far = Distance(port, round_trip)
    try:
        os.environ.update(keys_of(remote, far) if kind == "ssh" else {})
        with group(1, remote) as (site,):
            site.set_config("tracker", **{key: remote.url(name).replace(f":{port}/", f":{far.port}/")
                                          for key, name in (("remote", "t.git"), ("accounts_remote", "a.git"))})
            seconds, connections = [], []
            deliver([site], ROUNDS + 1)
            waiting = os.path.join(site.data, "mail/reply/new")
            aside = os.path.join(site.dir, "aside")
            os.rename(waiting, aside)
            os.mkdir(waiting)
            for name in os.listdir(aside):
                os.rename(os.path.join(aside, name), os.path.join(waiting, name))
                accepted, begin = far.accepted, time.monotonic()
                if start(site).wait() != 0 or site.new:
                    raise RuntimeError(site.log()[-500:])
                seconds.append(time.monotonic() - begin)
                connections.append(far.accepted - accepted)
            return statistics.median(seconds[1:]), statistics.median(connections[1:])
    finally:
        os.environ["PATH"] = before
        far.close()
