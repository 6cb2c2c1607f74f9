#!/usr/bin/env python3
"""A scripted SMTP server for tests: STARTTLS, implicit TLS, AUTH, and faults on demand.

It listens on 127.0.0.1 (or --listen), prints its port on standard output (and writes it to DIR/port), and keeps
below DIR, each by rename:

    NNN.eml        a message it took, byte for byte as sent (CRLF, dots unstuffed)
    NNN.envelope   written first: name=value lines: connection, helo, tls, auth, from, to…
    transcript     every line of every connection, with the connection's number: "1 <- EHLO x"
                   (here <- is what the client said, -> what the server said; secrets included)

A rule changes what the server does: --rule 'WHERE [TEXT] ACTION', the first that fits wins.

WHERE is CONNECT, TLS (in place of the handshake), BODY (after the first line of the message; whatever the reply, the connection
then ends), EOD (after the final dot), or a command: EHLO HELO STARTTLS AUTH MAIL RCPT DATA RSET NOOP VRFY QUIT. With .N it holds for the
first N times, with #N for the Nth only, counted over all connections. TEXT, if given, must occur in
the command (for AUTH: in any line of it; for DATA, BODY and EOD: in a recipient); it has no spaces. ACTION is one of

    NNN text          this reply; "\\n" in the text makes several lines. A reply of 4xx or 5xx ends
                      the command, any other takes the place of the usual words only
    close             close without a reply
    reset             the same, with a RST
    stall             say nothing until the client goes
    half              half of the usual reply, then close
    drop-after-NNN    do as usual, reply NNN, then close
    raw BYTES         these bytes (Python escapes: \\r\\n \\x00) as the reply, and nothing else
    flood             reply lines without end
    flood-OCTETS      so many octets of reply lines without the last, then stall
    drip-MILLISECONDS [NNN text]   the reply, or the usual one, an octet each time so much has passed
    late-N [ACTION]   ACTION, or what is usual, N seconds later
After EOD, `close`, `reset`, `stall` and `half` keep the message: it was taken, its reply was lost.
"""
import argparse
import base64
import hashlib
import hmac
import os
import re
import secrets
import socket
import socketserver
import ssl
import struct
import sys
import threading
import time

GOOGLE_535 = ("535-5.7.1 Username and Password not accepted. Learn more at\r\n"
              "535 5.7.1 http://support.google.com/mail/bin/answer.py?answer=14257")


class Gone(Exception):
    """The connection is to end now."""


class Rule:
    SHAPE = re.compile(r"(?P<where>[A-Z]+)(?:(?P<how>[.#])(?P<n>\d+))?\s+(?P<rest>.*)", re.S)
    ACTION = re.compile(r"(\d{3}( |$)|(close|reset|stall|half|flood(-\d+)?)$|drop-after-\d{3}$|(late|drip)-\d+( |$)|raw )")

    def __init__(self, line):
        found = self.SHAPE.fullmatch(line)
        if not found:
            sys.exit(f"smtp_server: not a rule: {line}")
        self.where, self.how = found["where"], found["how"]
        self.n, self.hits, self.text = int(found["n"] or 0), 0, ""
        self.action = found["rest"]
        if not self.ACTION.match(self.action):
            self.text, _, self.action = self.action.partition(" ")
        if not self.ACTION.match(self.action):
            sys.exit(f"smtp_server: no action in rule: {line}")

    def fits(self, where, line):
        if where != self.where or self.text.lower() not in line.lower():
            return False
        self.hits += 1
        return {None: True, ".": self.hits <= self.n, "#": self.hits == self.n}[self.how]


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, options):
        self.address_family = socket.AF_INET6 if ":" in options.listen else socket.AF_INET
        super().__init__((options.listen, options.port), Session)
        self.options = options
        self.lock = threading.Lock()
        self.connections = self.messages = 0
        self.rules = [Rule(line) for line in options.rule]
        self.transcript = open(os.path.join(options.dir, "transcript"), "a", buffering=1)
        self.tls = None
        if options.tls != "none":
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(options.cert, options.key)

    def find_rule(self, where, line):
        with self.lock:
            return next((rule.action for rule in self.rules if rule.fits(where, line)), None)

    def note(self, connection, arrow, line):
        with self.lock:
            self.transcript.write(f"{connection} {arrow} {line}\n")

    def write(self, name, content):
        path = os.path.join(self.options.dir, name)
        with open(path + ".part", "wb") as file:
            file.write(content)
        os.rename(path + ".part", path)

    def store(self, envelope, message):
        with self.lock:
            self.messages += 1
            number = self.messages
        facts = "".join(f"{name}={value}\n" for name, value in envelope)
        self.write(f"{number:03}.envelope", facts.encode())
        self.write(f"{number:03}.eml", message)
        return number

    def handle_error(self, request, client_address):
        pass  # clients may go as they please


