"""What the ledger's use cases are given to be crashed on. The actor is the owner unless named; words in brackets tell
two runs apart."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from accounts import codes
from accounts.models import CodePurpose
from audit.trail import Actor
from financebot.common import clock
from financebot.common.usecase import unit_of_work
from ledger import services as ledger
from ledger.kinds import PENDING_LIFE
from ledger.models import Transaction
from ledger.rules import Draft, Split
from tests.conftest import House
from tests.ledger.helpers import TEN, drafted, line, want_approval

Given = Callable[[House], dict[str, Any]]
FIVE = Decimal("5.00")


def draft(house: House, amount: Decimal = FIVE, *, frm: str | None = None, to: str | None = None, **more: Any) -> Draft:
    ids = {side: house.wallets[name].pk for side, name in (("from_wallet", frm), ("to_wallet", to)) if name}
    words = {"payee": "Bakery", "tags": ("bread", "milk"), "description": "Bread"}
    return Draft(amount=amount, **{**words, **ids, **more})


def recording(amount: Decimal = FIVE, **more: Any) -> Given:
    return lambda house: {"draft": draft(house, amount, **more)}


def waiting_to_be(house: House) -> dict[str, Any]:
    """An expense of the adult's that has to wait."""
    want_approval(house)
    return {"actor": house.adult.actor, "draft": draft(house, frm="cash")}


def split(house: House) -> dict[str, Any]:
    """Over two categories, for two members."""
    parts = (Split(category(house), Decimal(2), "half"), Split(category(house), Decimal(3)))
    whom = tuple((house.people[name].membership.pk, Decimal(1)) for name in ("child", "member"))
    return {"draft": draft(house, frm="cash", splits=parts, for_members=whom)}


def exchanging(house: House) -> dict[str, Any]:
    with unit_of_work():
        dollars = ledger.create_wallet(
            actor=house.owner.actor, fields={"name": "USD", "type": "cash", "currency": "USD"}
        )
    return {"draft": draft(house, frm="cash", to_wallet=dollars.pk, to_amount=Decimal(6))}


def refund(house: House) -> Draft:
    return draft(house, to="cash", refund_of=spent(house)["transaction_id"])


def many(house: House) -> dict[str, Any]:
    """One of each kind, and a draft."""
    drafts = [
        draft(house, frm="cash"),
        draft(house, to="cash", payee="Work", tags=("pay",)),
        draft(house, frm="cash", to="anns"),
        refund(house),
        draft(house, frm="cash", later=True),
    ]
    return {"drafts": drafts}


def spent(house: House, by: str = "owner") -> dict[str, Any]:
    entry = house.spend("10.00", by=by, payee="Baker", tags=("bread",))
    return {"transaction_id": entry.transaction.pk}


def kept(house: House) -> dict[str, Any]:
    """A draft."""
    return {"transaction_id": house.spend("10.00", later=True, tags=("bread",)).transaction.pk}


def submitted(house: House) -> dict[str, Any]:
    """A draft of the adult's that has to wait."""
    pk = house.spend("10.00", by="adult", later=True).transaction.pk
    want_approval(house)
    return {"actor": house.adult.actor, "transaction_id": pk}


def waiting(house: House, by: str = "member", **policy: Any) -> dict[str, Any]:
    want_approval(house, **policy)
    return spent(house, by)


def confirming(made: Given, **more: Any) -> Given:
    return lambda house: {**made(house), "token": None, "version": None, **more}


def half_confirmed(house: House) -> dict[str, Any]:
    found = waiting(house, approvals=2)
    with unit_of_work():
        ledger.confirm_transaction(actor=house.adult.actor, token=None, version=None, **found)
    return found


def with_token(house: House) -> dict[str, Any]:
    found = waiting(house)
    token = codes.make(
        CodePurpose.CONFIRMATION,
        subject=found["transaction_id"],
        life=timedelta(hours=1),
        payload={"membership": house.owner.membership.pk, "version": 1},
    )
    return {**found, "token": token, "version": None}


def change(house: House, pk: int, by: str = "adult", **changes: Any) -> int:
    with unit_of_work():
        found = ledger.edit_transaction(actor=house.people[by].actor, transaction_id=pk, changes=changes, version=None)
    return found.pk


def replaced(house: House) -> tuple[int, int]:
    """An executed entry of the adult's, and its replacement that waits."""
    original = spent(house, "adult")["transaction_id"]
    want_approval(house)
    return original, change(house, original, amount=Decimal(20))


def replacement(house: House) -> dict[str, Any]:
    return {"transaction_id": replaced(house)[1]}


def by_the_adult(made: Given) -> Given:
    return lambda house: {"actor": house.adult.actor, **made(house)}


def overdue(house: House) -> dict[str, Any]:
    found = replacement(house)
    since = clock.now() - PENDING_LIFE - timedelta(days=1)
    Transaction.objects.filter(pk=found["transaction_id"]).update(pending_since=since)
    return {"actor": Actor.clock(house.family.pk), **found}


def editing(made: Given, **changes: Any) -> Given:
    return lambda house: {**made(house), "changes": changes, "version": None}


def for_whom(house: House) -> dict[str, Any]:
    whom = tuple((house.people[name].membership.pk, Decimal(1)) for name in ("child", "member"))
    return {**spent(house), "changes": {"for_members": whom}, "version": None}


def replacing_later(house: House) -> dict[str, Any]:
    found = spent(house, "adult")
    want_approval(house)
    changes = {"amount": Decimal(20), "tags": ["meat"], "payee": "Butcher"}
    return {"actor": house.adult.actor, **found, "changes": changes, "version": None}


