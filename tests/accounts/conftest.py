"""Ann, her authenticator app and her browser; a clock that stands still for who asks for it."""

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from financebot.common import clock
from tests.accounts.app import App, protect
from tests.conftest import Person, person


@pytest.fixture
def frozen(db: None) -> Iterator[time_machine.Traveller]:
    with time_machine.travel(clock.now().replace(microsecond=0), tick=False) as traveller:
        yield traveller


@pytest.fixture
def ann(db: None) -> Person:
    return person(email="ann@example.org")


@pytest.fixture
def app(ann: Person) -> App:
    return protect(ann.user)


@pytest.fixture
def browser() -> Client:
    return Client(enforce_csrf_checks=True)
