"""An authenticator app in somebody's pocket."""

from dataclasses import dataclass
from typing import Any

from accounts import second_factor, totp
from accounts.models import TotpDevice, User
from financebot.common import clock
from tests.accounts.tools import log_in
from tests.http import Http


@dataclass(frozen=True)
class App:
    """Shows the codes of a key; with the backup codes on the paper beside it."""

    user: User
    key: str
    backup_codes: list[str]

    def code(self, steps: int = 0) -> str:
        """The code of now, or of so many steps later."""
        return totp.code_at(self.key, totp.step_at(clock.now()) + steps)

    def wrong(self) -> str:
        """Six digits that are no code of now."""
        near = {self.code(steps) for steps in range(-2, 3)}
        return next(text for text in map("{:06d}".format, range(10)) if text not in near)

    def challenge(self) -> str:
        answer = log_in(self.user.email)
        assert answer.status_code == 202, answer.content
        return answer.json()["challenge"]

    def enter(self, code: str, challenge: str | None = None) -> Any:
        return Http().post("/auth/login/2fa", challenge=challenge or self.challenge(), code=code)

    def enter_by_paper(self, backup_code: str, challenge: str | None = None) -> Any:
        return Http().post("/auth/2fa/backup-code", challenge=challenge or self.challenge(), backup_code=backup_code)


def protect(user: User) -> App:
    """Somebody who has had two-factor authentication for a while."""
    key = totp.new_key()
    TotpDevice.objects.create(user=user, key=key, confirmed_at=clock.now())
    return App(user, key, second_factor.make_backup_codes(user))
