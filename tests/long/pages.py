"""Pages that a run died over: each file is the old one or the new one, and the next run makes them all new."""
import os
import shutil
import subprocess

from harness import METROPLEX


class Pages:
    """The pages of an installation, before and after what was changed since they were made."""

    def __init__(self, site):
        self.site, self.dir = site, os.path.join(site.dir, "pages")
        self.command = [METROPLEX, "pages", "--config", site.config, self.dir]
        for _ in range(3):
            site.thread("tim")
        self.must(self.command)
        self.before = self.files()
        self.change()
        aside = os.path.join(site.dir, "aside")
        self.must([*self.command[:-1], aside])
        self.after = {path: text for path, text in self.files(aside).items()}
        shutil.rmtree(aside)

    def must(self, command):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    def change(self):
        """A comment, a state, a thread, a repository that has its first, and one that has no pages any more."""
        site = self.site
        site.metroplex("thread", "comment", "1", "--as", "kate", "-", stdin="Have you tried the fuse?\n")
        site.metroplex("thread", "close", "2", "--as", "ann")
        site.thread("kate", title="Another")
        site.thread("kate", title="Elsewhere", repository="acme/booster")

    def files(self, directory=None):
        found, directory = {}, directory or self.dir
        for folder, folders, names in os.walk(directory):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in names:
                path = os.path.join(folder, name)
                if not name.startswith("."):
                    with open(path, "rb") as f:
                        found[os.path.relpath(path, directory)] = f.read()
        return found

    def torn(self):
        """Lines on files that are neither the old nor the new ones, before the next run."""
        found = self.files()
        return ([f"pages: {path} is torn" for path, text in found.items() if text not in (self.before.get(path), self.after.get(path))] +
                [f"pages: {path} is away" for path in self.before if path in self.after and path not in found])

    def other(self):
        """Lines on what differs from the new ones, when all is done."""
        found = self.files()
        left = os.listdir(os.path.join(self.dir, ".new"))
        return ([f"pages: {path} is not what it has to be" for path in sorted({*found, *self.after}) if found.get(path) != self.after.get(path)] +
                [f"pages: {name} is left in .new" for name in left])
