"""A child's chat speaks for them once an owner of their family has agreed; a family may take the right to one."""

from datetime import timedelta

import pytest

from accounts.models import OneTimeCode, TelegramIdentity, User
from accounts.services import begin_by_person
from audit.names import EventName
from families.models import Membership
from families.services import resume_member, suspend_member
from financebot.common import clock
from financebot.common.usecase import unit_of_work
from tests.accounts.chats import new_bot, new_chat
from tests.accounts.tools import events
from tests.conftest import House, at_once, build_house, join
from tests.delivery.helpers import deliver
from tests.families.helpers import accept, edit, invite
from tests.signing import code_of

pytestmark = pytest.mark.django_db

CONFIRM = "/auth/telegram/confirm"


@pytest.fixture
def bot(db):
    return new_bot()


def ask(house, bot, chat=None):
    """The child confirms a chat; the chat."""
    chat = chat or new_chat()
    answer = house.child.http.post(CONFIRM, **bot.code(chat))
    assert (answer.status_code, answer.json()) == (202, {"consent_required": True})
    return chat


def consent(house, by="owner", to="child"):
    path = f"/families/{house.family.pk}/members/{house.people[to].membership.pk}/telegram-consent"
    return house.people[by].http.post(path)


def told(answer):
    return answer.status_code, code_of(answer)


def test_a_child_s_chat_waits_until_an_owner_agrees(house: House, bot):
    chat = ask(house, bot)
    assert not TelegramIdentity.objects.exists()
    assert told(bot.call("/auth/telegram/authenticate", chat_id=chat)) == (404, "not_found")
    answer = consent(house)
    assert (answer.status_code, answer.json()["user_id"]) == (200, house.child.user.pk)
    assert TelegramIdentity.objects.get().username == "ann_b"
    assert bot.speaks(chat).call("GET", "/users/me").json()["id"] == house.child.user.pk
    assert told(consent(house)) == (409, "membership_state")


def test_the_way_through_the_chat_waits_too(house: House, bot):
    with unit_of_work():
        code = begin_by_person(actor=house.child.actor).code
    answer = bot.call("/auth/telegram/link", chat_id=new_chat(), code=code)
    assert (answer.status_code, answer.json()) == (202, {"consent_required": True})
    assert consent(house).status_code == 200


def test_it_is_written_down_for_the_family_and_for_the_child(house: House, bot):
    ask(house, bot)
    consent(house)
    [bound], [agreed] = events(EventName.TELEGRAM_BOUND), events(EventName.TELEGRAM_CONSENTED)
    assert (bound.family_id, bound.actor_id, bound.entity_id) == (None, house.owner.user.pk, house.child.user.pk)
    assert (agreed.family_id, agreed.entity_id) == (house.family.pk, house.child.membership.pk)
    assert house.child.user.email in [letter.to[0] for letter in deliver()]


@pytest.mark.parametrize("by", ["adult", "member", "child", "reader"])
def test_nobody_agrees_but_an_owner(house: House, bot, by):
    ask(house, bot)
    assert told(consent(house, by)) == (403, "permission_denied")
    assert not TelegramIdentity.objects.exists()


def test_nor_an_owner_next_door(house: House, bot):
    ask(house, bot)
    assert told(consent(house, "stranger")) == (404, "not_found")


def test_nor_an_owner_of_a_family_where_they_are_no_child(house: House, bot):
    elsewhere = accept(house.child, invite(house.stranger, "member").token)
    ask(house, bot)
    path = f"/families/{elsewhere.family_id}/members/{elsewhere.pk}/telegram-consent"
    assert told(house.stranger.http.post(path)) == (409, "membership_state")
    assert not TelegramIdentity.objects.exists()
    assert consent(house).status_code == 200


@pytest.mark.parametrize("to", ["adult", "member", "reader"])
def test_there_is_nothing_to_agree_to_for_others(house: House, to):
    assert told(consent(house, to=to)) == (409, "membership_state")


def test_what_waits_ends_after_a_week(house: House, bot):
    ask(house, bot)
    OneTimeCode.objects.update(expires_at=clock.now())
    assert told(consent(house)) == (409, "membership_state")


