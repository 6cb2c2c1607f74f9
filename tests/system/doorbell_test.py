#!/usr/bin/env python3
"""The doorbell: a hook that has a push told at once, costs it nothing, and is believed no more than it has to be."""
import fcntl
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from checks import one  # noqa: E402
from harness import METROPLEX, TOP, check, check_names, contains, equal, killat, main, test, wait_until  # noqa: E402
from repository import damage  # noqa: E402
from watched import told, watched  # noqa: E402

NOBODY = 65534


def spool_of(site):
    return os.path.join(site.dir, "pushes")


def with_hook(site, *options):
    """A watched repository that rings."""
    os.mkdir(spool_of(site))
    os.chmod(spool_of(site), 0o1730)
    site.set_config("repositories", pushes=spool_of(site))
    git = watched(site, "--push-mail", "summary", *options)
    git.hook = os.path.join(git.bare, "hooks/post-receive")
    site.metroplex("repository", "hook", "acme/rocket", "--install")
    return git


def ring(site, git, stdin="", env=None, run_as=None):
    """The hook alone, as git calls it."""
    prefix = ["setpriv", "--reuid", str(run_as), "--regid", str(run_as), "--clear-groups"] if run_as else []
    done = subprocess.run([*prefix, git.hook], input=stdin, text=True, capture_output=True, cwd=git.bare, timeout=20, env=dict(os.environ, **(env or {})))
    equal((done.returncode, done.stdout, done.stderr), (0, "", ""))


def hooks_end(site):
    """It goes on behind the push's back, by its own name."""
    wait_until(lambda: site.dir not in os.popen("ps -eo args").read())


def rung(site, name=None):
    """Waits for the hook, which rings behind the push's back."""
    name = name or f"acme,rocket,{os.geteuid()}"
    wait_until(lambda: bells(site) == [name])


def push_silently(git):
    os.chmod(git.hook, 0o644)
    git.push()
    os.chmod(git.hook, 0o755)


def bells(site):
    return sorted(os.listdir(spool_of(site)))


def actor(site):
    return site.mails[0]["From"].addresses[0].display_name if site.mails else None


@test
def the_hook_is_three_lines_that_ring(site):
    git = with_hook(site)
    lines = site.metroplex("repository", "hook", "acme/rocket")
    equal(lines.count("\n"), 3)
    with open(git.hook) as f:
        equal(f.read(), "#!/bin/sh\n" + lines)
    contains(site.metroplex("repository", "hook", "acme/rocket", "--install"), "is there already")
    git.commit("One")
    git.push()
    rung(site)
    git.commit("Two")
    git.push()
    wait_until(lambda: os.popen("ps -eo args").read().count(spool_of(site)) == 0 and bells(site))
    rung(site)
    equal(len(told(site)), 1)
    equal(bells(site), [])
    ring(site, git)
    rung(site)
    equal(told(site), [])
    git.commit("Three")
    git.push()
    rung(site)
    shutil.rmtree(spool_of(site))  # nobody heard it
    equal(len(told(site)), 1)


@test
def a_hook_that_is_there_stays_as_it_is(site):
    git = with_hook(site)
    with open(git.hook, "w") as f:
        f.write("#!/bin/sh\nmine\n")
    done = site.run(METROPLEX, "repository", "hook", "acme/rocket", "--install", status=65)
    contains(done.stderr, "put these lines at its end")
    contains(done.stdout, "rings that acme/rocket was pushed to")
    with open(git.hook, "a") as f:
        f.write(done.stdout)
    contains(site.metroplex("repository", "hook", "acme/rocket", "--install"), "is there already")
    contains(site.run(METROPLEX, "repository", "hook", "acme/engine", "--install", status=65).stderr, "is missing")
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", str(NOBODY), git.bare], check=True)
        contains(site.run(METROPLEX, "repository", "hook", "acme/rocket", "--install", status=65).stderr, "sudo -u")


