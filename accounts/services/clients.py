"""Programs that sign, and their tokens without a person: what an operator does at the command line."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from django.conf import settings
from django.db import IntegrityError
from django.utils.translation import gettext as _

from accounts import clients, tokens
from accounts.models import ApiClient, LoginSession, ServiceScope, ServiceToken
from accounts.sessions import revoke
from audit import trail
from audit.names import EventName
from audit.trail import Actor, Event
from financebot.common import clock
from financebot.common.errors import Changed, Invalid, NotFound
from financebot.common.usecase import use_case


@dataclass(frozen=True, slots=True)
class Credentials:
    """A client's secret, told once; until when the one before it holds, if there is one."""

    client_id: str
    secret: str
    previous_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    id: int
    token: str
    expires_at: datetime


@use_case
def create_client(*, actor: Actor, client_id: str) -> Credentials:
    """A new client, or a revoked one with a secret of its own again. Raises Invalid for what is no id, Changed where
    there is one that works; locks its row."""
    if not clients.CLIENT_ID.fullmatch(client_id):
        raise Invalid({"client_id": [_("1 to 60 of A-Z a-z 0-9 . _ -")]})
    secret = secrets.token_urlsafe(32)
    client = ApiClient.objects.lock().filter(client_id=client_id).first()
    if client is None:
        client = _create(client_id, secret)
    elif client.revoked_at is None:
        raise Changed
    else:
        client.secret, client.revoked_at = secret, None
        client.save(update_fields=["secret", "revoked_at"])
    trail.record(_about(EventName.CLIENT_CREATED, client), actor=actor)
    return Credentials(client_id, secret)


@use_case
def rotate_client(*, actor: Actor, client_id: str) -> Credentials:
    """A new secret; the present one holds for a day more. Raises NotFound, Changed if revoked; locks its row."""
    client = _lock(client_id)
    client.previous_secret, client.previous_until = client.secret, clock.now() + settings.CLIENT_SECRET_OVERLAP
    client.secret = secrets.token_urlsafe(32)
    client.save(update_fields=["secret", "previous_secret", "previous_until"])
    trail.record(_about(EventName.CLIENT_ROTATED, client), actor=actor)
    return Credentials(client_id, client.secret, client.previous_until)


@use_case
def revoke_client(*, actor: Actor, client_id: str) -> None:
    """Its secrets, the log-ins that it opened and its service tokens end. Raises NotFound, Changed; locks its row."""
    client = _lock(client_id)
    client.revoked_at = clock.now()
    client.previous_secret = client.previous_until = None
    client.save(update_fields=["revoked_at", "previous_secret", "previous_until"])
    revoke(LoginSession.objects.bound_to(client_id))
    revoke(ServiceToken.objects.filter(client=client_id))
    trail.record(_about(EventName.CLIENT_REVOKED, client), actor=actor)


@use_case
def issue_service_token(*, actor: Actor, client_id: str) -> Issued:
    """A token for a year, told once. Raises NotFound for a client that is unknown or revoked; locks its row."""
    ApiClient.objects.lock().filter(client_id=client_id).first()
    if not clients.secrets_of(client_id):
        raise NotFound
    now = clock.now().replace(microsecond=0)
    row = ServiceToken.objects.create(
        jti=uuid4().hex,
        scope=ServiceScope.TELEGRAM_BOT,
        client=client_id,
        issued_at=now,
        expires_at=now + settings.SERVICE_TOKEN_LIFETIME,
    )
    trail.record(_about_token(EventName.SERVICE_TOKEN_ISSUED, row), actor=actor)
    return Issued(row.pk, tokens.service(row), row.expires_at)


@use_case
def revoke_service_token(*, actor: Actor, token_id: int) -> None:
    """It ends with the next request. Raises NotFound, Changed when it is revoked already; locks its row."""
    row = ServiceToken.objects.lock().filter(pk=token_id).first()
    if row is None:
        raise NotFound
    if row.revoked_at:
        raise Changed
    row.revoked_at = clock.now()
    row.save(update_fields=["revoked_at"])
    trail.record(_about_token(EventName.SERVICE_TOKEN_REVOKED, row), actor=actor)


def _lock(client_id: str) -> ApiClient:
    """A client that works; of the bot's, which needs no row, one is made of the secret in the settings."""
    client = ApiClient.objects.lock().filter(client_id=client_id).first()
    if client is None and client_id == clients.BOT:
        return _create(client_id, settings.HMAC_SECRET_KEY)
    if client is None:
        raise NotFound
    if client.revoked_at:
        raise Changed
    return client


def _create(client_id: str, secret: str) -> ApiClient:
    """Changed when somebody else made it at the same moment."""
    try:
        return ApiClient.objects.create(client_id=client_id, secret=secret)
    except IntegrityError as error:
        raise Changed from error


def _about(name: EventName, client: ApiClient) -> Event:
    return Event(name, "client", client.pk, {"client_id": (None, client.client_id)})


def _about_token(name: EventName, row: ServiceToken) -> Event:
    return Event(name, "service_token", row.pk, {"client_id": (None, row.client), "scope": (None, row.scope)})
