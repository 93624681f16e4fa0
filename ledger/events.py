"""What the ledger's events say of an entry, a wallet, a category or an exchange rate."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from audit.names import EventName
from audit.trail import Change, Event
from financebot.common import money
from ledger.kinds import Status
from ledger.models import Category, ExchangeRate, Transaction, Wallet

ENTRY = (
    "type",
    "amount",
    "currency",
    "to_amount",
    "from_wallet_id",
    "to_wallet_id",
    "label_id",
    "occurred_on",
)


def _new(row: Any, fields: tuple[str, ...]) -> dict[str, Change]:
    return {field: (None, getattr(row, field)) for field in fields}


def of_entry(
    name: EventName,
    entry: Transaction,
    changes: Mapping[str, Change],
    texts: Mapping[str, Change] | None = None,
) -> Event:
    """What happens to a draft is its author's alone, for ever: others see what was submitted, not how it came to be."""
    only_for = entry.author_id if entry.is_unsubmitted else None
    wallets, members = entry.wallet_ids, [entry.author_id]
    return Event(name, "transaction", entry.pk, changes, texts, wallets, members, only_for)


def differences(entry: Transaction, fields: Mapping[str, Any]) -> dict[str, Change]:
    """What an entry's facts are and will be, where they differ."""
    changes = {name: (getattr(entry, name), fields[name]) for name in ENTRY if name in fields}
    return {name: (before, after) for name, (before, after) in changes.items() if before != after}


def recorded(entry: Transaction) -> list[Event]:
    """That an entry was made, and how it was decided; a draft was not."""
    return [created(entry)] if entry.status == Status.DRAFT else [created(entry), outcome(entry)]


def created(entry: Transaction) -> Event:
    texts = {"description": ("", entry.description), "notes": ("", entry.notes)}
    return of_entry(EventName.TRANSACTION_CREATED, entry, _new(entry, ENTRY), texts)


def outcome(entry: Transaction) -> Event:
    if entry.status == Status.EXECUTED:
        return executed(entry, before=Status.DRAFT)
    return of_entry(EventName.TRANSACTION_PENDING, entry, {"status": (Status.DRAFT, entry.status)})


def submitted(entry: Transaction) -> Event:
    """How a draft was decided, with what it says: nobody but its author saw it made."""
    decided, made = outcome(entry), created(entry)
    return replace(decided, changes={**made.changes, **decided.changes}, texts=made.texts)


def executed(entry: Transaction, *, before: Status) -> Event:
    return of_entry(EventName.TRANSACTION_EXECUTED, entry, {"status": (before, Status.EXECUTED)})


def approved(entry: Transaction, approver: int) -> Event:
    return of_entry(EventName.TRANSACTION_APPROVED, entry, {"approver_id": (None, approver)})


def ended(name: EventName, entry: Transaction, reason: str = "", *, before: str = Status.PENDING_APPROVAL) -> Event:
    return of_entry(name, entry, {"status": (before, entry.status)}, {"reason": ("", reason)})


def replaced(entry: Transaction, replacement: Transaction) -> Event:
    """The replacement is named only where it lies on all of the original's wallets: whoever sees this sees it then."""
    changes: dict[str, Change] = {"status": (Status.EXECUTED, Status.REVERSED)}
    if set(entry.wallet_ids) <= set(replacement.wallet_ids):
        changes["replaced_by_id"] = (None, replacement.pk)
    return of_entry(EventName.TRANSACTION_REPLACED, entry, changes)


def reversed_by(entry: Transaction, reversal: Transaction, reason: str) -> Event:
    changes = {"status": ("executed", "reversed"), "reversed_by_id": (None, reversal.pk)}
    return of_entry(EventName.TRANSACTION_REVERSED, entry, changes, {"reason": ("", reason)})


def of_wallet(
    name: EventName,
    wallet: Wallet,
    changes: Mapping[str, Change],
    texts: Mapping[str, Change] | None = None,
) -> Event:
    members = [wallet.holder_id] if wallet.holder_id else []
    return Event(name, "wallet", wallet.pk, changes, texts, wallets=[wallet.pk], members=members)


def wallet_created(wallet: Wallet) -> Event:
    fields = ("type", "currency", "holder_id", "visibility", "overdraft_limit")
    return of_wallet(EventName.WALLET_CREATED, wallet, _new(wallet, fields), {"name": ("", wallet.name)})


def of_category(
    name: EventName,
    category: Category,
    changes: Mapping[str, Change],
    texts: Mapping[str, Change] | None = None,
) -> Event:
    return Event(name, "category", category.pk, changes, texts)


def moved(name: EventName, category: Category, field: str, to: int) -> Event:
    """That a category came along when another one was merged away."""
    return of_category(name, category, {field: (getattr(category, field), to)})


def category_created(category: Category) -> Event:
    fields = ("kind", "parent_id", "icon", "colour")
    return of_category(EventName.CATEGORY_CREATED, category, _new(category, fields), {"name": ("", category.name)})


def rate_added(rate: ExchangeRate, before: Decimal | None) -> Event:
    """`before`: what the same day's rate was until now."""
    changes: dict[str, Change] = {"rate": (before and money.wire_rate(before), money.wire_rate(rate.rate))}
    if before is None:
        changes |= {name: (None, value) for name, value in _pair_and_day(rate).items()}
    return Event(EventName.RATE_ADDED, "rate", rate.pk, changes)


def _pair_and_day(rate: ExchangeRate) -> dict[str, Any]:
    return {"base_currency": rate.base, "quote_currency": rate.quote, "date": rate.day}