def is_locked(path):
    with open(path, "a") as f:
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@test
def a_run_hears_it_at_once(site):
    git = with_hook(site)
    git.commit("One")
    push_silently(git)
    told(site)
    run = subprocess.Popen([METROPLEX, "--config", site.config, "--for", "60"], stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: is_locked(os.path.join(site.data, "run.lock")))
        git.commit("Two")
        git.push()
        wait_until(lambda: site.events() and not bells(site))
    finally:
        run.terminate()
        run.wait()
    equal(len(told(site)), 1)


@test
def a_push_never_fails_because_of_us(site):
    git = with_hook(site)
    git.commit("One")
    push_silently(git)
    told(site)
    spool = spool_of(site)

    def gone():
        shutil.rmtree(spool)

    def a_file():
        with open(spool, "w"):
            pass

    def dangling():
        os.symlink("/nowhere/at/all", spool)

    def full():
        os.mkdir(spool)
        os.mkdir(os.path.join(site.dir, "bin"))
        for name in ("head", "mktemp", "mv", "chmod", "id"):
            with open(os.path.join(site.dir, "bin", name), "w") as f:
                f.write("#!/bin/sh\necho 'No space left on device' >&2\nexit 1\n")
            os.chmod(f.name, 0o755)

    for n, spoil in enumerate((gone, a_file, dangling, full)):
        if n:
            (shutil.rmtree if os.path.isdir(spool) else os.unlink)(spool) if os.path.lexists(spool) else None
        spoil()
        path = os.path.join(site.dir, "bin") + ":" + os.environ["PATH"]
        ring(site, git, env={"PATH": path})
        git.commit(f"Then {n}")
        git.push()  # ends with 0, too
        equal(len(told(site)), 1, spoil.__name__)
    if os.geteuid() == 0:
        shutil.rmtree(spool)
        os.mkdir(spool)
        os.chmod(spool, 0o1730)
        ring(site, git, run_as=NOBODY)  # is not in the group
        hooks_end(site)
        equal(bells(site), [])


def watched_by_tim(site):
    """The repository with the hook, and one push of it told."""
    git = with_hook(site)
    site.user("tim")
    site.metroplex("repository", "set", "acme/rocket", "--watch", "tim")
    git.commit("One")
    push_silently(git)
    told(site)
    return git


@test
def who_pushed_is_believed_from_the_owner_alone(site):
    git = watched_by_tim(site)

    def push_by(user, owner=None):
        new = git.commit(f"By {user}")
        push_silently(git)
        ring(site, git, f"{'0' * 40} {new} refs/heads/main\n", env={"GL_USER": user})
        rung(site)
        if owner is not None:
            for name in bells(site):
                os.chown(os.path.join(spool_of(site), name), owner, -1)
        told(site)
        return sorted(m["X-GitHub-Recipient"] for m in site.mails), actor(site)

    equal(push_by("tim"), (["kate"], "Tim Example"))  # whoever did it is not told
    equal(push_by("Some Body"), (["kate", "tim"], "Some Body"))
    equal(push_by(""), (["kate", "tim"], "Ann Dev"))
    equal(push_by("x" * 200), (["kate", "tim"], "Ann Dev"))
    contains(push_by("\x1b[31mEve\u202e")[1], "Eve")
    check("\x1b" not in site.log() and "\u202e" not in str(site.mails[0]["From"]), "shown as it was")
    new = git.commit("Another push meanwhile")
    push_silently(git)
    ring(site, git, f"{'0' * 40} {'1' * 40} refs/heads/main\n", env={"GL_USER": "tim"})
    rung(site)
    told(site)
    equal(actor(site), "Ann Dev", "that bell was of another push than " + new)
    if os.geteuid() == 0:
        equal(push_by("tim", owner=12345), (["kate", "tim"], "Ann Dev"))
        site.set_config("repositories", pusher_uids="17, 12345")
        equal(push_by("tim", owner=12345), (["kate"], "Tim Example"))
        site.set_config("repositories", pusher_uids=f"{NOBODY}")
        equal(push_by("tim", owner=NOBODY), (["kate", "tim"], "Ann Dev"))  # that may be anybody in a namespace
    site.set_config("repositories", pusher_uids="git")
    contains(site.run(METROPLEX, "repository", "list", status=78).stderr, "[repositories] pusher-uids")


