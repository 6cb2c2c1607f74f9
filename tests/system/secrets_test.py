#!/usr/bin/env python3
"""Canaries in the key file and as the SMTP password: they must appear nowhere else."""
import base64
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import HOST, LIB, METROPLEX, NOTIFIER, Site, check, contains, copy_programs, enter_namespace, equal, main, test, wait_until  # noqa: E402

KEY = "c4n4ryk3y" * 6
PASSWORD = "c4n4ry-p4ssw0rd"
USER = "postmaster@example.org"
SERVER = os.path.join(LIB, "smtp_server.py")


def forms():
    """The canaries, and how they look when a program is careless in another way."""
    for secret in (KEY, PASSWORD):
        yield secret
        yield secret.encode().hex()
        yield base64.b64encode(secret.encode()).decode().rstrip("=")
        yield secret[::-1]
    yield base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode().rstrip("=")
    yield KEY[:20]  # also in part


def clean(text, where):
    text = text.decode(errors="replace") if isinstance(text, bytes) else text
    for form in forms():
        check(form.lower() not in text.lower(), f"a canary is in {where}: {form}")


def write_secret(path, text, mode=0o600):
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)


def with_canaries(site):
    site.keys = os.path.join(site.dir, "etc/address-keys")
    site.password = os.path.join(site.dir, "etc/smtp-password")
    write_secret(site.keys, KEY + "\n")
    write_secret(site.password, PASSWORD + "\n")
    site.set_config("smtp", transport="smtp", address="localhost", tls="none", authentication="login", username=USER,
                    password_file=site.password)


class Server:
    def __init__(self, site, *rules, password=PASSWORD):
        self.dir = os.path.join(site.dir, f"server{len(rules)}{password[:3]}")
        os.mkdir(self.dir)
        arguments = [a for rule in rules for a in ("--rule", rule)]
        self.process = subprocess.Popen([sys.executable, SERVER, "--dir", self.dir, "--auth", "LOGIN PLAIN", "--user", USER,
                                         "--password", password, *arguments], stdout=subprocess.PIPE, text=True)
        site.set_config("smtp", port=self.process.stdout.readline().strip())

    def stop(self):
        self.process.kill()
        self.process.wait()


def everything_written(site):
    """Every file of the installation but the two, with the contents of its repositories."""
    for directory, _, names in os.walk(site.dir):
        if "/server" in directory:
            continue
        for name in names:
            path = os.path.join(directory, name)
            if path not in (site.keys, site.password):
                with open(path, "rb") as f:
                    yield path, f.read()
    for repository in ("tracker.git", "accounts.git"):
        names = site.git("rev-list", "--all", "--objects", repository=repository).split("\n")
        text = "".join(site.git("cat-file", "-p", n.split()[0], repository=repository) for n in names if n)
        yield repository, text


def process_tree(pid):
    yield pid
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            for child in f.read().split():
                yield from process_tree(int(child))
    except OSError:
        return


