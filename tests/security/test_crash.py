"""The database may fail at any statement: what was under way leaves nothing behind, and can be done again."""

import importlib
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.db import OperationalError, connection

from accounts import codes, lockout, mailed, totp
from accounts import services as accounts
from accounts.lockout import Reservation
from accounts.mailed import To
from accounts.models import CodePurpose, LoginThrottle, Provider, ThrottleKind, TotpDevice, User
from accounts.passwords import Proof, prove
from accounts.providers import Identity
from accounts.services import Factor, Shown
from accounts.tokens import RefreshClaims
from audit.trail import Actor
from families import services as families
from financebot.common import clock
from financebot.common.usecase import Refused, unit_of_work
from tests.accounts.app import App, protect
from tests.conftest import House, person
from tests.factories import PASSWORD
from tests.security.ledger_runs import LEDGER_RUNS, Given, spent, waiting
from tests.security.scene import OURS, contents
from tests.security.telegram_runs import TELEGRAM_RUNS

pytestmark = [pytest.mark.django_db, pytest.mark.no_cover, pytest.mark.usefixtures("no_notes")]

STATEMENTS_MAX = 200


class Crash(OperationalError):
    """The connection is gone; `locked` in its words makes it a passing failure on SQLite too."""

    def __init__(self) -> None:
        super().__init__("the database is locked, or gone")


@contextmanager
def crash_at(number: int) -> Iterator[None]:
    """The database fails once, at its `number`-th statement from here."""
    count = 0

    def fail(execute: Callable[..., Any], *args: Any) -> Any:
        nonlocal count
        count += 1
        if count == number:
            raise Crash
        return execute(*args)

    with connection.execute_wrapper(fail):
        yield


def use_cases() -> dict[str, Callable[..., Any]]:
    """Every function marked as a use case in the `services` of our apps."""
    found = {}
    for app in apps.get_app_configs():
        if app.label in OURS and importlib.util.find_spec(f"{app.name}.services"):
            module = importlib.import_module(f"{app.name}.services")
            for name, function in inspect.getmembers(module, inspect.isfunction):
                if getattr(function, "is_use_case", False):
                    found[f"{app.label}.{name}"] = function
    return found


def proof_of(house: House, password: str = PASSWORD) -> Proof:
    return prove(house.owner.user, password)


def throttle(house: House) -> LoginThrottle:
    return LoginThrottle.objects.create(kind="pair", key="a" * 64, failures=4, began_at=clock.now())


def locked_next(house: House) -> list[lockout.Key]:
    """The keys of tries of which the next one locks."""
    row = throttle(house)
    return [(ThrottleKind(row.kind), row.key)]


def owners_app(house: House) -> App:
    return protect(house.owner.user)


def unconfirmed(house: House) -> App:
    app = owners_app(house)
    TotpDevice.objects.update(confirmed_at=None)
    return app


def right(app: App) -> Shown:
    return Shown(app.code(), Factor.APP, reserved(app.user.pk))


def reserved(user_id: int) -> Reservation:
    with unit_of_work():
        found = lockout.reserve(lockout.for_codes(user_id=user_id, address="10.0.0.1", device=""))
    assert found
    return found


def challenged(house: House, factor: Factor) -> dict[str, Any]:
    app = owners_app(house)
    code = app.code() if factor is Factor.APP else app.backup_codes[0]
    shown = Shown(code, factor, reserved(app.user.pk))
    return {"actor": Actor(), "challenge": app.challenge(), "shown": shown}


def invited(house: House) -> dict[str, Any]:
    """Somebody new with the token of an invitation."""
    with unit_of_work():
        found = families.create_invitation(actor=house.owner.actor, role="member", email=None)
    return {"actor": person().actor, "token": found.token}


def open_invitation(house: House) -> int:
    with unit_of_work():
        return families.create_invitation(actor=house.owner.actor, role="member", email=None).invitation.pk


def service_token() -> int:
    with unit_of_work():
        return accounts.issue_service_token(actor=Actor(), client_id="telegram_bot").id


def archived(house: House) -> dict[str, Any]:
    with unit_of_work():
        families.archive_family(actor=house.owner.actor)
    return {}


