"""A real browser, our server under a name of its own, and a site of somebody else's beside it."""

import html
import http.client
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.factories import PASSWORD
from tests.http import API
from tests.installation import PATIENCE, Installation

OURS, THEIRS, APP = "ledger.test", "evil.test", "app.test"
EMAIL = "ann@example.org"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MAKE_ANN = f"""
import django
django.setup()
from accounts.models import User
User.objects.create_superuser("{EMAIL}", "{PASSWORD}")
"""
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser that finds every name under .test here."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright: pip install -r requirements/e2e.txt")
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    arguments = [*QUIET, "--host-resolver-rules=MAP *.test 127.0.0.1"]
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


class Elsewhere(ThreadingHTTPServer):
    """Somebody else's web server: shows whatever page it was last given."""

    page = ""

    @property
    def port(self) -> int:
        return self.server_address[1]

    def form(self, target: str, fields: dict[str, str], kind: str = "application/x-www-form-urlencoded") -> None:
        """A page that sends a form to somebody by itself."""
        inputs = "".join(f'<input name="{name}" value="{html.escape(text)}">' for name, text in fields.items())
        form = f'<form id="f" method="post" action="{target}" enctype="{kind}">{inputs}</form>'
        self.page = f"{form}<script>document.getElementById('f').submit()</script>"


class _Show(BaseHTTPRequestHandler):
    server: Elsewhere

    def do_GET(self) -> None:
        body = self.server.page.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def elsewhere() -> Iterator[Elsewhere]:
    server = Elsewhere(("127.0.0.1", 0), _Show)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Site:
    """Our server as a browser and as a program see it."""

    installation: Installation
    port: int
    scheme: str = "http"
    token: str = ""  # Ann's

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{OURS}:{self.port}"

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, Any]:
        """Status, headers and JSON, asked without a browser."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        given = {"Host": OURS, "Content-Type": "application/json", **headers}
        line.request(method, path, None if body is None else json.dumps(body), given)
        answer = line.getresponse()
        content = answer.read()
        line.close()
        is_json = "json" in answer.headers.get("Content-Type", "")
        return answer.status, answer.headers, json.loads(content) if is_json and content else content

    def people(self) -> None:
        """Ann, who owns a family and so may enter the back office, and Eve."""
        tokens = []
        for email in (EMAIL, "eve@example.org"):
            status, _, body = self.call("POST", f"{API}/auth/register", {"email": email, "password": PASSWORD})
            assert status == 201, body
            tokens.append(body["access_token"])
        home = {"name": "Home", "base_currency": "EUR", "timezone": "UTC"}
        assert self.call("POST", f"{API}/families", home, Authorization=f"Bearer {tokens[0]}")[0] == 201
        self.token = tokens[0]

    def count(self, table: str, where: str = "1 = 1") -> int:
        [(found,)] = self.installation.ask(f"SELECT COUNT(*) FROM {table} WHERE {where}")
        return found

    def log_in(self, page: Any, wanted: str = "/docs/problems") -> None:
        """By the log-in page, as a person does."""
        page.goto(f"{self.origin}/login")
        page.evaluate("wanted => document.querySelector('[name=next]').value = wanted", wanted)
        page.fill("[name=email]", EMAIL)
        page.fill("[name=password]", PASSWORD)
        page.click("[type=submit]")
        page.wait_for_load_state()


@contextmanager
def site(installation: Installation, *options: str, scheme: str = "http", **environment: str) -> Iterator[Site]:
    hosts = {"ALLOWED_HOSTS": OURS, "RATE_LIMITS": "off", "EMAIL_VERIFICATION": "off"}
    installation.environment |= hosts | environment
    with (installation.folder / "log").open("a") as said:
        port = installation.serve(*options, said=said)
        yield Site(installation, port, scheme)


def certified(folder: Path) -> tuple[str, str]:
    """A certificate that nobody else would believe, and its key, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, OURS)])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    signed = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(OURS)]), critical=False)
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(signed.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(certificate), str(secret)