def gitolites_hook(site, git):
    """The hook of the manual for all repositories of gitolite, where gitolite links it into each."""
    with open(os.path.join(TOP, "man/metroplex.7")) as f:
        hook = re.search(r"^#!/bin/sh\nowner=.*?^exit 0\n", f.read(), re.S | re.M)[0]
    common = os.path.join(site.dir, "common-post-receive")
    with open(common, "w") as f:
        f.write(hook.replace("\\e\n", "\\\n").replace("/var/spool/metroplex/pushes", spool_of(site)))
    os.chmod(common, 0o755)
    os.unlink(git.hook)
    os.symlink(common, git.hook)


@test
def the_hook_of_the_manual_rings_for_all_repositories_of_gitolite(site):
    git = watched_by_tim(site)
    gitolites_hook(site, git)
    here = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": site.dir}  # what sshd gives, and gitolite-shell adds

    def push_as(user, repo):
        new = git.commit(f"By {user}")
        environment = [f"{name}={value}" for name, value in dict(here, GL_USER=user, GL_REPO=repo, GL_TID="1", GL_LIBDIR="/x").items()]
        subprocess.run(["env", "-i", *environment, "git", "-C", git.work, "push", "-q", "origin", "HEAD"], check=True, timeout=20)
        return new

    push_as("tim", "acme/rocket")
    rung(site)
    with open(os.path.join(spool_of(site), bells(site)[0])) as f:
        equal(f.readline(), "pusher tim\n")
    told(site)
    equal((sorted(m["X-GitHub-Recipient"] for m in site.mails), actor(site)), (["kate"], "Tim Example"))
    for repo in ("testing", "acme/rocket/below", "../../etc/x", "a b/$(touch x)", "acme/rocket;x", ""):
        push_as("Some Body", repo)  # of no owner, or of one too many: nobody rings, and the next look finds it
        equal(len(told(site)), 2, repo)
        hooks_end(site)
        told(site)
        equal(bells(site), [], repo)
    check(not os.path.exists(os.path.join(git.bare, "x")), "a name was run")


@test
def what_else_lies_in_the_spool_is_taken_away_and_told_nothing(site):
    git = with_hook(site)
    site.user("tim")
    git.commit("One")
    push_silently(git)
    told(site)
    new = git.commit("Two")
    push_silently(git)
    secret = os.path.join(site.dir, "secret")
    said = f"pusher tim\n{'0' * 40} {new} refs/heads/main\n"
    with open(secret, "w") as f:
        f.write(said)
    spool = spool_of(site)
    os.symlink(secret, os.path.join(spool, "acme,rocket,1"))
    os.link(secret, os.path.join(spool, "acme,rocket,2"))
    os.mkfifo(os.path.join(spool, "acme,rocket,3"))
    os.mkdir(os.path.join(spool, "acme,rocket,4"))
    with open(os.path.join(spool, "acme,rocket,5"), "w") as f:
        f.write("x" * 5000 + "\n" + said)
    for name in ("..,..,1", "acme,rocket", "acme,rocket,x", "a\nb\x1b[31m", "acme,engine,1", "x" * 255):
        with open(os.path.join(spool, name), "w") as f:
            f.write(said)
    equal(len(told(site)), 1)
    equal(actor(site), "Ann Dev")
    equal(bells(site), [])
    with open(secret) as f:
        equal(f.read(), said)
    check("\x1b" not in site.log(), "a name was logged as it is")


@test
def who_rings_begins_no_watch(site):
    git = with_hook(site)
    git.commit("One")
    git.push()
    told(site)
    subprocess.run(["git", "clone", "-q", "--bare", git.bare, os.path.join(git.root, "other/private.git")], check=True)
    with open(os.path.join(spool_of(site), f"other,private,{os.geteuid()}"), "w"):
        pass
    site.metroplex("--once")
    equal(bells(site), [], "it is taken away")
    equal([line for line in site.git("ls-tree", "-r", "--name-only", "main").splitlines() if "private" in line], [], "and of it nothing is kept")


