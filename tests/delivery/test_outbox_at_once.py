"""Numbering and delivering with transactions of their own: what others see, what a crash leaves, several at once."""

from functools import partial

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import OperationalError, connection

from accounts import codes
from accounts.models import CodePurpose, OneTimeCode
from audit import sinks
from audit.models import EventLog
from audit.names import EventName
from audit.relay import relay_once
from delivery.models import Delivery
from delivery.outbox import deliver_once
from financebot.common.usecase import unit_of_work
from tests.conftest import build_house
from tests.delivery.helpers import ask, deliver, relay, states, token_in

pytestmark = pytest.mark.django_db(transaction=True)


def test_after_a_crash_in_the_numbering_there_is_neither_number_nor_row(monkeypatch):
    def crash(events):
        assert Delivery.objects.exists()
        raise OperationalError("gone")

    ask(build_house())
    monkeypatch.setattr(sinks, "numbered", [*sinks.numbered, crash])
    with pytest.raises(OperationalError):
        relay_once()
    assert not Delivery.objects.exists()
    assert not EventLog.objects.numbered().exists()
    monkeypatch.undo()
    relay()
    assert Delivery.objects.count() == 2
    assert EventLog.objects.numbered().filter(name=EventName.TRANSACTION_PENDING).count() == 1


def test_when_a_letter_leaves_no_transaction_is_open_and_others_see_its_code(monkeypatch):
    seen = []

    def send(message):
        seen.append((connection.in_atomic_block, codes.look_up(CodePurpose.CONFIRMATION, token_in(message)).used_at))

    ask(build_house())
    monkeypatch.setattr(EmailMultiAlternatives, "send", send)
    deliver()
    assert seen == [(False, None)] * 2


@pytest.mark.postgres
def test_of_several_relays_at_once_each_letter_is_sent_by_one(threads):
    house = build_house()
    for _ in range(15):
        ask(house)

    def work():
        while relay_once() or deliver_once():
            pass

    assert threads([work] * 6) == [None] * 6
    relay()
    deliver()
    assert (states(), len(mail.outbox)) == (["sent"] * 30, 30)
    assert OneTimeCode.objects.filter(purpose="confirmation").count() == 30
    assert set(Delivery.objects.values_list("attempts", flat=True)) == {1}


@pytest.mark.postgres
def test_a_row_that_another_relay_holds_is_passed_by_and_not_waited_for(threads):
    house = build_house()
    ask(house)
    relay()
    held = Delivery.objects.order_by("pk").first()
    with unit_of_work():
        Delivery.objects.select_for_update().get(pk=held.pk)
        assert threads([partial(deliver_once)]) == [1]
    assert states() == ["waiting", "sent"]
