"""From drafts to entries: planned, written, decided. Callers hold the family's lock and have checked the name of the
right; how far it reaches is checked here."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from families.roles import Access, P, Role
from financebot.common import clock
from financebot.common.errors import DomainError, PermissionDenied, Several, UnknownReference
from ledger import rules
from ledger.booking.books import Books
from ledger.booking.entries import Entry, insert, once_each, payees_of, tags_of
from ledger.booking.locking import lock_spender, lock_wallets
from ledger.booking.moving import check_open, move, reserve, start_waiting
from ledger.booking.planning import Plan, plan
from ledger.booking.totals import total
from ledger.models import Payee, Transaction, Wallet
from ledger.rules import Draft, Outcome, Spender

Failures = dict[int, DomainError]


class Movement:
    """The wallets that a movement must have in reach: of a transfer both, else the one it leaves or enters."""

    def __init__(self, wallets: Sequence[Wallet]) -> None:
        self.holders = [wallet.holder_id for wallet in wallets]


def permission_for(draft: Draft) -> P:
    return P.TRANSFER_BETWEEN_WALLETS if draft.has_two_wallets else P.CREATE_TRANSACTION


def require_reach(access: Access, permission: P, wallets: Sequence[Wallet], *, acts_on: int) -> None:
    """Raises PermissionDenied. `acts_on`: the wallet that money leaves, or of an income enters; nobody but its holder
    acts where its rows are hidden from others."""
    access.require(permission, on=Movement(wallets))
    if any(wallet.pk == acts_on and not wallet.shows_rows_to(access.membership) for wallet in wallets):
        raise PermissionDenied(permission)


def require_worth(access: Access, draft: Draft) -> None:
    """Who says what a currency is worth at home says how much an entry counts towards limits and thresholds. Raises
    PermissionDenied. The rate of an exchange is about its two amounts alone."""
    if draft.rate is not None and not draft.has_two_wallets:
        access.require(P.MANAGE_EXCHANGE_RATES)


def plan_within(books: Books, draft: Draft, wallets: dict[int, Wallet], *, but: int | None = None) -> Plan:
    """Work an entry out for the caller: their reach, the wallets' state, the day, then the money.

    Of an opening or an adjustment, which state what is, the reach has been checked by the caller.
    """
    access = books.access
    own = {pk: wallets[pk] for pk in (draft.from_wallet, draft.to_wallet) if pk}
    if not draft.fact:
        require_reach(access, permission_for(draft), list(own.values()), acts_on=draft.main_wallet)
    check_open(own.values())
    today = clock.today(access.policy.timezone)
    day = draft.occurred_on or today
    rules.check_day(day, today=today, closed_until=access.policy.closed_until)
    return plan(books, draft, own, day=day, but=but)


def wallet_fields(draft: Draft) -> dict[str, int | None]:
    return {"from_wallet_id": draft.from_wallet, "to_wallet_id": draft.to_wallet}


def record(access: Access, drafts: Sequence[Draft], *, channel: str) -> list[Entry]:
    """Entries of drafts, in their order, each decided as if it came alone.

    Locks the author's membership if limited (not for facts: their wallet is locked by then), what is refunded, the
    wallets, the totals. Raises Several, which names every row that is wrong.
    """
    states_facts = all(draft.fact for draft in drafts)
    author = Spender(access.role is Role.OWNER) if states_facts else lock_spender(access)
    books, failures = Books(access), Failures()
    books.lock_originals(draft.refund_of for draft in drafts)
    for index, draft in enumerate(drafts):
        with _noting(failures, index):
            rules.check_wallets(draft)
            require_worth(access, draft)
            books.lock_original(draft.refund_of)
    wallets = _lock(access, drafts, failures)
    if len(drafts) > 1:
        books.foresee(drafts, wallets)
    plans: dict[int, Plan] = {}
    for index, draft in enumerate(drafts):
        if index not in failures:
            with _noting(failures, index):
                plans[index] = plan_within(books, draft, wallets)
                books.claim_source_ref(draft, draft.source_ref)
    _raise(failures)
    entries = _write(access, drafts, [plans[index] for index in range(len(drafts))], channel)
    due = {index: (plans[index], entry) for index, entry in enumerate(entries) if not drafts[index].later}
    settle(access, due, wallets, author)
    total(*(entry for entry in entries if entry.transaction.executed_at))
    return entries


def record_one(access: Access, draft: Draft, *, channel: str) -> Entry:
    """As `record`; raises what is wrong itself."""
    with alone():
        [entry] = record(access, [draft], channel=channel)
    return entry


def settle(access: Access, due: Mapping[int, tuple[Plan, Entry]], wallets: dict[int, Wallet], author: Spender) -> None:
    """Execute entries, or let them wait, one after the other; the totals are the caller's. Raises Several."""
    failures, waiting, held = Failures(), [], set[int]()
    for index, (planned, entry) in due.items():
        outcome = rules.decide(
            planned.base_amount, takes=planned.takes, counts=planned.counts, author=author, policy=access.policy
        )
        with _noting(failures, index):
            if outcome is Outcome.EXECUTE:
                move(entry, wallets)
            else:
                held |= {wallet.pk for wallet in reserve(entry, wallets)}
                waiting.append(entry)
            author = author.having_spent(planned.base_amount) if planned.counts else author
    _raise(failures)
    if waiting:
        start_waiting(waiting, [wallets[pk] for pk in held])


@contextmanager
def alone() -> Iterator[None]:
    """Where there is one entry, what is wrong with it is raised itself."""
    try:
        yield
    except Several as error:
        raise error.rows[0] from None


def describe(transaction: Transaction, draft: Draft, payees: dict[str, Payee]) -> None:
    transaction.description, transaction.notes = draft.description, draft.notes
    transaction.payee = payees.get(draft.payee)
    transaction.source_ref = draft.source_ref
    transaction.search = rules.search_text(draft.description, draft.notes, draft.payee, tags=draft.tags)


def _lock(access: Access, drafts: Sequence[Draft], failures: Failures) -> dict[int, Wallet]:
    fields = [wallet_fields(draft) for draft in drafts]
    found = lock_wallets(access, {}, some={pk for row in fields for pk in row.values() if pk})
    for index, row in enumerate(fields):
        for field, pk in row.items():
            if pk and pk not in found:
                failures.setdefault(index, UnknownReference(field=field))
    return found


def _write(access: Access, drafts: Sequence[Draft], plans: Sequence[Plan], channel: str) -> list[Entry]:
    now = clock.now()
    payees = payees_of(access.family, [draft.payee for draft in drafts])
    tags = tags_of(access.family, [name for draft in drafts for name in once_each(draft.tags)])
    rows = []
    for draft, planned in zip(drafts, plans, strict=True):
        counted = now if planned.counts and not draft.later else None
        transaction = planned.to_transaction(access, channel=channel, counted_from=counted)
        describe(transaction, draft, payees)
        rows.append((transaction, planned.lines))
    entries = insert(*rows)
    tagged = [replace(entry, tags=once_each(draft.tags)) for entry, draft in zip(entries, drafts, strict=True)]
    through = Transaction.tags.through
    through.objects.bulk_create(
        through(transaction_id=entry.transaction.pk, tag_id=tags[name].pk) for entry in tagged for name in entry.tags
    )
    return tagged


@contextmanager
def _noting(failures: Failures, index: int) -> Iterator[None]:
    try:
        yield
    except DomainError as error:
        failures[index] = error


def _raise(failures: Failures) -> None:
    if failures:
        raise Several(failures)
