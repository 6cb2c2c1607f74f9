#!/usr/bin/env python3
"""Several hosts, one tracker: fetch, build, push, and what else may happen to the one branch.

  MAILS=2000 KILLS=100 BATCH=20 tests/system/remote_test.py git_daemon       for longer runs
"""
import contextlib
import io
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from bombs_test import BOMBS  # noqa: E402
from git_server import SSHD, Daemon, Handler, Http, Path, Ssh  # noqa: E402
from harness import METROPLEX, Site, check, contains, equal, main, test, wait_until  # noqa: E402
from repository import Repository  # noqa: E402
from several import check_all, conversation, events, hosts, in_a_row, join, keys, numbers, run, staged, tip  # noqa: E402

MAILS = int(os.environ.get("MAILS", "200"))
KILLS = int(os.environ.get("KILLS", "20"))
BATCH = os.environ.get("BATCH", "5")
os.environ["GIT_CONFIG_GLOBAL"] = "/dev/null"  # nobody's own file says which way is ours, and which git's


# --- Joining --------------------------------------------------------------------------------------


@test
def init_gives_an_empty_remote_what_is_here_and_others_take_it(site):
    (thread,), _ = conversation(site)
    with hosts(site, Path) as (remote, one, two):
        equal(two.show(thread)["title"], "Thread 0")
        equal(tip(remote), two.git("rev-parse", "main").strip())
        contains(two.metroplex("init"), "nothing to make")
        contains(two.metroplex("user", "list"), "kate")


@test
def an_installation_with_a_history_of_its_own_does_not_lose_it_to_a_wrong_remote(site):
    (thread,), _ = conversation(site)
    with hosts(Site(), Path, count=1) as (remote, other):
        conversation(other)
        site.set_config("tracker", remote=remote.url(), accounts_remote=remote.url("a.git"))
        site.metroplex("init", status=78)
        site.metroplex("--once", status=78)
        contains(site.log(), "no commit in common")
        equal(site.show(thread)["title"], "Thread 0")
        other.remove()


@test
def wrong_urls_are_refused_by_the_configuration(site):
    for url in ("relative/path", "ext::sh -c true", "--upload-pack=x", "https://tim:secret@git.example.org/t.git", "host:path",
                "ssh://", "git@host:"):
        site.set_config("tracker", remote=url)
        contains(site.run(METROPLEX, "--once", status=78).stderr, "[tracker] remote")
    for url in ("git@git.example.org:t.git", "ssh://git@git.example.org:2222/t.git", "https://tim@git.example.org/t.git",
                "http://[::1]/t.git", "git://git.example.org/t.git", "file:///srv/t.git", "/srv/t.git"):
        site.set_config("tracker", remote=url)
        site.metroplex("user", "list")
    site.set_config("tracker", accounts_remote="/srv/t.git")
    contains(site.run(METROPLEX, "--once", status=78).stderr, "another repository")


# --- Two hosts ------------------------------------------------------------------------------------


class Runner(threading.Thread):
    """Runs a host until its new/ is empty, killing it now and then."""

    def __init__(self, site, kills, seed):
        super().__init__()
        self.site, self.kills, self.random = site, kills, random.Random(seed)
        self.killed, self.statuses, self.limit = 0, [], time.monotonic() + max(600, 2 * MAILS)

    def run(self):
        longest = 0.2
        while self.site.new and time.monotonic() < self.limit:
            process = subprocess.Popen([METROPLEX, "--config", self.site.config, "--once"], stderr=subprocess.DEVNULL)
            try:
                if self.killed < self.kills:
                    process.wait(self.random.uniform(0.02, longest))
                else:
                    process.wait(300)
                self.statuses.append(process.returncode)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                self.killed += 1
                longest = min(longest * 1.1, 1.5)


def process_everywhere(site, kind, mails, kills):
    with hosts(site, kind) as (remote, one, two):
        ids, addresses = conversation(one, threads=10)
        octets = [one.mail("kate@example.org", addresses[i % 10], f"Answer number {i}.\n") for i in range(mails)]
        shuffled = random.Random(4711)
        for host in (one, two):
            host.set_config("inbound", batch=BATCH)
            shuffled.shuffle(octets)
            for mail in octets:
                host.deliver(mail)
        begin = time.monotonic()
        runners = [Runner(one, kills, 1), Runner(two, 0, 2)]
        for runner in runners:
            runner.start()
        for runner in runners:
            runner.join()
        seconds = time.monotonic() - begin
        check_all(remote, one, two)
        posted = {host.name: sum(fields[2] == "posted" for fields in host.outcomes()) for host in (one, two)}
        outrun = sum(host.log().count("The tracker moved") for host in (one, two))
        print(f"# {mails} mails at two hosts: {seconds:.1f} s, posted by {posted}, {runners[0].killed} kills, {outrun} batches outrun, "
              f"statuses {sorted(set(runners[0].statuses + runners[1].statuses))}", flush=True)
        bodies = []
        for i, thread in enumerate(ids):
            equal(numbers(remote, thread), list(range(len(range(i, mails, 10)) + 1)), f"numbers of thread {thread}")
            bodies += [comment["body"].strip() for comment in two.show(thread)["comments"]]
        equal(sorted(bodies), sorted(f"Answer number {i}." for i in range(mails)), "comments")
        equal([len(host.success) for host in (one, two)], [mails, mails], "every mail is in success/ of its host")
        equal([host.failure for host in (one, two)], [[], []])


@test
def two_hosts_with_the_same_mails_behind_git_daemon(site):
    process_everywhere(site, Daemon, MAILS, KILLS)


