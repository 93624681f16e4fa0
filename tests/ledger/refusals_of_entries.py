"""What an entry that is there is refused: being submitted, approved, corrected, taken back."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from families.models import Family
from families.services import remove_member
from financebot.common import clock
from financebot.common.usecase import unit_of_work
from ledger import services as ledger
from ledger.models import Category, Transaction, Wallet
from tests.conftest import House
from tests.ledger.helpers import close_until, want_approval
from tests.ledger.refusals import brim, refund, spent
from tests.permission_rows import archived_wallet, category
from tests.refusals import Body, Given, Refusal

ENTRY = "transactions/<id:pk>"
Made = Callable[[House], int]
Later = Callable[[House, int], Any]


def on(made: Made, *later: Later, **body: Any) -> Given:
    """An operation on an entry after something else has happened."""

    def call(house: House) -> tuple[int, Body]:
        pk = made(house)
        for happen in later:
            happen(house, pk)
        return pk, body

    return call


def spend(amount: str = "10.00", wallet: str = "cash", **fields: Any) -> Made:
    return lambda house: int(house.spend(amount, wallet, **fields).transaction.pk)


def earn(amount: str = "10.00", wallet: str = "cash", **fields: Any) -> Made:
    return lambda house: int(house.earn(amount, wallet, **fields).transaction.pk)


def move(amount: str, target: str, **fields: Any) -> Made:
    return lambda house: int(house.move(amount, "cash", target, **fields).transaction.pk)


def categorised(house: House) -> int:
    return spend(later=True, category=category(house))(house)


def refund_draft(house: House) -> int:
    return earn(later=True, refund_of=spent(house))(house)


def for_tomorrow(**fields: Any) -> Made:
    """An expense of tomorrow, where the day begins first."""

    def made(house: House) -> int:
        Family.objects.filter(pk=house.family.pk).update(timezone="Pacific/Kiritimati")
        tomorrow = clock.today("Pacific/Kiritimati") + timedelta(days=1)
        return spend(occurred_on=tomorrow, **fields)(house)

    return made


def adjustment(house: House) -> int:
    with unit_of_work():
        found = ledger.reconcile_wallet(
            actor=house.owner.actor, wallet_id=house.wallets["cash"].pk, statement_balance=Decimal(5), day=None
        )
    assert found.adjustment_id
    return found.adjustment_id


def reversal(house: House) -> int:
    pk = spent(house)
    reverse(house, pk)
    return int(Transaction.objects.get(reverses=pk).pk)


def replacement(house: House) -> int:
    """Of an expense of the adult's: it waits."""
    original = spend(by="adult")(house)
    want_approval(house)
    with unit_of_work():
        found = ledger.edit_transaction(
            actor=house.adult.actor, transaction_id=original, changes={"amount": Decimal(20)}, version=None
        )
    return int(found.pk)


def replaced(house: House) -> int:
    """An expense of the adult's whose replacement waits."""
    return int(Transaction.objects.get(pk=replacement(house)).replaces_id)


def onto_a_wallet_that_was_put_away(house: House) -> int:
    """A transfer that waits, onto the balance-only wallet of one who has left."""
    Wallet.objects.filter(pk=house.wallets["anns"].pk).update(visibility="balance_only")
    want_approval(house, approvals=2)
    pk = move("5.00", "anns")(house)
    with unit_of_work():
        remove_member(actor=house.owner.actor, membership_id=house.adult.membership.pk)
    return pk


def income_that_was_spent(house: House) -> int:
    pk = earn("10.00", "pocket")(house)
    house.spend("5.00", "pocket")
    return pk


def far_west(house: House, pk: int) -> None:
    """The family moves to where the day begins last."""
    Family.objects.filter(pk=house.family.pk).update(timezone="Pacific/Pago_Pago")


def archive_category(house: House, pk: int) -> None:
    Category.objects.filter(postings__transaction=pk).update(archived_at=clock.now())


def archive_cash(house: House, pk: int) -> None:
    """Empty, it is put away."""
    if Transaction.objects.get(pk=pk).executed_at:
        house.earn("10.00")
    archived_wallet(house, "cash")


def fill(name: str) -> Later:
    return lambda house, pk: brim(house, name)


def same_ref(house: House, pk: int) -> None:
    house.spend("1.00", source_ref="S1")


def refund_all(house: House, pk: int) -> None:
    house.earn("10.00", refund_of=Transaction.objects.get(pk=pk).refund_of_id or pk)


def refund_of_replaced(house: House, pk: int) -> None:
    refund_all(house, Transaction.objects.get(pk=pk).replaces_id)


def reverse(house: House, pk: int) -> None:
    with unit_of_work():
        ledger.reverse_transaction(actor=house.owner.actor, transaction_id=pk, reason="")


def reverse_original(house: House, pk: int) -> None:
    reverse(house, Transaction.objects.get(pk=pk).refund_of_id)


def close_today(house: House, pk: int) -> None:
    close_until(house, clock.today("UTC"))


def no_undo(house: House, pk: int) -> None:
    Family.objects.filter(pk=house.family.pk).update(undo_window=0)


def approve(house: House, pk: int) -> None:
    with unit_of_work():
        ledger.confirm_transaction(actor=house.owner.actor, transaction_id=pk, token=None, version=None)


