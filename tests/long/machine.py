"""A Debian of its own: made by debootstrap, and booted with a real systemd, for tests that install things.

  tree = machine.tree("trixie", BUILD)      a minimal Debian below BUILD/release, made once and copied for each use
  with machine.Machine(tree) as debian:     systemd is up, in a network namespace of its own (loopback only)
      debian.run("systemctl", "is-active", "metroplex.timer")

Needs root, debootstrap and systemd-nspawn.
"""
import os
import re
import shutil
import subprocess
import tempfile
import time

MIRROR = os.environ.get("MIRROR", "http://deb.debian.org/debian")
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8", "TERM": "dumb",
               "DEBIAN_FRONTEND": "noninteractive"}


def tree(release, build, name):
    """The path of a fresh tree; what a run before left under that name is gone."""
    there = os.path.join(os.path.abspath(build), "release")
    base, path = os.path.join(there, release + ".base"), os.path.join(there, f"{release}.{name}")
    os.makedirs(there, exist_ok=True)
    if not os.path.exists(base + ".made"):
        subprocess.run(["rm", "-rf", "--one-file-system", base], check=True)
        # Whatever it mounts goes with it, however it ends.
        with open(base + ".log", "w") as log:
            subprocess.run(["unshare", "--mount", "debootstrap", "--variant=minbase", "--include=make,git,ca-certificates",
                            release, base, MIRROR], check=True, stdout=log, stderr=log)
        open(base + ".made", "w").close()
    subprocess.run(["rm", "-rf", "--one-file-system", path], check=True)
    subprocess.run(["cp", "-a", "--reflink=auto", base, path], check=True)
    shutil.copy("/etc/resolv.conf", path + "/etc/resolv.conf")
    return path


def shell(path, script, check=True):
    """Runs a script in a tree that is not booted, with the network of this machine: what apt needs."""
    arguments = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--pipe", "--resolv-conf=replace-host", "-D", path]
    for name, value in ENVIRONMENT.items():
        arguments.append(f"--setenv={name}={value}")
    # What systemd-nspawn itself remarks on is no part of what the script says.
    done = subprocess.run(arguments + ["sh", "-euc", "exec 2>&1\n" + script], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if check and done.returncode != 0:
        raise RuntimeError(f"{script}: status {done.returncode}\n{done.stdout[-4000:]}")
    return done.stdout


def read_page(path, section):
    """What stands to be typed in a section of a manual page: a script of each display, without its prompts."""
    with open(path) as file:
        text = file.read().split(f"\n.Sh {section}\n")[1].split("\n.Sh ")[0]
    displays = re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed$", text, re.M | re.S)
    return ["\n".join(re.sub("^[#$] ", "", line).replace("\\e", "\\") for line in display.splitlines()) for display in displays]


class Network:
    """A network namespace that machines share, with addresses of its own: nothing leads out of it."""

    def __init__(self, *addresses):
        self.name = f"metroplex-{os.getpid()}"
        self.addresses = addresses

    def __enter__(self):
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        self.run("ip", "link", "set", "lo", "up")
        for address in self.addresses:
            self.run("ip", "address", "add", address + "/32", "dev", "lo")
        return self

    def __exit__(self, *_):
        subprocess.run(["ip", "netns", "delete", self.name])

    def command(self, *command):
        return ["ip", "netns", "exec", self.name, *command]

    def run(self, *command):
        return subprocess.run(self.command(*command), check=True, text=True, stdout=subprocess.PIPE).stdout


class Machine:
    """With a network, its name space is that one's; without, one of its own that has nothing but a loopback."""

    def __init__(self, path, network=None):
        alone = "--private-network" if network is None else f"--network-namespace-path=/run/netns/{network.name}"
        self.console = tempfile.NamedTemporaryFile("w+", prefix="metroplex-console-")
        self.nspawn = subprocess.Popen(["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", alone,
                                        "--console=pipe", "--resolv-conf=off", "-D", path, "--boot"], stdin=subprocess.DEVNULL,
                                       stdout=self.console, stderr=self.console)
        self.leader = None

    def __enter__(self):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self.nspawn.poll() is None:
            self.leader = self.leader or self._leader()
            if self.leader and self.run("systemctl", "is-system-running", check=False).strip() in ("running", "degraded"):
                return self
            time.sleep(0.2)
        said = self.leader and self.run("sh", "-c", "systemctl is-system-running; systemctl list-jobs", check=False)
        self.nspawn.kill() # who does not enter is not asked to leave, and the next one needs the tree
        self.nspawn.wait()
        self.console.seek(0)
        raise RuntimeError(f"the machine does not come up:\n{said}\n{self.console.read()[-4000:]}")

    def __exit__(self, *_):
        self.run("systemctl", "--no-block", "poweroff", check=False)
        try:
            self.nspawn.wait(60)
        except subprocess.TimeoutExpired:
            self.nspawn.kill()
            self.nspawn.wait()

    def _leader(self):
        children = subprocess.run(["pgrep", "-P", str(self.nspawn.pid)], capture_output=True, text=True).stdout.split()
        return children[0] if children else None

    def command(self, *command):
        """What runs a command inside: as root, with the environment of a login."""
        return ["/usr/bin/nsenter", "-t", self.leader, "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w", "env", "-i",
                *(f"{k}={v}" for k, v in ENVIRONMENT.items()), *command]

    def run(self, *command, check=True, input=None, status=False):
        """What a command prints on both outputs; with status, (status, text)."""
        done = subprocess.run(self.command(*command), input=input or "", text=True, timeout=600, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if check and not status and done.returncode != 0:
            raise RuntimeError(f"{command}: status {done.returncode}\n{done.stdout[-4000:]}")
        return (done.returncode, done.stdout) if status else done.stdout
