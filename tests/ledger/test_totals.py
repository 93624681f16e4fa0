"""Balances and maintained totals are the sums of the postings, whatever is done in whichever order."""

import random
from collections import Counter
from datetime import date
from decimal import Decimal

import pytest
from django.db.models import Model
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from financebot.common.errors import DomainError
from financebot.common.usecase import unit_of_work
from ledger.booking import Entry
from ledger.models import MonthTotal, Posting, PostingShare, Wallet, WalletMonth
from ledger.services import reverse_transaction
from ledger.verify import verify
from tests.conftest import House, undone
from tests.ledger.helpers import everything

pytestmark = pytest.mark.django_db

WALLETS = ["cash", "anns", "pocket", "members"]
DAYS = [date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 28), date(1970, 1, 1)]
BOOKED = ("executed", "reversed")

amounts = st.integers(1, 10_000).map(lambda cents: Decimal(cents) / 100)
moves = st.tuples(st.just("move"), amounts, st.permutations(WALLETS), st.sampled_from(DAYS))
others = st.tuples(
    st.sampled_from(["spend", "earn"]),
    amounts,
    st.permutations(WALLETS),
    st.sampled_from(DAYS),
)
reversals = st.tuples(st.just("reverse"), st.integers(0, 30))
histories = st.lists(st.one_of(moves, others, reversals), min_size=1, max_size=12)


def play(house: House, history: list) -> int:
    """Carry a history out; what the rules refuse is left out. How many steps were carried out."""
    entries: list[Entry] = []
    done = 0
    for kind, *step in history:
        before = everything()
        try:
            if kind == "reverse":
                if entries:
                    with unit_of_work():
                        pk = entries[step[0] % len(entries)].transaction.pk
                        reverse_transaction(actor=house.owner.actor, transaction_id=pk, reason="")
                    done += 1
                continue
            amount, wallets, day = step
            where = wallets[:2] if kind == "move" else wallets[:1]
            who = "adult" if amount > 50 else "owner"
            entries.append(getattr(house, kind)(str(amount), *where, by=who, occurred_on=day))
            done += 1
        except DomainError:
            assert everything() == before
    return done


def sums_of_postings() -> tuple[Counter, Counter, Counter]:
    """What balances, month totals and wallet months must be, added up in Python from the rows themselves."""
    balances: Counter = Counter()
    by_wallet: Counter = Counter()
    by_category: Counter = Counter()
    for posting in Posting.objects.filter(transaction__status__in=BOOKED).select_related("transaction"):
        month = posting.transaction.occurred_on.replace(day=1)
        if posting.category_id is None:
            balances[posting.wallet_id] += posting.amount
            by_wallet[posting.wallet_id, month] += posting.amount
            continue
        for share in PostingShare.objects.filter(posting=posting):
            key = (
                posting.family_id,
                month,
                posting.wallet_id,
                posting.category_id,
                share.member_id,
                posting.currency,
            )
            by_category[key] += share.amount
    return balances, by_wallet, by_category


def kept(model: type[Model], *fields: str, amount: str = "amount") -> dict:
    found = {}
    for *key, value in model._base_manager.values_list(*fields, amount):
        found[tuple(key) if len(fields) > 1 else key[0]] = value
    return {key: value for key, value in found.items() if value}


def check_all_sums() -> None:
    balances, by_wallet, by_category = ({k: v for k, v in found.items() if v} for found in sums_of_postings())
    assert kept(Wallet, "pk", amount="balance") == balances
    key = ("family_id", "month", "wallet_id", "category_id", "member_id", "currency")
    for amount in ("amount", "base_amount"):
        assert kept(WalletMonth, "wallet_id", "month", amount=amount) == by_wallet
        assert kept(MonthTotal, *key, amount=amount) == by_category
    assert list(verify()) == []


def test_after_any_history_all_sums_are_those_of_the_postings(house: House):
    @settings(max_examples=15, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(history=histories)
    def check(history: list) -> None:
        with undone():
            play(house, history)
            check_all_sums()

    check()


@pytest.mark.parametrize("seed", range(3))
def test_after_a_long_history_all_sums_are_those_of_the_postings(house: House, seed: int):
    chance = random.Random(seed)
    history = []
    for _ in range(60):
        kind = chance.choice(["spend", "earn", "earn", "move", "reverse"])
        wallets = chance.sample(WALLETS, 4)
        amount = Decimal(chance.randint(1, 9_999)) / 100
        step = (chance.randint(0, 59),) if kind == "reverse" else (amount, wallets, chance.choice(DAYS))
        history.append((kind, *step))
    assert play(house, history) > 40
    check_all_sums()


def test_a_month_is_that_of_the_day_it_happened_on(house: House):
    for day in (date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 28)):
        house.spend("1", occurred_on=day)
    assert kept(WalletMonth, "wallet_id", "month") == {
        (house.wallets["cash"].pk, date(2026, 1, 1)): -1,
        (house.wallets["cash"].pk, date(2026, 2, 1)): -2,
    }
    assert dict(MonthTotal.objects.values_list("month", "amount")) == {
        date(2026, 1, 1): 1,
        date(2026, 2, 1): 2,
    }


def test_each_author_has_a_total_of_their_own(house: House):
    house.spend("1", by="owner")
    house.spend("2", by="adult")
    house.spend("3", by="adult")
    found = dict(MonthTotal.objects.values_list("member_id", "amount"))
    assert found == {house.owner.membership.pk: 1, house.adult.membership.pk: 5}


def test_a_transfer_is_in_the_wallets_months_and_in_no_total_by_category(house: House):
    house.move("5", "cash", "anns")
    assert not MonthTotal.objects.exists()
    assert sorted(WalletMonth.objects.values_list("amount", flat=True)) == [-5, 5]


def test_thousandths_add_up_without_a_trace_of_floating_point(house: House):
    for amount in ("0.10", "0.20"):
        house.earn(amount)
    house.spend("0.30")
    assert Wallet.objects.get(pk=house.wallets["cash"].pk).balance == 0
    assert WalletMonth.objects.get().amount == 0
