"""`text.fold`: what people take for the same word is the same."""

from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from financebot.common.text import fold


@pytest.mark.parametrize(
    "alike",
    [
        ("ÄPFEL", "Äpfel", "A\u0308pfel", "äpfel"),
        ("ЁЛКА", "ёлка", "Е\u0308лка"),
        ("STRASSE", "Straße", "STRAẞE"),
        ("ISIRGAN", "ısırgan", "İSİRGAN", "isirgan", "i\u0307sırgan"),
        ("ΟΔΟΣ", "οδος", "οδοσ"),
        ("ﬁ", "FI"),
        ("Å", "\u212b", "a\u030a"),
        ("각", "\u1100\u1161\u11a8"),
    ],
)
def test_what_differs_in_case_or_normalization_alone_folds_alike(alike):
    assert len({fold(word) for word in alike}) == 1


@pytest.mark.parametrize(("one", "other"), [("Apfel", "Äpfel"), ("елка", "ёлка"), ("s", "ß"), ("寿", "司"), ("%", "_")])
def test_what_differs_otherwise_does_not(one, other):
    assert fold(one) != fold(other)


@settings(deadline=None, database=None)
@given(st.text())
def test_folding_is_blind_to_case_and_normalization_and_stays_within_three_of_one(text):
    folded = fold(text)
    assert {fold(text.lower()), fold(text.upper()), fold(normalize("NFD", text)), fold(folded)} == {folded}
    assert len(folded) <= 3 * len(text)
