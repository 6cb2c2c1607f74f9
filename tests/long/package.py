#!/usr/bin/env python3
"""The Debian package, on clean Debians: built twice, judged by lintian, installed, upgraded, removed, purged.

  tests/long/package.py [RELEASE…] [--build BUILD]        as root; both releases where none is named

The builder and the server are trees of their own (machine.py). The server is booted with a real systemd, in a
network namespace, and has nothing but the package; what cannot be fetched there is fetched before it is booted.
"""
import argparse
import hashlib
import os
import subprocess
import sys

import machine

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNITS = ["metroplex.path", "metroplex.timer", "notifier.timer", "metroplex-repack.timer", "metroplex-prune.timer"]
NEXT = "0.1.1"
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def contains(text, part):
    if part not in text:
        raise AssertionError(f"{part!r} is not in:\n{text}")


def clone(tree, path):
    subprocess.run(["git", "-c", "safe.directory=*", "clone", "-q", "--no-hardlinks", TOP, tree + path], check=True)


def built(tree, path):
    """Builds the package of a clone in a tree; the file's path inside."""
    machine.shell(tree, f"git config --global --add safe.directory '*'; make -C {path} deb")
    return machine.shell(tree, f"ls {path}/build/deb/metroplex_*.deb").strip()


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


class State:
    def __init__(self, release, build):
        self.release, self.build = release, build
        self.builder = self.server = self.debian = self.package = self.newer = None


@test
def two_builds_in_two_places_are_the_same_octets(s):
    s.builder = machine.tree(s.release, s.build, "builder")
    found = []
    for path in ("/root/one", "/srv/another/place"):
        clone(s.builder, path)
        s.package = built(s.builder, path)
        found.append(digest(s.builder + s.package))
    if found[0] != found[1]:
        raise AssertionError(f"{found[0]} and {found[1]}")


@test
def lintian_finds_no_error_and_no_warning(s):
    machine.shell(s.builder, "apt-get -qq update && apt-get -qq install -y --no-install-recommends lintian >/dev/null 2>&1")
    said = machine.shell(s.builder, f"cd $(dirname {s.package}) && lintian --allow-root metroplex_*.changes 2>&1 || true")
    complaints = [line for line in said.splitlines() if line.startswith(("E:", "W:"))]
    if complaints:
        raise AssertionError("\n".join(complaints))


@test
def a_later_version_is_built(s):
    clone(s.builder, "/root/newer")
    machine.shell(s.builder, f"""cd /root/newer && sed -i 's/^VERSION    := .*/VERSION    := {NEXT}/' Makefile &&
        sed -i '1s/(.*)/({NEXT})/' .debian/changelog && echo '# of the later version' >>cron/etc/metroplex.cron &&
        git -c user.name=x -c user.email=x@example.org commit -qam x""")
    s.newer = built(s.builder, "/root/newer")


@test
def apt_installs_it_on_a_clean_system(s):
    s.server = machine.tree(s.release, s.build, "server")
    for package, name in ((s.package, "first.deb"), (s.newer, "newer.deb")):
        subprocess.run(["cp", s.builder + package, f"{s.server}/root/{name}"], check=True)
    # The system it stands on, and what is to be fetched; the package itself is installed where systemd runs.
    machine.shell(s.server, """apt-get -qq update; apt-get -qq install -y systemd systemd-sysv dbus >/dev/null 2>&1
        echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
        apt-get -qq install -y --download-only /root/first.deb >/dev/null 2>&1""")
    s.debian = machine.Machine(s.server)
    s.debian.__enter__()
    s.debian.run("sh", "-c", "find / -xdev -path /proc -prune -o -print | sort >/tmp/before")
    s.debian.run("sh", "-c", "apt-get -qq install -y /root/first.deb 2>&1")
    contains(s.debian.run("metroplex", "--version"), "metroplex 0.1.0")
    contains(s.debian.run("id", "metroplex"), "metroplex")
    contains(s.debian.run("stat", "-c", "%U:%G %a", "/data/user", "/var/log/mail-replies"), "metroplex:metroplex 750\nmetroplex:adm 750")
    contains(s.debian.run("systemctl", "is-enabled", *UNITS, check=False), "disabled\ndisabled\ndisabled\ndisabled")
    said = s.debian.run("sh", "-c", "man -w metroplex metroplex.conf notifier 2>&1 || ls /usr/share/man/man8")
    contains(said, "metroplex.8")