def archived_wallet(house: House) -> dict[str, Any]:
    with unit_of_work():
        ledger.archive_wallet(actor=house.owner.actor, wallet_id=house.wallets["cash"].pk)
    return {"wallet_id": house.wallets["cash"].pk}


def reconciling(balance: int) -> Given:
    return lambda house: {"wallet_id": house.wallets["cash"].pk, "statement_balance": Decimal(balance), "day": None}


def category(house: House, **fields: Any) -> int:
    with unit_of_work():
        fields = {"name": "Pets", "kind": "expense", **fields}
        return ledger.create_category(actor=house.owner.actor, fields=fields).pk


def archived_category(house: House) -> dict[str, Any]:
    found = {"category_id": category(house)}
    with unit_of_work():
        ledger.archive_category(actor=house.owner.actor, **found)
    return found


def merging(house: House) -> dict[str, Any]:
    """A category with a child, one merged into it, and a draft."""
    source, earlier = category(house), category(house)
    category(house, parent_id=source)
    with unit_of_work():
        ledger.merge_category(actor=house.owner.actor, category_id=earlier, into=source)
    cash, author = house.wallets["cash"].pk, house.owner.membership.pk
    drafted(house, line(cash, -TEN), line(cash, TEN, category=source, shares={author: TEN}), from_wallet_id=cash)
    return {"category_id": source, "into": category(house)}


RATE = {"base": "USD", "quote": "EUR", "rate": Decimal("0.92")}


def rated(house: House) -> dict[str, Any]:
    with unit_of_work():
        ledger.set_rate(actor=house.owner.actor, fields=RATE)
    return {"fields": {**RATE, "rate": Decimal("0.93")}}


LEDGER_RUNS: dict[str, Given] = {
    "ledger.create_transaction": recording(frm="cash"),
    "ledger.create_transaction (income)": recording(to="cash"),
    "ledger.create_transaction (transfer)": recording(frm="cash", to="anns"),
    "ledger.create_transaction (exchange)": exchanging,
    "ledger.create_transaction (split)": split,
    "ledger.create_transaction (refund)": lambda h: {"draft": refund(h)},
    "ledger.create_transaction (draft)": recording(frm="cash", later=True),
    "ledger.create_transaction (waits)": waiting_to_be,
    "ledger.create_transactions": many,
    "ledger.submit_transaction": kept,
    "ledger.submit_transaction (waits)": submitted,
    "ledger.confirm_transaction": confirming(waiting),
    "ledger.confirm_transaction (one of two)": confirming(lambda h: waiting(h, approvals=2)),
    "ledger.confirm_transaction (two of two)": confirming(half_confirmed),
    "ledger.confirm_transaction (by token)": with_token,
    "ledger.confirm_transaction (replacement)": confirming(replacement),
    "ledger.reject_transaction": lambda h: {**waiting(h), "reason": "no"},
    "ledger.reject_transaction (replacement)": lambda h: {**replacement(h), "reason": "no"},
    "ledger.cancel_transaction": by_the_adult(lambda h: waiting(h, "adult")),
    "ledger.cancel_transaction (replacement)": by_the_adult(replacement),
    "ledger.cancel_transaction (draft)": kept,
    "ledger.expire_transaction": overdue,
    "ledger.edit_transaction": editing(spent, payee="Butcher", tags=["meat"], notes="!"),
    "ledger.edit_transaction (for whom)": for_whom,
    "ledger.edit_transaction (draft)": editing(kept, amount=Decimal(20), tags=["meat"]),
    "ledger.edit_transaction (waiting)": editing(waiting, amount=Decimal(20), tags=["meat"]),
    "ledger.edit_transaction (waiting replacement)": editing(replacement, amount=Decimal(30)),
    "ledger.edit_transaction (replacement)": editing(spent, amount=Decimal(20), tags=["meat"], payee="Butcher"),
    "ledger.edit_transaction (replacement that waits)": replacing_later,
    "ledger.reverse_transaction": lambda h: {**spent(h), "reason": "wrong"},
    "ledger.reverse_transaction (with what would replace it)": lambda h: {
        "transaction_id": replaced(h)[0],
        "reason": "wrong",
    },
    "ledger.undo_transaction": lambda h: {**spent(h), "reason": ""},
    "ledger.remove_transaction": lambda h: {**spent(h), "reason": ""},
    "ledger.create_wallet": lambda h: {"fields": {"name": "New", "type": "cash"}},
    "ledger.create_wallet (opened)": lambda h: {
        "fields": {"name": "Loan", "type": "credit", "opening_balance": Decimal(-100)}
    },
    "ledger.edit_wallet": lambda h: {
        "wallet_id": h.wallets["cash"].pk,
        "changes": {"name": "New", "overdraft_limit": Decimal(5)},
        "version": None,
    },
    "ledger.reconcile_wallet": reconciling(7),
    "ledger.reconcile_wallet (agrees)": reconciling(0),
    "ledger.archive_wallet": lambda h: {"wallet_id": h.wallets["cash"].pk},
    "ledger.restore_wallet": archived_wallet,
    "ledger.create_category": lambda h: {"fields": {"name": "New", "kind": "expense"}},
    "ledger.edit_category": lambda h: {
        "category_id": category(h),
        "changes": {"name": "New", "parent_id": category(h)},
        "version": None,
    },
    "ledger.archive_category": lambda h: {"category_id": category(h)},
    "ledger.restore_category": archived_category,
    "ledger.merge_category": merging,
    "ledger.set_rate": lambda h: {"fields": RATE},
    "ledger.set_rate (anew)": rated,
}
