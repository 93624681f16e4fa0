"""What recording is refused for: alone, in a bulk, and as an edit."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from financebot.common import clock, money
from ledger.models import Category, Wallet
from tests.conftest import House
from tests.ledger.helpers import close_until, wallet_of
from tests.permission_rows import archived_wallet, category
from tests.refusals import EARLY, MISSING, Body, Given, Refusal, in_days

GOOD = {"amount": "1.00"}
HUGE = Decimal(99999999999999)
TOO_LARGE = "1" + "0" * 14
SINGLE, BULK, EDIT = "POST transactions", "POST transactions/bulk", "PATCH transactions/<id:pk>"


def cash(house: House) -> int:
    return int(house.wallets["cash"].pk)


def dollars(house: House) -> Wallet:
    return wallet_of(house.owner, name="Dollars", currency="USD")


def brim(house: House, name: str = "cash") -> None:
    """Fill a wallet up to the largest balance that there is; each part in a month of its own."""
    left, month = money.LIMIT - Wallet.objects.get(pk=house.wallets[name].pk).balance, 1
    while left:
        part = min(left, HUGE)
        house.earn(str(part), name, occurred_on=date(2024, month, 1))
        left, month = left - part, month + 1


def refunded(house: House, amount: str = "10.00") -> int:
    """An expense of 10, of which this much has come back."""
    original = house.spend("10.00").transaction.pk
    house.earn(amount, refund_of=original)
    return int(original)


def closing(house: House) -> Body:
    close_until(house, date(2025, 12, 31))
    return {"occurred_on": "2025-12-31"}


def a_category(house: House, kind: str) -> int:
    return int(Category.objects.filter(family=house.family, kind=kind).earliest("pk").pk)


def splits(*amounts: str) -> Callable[[House], Body]:
    def body(house: House) -> Body:
        chosen = a_category(house, "expense")
        return {"amount": "10.00", "splits": [{"category_id": chosen, "amount": amount} for amount in amounts]}

    return body


def archived_category(house: House) -> int:
    pk = category(house)
    Category.objects.filter(pk=pk).update(archived_at=clock.now())
    return pk


def spending(more: Callable[[House], Body] | None = None, **fields: Any) -> Callable[[House], Body]:
    return lambda house: {"from_wallet_id": cash(house), "amount": "1.00", **fields, **(more(house) if more else {})}


def earning(more: Callable[[House], Body] | None = None, **fields: Any) -> Callable[[House], Body]:
    return lambda house: {"to_wallet_id": cash(house), "amount": "1.00", **fields, **(more(house) if more else {})}


def exchanging(**fields: Any) -> Callable[[House], Body]:
    """Nothing says what the dollars are worth, unless `fields` do."""
    return spending(lambda house: {"to_wallet_id": dollars(house).pk}, **fields)


def between_foreign(house: House) -> Body:
    pounds = wallet_of(house.owner, name="Pounds", currency="GBP")
    return {"from_wallet_id": pounds.pk, "to_wallet_id": dollars(house).pk, "to_amount": "1.00"}


def to_itself(house: House) -> Body:
    return {"from_wallet_id": cash(house), "to_wallet_id": cash(house), "amount": "1.00"}


def beyond_a_total(house: House) -> Body:
    """A category's total of the month would be more than can be kept, though no balance is."""
    for _ in range(9):
        house.earn(str(HUGE), occurred_on=date(2024, 1, 1))
        house.spend(str(HUGE), occurred_on=date(2024, 2, 1))
    return {"amount": str(HUGE), "occurred_on": "2024-01-02"}


def twice(house: House) -> Body:
    house.spend("1.00", source_ref="S1")
    return {"source_ref": "S1"}


def filled(house: House) -> Body:
    brim(house)
    return {}


RECORDING: list[tuple[str, str, Callable[[House], Body]]] = [
    ("unknown_reference", "from_wallet_id", spending(from_wallet_id=MISSING)),
    ("unknown_reference", "to_wallet_id", earning(to_wallet_id=MISSING)),
    ("unknown_reference", "category_id", spending(category_id=MISSING)),
    ("unknown_reference", "category_id", spending(lambda house: {"category_id": archived_category(house)})),
    ("unknown_reference", "splits", spending(splits=[{"category_id": MISSING, "amount": "1.00"}])),
    ("unknown_reference", "for_members", spending(for_members=[{"membership_id": MISSING, "share": "1"}])),
    ("unknown_reference", "refund_of", earning(refund_of=MISSING)),
    ("amount_not_positive", "amount", spending(amount="0.00")),
    ("amount_not_positive", "amount", earning(amount="-1.00")),
    ("amount_not_positive", "splits", spending(splits("11.00", "-1.00"))),
    ("amount_not_positive", "to_amount", exchanging(to_amount="0.00")),
    ("amount_not_positive", "rate", exchanging(rate="0.0000001")),
    ("amount_too_fine", "amount", spending(amount="0.001")),
    ("amount_too_fine", "splits", spending(splits("9.999", "0.001"))),
    ("amount_too_fine", "to_amount", exchanging(to_amount="0.001")),
    ("amount_too_large", "amount", spending(amount=TOO_LARGE)),
    ("amount_too_large", "amount", earning(filled)),
    ("amount_too_large", "to_amount", exchanging(to_amount=TOO_LARGE)),
    ("amount_too_large", "rate", exchanging(amount="1000.00", rate="999999999999")),
    ("already_recorded", "source_ref", spending(twice)),
    ("date_in_future", "occurred_on", spending(occurred_on=in_days(3))),
    ("date_too_early", "occurred_on", spending(occurred_on=EARLY)),
    ("exchange_rate_missing", "to_amount", exchanging()),
    ("exchange_rate_missing", "", earning(lambda house: {"to_wallet_id": dollars(house).pk})),
    ("exchange_rate_missing", "", spending(between_foreign)),
    ("insufficient_funds", "amount", spending(lambda house: {"from_wallet_id": house.wallets["pocket"].pk})),
    ("not_refundable", "refund_of", earning(lambda house: {"refund_of": house.earn("5.00").transaction.pk})),
    (
        "not_refundable",
        "refund_of",
        earning(lambda house: {"refund_of": house.spend("5.00", later=True).transaction.pk}),
    ),
    ("period_closed", "occurred_on", spending(closing)),
    ("refund_too_large", "amount", earning(lambda house: {"refund_of": refunded(house)})),
    ("same_wallet", "to_wallet_id", spending(to_itself)),
    ("split_mismatch", "splits", spending(splits("5.00", "4.99"))),
    ("wallet_archived", "", spending(lambda house: {"from_wallet_id": archived_wallet(house, "cash")})),
    ("wrong_category_kind", "category_id", spending(lambda house: {"category_id": a_category(house, "income")})),
    ("wrong_category_kind", "category_id", earning(lambda house: {"category_id": a_category(house, "opening")})),
    (
        "wrong_category_kind",
        "splits",
        spending(lambda house: {"splits": [{"category_id": a_category(house, "income"), "amount": "1.00"}]}),
    ),
]


