"""Whatever is asked in whatever order: who has a second factor gets no token and no cookie without showing it.

The walk makes every sequence of calls, each after what came before it, in a savepoint that is undone behind it. Where a
call leaves rows and cookies as another sequence has left them, what follows is not walked again: what is random is made
the same for the same rows, and the clock stands still.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.test import Client

from accounts import codes, mailed
from accounts.authentication import SESSION_KEY
from accounts.models import CodePurpose, LoginSession, OneTimeCode, User
from accounts.pages import CHALLENGE_KEY
from accounts.tokens import pair
from financebot.common import clock
from tests.accounts.app import App, protect
from tests.accounts.tools import claims_of, signed
from tests.conftest import House, person
from tests.factories import PASSWORD
from tests.families.helpers import invite
from tests.http import Http
from tests.security.scene import contents

pytestmark = [pytest.mark.django_db, pytest.mark.no_cover, pytest.mark.once]

EMAIL = "ann@example.org"
EVENTS = "audit_eventlog"  # which nothing asks before it lets somebody in


@dataclass
class Attacker:
    """Knows the password and reads the mail; has codes that were used, a dead session's tokens, every challenge that
    was given out, and an account with a second factor of their own. Has neither the app nor the paper."""

    app: App
    own: App
    used: str
    paper: str
    dead: str
    alive: str
    invitation: str
    challenge: str = "A" * 32
    browser: Client = field(default_factory=Client)
    http: Http = field(default_factory=Http)

    @property
    def victim(self) -> User:
        return User.objects.get(pk=self.app.user.pk)

    def post(self, path: str, bearer: str = "", **body: str) -> Any:
        return self.http.post(path, headers={"Authorization": f"Bearer {bearer}"} if bearer else {}, **body)

    def at_challenge(self, code: str, bearer: str = "") -> Any:
        return self.post("/auth/login/2fa", bearer, challenge=self.challenge, code=code)

    def by_paper(self, code: str) -> Any:
        return self.post("/auth/2fa/backup-code", challenge=self.challenge, backup_code=code)

    def mailed(self, purpose: CodePurpose) -> str:
        return mailed.make(purpose, self.victim)

    def page(self, path: str, **fields: str) -> Any:
        return self.browser.post(path, fields)

    @property
    def kept(self) -> dict[str, Any]:
        """What the browser's session holds."""
        return dict(self.browser.session) if settings.SESSION_COOKIE_NAME in self.browser.cookies else {}


def log_in(attacker: Attacker) -> Any:
    answer = attacker.post("/auth/login", email=EMAIL, password=PASSWORD)
    attacker.challenge = answer.json().get("challenge", attacker.challenge)
    return answer


def forged(attacker: Attacker) -> str:
    return signed(claims_of(attacker.alive) | {"sub": str(attacker.app.user.pk)}, key="k" * 32)


Ask = Callable[[Attacker], Any]
CORE: dict[str, Ask] = {
    "log in": log_in,
    "log in wrongly": lambda a: a.post("/auth/login", email=EMAIL, password="wrong"),
    "show a wrong code": lambda a: a.at_challenge(a.app.wrong()),
    "show a used code": lambda a: a.at_challenge(a.used),
    "show used paper": lambda a: a.by_paper(a.paper),
    "refresh what is dead": lambda a: a.post("/auth/refresh", refresh_token=a.dead),
    "reset the password": lambda a: a.post(
        "/auth/password/reset/confirm", token=a.mailed(CodePurpose.PASSWORD_RESET), new_password=PASSWORD
    ),
    "log in by the page": lambda a: a.page("/login", email=EMAIL, password=PASSWORD),
    "show the page a used code": lambda a: a.page("/login/code", code=a.used),
}
CALLS: dict[str, Ask] = CORE | {
    "register": lambda a: a.post("/auth/register", email=EMAIL, password=PASSWORD),
    "register by an invitation": lambda a: a.post(
        "/auth/register", email=EMAIL.upper(), password=PASSWORD, invitation=a.invitation
    ),
    "show an old code": lambda a: a.at_challenge(a.app.code(-1)),
    "show a code of one's own": lambda a: a.at_challenge(a.own.code()),
    "show it as oneself": lambda a: a.at_challenge(a.own.code(), a.alive),
    "show wrong paper": lambda a: a.by_paper("0" * 16),
    "show paper of one's own": lambda a: a.by_paper(a.own.backup_codes[1]),
    "refresh the challenge": lambda a: a.post("/auth/refresh", refresh_token=a.challenge),
    "refresh what is forged": lambda a: a.post("/auth/refresh", refresh_token=forged(a)),
    "ask for a reset": lambda a: a.post("/auth/password/reset", email=EMAIL),
    "prove the address": lambda a: a.post("/auth/email/verify", token=a.mailed(CodePurpose.EMAIL_VERIFICATION)),
    "ask for its letter": lambda a: a.post("/auth/email/verify/resend", email=EMAIL),
    "lock the account": lambda a: a.post("/auth/not-me", token=a.mailed(CodePurpose.NOT_ME)),
    "use one letter for another": lambda a: a.post("/auth/not-me", token=a.mailed(CodePurpose.PASSWORD_RESET)),
    "turn it off": lambda a: a.post("/auth/2fa/disable", a.challenge, password=PASSWORD, code=a.used),
    "turn it on anew": lambda a: a.post("/auth/2fa/enable", forged(a)),
    "step up": lambda a: a.post("/auth/step-up", a.challenge, password=PASSWORD),
    "change the password": lambda a: a.post(
        "/auth/password/change", a.challenge, current_password=PASSWORD, new_password="x" * 12
    ),
    "accept an invitation": lambda a: a.post("/invitations/accept", a.challenge, token=a.invitation),
    "get the page wrong": lambda a: a.page("/login", email=EMAIL, password="wrong"),
    "show the page a wrong code": lambda a: a.page("/login/code", code=a.app.wrong()),
    "show the page a code of one's own": lambda a: a.page("/login/code", code=a.own.code()),
    "answer the page's challenge": lambda a: a.post(
        "/auth/login/2fa", challenge=a.kept.get(CHALLENGE_KEY, "none"), code=a.used
    ),
    "turn it on by the page": lambda a: a.page("/two-factor"),
    "reset by the letter's page": lambda a: a.page(
        "/auth/password/reset", token=a.mailed(CodePurpose.PASSWORD_RESET), new_password=PASSWORD
    ),
    "prove it by the letter's page": lambda a: a.page(
        "/auth/email/verify", token=a.mailed(CodePurpose.EMAIL_VERIFICATION)
    ),
    "enter the back office": lambda a: a.page("/admin/login/?next=/admin/", username=EMAIL, password=PASSWORD),
    "step up there": lambda a: a.page("/admin/step-up/", password=PASSWORD),
    "log out by the page": lambda a: a.page("/logout"),
}


