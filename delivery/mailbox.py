"""Mail without a mail server: a file for each message, for people to open and for programs to pass on."""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from financebot.common import clock


class EmailBackend(BaseEmailBackend):
    """Writes `FINANCEBOT_DATA/mail/*.eml`: in the order of time by name, whole or not at all, for their owner's eyes.

    Raises OSError where a file cannot be written.
    """

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        folder = settings.DATA / "mail"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for message in messages:
            _write(folder, message)
        return len(messages)


def _write(folder: Path, message: EmailMessage) -> None:
    name = f"{clock.now():%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}.eml"
    part = folder / f".{name}"
    part.touch(mode=0o600, exist_ok=False)
    try:
        with part.open("wb") as file:
            file.write(message.message().as_bytes())
            file.flush()
            os.fsync(file.fileno())
        part.rename(folder / name)
    finally:
        part.unlink(missing_ok=True)
