"""What is encrypted opens with its key and at its place alone."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from financebot.common.encryption import Undecipherable, current_kid, seal, unseal

OLD, NEW = "old " * 12, "new " * 12


@given(text=st.text(), place=st.text())
def test_it_comes_back_as_it_was(text, place):
    assert unseal(seal(text, bound_to=place), bound_to=place) == text


@given(text=st.text(min_size=4))
def test_nothing_of_it_can_be_read_and_no_two_are_alike(text):
    sealed = seal(text, bound_to="a")
    assert text not in sealed
    assert sealed != seal(text, bound_to="a")


def test_it_does_not_open_at_another_place():
    with pytest.raises(Undecipherable):
        unseal(seal("1234", bound_to="phone:1"), bound_to="phone:2")


@pytest.mark.parametrize("position", [0, 11, 12, -1])
def test_a_changed_byte_is_noticed(position):
    kid, _, body = seal("1234", bound_to="a").partition(":")
    raw = bytearray(base64.b64decode(body))
    raw[position] ^= 1
    with pytest.raises(Undecipherable):
        unseal(f"{kid}:{base64.b64encode(raw).decode()}", bound_to="a")


def test_the_previous_key_still_opens_and_the_current_one_seals(settings):
    settings.ENCRYPTION_KEY = OLD
    sealed = seal("1234", bound_to="a")
    settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_PREVIOUS = NEW, OLD
    assert unseal(sealed, bound_to="a") == "1234"
    assert seal("1234", bound_to="a").kid == current_kid() != sealed.kid


def test_a_key_that_is_gone_opens_nothing(settings):
    settings.ENCRYPTION_KEY = OLD
    sealed = seal("1234", bound_to="a")
    settings.ENCRYPTION_KEY = NEW
    with pytest.raises(Undecipherable, match=f"no key {sealed.kid}"):
        unseal(sealed, bound_to="a")