@test
def no_canary_is_in_what_a_day_leaves_behind(site):
    with_canaries(site)
    site.user("tim")
    site.user("kate")
    thread = site.thread("tim", body="Does it start? @kate\n")
    address = site.address(thread, "kate")
    mac = re.search("[0-9a-f]{40}", address).group(0)
    said = []
    run = subprocess.Popen([METROPLEX, "--config", site.config, "--for", "60"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    seen = 0
    try:
        wait_until(lambda: os.path.exists(os.path.join(site.data, "run.lock")))
        site.deliver(site.mail("kate@example.org", address, f"My key is not {mac}, is it?\n"))
        site.deliver(site.mail("kate@example.org", address.replace(mac, mac[::-1])))
        site.deliver(b"")
        wait_until(lambda: len(site.outcomes()) == 3)
        for pid in process_tree(run.pid):
            for what in ("cmdline", "environ"):
                try:
                    with open(f"/proc/{pid}/{what}", "rb") as f:
                        clean(f.read(), f"/proc of {pid}: {what}")
                except PermissionError:  # closed to its own user, and there is no namespace whose root may look
                    check(os.getuid() != 0, f"/proc of {pid} is closed to root")
            seen += 1
    finally:
        run.send_signal(signal.SIGTERM)
        said.append(run.communicate(timeout=20)[0].decode(errors="replace"))
    equal(seen, 2, "metroplex and its worker were looked at")
    for rules, password in (((), PASSWORD), (("AUTH 535 5.7.8 wrong",), PASSWORD), ((), "another"),
                            ((f"AUTH 535 5.7.8 {PASSWORD} is wrong", f"MAIL 550 {PASSWORD}"), PASSWORD),
                            (("AUTH 500 x", "MAIL 550 x", "RCPT 550 x"), PASSWORD)):
        server = Server(site, *rules, password=password)
        try:
            site.thread("tim", title="Another", body="Look! @kate\n")
            done = site.run(NOTIFIER, "--once", status=None)
            said += [done.stdout, done.stderr]
        finally:
            server.stop()
    for command in (["explain", *[os.path.join(site.data, "incoming-mail/failure", n) for n in site.failure]],
                    ["user", "list", "--json"], ["thread", "show", str(thread), "--json"], ["address", "--verify", address]):
        done = site.run(METROPLEX, *command, status=None)
        said += [done.stdout, done.stderr]
    for n, text in enumerate(said):
        clean(text, f"output {n}")
    files = 0
    for path, octets in everything_written(site):
        clean(octets, path)
        files += 1
    print(f"# {files} files and repositories, {len(said)} outputs")
    check(files > 20, "files were looked at")
    contains(site.log("notifier.log"), "535")


@test
def no_canary_is_in_an_error(site):
    with_canaries(site)
    site.user("tim")
    config = open(site.config).read()
    misuses = {
        "others can read the keys": lambda: os.chmod(site.keys, 0o644),
        "a short key": lambda: write_secret(site.keys, KEY[:25] + "\n"),
        "an odd key": lambda: write_secret(site.keys, KEY + " \x01\n" + KEY[:20] + "\n"),
        "the key instead of its file": lambda: site.set_config("address", keys=KEY),
        "the password instead of its file": lambda: site.set_config("smtp", password_file=PASSWORD),
        "an unknown key": lambda: site.set_config("smtp", password=PASSWORD),
        "a line without a key": lambda: open(site.config, "a").write(f"\n{PASSWORD}\n"),
        "a group": lambda: open(site.config, "a").write(f"\n[smtp\n{PASSWORD}\n"),
        "no UTF-8": lambda: open(site.config, "ab").write(f"\n[smtp]\npassword-file = {PASSWORD}".encode() + b"\xff\n"),
        "others can read the password": lambda: os.chmod(site.password, 0o644),
        "a password of two lines": lambda: write_secret(site.password, PASSWORD + "\n" + PASSWORD + "\n"),
    }
    server = Server(site)
    config = open(site.config).read()
    try:
        for name, misuse in misuses.items():
            write_secret(site.keys, KEY + "\n")
            write_secret(site.password, PASSWORD + "\n")
            write_secret(site.config, config)
            misuse()
            for program in (METROPLEX, NOTIFIER):
                done = site.run(program, "--once", status=None)
                clean(done.stdout + done.stderr, f"{name}: {program}")
                clean(site.log() + site.log("notifier.log"), f"{name}: log")
            check("password" in name or done.returncode == 78, f"{name}: status {done.returncode}")
    finally:
        server.stop()


def b64(text):
    return base64.b64encode(text.encode()).decode()


class Canaries:
    """Secrets and addresses, each with a name, strewn over an installation that has been used for a while."""

    def __init__(self, site):
        self.site, self.secrets, self.addresses = site, {}, {}
        for name in ("plain", "login", "cram", "oauth", "remote", "accounts remote", "log password", "token", "bearer", "json", "query", "passphrase",
                     "postfix", "mail password"):
            self.secrets[name] = "c4n4ry" + name.replace(" ", "").encode().hex()[:20] + "x9"
        self.secrets |= {"password": PASSWORD, "key": KEY, "github": "ghp_c4n4ry0123456789abcdefghij", "aws": "AKIAC4N4RY0123456789", "oauth token": "ya29.c4n4ry-0123456789abcdef",
                         "pem": "MIIc4n4ryPEM0123456789abcdefghijklmnop", "old key": "f4d3" * 16}
        for name in ("from", "refused", "queue", "mail", "conversation", "note"):
            self.addresses[name] = f"c4n4ry-{name}@people.example"

    def strew(self):
        site, secret = self.site, self.secrets
        with_canaries(site)
        site.set_config("smtp", port="1")
        site.user("tim"), site.user("kate", self.addresses["queue"]), site.user("eve")
        thread = site.thread("tim", title="Rocket", body="Does it start? @kate\n")
        token = site.address(thread, "kate")
        self.secrets["mac"] = mac = re.search("[0-9a-f]{40}", token).group(0)
        qp = token.replace("-", "=2D").replace("+", "=2B")
        body = (f"My password: {secret['mail password']}\nWrite to {token} or {self.addresses['mail']}\n{qp[:60]}=\n{qp[60:]}\n"
                f"-----BEGIN PRIVATE KEY-----\n{secret['pem']}\n-----END PRIVATE KEY-----\n")
        self.name = site.deliver(site.mail(self.addresses["refused"], token, body, message_id="<refused@mail.example.org>"))
        octets = site.mail(self.addresses["refused"], token, message_id="<base64@mail.example.org>").split(b"\n\n")[0]
        site.deliver(octets.replace(b"7bit", b"base64") + b"\n\n" + base64.encodebytes(f"{body}{secret['token']} token={secret['token']}\n".replace(secret["token"] + " ", "").encode()))
        site.run(METROPLEX, "--once"), site.run(NOTIFIER, "--once", status=None)
        self.token = token
        for log, lines in (("metroplex.log", [f"policy refused {token}", f"it is {mac}", f"env password={secret['log password']}", f"on-comment said Authorization: Bearer {secret['bearer']}",
                                              f'{{"client_secret": "{secret["json"]}"}}', f"GET /?a=1&access_token={secret['query']}&b", f"token: {secret['token']}", secret["github"], secret["aws"]]),
                           ("notifier.log", [f"passphrase = {secret['passphrase']}", f"key {secret['old key']}", f"sent <x@y> to {self.addresses['note']}: x",
                                             f"fetch https://tim:{secret['remote']}@git.example/x.git", f"push ssh://u:{secret['accounts remote']}@git.example/x.git", f"1 -> {b64(PASSWORD)}"])):
            with open(os.path.join(site.data, "log", log), "a") as f:
                f.writelines(time.strftime("[%Y-%m-%dT%H:%M:%S.000 WARN (1) #] ") + line + "\n" for line in lines)
        folder = os.path.join(site.data, "outbox/conversations")
        os.makedirs(folder, exist_ok=True)
        user = self.addresses["conversation"]
        conversations = {
            "plain": [f"AUTH PLAIN {b64(chr(0) + user + chr(0) + secret['plain'])}", "235 ok"], "login": ["AUTH LOGIN", "334 VXNlcm5hbWU6", b64(user), "334 UGFzc3dvcmQ6", b64(secret["login"])],
            "cram": ["AUTH CRAM-MD5", f"334 {b64('<1.2@x>')}", b64(f"{user} {secret['cram'].encode().hex()[:32]:0<32}")],
            "oauth": [f"AUTH XOAUTH2 {b64(f'user={user}' + chr(1) + 'auth=Bearer ' + secret['oauth token'] + chr(1) * 2)}", f"334 {b64(secret['oauth'] + ' said')}"],
            "quoted": [f'-> "AUTH PLAIN {b64(chr(0) + user + chr(0) + secret["plain"])}\\r\\n"', f'-> "MAIL FROM:<{token}>\\r\\n"', f'-> "RCPT TO:<{user}>\\r\\n"']}
        for name, lines in conversations.items():
            with open(os.path.join(folder, f"smtp.example.org_587.{name}"), "w") as f:
                f.write("\n".join(lines) + "\n")
        self.postfix()

    def postfix(self):
        directory = os.path.join(self.site.dir, "postfix")
        os.mkdir(directory)
        with open(os.path.join(directory, "main.cf"), "w") as f:
            f.write(f"maillog_file = {directory}/mail.log\nmaillog_file_prefixes = {directory}\nsmtp_sasl_password_maps = static:tim:{self.secrets['postfix']}\n")
        os.utime(os.path.join(directory, "main.cf"), (0, 0))
        stamp = time.strftime("%b %e %H:%M:%S mx postfix")
        with open(os.path.join(directory, "mail.log"), "w") as f:
            f.write(f"{stamp}/smtpd[7]: AAAAA1: client=x[192.0.2.1], sasl_method=PLAIN, sasl_username={self.addresses['from']}\n"
                    f"{stamp}/cleanup[7]: AAAAA1: message-id=<refused@mail.example.org>\n{stamp}/qmgr[7]: AAAAA1: from=<{self.addresses['from']}>, size=1\n"
                    f"{stamp}/virtual[7]: AAAAA1: to=<{self.token}>, orig_to=<{self.token.upper()}>, status=sent (delivered to maildir)\n{stamp}/qmgr[7]: AAAAA1: removed\n"
                    f"{stamp}/smtpd[7]: NOQUEUE: reject: RCPT from x[192.0.2.1]: 550 5.1.1 <{self.token}>: no; from=<{self.addresses['from']}> to=<{self.token}> proto=SMTP\n")
        os.environ["MAIL_CONFIG"] = directory

    def look_for(self, octets, where, unmasked=False):
        text = octets.decode(errors="replace") if isinstance(octets, bytes) else octets
        decoded = "".join(base64.b64decode(run + "=" * (-len(run) % 4)).decode(errors="replace") for run in re.findall("[A-Za-z0-9+/]{16,}", text) if len(run) % 4 != 1)
        unbroken = text.replace("=\n", "").replace("=2D", "-")
        for name, canary in {**self.secrets, **({} if unmasked else self.addresses)}.items():
            for form in (canary, b64(canary)[:-4], canary.encode().hex()):
                check(form.lower() not in text.lower() and form.lower() not in unbroken.lower() and canary.lower() not in decoded.lower(), f"the canary \"{name}\" is in {where}")


def members_of(path):
    with tarfile.open(path, "r:gz") as archive:
        return {m.name.split("/", 1)[1]: archive.extractfile(m).read() for m in archive}


@test
def no_canary_is_in_what_is_told_of_an_installation(site):
    """By bundle, diagnostics, status, trace, check and settings, with every option; addresses only where it says so."""
    canaries = Canaries(site)
    canaries.strew()
    check(len(canaries.secrets) + len(canaries.addresses) >= 20, "twenty")
    asked = (["<refused@mail.example.org>"], ["1/0"], [canaries.name], [canaries.token],
             [os.path.join(site.data, "incoming-mail/failure", canaries.name)])
    told = [["trace", *json_, *unmasked, *what] for what in asked for json_ in ([], ["--json"]) for unmasked in ([], ["--unmasked"])]
    told += [["diagnostics", "--offline"], ["diagnostics", "--offline", "--unmasked"], ["bundle", "--list"], ["bundle", "--list", "--include-mail", "--unmasked"], ["status"],
             ["status", "--json"], ["status", "--prometheus"], ["status", "--html", "-"], ["check", "--dns", "127.0.0.1:1"], ["check", "--json", "--dns", "127.0.0.1:1"], ["settings"], ["settings", "--json"]]
    for words in told:
        done = site.run(METROPLEX, *words, status=None)
        check(done.stdout, f"{words}: {done.stderr}")
        canaries.look_for(done.stdout + done.stderr, words, "--unmasked" in words)
    for options in ([], ["--include-mail"], ["--unmasked"], ["--unmasked", "--include-mail", "--days", "3650"]):
        path = os.path.join(site.dir, "bundle.tgz")
        done = site.run(METROPLEX, "bundle", "--offline", "--force", *options, path)
        canaries.look_for(done.stdout + done.stderr, options)
        found = members_of(path)
        check(len(found) >= 18, found.keys())
        for name, octets in found.items():
            canaries.look_for(octets, f"{name} with {options}", "--unmasked" in options)
        shown = any(address.encode() in b"".join(found.values()) for address in canaries.addresses.values())
        equal(shown, "--unmasked" in options, options)


@test
def no_canary_is_in_what_one_thing_is_asked_of(site):
    """Each setting by itself, a probe of port 25, an event, and what failure says of a mail beside the mail itself."""
    canaries = Canaries(site)
    canaries.strew()
    secret = canaries.secrets
    canaries.addresses = {}  # each of these commands shows people's addresses: that is what it is for
    config = open(site.config).read()
    site.set_config("tracker", remote=f"https://tim:{secret['remote']}@127.0.0.1:1/x.git",
                    accounts_remote=f"ssh://git:{secret['accounts remote']}@127.0.0.1:1/y.git")  # refused, for the passwords
    with open(site.config, "a") as f:
        f.write(f"\n[mine]\nsecret = {secret['log password']}\n")
    listed = [json.loads(line) for line in site.run(METROPLEX, "settings", "--json", status=None).stdout.splitlines()]
    keys = [setting["key"] for setting in listed]
    check(len(keys) > 70 and "smtp.password" in keys, keys)
    told = [["settings", "get", *json_, key] for key in [*keys, "mine.secret", PASSWORD] for json_ in ([], ["--json"])]
    told += [["settings"], ["settings", "--json"], ["diagnostics", "--offline"], ["check", "config", "files"]]
    for words in told:
        done = site.run(METROPLEX, *words, status=None)
        canaries.look_for(done.stdout + done.stderr.replace(PASSWORD, "", words[-1] == PASSWORD), words)
    write_secret(site.config, config)
    for via in (f"http://tim:{secret['remote']}@127.0.0.1:1/{{host}}?access_token={secret['query']}", f"http://[{secret['query']}/",
                f"nonsense://x/?password={secret['query']}", f"http://{secret['query']}@x.invalid/"):
        for json_ in ([], ["--json"]):
            words = ["check", *json_, "--dns", "127.0.0.1:1", "--via", via, "postfix"]
            done = site.run(METROPLEX, *words, status=None)
            check("elsewhere" in done.stdout or done.returncode == 64, done)
            canaries.look_for(done.stdout + done.stderr, words)
    server = Server(site, f"RCPT 450 4.3.2 {PASSWORD} {b64(PASSWORD)} is not welcome")
    try:
        site.run(NOTIFIER, "--once", status=None)
    finally:
        server.stop()
    events = [json.loads(line)["event"] for line in site.run(NOTIFIER, "queue", "list", "--json").stdout.splitlines()]
    check(events, "an event that waits")
    for words in ([command, *json_, *event] for json_ in ([], ["--json"])
                  for command, event in [("list", []), *(("show", [event]) for event in events), ("show", [PASSWORD])]):
        done = site.run(NOTIFIER, "queue", *words, status=None)
        canaries.look_for(done.stdout + done.stderr.replace(PASSWORD, "", words[-1] == PASSWORD), words)
    failures = os.listdir(os.path.join(site.data, "incoming-mail/failure"))
    check(len(failures) >= 2, failures)
    for words in (["show", *json_, name] for name in failures for json_ in ([], ["--json"])):
        done = site.run(METROPLEX, "failure", *words)
        if "--json" in words:
            told = json.loads(done.stdout)
            check(told.pop("text"), "the mail itself")
            canaries.look_for(json.dumps(told), words)
        else:
            canaries.look_for("".join(line for line in done.stdout.splitlines(True) if line[0] != "|"), words)
        canaries.look_for(done.stderr, words)


@test
def no_core_file_is_left(unused):
    if "SANITIZED" in os.environ:
        return print("# no_core_file_is_left: a build with sanitizers can be read, for the leak check")
    user = {"user": "nobody"} if os.getuid() == 0 else {}
    site = Site(*user.values())
    with_canaries(site)
    site.user("tim")
    if user:
        for path in (site.keys, site.password):
            shutil.chown(path, "nobody")
    directory = os.path.join(site.dir, "cores")
    os.mkdir(directory)
    os.chmod(directory, 0o777)
    # Where another user can run them: the checkout may lie in somebody's home.
    metroplex, notifier = copy_programs(site.dir)
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    cases = {
        "metroplex": [metroplex, "--config", site.config, "--for", "60"],
        "policy": [metroplex, "policy", "--config", site.config],
        "notifier": [notifier, "--config", site.config, "--for", "60"],
        "an ordinary program": ["sleep", "60"],
    }
    for name, command in cases.items():
        process = subprocess.Popen(command, cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, **user)
        is_ours = name != "an ordinary program"  # which shows that the test can fail
        if is_ours:
            wait_until(lambda: is_closed(process.pid), 10)
        else:
            check(not is_closed(process.pid), name)
        process.send_signal(signal.SIGSEGV)
        _, status = os.waitpid(process.pid, 0)
        process.returncode = status
        check(os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGSEGV, name)
        if is_ours:
            check(not os.WCOREDUMP(status), f"{name} left a core")
            equal(os.listdir(directory), [], name)
    site.remove()


def is_closed(pid):
    """No core may be written, and the kernel has given its /proc files to root: it is not dumpable."""
    with open(f"/proc/{pid}/limits") as f:
        limits = re.search(r"Max core file size +(\S+) +(\S+)", f.read()).groups()
    return limits == ("0", "0") and os.stat(f"/proc/{pid}/environ").st_uid == 0


if __name__ == "__main__":
    enter_namespace()
    main()
