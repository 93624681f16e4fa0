"""What Google and GitHub say of who logs in with them: the code flow of OAuth 2.0 (RFC 6749) with PKCE (RFC 7636).

All of it goes over the network, so none of it happens in a unit of work.
"""

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from time import monotonic
from typing import Any

import httpx
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.urls import reverse
from django.utils.http import urlencode

from accounts.errors import ProviderAddressMissing, ProviderAway, ProviderRefused
from accounts.login_state import LoginState
from accounts.models import Provider
from accounts.rules import normalise_email
from financebot.common.env import OAuthClient

SCOPES = {Provider.GOOGLE: "openid email profile", Provider.GITHUB: "read:user user:email"}
TIMEOUT = 4.0  # seconds for one step of one request
PATIENCE = 8.0  # seconds for all that is asked at one log-in
ANSWER_MAX = 100_000  # bytes
REFUSALS = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
TOKEN = re.compile(r"[\x21-\x7e]{1,4000}")
SUBJECT = re.compile(r"[\x21-\x7e]{1,255}")  # OpenID Connect Core, 2
EMAIL_MAX, NAME_MAX = 254, 100

log = logging.getLogger("financebot.oauth")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is by a provider's word; `email`, normalised, is one that it has confirmed."""

    provider: Provider
    subject: str
    email: str
    first_name: str = ""
    last_name: str = ""


def switched_on() -> list[Provider]:
    return [provider for provider in Provider if settings.OAUTH[provider].client_id]


def redirect_uri(provider: Provider) -> str:
    return settings.PUBLIC_URL + reverse(f"oauth-{provider}-callback")


def authorization_url(begun: LoginState) -> str:
    """Where a browser is sent, to be asked there."""
    provider = Provider(begun.provider)
    client: OAuthClient = settings.OAUTH[provider]
    asked = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": redirect_uri(provider),
        "scope": SCOPES[provider],
        "state": begun.state,
        "code_challenge": begun.challenge,
        "code_challenge_method": "S256",
        "prompt": "select_account",  # several people share a browser here
    }
    return f"{client.authorize_url}?{urlencode(asked)}"


def identify(begun: LoginState, code: str) -> Identity:
    """Whom the code is about. Raises ProviderRefused, ProviderAway, ProviderAddressMissing."""
    provider = Provider(begun.provider)
    client: OAuthClient = settings.OAUTH[provider]
    with Line(provider) as line:
        token = line.token(client, code, begun.verifier)
        if provider is Provider.GOOGLE:
            return _by_google(line.get(f"{client.api_url}/userinfo", token))
        return _by_github(line.get(f"{client.api_url}/user", token), line.get(f"{client.api_url}/user/emails", token))


class Line:
    """Requests to a provider: no redirect is followed, and nothing takes longer or is larger than it should be."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.deadline = monotonic() + PATIENCE
        said = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "FinanceBot"}
        self.http = httpx.Client(timeout=TIMEOUT, follow_redirects=False, headers=said)

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def token(self, client: OAuthClient, code: str, verifier: str) -> str:
        """The access token for a code (RFC 6749, 4.1.3)."""
        status, said = self._ask(
            "POST",
            client.token_url,
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect_uri(self.provider),
                "client_id": client.client_id,
                "client_secret": client.client_secret,
                "code_verifier": verifier,
            },
        )
        if "error" in said or status in REFUSALS:  # GitHub refuses with status 200
            log.warning("%s gave no token: status %s, %r", self.provider, status, str(said.get("error"))[:60])
            raise ProviderRefused(provider=self.provider.label)
        token = said.get("access_token")
        if status != HTTPStatus.OK or not isinstance(token, str) or not TOKEN.fullmatch(token):
            raise self.away(f"status {status} without a token")
        return token

    def get(self, url: str, token: str) -> Any:
        status, said = self._ask("GET", url, headers={"Authorization": f"Bearer {token}"}, kind=(dict, list))
        if status != HTTPStatus.OK:
            raise self.away(f"status {status}")
        return said

    def away(self, why: str) -> ProviderAway:
        log.warning("%s does not answer as it should: %s", self.provider, why)
        return ProviderAway(provider=self.provider.label)

    def _ask(self, method: str, url: str, *, kind: tuple[type, ...] = (dict,), **given: Any) -> tuple[int, Any]:
        body = b""
        try:
            with self.http.stream(method, url, **given) as answer:
                for part in answer.iter_raw():
                    body += part
                    if len(body) > ANSWER_MAX or monotonic() > self.deadline:
                        raise self.away("too much, or too slow")
            said = json.loads(body)
        except (httpx.HTTPError, ValueError, RecursionError) as error:
            raise self.away(type(error).__name__) from error
        if not isinstance(said, kind):
            raise self.away("not what was asked for")
        return answer.status_code, said


def _by_google(person: Any) -> Identity:
    """OpenID Connect Core, 5.3.2."""
    found = person if isinstance(person, dict) else {}
    email = found.get("email") if found.get("email_verified") is True else None
    return _identity(
        Provider.GOOGLE, found.get("sub"), email, _name(found.get("given_name")), _name(found.get("family_name"))
    )


def _by_github(person: Any, addresses: Any) -> Identity:
    found = person if isinstance(person, dict) else {}
    number = found.get("id")
    rows = [row for row in addresses if isinstance(row, Mapping)] if isinstance(addresses, list) else []
    proven = (row.get("email") for row in rows if row.get("primary") is True and row.get("verified") is True)
    subject = str(number) if type(number) is int and number > 0 else None
    return _identity(Provider.GITHUB, subject, next(proven, None), _name(found.get("name")))


def _identity(provider: Provider, subject: Any, email: Any, *names: str) -> Identity:
    if not isinstance(subject, str) or not SUBJECT.fullmatch(subject):
        raise ProviderAway(provider=provider.label)
    if not _is_address(email):
        raise ProviderAddressMissing(provider=provider.label)
    return Identity(provider, subject, normalise_email(email), *names)


def _is_address(email: Any) -> bool:
    """ASCII alone: another letter that we would fold to one of ours is another mailbox, with another owner."""
    if not isinstance(email, str) or not email.isascii() or len(email) > EMAIL_MAX:
        return False
    try:
        validate_email(email)
    except ValidationError:
        return False
    return True


def _name(said: Any) -> str:
    return "".join(filter(str.isprintable, said)).strip()[:NAME_MAX] if isinstance(said, str) else ""
