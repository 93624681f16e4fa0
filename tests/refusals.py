"""Refusals: for each operation the codes of 400, 409 and 422 that its table names, and what provokes each.

`call` prepares the house and gives the id in the path, if there is one, and the body. `field`: the key in `errors`,
none where no field is to blame. The rows of the ledger stand beside its tests.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from accounts.models import User
from families.models import Family, Membership
from families.services import revoke_invitation
from financebot.common import clock
from financebot.common.usecase import unit_of_work
from tests.accounts.app import protect
from tests.conftest import House
from tests.permission_rows import invitation, member

MISSING = 999_999_999
Body = dict[str, Any]
Given = Callable[[House], tuple[int | None, Body]]


@dataclass(frozen=True)
class Refusal:
    operation: str  # method and route below /api/v1/
    code: str
    field: str
    call: Given
    by: str = "owner"

    def __str__(self) -> str:
        return f"{self.operation} {self.code} {self.field}".strip()


def plain(**body: Any) -> Given:
    return lambda house: (None, body)


def protected(**body: Any) -> Given:
    """By an owner with a second factor."""

    def call(house: House) -> tuple[None, Body]:
        protect(house.owner.user)
        return None, body

    return call


def of_member(name: str, **body: Any) -> Given:
    return lambda house: (member(house, name), body)


def revoked(house: House) -> tuple[None, Body]:
    made = invitation(house, "owner")
    with unit_of_work():
        revoke_invitation(actor=house.owner.actor, invitation_id=made.invitation.pk)
    return None, {"token": made.token}


def with_an_entry(house: House) -> tuple[None, Body]:
    house.spend("1.00")
    return None, {"base_currency": "USD"}


def changed_lately(house: House) -> tuple[None, Body]:
    soon = {"former_email": "before@example.org", "former_until": clock.now() + timedelta(hours=1)}
    User.objects.filter(pk=house.owner.user.pk).update(**soon)
    return None, {"email": "new@example.org"}


def with_a_fine_limit(house: House) -> tuple[None, Body]:
    Membership.objects.filter(pk=member(house, "child")).update(spending_limit=Decimal("1.50"))
    return None, {"base_currency": "JPY", "approval_threshold": None}


def archived(days: int) -> Given:
    def call(house: House) -> tuple[None, Body]:
        Family.objects.filter(pk=house.family.pk).update(archived_at=clock.now() - timedelta(days=days))
        return None, {}

    return call


def closed(**body: Any) -> Given:
    def call(house: House) -> tuple[None, Body]:
        Family.objects.filter(pk=house.family.pk).update(closed_until=date(2025, 6, 30))
        return None, body

    return call


def in_days(days: int) -> str:
    return (clock.now() + timedelta(days=days)).date().isoformat()


FAMILY = "families/<id:family_pk>"
MEMBER = f"{FAMILY}/members/<id:pk>"
EARLY = "1969-12-31"

PEOPLE = [
    Refusal(
        "POST auth/register",
        "email_taken",
        "",
        lambda house: (None, {"email": house.adult.user.email.upper(), "password": "correct horse battery"}),
    ),
    Refusal("POST auth/step-up", "wrong_password", "password", plain(password="wrong horse battery")),
    Refusal("POST auth/step-up", "invalid_code", "", plain(code="000000")),
    Refusal("POST auth/login/2fa", "invalid_code", "", plain(challenge="A" * 32, code="000000")),
    Refusal("POST auth/2fa/backup-code", "invalid_code", "", plain(challenge="A" * 32, backup_code="0" * 16)),
    Refusal("POST auth/2fa/enable", "two_factor_on", "", protected()),
    Refusal("POST auth/2fa/verify", "two_factor_on", "", protected(code="000000")),
    Refusal("POST auth/2fa/verify", "invalid_code", "", plain(code="000000")),
    *(
        Refusal(f"POST auth/2fa/{call}", code, field, protected(password=password, code="none"))
        for call in ("disable", "backup-codes")
        for code, field, password in (
            ("invalid_code", "", "correct horse battery"),
            ("wrong_password", "password", "wrong horse battery"),
        )
    ),
    Refusal(
        "POST auth/password/change",
        "wrong_password",
        "current_password",
        plain(current_password="wrong horse battery", new_password="another horse battery"),
    ),
    Refusal(
        "POST auth/password/reset/confirm",
        "invalid_code",
        "",
        plain(token="A" * 32, new_password="another horse battery"),
    ),
    Refusal("DELETE users/me", "wrong_password", "password", plain(password="wrong horse battery")),
    Refusal("DELETE users/me", "last_owner", "", plain(password="correct horse battery")),
    Refusal("POST auth/email/change", "email_changed_lately", "", changed_lately),
    Refusal("POST auth/email/verify", "invalid_code", "", plain(token="A" * 32)),
    Refusal("POST auth/not-me", "invalid_code", "", plain(token="A" * 32)),
    Refusal("POST invitations/accept", "invalid_code", "", revoked),
    Refusal("POST invitations/accept", "already_member", "", lambda h: (None, {"token": invitation(h, "owner").token})),
    Refusal(f"PATCH {FAMILY}", "currency_fixed", "base_currency", with_an_entry),
    Refusal(f"PATCH {FAMILY}", "amount_too_fine", "base_currency", with_a_fine_limit),
    Refusal(f"PATCH {FAMILY}", "amount_too_fine", "approval_threshold", plain(approval_threshold="0.001")),
    Refusal(f"PATCH {FAMILY}", "amount_not_positive", "approval_threshold", plain(approval_threshold="-1")),
    Refusal(f"PATCH {FAMILY}", "amount_too_large", "adult_approval_limit", plain(adult_approval_limit="1" + "0" * 14)),
    Refusal(f"POST {FAMILY}/restore", "changed", "", plain()),
    Refusal(f"POST {FAMILY}/restore", "restore_window_over", "", archived(days=31)),
    Refusal(f"POST {FAMILY}/close", "date_in_future", "through", plain(through=in_days(2))),
    Refusal(f"POST {FAMILY}/close", "date_too_early", "through", plain(through=EARLY)),
    Refusal(f"POST {FAMILY}/close", "changed", "", closed(through="2025-06-30")),
    Refusal(f"POST {FAMILY}/reopen", "date_too_early", "through", closed(through=EARLY)),
    Refusal(f"POST {FAMILY}/reopen", "changed", "", closed(through="2025-06-30")),
    Refusal(f"POST {FAMILY}/reopen", "changed", "", plain(through=None)),
    Refusal(f"POST {FAMILY}/transfer-ownership", "unknown_reference", "membership_id", plain(membership_id=MISSING)),
    *(
        Refusal(
            f"POST {FAMILY}/transfer-ownership",
            "membership_state",
            "membership_id",
            lambda house, name=name: (None, {"membership_id": member(house, name)}),
        )
        for name in ("owner", "suspended")
    ),
    Refusal(f"PATCH {MEMBER}", "last_owner", "", of_member("owner", role="adult")),
    Refusal(f"PATCH {MEMBER}", "amount_too_fine", "spending_limit", of_member("child", spending_limit="0.001")),
    Refusal(f"PATCH {MEMBER}", "amount_not_positive", "spending_limit", of_member("child", spending_limit="-1")),
    Refusal(f"PATCH {MEMBER}", "amount_too_large", "spending_limit", of_member("child", spending_limit="9" * 15)),
    Refusal(f"POST {MEMBER}/suspend", "last_owner", "", of_member("owner")),
    Refusal(f"POST {MEMBER}/suspend", "membership_state", "", of_member("suspended")),
    Refusal(f"POST {MEMBER}/resume", "membership_state", "", of_member("adult")),
    Refusal(f"DELETE {MEMBER}", "last_owner", "", of_member("owner")),
]
