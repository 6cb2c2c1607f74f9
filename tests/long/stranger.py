#!/usr/bin/env python3
"""The way of somebody who has nothing but the package, from apt to a reply and its notification.

  tests/long/stranger.py PACKAGE.deb RELEASE [--build BUILD] [--screen FILE]        as root

Two clean Debians, booted with systemd, on one network without a way out. One is the server, which gets the package and
what is typed here. The other is somebody's SMTP server, a Postfix that wants STARTTLS and a login, with the mailboxes
of two people; what kate answers goes through it, and to port 25 of the first by the MX record. Prints how many
commands and questions it took, and how long; --screen keeps what the terminal showed.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import time

import machine

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests/lib"))
from terminal import Terminal  # noqa: E402

SERVER, RELAY, HOST = "192.0.2.10", "192.0.2.20", "git.example.org"
PASSWORD = "correct horse"
ZONE = {
    HOST: {"A": [SERVER], "MX": [f"10 {HOST}"], "TXT": [f"v=spf1 a ip4:{RELAY} -all"]},
    f"reply.{HOST}": {"A": [SERVER], "MX": [f"10 {HOST}"], "TXT": [f"v=spf1 a ip4:{RELAY} -all"]},
    f"noreply.{HOST}": {"MX": [f"10 {HOST}"], "TXT": [f"v=spf1 a:{HOST} ip4:{RELAY} -all"]},
    "smtp.example.com": {"A": [RELAY], "TXT": ["v=spf1 a -all"]},
    "example.org": {"MX": ["10 smtp.example.com"]},
    f"_dmarc.{HOST}": {"TXT": ["v=DMARC1; p=none"]},
    "10.2.0.192.in-addr.arpa": {"PTR": [HOST]},
    "20.2.0.192.in-addr.arpa": {"PTR": ["smtp.example.com"]},
}
ANSWERS = [
    ("Host name", ""), ("Server address", "smtp.example.com"), ("Port", ""), ("Authentication", ""), ("User name", "git"),
    ("Password: ", PASSWORD), ("No-reply email address", ""), ("Support: ", "support@example.org"),
    ("Send a test mail", "tim@example.org"), ("Do it?", "yes"),
]
RELAY_SETUP = f"""
apt-get -qq update
echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
apt-get -qq install -y --no-install-recommends systemd systemd-sysv dbus postfix dovecot-core openssl swaks libnet-ssleay-perl >/dev/null
echo smtp.example.com >/etc/hostname
printf '127.0.0.1 localhost\\n{RELAY} smtp.example.com\\n{SERVER} {HOST}\\n' >/etc/hosts
for login in tim kate; do useradd -m $login; done
mkdir -p /etc/ssl/here && cd /etc/ssl/here
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 30 -subj '/CN=Example authority' 2>/dev/null
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out request.pem -subj /CN=smtp.example.com 2>/dev/null
printf 'subjectAltName=DNS:smtp.example.com\\n' >extensions
openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile extensions -out cert.pem 2>/dev/null
for person in git:'{PASSWORD}' kate:fuse; do echo "${{person%%:*}}:{{PLAIN}}${{person#*:}}"; done >/etc/dovecot/users
cat >/etc/dovecot/dovecot.conf <<'E'
DOVECOT_VERSION
protocols =
auth_mechanisms = plain login
ssl = no
E
if dovecot --version | grep -q '^2\\.[0-3]'; then
sed -i /DOVECOT_VERSION/d /etc/dovecot/dovecot.conf
cat >>/etc/dovecot/dovecot.conf <<'E'
disable_plaintext_auth = no
passdb {{
  driver = passwd-file
  args = /etc/dovecot/users
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/tmp
}}
E
else
sed -i "s/DOVECOT_VERSION/dovecot_config_version = 2.4.0\\ndovecot_storage_version = 2.4.0/" /etc/dovecot/dovecot.conf
cat >>/etc/dovecot/dovecot.conf <<'E'
auth_allow_cleartext = yes
passdb passwd-file {{
  passwd_file_path = /etc/dovecot/users
}}
userdb static {{
  fields {{
    uid = nobody
    gid = nogroup
    home = /tmp
  }}
}}
E
fi
cat >>/etc/dovecot/dovecot.conf <<'E'
service auth {{
  unix_listener /var/spool/postfix/private/auth {{
    mode = 0660
    user = postfix
    group = postfix
  }}
}}
E
cat >/etc/postfix/main.cf <<'E'
compatibility_level = 3.6
myhostname = smtp.example.com
mydestination = smtp.example.com, example.org
inet_interfaces = {RELAY}
inet_protocols = ipv4
home_mailbox = Maildir/
alias_maps =
alias_database =
local_recipient_maps = unix:passwd.byname
smtpd_tls_security_level = encrypt
smtpd_tls_chain_files = /etc/ssl/here/key.pem, /etc/ssl/here/cert.pem
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions =
smtp_dns_support_level = disabled
smtp_tls_security_level = may
transport_maps = inline:{{ {{ reply.{HOST} = smtp:[{HOST}] }} }}
maillog_file = /var/log/mail.log
E
sed -i 's/^smtp      inet/587       inet/' /etc/postfix/master.cf
systemctl enable postfix dovecot >/dev/null 2>&1 || true
"""


class Desk:
    """What is typed at the server, and what its screen shows."""

    def __init__(self, debian):
        self.debian, self.screen, self.commands, self.questions = debian, "", 0, 0

    def say(self, text):
        self.screen += text
        print(text, end="", flush=True)

    def type(self, line, answers=()):
        """A command, and what is typed when each question is asked: (part of the question, answer)."""
        terminal = Terminal(*self.debian.command("sh", "-c", line))
        for question, answer in answers:
            terminal.until(question, 60)
            terminal.type(answer + "\n")
        shown = terminal.end().replace("\r\n", "\n")
        self.say(f"# {line}\n{shown}")
        self.commands += 1
        self.questions += len(answers)
        if terminal.status != 0:
            raise RuntimeError(f"{line}: status {terminal.status}")


def until(debian, script, what):
    """Waits for a script to succeed, a minute and a half at most: a timer's minute and some."""
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline:
        status, text = debian.run("sh", "-ec", script, status=True)
        if status == 0:
            return text
        time.sleep(0.5)
    raise RuntimeError(f"{what}: not within 150 s\n{text}")


