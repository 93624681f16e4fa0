"""The whole ledger against a model of it in plain Python: whatever is done in whatever order, both say the same."""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from ledger import services
from tests.conftest import House
from tests.ledger.machine.base import Comparing, amounts, people, recent
from tests.ledger.model import correcting, recording
from tests.ledger.model.facts import Wish

pytestmark = pytest.mark.django_db

wallets = st.sampled_from(["cash", "anns", "pocket", "secret", "members"])
wishes = st.builds(Wish, amounts, st.none() | wallets, st.none() | wallets)


class Ledger(Comparing):
    @rule(who=people, wish=wishes)
    def create(self, who: str, wish: Wish) -> None:
        if wish.wallets:
            self.play(
                lambda: recording.create(self.home, who, wish),
                lambda: services.create_transaction(actor=self.person(who).actor, draft=self.draft_of(wish)),
            )

    @rule(who=people, which=recent)
    def reverse(self, who: str, which: int) -> None:
        if which < len(self.home.entries):
            entry = self.home.entries[-1 - which]
            self.play(
                lambda: correcting.reverse(self.home, who, entry),
                lambda: services.reverse_transaction(
                    actor=self.person(who).actor, transaction_id=self.entry_pk(entry), reason=""
                ),
            )


def run(house: House, **options: Any) -> None:
    machine = type("Run", (Ledger,), {"house": house})
    usual = {"deadline": None, "suppress_health_check": list(HealthCheck)}
    run_state_machine_as_test(machine, settings=settings(**usual, **options))


def test_200_runs_of_30_steps(house: House):
    run(house, max_examples=200, stateful_step_count=30, derandomize=True)
