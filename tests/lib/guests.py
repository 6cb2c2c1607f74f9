"""Guests as accounts.git has them, put there by hand: tests of what they may need no mail that makes one."""
import hashlib
import os
import shutil
import subprocess

from harness import path_of_id

GIT = ["git", "-c", "user.name=Admin", "-c", "user.email=admin@example.org", "-c", "safe.directory=*"]


def write(clone, path, text):
    path = os.path.join(clone, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)


def plant(clone, number, address, name="Eve (guest)", is_indexed=True, **changes):
    """The files of guest-NUMBER, whose address is in its folded form."""
    facts = {"login": f"guest-{number}", "name": name, "emails": f"{address};", "epoch": "123456", "revoked": "", "state": "guest", **changes}
    write(clone, f"users/{path_of_id(number)}", "[user]\n" + "".join(f"{key}={value}\n" for key, value in facts.items() if key != "revoked" or value))
    write(clone, f"logins/{facts['login']}", f"{number}\n")
    if is_indexed:
        digest = hashlib.sha256(address.encode()).hexdigest()
        write(clone, f"addresses/{digest[:2]}/{digest[2:32]}", f"{number}\n")


def make(site, *those, **changes):
    """Makes guests of (number, address), the next accounts; the login of the first."""
    clone = os.path.join(site.dir, "clone-of-accounts")

    def git(*args):
        subprocess.run([*GIT, *args], check=True, capture_output=True)

    shutil.rmtree(clone, ignore_errors=True)
    git("clone", "-q", os.path.join(site.data, "accounts.git"), clone)
    for number, address in those:
        plant(clone, number, address, **changes)
    git("-C", clone, "add", "-A")
    git("-C", clone, "commit", "-q", "-m", "A guest")
    git("-C", clone, "push", "-q")
    return f"guest-{those[0][0]}"