@pytest.fixture
def attacker(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Attacker]:
    """What is random is counted instead, so that the same calls leave the same rows in whatever order."""
    with time_machine.travel(clock.now().replace(microsecond=0), tick=False):
        ann, eve = person(email=EMAIL), person(email="eve@example.org")
        ann.user.is_staff = True
        ann.user.save()
        app, own = protect(ann.user), protect(eve.user)
        used, paper = app.code(1), app.backup_codes[0]
        assert app.enter(used).status_code == 200
        assert app.enter_by_paper(paper).status_code == 200
        LoginSession.objects.filter(user=ann.user).update(revoked_at=clock.now())
        monkeypatch.setattr(codes.secrets, "token_urlsafe", lambda _: f"code {OneTimeCode.objects.count()}")
        monkeypatch.setattr("django.contrib.auth.hashers.BasePasswordHasher.salt", lambda _: "the same")
        token = invite(house.owner, "adult", EMAIL).token
        yield Attacker(app, own, used, paper, pair(ann.session).refresh_token, pair(eve.session).access_token, token)


def state(attacker: Attacker) -> str:
    """All that an answer can depend on: rows, what the browser's sessions hold, what the attacker knows."""
    rows = {table: digest for table, digest in contents().items() if table != EVENTS}
    kept = sorted(repr(sorted(session.get_decoded().items())) for session in Session.objects.all())
    return repr((rows, kept, sorted(attacker.kept.items()), attacker.challenge))


def is_in(attacker: Attacker, answer: Any) -> bool:
    """Whether the attacker is somebody they are not: by a token, a cookie, or a session that stands."""
    opened = LoginSession.objects.alive().filter(user=attacker.app.user).exists()
    return opened or b"access_token" in answer.content or SESSION_KEY in attacker.kept


class Walk:
    """Those sequences of calls, up to a length, that let the attacker in."""

    def __init__(self, attacker: Attacker, calls: Mapping[str, Ask]) -> None:
        self.attacker, self.calls = attacker, calls
        self.walked: dict[str, int] = {}  # by state: how many calls further
        self.made = 0

    def found(self, length: int) -> Iterator[tuple[str, ...]]:
        here = state(self.attacker)
        if self.walked.get(here, 0) >= length:
            return
        self.walked[here] = length
        for name, call in self.calls.items():
            mark, known = transaction.savepoint(), self.attacker.challenge
            cookies = {name: morsel.value for name, morsel in self.attacker.browser.cookies.items()}
            self.made += 1
            if is_in(self.attacker, call(self.attacker)):
                yield (name,)
            else:
                yield from ((name, *rest) for rest in self.found(length - 1))
            transaction.savepoint_rollback(mark)
            self.attacker.challenge = known
            self.attacker.browser.cookies.load(cookies)
            for new in self.attacker.browser.cookies.keys() - cookies:
                del self.attacker.browser.cookies[new]


def test_no_two_calls_let_anybody_in(attacker: Attacker):
    walk = Walk(attacker, CALLS)
    assert list(walk.found(2)) == []
    assert len(walk.walked) > 5


def test_no_three_of_the_calls_that_a_log_in_is_made_of_do(attacker: Attacker):
    assert list(Walk(attacker, CORE).found(3)) == []


@pytest.mark.long
def test_no_four_calls_do(attacker: Attacker):
    assert list(Walk(attacker, CALLS).found(4)) == []


def by_paper(attacker: Attacker) -> Any:
    return attacker.by_paper(attacker.app.backup_codes[1])


def by_the_page(attacker: Attacker) -> Any:
    return attacker.page("/login/code", code=attacker.app.backup_codes[1])


def test_the_walk_sees_who_gets_in_by_the_second_factor_and_nobody_else(attacker: Attacker):
    right = {"paper": by_paper, "paper for the page": by_the_page}
    calls = {name: CORE[name] for name in ("log in", "log in by the page", "show a used code")} | right
    assert set(Walk(attacker, calls).found(2)) == {("log in", "paper"), ("log in by the page", "paper for the page")}


def test_a_sequence_that_is_not_walked_again_would_have_found_the_same(attacker: Attacker):
    """Merging what looks the same against making every call: both find every way in that there is."""

    class Whole(Walk):
        walked = property(lambda self: {}, lambda self, value: None)

    calls = {name: CALLS[name] for name in ("log in", "show a wrong code", "reset the password")} | {"paper": by_paper}
    merged, whole = Walk(attacker, calls), Whole(attacker, calls)
    ways = set(merged.found(3))
    assert ways <= set(whole.found(3))
    assert {way[-2:] for way in ways} >= {("log in", "paper")}
    assert merged.made < whole.made