def test_what_waits_ends_with_all_log_ins_of_the_child(house: House, bot):
    ask(house, bot)
    assert house.child.http.post("/auth/logout", all=True).status_code == 200
    assert told(consent(house)) == (409, "membership_state")


def test_a_chat_that_was_bound_meanwhile_is_not_bound_again(house: House, bot):
    chat = ask(house, bot)
    code = bot.code(chat)
    assert house.member.http.post(CONFIRM, **code).status_code == 200
    assert told(consent(house)) == (409, "already_bound")
    assert TelegramIdentity.objects.get().user_id == house.member.user.pk


def test_the_last_chat_that_was_asked_for_counts(house: House, bot):
    ask(house, bot)
    chat = ask(house, bot)
    consent(house)
    assert TelegramIdentity.objects.get().chat_id == chat


def test_who_is_suspended_waits(house: House, bot):
    ask(house, bot)
    with unit_of_work():
        suspend_member(actor=house.owner.actor, membership_id=house.child.membership.pk)
    assert told(consent(house)) == (409, "membership_state")
    assert house.child.http.post(CONFIRM, **bot.code(new_chat())).status_code == 202
    with unit_of_work():
        resume_member(actor=house.owner.actor, membership_id=house.child.membership.pk)
    assert consent(house).status_code == 200


def test_a_child_of_one_family_is_one_whatever_they_are_elsewhere(house: House, bot):
    assert house.child.http.post("/families", name="Mine", base_currency="EUR").status_code == 201
    ask(house, bot)


def test_who_is_a_child_no_more_needs_no_consent(house: House, bot):
    Membership.objects.filter(pk=house.child.membership.pk).update(role="member")
    assert house.child.http.post(CONFIRM, **bot.code(new_chat())).status_code == 200


def test_a_family_may_take_the_right_to_a_chat(house: House, bot):
    edit(house.owner, house.member, withdraw=["link_telegram"])
    code = bot.code(new_chat())
    answer = house.member.http.post(CONFIRM, **code)
    assert told(answer) == (403, "permission_denied")
    assert "link_telegram" in answer.json()["detail"]
    assert not TelegramIdentity.objects.exists()
    edit(house.owner, house.member, grant=["link_telegram"])
    assert house.member.http.post(CONFIRM, **code).status_code == 200


def test_the_right_is_needed_in_each_family(house: House, bot):
    edit(house.owner, house.member, withdraw=["link_telegram"])
    assert house.member.http.post("/families", name="Mine", base_currency="EUR").status_code == 201
    assert told(house.member.http.post(CONFIRM, **bot.code(new_chat()))) == (403, "permission_denied")


def test_of_a_child_who_cannot_act_no_chat_is_bound(house: House, bot):
    ask(house, bot)
    User.objects.filter(pk=house.child.user.pk).update(is_active=False)
    assert told(consent(house)) == (409, "membership_state")


@pytest.mark.postgres
@pytest.mark.parametrize("_round", range(3))
def test_who_becomes_a_child_at_that_moment_is_bound_before_or_waits(threads, _round):
    house, bot = build_house(), new_bot()
    code = bot.code(new_chat())
    demotion, binding = at_once(
        [
            lambda: house.owner.http.patch(
                f"/families/{house.family.pk}/members/{house.member.membership.pk}", role="child"
            ),
            lambda: house.member.http.post(CONFIRM, **code),
        ]
    )
    assert (demotion.status_code, binding.status_code) in {(200, 200), (200, 202)}
    assert TelegramIdentity.objects.count() == (binding.status_code == 200)


@pytest.mark.postgres
def test_of_two_owners_who_agree_at_once_one_binds(threads):
    house, bot = build_house(), new_bot()
    house.people["second"] = join(house.owner, "owner")
    ask(house, bot)
    answers = at_once([lambda: consent(house), lambda: consent(house, "second")])
    assert sorted(map(told, answers)) == [(200, ""), (409, "membership_state")]
    assert clock.now() - TelegramIdentity.objects.get().verified_at < timedelta(minutes=1)