@test
def two_hosts_with_the_same_mails_behind_http(site):
    process_everywhere(site, Http, MAILS // 10, KILLS // 5)


@test
def two_hosts_with_the_same_mails_and_a_path(site):
    process_everywhere(site, Path, MAILS // 10, KILLS // 5)


@test
def four_hosts_killed_and_cut_off_beside_an_administrator(site):
    """A sample of tests/long/contend.py."""
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../long"))
    from contend import exactly_once
    print(f"# {exactly_once(25, 8)}")


@test
def what_is_new_on_one_host_is_known_to_the_other(site):
    with hosts(site, Path) as (remote, one, two):
        one.user("tim")
        two.user("kate")
        thread = two.thread("tim")
        name = one.deliver(one.mail("kate@example.org", two.address(thread, "kate")))
        run(one)
        equal(one.success, [name])
        one.metroplex("thread", "comment", str(thread), "--as", "kate", "-", stdin="More.\n")
        two.metroplex("thread", "close", str(thread), "--as", "tim")
        one.metroplex("user", "set", "kate", "--name", "Kate II")
        two.metroplex("user", "set", "kate", "--add-email", "k2@example.org")
        contains(two.metroplex("user", "show", "kate"), "Kate II")
        check_all(remote, one, two)


@test
def accounts_are_fetched_where_they_changed_only(site):
    _, (address,) = conversation(site)
    with hosts(site, Daemon) as (remote, one, two):
        fetched = os.path.join(one.data, "accounts.git/FETCH_HEAD")
        for is_news in (False, True):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(fetched)
            if is_news:
                two.user("mary")
            one.deliver(one.mail("kate@example.org", address, f"It is {is_news}.\n"))
            run(one)
            equal(os.path.exists(fetched), is_news)
        contains(one.metroplex("user", "list"), "mary")


@test
def hosts_that_add_accounts_at_the_same_time_give_each_its_own_id(site):
    with hosts(site) as (remote, one, two):
        commands = [[METROPLEX, "user", "add", "--config", host.config, f"user{host.name}{i}", "--name", "N", "--email",
                     f"{host.name}{i}@example.org"] for i in range(6) for host in (one, two)]
        processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
        ids = [int(process.communicate(timeout=120)[0]) for process in processes]
        equal(sorted(ids), list(range(1, 13)))


@test
def changes_of_one_account_at_two_hosts_do_not_undo_each_other(site):
    with hosts(site) as (remote, one, two):
        one.user("kate")
        processes = {f"k{host.name}{i}@example.org": subprocess.Popen(
            [METROPLEX, "user", "set", "--config", host.config, "kate", "--add-email", f"k{host.name}{i}@example.org"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for i in range(5) for host in (one, two)}
        statuses = {email: process.wait(120) for email, process in processes.items()}
        done = {email for email, status in statuses.items() if status == 0}
        shown = two.metroplex("user", "show", "kate") if two.metroplex("user", "set", "kate", "--name", "K") else ""
        equal({email for email in statuses if email in shown}, done, "what was said to be done, and nothing else")
        check(done and set(statuses.values()) <= {0, 75}, f"statuses {statuses}")


# --- The accounts are asked about while a push connects -----------------------------------------------


ASK, CONNECT, SEND, FETCH = "GET /a.git upload-pack", "GET /t.git receive-pack", "POST /t.git receive-pack", "GET /t.git upload-pack"


class Held(Http):
    """Holds back one answer to who asks for accounts, when told to; knows what it was asked for."""

    def __init__(self):
        super().__init__()
        self.server.requests, self.server.answers = [], []
        self.server.RequestHandlerClass = HoldingHandler

    def hold(self, before=0):
        """After so many others: what gives the answer."""
        answer = threading.Event()
        self.server.requests.clear()
        self.server.answers = before * [None] + [answer]
        return answer

    def asked(self, what):
        return self.server.requests.count(what)


class HoldingHandler(Handler):
    def answer(self, body):
        name, service = self.path.split("/")[1], self.path.rsplit("git-")[-1]
        request, server = f"{self.command} /{name} {service}", self.server
        server.requests.append(request)
        answer = server.answers.pop(0) if request == ASK and server.answers else None
        if answer:
            answer.wait(60)
            if not os.path.isdir(server.root + "/a.git"):
                self.send_error(503)
                return
        super().answer(body)


class HeldBesideDaemon(Held):
    """The same with the tracker behind git daemon."""

    def __init__(self):
        super().__init__()
        self.daemon = Daemon(self)

    def url(self, name="t.git"):
        return self.daemon.url(name) if name == "t.git" else super().url(name)

    def stop(self):
        self.daemon.stop()
        super().stop()


@contextlib.contextmanager
def asking(remote, host, what, count=1, before=0):
    """A run that was asked for so much, and has no answer about the accounts: (process, answer)."""
    answer = remote.hold(before)
    process = subprocess.Popen([METROPLEX, "--config", host.config, "--once"], stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: remote.asked(what) >= count or process.poll() is not None)
        yield process, answer
    finally:
        answer.set()
        process.kill()
        process.wait()


@contextlib.contextmanager
def judged_early(site, kind=Held):
    """A mail to host two that is decided, and about to be pushed, while its question for accounts has no answer: (remote, one, two, name, process, answer)."""
    with hosts(site, kind) as (remote, one, two):
        (thread,), (address,) = conversation(one)
        two.metroplex("thread", "comment", str(thread), "--as", "tim", stdin="By two, which is known from here on.\n")
        name = two.deliver(one.mail("kate@example.org", address))
        with asking(remote, two, CONNECT if kind is Held else ASK) as (process, answer):
            wait_until(lambda: staged(two) or process.poll() is not None)
            yield remote, one, two, name, process, answer


def not_sent_where_accounts_changed(site, kind):
    with judged_early(site, kind) as (remote, one, two, name, process, answer):
        equal((len(staged(two)), remote.asked(SEND)), (1, 0), "it is decided, and git has connected")
        one.metroplex("user", "set", "kate", "--state", "suspended")
        before = tip(remote)
        answer.set()
        equal(process.wait(60), 0)
        equal((two.reasons(), len(two.outcomes()), two.new, staged(two)), ({name: "suspended"}, 1, [], []))
        equal((tip(remote), remote.asked(SEND)), (before, 0), "nothing was posted")
        contains(two.log(), "The accounts changed while a batch was built")
        equal(in_a_row(two), 0, "nobody was faster")
        check_all(remote, one, two)


@test
def what_was_decided_on_accounts_that_changed_is_not_sent(site):
    not_sent_where_accounts_changed(site, Held)


@test
def what_was_decided_on_accounts_that_changed_is_not_sent_to_git_daemon(site):
    not_sent_where_accounts_changed(site, HeldBesideDaemon)


@contextlib.contextmanager
def left_to_git(site):
    """Git's configuration says something about pushes, so that the git program does them."""
    configuration = os.path.join(site.dir, "gitconfig")
    with open(configuration, "w") as f:
        f.write("[push]\n\tnegotiate = false\n")
    with environment(GIT_CONFIG_GLOBAL=configuration):
        yield


@test
def what_was_decided_on_accounts_that_changed_is_not_sent_by_git(site):
    with left_to_git(site):
        not_sent_where_accounts_changed(site, Held)


@test
def hosts_whose_pushes_are_left_to_git_contend_as_well(site):
    with left_to_git(site):
        process_everywhere(site, Daemon, 60, 6)


@test
def a_server_that_gave_up_who_waited_is_gone_to_again(site):
    with judged_early(site, HeldBesideDaemon) as (remote, one, two, name, process, answer):
        wait_until(lambda: remote.at_work(remote.dir))
        for waiting in remote.at_work(remote.dir):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(waiting), signal.SIGKILL)
        wait_until(lambda: not remote.at_work(remote.dir))
        equal((process.poll(), two.new), (None, [name]))
        answer.set()
        equal(process.wait(60), 0)
        equal((two.reasons(), in_a_row(two)), ({name: "posted"}, 0))
        check_all(remote, one, two)


@test
def a_server_that_says_nothing_is_given_up_in_its_time(site):
    with hosts(site, count=1) as (remote, one), socket.socket() as silent:
        (thread,), (address,) = conversation(one)
        name = one.deliver(one.mail("kate@example.org", address))
        silent.bind(("127.0.0.1", 0))
        silent.listen(20)
        one.set_config("tracker", remote=f"git://127.0.0.1:{silent.getsockname()[1]}/t.git", remote_timeout=1)
        run(one, status=75)
        equal(one.new, [name])
        contains(one.log(), "given up after 1 s")
        one.set_config("tracker", remote=remote.url("t.git"), remote_timeout=60)
        run(one)
        equal(one.reasons(), {name: "posted"})


@test
def the_server_s_hooks_are_waited_for_but_not_by_mail(site):
    with hosts(site, count=1) as (remote, one):
        (thread,), (address,) = conversation(one)
        filed, done = os.path.join(one.data, "incoming-mail/success"), os.path.join(remote.dir, "done")
        remote.hook("post-receive", remote.hold(f"test -n \"$(ls -A {filed})\"") + f"; yes of a hook | head -c 1000000; touch {done}\n")
        name = one.deliver(one.mail("kate@example.org", address))
        run(one)
        equal((one.reasons(), os.path.exists(done)), ({name: "posted"}, True))
        remote.hook("post-receive")
        check_all(remote, one)


def says_much(site, kind):
    with server(kind) as remote, keys_of(remote, site) if kind is Ssh else contextlib.nullcontext():
        join(site, remote, "one")
        (thread,), (address,) = conversation(site)
        remote.hook("pre-receive", "yes of a hook | head -c 1000000 >&2\n")
        name = site.deliver(site.mail("kate@example.org", address))
        run(site)
        equal(site.reasons(), {name: "posted"})
        remote.hook("pre-receive", "yes of a hook | head -c 1000000 >&2; exit 1\n")
        name = site.deliver(site.mail("kate@example.org", address, "Another.\n"))
        run(site, status=75)
        equal(site.new, [name])
        contains(site.log(), "remote: of a hook")


@test
def what_a_hook_of_git_daemon_has_to_say_is_no_matter_however_long(site):
    says_much(site, Daemon)


@test
def what_a_hook_behind_http_has_to_say_is_no_matter_however_long(site):
    says_much(site, Http)


@test
def what_a_hook_behind_ssh_has_to_say_is_no_matter_however_long(site):
    if os.path.exists(SSHD):
        says_much(site, Ssh)
    else:
        print("# sshd is missing: ssh is left out")


@test
def an_address_that_git_is_told_to_read_otherwise_is_git_s(site):
    with hosts(site, count=1) as (remote, one), server(Daemon) as other:
        (thread,), (address,) = conversation(one)
        configuration = os.path.join(one.dir, "gitconfig")
        with open(configuration, "w") as f:
            f.write(f'[url "{remote.dir}/"]\n\tinsteadOf = {other.url("")}\n')
        one.set_config("tracker", remote=other.url("t.git"), accounts_remote=other.url("a.git"))
        name = one.deliver(one.mail("kate@example.org", address))
        run(one, status=78)
        equal(one.new, [name], "the other server has nothing")
        with environment(GIT_CONFIG_GLOBAL=configuration):
            run(one)
            equal((one.reasons(), one.git("rev-parse", "main").strip(), in_a_row(one)), ({name: "posted"}, tip(remote), 0))
            check_all(remote, one)


@test
def git_connects_while_it_is_asked_whether_the_accounts_changed(site):
    with judged_early(site) as (remote, one, two, name, process, answer):
        time.sleep(0.2)
        equal((remote.asked(SEND), two.new), (0, [name]), "it waits for the answer")
        answer.set()
        equal(process.wait(60), 0)
        equal((two.reasons(), remote.asked(ASK), remote.asked(CONNECT), remote.asked(SEND)), ({name: "posted"}, 1, 1, 1))
        equal(remote.asked(FETCH), 0, "what was answered is not looked up")
        check_all(remote, one, two)


@test
def killed_before_it_is_known_whether_the_accounts_changed_nothing_was_sent(site):
    with judged_early(site) as (remote, one, two, name, process, answer):
        before = tip(remote)
        time.sleep(0.3)
        process.kill()
        process.wait()
        answer.set()
        time.sleep(0.3)
        equal((two.new, len(staged(two)), tip(remote), remote.asked(SEND)), ([name], 1, before, 0))
        run(two)
        equal((two.reasons(), len(two.show(1)["comments"])), ({name: "posted"}, 2))
        check_all(remote, one, two)


@test
def what_was_decided_on_accounts_that_cannot_be_asked_about_is_not_sent(site):
    with judged_early(site) as (remote, one, two, name, process, answer):
        before = tip(remote)
        os.rename(remote.path("a.git"), remote.path("away.git"))
        answer.set()
        equal(process.wait(60), 75)
        equal((two.new, staged(two), two.outcomes(), tip(remote), remote.asked(SEND)), ([name], [], [], before, 0))
        contains(two.log(), "git ls-remote")
        os.rename(remote.path("away.git"), remote.path("a.git"))
        run(two)
        equal(two.reasons(), {name: "posted"})
        check_all(remote, one, two)


@test
def a_mail_that_is_refused_on_old_accounts_is_decided_on_the_new_ones(site):
    """Nothing is pushed for one that is refused, so that no push waits."""
    with hosts(site, Held) as (remote, one, two):
        (thread,), (address,) = conversation(one)
        one.metroplex("user", "set", "kate", "--state", "suspended")
        run(two)
        name = two.deliver(one.mail("kate@example.org", address))
        with asking(remote, two, ASK) as (process, answer):
            one.metroplex("user", "set", "kate", "--state", "active")
            answer.set()
            equal(process.wait(60), 0)
        equal((two.reasons(), two.answer_events()), ({name: "posted"}, []))
        check_all(remote, one, two)


@test
def what_pushes_nothing_waits_for_the_accounts_as_well(site):
    """The tracker was fetched, for the event of a run that died: nothing but the accounts can be news."""
    with judged_early(site) as (remote, one, two, name, process, answer):
        process.kill()
        process.wait()
        one.metroplex("user", "set", "kate", "--state", "suspended")
        # when the run begins they are asked about, and fetched; with the batch they are asked about
        with asking(remote, two, ASK, count=4, before=3) as (process, answer):
            one.metroplex("user", "set", "kate", "--state", "active")
            equal((two.outcomes(), two.answer_events()), ([], []))
            answer.set()
            equal(process.wait(60), 0)
        equal((two.reasons(), two.answer_events()), ({name: "posted"}, []))
        check_all(remote, one, two)


@test
def what_is_decided_anew_on_other_accounts_is_built_on_what_the_server_has(site):
    """An account that is damaged then has the tracker fetched."""
    with hosts(site, Held, count=1) as (remote, one):
        (thread,), (address,) = conversation(one)
        one.user("lee")
        epoch = json.loads(one.metroplex("user", "show", "lee", "--json"))["epoch"]
        names = [one.deliver(one.mail(f"{login}@example.org", one.address(thread, login))) for login in ("kate", "lee")]
        with asking(remote, one, CONNECT) as (process, answer):
            work = os.path.join(site.dir, "work")
            edit(remote, work + "-t", "t.git", ("README.md", "By hand.\n"))
            edit(remote, work + "-a", "a.git", ("users/000/0/0/0/0/3", f"epoch={epoch}", "epoch=none"))
            answer.set()
            equal(process.wait(60), 78)
        equal((one.reasons(), one.new), ({names[0]: "posted"}, [names[1]]))
        equal(remote.git("show", "main:README.md"), "By hand.")


@test
def git_sends_nothing_without_our_word(site):
    hook = os.path.join(os.path.dirname(os.path.dirname(METROPLEX)), "libexec/metroplex/hooks/pre-push")
    for word, goes_on in ("go\n", True), ("", False), ("go", False), ("no\n", False), ("\n", False), ("go on\n", False), (None, False):
        done = subprocess.run(["sh", "-c", 'exec "$0" 3<&0' if word is not None else 'exec "$0" 3<&-', hook], input=word or "", text=True, capture_output=True)
        equal(done.returncode == 0, goes_on, f"{word!r}")


# --- Turns: who was outrun twice is let in ---------------------------------------------------------


TURN = "refs/metroplex/turn"


class Again(Http):
    """Loses so many answers to a push, and asks the server again for the client: as an HTTP library does, whose connection ended."""

    def __init__(self):
        super().__init__()
        self.server.lost = 0
        self.server.RequestHandlerClass = LosingHandler


class LosingHandler(Handler):
    def answer(self, body):
        if self.server.lost and self.path == "/t.git/git-receive-pack":
            self.server.lost -= 1
            kept, self.wfile = self.wfile, io.BytesIO()
            super().answer(body)
            self.wfile = kept
        super().answer(body)


def turn(remote):
    return remote.git("cat-file", "blob", TURN)


def set_turn(remote, text):
    blob = subprocess.run(["git", "--git-dir", remote.path(), "hash-object", "-w", "--stdin"], input=text, text=True, capture_output=True, check=True)
    remote.git("update-ref", TURN, blob.stdout.strip())


def pushes_in_a_turn(history):
    """What hosts pushed to the branch while the turn was theirs: how many times, in all turns."""
    counts, count, holder, moved = set(), 0, None, False
    for line in history:
        if not line.startswith("The turn is"):
            moved |= line.endswith("refs/heads/main\n")
            continue
        if holder is not None:
            count += moved
        if line != holder:
            counts |= {count} if holder is not None else set()
            holder, count = (line if "host" in line else None), 0
        moved = False
    return counts


@test
def a_host_with_much_mail_lets_the_others_in(site):
    with hosts(site, count=3) as (remote, one, two, three):
        (thread,), (address,) = conversation(one)
        history = os.path.join(remote.dir, "history")
        remote.git("config", "receive.autogc", "false")  # which would go on beside the checks at the end
        remote.hook("post-receive", f"cat >>{history}; git cat-file blob {TURN} >>{history}\n")
        for host, n in ((one, 90), (two, 3), (three, 3)):
            host.set_config("inbound", batch=1)
            for i in range(n):
                host.deliver(one.mail("kate@example.org", address, f"Answer {i} by {host.name}.\n"))
        start = lambda host: subprocess.Popen([METROPLEX, "--config", host.config, "--once"], stderr=subprocess.DEVNULL)
        busy = start(one)
        wait_until(lambda: len(one.success) > 2)
        others = [start(two), start(three)]
        equal([process.wait(120) for process in others], [0, 0])
        check(busy.poll() is None, "they wait until the busy one is done")
        equal(busy.wait(120), 0)
        rows = {host.name: in_a_row(host) for host in (one, two, three)}
        print(f"# outrun in a row: {rows}")
        check(max(rows.values()) <= 5, f"{rows}")
        equal(turn(remote), "The turn is nobody's.")
        remote.hook("post-receive")
        check_all(remote, one, two, three)
        with open(history) as f:
            lines = f.readlines()
        most, pushes = max(pushes_in_a_turn(lines)), sum(line.endswith("refs/heads/main\n") for line in lines)
        check(2 <= most < pushes - 6, f"with much mail it is kept once at least, and not until all is done: {most} of {pushes}")


@test
def who_dies_with_the_turn_is_passed_over(site):
    with hosts(site, count=1) as (remote, one):
        (thread,), (address,) = conversation(one)
        set_turn(remote, "The turn is host dead's.\n")
        one.deliver(one.mail("kate@example.org", address))
        run(one)
        equal((one.new, in_a_row(one), turn(remote)), ([], 1, "The turn is nobody's."))
        check_all(remote, one)


@test
def who_waits_for_its_turn_follows_what_others_push(site):
    with hosts(site) as (remote, one, two):
        (thread,), (address,) = conversation(one)
        run(two)
        set_turn(remote, "The turn is host dead's.\n")
        two.deliver(one.mail("kate@example.org", address))
        waiting = subprocess.Popen([METROPLEX, "--config", two.config, "--once"])
        wait_until(lambda: in_a_row(two) > 0)
        work = remote.clone(os.path.join(one.dir, "work"))
        edit(remote, work, "t.git", ("README.md", "By hand.\n"))
        wait_until(lambda: two.git("rev-parse", "main").strip() == tip(remote))
        equal((turn(remote), len(two.new)), ("The turn is host dead's.", 1))
        set_turn(remote, "The turn is nobody's.\n")
        equal((waiting.wait(60), in_a_row(two), two.new), (0, 1, []))
        check_all(remote, one, two)


@test
def what_was_prepared_beside_a_push_is_decided_once_it_counts(site):
    with hosts(site) as (remote, one, two):
        (thread,), (address,) = conversation(one)
        run(two)
        two.set_config("inbound", batch=1)
        go = os.path.join(remote.dir, "go")
        names = [two.deliver(one.mail("kate@example.org", address, f"Answer {i}.\n")) for i in range(2)]
        remote.hook("pre-receive", remote.hold(f"test -e {go}", 0.01) + "\n")
        process = subprocess.Popen([METROPLEX, "--config", two.config, "--once"])
        wait_until(lambda: len([line for line in two.log().splitlines() if "Matched" in line and names[1] in line]) == 1)
        equal(len(two.new), 2, "the first is being pushed")
        one.metroplex("user", "set", "kate", "--state", "suspended")
        open(go, "w").close()
        equal(process.wait(60), 0)
        equal([two.reasons()[name] for name in names], ["posted", "suspended"])
        check_all(remote, one, two)


@test
def a_turn_that_an_administrator_deleted_is_made_again(site):
    with hosts(site, count=1) as (remote, one):
        (thread,), (address,) = conversation(one)
        remote.git("update-ref", "-d", TURN)
        one.deliver(one.mail("kate@example.org", address))
        run(one)
        equal((one.new, turn(remote)), ([], "The turn is nobody's."))
        check_all(remote, one)


ONE_BRANCH = 'test "$1" = refs/heads/main || { echo "only main" >&2; exit 1; }\n'


@test
def a_turn_that_somebody_else_took_over_is_taken_anew(site):
    """As where a host was slow, and passed for dead."""
    with hosts(site, count=1) as (remote, one):
        (thread,), (address,) = conversation(one)
        set_turn(remote, "The turn is host three's.\n")
        three = remote.git("rev-parse", TURN)
        remote.git("update-ref", "-d", TURN)
        taken = os.path.join(remote.dir, "taken")
        remote.hook("post-receive", f"while read old new ref; do if test $ref = {TURN} && mkdir {taken} 2>/dev/null; then git update-ref {TURN} {three}; fi; done\n")
        one.deliver(one.mail("kate@example.org", address))
        run(one)
        check(os.path.isdir(taken), "it had the turn, and lost it")
        check(in_a_row(one) <= 5, f"outrun {in_a_row(one)} times")
        equal((one.new, turn(remote)), ([], "The turn is nobody's."))


def without_turns(site, spoil):
    remote = Daemon()
    try:
        spoil(remote)
        contains(join(site, remote, "one"), "pushed")
        conversation(site)
        contains(site.run(METROPLEX, "init").stderr, "The remote has no turns")
        site.deliver(site.mail("kate@example.org", site.address(1, "kate")))
        run(site)
        equal((site.new, remote.git("for-each-ref", "--format=%(refname)")), ([], "refs/heads/main"))
        check_all(remote, site)
    finally:
        remote.stop()
        remote.remove()


@test
def a_remote_that_takes_one_branch_only_has_no_turns(site):
    without_turns(site, lambda remote: remote.hook("update", ONE_BRANCH))


@test
def a_remote_that_takes_no_pushes_as_a_whole_has_no_turns(site):
    without_turns(site, lambda remote: remote.git("config", "receive.advertiseAtomic", "false"))


@test
def what_no_push_proves_is_decided_on_what_the_server_has(site):
    with hosts(site) as (remote, one, two):
        conversation(one)
        run(two)
        thread = one.thread("tim", title="New at one")
        name = two.deliver(two.mail("kate@example.org", one.address(thread, "kate")))
        run(two)
        equal(two.reasons(), {name: "posted"}, "a thread that the other host opened is known")
        one.metroplex("thread", "lock", str(thread), "--as", "tim")
        name = two.deliver(two.mail("kate@example.org", one.address(thread, "kate"), "More.\n"))
        run(two)
        equal(two.reasons()[name], "locked")
        one.metroplex("user", "set", "kate", "--state", "suspended")
        name = two.deliver(two.mail("kate@example.org", one.address(1, "kate"), "And more.\n"))
        run(two)
        equal(two.reasons()[name], "suspended", "at once, on every host")
        check_all(remote, one, two)


@test
def what_quotes_a_comment_that_another_host_posted_is_cut(site):
    with hosts(site) as (remote, one, two):
        (thread,), (address,) = conversation(one)
        run(two)
        text = "The valve of stage three leaks when it rains.\nSomebody has to look at the seal before Friday.\n"
        number = one.metroplex("thread", "comment", str(thread), "--as", "tim", stdin=text).strip()
        said = json.loads(one.metroplex("thread", "export", str(thread)))["comments"][-1]["id"]
        two.deliver(one.mail("kate@example.org", address, f"I will.\n\n{text}", headers=[("In-Reply-To", said)]))
        run(two)
        equal((number, two.show(thread)["comments"][-1]["body"]), ("1", "I will.\n"))


@test
def a_server_that_refuses_everything_costs_no_mail_whoever_has_the_turn(site):
    with hosts(site, count=1) as (remote, one):
        (thread,), (address,) = conversation(one)
        set_turn(remote, "The turn is host dead's.\n")
        remote.hook("pre-receive", "echo maintenance >&2; exit 1\n")
        for i in range(3):
            one.deliver(one.mail("kate@example.org", address, f"Answer {i}.\n"))
        run(one, status=75)
        equal((len(one.new), one.failure, one.answer_events()), (3, [], []))
        remote.hook("pre-receive")
        check_all(remote, one)
        equal(len(one.show(thread)["comments"]), 3)


@test
def a_purge_asks_for_no_turn(site):
    with hosts(site, count=1) as (remote, one):
        (thread,), (address,) = conversation(one)
        one.deliver(one.mail("kate@example.org", address, "Secret words.\n"))
        run(one)
        set_turn(remote, "The turn is host dead's.\n")
        one.metroplex("thread", "redact", str(thread), "1", "--purge")
        check("Secret" not in one.git("log", "-p", "main"), "it is gone")


@test
def a_push_that_was_sent_twice_since_its_answer_was_lost_is_announced(site):
    with hosts(site, Again, count=1) as (remote, one):
        (thread,), (address,) = conversation(one)
        one.deliver(one.mail("kate@example.org", address))
        remote.server.lost = 1
        run(one)
        equal((remote.server.lost, list(one.reasons().values())), (0, ["posted"]))
        check_all(remote, one)


@test
def accounts_that_came_in_time_are_not_given_up_since_mails_were_slow(site):
    with hosts(site, count=1, remote_timeout=1) as (remote, one):
        (thread,), (address,) = conversation(one)
        one.set_config("address", authserv_id="mx.example.org", unauthenticated="accept")
        for make in BOMBS:
            octets = make(address)
            if len(octets) < 1500000:
                one.deliver(octets, f"1.{make.__name__}.mx")
        run(one)
        equal(one.new, [])


# --- One name, two hosts --------------------------------------------------------------------------


@test
def a_second_host_of_the_same_name_is_refused(site):
    with hosts(site) as (remote, one, two):
        _, (address,) = conversation(one)
        two.set_config("instance", host_id="one")
        before = tip(remote)
        two.deliver(two.mail("kate@example.org", address))
        run(two, status=78)
        contains(two.log(), "hosts/one of the shared tracker is another installation")
        for command in (("thread", "comment", "1", "--as", "tim"), ("user", "set", "tim", "--name", "Tom"), ("init",)):
            contains(two.run(METROPLEX, *command, stdin="x", status=78).stderr, "set [instance] host-id")
        equal((len(two.new), staged(two), tip(remote)), (1, [], before), "nothing of it is lost, and nothing done")
        two.set_config("instance", host_id="two")
        run(two)
        equal((two.new, remote.git("ls-tree", "--name-only", "main", "hosts/").split()), ([], ["hosts/one", "hosts/two"]))
        check_all(remote, one, two)
        equal(one.metroplex("fsck", "--json"), "")


@test
def of_two_new_hosts_of_one_name_the_slower_is_refused(site):
    with hosts(site) as (remote, one, two):
        two.set_config("instance", host_id="one")
        two.user("tim")  # accounts alone: nothing stands in the tracker yet
        first = os.path.join(remote.dir, "first")
        open_thread = "thread open --repository acme/rocket --kind issue --title T --as tim"
        remote.hook("pre-receive", f"if mkdir {first} 2>/dev/null; then unset $(env | grep ^GIT_ | cut -d= -f1); echo x | {METROPLEX} {open_thread} --config {one.config} >&2; fi\n")
        words = open_thread.split()
        done = two.run(METROPLEX, *words, stdin="y", status=78)
        contains(done.stderr, "another installation")
        remote.hook("pre-receive")
        equal((len(one.events()), two.events(), one.show(1)["body"]), (1, [], "x\n"))
        run(one)
        equal(len(one.events()), 1)


def newest_pack(repository):
    """The ids of what is in it."""
    directory = os.path.join(repository, "objects/pack")
    index = max((os.path.join(directory, name) for name in os.listdir(directory) if name.endswith(".idx")), key=os.path.getmtime)
    with open(index) as f:
        shown = subprocess.run(["git", "show-index"], stdin=f, capture_output=True, text=True, check=True).stdout
    return {line.split()[1] for line in shown.splitlines()}


@test
def a_large_batch_is_pushed_without_a_search_for_what_the_server_has(site):
    """Deltas of what it has: it would have to look for that, and to add it to what it got."""
    _, (address,) = conversation(site)
    with hosts(site, Daemon, count=1) as (remote, one):
        for _ in range(2):
            batch_of(one, address, 32, [])
            run(one)
        pushed = newest_pack(remote.path())
        check(len(pushed) > 100, "arrived as a pack")
        equal(pushed - newest_pack(os.path.join(one.data, "tracker.git")), set(), "what it had to add")


@test
def a_host_that_is_replaced_gets_its_name_back_by_hand(site):
    with hosts(site, count=1) as (remote, one):
        conversation(one)
        os.unlink(os.path.join(one.data, "installation"))
        command = ("thread", "comment", "1", "--as", "tim")
        one.metroplex(*command, stdin="x", status=78)
        work = os.path.join(site.dir, "work")
        remote.clone(work, "t.git")
        remote.git("rm", "-q", "hosts/one", cwd=work)
        remote.git("commit", "-qm", "Replace one", cwd=work)
        remote.git("push", "-q", "origin", "HEAD:main", cwd=work)
        equal(one.metroplex(*command, stdin="x"), "1\n")
        with open(os.path.join(one.data, "installation")) as f:
            equal(remote.git("show", "main:hosts/one"), f.read().strip())
        commits = remote.git("rev-list", "--count", "main")
        one.metroplex(*command, stdin="y")
        equal(int(remote.git("rev-list", "--count", "main")), int(commits) + 1, "it introduces itself once")
        check_all(remote, one)


@test
def a_file_that_names_no_installation_is_nobodys_name(site):
    with hosts(site, count=1) as (remote, one):
        _, (address,) = conversation(one)
        name, before = one.deliver(one.mail("kate@example.org", address)), tip(remote)
        path = os.path.join(one.data, "installation")
        for content in ("", "\n", "one\n", "x" * 300):
            with open(path, "w") as f:
                f.write(content)
            run(one, status=78)
            contains(one.log().splitlines()[-1], f"{path}: not the UUID of an installation: remove it")
        os.unlink(path), os.mkdir(path)
        contains(one.run(METROPLEX, "thread", "comment", "1", "--as", "tim", stdin="x", status=78).stderr, "not the UUID")
        equal((one.new, tip(remote)), ([name], before))
        os.rmdir(path)


# --- Killed, refused, away ------------------------------------------------------------------------


COMMITTED = "reference-transaction"  # runs once the remote has accepted, and before it says so


def committed_only(hook):
    return 'test "$1" = committed || exit 0; ' if hook == COMMITTED else ""


def killed_by_hook(remote, site, hook, after="", command=("--once",)):
    """Runs a host that the remote's hook kills, at that point of its push."""
    file = os.path.join(remote.dir, "pid")
    remote.hook(hook, f"{committed_only(hook)}{remote.hold(f'test -s {file}', 0.01)}; kill -9 $(cat {file}); {after}\n")
    process = subprocess.Popen([METROPLEX, *command, "--config", site.config])
    with open(file + ".new", "w") as f:
        f.write(str(process.pid))
    os.rename(file + ".new", file)
    equal(process.wait(60), -signal.SIGKILL)
    os.unlink(file)
    remote.hook(hook)


@test
def killed_after_the_remote_accepted_the_event_is_published(site):
    with hosts(site) as (remote, one, two):
        (thread,), (address,) = conversation(one)
        mail = one.mail("kate@example.org", address)
        for host in (one, two):
            host.deliver(mail)
        killed_by_hook(remote, one, COMMITTED)
        equal((len(one.new), len(staged(one))), (1, 1))
        run(two)
        equal(two.events(), [], "another host does not announce what it did not post")
        run(one)
        equal((one.new, staged(one)), ([], []))
        check_all(remote, one, two)


def foreign_threads(*names):
    """Exports of a thread whose posts another host made, elsewhere; NULL leaves out which."""
    site, texts = Site(), []
    conversation(site)
    for number, name in enumerate(names, 2):
        site.set_config("instance", host_id=name or "nobody")
        site.thread("tim", title=f"By {name}", body=f"Once, by {name}.\n")
        for text in ("One.\n", "Two.\n"):
            site.metroplex("thread", "comment", str(number), "--as", "kate", stdin=text)
        text = site.metroplex("thread", "export", str(number))
        contains(text, f'"host":"{name or "nobody"}"')
        texts.append(text if name else text.replace('"host":"nobody",', ""))
    site.remove()
    return texts


def file_of(site, text):
    path = os.path.join(site.dir, "thread.json")
    with open(path, "w") as f:
        f.write(text)
    return path


@test
def an_import_is_announced_once_by_who_imported_it_wherever_it_was_posted(site):
    with hosts(site) as (remote, one, two):
        conversation(one)
        for text in foreign_threads("old", "two", None):
            before = len(one.events())
            command = ("thread", "import", file_of(one, text), "--announce")
            killed_by_hook(remote, one, COMMITTED, command=command)
            equal(len(staged(one)), 3)
            contains(two.metroplex(*command), " 0 added 3 known")
            equal(two.events(), [], "it added nothing")
            run(one)
            equal((len(one.events()), staged(one)), (before + 3, []), "who imported announces")
        for text in foreign_threads("old", "two", None):
            before = len(one.events())
            text = text.replace("acme/rocket", "acme/second")
            command = ("thread", "import", file_of(one, text), "--announce")
            killed_by_hook(remote, two, "pre-receive", "exit 1", command=command)
            equal(len(staged(two)), 3)
            contains(one.metroplex(*command), " 3 added 0 known")
            run(two)
            equal((len(one.events()), two.events(), staged(two)), (before + 3, [], []), "who was outrun does not")
        check_all(remote, one, two)
        equal(one.metroplex("fsck", "--json"), "")


@test
def killed_before_the_remote_accepted_the_other_host_announces(site):
    with hosts(site) as (remote, one, two):
        (thread,), (address,) = conversation(one)
        mail = one.mail("kate@example.org", address)
        for host in (one, two):
            host.deliver(mail)
        killed_by_hook(remote, one, "pre-receive", "exit 1")
        equal((len(one.new), len(staged(one))), (1, 1))
        run(two)
        equal(len(two.events()), 1)
        run(one)
        contains(one.log(), "another host made the change")
        check_all(remote, one, two)


# --- A repository that several hosts watch ----------------------------------------------------------


def watched_by(one, two):
    """acme/rocket, which kate watches and both hosts look at; a pull request of it."""
    conversation(one)
    repository = Repository(one)
    two.set_config("repositories", root=repository.root)
    repository.commit("Begin", push="main")
    repository.git("checkout", "-q", "-b", "topic")
    repository.commit("Topic", path="topic", push="topic")
    one.metroplex("repository", "set", "acme/rocket", "--watch", "kate", "--push-mail", "summary")
    one.metroplex("thread", "open", "--repository", "acme/rocket", "--kind", "pull", "--title", "Pull", "--as", "tim", "--base", "main",
                  "--head", "topic", "-", stdin="Take it.\n")
    run(one), run(two)
    said(one, two)
    repository.git("checkout", "-q", "main")
    return repository


def said(*sites):
    """The subjects of what all hosts sent since the last time; each message once."""
    ids, subjects = [], []
    for site in sites:
        site.notifier("--once")
        ids += [(message["Delivered-To"], message["Message-ID"]) for message in site.sent()]
        subjects += [message["Subject"] for message in site.sent() if message["Delivered-To"] == "kate@example.org"]
        shutil.rmtree(os.path.join(site.data, "sent"), ignore_errors=True)
    equal(sorted(ids), sorted(set(ids)), "a message twice")
    return sorted(subjects)


def told_once(remote, *sites):
    """All hosts have nothing more to say, and nothing is staged; what they sent."""
    for site in 2 * sites:
        run(site)
    for site in sites:
        equal((staged(site), site.git("rev-parse", "main").strip()), ([], tip(remote)), site.name)
    return said(*sites)


def at_once(remote, *sites):
    """All hosts run, and each has built what it tells before the server takes any of it."""
    came = os.path.join(remote.dir, "came")
    remote.hook("pre-receive", f"echo >>{came}; {remote.hold(f'test $(wc -l <{came}) -ge {len(sites)}', 0.01)}\n")
    running = [subprocess.Popen([METROPLEX, "--config", site.config, "--once"], stderr=subprocess.DEVNULL) for site in sites]
    equal([process.wait(60) for process in running], [0] * len(sites))
    check(len(open(came).readlines()) > len(sites), "nobody was outrun")
    os.unlink(came)
    remote.hook("pre-receive")


@test
def what_is_pushed_to_a_repository_that_two_hosts_watch_is_told_once(site):
    with hosts(site) as (remote, one, two):
        repository, told = watched_by(one, two), 0
        for n in range(4):
            id = repository.commit(f"Commit {n}", push="main")
            at_once(remote, one, two)
            equal(told_once(remote, one, two), [f"[acme/rocket] main: Commit {n} ({id[:7]})"])
            told += 1
        repository.git("merge", "-q", "--no-ff", "-m", "Merge topic", "topic")
        repository.push("main")
        at_once(remote, one, two)
        equal(len(told_once(remote, one, two)), 2, "of the push, and of the pull request")
        equal([event["change"] for event in one.show(2)["events"]], ["merged"])
        contains(one.git("show", "main:told/acme/rocket"), f"counter {told + 1}\n")
        check(one.git("log", "--format=%cn %an %s", "main").count("pushed refs/heads/main") == told + 1, "told again")
        equal(one.metroplex("fsck", "--json"), "")


@test
def a_host_that_dies_telling_of_a_push_leaves_it_told_once(site):
    with hosts(site) as (remote, one, two):
        repository = watched_by(one, two)
        for hook, after, order in ((COMMITTED, "", (two, one)), ("pre-receive", "exit 1", (two, one)), ("pre-receive", "exit 1", (one, two)),
                                   (COMMITTED, "", (one, two))):
            id = repository.commit(f"Killed in {hook}", push="main")
            killed_by_hook(remote, one, hook, after)
            check(staged(one), "killed before it had anything to tell")
            for host in order:
                run(host)
            equal(told_once(remote, one, two), [f"[acme/rocket] main: Killed in {hook} ({id[:7]})"])
        repository.git("merge", "-q", "--no-ff", "-m", "Merge topic", "topic")
        repository.push("main")
        killed_by_hook(remote, one, COMMITTED)
        equal(len(told_once(remote, two, one)), 2, "of the push, and of the pull request")
        equal([event["change"] for event in two.show(2)["events"]], ["merged"])
        equal(two.metroplex("fsck", "--json"), "")


@test
def killed_before_the_remote_accepted_it_is_done_again(site):
    with hosts(site, count=1) as (remote, one):
        (thread,), (address,) = conversation(one)
        one.deliver(one.mail("kate@example.org", address))
        killed_by_hook(remote, one, "pre-receive", "exit 1")
        check_all(remote, one)
        equal(len(one.show(thread)["comments"]), 1)


@test
def what_a_killed_run_started_holds_no_lock(site):
    """With a path the hook is a descendant of ours, and lives on."""
    with hosts(site, Path, count=1) as (remote, one):
        (thread,), (address,) = conversation(one)
        one.deliver(one.mail("kate@example.org", address))
        done = os.path.join(remote.dir, "done")
        killed_by_hook(remote, one, "pre-receive", f"{remote.hold(f'test -e {done}')}; exit 1")
        run(one)
        equal(one.new, [])
        check("Another run" not in one.log(), "a lock was left")
        open(done, "w").close()
        check_all(remote, one)


@test
def an_answer_that_is_lost_is_looked_up(site):
    with hosts(site, count=1, remote_timeout=1) as (remote, one):
        (thread,), (address,) = conversation(one)
        one.deliver(one.mail("kate@example.org", address))
        remote.hook(COMMITTED, f"{committed_only(COMMITTED)}sleep 3\n")
        run(one)
        equal((one.new, list(one.reasons().values())), ([], ["posted"]))
        remote.hook(COMMITTED)
        check_all(remote, one)


@test
def a_push_that_lands_late_is_announced_once(site):
    with hosts(site, count=1, remote_timeout=1) as (remote, one):
        (thread,), (address,) = conversation(one)
        before = tip(remote)
        one.deliver(one.mail("kate@example.org", address))
        remote.hook("pre-receive", "trap '' PIPE TERM HUP; sleep 3; exit 0\n")
        run(one, status=75)
        equal(tip(remote), before)
        remote.hook("pre-receive", "exit 1\n")
        run(one, status=75)
        end = time.monotonic() + 10
        while tip(remote) == before and time.monotonic() < end:
            time.sleep(0.05)
        print(f"# the push landed after it was given up: {tip(remote) != before}")
        remote.hook("pre-receive")
        check_all(remote, one)
        equal(len(one.show(thread)["comments"]), 1)


def lands_in_the_next_run(site, batch, second):
    with hosts(site, count=1, remote_timeout=1) as (remote, one):
        (thread,), (address,) = conversation(one)
        go, before = os.path.join(remote.dir, "go"), tip(remote)
        remote.hook("pre-receive", f"""
            if mkdir {go}.first 2>/dev/null; then
                trap '' PIPE TERM HUP; {remote.hold(f'test -e {go}')}
            else
                touch {go}; {remote.hold(f'test $(git rev-parse main) != {before}')}
            fi\n""")
        one.deliver(one.mail("kate@example.org", address))
        run(one, status=75)
        one.deliver(one.mail("kate@example.org", address, "Another.\n"), name=second)
        one.set_config("tracker", remote_timeout=60)
        one.set_config("inbound", batch=batch)
        run(one)
        remote.hook("pre-receive")
        contains(one.log(), "published")
        check_all(remote, one)
        equal(len(one.show(thread)["comments"]), 2)


@test
def a_push_that_lands_between_fetch_and_push_of_the_next_run_is_announced_once(site):
    lands_in_the_next_run(site, 256, None)


@test
def a_push_that_lands_while_the_next_run_does_something_else_is_announced_once(site):
    lands_in_the_next_run(site, 1, "1.V1I1M1.mx")


@test
def a_remote_that_is_away_leaves_mail_where_it_is_and_reading_possible(site):
    with hosts(site) as (remote, one, two):
        (thread,), (address,) = conversation(one)
        run(two)
        for host in (one, two):
            host.deliver(one.mail("kate@example.org", address, f"From {host.name}.\n"))
        remote.stop()
        for host in (one, two):
            run(host, status=75)
            equal((len(host.new), host.success, host.failure), (1, [], []))
            contains(host.log(), "git ls-remote")
            equal(host.show(thread)["title"], "Thread 0")
            host.git("fsck", "--strict")
            contains(host.run(METROPLEX, "--once", "--dry-run").stderr, "Would be: Posted")
        one.run(METROPLEX, "thread", "comment", str(thread), "--as", "tim", "-", stdin="x\n", status=75)
        one.run(METROPLEX, "user", "add", "zoe", "--name", "Z", "--email", "z@example.org", status=75)
        remote.start()
        check_all(remote, one, two)
        equal(len(one.show(thread)["comments"]), 2)


@test
def a_hook_that_refuses_is_temporary_and_its_words_are_in_the_log(site):
    with hosts(site, count=1) as (remote, one):
        (thread,), (address,) = conversation(one)
        before = one.git("rev-parse", "main")
        one.deliver(one.mail("kate@example.org", address))
        remote.hook("pre-receive", "echo 'closed for the\033[1m night' >&2; exit 1\n")
        run(one, status=75)
        equal((len(one.new), one.events()[1:], one.git("rev-parse", "main")), (1, [], before))
        contains(one.log(), "closed for the")
        check("\033" not in one.log(), "escaped")
        remote.hook("pre-receive")
        check_all(remote, one)


CONTENT = """
echo push >>pushes
while read old new ref; do
    git rev-list --objects "$old..$new" | cut -d' ' -f1 | git cat-file --batch | grep -q '[Aa] cat' && { echo 'no cats here' >&2; exit 1; }
done
exit 0
"""


def pushes(remote):
    try:
        with open(os.path.join(remote.path(), "pushes")) as f:
            return len(f.readlines())
    except FileNotFoundError:
        return 0


def batch_of(site, address, n, culprits):
    """Delivers n mails in one batch, of which the hook refuses some; the names of these."""
    site.set_config("inbound", batch=n)
    return [site.deliver(site.mail("kate@example.org", address, f"A {'cat' if i in culprits else 'dog'}, number {i} of {n}.\n"))
            for i in range(n)]


def refused(site):
    return sorted(fields[4] for fields in site.outcomes() if fields[2] == "server-refused")


def what_the_server_refuses_stops_nobody_else(site, kind, cases):
    with hosts(site, kind, count=1) as (remote, one):
        (thread,), (address,) = conversation(one)
        remote.hook("pre-receive", CONTENT)
        known = []
        for n, culprits in cases:
            posted = len(one.show(thread)["comments"])
            before = pushes(remote)
            names = batch_of(one, address, n, culprits)
            run(one)
            known += [names[i] for i in culprits]
            equal(refused(one), sorted(known), f"{n} mails, {culprits}")
            equal((len(one.show(thread)["comments"]) - posted, one.new, staged(one)), (n - len(culprits), [], []), f"{n} mails, {culprits}")
            # The whole, a commit of nothing, two halves a level for each culprit, a commit of nothing: lib/inbound/bisect.c
            most = 3 + 2 * len(culprits) * (n - 1).bit_length() + (n == 1)
            if len(culprits) == n > 1:
                most = 2 * n + 1
            check(pushes(remote) - before <= most, f"{n} mails, {culprits}: {pushes(remote) - before} pushes, at most {most}")
        contains(one.log(), "no cats here")
        contains(one.log(), "server-refused")
        equal(len(one.answer_events()), 1, "said once a day")
        check_all(remote, one)


@test
def what_the_server_refuses_stops_nobody_else_behind_git_daemon(site):
    what_the_server_refuses_stops_nobody_else(site, Daemon, [(1, {0}), (2, {1}), (10, {0}), (10, {9}), (10, {4}), (10, {2, 3, 8}), (3, {0, 1, 2})])


@test
def what_the_server_refuses_stops_nobody_else_behind_http(site):
    what_the_server_refuses_stops_nobody_else(site, Http, [(10, {6})])


@test
def what_is_too_large_for_the_server_is_refused_alone(site):
    with hosts(site, Http, count=1) as (remote, one):
        (thread,), (address,) = conversation(one)
        remote.git("config", "receive.maxInputSize", "100000")
        one.set_config("limits", comment="1000000")
        large = one.deliver(one.mail("kate@example.org", address, "".join(random.Random(1).choices("abcdefgh ", k=500000))))
        for i in range(4):
            one.deliver(one.mail("kate@example.org", address, f"Small {i}.\n"))
        run(one)
        equal((refused(one), len(one.show(thread)["comments"]), one.new), ([large], 4, []))
        check_all(remote, one)


@test
def a_hook_of_one_branch_is_one_like_others(site):
    with hosts(site, count=1) as (remote, one):
        (thread,), (address,) = conversation(one)
        remote.hook("update", "git log -p \"$2..$3\" | grep -q '[Aa] cat' && exit 1\nexit 0\n")
        names = batch_of(one, address, 3, {1})
        run(one)
        equal((refused(one), len(one.show(thread)["comments"])), ([names[1]], 2))
        check_all(remote, one)


def answered(site):
    """The reasons of the answers that are due."""
    found = []
    for name in site.answer_events():
        with open(os.path.join(site.data, "outbox/new", name)) as f:
            found += [line.split("\t")[2] for line in f if line.startswith("answer\t")]
    return sorted(found)


@test
def who_is_refused_beside_what_the_server_refuses_is_told_so(site):
    """One half of the batch holds nothing but mails that were refused here: it is one of answers alone."""
    with hosts(site, Path, count=1) as (remote, one):
        (thread,), (address,) = conversation(one)
        remote.hook("pre-receive", CONTENT)
        one.set_config("inbound", batch=4)
        for text in ("> only a quote\n", "-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n", "A cat.\n", "A dog.\n"):
            one.deliver(one.mail("kate@example.org", address, text))
        run(one)
        equal(sorted(one.reasons().values()), ["empty", "encrypted", "posted", "server-refused"])
        equal((answered(one), staged(one)), (["empty", "encrypted", "server-refused"], []))
        equal(one.log().count("Answered"), 3)


@test
def what_equals_a_mail_that_the_server_refuses_is_refused_as_well(site):
    """Alone in its half it is no duplicate: nothing that it would repeat was posted."""
    with hosts(site, Path, count=1) as (remote, one):
        (thread,), (address,) = conversation(one)
        remote.hook("pre-receive", CONTENT)
        one.set_config("inbound", batch=2)
        mail = one.mail("kate@example.org", address, "A cat.\n")
        names = [one.deliver(mail) for _ in range(2)]
        run(one)
        equal((refused(one), one.failure, one.success), (sorted(names), sorted(names), []))


@test
def a_server_that_takes_nothing_costs_no_mail_whenever_it_begins(site):
    """After each number of pushes the hook breaks; what it said of mails before is not believed."""
    with hosts(site, count=1) as (remote, one):
        (thread,), (address,) = conversation(one)
        for good in range(8):
            remote.hook("pre-receive", f"echo x >>broken\n[ $(wc -l <broken) -gt {good} ] && {{ echo 'disk quota' >&2; exit 1; }}\n" + CONTENT)
            with open(os.path.join(remote.path(), "broken"), "w"):
                pass
            posted, failed = len(one.show(thread)["comments"]), len(one.failure)
            names = batch_of(one, address, 4, {1})
            one.metroplex("--once", status=None)
            check(set(refused(one)) & set(names) <= {names[1]}, f"broken after {good} pushes: {refused(one)} of {names}")
            remote.hook("pre-receive", CONTENT)
            run(one)
            equal((len(one.show(thread)["comments"]) - posted, len(one.failure) - failed, one.new), (3, 1, []), f"after {good}")
        check_all(remote, one)


@test
def a_command_that_the_server_refuses_says_so(site):
    with hosts(site, count=1) as (remote, one):
        (thread,), _ = conversation(one)
        remote.hook("pre-receive", CONTENT)
        before = one.show(thread)
        said = one.run(METROPLEX, "thread", "comment", str(thread), "--as", "tim", "-", stdin="See a cat.\n", status=65).stderr
        contains(said, "the server refuses what is in it")
        contains(said, "no cats here")
        equal((one.show(thread), staged(one)), (before, []))
        remote.hook("pre-receive", "echo 'closed' >&2; exit 1\n")
        contains(one.run(METROPLEX, "thread", "comment", str(thread), "--as", "tim", "-", stdin="A dog.\n", status=75).stderr, "takes no commit at all")
        remote.hook("pre-receive")
        check_all(remote, one)


@test
def locks_that_a_killed_program_left_are_survived(site):
    with hosts(site, count=1) as (remote, one):
        (thread,), (address,) = conversation(one)
        lock = os.path.join(one.data, "tracker.git/refs/heads/main.lock")
        one.deliver(one.mail("kate@example.org", address))
        open(lock, "w").close()
        run(one)
        check(not os.path.exists(lock), "removed")
        equal(one.new, [])
        there = os.path.join(remote.path(), "refs/heads/main.lock")
        one.deliver(one.mail("kate@example.org", address, "And more.\n"))
        open(there, "w").close()
        timer = threading.Timer(1.5, os.unlink, [there])
        timer.start()
        run(one)
        timer.join()
        check_all(remote, one)
        equal(len(one.show(thread)["comments"]), 2)


@test
def a_remote_that_asks_for_a_password_gets_it_from_the_users_own_files_or_says_so(site):
    remote, home = Http("tim:secret"), os.path.join(site.dir, "home")
    os.mkdir(home)
    os.environ["HOME"], before = home, os.environ.get("HOME", "/")
    try:
        (thread,), (address,) = conversation(site)
        site.deliver(site.mail("kate@example.org", address))
        site.set_config("tracker", remote=remote.url(), accounts_remote=remote.url("a.git"))
        run(site, status=75)
        contains(site.log(), "terminal prompts disabled")
        equal(len(site.new), 1)
        with open(os.path.join(home, ".netrc"), "w") as f:
            f.write("machine 127.0.0.1 login tim password secret\n")
        join(site, remote, "one")
        check_all(remote, site)
    finally:
        os.environ["HOME"] = before
        remote.stop()
        remote.remove()


@contextlib.contextmanager
def server(kind):
    remote = kind()
    try:
        yield remote
    finally:
        remote.stop()
        remote.remove()


@contextlib.contextmanager
def keys_of(remote, site):
    """An ssh in front of the real one that has the server's keys, as a user's own configuration would."""
    programs = os.path.join(site.dir, "programs")
    os.mkdir(programs)
    with open(os.path.join(programs, "ssh"), "w") as f:
        f.write(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {remote.path("ssh_config")} "$@"\n')
    os.chmod(f.name, 0o755)
    with environment(PATH=f"{programs}:{os.environ['PATH']}"):
        yield


@contextlib.contextmanager
def environment(**variables):
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@test
def ssh_takes_its_key_from_git_s_configuration_and_a_refusal_leaves_the_mail(site):
    if not os.path.exists(SSHD):
        print("# sshd is missing: ssh is left out")
        return
    settings = os.path.join(site.dir, "gitconfig")
    open(settings, "w").close()
    with environment(GIT_CONFIG_GLOBAL=settings), server(Ssh) as remote:
        site.set_config("tracker", remote=remote.url(), accounts_remote=remote.url("a.git"))
        contains(site.run(METROPLEX, "init", status=75).stderr, "Host key verification failed")
        with open(settings, "w") as f:
            f.write(f"[core]\n\tsshCommand = {remote.command()}\n")
        contains(join(site, remote, "one"), "pushed")
        (thread,), (address,) = conversation(site)
        for text in ("One.\n", "Two.\n"):
            site.deliver(site.mail("kate@example.org", address, text))
        run(site)
        equal((site.new, numbers(remote, thread)), ([], [0, 1, 2]))
        check_all(remote, site)

        remote.accept(False)
        before = tip(remote)
        name = site.deliver(site.mail("kate@example.org", address, "Three.\n"))
        run(site, status=75)
        equal((site.new, staged(site), tip(remote)), ([name], [], before))
        contains(site.log(), f"git ls-remote {remote.url('a.git')}: {remote.user}@127.0.0.1: Permission denied (publickey)")
        remote.accept()
        os.rename(remote.path("known_hosts"), remote.path("known_hosts.away"))
        run(site, status=75)
        contains(site.log(), "Host key verification failed")
        equal(site.new, [name])
        os.rename(remote.path("known_hosts.away"), remote.path("known_hosts"))
        run(site)
        check_all(remote, site)
        with environment(GIT_SSH_COMMAND="false"):
            site.metroplex("thread", "comment", str(thread), "--as", "tim", stdin="x", status=75)
        with environment(GIT_SSH_COMMAND=remote.command(), GIT_CONFIG_GLOBAL="/dev/null"):
            equal(site.metroplex("thread", "comment", str(thread), "--as", "tim", stdin="x"), "4\n")
        with environment(GIT_CONFIG_GLOBAL="/dev/null"):
            for name in ("tracker.git", "accounts.git"):
                site.git("config", "core.sshCommand", remote.command(), repository=name)
            equal(site.metroplex("thread", "comment", str(thread), "--as", "tim", stdin="x"), "5\n")


@test
def a_connection_by_ssh_is_kept_for_the_next_exchange(site):
    if not os.path.exists(SSHD):
        print("# sshd is missing: ssh is left out")
        return
    with server(Ssh) as remote, keys_of(remote, site):
        join(site, remote, "one")
        (thread,), (address,) = conversation(site)
        remote.accept(False)
        site.deliver(site.mail("kate@example.org", address))
        run(site)
        equal((site.new, len(site.show(thread)["comments"])), ([], 1), "nobody had to log in again")
        kept = sorted(name for name in os.listdir(site.data) if name.startswith("ssh-"))
        equal([name[:6] for name in kept], ["ssh-a-", "ssh-t-"], "each repository may have a key of its own")
        for name in kept:
            subprocess.run(["ssh", "-o", f"ControlPath={os.path.join(site.data, name)}", "-O", "exit", "x"], check=True, capture_output=True)
        site.deliver(site.mail("kate@example.org", address, "More.\n"))
        run(site, status=75)
        remote.accept()
        check_all(remote, site)


@test
def a_branch_that_an_administrator_set_back_is_followed(site):
    with hosts(site) as (remote, one, two):
        (thread,), (address,) = conversation(one)
        good = tip(remote)
        for host in (one, two):
            host.deliver(one.mail("kate@example.org", address, f"From {host.name}.\n"))
            run(host)
        lost = tip(remote)
        remote.git("update-ref", "refs/heads/main", good)
        for host in (one, two):
            run(host)
            equal(host.git("rev-parse", "main").strip(), good)
        contains(one.log(), "does not have what was here")
        contains(two.log(), f"refs/metroplex/lost/{lost}")
        two.git("rev-parse", "--verify", f"refs/metroplex/lost/{lost}")
        one.deliver(one.mail("kate@example.org", address, "After that.\n"))
        run(one)
        equal([c["body"].strip() for c in one.show(thread)["comments"]], ["After that."])


# --- Others write too -----------------------------------------------------------------------------


def edit(remote, work, repository, *changes):
    """An administrator's commit: (path, text), or (path, old, new), each."""
    if not os.path.isdir(work):
        remote.clone(work, repository)
    remote.git("pull", "-q", "--rebase", "origin", "main", cwd=work)
    for path, *texts in changes:
        path = os.path.join(work, path)
        if len(texts) == 2:
            with open(path) as f:
                before = f.read()
            contains(before, texts[0])
            texts = [before.replace(*texts)]
        with open(path, "w") as f:
            f.write(texts[0])
    remote.git("commit", "-qam", "By hand", cwd=work)
    remote.git("push", "-q", "origin", "HEAD:main", cwd=work)


@test
def what_an_administrator_pushed_counts(site):
    with hosts(site, count=1) as (remote, one):
        (open_one, locked), addresses = conversation(one, threads=2)
        one.metroplex("thread", "comment", str(open_one), "--as", "tim", "-", stdin="Rude words.\n")
        work = os.path.join(site.dir, "work")
        edit(remote, work + "-a", "a.git", ("users/000/0/0/0/0/2", "emails=kate@example.org;", "emails=kate@example.org;kate@home.example;"))
        edit(remote, work + "-t", "t.git", ("threads/000/0/0/0/0/1/comments/1/comment.md", "Kind words.\n"),
             ("threads/000/0/0/0/0/2/thread", "locked=false", "locked=true"), ("threads/000/0/0/0/0/1/thread", "state=open", "state=closed"))
        names = [one.deliver(one.mail("kate@home.example", address)) for address in addresses]
        run(one)
        equal(one.reasons(), {names[0]: "posted", names[1]: "locked"})
        shown = one.show(open_one)
        equal((shown["state"], shown["comments"][0]["body"].strip(), len(shown["comments"])), ("closed", "Kind words.", 2))
        check_all(remote, one)


@test
def an_administrator_who_pushes_during_a_batch_is_not_overwritten(site):
    """Also without a remote: a push into the local tracker."""
    for kind, mails, batch in ("local", 300, 100), ("remote", 40, 1):
        other = Site()
        (thread,), (address,) = conversation(other)
        remote = Path()
        if kind == "remote":
            join(other, remote, "one")
        else:
            shutil.rmtree(remote.path())
            os.symlink(os.path.join(other.data, "tracker.git"), remote.path())
        other.set_config("inbound", batch=batch)
        for i in range(mails):
            other.deliver(other.mail("kate@example.org", address, f"Number {i}.\n"))
        work = remote.clone(os.path.join(other.dir, "work"))
        process = subprocess.Popen([METROPLEX, "--config", other.config, "--once"])
        pushed = 0
        while process.poll() is None:
            with contextlib.suppress(AssertionError):  # it is outrun itself
                edit(remote, work, "t.git", ("README.md", f"Edit {pushed}.\n"))
                pushed += 1
            if pushed == 0:
                remote.git("reset", "-q", "--hard", "origin/main", cwd=work, status=None)
            time.sleep(0.2 if kind == "remote" else 0)
        check(process.returncode in (0, 75), f"status {process.returncode}")
        run(other)
        equal(len(other.show(thread)["comments"]), mails)
        log = other.git("log", "--format=%s", "main")
        print(f"# {kind}: {pushed} pushes by hand during the run, {other.log().count('The tracker moved')} batches outrun")
        check(log.count("By hand") >= pushed, "no push by hand was lost")
        equal(len(other.events()), mails + 1)
        other.git("fsck", "--strict")
        other.remove()
        remote.remove()


@test
def a_malformed_file_is_named_with_its_line_and_stops_what_depends_on_it_only(site):
    with hosts(site, count=1) as (remote, one):
        ids, addresses = conversation(one, threads=4)
        one.user("lee")
        lees = one.address(ids[0], "lee")
        work = os.path.join(site.dir, "work")
        edit(remote, work + "-t", "t.git", ("threads/000/0/0/0/0/2/thread", "state=open", "state=ajar"),
             ("threads/000/0/0/0/0/3/subscribers", "1 author\nall of them\n"), ("threads/000/0/0/0/0/4/thread", "[thread]\nkind=issue\nwhat?\n"))
        epoch = json.loads(one.metroplex("user", "show", "lee", "--json"))["epoch"]
        edit(remote, work + "-a", "a.git", ("users/000/0/0/0/0/3", f"epoch={epoch}", "epoch=none"))
        names = [one.deliver(one.mail("kate@example.org", address)) for address in addresses]
        stays = one.deliver(one.mail("lee@example.org", lees))
        run(one, status=78)
        equal(one.new, sorted(names[1:] + [stays]))
        equal(one.reasons(), {names[0]: "posted"})
        for place in ("threads/000/0/0/0/0/2/thread:5: [thread] state", "threads/000/0/0/0/0/3/subscribers:2:",
                      "threads/000/0/0/0/0/4/thread:3:", "users/000/0/0/0/0/3:5: [user] epoch"):
            contains(one.log(), place)
        remote.git("revert", "--no-edit", "HEAD", cwd=work + "-t")
        remote.git("push", "-q", "origin", "HEAD:main", cwd=work + "-t", status=None)
        edit(remote, work + "-a", "a.git", ("users/000/0/0/0/0/3", "epoch=none", f"epoch={epoch}"))
        remote.git("pull", "-q", "--rebase", "origin", "main", cwd=work + "-t")
        remote.git("push", "-q", "origin", "HEAD:main", cwd=work + "-t")
        run(one)
        equal((one.new, len(one.success)), ([], 5))


if __name__ == "__main__":
    main()
