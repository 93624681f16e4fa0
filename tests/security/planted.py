"""A day at a running server: every kind of secret is used, rightly and wrongly, and noted with where it may stand."""

import http.client
import json
import re
import socket
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.cookies import SimpleCookie
from pathlib import Path
from time import monotonic, sleep, time
from typing import Any
from urllib.parse import quote, urlencode

from accounts import totp
from financebot.common import clock
from tests.http import API
from tests.installation import PATIENCE, Installation

SETTINGS = ("SECRET_KEY", "JWT_SECRET_KEY", "HMAC_SECRET_KEY", "ENCRYPTION_KEY", "SEAL_KEY")
CELERY = ("-m", "celery", "--quiet", "--app", "financebot")
WORKER = (*CELERY, "worker", "--beat", "--without-gossip", "--without-mingle", "--loglevel", "DEBUG")
RELAY = ("manage.py", "relay_events", "--follow")
EMAIL, PASSWORD = "planted.person@example.org", "planted Password one"
LINK = re.compile(r"https?://\S+?(/\S+)\?token=(\S+)")


@dataclass(frozen=True)
class Secret:
    """`may`: the places where it stands because that is what they are for."""

    kind: str
    text: str
    may: tuple[str, ...] = ()

    def forms(self) -> Iterator[bytes]:
        """As it may be written down: as it is, in an address, in base 64, in hexadecimal digits."""
        raw = self.text.encode()
        yield from {raw, quote(self.text).encode(), quote(self.text, safe="").encode(), raw.hex().encode()}
        yield b64encode(raw)[: len(raw) // 3 * 4]

    def is_in(self, place: bytes) -> bool:
        if self.text.isdecimal():  # digits stand in much that is none of a code
            return bool(re.search(rf"(?<![0-9A-Za-z.]){self.text}(?![0-9A-Za-z])".encode(), place))
        return any(form in place for form in self.forms())


@dataclass
class Day:
    """What is known of a running installation, and all that it refused."""

    installation: Installation
    log: Path
    port: int = 0
    secrets: list[Secret] = field(default_factory=list)
    refusals: list[bytes] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)

    def plant(self, kind: str, text: str, *may: str) -> str:
        self.secrets.append(Secret(kind, text, may))
        return text

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any, bytes]:
        """Status, headers and body; what is refused is kept, head and all."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            line.request(method, path, body, {name.replace("_", "-"): text for name, text in headers.items()})
            answer = line.getresponse()
            content = answer.read()
        finally:
            line.close()
        self.statuses.add(answer.status)
        if answer.status >= 400:
            self.refusals.append(str(answer.headers).encode() + content)
        return answer.status, answer.headers, content

    def post(self, path: str, token: str = "", body: Any = None, **headers: str) -> Any:
        """JSON there and back."""
        given = {"Content_Type": "application/json", **headers}
        if token:
            given["Authorization"] = f"Bearer {token}"
        content = self.ask("POST", f"{API}{path}", json.dumps(body or {}).encode(), **given)[2]
        return json.loads(content) if content else None

    def raw(self, text: str) -> None:
        """Something that is hardly a request."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as line:
            line.sendall(text.encode())
            line.recv(10_000)

    def letters(self) -> dict[str, bytes]:
        """What was mailed, by file, as it is read: all parts, decoded, and the headers."""
        found = {}
        for path in sorted((self.installation.folder / "mail").glob("*.eml")):
            letter = message_from_bytes(path.read_bytes(), policy=policy.default)
            parts = [part.get_content() for part in letter.walk() if not part.is_multipart()]
            found[path.name] = "\n".join([*map(str, letter.values()), *parts]).encode()
        return found

    def mailed(self, page: str) -> str:
        """The token of the next letter whose link leads to this page, when it has come."""
        deadline = monotonic() + PATIENCE * 2
        while True:
            links = [LINK.search(letter.decode()) for letter in self.letters().values()]
            known = {secret.text for secret in self.secrets}
            new = [link[2] for link in links if link and link[1].endswith(page) and link[2] not in known]
            if new:
                return self.plant(f"token of a letter to {page}", new[0], "mail")
            assert monotonic() < deadline, f"no letter leads to {page}"
            sleep(0.1)

    def places(self) -> dict[str, bytes]:
        """All that is written down anywhere, by place."""
        folder = self.installation.folder
        files = {
            "database": "own.sqlite3*",
            "cache": "cache.sqlite3*",
            "broker": "broker/**/*",
            "beat": "beat-schedule*",
        }
        found = {
            place: b"".join(path.read_bytes() for path in sorted(folder.glob(pattern)) if path.is_file())
            for place, pattern in files.items()
        }
        letters = b"\n".join(self.letters().values())
        return found | {"log": self.log.read_bytes(), "mail": letters, "refusals": b"\n".join(self.refusals)}


