"""Django's sessions in the database, by a digest of their key: who reads the table has nobody's cookie."""

import hashlib
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession

from financebot.common import clock

COLUMN = 40  # characters that the table holds of a key


class SessionStore(db.SessionStore):
    def exists(self, session_key: str) -> bool:
        return super().exists(_kept(session_key))

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            super().delete(_kept(key))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        row = super().create_model_instance(data)
        row.session_key = _kept(row.session_key)
        return row

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        kept = _kept(self.session_key or "")
        row = self.model.objects.filter(session_key=kept, expire_date__gt=clock.now()).first()
        if row is None:
            self._session_key = None  # a key that we never gave is never taken up
        return row


def _kept(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:COLUMN]
