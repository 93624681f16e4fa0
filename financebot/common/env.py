"""Strict readers of the environment: a value is what it says, or start-up stops and names the setting."""

import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
TELEGRAM_NAME = re.compile(r"[A-Za-z0-9_]{5,32}", re.ASCII)
QUOTED = re.compile(r"([\"'])(.*)\1")
TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


@dataclass(frozen=True, slots=True)
class MailServer:
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    scheme: str


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """What we are to a provider of log-ins, and where it is reached. Without `client_id` it is off."""

    client_id: str
    client_secret: str = field(repr=False)
    authorize_url: str
    token_url: str
    api_url: str


def load_dotenv(path: Path) -> None:
    """Add `NAME=value` lines of a file to the environment; what is set already wins."""
    if not path.is_file():
        return
    for number, raw in enumerate(path.read_text("utf-8").splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.strip().isidentifier():
            raise ImproperlyConfigured(f"{path}, line {number}: expected NAME=value")
        value = value.strip()
        if quoted := QUOTED.fullmatch(value):
            value = quoted[2]
        os.environ.setdefault(name.strip(), value)


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def flag(name: str, *, default: bool) -> bool:
    value = text(name).lower()
    if not value:
        return default
    if value in TRUE | FALSE:
        return value in TRUE
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}")


def integer(name: str, default: int, *, least: int, most: int) -> int:
    value = text(name, str(default))
    if not (value.isascii() and value.isdigit()) or not least <= int(value) <= most:
        raise ImproperlyConfigured(f"{name} must be a whole number from {least} to {most}, not {value!r}")
    return int(value)


def choice(name: str, default: str, choices: Sequence[str]) -> str:
    value = text(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not {value!r}")
    return value


def origin(name: str, default: str, *, scheme: str = "http") -> str:
    """Where we are reached, as `https://host` or `http://host:port`, without anything after it; `ws` likewise."""
    value = text(name, default)
    parts = urlsplit(value)
    if parts.scheme not in {scheme, f"{scheme}s"} or not parts.hostname or value != f"{parts.scheme}://{parts.netloc}":
        raise ImproperlyConfigured(f"{name} must be {scheme}(s)://host or {scheme}(s)://host:port, not {value!r}")
    return value


def url(name: str, default: str) -> str:
    """An address that a path or a query can be added to."""
    value = text(name, default)
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ImproperlyConfigured(f"{name} must be http(s)://host/path, not {value!r}")
    return value.rstrip("/")


def telegram_name(name: str) -> str:
    """The user name of a bot, with or without the @ before it; or nothing."""
    value = text(name).removeprefix("@")
    if value and not TELEGRAM_NAME.fullmatch(value):
        raise ImproperlyConfigured(f"{name} must be 5 to 32 of A-Z a-z 0-9 _, not {value!r}")
    return value


def mail_server(name: str) -> MailServer | None:
    """smtp://user:password@host:port, with STARTTLS as smtp+tls://, with TLS from the start as smtps://; or nothing.

    User and password percent-encoded, both or neither; it may come from a file, as a secret does, and is never shown.
    """
    value = optional_secret(name)
    if not value:
        return None
    try:
        parts = urlsplit(value)
        user, password = (unquote(part or "", errors="strict") for part in (parts.username, parts.password))
        port = parts.port or MAIL_PORTS[parts.scheme]
        right = bool(parts.hostname) and not (parts.path.strip("/") or parts.query or parts.fragment)
    except (ValueError, KeyError):
        right = False
    if not right or bool(user) != bool(password):
        forms = "smtp://, smtp+tls:// or smtps://, then user:password@host:port or host:port"
        raise ImproperlyConfigured(f"{name} must be {forms}")
    return MailServer(parts.hostname or "", port, user, password, parts.scheme)


def names(name: str) -> list[str]:
    """A list separated by commas; empty items are dropped."""
    return [item.strip() for item in text(name).split(",") if item.strip()]


def secret(name: str, *, made_in: Path | None) -> str:
    """A secret from NAME, else from the file that NAME_FILE names, else one made once and kept in `made_in`.

    With `made_in` None (production) a missing secret is an error.
    """
    if value := optional_secret(name):
        return value
    if made_in is None:
        raise ImproperlyConfigured(f"{name} must be set in production (or {name}_FILE)")
    return made_once(made_in / name.lower())


def optional_secret(name: str) -> str:
    """A secret from NAME, else from the file that NAME_FILE names, else nothing."""
    value, path = text(name), text(f"{name}_FILE")
    if value and path:
        raise ImproperlyConfigured(f"Set {name} or {name}_FILE, not both")
    if not path:
        return value
    try:
        return Path(path).read_text("utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}") from error


def made_once(path: Path, *, size: int = 48) -> str:
    """The secret in a file, which is made of `size` random bytes where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_urlsafe(size), "utf-8")
    try:
        os.link(draft, path)  # of two processes that start at once, one wins and both read its secret
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text("utf-8")
