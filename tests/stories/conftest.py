from collections.abc import Callable
from typing import Any

import pytest

from tests.stories.household import Household


@pytest.fixture
def household(db: None, time_machine: Any) -> Callable[..., Household]:
    """A family that begins on a day, with the policy it is given."""
    return lambda day, **policy: Household(time_machine, day, **policy)


@pytest.fixture
def home(household: Callable[..., Household]) -> Household:
    """Kim's: 50 euros in seven days, a purse with 200 and 30 of pocket money."""
    home = household("2026-05-04")
    home.joined("Kim", "child", spending_limit="50.00")
    home.wallet("Purse", "cash", holder="Kim", opening_balance="200.00")
    home.wallet("Pocket", "allowance", holder="Kim", opening_balance="30.00")
    return home