@contextmanager
def running(installation: Installation) -> Iterator[Day]:
    """The server, the relay and the worker with its clock; the settings' secrets are planted."""
    log = installation.folder / "log"
    day = Day(installation, log)
    installation.environment = {name: day.plant(name, f"planted-{name.lower()}-".ljust(48, "q")) for name in SETTINGS}
    installation.environment |= {"LOG_LEVEL": "DEBUG", "RATE_LIMITS": "off"}
    with log.open("a") as said:
        day.port = installation.serve(said=said)
        for command in (RELAY, WORKER):
            installation.start(*command, said=said)
        yield day


def spend(day: Day) -> None:
    """The day. What everything after it needs comes first."""
    access = enter_and_leave(day)
    second_factor(day, access)
    letters(day)
    pages(day)
    programs(day)
    nonsense(day, access)
    families(day)
    faults(day)


def enter_and_leave(day: Day) -> str:
    day.plant("e-mail address", EMAIL, "database", "mail")
    day.plant("password", PASSWORD)
    entered = day.post("/auth/register", body={"email": EMAIL, "password": PASSWORD, "first_name": "Planted"})
    first = day.plant("access token", entered["access_token"])
    refresh = day.plant("refresh token", entered["refresh_token"])
    day.plant("device id", entered["device_id"])
    day.post(
        "/auth/register", body={"email": EMAIL, "password": day.plant("password of a repeated one", "planted again 1")}
    )
    day.post("/auth/register", body={"email": "x@example.org", "password": day.plant("refused password", "pl4nt3d#x")})
    wrong = day.plant("wrong password", "planted but wrong")
    day.post("/auth/login", body={"email": EMAIL, "password": wrong}, Idempotency_Key="one")
    day.post(
        "/auth/login", body={"email": day.plant("password in the wrong field", "planted-in-email"), "password": "x"}
    )
    unknown = day.plant("unknown field of a body", "planted-unknown-field")
    day.post("/auth/login", body={"email": EMAIL, "password": wrong, "otp": unknown})
    torn = day.plant("password in torn JSON", "planted-torn-json")
    day.ask("POST", f"{API}/auth/login", b'{"password": "' + torn.encode(), Content_Type="application/json")
    day.post("/auth/password/change", first, {"current_password": wrong, "new_password": "irrelevant here"})
    renewed = day.post("/auth/refresh", body={"refresh_token": refresh})
    day.plant("later refresh token", renewed["refresh_token"])
    again = day.post("/auth/refresh", body={"refresh_token": renewed["refresh_token"]})
    day.post("/auth/refresh", body={"refresh_token": refresh})  # reuse ends the session
    day.post("/auth/refresh", body={"refresh_token": day.plant("forged refresh token", "planted.forged.token")})
    day.post("/auth/logout", again["access_token"])
    given = day.post("/auth/login", body={"email": EMAIL, "password": PASSWORD}, Idempotency_Key="two")
    return day.plant("access token of a log-in", given["access_token"])


def second_factor(day: Day, access: str) -> None:
    key = day.plant("TOTP key", day.post("/auth/2fa/enable", access)["secret"])
    step = totp.step_at(clock.now())
    paper = day.post("/auth/2fa/verify", access, {"code": day.plant("first code", totp.code_at(key, step))})
    codes = [day.plant(f"backup code {number}", code) for number, code in enumerate(paper["backup_codes"])]

    def challenge() -> str:
        found = day.post("/auth/login", body={"email": EMAIL, "password": PASSWORD})["challenge"]
        return day.plant("challenge", found)

    def answer(**given: str) -> Any:
        path = "/auth/login/2fa" if "code" in given else "/auth/2fa/backup-code"
        return day.post(path, body={"challenge": challenge(), **given})

    entered = answer(code=day.plant("code of the app", totp.code_at(key, step + 1)))
    day.plant("access token by a code", entered["access_token"])
    answer(code=day.plant("wrong code", "271828"))
    day.plant("access token by paper", answer(backup_code=codes[0])["access_token"])
    answer(backup_code=day.plant("wrong backup code", "PLAN-TEDB-ACKU-P000"))
    day.post("/auth/step-up", access, {"code": day.plant("wrong code to step up", "314159")})
    body = {"password": PASSWORD, "code": codes[1]}
    day.post("/auth/2fa/disable", access, body)


