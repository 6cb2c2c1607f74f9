"""Watched repositories for faults.py and states.py: what was pushed to them, and must be told once."""
import os
import shutil
import subprocess

from repository import Repository


def watch(site, *options):
    """acme/rocket, which kate watches, with a branch to be deleted and one to be rewound."""
    repository = Repository(site)
    repository.commit("Begin")
    repository.commit("Middle", push="main")
    repository.push("main:refs/heads/gone", "main:refs/heads/old")
    site.metroplex("repository", "set", "acme/rocket", "--watch", "kate", "--push-mail", "commits", *options)
    return repository


def look(site):
    """Nothing that is there by now is told any more."""
    subprocess.run(site.once(), check=True)
    site.count_commits()
    for name in site.listed("outbox/new"):
        os.remove(os.path.join(site.data, "outbox/new", name))
    site.given.told_before = site.given.told_before | site.keys()


def expected(site, repository):
    """All has been pushed: what it must come to. The clone is not looked at any more."""
    shutil.rmtree(repository.work)
    shutil.rmtree(os.path.join(repository.path, "hooks"))
    site.expect_of_git()
    return site.once()


def push(repository):
    """Commits of which one closes, a branch more, one less, one rewound, a tag."""
    repository.commit("Turn the key")
    repository.commit("Mend the fuse\n\nFixes #1", push="main")
    repository.push("main~1:refs/heads/new", "main~2:refs/heads/old", ":gone")
    repository.git("tag", "-a", "-m", "Version one", "v1")
    repository.push("v1")


def pushes(site):
    repository = watch(site)
    look(site)
    push(repository)
    site.give_good(site.threads[0], "Beside it.")
    return expected(site, repository)


def first_look(site):
    """Where nobody has looked yet, nothing is told."""
    repository = watch(site)
    site.count_commits()
    site.give_good(site.threads[0], "Beside it.")
    return expected(site, repository)


def many(site):
    """The first are told, and the number of the rest."""
    repository = watch(site)
    look(site)
    with open(os.path.join(repository.path, "packed-refs"), "w") as f:
        f.writelines(f"{repository.git('rev-parse', 'main')} refs/heads/b{i:02}\n" for i in range(60))
    return expected(site, repository)


def rung(site):
    """A doorbell that names who pushed: the account that is told nothing of it, and the author of what is told."""
    spool = os.path.join(site.dir, "pushes")
    os.mkdir(spool)
    site.set_config("repositories", pushes=spool)
    repository = watch(site)
    look(site)
    push(repository)
    lines = [repository.git("for-each-ref", f"--format={'0' * 40} %(objectname) %(refname)"), f"{'1' * 40} {'0' * 40} refs/heads/gone"]
    with open(os.path.join(spool, f"acme,rocket,{os.getuid()}"), "w") as f:
        f.write("pusher kate\n" + "\n".join(lines) + "\n")
    return expected(site, repository)


def pulls(site):
    """Pull requests whose head was pushed, is merged, is gone; a commit that closes."""
    repository = watch(site)
    for name in ("pushed", "merged", "deleted"):
        repository.git("checkout", "-q", "-b", name, "main")
        repository.commit(name.capitalize(), path=name, push=name)
        site.metroplex("thread", "open", "--repository", "acme/rocket", "--kind", "pull", "--title", name, "--as", "tim",
                       "--base", "main", "--head", name, "-", stdin=f"To be {name}.\n")
    look(site)
    repository.git("checkout", "-q", "pushed")
    repository.commit("Once more", path="pushed", push="pushed")
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "--no-ff", "-m", "Merge\n\nFixes #1, and is about #2.", "merged")
    repository.push("main", ":deleted")
    return expected(site, repository)


def shared(site):
    """The tracker and the accounts are a server's as well."""
    for name in ("t.git", "a.git"):
        subprocess.run(["git", "init", "-q", "--bare", "--template=", "-b", "main", os.path.join(site.dir, "remote", name)], check=True)
    site.set_config("instance", host_id="one")
    site.set_config("tracker", remote=os.path.join(site.dir, "remote/t.git"), accounts_remote=os.path.join(site.dir, "remote/a.git"))
    site.metroplex("init")


def shared_pushes(site):
    shared(site)
    return pushes(site)


SCENARIOS = {
    "watch, first look": first_look,
    "watch, pushes": pushes,
    "watch, many": many,
    "watch, rung": rung,
    "watch, pulls": pulls,
    "watch, shared": shared_pushes,
}