class Session(socketserver.BaseRequestHandler):
    def handle(self):
        with self.server.lock:
            self.server.connections += 1
            self.number = self.server.connections
        self.options = self.server.options
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.secure, self.user, self.helo = "none", "", ""
        self.sender, self.recipients = None, []
        try:
            if self.options.tls == "implicit":
                self.start_tls()
            self.stream = self.request.makefile("rb")
            if self.answer("CONNECT", "", f"220 {self.options.name} ESMTP"):
                self.serve()
        except Gone:
            pass
        except (OSError, ValueError) as error:
            self.server.note(self.number, "--", f"{type(error).__name__}")
        finally:
            try:
                self.request.close()
            except OSError:
                pass

    def serve(self):
        while True:
            line = self.read_line()
            verb = line.split(" ")[0].upper()
            getattr(self, "do_" + verb, self.do_unknown)(line)

    # What goes over the wire

    def start_tls(self):
        action = self.server.find_rule("TLS", "")
        if action is not None:
            self.misbehave(action.split(" ")[0], action, "220 2.0.0 Ready")
            raise Gone
        self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        self.secure = self.request.version()

    def read_line(self):
        line = self.stream.readline(1 << 20)
        if not line.endswith(b"\n"):
            raise Gone
        text = line.rstrip(b"\r\n").decode("utf-8", "backslashreplace")
        self.server.note(self.number, "<-", text)
        return text

    def send(self, data):
        if self.options.delay:
            time.sleep(self.options.delay / 1000)
        for line in data.decode("latin-1").split("\r\n")[:-1]:
            self.server.note(self.number, "->", line)
        self.request.sendall(data)

    def reply(self, text):
        self.send(text.encode("utf-8") + b"\r\n")

    def answer(self, where, line, usual):
        """Replies as a rule says, or as usual. True if the command is to have its effect."""
        return self.answer_as(self.server.find_rule(where, line), usual)

    def answer_as(self, action, usual):
        if action is None:
            self.reply(usual)
            return usual[0] in "23"
        word = action.split(" ")[0]
        if word.isdigit():
            self.reply_lines(word, action[4:].split("\\n"))
            return word[0] in "23"
        if word.startswith("late-"):
            time.sleep(int(word[5:]))
            return self.answer_as(action[len(word) + 1:] or None, usual)
        if word.startswith("drip-"):
            self.drip((action[len(word) + 1:] or usual) + "\r\n", int(word[5:]) / 1000)
            return (action[len(word) + 1:] or usual)[0] in "23"
        self.misbehave(word, action, usual)
        return False

    def reply_lines(self, code, lines):
        marks = ["-"] * (len(lines) - 1) + [" "]
        self.reply("\r\n".join(code + mark + text for mark, text in zip(marks, lines)))

    def drip(self, text, pause):
        for octet in text.encode():
            self.request.sendall(bytes([octet]))
            time.sleep(pause)

    def misbehave(self, word, action, usual):
        if word == "raw":
            return self.send(action[4:].encode("latin-1").decode("unicode_escape").encode("latin-1"))
        if word.startswith("drop-after-"):
            self.reply(word[-3:] + usual[3:])
        elif word == "half":
            self.request.sendall(usual[:len(usual) // 2].encode())
        elif word == "reset":
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif word == "stall":
            while self.request.recv(65536):
                pass
        elif word == "flood":
            while True:
                self.request.sendall(b"250-and so on\r\n" * 100)
        elif word.startswith("flood-"):
            self.request.sendall((b"250-and so on\r\n" * (int(word[6:]) // 15 + 1))[:int(word[6:])])
            while self.request.recv(65536):
                pass
        self.server.note(self.number, "--", word)
        raise Gone

    # Commands

    def do_unknown(self, line):
        self.answer(line.split(" ")[0].upper(), line, "500 5.5.2 Command not known")

    def do_HELO(self, line):
        if self.answer("HELO", line, f"250 {self.options.name}"):
            self.helo = line[5:]

    def do_EHLO(self, line):
        can_auth = self.options.auth and (self.options.tls == "none" or self.secure != "none")
        offers = [self.options.name] + self.options.offer.split(",")
        if self.options.tls == "starttls" and self.secure == "none":
            offers.append("STARTTLS")
        if can_auth:
            offers.append("AUTH " + self.options.auth)
        offers = [offer for offer in offers if offer]
        marks = ["-"] * (len(offers) - 1) + [" "]
        usual = "\r\n".join("250" + mark + offer for mark, offer in zip(marks, offers))
        if self.answer("EHLO", line, usual):
            self.helo = line[5:]

    def do_STARTTLS(self, line):
        if self.options.tls != "starttls" or self.secure != "none":
            return self.reply("503 5.5.1 No TLS here")
        if self.answer("STARTTLS", line, "220 2.0.0 Ready to start TLS"):
            self.start_tls()
            self.stream = self.request.makefile("rb")
            self.helo = ""

    def do_NOOP(self, line):
        self.answer("NOOP", line, "250 2.0.0 OK")

    def do_VRFY(self, line):
        self.answer("VRFY", line, "252 2.5.0 Send some mail")

    def do_RSET(self, line):
        self.sender, self.recipients = None, []
        self.answer("RSET", line, "250 2.0.0 Reset")

    def do_QUIT(self, line):
        self.answer("QUIT", line, "221 2.0.0 Bye")
        raise Gone

    def do_MAIL(self, line):
        usual = "250 2.1.0 Sender ok"
        if self.options.tls == "starttls" and self.secure == "none":
            usual = "530 5.7.0 Must issue a STARTTLS command first"
        elif self.options.auth and not self.user and not self.options.auth_optional:
            usual = "530 5.7.0 Authentication required"
        elif self.sender is not None:
            usual = "503 5.5.1 Nested MAIL command"
        if self.answer("MAIL", line, usual):
            self.sender = line[len("MAIL FROM:"):]

    def do_RCPT(self, line):
        usual = "250 2.1.5 Recipient ok" if self.sender is not None else "503 5.5.1 Need MAIL"
        if self.answer("RCPT", line, usual):
            self.recipients.append(line[len("RCPT TO:"):])

    def do_DATA(self, line):
        usual = "354 End data with <CR><LF>.<CR><LF>" if self.recipients else "503 5.5.1 Need RCPT"
        if not self.answer("DATA", " ".join(self.recipients), usual):
            self.sender, self.recipients = None, []
            return
        recipients = " ".join(self.recipients)
        message = self.read_message(recipients)
        envelope = [("connection", self.number), ("helo", self.helo), ("tls", self.secure),
                    ("auth", self.user), ("from", self.sender)]
        envelope += [("to", recipient) for recipient in self.recipients]
        self.sender, self.recipients = None, []
        action = self.server.find_rule("EOD", recipients)
        usual = "250 2.0.0 Ok"
        if action is None or not re.match(r"((late|drip)-\d+ )?[45]", action):
            usual += f": queued as {self.server.store(envelope, message)}"
        self.answer_as(action, usual)

    def read_message(self, recipients):
        lines = []
        while True:
            line = self.stream.readline(1 << 20)
            if not line.endswith(b"\n"):
                raise Gone
            if line == b".\r\n":
                self.server.note(self.number, "<-", f"[{sum(map(len, lines))} octets] .")
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b".") else line)
            if len(lines) == 1:
                action = self.server.find_rule("BODY", recipients)
                if action is not None:
                    self.answer_as(action, "250 2.0.0 early")
                    self.server.note(self.number, "--", "early")
                    raise Gone

    # AUTH

    def ask(self, challenge):
        self.reply("334 " + base64.b64encode(challenge).decode())
        return base64.b64decode(self.read_line())

    def do_AUTH(self, line):
        mechanism, _, initial = line[5:].partition(" ")
        check = getattr(self, "auth_" + mechanism.upper().replace("-", "_"), None)
        if check is None or mechanism.upper() not in self.options.auth.split():
            return self.reply("504 5.5.4 Mechanism not offered")
        if self.secure == "none" and self.options.tls != "none":
            return self.reply("538 5.7.11 Encryption required")
        is_right = check(initial)
        if self.answer("AUTH", line, "235 2.7.0 Accepted" if is_right else GOOGLE_535):
            self.user = f"{mechanism} {self.options.user}"

    def auth_PLAIN(self, initial):
        given = base64.b64decode(initial) if initial else self.ask(b"")
        return given == f"\0{self.options.user}\0{self.options.password}".encode()

    def auth_LOGIN(self, initial):
        user = base64.b64decode(initial) if initial else self.ask(b"Username:")
        password = self.ask(b"Password:")
        return (user, password) == (self.options.user.encode(), self.options.password.encode())

    def auth_CRAM_MD5(self, _):
        challenge = f"<{secrets.token_hex(8)}@{self.options.name}>".encode()
        digest = hmac.new(self.options.password.encode(), challenge, hashlib.md5).hexdigest()
        return self.ask(challenge) == f"{self.options.user} {digest}".encode()

    def auth_XOAUTH2(self, initial):
        given = base64.b64decode(initial) if initial else self.ask(b"")
        wanted = f"user={self.options.user}\1auth=Bearer {self.token()}\1\1".encode()
        if given != wanted:
            self.ask(self.options.token_error.encode())
        return given == wanted

    def auth_OAUTHBEARER(self, initial):
        given = base64.b64decode(initial) if initial else self.ask(b"")
        is_right = given.startswith(f"n,a={self.options.user},\1".encode()) and \
            given.endswith(f"\1auth=Bearer {self.token()}\1\1".encode())
        if not is_right:
            self.ask(self.options.token_error.encode())
        return is_right

    def token(self):
        if not self.options.token_file:
            return self.options.token
        with open(self.options.token_file) as file:
            return file.read().strip()


def parse_arguments(words=None):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", required=True, help="where messages and transcript go")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--name", default="localhost", help="what the server calls itself")
    parser.add_argument("--tls", choices=["none", "starttls", "implicit"], default="none")
    parser.add_argument("--cert", help="PEM file of the certificate chain")
    parser.add_argument("--key", help="PEM file of the private key")
    parser.add_argument("--auth", default="", help="mechanisms: 'PLAIN LOGIN CRAM-MD5 XOAUTH2 OAUTHBEARER'")
    parser.add_argument("--auth-optional", action="store_true", help="mail without AUTH is taken")
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--token", default="", help="of XOAUTH2 and OAUTHBEARER")
    parser.add_argument("--token-file", default="", help="where the token stands instead, at each login")
    parser.add_argument("--token-error", default='{"status":"400","schemes":"Bearer"}', help="said of a wrong one")
    parser.add_argument("--listen", default="127.0.0.1", help="or ::1")
    parser.add_argument("--offer", default="SIZE 26214400,8BITMIME,ENHANCEDSTATUSCODES",
                        help="what EHLO offers besides STARTTLS and AUTH, comma-separated")
    parser.add_argument("--delay", type=float, default=0, help="milliseconds before each reply")
    parser.add_argument("--rule", action="append", default=[])
    parser.add_argument("--with-stdin", action="store_true",
                        help="end when standard input does: a test that dies takes it along")
    return parser.parse_args(words)


def end_with_stdin():
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


def main():
    options = parse_arguments()
    os.makedirs(options.dir, exist_ok=True)
    server = Server(options)
    port = server.server_address[1]
    server.write("port", f"{port}\n".encode())
    print(port, flush=True)
    if options.with_stdin:
        threading.Thread(target=end_with_stdin, daemon=True).start()
    try:
        server.serve_forever(poll_interval=3600)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
