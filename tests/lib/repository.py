"""A watched Git repository, and a clone of it from which it is pushed to. The same story makes the same commits."""
import os
import subprocess


def damage(bare, id):
    """The file of an object holds none any more; returns what puts it back."""
    path = os.path.join(bare, "objects", id[:2], id[2:])
    os.chmod(path, 0o600)
    with open(path, "rb") as f:
        whole = f.read()

    def put(octets):
        with open(path, "wb") as f:
            f.write(octets)
    put(b"damaged")
    return lambda: put(whole)


class Repository:
    """A bare repository below [repositories] root, pushed to from a clone beside it."""

    def __init__(self, site, name="acme/rocket", branch="main"):
        self.root = os.path.join(site.dir, "git")
        self.path = os.path.join(self.root, name + ".git")
        self.work = os.path.join(site.dir, "work-" + name.replace("/", "-"))
        self.seconds = 1790000000
        subprocess.run(["git", "init", "-q", "--bare", "-b", branch, self.path], check=True)
        subprocess.run(["git", "init", "-q", "-b", branch, self.work], check=True)
        self.git("remote", "add", "origin", self.path)
        site.set_config("repositories", root=self.root)

    def git(self, *args, env=None):
        self.seconds += 60
        date = f"{self.seconds} +0000"
        people = {"GIT_AUTHOR_NAME": "Ada Wright", "GIT_AUTHOR_EMAIL": "ada@example.org", "GIT_COMMITTER_NAME": "Ada Wright",
                  "GIT_COMMITTER_EMAIL": "ada@example.org", "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date, "GIT_CONFIG_GLOBAL": "/dev/null"}
        return subprocess.run(["git", *args], cwd=self.work, env={**os.environ, **people, **(env or {})}, check=True, capture_output=True).stdout.decode().strip()

    def commit(self, message, path="fuse.c", text=None, push=None):
        path = os.path.join(self.work, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "a" if text is None else "w") as f:
            f.write(message + "\n" if text is None else text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        if push:
            self.push(push)
        return self.git("rev-parse", "HEAD")

    def push(self, *refs):
        self.git("push", "-q", "-f", "origin", *refs)
