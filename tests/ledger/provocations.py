"""Writes that go past every use case, each against one guard of the database: (guard, what provokes it)."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Model

from audit.models import AuditSeal, EventLog, EventSubject
from financebot.common import clock
from financebot.common.usecase import unit_of_work
from ledger import booking
from ledger.booking import Entry
from ledger.models import Approval, Category, MonthTotal, Posting, PostingShare, Transaction, Wallet, WalletMonth
from ledger.services import reverse_transaction
from tests.conftest import House, Person, record
from tests.ledger.helpers import ONE, TEN, drafted, flip, line, move_balances, say, unsaved

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Scene:
    """A house with an entry of every kind, and next door's rows to point at wrongly.

    `waiting`: the member's 600 from their own wallet, which nobody else uses; `approval`: the adult's, of it.
    """

    house: House
    draft: Entry
    booked: Entry
    reversed: Entry
    reversal: Entry
    neighbour: Person
    their_entry: Entry
    their_draft: Entry
    waiting: Entry
    approval: Approval

    @property
    def cash(self) -> int:
        return self.house.wallets["cash"].pk

    @property
    def anns(self) -> int:
        return self.house.wallets["anns"].pk

    @property
    def author(self) -> int:
        return self.house.owner.membership.pk

    @property
    def food(self) -> int:
        return self.house.categories["expense"].pk

    @property
    def other(self) -> int:
        """Another expense category, on which nothing is booked."""
        return Category.objects.filter(family=self.house.family, kind="expense", fallback=False).first().pk

    def book(self, *lines, **fields) -> Entry:
        """An attempt to book these lines as one entry."""
        entry = drafted(self.house, *lines, **(fields or {"from_wallet_id": self.cash}))
        move_balances(entry)
        flip(entry)
        return entry

    def take_back(self, *lines, **fields) -> Entry:
        """An attempt to book these lines as the reversal of `booked`."""
        return self.book(*lines, from_wallet_id=self.cash, reverses=self.booked.transaction, **fields)


def build_scene(house: House) -> Scene:
    taken_back, booked, neighbour = (
        house.spend("10"),
        house.spend("10", payee="Lidl", tags=("food",)),
        house.stranger,
    )
    with unit_of_work():
        taking_back = {"transaction_id": taken_back.transaction.pk, "reason": ""}
        found = reverse_transaction(actor=house.owner.actor, **taking_back)
    reversal = booking.entry_of(Transaction.objects.get(pk=found.reversal_transaction_id))
    theirs = Wallet.objects.create(
        family_id=neighbour.membership.family_id,
        name="W",
        type="cash",
        currency="EUR",
    )
    their_food = Category.objects.get(family=theirs.family, kind="expense", fallback=True).pk
    their_lines = (
        line(theirs.pk, -TEN),
        line(theirs.pk, TEN, category=their_food, shares={neighbour.membership.pk: TEN}),
    )
    waiting = house.spend("600", "members", by="member")
    return Scene(
        house=house,
        draft=drafted(house),
        booked=booked,
        reversed=taken_back,
        reversal=reversal,
        neighbour=neighbour,
        their_entry=record(neighbour, "10", from_wallet=theirs.pk, payee="Aldi", tags=("drink",)),
        their_draft=booking.insert((unsaved(neighbour, from_wallet_id=theirs.pk), their_lines))[0],
        waiting=waiting,
        approval=say(waiting, house.adult),
    )


def shift(wallet: int, amount: Decimal, witness: Posting | None) -> None:
    before = Wallet.objects.get(pk=wallet).balance
    update(Wallet, wallet, balance=before + amount, last_posting=witness)


def spare_wallet(s: Scene, **fields: object) -> Wallet:
    return Wallet.objects.create(family=s.house.family, name="Spare", type="cash", currency="EUR", **fields)


def update(model: type[Model], pk: int, **fields: object) -> None:
    model._base_manager.filter(pk=pk).update(**fields)


def delete(model: type[Model], pk: int) -> None:
    """A bare DELETE: Django's own deletion would look for what points at the row."""
    rows = model._base_manager.filter(pk=pk)
    assert rows.exists()
    rows._raw_delete(rows.db)


def unbalanced(s: Scene) -> None:
    s.book(line(s.cash, -TEN), line(s.cash, TEN - CENT, category=s.food, shares={s.author: TEN - CENT}))


def unbalanced_in_base(s: Scene) -> None:
    s.book(line(s.cash, -TEN), line(s.cash, TEN, category=s.food, base=TEN - CENT, shares={s.author: TEN}))


