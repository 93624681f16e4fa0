"""What each member sees: wallets, what moved on them, entries."""

from dataclasses import dataclass
from decimal import Decimal

from tests.ledger.model import money
from tests.ledger.model.facts import ZERO, Entry, Household, Member, Refused, Wallet
from tests.ledger.model.rights import enter, reaches, scope
from tests.ledger.model.sums import balance

STANDS = {"pending_approval", "executed", "reversed"}


def shows_rows(wallet: Wallet, member: Member) -> bool:
    return wallet.visibility == "shared" or wallet.holder == member.name


def sees_wallet(wallet: Wallet, member: Member, permission: str = "view_wallets") -> bool:
    if wallet.visibility == "private" and wallet.holder != member.name:
        return False
    return reaches(member, permission, [wallet.holder])


def opens(wallet: Wallet, member: Member) -> bool:
    """Sees it and what moved on it."""
    return shows_rows(wallet, member) and sees_wallet(wallet, member)


def sees_entry(home: Household, entry: Entry, member: Member) -> bool:
    within = scope(member, "view_transactions")
    wallets = [home.wallets[name] for name in entry.wallets]
    if within is None or not any(shows_rows(wallet, member) for wallet in wallets):
        return False
    if not entry.was_submitted and entry.author != member.name:
        return False
    near = {member.name, None} if within == "joint" else {member.name}
    return (
        within == "all"
        or entry.author == member.name
        or any(wallet.holder in near for wallet in wallets)
        or any(share.member == member.name for line in entry.lines for share in line.shares)
    )


def seen(home: Household, who: str, entry: Entry) -> Member:
    """First sight: what is not seen is not there."""
    member = enter(home, who)
    if not sees_entry(home, entry, member):
        raise Refused("not_found")
    return member


@dataclass(frozen=True)
class View:
    """An entry as one member sees it. `postings`: (wallet or None, category, amount, currency)."""

    entry: Entry
    source: str | None
    target: str | None
    hidden_of: str | None
    amount: Decimal
    currency: str
    to_amount: Decimal | None
    postings: list[tuple[str | None, str | None, Decimal, str]]
    replaces: Entry | None
    replaced_by: Entry | None
    refund_of: Entry | None


def views(home: Household, member: Member) -> list[View]:
    return [_view(home, entry, member) for entry in home.entries if sees_entry(home, entry, member)]


def listed(found: list[View]) -> list[View]:
    """Reversals and what they took back stay out of lists."""
    return [view for view in found if view.entry.status != "reversed" and not view.entry.reverses]


def _view(home: Household, entry: Entry, member: Member) -> View:
    def if_seen(other: Entry | None) -> Entry | None:
        return other if other and sees_entry(home, other, member) else None

    seen = {name for name in entry.wallets if opens(home.wallets[name], member)}
    holders = [home.wallets[name].holder for name in entry.wallets if name not in seen]
    amount, currency, to_amount = entry.amount, entry.currency, entry.to_amount
    if to_amount is not None and len(seen) < 2:  # an exchange with a hidden side shows the other alone
        target = home.wallets[entry.target or ""]
        if entry.source not in seen and shows_rows(target, member):
            amount, currency = to_amount, target.currency
        to_amount = None
    postings = [(move.wallet, None, move.amount, home.wallets[move.wallet].currency) for move in entry.moves]
    postings += [(line.wallet, line.category, line.amount, line.currency) for line in entry.lines]
    replacing = [e for e in home.entries if e.replaces is entry and e.status in STANDS and if_seen(e)]
    return View(
        entry=entry,
        source=entry.source if entry.source in seen else None,
        target=entry.target if entry.target in seen else None,
        hidden_of=next((holder for holder in holders if holder), None),
        amount=amount,
        currency=currency,
        to_amount=to_amount,
        postings=[
            (wallet if wallet in seen else None, *rest)
            for wallet, *rest in postings
            if wallet in seen or rest[-1] == currency
        ],
        replaces=if_seen(entry.replaces),
        replaced_by=replacing[-1] if replacing else None,
        refund_of=if_seen(entry.refund_of),
    )


def summed(home: Household, member: Member) -> list[Wallet]:
    """The wallets that a summary is of."""
    seen = [wallet for wallet in home.wallets.values() if sees_wallet(wallet, member, "view_wallet_summary")]
    return [wallet for wallet in seen if not wallet.archived]


def summary(home: Household, member: Member) -> tuple[Decimal | None, dict[str, Decimal]]:
    """The sum in base currency, none where a rate is missing, and the sums by currency."""
    by_currency: dict[str, Decimal] = {}
    total: Decimal | None = ZERO
    for wallet in summed(home, member):
        amount = balance(home, wallet.name)
        by_currency[wallet.currency] = by_currency.get(wallet.currency, ZERO) + amount
        try:
            worth = money.convert(amount, money.rate_of(home, wallet.currency, home.today), money.BASE)
        except Refused:
            total = None
        else:
            total = None if total is None else total + worth
    return total, by_currency
