from dataclasses import asdict
from typing import Any

from accounts.authentication import nobody
from accounts.sessions import Entered
from audit.trail import Actor
from financebot.api.views import ApiView


class PersonViewSet(ApiView):
    """Calls that concern a person and no family."""

    @property
    def person(self) -> int:
        return int(self.request.user.pk or 0)

    @property
    def actor(self) -> Actor:
        return self.request.auth or nobody()  # type: ignore[return-value]


def tokens_of(entered: Entered) -> dict[str, Any]:
    return {**asdict(entered.tokens), "device_id": entered.seen.device_id}