def closed(house: House) -> dict[str, Any]:
    with unit_of_work():
        families.close_period(actor=house.owner.actor, through=date(2025, 12, 31))
    return {"through": None}


def session_of(house: House) -> int:
    return house.owner.session.pk


def member(house: House, name: str = "member") -> dict[str, Any]:
    return {"membership_id": house.people[name].membership.pk}


def leaving(house: House) -> dict[str, Any]:
    """An adult with something that waits and something hidden."""
    waiting(house, by="adult")
    return member(house, "adult")


def erased(house: House) -> dict[str, Any]:
    """An adult with something that waits and something hidden."""
    leaving(house)
    house.earn("5.00", "secret", by="adult", payee="Bakery", tags=("bread",))
    return {"actor": house.adult.actor, "proof": prove(house.adult.user, PASSWORD)}


def mailed_to(house: House, purpose: CodePurpose, to: To = To.PRESENT, **fields: Any) -> dict[str, Any]:
    User.objects.filter(pk=house.owner.user.pk).update(**{"version": 1, **fields})
    user = User.objects.get(pk=house.owner.user.pk)
    return {"actor": Actor(), "token": mailed.make(purpose, user, to=to)}


def by_provider(email: str) -> dict[str, Any]:
    """A log-in at Google; the owner's address is proven."""
    User.objects.filter(first_name="Olga").update(email_verified_at=clock.now())
    identity = Identity(Provider.GOOGLE, "1046", email)
    return {"actor": Actor(), "state": "a state", "identity": identity, "invitation": ""}