def letters(day: Day) -> None:
    for page, ask in (
        ("/auth/password/reset", "/auth/password/reset"),
        ("/auth/email/verify", "/auth/email/verify/resend"),
    ):
        day.post(ask, body={"email": EMAIL})
        token = day.mailed(page)
        day.ask("GET", f"{page}?token={token}")
        day.ask("GET", f"{page}x?token={token}")
        day.raw(f"GET {page}?token={token} torn by a mail program HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        day.post(page if page.endswith("verify") else f"{page}/confirm", body={"token": token, "new_password": "short"})
    day.mailed("/auth/not-me")
    wrong = day.plant("wrong token of a letter", "planted-wrong-token")
    day.post("/auth/not-me", body={"token": wrong})
    day.ask(
        "POST", "/auth/not-me", urlencode({"token": wrong}).encode(), Content_Type="application/x-www-form-urlencoded"
    )


def pages(day: Day) -> None:
    """The log-in page: first without the CSRF token, then as a browser has it."""
    form = {"email": EMAIL, "password": PASSWORD, "next": "/docs"}
    given = {"Content_Type": "application/x-www-form-urlencoded"}
    day.ask("POST", "/login", urlencode(form).encode(), **given)
    jar = SimpleCookie()
    for sent in (None, form):
        body = urlencode({"csrfmiddlewaretoken": jar["csrf"].value, **sent}).encode() if sent else None
        cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items())
        told = day.ask("POST" if sent else "GET", "/login", body, Cookie=cookies, **(given if sent else {}))
        for line in told[1].get_all("Set-Cookie"):
            jar.load(line)
    session = day.plant("session cookie", jar["session"].value)
    day.plant("device cookie", jar["device"].value)
    day.plant("CSRF cookie", jar["csrf"].value)
    assert day.ask("GET", f"{API}/users/me", Cookie=f"session={session}")[0] == 200
    day.ask("POST", f"{API}/families", b"{}", Cookie=f"session={session}", **given)
    day.ask("GET", f"{API}/nowhere/{session}", Cookie=f"session={session}")
    day.ask("GET", f"{API}/users/me", Cookie=f"session={session}", Authorization=f"Bearer {session}")


def programs(day: Day) -> None:
    made = json.loads(day.installation.run("manage.py", "create_api_client", "planted-client", "--json"))
    day.plant("secret of a client", made["secret"])
    told = json.loads(day.installation.run("manage.py", "issue_service_token", "--client", "planted-client", "--json"))
    service = day.plant("service token", told["token"])
    day.post("/families", service)
    signature = day.plant("signature", "ab12" * 16)
    signed = {"X_Client_Id": "planted-client", "X_Timestamp": str(int(time())), "X_Signature": signature}
    day.post("/families", service, {}, **signed, X_Nonce=day.plant("nonce", "planted-nonce-0123456789"))


def nonsense(day: Day, access: str) -> None:
    """Secrets where they do not belong."""
    day.ask("GET", f"{API}/users/me?jwt_token={access}")
    day.ask("GET", f"{API}/wallets/{access}?jwt_token={access}")
    day.ask("GET", f"/docs?jwt_token={access}")
    basic = day.plant("Basic credentials", b64encode(b"planted:basic").decode())
    day.ask("GET", f"{API}/users/me", Authorization=f"Basic {basic}")
    day.ask("GET", f"{API}/users/me", Authorization=f"Bearer {day.plant('garbage bearer', 'planted-bearer')}")
    day.ask("GET", f"{API}/users/me", Authorization=f"Bearer {access} {access}")
    for head in (f"Authorization Bearer {access}", f"Authori zation: Bearer {access}", f"X: {access}\x00"):
        day.raw(f"GET {API}/users/me HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}\r\n\r\n")
    day.raw(f"GET {API}/users/me?jwt_token={access} HTTP/9.9\r\n\r\n")
    day.raw(f"{access} {API}/users/me HTTP/1.1\r\n\r\n")


def families(day: Day) -> None:
    someone = {"email": "other@example.org", "password": PASSWORD}
    owner = day.plant("owner's access token", day.post("/auth/register", body=someone)["access_token"])
    home = {"name": "Home", "base_currency": "EUR", "timezone": "UTC"}
    family = day.post("/families", owner, home, Idempotency_Key=day.plant("idempotency key", "planted-key", "database"))
    guest = day.plant("address of a guest", "planted.guest@example.org", "database", "mail")
    path, body = f"/families/{family['id']}/invitations", {"role": "adult", "email": guest}
    made = day.post(path, owner, body, Idempotency_Key="three")
    day.plant("token of an invitation", made["token"])
    day.post(path, owner, body, Idempotency_Key="three")
    day.post("/invitations/accept", owner, {"token": day.plant("wrong invitation", "planted-invitation")})
    phone = day.plant("phone number", "+4915123456789", "database")
    day.post(f"/wallets?family_id={family['id']}", owner, {"name": phone, "type": "cash"})
    day.post("/wallets", owner, {"family_id": family["id"], "name": phone, "type": "cash"}, Idempotency_Key="four")
    day.post("/wallets", owner, {"family_id": family["id"], "name": phone, "type": "nothing"})


def faults(day: Day) -> None:
    """What goes wrong with us, in the middle of what holds a secret."""
    day.installation.ask("ALTER TABLE accounts_device RENAME TO away")
    later = {"email": "third@example.org", "password": day.plant("password in a fault", "planted in a fault")}
    day.post("/auth/register", body=later)
    day.ask("GET", f"{API}/users/me?jwt_token=planted", Authorization="Bearer x")
    day.installation.ask("ALTER TABLE accounts_onetimecode RENAME TO gone")
    token = day.plant("token in a fault", "planted-token-in-a-fault")
    day.post("/auth/not-me", body={"token": token})
    form = urlencode({"token": token}).encode()
    day.ask("POST", f"/auth/not-me?token={token}", form, Content_Type="application/x-www-form-urlencoded")
