"""Programs that sign their requests: which secrets each may sign with at this moment."""

import re

from django.conf import settings

from accounts.models import ApiClient, LoginSession
from financebot.common import clock

BOT = "telegram_bot"  # the client that there is without a row, by HMAC_SECRET_KEY
CLIENT_ID = re.compile(r"[A-Za-z0-9._-]{1,60}", re.ASCII)


def secrets_of(client_id: str) -> list[str]:
    """The present secret, then the one before it while it lasts; none of a client that is unknown or revoked."""
    row = ApiClient.objects.filter(client_id=client_id).first()
    if row is None:
        return [settings.HMAC_SECRET_KEY] if client_id == BOT else []
    if row.revoked_at:
        return []
    lasts = row.previous_until is not None and clock.now() < row.previous_until
    return [row.secret, row.previous_secret] if lasts else [row.secret]


def bound_to(session: LoginSession) -> str:
    """The client whose signature a token of this log-in is worth nothing without; empty where it is anybody's."""
    return session.signed_by or (BOT if session.scope == "telegram" else "")
