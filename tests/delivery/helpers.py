"""Entries that wait for approval, the numbering and delivering that follows, and what the letters hold."""

import re
from typing import Any

from django.core import mail
from django.core.mail import EmailMultiAlternatives

from audit.relay import relay_once
from delivery.models import Delivery
from delivery.outbox import deliver_once
from financebot.common.usecase import unit_of_work
from ledger.models import Transaction
from ledger.services import edit_transaction
from tests.conftest import House, record


def ask(
    house: House, by: str = "member", wallet: str = "cash", to: str | None = None, amount: str = "600.00", **fields: Any
) -> Transaction:
    """An expense, or a transfer, that waits for approval."""
    wallets = {"from_wallet": house.wallets[wallet].pk} | ({"to_wallet": house.wallets[to].pk} if to else {})
    found: Transaction = record(house.people[by], amount, **wallets, **fields).transaction
    assert found.status == "pending_approval"
    return found


def edit(entry: Transaction, house: House, by: str = "member") -> None:
    """Another version of a pending entry."""
    changes = {"description": "New"}
    with unit_of_work():
        edit_transaction(actor=house.people[by].actor, transaction_id=entry.pk, changes=changes, version=None)


def relay() -> None:
    while relay_once():
        pass


def deliver() -> list[EmailMultiAlternatives]:
    """Number what happened and deliver what is due; the letters of this time, in the order of their recipients."""
    before = len(mail.outbox)
    relay()
    while deliver_once():
        pass
    return sorted(mail.outbox[before:], key=lambda letter: letter.to)


def letter_to(house: House, name: str = "owner") -> EmailMultiAlternatives:
    """The one letter that somebody gets when what is due is delivered now."""
    [letter] = [found for found in deliver() if found.to == [house.people[name].user.email]]
    return letter


def html(letter: EmailMultiAlternatives) -> str:
    [(content, kind)] = letter.alternatives
    assert kind == "text/html"
    return content


def token_in(letter: EmailMultiAlternatives) -> str:
    [token] = re.findall(r"^Confirmation token: (\S+)$", letter.body, re.MULTILINE)
    return token


def link_in(letter: EmailMultiAlternatives) -> str:
    """The one link of a letter, the same in both of its parts."""
    [link] = re.findall(r"^(https?://\S+\?token=\S+)$", letter.body, re.MULTILINE)
    assert html(letter).count(f'<a href="{link}">{link}</a>') == 1
    return link


def mailed_token(letter: EmailMultiAlternatives) -> str:
    return link_in(letter).partition("?token=")[2]


def states() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


def recipients(letters: list[EmailMultiAlternatives], house: House) -> set[str]:
    names = {person.user.email: name for name, person in house.people.items()}
    return {names[address] for letter in letters for address in letter.to}
