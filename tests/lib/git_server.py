"""Git servers for tests, on loopback ports of their own: git daemon, git http-backend behind a small
HTTP server that can ask for a password, and sshd."""
import base64
import contextlib
import http.server
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

from harness import check, wait_until

HOOK = "#!/bin/sh\n"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def is_open(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Repositories:
    """Bare repositories t.git and a.git in a directory of their own."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="metroplex-remote-")
        for name in ("t.git", "a.git"):
            subprocess.run(["git", "init", "-q", "--bare", "-b", "main", os.path.join(self.dir, name)], check=True)
            self.git("config", "http.receivepack", "true", repository=name)

    def path(self, name="t.git"):
        return os.path.join(self.dir, name)

    def git(self, *args, repository="t.git", cwd=None, status=0):
        where = ["-C", cwd] if cwd else ["--git-dir", self.path(repository)]
        done = subprocess.run(["git", "-c", "user.name=Admin", "-c", "user.email=admin@example.org", *where, *args],
                              text=True, capture_output=True, errors="replace")
        check(status is None or done.returncode == status, f"git {args}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def hook(self, name, text=None, repository="t.git"):
        """Installs a hook of shell lines, or removes it."""
        path = os.path.join(self.path(repository), "hooks", name)
        if text is None:
            os.unlink(path)
            return
        with open(path, "w") as f:
            f.write(HOOK + text)
        os.chmod(path, 0o755)

    def at_work(self, moved):
        """Processes whose working directory is one of the repositories, as hooks and git-receive-pack have it."""
        found = []
        for process in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):  # it has ended, or is another user's
                if os.readlink(f"/proc/{process}/cwd").startswith(moved + "/"):
                    found.append(process)
        return found

    def remove(self):
        """Waits for what still runs in here, which may outlive the client that started it, and removes all.

        Renamed first: a hook that waits for something asks whether the directory is still there.
        """
        moved = self.dir + ".gone"
        os.rename(self.dir, moved)
        try:
            wait_until(lambda: not self.at_work(moved))
        finally:
            shutil.rmtree(moved, ignore_errors=True)

    def hold(self, condition, pause=0.1):
        """Shell words for a hook: waits until the condition holds, or the repositories are given up."""
        return f"while test -d {self.dir} && ! {condition}; do sleep {pause}; done"

    def clone(self, where, repository="t.git"):
        """An administrator's working copy."""
        self.git("clone", "-q", self.path(repository), where, repository=repository)
        return where


class Daemon(Repositories):
    """git daemon, which anybody may push to; of others' repositories as well."""

    def __init__(self, others=None):
        if others is None:
            super().__init__()
        else:
            self.dir = others.dir
        self.port = free_port()
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["git", "daemon", "--listen=127.0.0.1", f"--port={self.port}", "--reuseaddr", f"--base-path={self.dir}",
             "--export-all", "--enable=receive-pack", self.dir],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        wait_until(lambda: is_open(self.port))

    def stop(self):
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait()
            self.process = None
            wait_until(lambda: not is_open(self.port))

    def url(self, name="t.git"):
        return f"git://127.0.0.1:{self.port}/{name}"


class Handler(http.server.BaseHTTPRequestHandler):
    """git http-backend as a CGI program (RFC 3875), no more of it than Git needs; a connection serves many requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.answer(b"")

    def do_POST(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(body)

    def answer(self, body):
        server = self.server
        expected = "Basic " + base64.b64encode(server.password.encode()).decode() if server.password else None
        if expected and self.headers.get("Authorization") != expected:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        env = {"PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": server.root, "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path,
               "QUERY_STRING": query, "REQUEST_METHOD": self.command, "CONTENT_TYPE": self.headers.get("Content-Type", ""),
               "CONTENT_LENGTH": str(len(body)), "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
               "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""), "REMOTE_USER": "metroplex"}
        done = subprocess.run(["git", "http-backend"], input=body, env=env, capture_output=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = [line.split(": ", 1) for line in head.decode().split("\r\n")]
        self.send_response(int(dict(fields).get("Status", "200 OK").split()[0]))
        for name, value in fields:
            if name != "Status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class Http(Repositories):
    def __init__(self, password=None):
        super().__init__()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.root, self.server.password = self.dir, password
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def url(self, name="t.git"):
        return f"http://127.0.0.1:{self.server.server_address[1]}/{name}"


SSHD = "/usr/sbin/sshd"


def is_locked_root():
    """Whom sshd refuses unless PAM decides."""
    return os.geteuid() == 0 and any(line.startswith("root:!") for line in open("/etc/shadow"))


class Ssh(Repositories):
    """sshd for the user who runs the test, with keys of its own; nobody's ~/.ssh is looked at."""

    def __init__(self):
        super().__init__()
        self.port = free_port()
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        for name in ("key", "host"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.path(name)], check=True)
        self.accept()
        self.write("known_hosts", f"[127.0.0.1]:{self.port} {self.public('host')}")
        self.write("sshd_config", f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.path('host')}\nAuthorizedKeysFile {self.path('accepted')}\n"
                   f"StrictModes no\nUsePAM {'yes' if is_locked_root() else 'no'}\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPidFile none\nPermitRootLogin prohibit-password\n"
                   f"SetEnv HOME={self.dir}\n")  # nor does a shell read anybody's profile
        self.write("ssh_config", f"IdentityFile {self.path('key')}\nIdentitiesOnly yes\nIdentityAgent none\n"
                   f"UserKnownHostsFile {self.path('known_hosts')}\nGlobalKnownHostsFile /dev/null\nBatchMode yes\n")
        self.made = os.geteuid() == 0 and not os.path.isdir("/run/sshd")  # without it root's sshd does not start
        if self.made:
            os.mkdir("/run/sshd", 0o755)
        self.process = subprocess.Popen([SSHD, "-D", "-e", "-f", self.path("sshd_config")], stderr=subprocess.DEVNULL, start_new_session=True)
        wait_until(lambda: is_open(self.port))

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)

    def public(self, name):
        with open(self.path(name + ".pub")) as f:
            return f.read()

    def accept(self, whether=True):
        self.write("accepted", self.public("key") if whether else "")

    def command(self):
        return "ssh -F " + self.path("ssh_config")

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()
        if self.made:
            os.rmdir("/run/sshd")

    def url(self, name="t.git"):
        return f"ssh://{self.user}@127.0.0.1:{self.port}{self.path(name)}"


class Path(Repositories):
    """No server at all: a directory that both hosts can reach."""

    def stop(self):
        pass

    def url(self, name="t.git"):
        return self.path(name)
