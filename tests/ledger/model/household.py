"""What changes the household itself: its policy, its members, its wallets, categories and rates."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.ledger.model import money
from tests.ledger.model.facts import FALLBACK, Entry, Household, Member, Refused, Wallet, Wish, refuse_if
from tests.ledger.model.recording import record
from tests.ledger.model.rights import enter, require, scope
from tests.ledger.model.sight import sees_wallet, shows_rows
from tests.ledger.model.sums import available, balance, balance_on, held


def edit_family(home: Household, who: str, changes: dict[str, Any]) -> None:
    require(enter(home, who), "edit_family")
    for name, value in changes.items():
        setattr(home, name, value)


def close(home: Household, who: str, through: date) -> None:
    require(enter(home, who), "close_period")
    refuse_if(through > home.today, "date_in_future")
    refuse_if(home.closed_until and through <= home.closed_until, "changed")
    home.closed_until = through


def reopen(home: Household, who: str, through: date | None) -> None:
    require(enter(home, who), "close_period")
    refuse_if(home.closed_until is None or (through and through >= home.closed_until), "changed")
    home.closed_until = through


def set_rate(home: Household, who: str, pair: tuple[str, str], day: date | None, rate: Decimal) -> None:
    require(enter(home, who), "manage_exchange_rates")
    day = day or home.today
    refuse_if(day > home.today + timedelta(days=1), "date_in_future")
    home.rates[*pair, day] = rate


def put_category_away(home: Household, who: str, name: str, *, archived: bool) -> None:
    member = enter(home, who)
    refuse_if(not scope(member, "view_categories"), "not_found")
    require(member, "manage_categories")
    category = home.categories[name]
    refuse_if(category.kind not in FALLBACK, "wrong_category_kind")
    refuse_if(archived and name in FALLBACK.values(), "fallback_category")
    refuse_if(category.archived is archived, "changed")
    category.archived = archived


def edit_member(home: Household, who: str, name: str, changes: dict[str, Any]) -> None:
    """Role, spending limit, single permissions."""
    require(enter(home, who), "manage_members")
    member = _present(home, name)
    _keep_an_owner(home, name, changes.get("role", member.role), member.state)
    for field, value in changes.items():
        if field == "overrides":
            member.overrides.update(value)
        else:
            setattr(member, field, value)


def set_state(home: Household, who: str, name: str, state: str) -> None:
    """Suspend or resume."""
    require(enter(home, who), "manage_members")
    member = _present(home, name)
    refuse_if(member.state == state, "membership_state")
    _keep_an_owner(home, name, member.role, state)
    member.state = state


def remove(home: Household, who: str, name: str) -> None:
    """They leave, or are put out: what they wait for is cancelled, what they hid is put away with its balance."""
    actor = enter(home, who)
    member = _present(home, name)
    require(actor, "leave_family" if name == who else "manage_members", [name])
    _keep_an_owner(home, name, member.role, "ended")
    member.state, member.overrides = "ended", {}
    for entry in home.entries:
        if entry.author == name and entry.status == "pending_approval":
            entry.status = "cancelled"
    for wallet in home.wallets.values():
        if wallet.holder == name and wallet.visibility != "shared" and not wallet.archived:
            wallet.archived = True
            wallet.version += 1


def come_back(home: Household, name: str, role: str) -> None:
    """By an owner's invitation; without a limit."""
    member = home.members[name]
    refuse_if(member.state != "ended", "already_member")
    member.role, member.state, member.spending_limit = role, "active", None


def _present(home: Household, name: str) -> Member:
    member = home.members[name]
    refuse_if(member.state == "ended", "not_found")
    return member


def _keep_an_owner(home: Household, name: str, role: str, state: str) -> None:
    after = {m.name: (m.role, m.state) for m in home.members.values()} | {name: (role, state)}
    refuse_if(("owner", "active") not in after.values(), "last_owner")


