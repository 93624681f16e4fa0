"""The stream: a family's events as they happen, each for who may see it."""

import asyncio
import re
from contextlib import ExitStack

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from accounts import services as accounts
from audit.models import EventLog
from audit.relay import relay_once
from audit.trail import Actor
from delivery import listening, selectors, stream
from delivery.handshake import Listener
from delivery.hub import Hub, Place
from delivery.listening import Heard, hear
from families import services as families
from financebot.common.errors import NotFound
from financebot.common.usecase import unit_of_work
from tests.conftest import build_house
from tests.delivery.stream import hears_nothing, listen, next_of, stream_server

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def port(django_db_setup):
    with stream_server() as port:
        yield port


@pytest.fixture
def house(transactional_db):
    """In committed rows: the server is another process."""
    return build_house()


def actions(line, count):
    return [next_of(line)["action"] for _ in range(count)]


def head():
    relay_once()
    return EventLog.objects.numbered().order_by("-position").values_list("position", flat=True).first()


def test_a_listener_hears_what_happens_as_the_list_of_events_would_show_it(house, port):
    before = head()
    with listen(port, house.family.pk, by=house.owner) as line:
        house.spend("12.50")
        relay_once()
        heard = [next_of(line), next_of(line)]
    listed = house.owner.http.get(f"/events?family_id={house.family.pk}&after={before}").json()["results"]
    assert heard == listed
    assert [row["action"] for row in heard] == ["transaction.created", "transaction.executed"]


def test_who_resumes_misses_nothing_and_hears_nothing_twice(house, port):
    head()
    with listen(port, house.family.pk, by=house.owner) as line:
        house.spend("1.00")
        relay_once()
        last = [next_of(line), next_of(line)][-1]["id"]
    for _ in range(3):
        house.spend("1.00")
    relay_once()
    with listen(port, house.family.pk, by=house.owner, query=f"?after={last}") as line:
        house.spend("1.00")
        relay_once()
        ids = [next_of(line)["id"] for _ in range(8)]
        assert hears_nothing(line)
    listed = house.owner.http.get(f"/events?family_id={house.family.pk}&after={last}").json()["results"]
    assert ids == [row["id"] for row in listed]


def test_more_than_a_batch_is_told_in_order(house, port):
    before = head()
    for _ in range(120):
        house.spend("0.01")
    while relay_once():
        pass
    with listen(port, house.family.pk, by=house.owner, query=f"?after={before}") as line:
        assert [next_of(line)["id"] for _ in range(240)] == list(range(before + 1, before + 241))


def test_what_is_hidden_from_somebody_is_not_told_to_them(house, port):
    head()
    with (
        listen(port, house.family.pk, by=house.owner) as owner,
        listen(port, house.family.pk, by=house.adult) as adult,
    ):
        house.spend("5.00", wallet="secret", by="adult")
        house.spend("6.00")
        relay_once()
        assert actions(adult, 4) == ["transaction.created", "transaction.executed"] * 2
        amounts = [next_of(owner)["changes"].get("amount") for _ in range(2)]
        assert "6.00" in str(amounts)
        assert "5.00" not in str(amounts)
        assert hears_nothing(owner)


def test_a_child_hears_of_their_own_wallet_alone(house, port):
    head()
    with listen(port, house.family.pk, by=house.child) as line:
        house.spend("6.00")
        house.move("2.00", "cash", "pocket")
        relay_once()
        assert actions(line, 2) == ["transaction.created", "transaction.executed"]
        assert hears_nothing(line)


@pytest.mark.parametrize("way", ["subprotocol", "query"])
def test_a_ticket_opens_one_stream_and_no_second(house, port, way):
    head()
    made = house.owner.http.post("/events/ticket", family_id=house.family.pk).json()
    assert made["expires_in"] == 60
    assert made["url"].endswith(f"/api/v1/events/stream/{house.family.pk}")
    as_query = {"query": f"?ticket={made['ticket']}"}
    given = {"subprotocols": [f"ticket.{made['ticket']}"]} if way == "subprotocol" else as_query
    with listen(port, house.family.pk, **given) as line:
        house.spend("1.00")
        relay_once()
        assert actions(line, 2) == ["transaction.created", "transaction.executed"]
        with pytest.raises(InvalidStatus) as refused:
            listen(port, house.family.pk, **given)
    assert refused.value.response.status_code == 401


def test_a_ticket_is_of_one_family_and_dies_with_the_log_in_that_asked_for_it(house, port):
    with unit_of_work():
        other = families.create_family(actor=house.owner.actor, name="Other", base_currency="EUR", timezone="UTC")
    ticket = house.owner.http.post("/events/ticket", family_id=house.family.pk).json()["ticket"]
    assert refusal(port, other.pk, query=f"?ticket={ticket}") == 401
    with unit_of_work():
        accounts.log_out(actor=house.owner.actor, everywhere=False)
    assert refusal(port, house.family.pk, query=f"?ticket={ticket}") == 401


def refusal(port, family, **given):
    with pytest.raises(InvalidStatus) as refused:
        listen(port, family, **given)
    response = refused.value.response
    assert response.headers["Content-Type"] == "application/problem+json"
    return response.status_code


