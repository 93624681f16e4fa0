"""Locks, in the one order: the spender's membership, the transaction, the wallets. Callers hold the family's."""

from collections.abc import Iterable

from families.models import Membership
from families.roles import Access, Role
from financebot.common import clock
from financebot.common.errors import NotFound, UnknownReference
from ledger import rules
from ledger.models import Transaction, Wallet
from ledger.rules import Spender


def lock_spender(access: Access, *, less: Transaction | None = None) -> Spender:
    """The author and what counts of their last seven days; locks the membership of one with a limit.

    `less`: an entry that is about to be replaced.
    """
    if access.spending_limit is None:
        return Spender(access.role is Role.OWNER)
    Membership.objects.in_family(access.family).lock().get(pk=access.membership)
    since = clock.now() - rules.SPENDING_WINDOW
    counted = Transaction.objects.spent_by(access.membership, since=since)
    if less:
        counted = counted.exclude(pk=less.pk)
    return Spender(is_owner=False, limit=access.spending_limit, spent=counted.base_sum())


def lock_seen(access: Access, transaction_id: int) -> Transaction:
    """The transaction, locked together with what it replaces and what it refunds, in the order of ids. Raises
    NotFound. A later statement than the first look: it sees what others committed while we waited."""
    linked = Transaction.objects.seen_by(access).filter(pk=transaction_id).values_list("replaces", "refund_of").first()
    if linked is None:
        raise NotFound
    ids = {transaction_id, *filter(None, linked)}
    rows = {row.pk: row for row in Transaction.objects.in_family(access.family).filter(pk__in=ids).lock()}
    head = rows[transaction_id]
    if head.replaces_id:
        head.replaces = rows[head.replaces_id]
    return head


def lock_wallets(
    access: Access,
    fields: dict[str, int | None],
    *,
    some: Iterable[int] = (),
    also: Iterable[Transaction] = (),
) -> dict[int, Wallet]:
    """Wallets by id, locked in order. `fields` maps the input's fields to ids; UnknownReference for one not seen.

    `some`: further ones, left out where they are not seen. `also`: transactions whose wallets are needed, seen or not.
    """
    own = {pk for transaction in also for pk in transaction.wallet_ids}
    ids = {pk for pk in fields.values() if pk} | set(some) | own
    found = {w.pk: w for w in Wallet.objects.in_family(access.family).filter(pk__in=ids).lock()}
    seen = {pk for pk, wallet in found.items() if wallet.shows_to(access)}
    for field, pk in fields.items():
        if pk and pk not in seen:
            raise UnknownReference(field=field)
    return {pk: wallet for pk, wallet in found.items() if pk in seen | own}


def lock_all(*transactions: Transaction) -> dict[int, Wallet]:
    """The wallets of transactions of one family, locked in order."""
    ids = {pk for transaction in transactions for pk in transaction.wallet_ids}
    return {w.pk: w for w in Wallet.objects.in_family(transactions[0].family_id).filter(pk__in=ids).lock()}