@test
def very_many_files_are_taken_in_turns(site):
    git = with_hook(site)
    git.commit("One")
    push_silently(git)
    told(site)
    for i in range(10500):
        os.close(os.open(os.path.join(spool_of(site), f"junk{i}"), os.O_CREAT | os.O_WRONLY))
    git.commit("Two")
    git.push()
    site.metroplex("--once")
    equal(len(site.events()), 1)
    site.metroplex("--once")
    equal(bells(site), [])


@test
def a_file_that_a_hook_is_still_writing_is_left_to_it(site):
    git = with_hook(site)
    path = os.path.join(spool_of(site), "acme,rocket,1000.AbCdEf")
    with open(path, "w") as f:
        f.write("pusher ")
    told(site)
    check(os.path.exists(path), "taken from under a hook")
    os.utime(path, (time.time() - 3600,) * 2)
    told(site)
    check(not os.path.exists(path), "what a hook left that died stays for ever")
    with open(path, "w") as f:
        f.write("pusher ")
    os.utime(path, (time.time() + 3600,) * 2)
    told(site)
    check(not os.path.exists(path), "what a hook left while the clock was wrong stays for ever")


RINGS_AGAIN = """
ssize_t read(int fd, void *text, size_t length)
{
    ssize_t done = ((ssize_t (*)(int, void *, size_t))dlsym(RTLD_NEXT, "read"))(fd, text, length);

    if (done > 7 && memcmp(text, "pusher ", 7) == 0)
        rename(getenv("NEXT_BELL"), getenv("BELL"));
    return done;
}
"""


def built(site, name, text):
    """A library that stands before the C library's functions."""
    source, library = (os.path.join(site.dir, name + end) for end in (".c", ".so"))
    with open(source, "w") as f:
        f.write("#define _GNU_SOURCE\n" + "".join(f"#include <{h}.h>\n" for h in ("dlfcn", "errno", "stdio", "stdlib", "string", "unistd")) + text)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


@test
def one_that_rings_while_another_is_taken_is_not_lost(site):
    git = with_hook(site)
    site.user("tim")
    git.commit("One")
    push_silently(git)
    told(site)
    one = git.commit("Two")
    bell, after = (os.path.join(site.dir, name) for name in (f"pushes/acme,rocket,{os.geteuid()}", "next"))
    two = git.commit("Three")
    push_silently(git)
    for path, new in ((bell, one), (after, two)):
        with open(path, "w") as f:
            f.write(f"pusher tim\n{'0' * 40} {new} refs/heads/main\n")
    library = built(site, "again", RINGS_AGAIN)
    subprocess.run([METROPLEX, "--config", site.config, "--once"], check=True, env=dict(os.environ, LD_PRELOAD=library, BELL=bell, NEXT_BELL=after))
    equal((len(told(site)), actor(site), bells(site)), (1, "Tim Example", []))
    equal([e["author"] for e in site.show(2)["events"]], ["tim"])


