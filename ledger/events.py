"""What the ledger's events say of an entry, a wallet or a category."""

from collections.abc import Mapping
from typing import Any

from audit.names import EventName
from audit.trail import Change, Event
from ledger.models import Category, Transaction, Wallet

ENTRY = (
    "type",
    "amount",
    "currency",
    "from_wallet_id",
    "to_wallet_id",
    "label_id",
    "occurred_on",
    "reverses_id",
)


def _new(row: Any, fields: tuple[str, ...]) -> dict[str, Change]:
    return {field: (None, getattr(row, field)) for field in fields}


def of_entry(
    name: EventName,
    entry: Transaction,
    changes: Mapping[str, Change],
    texts: Mapping[str, Change] | None = None,
) -> Event:
    wallets = [pk for pk in (entry.from_wallet_id, entry.to_wallet_id) if pk]
    return Event(name, "transaction", entry.pk, changes, texts, wallets=wallets, members=[entry.author_id])


def created(entry: Transaction) -> Event:
    texts = {"description": ("", entry.description), "notes": ("", entry.notes)}
    return of_entry(EventName.TRANSACTION_CREATED, entry, _new(entry, ENTRY), texts)


def executed(entry: Transaction) -> Event:
    return of_entry(EventName.TRANSACTION_EXECUTED, entry, {"status": ("draft", "executed")})


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


def category_created(category: Category) -> Event:
    fields = ("kind", "parent_id", "icon", "colour")
    texts = {"name": ("", category.name)}
    return Event(EventName.CATEGORY_CREATED, "category", category.pk, _new(category, fields), texts)
