"""What works once works once: used twice, and fifty times at the same moment, over HTTP and from anywhere."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from accounts import codes, mailed, second_factor
from accounts.models import CodePurpose, LoginSession, User
from families.models import Membership
from ledger.models import Approval
from tests.accounts.app import App, protect
from tests.conftest import House, Person, at_once, person
from tests.factories import PASSWORD
from tests.http import Http
from tests.ledger.helpers import want_approval
from tests.permission_rows import invitation

pytestmark = pytest.mark.django_db(transaction=True)

FIFTY = 50
Use = Callable[[int], Any]  # the n-th use of one and the same thing, one that would succeed if it were the first
Proof = Callable[[], int]  # how often it has had its effect
Thing = Callable[[House], tuple[Use, Proof]]


@pytest.fixture
def _django_db_helper(kept_house: House) -> None:
    """In place of pytest-django's, which would empty the tables after each test."""


def from_anywhere(number: int, token: str | None = None) -> Http:
    """Each from a network of its own: what is counted by network stops nobody here."""
    found = Http(token)
    found.client.defaults["REMOTE_ADDR"] = f"10.7.{number // 250}.{number % 250}"
    return found


def by_letter(purpose: CodePurpose, path: str, count: Callable[[User], int], **fields: str) -> Thing:
    def made(house: House) -> tuple[Use, Proof]:
        user = person().user
        token = mailed.make(purpose, user)

        def use(number: int) -> Any:
            body = {name: text.format(number) for name, text in fields.items()}
            return from_anywhere(number).post(path, token=token, **body)

        return use, lambda: count(User.objects.get(pk=user.pk))

    return made


def invited(house: House) -> tuple[Use, Proof]:
    token, guests = invitation(house, "owner").token, [person().http for _ in range(FIFTY)]
    before = Membership.objects.count()
    return lambda number: guests[number].post(
        "/invitations/accept", token=token
    ), lambda: Membership.objects.count() - before


def confirmation(house: House) -> tuple[Use, Proof]:
    """Of an entry that two must approve, so that it still waits after the first."""
    want_approval(house, approvals=2)
    entry = house.spend("600.00", by="member").transaction.pk
    payload = {"membership": house.adult.membership.pk, "version": 1}
    token = codes.make(CodePurpose.CONFIRMATION, subject=entry, life=timedelta(hours=1), payload=payload)
    http = [house.adult.http for _ in range(FIFTY)]
    return (
        lambda number: http[number].post(f"/transactions/{entry}/confirm", confirmation_token=token),
        lambda: Approval.objects.filter(transaction=entry).count(),
    )


def protected() -> tuple[Person, App]:
    someone = person()
    return someone, protect(someone.user)


def challenge(app: App) -> str:
    device = second_factor.device_of(app.user)
    assert device
    return second_factor.challenge(app.user, device).challenge


def log_ins(app: App) -> Proof:
    before = LoginSession.objects.of(app.user.pk).count()
    return lambda: LoginSession.objects.of(app.user.pk).count() - before


def a_challenge(house: House) -> tuple[Use, Proof]:
    """Answered rightly each time, by codes of which each has its turn."""
    _, app = protected()
    asked = challenge(app)

    def use(number: int) -> Any:
        body = {"challenge": asked, "backup_code": app.backup_codes[number % 10]}
        return from_anywhere(number).post("/auth/2fa/backup-code", **body)

    return use, log_ins(app)


def a_code_of_the_app(house: House) -> tuple[Use, Proof]:
    _, app = protected()
    code, asked = app.code(1), [challenge(app) for _ in range(FIFTY)]
    return (
        lambda number: from_anywhere(number).post("/auth/login/2fa", challenge=asked[number], code=code),
        log_ins(app),
    )


def a_backup_code(house: House) -> tuple[Use, Proof]:
    _, app = protected()
    code, asked = app.backup_codes[0], [challenge(app) for _ in range(FIFTY)]
    return (
        lambda number: from_anywhere(number).post("/auth/2fa/backup-code", challenge=asked[number], backup_code=code),
        log_ins(app),
    )


def at_every_door(code_of: Callable[[App], str], log_in: str, field: str, *others: tuple[str, dict[str, str]]) -> Thing:
    """One code at the log-in and at all that asks for one of somebody who is logged in."""

    def made(house: House) -> tuple[Use, Proof]:
        someone, app = protected()
        code, token = code_of(app), someone.http.client._credentials["HTTP_AUTHORIZATION"].split()[1]
        asked, succeeded = [challenge(app) for _ in range(FIFTY)], list[int]()

        def use(number: int) -> Any:
            calls = [(log_in, {"challenge": asked[number], field: code})]
            calls += [(path, {**body, "code": code}) for path, body in others]
            path, body = calls[number % len(calls)]
            answer = from_anywhere(number, token if "challenge" not in body else None).post(path, **body)
            if answer.status_code < 300:
                succeeded.append(number)
            return answer

        return use, lambda: len(succeeded)

    return made


KNOWN = {"password": PASSWORD}
THINGS: dict[str, Thing] = {
    "a link to a new password": by_letter(
        CodePurpose.PASSWORD_RESET,
        "/auth/password/reset/confirm",
        lambda user: user.security_epoch,
        new_password="long and new {}",
    ),
    "a link that proves an address": by_letter(
        CodePurpose.EMAIL_VERIFICATION, "/auth/email/verify", lambda user: int(user.email_verified_at is not None)
    ),
    "'this was not me'": by_letter(CodePurpose.NOT_ME, "/auth/not-me", lambda user: user.security_epoch),
    "an invitation": invited,
    "a confirmation token": confirmation,
    "a challenge": a_challenge,
    "a code of the app": a_code_of_the_app,
    "a backup code": a_backup_code,
    "a code of the app, at every door": at_every_door(
        lambda app: app.code(1), "/auth/login/2fa", "code", ("/auth/step-up", {}), ("/auth/2fa/backup-codes", KNOWN)
    ),
    "a backup code, at every door": at_every_door(
        lambda app: app.backup_codes[0], "/auth/2fa/backup-code", "backup_code", ("/auth/2fa/backup-codes", KNOWN)
    ),
}
ANSWERS = {200, 201, 204}


def check(thing: Thing, house: House, run: Callable[[list[Callable[[], Any]]], list[Any]], uses: int) -> None:
    use, effects = thing(house)
    answers = run([partial(use, number) for number in range(uses)])
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] in ANSWERS, [answer.content for answer in answers][:1]
    assert statuses[1:] == [400] * (uses - 1)
    assert {answer.json()["code"] for answer in answers if answer.status_code == 400} == {"invalid_code"}
    assert effects() == 1


@pytest.mark.parametrize("thing", THINGS.values(), ids=THINGS.keys())
def test_what_works_once_works_once(kept_house: House, thing: Thing):
    check(thing, kept_house, lambda works: [work() for work in works], 6)


@pytest.mark.postgres
@pytest.mark.parametrize("thing", THINGS.values(), ids=THINGS.keys())
def test_of_fifty_uses_at_once_one_succeeds(kept_house: House, thing: Thing):
    check(thing, kept_house, at_once, FIFTY)