RUNS: dict[str, Given] = {
    "accounts.register": lambda h: {
        "actor": Actor(),
        "email": "new@example.org",
        "password_hash": "x",
        "first_name": "",
        "last_name": "",
    },
    "accounts.log_in": lambda h: {"actor": Actor(), "proof": proof_of(h)},
    "accounts.log_in (refused)": lambda h: {"actor": Actor(), "proof": proof_of(h, "wrong")},
    "accounts.enter_by_provider": lambda h: by_provider(h.owner.user.email),
    "accounts.enter_by_provider (new)": lambda h: by_provider("new@example.org"),
    "accounts.enter_by_provider (refused)": lambda h: by_provider(h.adult.user.email),
    "accounts.refresh": lambda h: {"actor": Actor(), "claims": RefreshClaims(session_of(h), 0)},
    "accounts.refresh (reuse)": lambda h: {"actor": Actor(), "claims": RefreshClaims(session_of(h), 7)},
    "accounts.log_out": lambda h: {"everywhere": True},
    "accounts.revoke_session": lambda h: {"session_id": session_of(h)},
    "accounts.step_up": lambda h: {"proof": proof_of(h)},
    "accounts.step_up (refused)": lambda h: {"proof": proof_of(h, "wrong")},
    "accounts.step_up (by a code)": lambda h: {"proof": right(owners_app(h))},
    "accounts.log_in (challenged)": lambda h: (protect(h.owner.user), {"actor": Actor(), "proof": proof_of(h)})[1],
    "accounts.answer_challenge": lambda h: challenged(h, Factor.APP),
    "accounts.answer_challenge (by a backup code)": lambda h: challenged(h, Factor.BACKUP),
    "accounts.answer_challenge (refused)": lambda h: {
        **challenged(h, Factor.APP),
        "shown": Shown("none", Factor.APP, Reservation({})),
    },
    "accounts.enable_two_factor": lambda h: {"key": totp.new_key()},
    "accounts.verify_two_factor": lambda h: {"shown": right(unconfirmed(h))},
    "accounts.disable_two_factor": lambda h: {"proof": proof_of(h), "code": owners_app(h).code()},
    "accounts.disable_two_factor (refused)": lambda h: {"proof": proof_of(h), "code": owners_app(h).wrong()},
    "accounts.take_two_factor_away": lambda h: {
        "actor": person(is_superuser=True).actor,
        "user_id": owners_app(h).user.pk,
    },
    "accounts.renew_backup_codes": lambda h: {"proof": proof_of(h), "code": owners_app(h).code()},
    "accounts.change_password": lambda h: {"proof": proof_of(h), "password_hash": "x"},
    "accounts.reserve_try": lambda h: {
        "actor": Actor(),
        "keys": lockout.for_log_in(email="a@b.cd", address="10.0.0.1", device=""),
    },
    "accounts.reserve_try (locks)": lambda h: {"actor": Actor(), "keys": locked_next(h)},
    "accounts.end_log_in": lambda h: {"actor": person(is_superuser=True).actor, "session_id": session_of(h)},
    "accounts.set_active": lambda h: {
        "actor": person(is_superuser=True).actor,
        "user_id": h.owner.user.pk,
        "active": False,
    },
    "accounts.set_active (again)": lambda h: {
        "actor": person(is_superuser=True).actor,
        "user_id": person(is_active=False).user.pk,
        "active": True,
    },
    "accounts.unlock": lambda h: {"actor": person(is_superuser=True).actor, "throttle_id": throttle(h).pk},
    "accounts.ask_password_reset": lambda h: {"actor": Actor(), "email": h.owner.user.email},
    "accounts.ask_verification": lambda h: {"actor": Actor(), "email": "nobody@example.org"},
    "accounts.reset_password": lambda h: {**mailed_to(h, CodePurpose.PASSWORD_RESET), "password_hash": "x"},
    "accounts.ask_email_change": lambda h: {"email": "new@example.org"},
    "accounts.end_week": lambda h: {"actor": Actor(channel="schedule"), "monday": date(2026, 5, 4)},
    "accounts.erase_account": erased,
    "accounts.erase_account (refused)": lambda h: {**erased(h), "proof": prove(h.adult.user, "wrong")},
    "accounts.note_export": lambda h: {},
    "accounts.verify_email": lambda h: mailed_to(h, CodePurpose.EMAIL_VERIFICATION),
    "accounts.verify_email (another)": lambda h: mailed_to(
        h, CodePurpose.EMAIL_VERIFICATION, To.NEW, new_email="new@example.org"
    ),
    "accounts.secure_account": lambda h: mailed_to(h, CodePurpose.NOT_ME),
    "accounts.secure_account (takes back)": lambda h: mailed_to(
        h, CodePurpose.NOT_ME, To.FORMER, former_email="old@example.org", former_until=clock.now() + timedelta(days=1)
    ),
    "accounts.edit_profile": lambda h: {"changes": {"first_name": "New"}, "version": None},
    "accounts.create_client": lambda h: {"client_id": "reports"},
    "accounts.rotate_client": lambda h: {"client_id": "telegram_bot"},
    "accounts.revoke_client": lambda h: {"client_id": "telegram_bot"},
    "accounts.issue_service_token": lambda h: {"client_id": "telegram_bot"},
    "accounts.revoke_service_token": lambda h: {"token_id": service_token()},
    "families.create_family": lambda h: {"name": "Second", "base_currency": "JPY", "timezone": "UTC"},
    "families.edit_family": lambda h: {"changes": {"name": "New"}, "version": None},
    "families.archive_family": lambda h: {},
    "families.restore_family": archived,
    "families.transfer_ownership": lambda h: member(h, "adult"),
    "families.close_period": lambda h: {"through": date(2025, 12, 31)},
    "families.reopen_period": closed,
    "families.create_invitation": lambda h: {"role": "adult", "email": "x@example.org"},
    "families.revoke_invitation": lambda h: {"invitation_id": open_invitation(h)},
    "families.accept_invitation": invited,
    "families.edit_member": lambda h: {
        **member(h),
        "changes": {
            "role": "adult",
            "spending_limit": Decimal(5),
            "grant": ["edit_family"],
            "withdraw": ["view_wallets"],
        },
        "version": None,
    },
    "families.suspend_member": member,
    "families.resume_member": lambda h: member(h, "suspended"),
    "families.remove_member": leaving,
    "delivery.issue_ticket": lambda h: {},
    "delivery.open_stream": lambda h: {
        "ticket": codes.make(CodePurpose.STREAM_TICKET, subject=h.owner.session.pk, life=timedelta(minutes=1))
    },
    **LEDGER_RUNS,
    **TELEGRAM_RUNS,
}