def unbalanced_in_one_currency(s: Scene) -> None:
    s.book(line(s.cash, -TEN), line(s.cash, TEN, category=s.food, currency="USD", shares={s.author: TEN}))


def amount_that_lies(s: Scene) -> None:
    s.book(from_wallet_id=s.cash, amount=TEN + CENT)


def currency_of_another_wallet(s: Scene) -> None:
    usd = {"currency": "USD"}
    lines = line(s.cash, -TEN, **usd), line(s.cash, TEN, category=s.food, shares={s.author: TEN}, **usd)
    s.book(*lines)


def on_another_wallet(s: Scene) -> None:
    s.book(line(s.anns, -TEN), line(s.anns, TEN, category=s.food, shares={s.author: TEN}))


def transfer_that_moves_one_wallet(s: Scene) -> None:
    lines = line(s.cash, -TEN), line(s.cash, TEN, category=s.food, shares={s.author: TEN})
    s.book(*lines, type="transfer", from_wallet_id=s.cash, to_wallet_id=s.anns)


def category_against_category(s: Scene) -> None:
    s.book(*(line(s.cash, a, category=c, shares={s.author: a}) for c, a in ((s.food, -TEN), (s.other, TEN))))


def shares_that_fall_short(s: Scene) -> None:
    s.book(line(s.cash, -TEN), line(s.cash, TEN, category=s.food, shares={s.author: TEN - CENT}))


def nobodys_share(s: Scene) -> None:
    s.book(line(s.cash, -TEN), line(s.cash, TEN, category=s.food))


def without_moving_balances(s: Scene) -> None:
    flip(s.draft)


def without_moving_the_second_balance(s: Scene) -> None:
    fields = {"type": "transfer", "from_wallet_id": s.cash, "to_wallet_id": s.anns}
    entry = drafted(s.house, line(s.cash, -TEN), line(s.anns, TEN), **fields)
    shift(s.cash, -TEN, entry.postings[0])
    flip(entry)


def balance_out_of_nothing(s: Scene) -> None:
    update(Wallet, s.cash, balance=TEN)


def balance_by_the_same_posting_again(s: Scene) -> None:
    move_balances(s.draft)
    shift(s.cash, -TEN, s.draft.postings[0])


def posting_on(entry: Entry, s: Scene) -> None:
    extra = {"amount": TEN, "base_amount": TEN, "currency": "EUR", "category_id": s.food, "wallet_id": s.cash}
    Posting.objects.create(family=s.house.family, transaction=entry.transaction, **extra)


def share_on_a_booked_posting(s: Scene) -> None:
    amounts = {"weight": ONE, "amount": TEN, "base_amount": TEN}
    member = s.house.adult.membership
    PostingShare.objects.create(family=s.house.family, posting=s.booked.postings[1], member=member, **amounts)


def share_moved_onto_a_booked_posting(s: Scene) -> None:
    posting = s.booked.postings[1]
    update(PostingShare, s.draft.shares[0].pk, posting=posting, member=s.house.adult.membership)


def reversal_of(original: Entry, s: Scene) -> None:
    unsaved(s.house.owner, from_wallet_id=s.cash, reverses=original.transaction).save(force_insert=True)


def reversal_of_a_half(s: Scene) -> None:
    half = TEN / 2
    s.take_back(line(s.cash, half), line(s.cash, -half, category=s.food, shares={s.author: -half}), amount=half)


def reversal_of_another_category(s: Scene) -> None:
    s.take_back(line(s.cash, TEN), line(s.cash, -TEN, category=s.other, shares={s.author: -TEN}))


def reversal_of_another_wallet(s: Scene) -> None:
    lines = line(s.anns, TEN), line(s.anns, -TEN, category=s.food, shares={s.author: -TEN})
    s.book(*lines, from_wallet_id=s.anns, reverses=s.booked.transaction)


def reversal_of_other_base_amounts(s: Scene) -> None:
    base = TEN + CENT
    lines = (
        line(s.cash, TEN, base=base),
        line(s.cash, -TEN, category=s.food, base=-base, shares={s.author: -TEN}),
    )
    s.take_back(*lines)


def reversed_by_a_draft(s: Scene) -> None:
    lines = line(s.cash, TEN), line(s.cash, -TEN, category=s.food, shares={s.author: -TEN})
    drafted(s.house, *lines, from_wallet_id=s.cash, reverses=s.booked.transaction)
    flip(s.booked, "reversed")


def event(**fields: object) -> EventLog:
    found = EventLog.objects.order_by("pk").first()
    return EventLog(
        **{f.attname: getattr(found, f.attname) for f in EventLog._meta.fields} | {"pk": None} | fields,
    )