def edit_wallet(home: Household, who: str, name: str, changes: dict[str, Any]) -> None:
    """Holder, overdraft limit (`floor`), visibility."""
    member, wallet = _seen(home, who, name)
    _require_edit(member, wallet, changes)
    if changes.get("holder"):
        refuse_if(home.members[changes["holder"]].state == "ended", "unknown_reference")
    floor = changes.get("floor")
    refuse_if(floor and floor % money.unit(wallet.currency), "amount_too_fine")
    refuse_if(floor is not None and available(home, name) < -floor, "insufficient_funds")
    if changes.get("visibility", wallet.visibility) != wallet.visibility:
        refuse_if(wallet.archived, "wallet_archived")
        refuse_if(changes["visibility"] != "shared" and has_waiting(home, name), "wallet_has_pending")
    for field, value in changes.items():
        setattr(wallet, field, value)
    wallet.version += 1


def _require_edit(member: Member, wallet: Wallet, changes: dict[str, Any]) -> None:
    """The holder alone hides it; whose it is changes who may edit any, while nothing of it is hidden."""
    if changes.keys() != {"visibility"}:
        require(member, "edit_wallet", [wallet.holder])
    if "visibility" in changes:
        _require_hiding(member, wallet)
    if changes.get("holder", wallet.holder) != wallet.holder:
        hidden = {wallet.visibility, changes.get("visibility", "shared")} != {"shared"}
        refuse_if(hidden or scope(member, "edit_wallet") != "all", "permission_denied")


def _require_hiding(member: Member, wallet: Wallet) -> None:
    require(member, "set_wallet_visibility", [wallet.holder])
    refuse_if(member.role == "child", "permission_denied")


def has_waiting(home: Household, name: str) -> bool:
    """Whether something waits that moves money on it, or is to replace what has."""
    waiting = (entry for entry in home.entries if entry.status == "pending_approval")
    return any(name in entry.wallets or (entry.replaces and name in entry.replaces.wallets) for entry in waiting)


def archive_wallet(home: Household, who: str, name: str) -> None:
    wallet = _to_put_away(home, who, name)
    refuse_if(balance(home, name) or held(home, name), "wallet_not_empty")
    refuse_if(has_waiting(home, name), "wallet_has_pending")
    refuse_if(wallet.archived, "changed")
    wallet.archived = True
    wallet.version += 1


def restore_wallet(home: Household, who: str, name: str) -> None:
    wallet = _to_put_away(home, who, name)
    refuse_if(not wallet.archived, "changed")
    wallet.archived = False
    wallet.version += 1


def _to_put_away(home: Household, who: str, name: str) -> Wallet:
    """An owner does it; with what owners do not see, its holder."""
    member, wallet = _seen(home, who, name)
    permission = "archive_wallet" if wallet.visibility == "shared" else "set_wallet_visibility"
    require(member, permission, [wallet.holder])
    return wallet


def reconcile(home: Household, who: str, name: str, says: Decimal, day: date | None) -> Entry | None:
    """The statement of a day's end is made up for by an adjustment."""
    member, wallet = _seen(home, who, name)
    require(member, "reconcile_wallet", [wallet.holder])
    refuse_if(not shows_rows(wallet, member), "permission_denied")
    refuse_if(wallet.archived, "wallet_archived")
    refuse_if(says % money.unit(wallet.currency), "amount_too_fine")
    difference = says - balance_on(home, name, day or home.today)
    if not difference:
        return None
    source, target = (None, name) if difference > 0 else (name, None)
    entry = record(home, member, Wish(abs(difference), source, target, day=day, fact="adjustment"))
    if member.role != "owner" and home.adult_limit is not None and entry.base > home.adult_limit:
        home.entries.remove(entry)
        raise Refused("permission_denied")
    return entry


def _seen(home: Household, who: str, name: str) -> tuple[Member, Wallet]:
    member, wallet = enter(home, who), home.wallets[name]
    if not sees_wallet(wallet, member):
        raise Refused("not_found")
    return member, wallet