def prepare_server(release, build, package):
    """A clean Debian with a network's settings, somebody's own authority trusted; the packages are fetched, not installed."""
    tree = machine.tree(release, build, "stranger")
    shutil.copy(package, tree + "/root/" + os.path.basename(package))
    machine.shell(tree, f"""apt-get -qq update; apt-get -qq install -y systemd systemd-sysv dbus ca-certificates >/dev/null
        echo {HOST} >/etc/hostname
        printf '127.0.0.1 localhost\\n{SERVER} {HOST} git\\n' >/etc/hosts
        echo 'postfix postfix/main_mailer_type select Internet Site' | debconf-set-selections
        echo 'postfix postfix/mailname string {HOST}' | debconf-set-selections
        apt-get -qq install -y --download-only /root/{os.path.basename(package)} >/dev/null""")
    return tree


def walk(desk, relay, package):
    """What the stranger types, and waits for."""
    desk.type(f"apt-get -qq install -y {package} >/dev/null 2>&1")
    desk.type("metroplex setup", ANSWERS)
    desk.type("metroplex user add tim --name 'Tim Lake' --email tim@example.org")
    desk.type("metroplex user add kate --name 'Kate Bush' --email kate@example.org")
    desk.type("echo 'The button does nothing. @kate?' | metroplex thread open"
                  " --repository acme/rocket --kind issue --title 'Rocket does not start' --as tim -")
    sent = until(relay, "cat /home/kate/Maildir/new/*", "the notification of kate")
    reply_to = re.search(r"reply\+i-[^>]*@reply\.[^>]*", sent)[0]
    relay.run("sh", "-ec", f"""swaks --silent 2 --server smtp.example.com:587 --tls --auth PLAIN --auth-user kate --auth-password fuse \\
        --from kate@example.org --to '{reply_to}' --h-From 'Kate Bush <kate@example.org>' --h-Subject 'Re: Rocket' \\
        --body 'Have you tried the fuse?' || tail -n 20 /var/log/mail.log >&2""")
    until(desk.debian, "metroplex thread show 1 | grep -q 'the fuse'", "the comment")
    desk.type("metroplex thread show 1")
    said = until(relay, "grep -l 'the fuse' /home/tim/Maildir/new/*", "tim's notification of the comment")
    desk.say(f"(on the other server: {said.strip()})\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package")
    parser.add_argument("release")
    parser.add_argument("--build", default=os.path.join(TOP, "build"))
    parser.add_argument("--screen")
    options = parser.parse_args()
    other = machine.tree("bookworm", options.build, "relay")
    machine.shell(other, RELAY_SETUP)
    server = prepare_server(options.release, options.build, options.package)
    shutil.copy(other + "/etc/ssl/here/ca.pem", server + "/usr/local/share/ca-certificates/example.crt")
    machine.shell(server, "update-ca-certificates >/dev/null")
    with machine.Network(SERVER, RELAY) as network:
        dns = subprocess.Popen(network.command(sys.executable, os.path.abspath(__file__), "--dns"), stdin=subprocess.PIPE)
        with machine.Machine(other, network) as relay, machine.Machine(server, network) as debian:
            debian.run("sh", "-c", "echo nameserver 127.0.0.1 >/etc/resolv.conf; cd /root")
            desk = Desk(debian)
            begun = time.monotonic()
            walk(desk, relay, "/root/" + os.path.basename(options.package))
            print(f"{desk.commands} commands, {desk.questions} questions, {(time.monotonic() - begun) / 60:.1f} minutes")
            if options.screen:
                with open(options.screen, "w") as file:
                    file.write(desk.screen)
        dns.kill()
    print("1 passed, 0 failed")


def serve_dns():
    import dns_server
    dns_server.DnsServer(ZONE, port=53)
    sys.stdin.read()


if __name__ == "__main__":
    if sys.argv[1:] == ["--dns"]:
        serve_dns()
    else:
        main()
