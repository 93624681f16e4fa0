import pytest

from tests.conftest import House
from tests.security.scene import Scene


@pytest.fixture(scope="module")
def scene(built_house: House) -> Scene:
    """Built once for a file, like the house that it is about."""
    return Scene(built_house)