@test
def what_is_configured_runs_under_systemd(s):
    run = s.debian.run
    run("metroplex", "init", "--hostname", "git.example.org", "--owner", "metroplex")
    run("metroplex", "user", "add", "tim", "--name", "Tim Lake", "--email", "tim@example.org")
    run("metroplex", "user", "add", "kate", "--name", "Kate Bush", "--email", "kate@example.org")
    run("systemctl", "enable", "--now", *UNITS)
    run("metroplex", "thread", "open", "--repository", "acme/rocket", "--kind", "issue", "--title", "Rocket does not start", "--as",
        "tim", "-", input="It stays on the ground, @kate.\n")
    # The answer, as Postfix delivers it; what was sent lies in a Maildir until there is a server.
    run("sh", "-ec", """for i in $(seq 300); do sent=$(ls /data/user/sent/new/* 2>/dev/null | head -n 1); [ -z "$sent" ] || break; sleep 0.1; done
        to=$(grep -ohE 'reply\\+i-[^>]*@reply[^>]*' "$sent" | head -n 1)
        cd /data/user/mail/reply
        printf 'Delivered-To: %s\\nFrom: Kate Bush <kate@example.org>\\nTo: %s\\nSubject: Re: Rocket\\nMessage-ID: <package@example.org>\\n\\nHave you tried the fuse?\\n' \
            "$to" "$to" >tmp/1.mx && chown metroplex: tmp/1.mx && mv tmp/1.mx new/""")
    # The path unit starts the run, or the timer after a minute.
    run("sh", "-ec", """for i in $(seq 1200); do metroplex thread show 1 | grep -q 'the fuse' && exit 0; sleep 0.1; done
        metroplex thread show 1; journalctl --no-pager -u metroplex.service -u notifier.service; exit 1""")
    contains(run("systemctl", "show", "-P", "Result", "metroplex.service", "notifier.service", "metroplex.path"), "success\n\nsuccess\n\nsuccess")


@test
def a_stranger_comes_from_it_to_a_comment_by_mail(s):
    subprocess.run([os.path.join(os.path.dirname(os.path.abspath(__file__)), "stranger.py"), s.builder + s.package, s.release,
                    "--build", s.build], check=True)


@test
def a_backup_works_on_a_machine_where_the_user_has_another_number(s):
    """As metroplex(7) says it, BACKUP AND RESTORE; what was made before is answered to, through that machine's Postfix."""
    page = machine.read_page(os.path.join(TOP, "man/metroplex.7"), "BACKUP AND RESTORE")
    backup, restore = page[0], page[1]
    s.debian.run("sh", "-ec", "printf 'a secret' >/etc/metroplex/smtp-password; chown metroplex: /etc/metroplex/smtp-password; chmod 600 /etc/metroplex/smtp-password")
    s.debian.run("sh", "-euc", backup)
    contains(s.debian.run("stat", "-c", "%a", "/root/metroplex-etc.tgz", "/root/metroplex-data.tgz"), "600\n600")
    other = machine.tree(s.release, s.build, "other")
    subprocess.run(["cp", s.builder + s.package, *(f"{s.server}/root/metroplex-{part}.tgz" for part in ("etc", "data")), f"{other}/root/"], check=True)
    machine.shell(other, f"""apt-get -qq update; apt-get -qq install -y systemd systemd-sysv dbus >/dev/null 2>&1
        for n in 1 2 3 4 5 6 7 8 9 10 11 12; do useradd -r another$n; done
        echo git.example.org >/etc/mailname
        printf 'postfix postfix/main_mailer_type select Internet Site\\npostfix postfix/mailname string git.example.org\\n' | debconf-set-selections
        apt-get -qq install -y /root/{os.path.basename(s.package)} >/dev/null 2>&1""")
    with machine.Machine(other) as debian:
        run = debian.run
        numbers = [m.run("id", "-u", "metroplex").strip() for m in (s.debian, debian)]
        if numbers[0] == numbers[1]:
            raise AssertionError(f"both have the number {numbers[0]}")
        # The last one looks for DNS records, of which there are none here: that it ran is enough.
        said = run("sh", "-euc", "cd /root; " + restore.replace("metroplex check", "metroplex check || true"))
        contains(said, "ok")
        foreign = run("sh", "-c", "find /data/user /etc/metroplex/address-keys /etc/metroplex/smtp-password ! -user metroplex")
        if foreign:
            raise AssertionError("not the user's:\n" + foreign)
        contains(run("metroplex", "settings", "get", "--json", "smtp.password"), "true")
        run("systemctl", "start", "postfix")
        run("sh", "-ec", """to=$(metroplex address 1 kate)
            printf 'From: Kate Bush <kate@example.org>\\nTo: %s\\nSubject: Re: Rocket\\nMessage-ID: <moved@example.org>\\n\\nIt flies over here.\\n' "$to" |
                sendmail -f kate@example.org "$to"
            for i in $(seq 1200); do metroplex thread show 1 | grep -q 'flies over here' && exit 0; sleep 0.1; done
            metroplex thread show 1; metroplex status; postqueue -p; journalctl --no-pager -n 100; exit 1""")
        contains(run("metroplex", "thread", "show", "1"), "the fuse")


