"""A Postfix of a test's own, which delivers into a site; see postfix.sh."""
import glob
import os
import pwd
import smtplib
import socket
import subprocess

from harness import HOST, LIB, METROPLEX, Site, check, equal, test

SCRIPT = os.path.join(LIB, "postfix.sh")
OWNER = "nobody"  # virtual(8) delivers for ids from 100 on


class Postfix:
    def __init__(self, site):
        self.dir = os.path.join(site.dir, "postfix")
        out = subprocess.run([SCRIPT, "start", self.dir, HOST, site.data, OWNER], capture_output=True, text=True, timeout=60)
        check(out.returncode == 0, out.stderr)
        self.port = int(out.stdout)

    def send(self, octets, sender, *recipients):
        with smtplib.SMTP("127.0.0.1", self.port, timeout=30) as server:
            return server.sendmail(sender, recipients, octets)

    def stop(self):
        subprocess.run([SCRIPT, "stop", self.dir], timeout=60)

    def log(self):
        with open(os.path.join(self.dir, "log/mail.log"), errors="replace") as f:
            return f.read()


def can_run():
    return os.getuid() == 0 and os.path.exists("/usr/sbin/postfix")


def with_postfix(function):
    """A test with an installation that belongs to OWNER, and a Postfix that delivers into it."""

    def run(unused):
        site = Site(OWNER)
        postfix = None
        try:
            postfix = Postfix(site)
            site.user("tim")
            site.user("kate")
            function(site, postfix)
        finally:
            if postfix:
                postfix.stop()
            if not os.environ.get("KEEP"):
                site.remove()

    run.__name__ = function.__name__
    return test(run)


MAIN = """compatibility_level = 3.6
import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME LD_PRELOAD AHEAD
queue_directory = {dir}/queue
data_directory = {dir}/lib
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file_prefixes = {dir}/log
maillog_file = {dir}/log/mail.log

# An Internet site, as Debian makes it.
smtpd_banner = $myhostname ESMTP $mail_name (Debian/GNU)
biff = no
smtpd_tls_cert_file=/etc/ssl/certs/ssl-cert-snakeoil.pem
smtpd_tls_key_file=/etc/ssl/private/ssl-cert-snakeoil.key
smtpd_tls_security_level=may
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
myhostname = {host}
alias_maps = inline:{{{{root={person}}}}}
alias_database =
mydestination = $myhostname, localhost
mynetworks = 127.0.0.0/8
recipient_delimiter = +
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mail_spool_directory = {dir}/spool/
default_transport = error:5.7.1 this instance sends no mail

# What it did before there was Metroplex.
virtual_mailbox_domains = other.example
virtual_mailbox_base = {dir}
virtual_mailbox_maps = inline:{{{{kim@other.example = other/}}}}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_alias_domains = third.example
virtual_alias_maps = inline:{{{{lee@third.example = kim@other.example}}}}
service_throttle_time = 1s
in_flow_delay = 0s
"""

with open(os.path.join(LIB, "postfix.services")) as services:
    MASTER = "127.0.0.1:{port} inet n - n - - smtpd\nlocal unix - n n - - local\n" + services.read()


class Machine(Postfix):
    """A Postfix as an administrator has it, which serves others: what `metroplex configure` meets."""

    def __init__(self, site, main="", drop=(), host=HOST):
        self.dir = os.path.join(site.dir, "postfix")
        self.etc = os.path.join(self.dir, "etc")
        self.port = free_port()
        owner = pwd.getpwnam(OWNER)
        for name in ("etc", "lib", "log", "queue", "spool", "other"):
            os.makedirs(os.path.join(self.dir, name))
        os.chown(os.path.join(self.dir, "lib"), pwd.getpwnam("postfix").pw_uid, -1)
        for name in ("spool", "other"):
            os.chown(os.path.join(self.dir, name), owner.pw_uid, owner.pw_gid)
        text = MAIN.format(dir=self.dir, host=host, person=OWNER, uid=owner.pw_uid, gid=owner.pw_gid)
        text = "".join(line + "\n" for line in text.split("\n")[:-1] if line.split("=")[0].strip() not in drop)
        self.write("main.cf", text + main)
        self.write("master.cf", MASTER.format(port=self.port))
        self.env = dict(os.environ, MAIL_CONFIG=self.etc)

    def write(self, name, text):
        path = os.path.join(self.etc, name)
        with open(path, "w") as f:
            f.write(text)
        os.utime(path, (1e9, 1e9))  # Postfix's tools wait for a file that is young

    def read(self, name):
        with open(os.path.join(self.etc, name)) as f:
            return f.read()

    def files(self):
        """Every file of its configuration, with content, owner and mode."""
        found = {}
        for folder, _, names in os.walk(self.etc):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as f:
                    st = os.stat(path)
                    found[os.path.relpath(path, self.etc)] = (f.read(), st.st_uid, st.st_gid, st.st_mode)
        return found

    def postfix(self, *words):
        """Never the system's: its queue is below our directory."""
        queue = subprocess.run(["/usr/sbin/postconf", "-c", self.etc, "-h", "queue_directory"], capture_output=True, text=True, timeout=60)
        equal(queue.stdout.strip(), os.path.join(self.dir, "queue"), queue.stderr)
        done = subprocess.run(["/usr/sbin/postfix", "-c", self.etc, *words], capture_output=True, text=True, timeout=60)
        return done.returncode

    def start(self):
        equal(self.postfix("start"), 0, "postfix start")
        return self

    def stop(self):
        if os.path.exists(os.path.join(self.dir, "queue/pid/master.pid")):
            self.postfix("stop")

    def configure(self, site, *args, status=0):
        done = subprocess.run([METROPLEX, "configure", "--config", site.config, "--no-check", *args], capture_output=True, text=True, timeout=120, env=self.env)
        equal(done.returncode, status, f"configure {args}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def value(self, name):
        return subprocess.run(["/usr/sbin/postconf", "-c", self.etc, "-h", name], capture_output=True, text=True, timeout=60).stdout.strip()

    def reply(self, recipient, sender="kate@example.org"):
        """The code with which a recipient is answered."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=30) as server:
            server.ehlo("client.example")
            code, text = server.mail(sender)
            return server.rcpt(recipient)[0] if code == 250 else code

    def mailbox(self, name):
        return sorted(glob.glob(os.path.join(self.dir, name, "new/*")))


def deliver(site, machine, recipient, sender="kate@example.org", context=None, name=None):
    """By a client that wants TLS if there is a context; `name` is what it expects in the certificate."""
    octets = site.mail(sender, recipient, trace=False)
    with smtplib.SMTP("127.0.0.1", machine.port, timeout=30) as server:
        if context:
            server._host = name or server._host
            server.starttls(context=context)
        server.sendmail(sender, [recipient] if isinstance(recipient, str) else recipient, octets)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
