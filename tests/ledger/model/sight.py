"""What each member sees: wallets, what moved on them, entries."""

from tests.ledger.model.facts import Entry, Household, Member, Wallet
from tests.ledger.model.rights import reaches, scope


def shows_rows(wallet: Wallet, member: Member) -> bool:
    return wallet.visibility == "shared" or wallet.holder == member.name


def sees_wallet(wallet: Wallet, member: Member) -> bool:
    if wallet.visibility == "private" and wallet.holder != member.name:
        return False
    return reaches(member, "view_wallets", [wallet.holder])


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