def spent(house: House) -> int:
    return int(house.spend("10.00").transaction.pk)


def edit(changes: Callable[[House], Body], made: Callable[[House], int] = spent) -> Given:
    def call(house: House) -> tuple[int, Body]:
        pk = made(house)
        return pk, changes(house)

    return call


def refund(house: House) -> int:
    """What has come back of an expense of 10."""
    original = house.spend("10.00").transaction.pk
    return int(house.earn("4.00", refund_of=original).transaction.pk)


def with_ref(house: House) -> int:
    """What waits on a wallet, with the reference that an entry on another one has."""
    house.spend("1.00", "anns", source_ref="S1")
    return int(house.spend("600.00", by="member", source_ref="S1").transaction.pk)


def on_pocket(house: House) -> int:
    house.earn("10.00", "pocket")
    return int(house.spend("10.00", "pocket").transaction.pk)


EDITING: list[tuple[str, str, Given]] = [
    ("unknown_reference", "from_wallet_id", edit(lambda house: {"from_wallet_id": MISSING})),
    ("unknown_reference", "to_wallet_id", edit(lambda house: {"to_wallet_id": MISSING})),
    ("unknown_reference", "category_id", edit(lambda house: {"category_id": MISSING})),
    (
        "unknown_reference",
        "for_members",
        edit(lambda house: {"for_members": [{"membership_id": MISSING, "share": "1"}]}),
    ),
    ("amount_not_positive", "amount", edit(lambda house: {"amount": "0"})),
    ("amount_too_fine", "amount", edit(lambda house: {"amount": "10.001"})),
    ("amount_too_fine", "splits", edit(splits("9.999", "0.001"))),
    ("amount_too_large", "amount", edit(lambda house: {"amount": TOO_LARGE})),
    ("already_recorded", "source_ref", edit(lambda house: {"from_wallet_id": house.wallets["anns"].pk}, with_ref)),
    ("date_in_future", "occurred_on", edit(lambda house: {"occurred_on": in_days(3)})),
    ("date_too_early", "occurred_on", edit(lambda house: {"occurred_on": EARLY})),
    ("exchange_rate_missing", "", edit(lambda house: {"from_wallet_id": dollars(house).pk})),
    ("exchange_rate_missing", "to_amount", edit(lambda house: {"to_wallet_id": dollars(house).pk})),
    ("insufficient_funds", "amount", edit(lambda house: {"amount": "10.01"}, on_pocket)),
    ("not_refundable", "refund_of", edit(lambda house: {"to_wallet_id": dollars(house).pk, "rate": "1"}, refund)),
    ("period_closed", "occurred_on", edit(closing)),
    ("refund_too_large", "amount", edit(lambda house: {"amount": "10.01"}, refund)),
    ("same_wallet", "to_wallet_id", edit(lambda house: {"to_wallet_id": cash(house)})),
    ("split_mismatch", "splits", edit(splits("5.00", "4.99"))),
    ("wallet_archived", "", edit(lambda house: {"from_wallet_id": archived_wallet(house, "anns")})),
    ("wrong_category_kind", "category_id", edit(lambda house: {"category_id": a_category(house, "income")})),
]


def in_bulk(made: Callable[[House], Body]) -> Given:
    """The second of two rows; the first is good."""
    return lambda house: (None, {"transactions": [{**GOOD, "to_wallet_id": house.wallets["members"].pk}, made(house)]})


RECORDED = [
    *(Refusal(SINGLE, code, field, lambda house, made=made: (None, made(house))) for code, field, made in RECORDING),
    *(Refusal(BULK, code, f"1.{field or 'body'}", in_bulk(made)) for code, field, made in RECORDING),
    Refusal(BULK, "amount_too_large", "", lambda house: (None, {"transactions": [earning(beyond_a_total)(house)] * 2})),
    Refusal(SINGLE, "amount_too_large", "", lambda house: (None, earning(beyond_a_total)(house))),
    Refusal(BULK, "same_wallet", "0.to_wallet_id", lambda house: (None, {"transactions": [to_itself(house)]})),
    *(Refusal(EDIT, code, field, call) for code, field, call in EDITING),
]
