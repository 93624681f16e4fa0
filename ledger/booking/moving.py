"""Money moves: balances, what is held, and the status, in the order that the database's guards ask for."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from families.roles import Access
from financebot.common import clock
from ledger import rules
from ledger.booking.entries import Entry, check_reversible, entry_of, flip, insert
from ledger.booking.locking import lock_all
from ledger.booking.totals import total
from ledger.errors import WalletArchived
from ledger.kinds import Status
from ledger.models import Transaction, Wallet

Amounts = dict[int, Decimal]


def check_open(wallets: Iterable[Wallet]) -> None:
    if any(wallet.archived_at for wallet in wallets):
        raise WalletArchived


def post(entry: Entry, wallets: dict[int, Wallet]) -> None:
    """Execute. Raises InsufficientFunds, AmountTooLarge; locks the totals."""
    move(entry, wallets)
    total(entry)


def move(entry: Entry, wallets: dict[int, Wallet]) -> None:
    """Execute without the totals, which the caller adds for many entries at once."""
    _check(wallets, entry)
    _move(entry, wallets)


def hold(entry: Entry, wallets: dict[int, Wallet], *, original: Entry | None = None) -> None:
    """Let an entry wait for approval with what it takes held. Raises InsufficientFunds, AmountTooLarge."""
    start_waiting([entry], reserve(entry, wallets, original=original))


def reserve(entry: Entry, wallets: dict[int, Wallet], *, original: Entry | None = None) -> list[Wallet]:
    """Hold what an entry takes of the wallets at hand, and give those. Raises InsufficientFunds, AmountTooLarge."""
    amounts = _held(entry, original)
    _change_held(wallets, amounts)
    return [wallets[pk] for pk in amounts]


def start_waiting(entries: Sequence[Entry], wallets: Iterable[Wallet]) -> None:
    """Let entries wait; `wallets` hold what they take already."""
    flip(Status.PENDING_APPROVAL, *(entry.transaction for entry in entries))
    _save_held(wallets)


def rehold(before: Entry, after: Entry, wallets: dict[int, Wallet], *, original: Entry | None) -> None:
    """Hold what a waiting entry takes now, and no longer what it took. Raises InsufficientFunds, AmountTooLarge."""
    amounts = _negated(_held(before, original))
    for pk, amount in _held(after, original).items():
        amounts[pk] = amounts.get(pk, Decimal(0)) + amount
    _change_held(wallets, amounts)
    _save_held(wallets[pk] for pk in amounts)


def release(entry: Entry, wallets: dict[int, Wallet], status: Status) -> None:
    """End an entry's waiting without moving anything."""
    replaces = entry.transaction.replaces
    flip(status, entry.transaction)
    amounts = _negated(_held(entry, entry_of(replaces) if replaces else None))
    _change_held(wallets, amounts)
    _save_held(wallets[pk] for pk in amounts)


def stop_waiting(head: Transaction, status: Status) -> None:
    """End a draft, or a pending entry, whose wallets are locked."""
    if head.status == Status.DRAFT:
        flip(status, head)
        return
    wallets = lock_all(*filter(None, (head, head.replaces)))
    release(entry_of(head), wallets, status)


def post_held(entry: Entry, wallets: dict[int, Wallet], *, original: Entry | None, reversal: Entry | None) -> None:
    """Execute an entry that waited, together with the reversal of what it replaces. Raises InsufficientFunds,
    AmountTooLarge; locks the totals."""
    amounts = _held(entry, original)
    for pk, amount in amounts.items():
        wallets[pk].held -= amount
    post_replacement(entry, wallets, reversal=reversal)
    _save_held(wallets[pk] for pk in amounts)


def post_replacement(entry: Entry, wallets: dict[int, Wallet], *, reversal: Entry | None) -> None:
    """Execute a replacement and the reversal of the original together, judged on their net effect."""
    _check(wallets, *filter(None, (reversal, entry)))
    if reversal:
        _move(reversal, wallets)
        _mark_reversed(reversal)
    _move(entry, wallets)
    total(*filter(None, (reversal, entry)))


def take_back(access: Access, original: Entry, *, author: int, channel: str) -> Entry:
    """The opposite of an entry, as a draft: on its day, or today where that is closed. Raises PeriodClosed."""
    head = original.transaction
    check_reversible(head)
    today = clock.today(access.policy.timezone)
    day = rules.reversal_day(head.occurred_on, today=today, closed_until=access.policy.closed_until)
    rules.check_day(day, today=today, closed_until=access.policy.closed_until)
    transaction = Transaction(
        family_id=head.family_id,
        type=head.type,
        from_wallet_id=head.from_wallet_id,
        to_wallet_id=head.to_wallet_id,
        amount=head.amount,
        currency=head.currency,
        to_amount=head.to_amount,
        base_amount=head.base_amount,
        rate=head.rate,
        occurred_on=day,
        author_id=author,
        channel=channel,
        label_id=head.label_id,
        reverses=head,
    )
    [entry] = insert((transaction, [line.negated() for line in original.lines]))
    return entry


def reverse(reversal: Entry, wallets: dict[int, Wallet]) -> None:
    """Execute a reversal and mark its original. Raises InsufficientFunds, AmountTooLarge."""
    post(reversal, wallets)
    _mark_reversed(reversal)


def _held(entry: Entry, original: Entry | None) -> Amounts:
    return rules.held_amounts(entry.moves, original.moves if original else ())


def _mark_reversed(reversal: Entry) -> None:
    if original := reversal.transaction.reverses:
        flip(Status.REVERSED, original)


def _check(wallets: dict[int, Wallet], *entries: Entry) -> None:
    net: Amounts = {}
    for entry in entries:
        for pk, amount in entry.moves:
            net[pk] = net.get(pk, Decimal(0)) + amount
    for pk, change in net.items():
        wallet = wallets[pk]
        rules.check_balance(
            wallet.balance + change, held=wallet.held, change=change, overdraft_limit=wallet.overdraft_limit
        )


def _move(entry: Entry, wallets: dict[int, Wallet]) -> None:
    for posting in entry.wallet_postings:
        wallet = wallets[posting.wallet_id]
        rules.check_total(wallet.balance + posting.amount)
        wallet.balance, wallet.last_posting = wallet.balance + posting.amount, posting
        Wallet.objects.filter(pk=wallet.pk).update(balance=wallet.balance, last_posting=posting)
    flip(Status.EXECUTED, entry.transaction)


def _change_held(wallets: dict[int, Wallet], amounts: Amounts) -> None:
    for pk, amount in amounts.items():
        wallet = wallets[pk]
        held = wallet.held + amount
        rules.check_total(held)
        rules.check_balance(wallet.balance, held=held, change=-amount, overdraft_limit=wallet.overdraft_limit)
        wallet.held = held


def _save_held(wallets: Iterable[Wallet]) -> None:
    for wallet in sorted(wallets, key=lambda wallet: wallet.pk):
        Wallet.objects.filter(pk=wallet.pk).update(held=wallet.held)


def _negated(amounts: Amounts) -> Amounts:
    return {pk: -amount for pk, amount in amounts.items()}
