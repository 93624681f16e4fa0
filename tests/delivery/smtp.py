"""A stand-in for a mail server: what RFC 5321 asks of the smallest one, on a thread of its own."""

import base64
import socketserver
import threading
from typing import Any


class Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server: Any = self.server
        self.say("220 here")
        while line := self.rfile.readline():
            command = line.decode().strip()
            verb = command[:4].upper()
            if verb == "EHLO":
                self.say("250-here", "250 AUTH PLAIN")
            elif verb == "AUTH":
                server.log_ins.append(base64.b64decode(command.split()[-1]).decode().split("\0")[1:])
                self.say("235 fine")
            elif verb in {"MAIL", "RCPT"}:
                self.say(server.refusal or "250 fine")
            elif verb == "DATA":
                self.say("354 go on")
                lines = iter(self.rfile.readline, b".\r\n")
                server.letters.append(b"".join(lines))
                self.say("250 kept")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 fine")

    def say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


class MailServer(socketserver.ThreadingTCPServer):
    """`letters` that it took, `log_ins` that it saw; `refusal` is what it says to every sender while it is set."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        self.letters: list[bytes] = []
        self.log_ins: list[list[str]] = []
        self.refusal = ""
        super().__init__(("127.0.0.1", port), Session)
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self.thread.start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self.thread.join()
