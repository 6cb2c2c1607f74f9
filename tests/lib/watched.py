"""A Git repository that a site watches, a clone to push to it from, and what the site tells of it."""
import os
import shutil
import subprocess

from harness import check

ENV = dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME="Ann Dev", GIT_AUTHOR_EMAIL="ann@example.org",
           GIT_COMMITTER_NAME="Ann Dev", GIT_COMMITTER_EMAIL="ann@example.org", GIT_AUTHOR_DATE="1700000000 +0000")


class Git:
    """acme/rocket.git below the root of a site, and a clone of it to push from."""

    def __init__(self, site, name="acme/rocket"):
        self.site, self.name = site, name
        self.root = os.path.join(site.dir, "git")
        self.bare = os.path.join(self.root, name + ".git")
        self.work = os.path.join(site.dir, "work-" + name.replace("/", "-"))
        self.clock = 1700000000
        os.makedirs(os.path.dirname(self.bare), exist_ok=True)
        site.set_config("repositories", root=self.root)
        self("init", "-q", "--bare", "-b", "main", self.bare, cwd="/")
        self("init", "-q", "-b", "main", self.work, cwd="/")
        self("remote", "add", "origin", self.bare)

    def __call__(self, *args, cwd=None, stdin=None):
        self.clock += 10
        env = dict(ENV, GIT_COMMITTER_DATE=f"{self.clock} +0000")
        done = subprocess.run(["git", *args], cwd=cwd or self.work, env=env, capture_output=True, input=stdin)
        check(done.returncode == 0, f"git {args}: {done.stderr}")
        return done.stdout.decode(errors="replace").strip()

    def write(self, name, text):
        with open(os.path.join(self.work, name), "w") as f:
            f.write(text)

    def commit(self, subject, name="a", text=None):
        self.write(name, text if text is not None else subject + "\n")
        self("add", "-A", ".")
        self("commit", "-q", "--allow-empty", "-m", subject)
        return self("rev-parse", "HEAD")

    def push(self, *args):
        self("push", "-q", "-f", "origin", *(args or ("HEAD",)))


def watched(site, *options, name="acme/rocket"):
    """A repository that kate watches, looked at for the first time."""
    site.user("kate")
    git = Git(site, name)
    site.metroplex("repository", "set", name, "--watch", "kate", *options)
    site.metroplex("--once")
    return git


def told(site):
    """The mails since the last time: subject, first line of the text."""
    site.metroplex("--once")
    site.notifier("--once")
    mails = site.sent()
    shutil.rmtree(os.path.join(site.data, "sent/new"))
    os.mkdir(os.path.join(site.data, "sent/new"))
    site.mails = mails
    return sorted((m["Subject"], text_of(m).split("\n")[0]) for m in mails)


def text_of(mail):
    return mail.get_body(("plain",)).get_content()


def short(commit):
    return commit[:12]


def fsck(site):
    return site.metroplex("fsck").strip().split(": ")[-1][:8]
