"""A mail server that files what it takes as transport = maildir does, so that one checker reads both."""
import os
import socketserver
import threading


class Dialogue(socketserver.StreamRequestHandler):
    """Takes every message; it is filed before that is said. Nothing is left of one that is cut off."""

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        try:
            self.say("220 sink.example")
            while line := self.rfile.readline():
                if not self.obey(line.decode(errors="replace").strip()):
                    return
        except OSError:
            pass  # who died does not say goodbye

    def obey(self, line):
        word = line[:4].upper()
        if word == "EHLO":
            self.say("250-sink.example\r\n250-PIPELINING\r\n250 SMTPUTF8")
        elif word == "DATA":
            self.say("354 Go on")
            return self.take()
        elif word == "QUIT":
            self.say("221 Bye")
            return False
        else:
            if word in ("MAIL", "RCPT"):
                setattr(self, word.lower(), line.partition("<")[2].partition(">")[0])
            self.say("250 Ok")
        return True

    def take(self):
        lines = []
        while line := self.rfile.readline():
            if line == b".\r\n":
                self.server.file(self.mail, self.rcpt, b"".join(lines))
                self.say("250 Taken")
                return True
            lines.append(line[1:] if line[:1] == b"." else line)
        return False


class Sink(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, directory):
        super().__init__(("127.0.0.1", 0), Dialogue)
        self.directory, self.count, self.lock = directory, 0, threading.Lock()
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def file(self, sender, recipient, message):
        with self.lock:
            self.count += 1
            name = f"{1700000000 + self.count}.M{self.count}"
        for place in ("tmp", "new"):
            os.makedirs(os.path.join(self.directory, place), exist_ok=True)
        path = os.path.join(self.directory, "tmp", name)
        with open(path, "wb") as f:
            f.write(f"Return-Path: <{sender}>\nDelivered-To: {recipient}\n".encode() + message.replace(b"\r\n", b"\n"))
        os.rename(path, os.path.join(self.directory, "new", name))