def use_case_of(run: str) -> str:
    return run.split(" (", maxsplit=1)[0]


def test_every_use_case_is_crashed():
    assert {use_case_of(run) for run in RUNS} == set(use_cases())


@pytest.mark.parametrize("run", RUNS)
def test_a_use_case_that_crashes_at_any_statement_leaves_nothing(run: str, house: House):
    given = {"actor": house.owner.actor, **RUNS[run](house)}
    work = partial(use_cases()[use_case_of(run)], **given)
    before, after_crash = contents(), []
    for number in range(1, STATEMENTS_MAX):
        try:
            with crash_at(number), unit_of_work():
                outcome = work()
        except Crash:
            if contents() != before:
                after_crash.append(number)
            continue
        break
    assert after_crash == []
    assert number > 3, "it wrote nothing"
    assert contents() != before
    assert isinstance(outcome, Refused) == (" (refused)" in run or " (reuse)" in run)


def reversal(house: House) -> tuple[str, str, dict[str, Any]]:
    return "post", f"/transactions/{spent(house)['transaction_id']}/reverse", {"reason": "wrong"}


def many(house: House) -> tuple[str, str, dict[str, Any]]:
    row = {"from_wallet_id": house.wallets["cash"].pk, "amount": "5.00", "payee": "Bakery", "tags": ["bread"]}
    return "post", "/transactions/bulk", {"transactions": [row, row]}


def approval(house: House) -> tuple[str, str, dict[str, Any]]:
    return "post", f"/transactions/{waiting(house, by='adult')['transaction_id']}/confirm", {"confirmation_token": None}


def replacement(house: House) -> tuple[str, str, dict[str, Any]]:
    return "patch", f"/transactions/{spent(house)['transaction_id']}", {"amount": "6.00"}


def reconciliation(house: House) -> tuple[str, str, dict[str, Any]]:
    return "post", f"/wallets/{house.wallets['cash'].pk}/reconcile", {"statement_balance": "6.00"}


def words(house: House) -> tuple[str, str, dict[str, Any]]:
    return "patch", f"/transactions/{spent(house)['transaction_id']}", {"notes": "new", "tags": ["new"]}


def removal(house: House) -> tuple[str, str, dict[str, Any]]:
    return "delete", f"/families/{house.family.pk}/members/{house.member.membership.pk}", {}


def revocation(house: House) -> tuple[str, str, dict[str, Any]]:
    return "delete", f"/families/{house.family.pk}/invitations/{open_invitation(house)}", {}


CALLS: dict[str, Callable[[House], tuple[str, str, dict[str, Any]]]] = {
    "an expense": lambda h: ("post", "/transactions", {"from_wallet_id": h.wallets["cash"].pk, "amount": "5.00"}),
    "many at once": many,
    "an approval": approval,
    "a replacement": replacement,
    "a reconciliation": reconciliation,
    "a reversal": reversal,
    "an edit of words": words,
    "a family": lambda h: ("post", "/families", {"name": "Second", "base_currency": "EUR"}),
    "a wallet's new name": lambda h: ("patch", f"/wallets/{h.wallets['cash'].pk}", {"name": "New"}),
    "a removal": removal,
    "a revocation": revocation,
}


@pytest.mark.parametrize("call", CALLS)
def test_a_key_outlives_a_crash_at_any_statement_and_has_one_effect(call: str, house: House):
    method, path, body = CALLS[call](house)
    send = partial(house.owner.http.call, method, path, body, {"Idempotency-Key": "once"})
    before, wrong = contents(), []
    for number in range(1, STATEMENTS_MAX):
        with crash_at(number):
            answer = send()
        if answer.status_code < 400:
            break
        if answer.status_code != 503 or answer.json()["code"] != "busy" or contents() != before:
            wrong.append((number, answer.status_code))
    assert wrong == []
    assert "Idempotent-Replay" not in answer.headers
    done = contents()
    assert done != before
    again = send()
    assert (again.status_code, again.content) == (answer.status_code, answer.content)
    assert again.headers["Idempotent-Replay"] == "true"
    assert contents() == done
