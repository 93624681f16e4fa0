from collections.abc import Callable
from typing import Any

import pytest

from tests.stories.household import Household


@pytest.fixture
def household(db: None, time_machine: Any) -> Callable[..., Household]:
    """A family that begins on a day, with the policy it is given."""
    return lambda day, **policy: Household(time_machine, day, **policy)
