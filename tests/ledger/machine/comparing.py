"""What is compared after each step."""

from typing import Any

from audit.trail import Actor
from families.access import look
from financebot.common import money
from financebot.common.errors import NotFound
from ledger import filters, selectors
from ledger.models import MonthTotal, Transaction, Wallet, WalletMonth
from tests.ledger.model import sight, sums
from tests.ledger.model.facts import Entry, Member
from tests.ledger.model.sight import View

ENTRY_FIELDS = (
    "type",
    "status",
    "from_wallet",
    "to_wallet",
    "amount",
    "currency",
    "to_amount",
    "base_amount",
    "rate",
    "occurred_on",
    "label",
    "author",
    "last_editor",
    "reverses",
    "replaces",
    "refund_of",
    "self_approved",
    "version",
    "pending_since",
    "executed_at",
    "description",
)


def same(about: Any, found: dict[Any, Any], expected: dict[Any, Any]) -> None:
    """What the product says and what the model says, where they differ."""
    differing = {k: (found.get(k), expected.get(k)) for k in {*found, *expected} if found.get(k) != expected.get(k)}
    assert not differing, f"{about}: the product, the model: {differing}"


def compare(run: Any) -> None:
    _compare_entries(run)
    _compare_wallets(run)
    _compare_totals(run)


def _compare_entries(run: Any) -> None:
    """Entries stand in the order in which they came."""
    rows = list(Transaction.objects.filter(family=run.family).order_by("pk").values_list("pk", *ENTRY_FIELDS))
    assert len(rows) == len(run.home.entries)
    for (pk, *_), entry in zip(rows, run.home.entries, strict=True):
        run.pks[id(entry)] = pk
    for row, entry in zip(rows, run.home.entries, strict=True):
        same(row[0], dict(zip(ENTRY_FIELDS, row[1:], strict=True)), _facts(run, entry))


def _facts(run: Any, entry: Entry) -> dict[str, Any]:
    def linked(other: Entry | None) -> int | None:
        return run.entry_pk(other) if other else None

    values = (
        entry.type,
        entry.status,
        run.pk.get(entry.source),
        run.pk.get(entry.target),
        entry.amount,
        entry.currency,
        entry.to_amount,
        entry.base,
        entry.rate,
        entry.day,
        run.pk.get(entry.label),
        run.member_pk(entry.author),
        run.member_pk(entry.editor) if entry.editor else None,
        linked(entry.reverses),
        linked(entry.replaces),
        linked(entry.refund_of),
        entry.self_approved,
        entry.version,
        entry.pending_since,
        entry.executed_at,
        entry.description,
    )
    return dict(zip(ENTRY_FIELDS, values, strict=True))


def _compare_wallets(run: Any) -> None:
    rows = Wallet.objects.filter(family=run.family).in_bulk()
    for name, wallet in run.home.wallets.items():
        row, booked, held = rows[run.pk[name]], sums.balance(run.home, name), sums.held(run.home, name)
        found = {"balance": row.balance, "held": row.held, "available": row.available, "holder": row.holder_id}
        found |= {"visibility": row.visibility, "floor": row.overdraft_limit, "version": row.version}
        expected = {"balance": booked, "held": held, "available": booked - held}
        expected |= {"holder": run.member_pk(wallet.holder) if wallet.holder else None}
        expected |= {"visibility": wallet.visibility, "floor": wallet.floor, "version": wallet.version}
        same(name, found | {"archived": row.archived_at is not None}, expected | {"archived": wallet.archived})


def _compare_totals(run: Any) -> None:
    rows = MonthTotal.objects.filter(family=run.family)
    found = rows.values_list("month", "wallet", "category", "member", "currency", "amount", "base_amount")
    expected = {
        (month, run.pk[wallet], run.pk[category], run.member_pk(member), currency): both
        for (month, wallet, category, member, currency), both in sums.category_totals(run.home).items()
    }
    same("months by category", {row[:5]: row[5:] for row in found if any(row[5:])}, expected)
    months = WalletMonth.objects.filter(family=run.family).values_list("month", "wallet", "amount", "base_amount")
    by_wallet = {(month, run.pk[name]): both for (month, name), both in sums.wallet_totals(run.home).items()}
    same("months by wallet", {row[:2]: row[2:] for row in months if any(row[2:])}, by_wallet)


def compare_what_is_seen(run: Any, viewer: str) -> None:
    """Wallets and what is in them, lists, and each entry with what of it is hidden."""
    member, actor = run.home.members[viewer], run.actor(viewer)
    if member.state != "active":
        assert _is_stranger(run, actor)
        return
    access = look(actor, family=run.family)
    wallets = {run.pk[w.name] for w in run.home.wallets.values() if sight.sees_wallet(w, member)}
    assert set(Wallet.objects.seen_by(access).values_list("pk", flat=True)) == wallets, f"wallets of {viewer}"
    _compare_summary(run, member, selectors.summary(access))
    expected = sight.views(run.home, member)
    rows = selectors.present(selectors.entries(access).order_by("pk"), access)
    assert [row.pk for row in rows] == [run.entry_pk(view.entry) for view in expected], f"entries of {viewer}"
    for row, view in zip(rows, expected, strict=True):
        same(f"{row.pk} as {viewer} sees it", _seen(row), _as_seen(run, view))
    listed = filters.transactions(Transaction.objects.seen_by(access), {})
    assert set(listed.values_list("pk", flat=True)) == {run.entry_pk(view.entry) for view in sight.listed(expected)}, (
        f"the list of {viewer}"
    )


def _compare_summary(run: Any, member: Member, found: dict[str, Any]) -> None:
    total, by_currency = sight.summary(run.home, member)
    texts = {currency: money.wire(amount, currency) for currency, amount in by_currency.items()}
    expected = {
        "total": total,
        "by_currency": texts,
        "wallets": [run.pk[w.name] for w in sight.summed(run.home, member)],
    }
    found = {name: found[name] for name in expected} | {"wallets": [wallet.pk for wallet in found["wallets"]]}
    same(f"the summary of {member.name}", found, expected)


def _is_stranger(run: Any, actor: Actor) -> bool:
    try:
        look(actor, family=run.family)
    except NotFound:
        return True
    return False


def _seen(row: Any) -> dict[str, Any]:
    return {
        "wallets": (row.from_wallet_id, row.to_wallet_id),
        "hidden_of": row.private_of.membership_id if row.private_of else None,
        "money": (row.amount, row.currency, row.to_amount),
        "postings": {(p.wallet_id, p.category_id, p.amount, p.currency) for p in row.postings},
        "linked": (row.replaces_id, row.replaced_by_id, row.refund_of),
    }


def _as_seen(run: Any, view: View) -> dict[str, Any]:
    linked = (view.replaces, view.replaced_by, view.refund_of)
    return {
        "wallets": (run.pk.get(view.source), run.pk.get(view.target)),
        "hidden_of": run.member_pk(view.hidden_of) if view.hidden_of else None,
        "money": (view.amount, view.currency, view.to_amount),
        "postings": {(run.pk.get(w), run.pk.get(category), *rest) for w, category, *rest in view.postings},
        "linked": tuple(run.entry_pk(other) if other else None for other in linked),
    }