@test
def an_upgrade_keeps_settings_edits_and_timers(s):
    run = s.debian.run
    run("sh", "-ec", """echo '# of the administrator' >>/etc/metroplex/metroplex.conf; echo '# edited' >>/etc/logrotate.d/metroplex
        md5sum /etc/metroplex/* /etc/logrotate.d/metroplex >/tmp/sums""")
    run("sh", "-c", "apt-get -qq install -y -o Dpkg::Options::=--force-confold /root/newer.deb 2>&1")
    contains(run("metroplex", "--version"), "metroplex " + NEXT)
    run("md5sum", "--quiet", "-c", "/tmp/sums")
    contains(run("tail", "-n", "1", "/etc/cron.d/metroplex"), "of the later version")
    contains(run("systemctl", "is-enabled", *UNITS), "enabled\nenabled\nenabled\nenabled")
    contains(run("systemctl", "is-active", *UNITS), "active\nactive\nactive\nactive")
    contains(run("metroplex", "thread", "show", "1"), "the fuse")


@test
def removed_it_stops_and_leaves_settings_and_data(s):
    run = s.debian.run
    run("sh", "-c", "apt-get -qq remove -y metroplex 2>&1")
    if "active\n" in run("systemctl", "is-active", *UNITS, check=False).replace("inactive\n", ""):
        raise AssertionError("something of it still runs")
    run("sh", "-ec", "test ! -e /usr/bin/metroplex; test -e /etc/metroplex/metroplex.conf; test -d /data/user/tracker.git")
    # The cron lines stay, as every conffile; without the program they say nothing.
    said = run("sh", "-ec", "sed -n 's/^\\* \\* \\* \\* \\*  metroplex  .*metroplex.conf \\]/true/p' /etc/cron.d/metroplex | sh")
    if said:
        raise AssertionError(said)


@test
def purged_only_data_and_keys_are_left(s):
    run = s.debian.run
    run("sh", "-c", "apt-get -qq purge -y metroplex 2>&1")
    left = run("sh", "-c", """find / -xdev -path /proc -prune -o -print | sort >/tmp/after; comm -13 /tmp/before /tmp/after |
        grep -iE 'metroplex|notifier|mail-replies' | grep -vE '^/(root|tmp)/' || true""").splitlines()
    strange = [line for line in left if not line.startswith("/data/user") and line not in ("/data", "/etc/metroplex", "/etc/metroplex/address-keys")]
    if strange:
        raise AssertionError("\n".join(strange))
    run("test", "-e", "/etc/metroplex/address-keys")


@test
def purged_without_data_nothing_is_left(s):
    run = s.debian.run
    run("sh", "-ec", """rm -rf /data; apt-get -qq install -y /root/newer.deb >/dev/null 2>&1; apt-get -qq purge -y metroplex >/dev/null 2>&1""")
    left = run("sh", "-c", "ls -d /data /etc/metroplex /var/log/mail-replies /etc/systemd/system/*/metroplex* /etc/systemd/system/*/notifier* /etc/cron.d/metroplex 2>/dev/null || true")
    if left:
        raise AssertionError(left)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("releases", nargs="*", default=["bookworm", "trixie"])
    parser.add_argument("--build", default=os.path.join(TOP, "build"))
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("package.py: needs root")
    passed = failed = 0
    for release in options.releases:
        state = State(release, options.build)
        for one in TESTS: # each leaves what the next begins with: the first that fails ends the release
            name = f"{release}: {one.__name__.replace('_', ' ')}"
            try:
                one(state)
                print(f"ok {name}", flush=True)
                passed += 1
            except (AssertionError, RuntimeError, subprocess.CalledProcessError) as error:
                print(f"not ok {name}\n{error}", flush=True)
                failed += 1
                break
        if state.debian:
            state.debian.__exit__()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
