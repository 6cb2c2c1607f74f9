"""A milter that stands for OpenDKIM: it puts one Authentication-Results on top of each mail."""
import os
import socket
import struct
import threading

ADD_HEADERS = 0x01


class Milter:
    def __init__(self, value, path=None):
        self.value, self.seen = value, 0
        if path:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.bind(path)
            os.chmod(path, 0o666)
            self.socket.listen()
        else:
            self.socket = socket.create_server(("127.0.0.1", 0))
            self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.converse, args=(client,), daemon=True).start()

    def converse(self, client):
        stream = client.makefile("rb")
        while True:
            head = stream.read(4)
            if len(head) < 4:
                return
            body = stream.read(struct.unpack("!I", head)[0])
            command = body[:1]
            if command == b"O":  # negotiation: version, actions, no step left out
                self.answer(client, b"O" + struct.pack("!III", struct.unpack("!I", body[1:5])[0], ADD_HEADERS, 0))
            elif command == b"E":
                self.seen += 1
                name_and_value = b"Authentication-Results\0" + self.value.encode() + b"\0"
                self.answer(client, b"i" + struct.pack("!I", 0) + name_and_value)
                self.answer(client, b"c")
            elif command == b"Q":
                return
            elif command not in (b"D", b"A"):  # macros and aborts have no answer
                self.answer(client, b"c")

    def answer(self, client, body):
        client.sendall(struct.pack("!I", len(body)) + body)

    def stop(self):
        self.socket.close()
