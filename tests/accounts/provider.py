"""A stand-in for Google and GitHub: a server of its own that holds its clients to the rules of the code flow."""

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

DRIPS_FOR = 6.0  # seconds
CLIENT_ID, CLIENT_SECRET = "our client id", "our client's secret"
ASKED = {"response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"}
TOKEN_ASKED = {"grant_type", "code", "redirect_uri", "client_id", "client_secret", "code_verifier"}
GOOGLE_PERSON = {
    "sub": "1046",
    "email": "ann@example.org",
    "email_verified": True,
    "given_name": "Ann",
    "family_name": "Lee",
}
GITHUB_PERSON = {"id": 583231, "login": "ann", "name": "Ann Lee"}
GITHUB_ADDRESSES = [
    {"email": "ann@work.example", "primary": False, "verified": True, "visibility": None},
    {"email": "ann@example.org", "primary": True, "verified": True, "visibility": "private"},
]


class Visit(BaseHTTPRequestHandler):
    server: "StandIn"

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path == "/authorize":
            self.authorize(dict(parse_qsl(query)))
        elif self.as_planned(path):
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            known = token in self.server.tokens
            self.say(200 if known else 401, self.server.answers[path] if known else {"message": "Bad credentials"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.as_planned(self.path):
            self.token({name: values[0] for name, values in parse_qs(body, strict_parsing=True).items()})

    def authorize(self, asked: dict[str, str]) -> None:
        """The person has said yes at once."""
        if not asked.keys() >= ASKED or asked["client_id"] != CLIENT_ID or asked["code_challenge_method"] != "S256":
            self.say(400, {"error": "invalid_request"})
            return
        if asked["redirect_uri"] not in self.server.redirect_uris:
            self.say(400, {"error": "redirect_uri_mismatch"})
            return
        code = secrets.token_urlsafe(16)
        self.server.codes[code] = asked
        said = {"code": code, "state": asked["state"], **self.server.adds}
        self.send_response(302)
        self.send_header("Location", f"{asked['redirect_uri']}?{urlencode(said)}")
        self.end_headers()

    def token(self, sent: dict[str, str]) -> None:
        asked = self.server.codes.pop(sent.get("code", ""), None)  # whatever is wrong with it, it was used
        verifier = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        right = (
            asked is not None
            and sent.keys() == TOKEN_ASKED
            and sent["grant_type"] == "authorization_code"
            and (sent["client_id"], sent["client_secret"]) == (CLIENT_ID, CLIENT_SECRET)
            and sent["redirect_uri"] == asked["redirect_uri"]
            and base64.urlsafe_b64encode(verifier).rstrip(b"=").decode() == asked["code_challenge"]
        )
        if not right:
            self.say(self.server.refusal_status, {"error": "invalid_grant"})
            return
        token = secrets.token_urlsafe(16)
        self.server.tokens.add(token)
        self.say(200, {"access_token": token, "token_type": "Bearer", "expires_in": 3599})

    def as_planned(self, path: str) -> bool:
        """Whether it answers as it should; else it does what the test wants instead."""
        self.server.asked.append(path)
        plan = self.server.instead.get(path)
        if plan is None:
            return True
        plan(self)
        return False

    def say(self, status: int, found: Any) -> None:
        self.send_bytes(status, json.dumps(found).encode())

    def send_bytes(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: the tests look at `asked`."""


class StandIn(ThreadingHTTPServer):
    """`asked`: what it was asked for, in order. `answers`: what it says of the person. `adds`: more parameters that it
    sends back. `instead`: by path, what it does instead of answering."""

    daemon_threads = True

    def __init__(self, redirect_uris: set[str], port: int = 0) -> None:
        self.redirect_uris = redirect_uris
        self.codes: dict[str, dict[str, str]] = {}
        self.tokens: set[str] = set()
        self.asked: list[str] = []
        self.answers: dict[str, Any] = {
            "/userinfo": dict(GOOGLE_PERSON),
            "/user": dict(GITHUB_PERSON),
            "/user/emails": [dict(row) for row in GITHUB_ADDRESSES],
        }
        self.adds: dict[str, str] = {}
        self.instead: dict[str, Any] = {}
        self.refusal_status = 400
        super().__init__(("127.0.0.1", port), Visit)
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self.thread.join()


def bytes_of(status: int, body: bytes, **headers: str) -> Any:
    return lambda visit: visit.send_bytes(status, body, **headers)


def hang_up(visit: Visit) -> None:
    visit.close_connection = True


def drip(visit: Visit) -> None:
    """A byte now and then, never all of them."""
    visit.send_response(200)
    visit.send_header("Content-Length", "100000")
    visit.end_headers()
    for _ in range(100):
        try:
            visit.wfile.write(b" ")
        except OSError:
            return
        time.sleep(DRIPS_FOR / 100)


def query_of(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))