@test
def killed_anywhere_who_pushed_is_known(site):
    if os.uname().machine != "x86_64":
        return
    git = with_hook(site)
    site.user("tim")
    git.commit("One")
    push_silently(git)
    told(site)

    def run(n):
        new = git.commit(f"Before call {n}")
        push_silently(git)
        with open(os.path.join(spool_of(site), f"acme,rocket,{os.geteuid()}"), "w") as f:
            f.write(f"pusher tim\n{'0' * 40} {new} refs/heads/main\n")
        done = subprocess.run([killat(), "--kill", str(n), "--", METROPLEX, "--config", site.config, "--once"], check=True, capture_output=True, text=True)
        site.a_minute_later()
        site.metroplex("--once")
        return done.stdout

    calls = int(run(999999).split("calls=")[1].split()[0])
    points = range(1, calls, max(calls // int(os.environ.get("POINTS", "24")), 1))
    kills = sum("signal" in run(n) for n in points)
    events = [e for thread in range(2, len(points) + 3) for e in site.show(thread)["events"]]
    equal([e["author"] for e in events], ["tim"] * (len(points) + 1))
    check(kills > len(points) // 2, "the kills fell")
    equal(bells(site), [])


@test
def who_pushed_what_could_not_be_told_is_known_once_it_can(site):
    git = watched_by_tim(site)
    new = git.commit("Damaged")
    push_silently(git)

    def rings(n=1):
        for i in range(n):
            with open(os.path.join(spool_of(site), f"acme,rocket,{os.geteuid()},{i}"), "w") as f:
                f.write(f"pusher tim\n{'0' * 40} {new} refs/heads/main\n")

    mend = damage(git.bare, new)
    rings()
    for _ in range(2):
        equal((told(site), len(bells(site))), ([], 1), "kept")
    os.utime(os.path.join(spool_of(site), bells(site)[0]), (0, time.time() - 90000))
    equal((told(site), bells(site)), ([], []), "for a day")
    rings(200)
    told(site)
    equal(len(bells(site)), 100, "not any number of them")
    mend()
    equal((len(told(site)), actor(site), bells(site)), (1, "Tim Example", []))


KEPT = """
#define REFUSE if (strncmp(name, "acme,", 5) == 0) { errno = EPERM; return -1; }

int unlinkat(int directory, const char *name, int flags)
{
    REFUSE return ((int (*)(int, const char *, int))dlsym(RTLD_NEXT, "unlinkat"))(directory, name, flags);
}

int renameat(int directory, const char *name, int other, const char *to)
{
    REFUSE return ((int (*)(int, const char *, int, const char *))dlsym(RTLD_NEXT, "renameat"))(directory, name, other, to);
}
"""


@test
def one_that_cannot_be_taken_away_does_not_ring_for_ever(site):
    git = with_hook(site)
    git.commit("One")
    push_silently(git)
    spool = spool_of(site)
    with open(os.path.join(spool, f"acme,rocket,{os.geteuid()}"), "w") as f:
        f.write("pusher tim\n")
    os.symlink("/dev/null", os.path.join(spool, "acme,rocket,2"))
    library = built(site, "kept", KEPT)
    subprocess.run([METROPLEX, "--config", site.config, "--once"], check=True, timeout=60, env=dict(os.environ, LD_PRELOAD=library))
    contains(site.log(), "cannot take the doorbell acme,rocket,2 away: Operation not permitted")
    equal((len(told(site)), bells(site)), (1, []))


@test
def check_says_what_is_watched_and_what_cannot_be(site):
    contains(one(site, "root", "pushes", verdict="ok")["found"], "no repository is watched")
    git = with_hook(site)
    for name in ("root", "watched", "doorbell"):
        equal(one(site, name, "pushes")["verdict"], "ok", name)
    contains(one(site, "watched", "pushes", verdict="ok")["found"], "1 repository is watched")
    os.chmod(spool_of(site), 0o777)
    equal(one(site, "doorbell", "pushes")["verdict"], "warning")
    shutil.rmtree(spool_of(site))
    contains(one(site, "doorbell", "pushes")["found"], "told within a minute")
    equal(one(site, "doorbell", "pushes")["advice"], f"install -d -m 1730 -o metroplex -g metroplex-push '{spool_of(site)}'", "the package makes another")
    refs = os.path.join(git.bare, "packed-refs")
    with open(refs, "w") as f:
        f.write(f"{'1' * 64} refs/heads/x\n")
    contains(one(site, "watched", "pushes")["found"], "SHA-256")
    equal(told(site), [])
    equal(site.log().count("its ids are SHA-256"), 1)
    equal(told(site), [])
    equal(site.log().count("its ids are SHA-256"), 1, "said once")
    os.unlink(refs)
    os.mkdir(os.path.join(git.bare, "reftable"))
    contains(one(site, "watched", "pushes")["found"], "reftable")
    os.rmdir(os.path.join(git.bare, "reftable"))
    equal(told(site), [])
    contains(site.log(), "can be read again")
    os.rename(git.bare, git.bare + ".gone")
    contains(one(site, "watched", "pushes")["found"], "is not there")
    site.set_config("repositories", root=os.path.join(site.dir, "nowhere"))
    equal(one(site, "root", "pushes")["verdict"], "failed")


if __name__ == "__main__":
    check_names()
    main()