def test_nobody_without_a_token_or_ticket_and_no_stranger_is_let_in(house, port):
    assert refusal(port, house.family.pk) == 401
    assert refusal(port, house.family.pk, query="?ticket=made-up") == 401
    assert refusal(port, house.family.pk, headers={"Authorization": "Bearer nonsense"}) == 401
    assert refusal(port, house.family.pk, by=house.stranger) == 404
    assert refusal(port, house.family.pk, by=house.suspended) == 404
    assert refusal(port, 2**62, by=house.owner) == 404


@pytest.mark.parametrize(("origin", "let_in"), [("https://evil.test", False), ("http://127.0.0.1:{port}", True)])
def test_a_page_of_another_site_is_not_let_in(house, port, origin, let_in):
    given = {"by": house.owner, "origin": origin.format(port=port)}
    if let_in:
        with listen(port, house.family.pk, **given):
            pass
    else:
        assert refusal(port, house.family.pk, **given) == 403


def test_a_plain_get_is_told_to_upgrade(house):
    answer = house.owner.http.get(f"/events/stream/{house.family.pk}")
    assert (answer.status_code, answer.json()["code"]) == (426, "upgrade_required")
    assert answer.headers["Upgrade"] == "websocket"


def closed_with(line):
    with pytest.raises(ConnectionClosed) as closed:
        line.recv(timeout=2.0)
    return closed.value.rcvd.code


def test_a_stream_ends_within_two_seconds_of_its_log_in(house, port):
    with listen(port, house.family.pk, by=house.owner) as line:
        with unit_of_work():
            accounts.log_out(actor=house.owner.actor, everywhere=True)
        assert closed_with(line) == 4401


def test_a_stream_ends_within_two_seconds_of_a_removal_and_tells_nothing_after_it(house, port):
    head()
    with listen(port, house.family.pk, by=house.adult) as line:
        with unit_of_work():
            families.remove_member(actor=house.owner.actor, membership_id=house.adult.membership.pk)
        house.spend("1.00")
        relay_once()
        assert closed_with(line) == 4403


def test_who_does_not_take_a_message_is_dropped(monkeypatch):
    monkeypatch.setattr(stream, "PATIENCE", 0.05)
    server, said = stream.StreamServer(), []
    place = Place(Actor(), through=0)
    place.news.set()

    async def heard(_place):
        return Heard(["a message"], through=1, more=False)

    async def send(message):
        said.append(message)
        if message["type"] == "websocket.send":
            await asyncio.sleep(60)

    async def receive():
        await asyncio.sleep(60)

    monkeypatch.setattr(server.hub, "hear", heard)
    asyncio.run(server._tell(place, receive, send))
    assert [message["type"] for message in said] == ["websocket.send", "websocket.close"]
    assert said[-1]["code"] == 4408


def test_a_quiet_stream_has_heartbeats(monkeypatch):
    monkeypatch.setattr(stream, "HEARTBEAT_EVERY", 0.05)
    server, said = stream.StreamServer(), []

    async def send(message):
        said.append(message["text"])

    async def receive():
        while len(said) < 3:
            await asyncio.sleep(0.01)
        return {"type": "websocket.disconnect"}

    asyncio.run(server._tell(Place(Actor(), through=0), receive, send))
    assert said == ['{"type":"heartbeat"}'] * 3


def test_what_was_read_while_a_right_ended_is_not_told(house, monkeypatch):
    after = head()
    see, looks = selectors.wallets_seen, []

    def removed_after_the_first_look(access):
        found = see(access)
        if not looks:
            with unit_of_work():
                families.remove_member(actor=house.owner.actor, membership_id=house.adult.membership.pk)
            house.spend("1.00")
            relay_once()
        looks.append(access)
        return found

    monkeypatch.setattr(selectors, "wallets_seen", removed_after_the_first_look)
    with pytest.raises(NotFound):
        hear(house.adult.actor, after=after)
    assert len(looks) == 1


def test_one_person_takes_so_many_places_and_no_more(house, port):
    with ExitStack() as lines:
        for _ in range(20):
            lines.enter_context(listen(port, house.family.pk, by=house.owner))
        assert refusal(port, house.family.pk, by=house.owner) == 503
        lines.enter_context(listen(port, house.family.pk, by=house.adult))


def test_opening_is_noted_with_the_log_in_and_not_told_to_the_family(house, port):
    with listen(port, house.family.pk, by=house.owner):
        pass
    noted = EventLog.objects.get(name="security.stream_opened")
    assert (noted.family_id, noted.actor_id, noted.entity_id) == (None, house.owner.user.pk, house.owner.session.pk)
    assert re.fullmatch(r"[0-9a-f]{32}", noted.request_id)


def test_what_happens_between_the_first_reading_and_the_first_look_is_not_missed(monkeypatch):
    numbered = [5]
    monkeypatch.setattr(listening, "last_position", lambda family=None: numbered[-1])
    monkeypatch.setattr(listening, "news", lambda *, since: {1: numbered[-1]} if numbered[-1] > since else {})
    hub = Hub()

    async def listen_and_look():
        place = await hub.enter(Listener(Actor(user=1, family=1, session=1), after=None))
        place.news.clear()  # read, and there was nothing
        numbered.append(6)
        monkeypatch.setattr(listening, "ended", lambda actors: {})
        await hub._look()
        return place.news.is_set()

    assert asyncio.run(listen_and_look())
