"""The whole ledger against a model of it in plain Python: whatever is done in whatever order, both say the same."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.conftest import House
from tests.ledger.machine.base import furnish
from tests.ledger.machine.deciding import Correcting, Deciding
from tests.ledger.machine.household import Household

pytestmark = [pytest.mark.django_db, pytest.mark.no_cover]


class Ledger(Deciding, Correcting, Household):
    """All steps."""


def run(machine: type[Ledger], **options: Any) -> None:
    usual = {
        "deadline": None,
        "suppress_health_check": list(HealthCheck),
        "report_multiple_bugs": False,
        "phases": [phase for phase in settings().phases if phase is not Phase.explain],  # it takes minutes
    }
    run_state_machine_as_test(machine, settings=settings(**usual, **options))


@pytest.fixture
def machine(house: House) -> type[Ledger]:
    furnish(house)
    return type("Run", (Ledger,), {"house": house})


def test_200_runs_of_30_steps(machine: type[Ledger]):
    run(machine, max_examples=200, stateful_step_count=30)


@pytest.mark.long
@pytest.mark.parametrize("half", [0, 1])  # one for each worker
def test_2000_runs_of_50_steps(machine: type[Ledger], half: int, pytestconfig: pytest.Config):
    """As many as the profile `long` says; another seed for each half."""
    given = pytestconfig.getoption("--hypothesis-seed")
    run(seed(int(given) + half)(machine) if given else machine)