def cancel(house: House, pk: int) -> None:
    with unit_of_work():
        ledger.cancel_transaction(actor=house.adult.actor, transaction_id=pk)


WAITING = spend("600.00", by="member")
LATER = [
    (f"POST {ENTRY}/submit", "unknown_reference", "category_id", on(categorised, archive_category)),
    (f"POST {ENTRY}/submit", "amount_too_large", "amount", on(earn(later=True), fill("cash"))),
    (f"POST {ENTRY}/submit", "already_recorded", "source_ref", on(spend(later=True, source_ref="S1"), same_ref)),
    (f"POST {ENTRY}/submit", "already_decided", "", on(spend())),
    (f"POST {ENTRY}/submit", "date_in_future", "occurred_on", on(for_tomorrow(later=True), far_west)),
    (f"POST {ENTRY}/submit", "insufficient_funds", "amount", on(spend("5.00", "pocket", later=True))),
    (f"POST {ENTRY}/submit", "not_refundable", "refund_of", on(refund_draft, reverse_original)),
    (f"POST {ENTRY}/submit", "period_closed", "occurred_on", on(spend(later=True), close_today)),
    (f"POST {ENTRY}/submit", "refund_too_large", "amount", on(refund_draft, refund_all)),
    (f"POST {ENTRY}/submit", "wallet_archived", "", on(spend(later=True), archive_cash)),
    (f"POST {ENTRY}/confirm", "invalid_code", "", on(WAITING, confirmation_token="A" * 32)),
    (f"POST {ENTRY}/confirm", "already_decided", "", on(spend(by="member"))),
    (f"POST {ENTRY}/confirm", "already_decided", "", on(WAITING, approve)),
    (f"POST {ENTRY}/confirm", "changed", "", on(WAITING, version=2)),
    (f"POST {ENTRY}/confirm", "not_reversible", "", on(replacement, refund_of_replaced)),
    (f"POST {ENTRY}/confirm", "wallet_archived", "", on(onto_a_wallet_that_was_put_away)),
    (f"POST {ENTRY}/confirm", "period_closed", "occurred_on", on(WAITING, close_today)),
    (f"POST {ENTRY}/confirm", "amount_too_large", "amount", on(move("600.00", "anns", by="adult"), fill("anns"))),
    (f"POST {ENTRY}/confirm", "date_in_future", "occurred_on", on(for_tomorrow(amount="600", by="member"), far_west)),
    (f"POST {ENTRY}/reject", "already_decided", "", on(spend(by="member"))),
    (f"POST {ENTRY}/cancel", "already_decided", "", on(spend())),
    (f"PATCH {ENTRY}", "already_reversed", "", on(spend(), reverse, amount="5.00")),
    (f"PATCH {ENTRY}", "not_editable", "", on(adjustment, amount="6.00")),
    (f"PATCH {ENTRY}", "not_editable", "", on(reversal, amount="6.00")),
    (f"PATCH {ENTRY}", "not_reversible", "", on(spend(), refund_all, amount="5.00")),
]


def refund_with_a_category(house: House) -> tuple[int, Body]:
    return refund(house), {"category_id": category(house)}


def transfer_for_somebody(house: House) -> tuple[int, Body]:
    whom = [{"membership_id": house.child.membership.pk, "share": "1"}]
    return move("5.00", "anns")(house), {"for_members": whom}


def into_the_dark(house: House) -> tuple[int, Body]:
    """What waits, onto a wallet where nobody could judge it."""
    return spend("600.00", by="adult")(house), {"from_wallet_id": house.wallets["secret"].pk}


TAKEN_BACK = [
    ("already_reversed", "", on(spend(), reverse)),
    ("not_reversible", "", on(spend(later=True))),
    ("not_reversible", "", on(reversal)),
    ("not_reversible", "", on(spend(), refund_all)),
    ("insufficient_funds", "amount", on(income_that_was_spent)),
    ("wallet_archived", "", on(spend(), archive_cash)),
    ("period_closed", "occurred_on", on(spend(), close_today)),
    ("amount_too_large", "amount", on(spend(), fill("cash"))),
    ("date_in_future", "occurred_on", on(for_tomorrow(), far_west)),
]

STANDING = [
    *(Refusal(operation, code, field, call) for operation, code, field, call in LATER),
    Refusal(f"PATCH {ENTRY}", "not_editable", "category_id", refund_with_a_category),
    Refusal(f"PATCH {ENTRY}", "not_editable", "for_members", transfer_for_somebody),
    Refusal(f"PATCH {ENTRY}", "already_decided", "", on(spend(later=True, by="adult"), cancel, amount="5"), by="adult"),
    Refusal(f"PATCH {ENTRY}", "changed", "", on(replaced, amount="30.00"), by="adult"),
    Refusal(f"PATCH {ENTRY}", "wallet_has_pending", "from_wallet_id", into_the_dark, by="adult"),
    *(
        Refusal(operation, code, field, call)
        for operation in (f"DELETE {ENTRY}", f"POST {ENTRY}/reverse", f"POST {ENTRY}/undo")
        for code, field, call in TAKEN_BACK
    ),
    *(
        Refusal(operation, "undo_window_over", "", on(spend(by="member"), no_undo), by="member")
        for operation in (f"DELETE {ENTRY}", f"POST {ENTRY}/undo")
    ),
]