def numbered() -> EventLog:
    found = EventLog.objects.order_by("pk").first()
    update(EventLog, found.pk, position=1)
    return found


def erased() -> EventLog:
    found = EventLog.objects.order_by("pk").first()
    update(EventLog, found.pk, private=None)
    return found


def seal(position: int) -> AuditSeal:
    return AuditSeal.objects.create(first=position, last=position, marks=b"", created_at=clock.now())


def first(model: type[Model]) -> int:
    return model._base_manager.order_by("pk").first().pk


Provocation = Callable[[Scene], object]
# fmt: off
PROVOCATIONS: list[tuple[str, str, Provocation]] = [
    ("ledger_sums_to_zero", "a cent is missing", unbalanced),
    ("ledger_sums_to_zero", "a cent of the base amounts is missing", unbalanced_in_base),
    ("ledger_sums_to_zero", "two currencies", unbalanced_in_one_currency),
    ("ledger_posts_on_its_wallets", "another wallet", on_another_wallet),
    ("ledger_posts_on_its_wallets", "one of two wallets", transfer_that_moves_one_wallet),
    ("ledger_posts_on_its_wallets", "no wallet", category_against_category),
    ("ledger_amount_is_what_moves", "a cent more is said", amount_that_lies),
    ("ledger_amount_is_what_moves", "another currency", currency_of_another_wallet),
    ("ledger_shares_make_the_whole", "a cent is missing", shares_that_fall_short),
    ("ledger_shares_make_the_whole", "for nobody", nobodys_share),
    ("ledger_wallet_starts_empty", "balance", lambda s: spare_wallet(s, balance=CENT)),
    ("ledger_wallet_starts_empty", "held", lambda s: spare_wallet(s, held=CENT)),
    ("ledger_balance_moves_by_a_posting", "out of nothing", balance_out_of_nothing),
    ("ledger_balance_moves_by_a_posting", "no witness", lambda s: shift(s.cash, TEN, None)),
    ("ledger_balance_moves_by_a_posting", "the same twice", balance_by_the_same_posting_again),
    ("ledger_balance_moves_by_a_posting", "booked", lambda s: shift(s.cash, -TEN, s.booked.postings[0])),
    ("ledger_balance_moves_by_a_posting", "reversed", lambda s: shift(s.cash, -TEN, s.reversed.postings[0])),
    ("ledger_balance_moves_by_a_posting", "a cent more",
     lambda s: shift(s.cash, -TEN - CENT, s.draft.postings[0])),
    ("ledger_balance_moves_by_a_posting", "another wallet",
     lambda s: shift(s.anns, -TEN, s.draft.postings[0])),
    ("ledger_balance_moves_by_a_posting", "a category's", lambda s: shift(s.cash, TEN, s.draft.postings[1])),
    ("ledger_balance_moves_by_a_posting", "nothing moves",
     lambda s: shift(s.cash, TEN - TEN, s.draft.postings[0])),
    ("ledger_balance_moves_by_a_posting", "witness taken", lambda s: shift(s.cash, TEN - TEN, None)),
    ("ledger_balance_has_moved", "no wallet followed", without_moving_balances),
    ("ledger_balance_has_moved", "one of two followed", without_moving_the_second_balance),
    ("ledger_transaction_is_never_deleted", "draft", lambda s: delete(Transaction, s.draft.transaction.pk)),
    ("ledger_transaction_is_never_deleted", "booked", lambda s: delete(Transaction, s.booked.transaction.pk)),
    ("ledger_wallet_is_never_deleted", "unused", lambda s: delete(Wallet, s.house.wallets["anns"].pk)),
    ("ledger_category_is_never_deleted", "unused", lambda s: delete(Category, s.other)),
    ("ledger_monthtotal_is_never_deleted", "any", lambda s: delete(MonthTotal, first(MonthTotal))),
    ("ledger_walletmonth_is_never_deleted", "any", lambda s: delete(WalletMonth, first(WalletMonth))),
    ("ledger_facts_never_change", "amount",
     lambda s: update(Transaction, s.booked.transaction.pk, amount=CENT)),
    ("ledger_facts_never_change", "reversed",
     lambda s: update(Transaction, s.reversed.transaction.pk, amount=CENT)),
    ("ledger_wallet_keeps_its_currency", "used", lambda s: update(Wallet, s.cash, currency="USD")),
    ("ledger_category_keeps_its_kind", "unused", lambda s: update(Category, s.other, kind="income")),
    ("ledger_posting_joins_no_booked_entry", "executed", lambda s: posting_on(s.booked, s)),
    ("ledger_posting_joins_no_booked_entry", "reversed", lambda s: posting_on(s.reversed, s)),
    ("ledger_posting_never_changes", "amount",
     lambda s: update(Posting, s.booked.postings[0].pk, amount=CENT)),
    ("ledger_posting_never_changes", "note",
     lambda s: update(Posting, s.booked.postings[1].pk, note="bread")),
    ("ledger_posting_never_changes", "reversed",
     lambda s: update(Posting, s.reversed.postings[0].pk, amount=CENT)),
    (
        "ledger_posting_never_changes",
        "entry",
        lambda s: update(Posting, s.draft.postings[1].pk, transaction=drafted(s.house).transaction),
    ),
    (
        "ledger_posting_never_changes",
        "into a booked entry",
        lambda s: update(Posting, s.draft.postings[1].pk, transaction=s.booked.transaction),
    ),
    ("ledger_booked_posting_is_never_deleted", "executed",
     lambda s: delete(Posting, s.booked.postings[1].pk)),
    ("ledger_booked_posting_is_never_deleted", "reversed",
     lambda s: delete(Posting, s.reversed.postings[1].pk)),
    ("ledger_booked_share_no_insert", "another member", share_on_a_booked_posting),
    ("ledger_booked_share_no_update", "weight",
     lambda s: update(PostingShare, s.booked.shares[0].pk, weight=TEN)),
    (
        "ledger_booked_share_no_update",
        "member",
        lambda s: update(PostingShare, s.booked.shares[0].pk, member=s.house.adult.membership),
    ),
    ("ledger_booked_share_no_update", "from a draft onto it", share_moved_onto_a_booked_posting),
    ("ledger_booked_share_no_delete", "executed", lambda s: delete(PostingShare, s.booked.shares[0].pk)),
    ("ledger_reversal_is_of_an_executed_entry", "draft", lambda s: reversal_of(s.draft, s)),
    ("ledger_reversal_is_of_an_executed_entry", "reversed", lambda s: reversal_of(s.reversed, s)),
    ("ledger_reversal_is_of_an_executed_entry", "reversal", lambda s: reversal_of(s.reversal, s)),
    (
        "ledger_reversal_is_set_at_once",
        "later",
        lambda s: update(Transaction, s.draft.transaction.pk, reverses=s.booked.transaction),
    ),
    ("ledger_reversed_has_its_reversal", "none", lambda s: flip(s.booked, "reversed")),
    ("ledger_reversed_has_its_reversal", "a draft", reversed_by_a_draft),
    ("ledger_reversal_takes_all_back", "a half", reversal_of_a_half),
    ("ledger_reversal_takes_all_back", "category", reversal_of_another_category),
    ("ledger_reversal_takes_all_back", "wallet", reversal_of_another_wallet),
    ("ledger_reversal_takes_all_back", "base amounts", reversal_of_other_base_amounts),
    ("audit_eventlog_is_never_deleted", "any", lambda s: delete(EventLog, first(EventLog))),
    ("audit_eventsubject_is_never_deleted", "any", lambda s: delete(EventSubject, first(EventSubject))),
    ("audit_event_is_append_only", "entity", lambda s: update(EventLog, first(EventLog), entity_id=10**6)),
    ("audit_event_is_numbered_once", "another number", lambda s: update(EventLog, numbered().pk, position=2)),
    ("audit_event_is_numbered_once", "no number", lambda s: update(EventLog, numbered().pk, position=None)),
    ("audit_private_is_only_erased", "rewritten",
     lambda s: update(EventLog, first(EventLog), private={"salt": ""})),
    ("audit_private_is_only_erased", "brought back", lambda s: update(EventLog, erased().pk, private={})),
    ("audit_event_starts_unnumbered", "numbered", lambda s: event(position=1).save()),
    ("audit_subject_is_append_only", "subject",
     lambda s: update(EventSubject, first(EventSubject), subject=10**6)),
    ("audit_auditseal_is_never_deleted", "any", lambda s: delete(AuditSeal, seal(1).pk)),
    ("audit_seal_is_append_only", "mac", lambda s: update(AuditSeal, seal(1).pk, mac="")),
    ("audit_seal_follows_the_one_before", "a gap at the start", lambda s: seal(2)),
    ("audit_seal_follows_the_one_before", "the same again", lambda s: (seal(1), seal(1))),
    ("audit_seal_follows_the_one_before", "a gap", lambda s: (seal(1), seal(3))),
]
# fmt: on
