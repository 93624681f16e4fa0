"""Which currencies a sign, a code or a word may stand for, and how fine they are (ISO 4217)."""

from decimal import Decimal

from iso4217 import Currency

from telegrambot.parsing.names import bare
from telegrambot.parsing.words import LANGUAGES

DECIMALS = {currency.code: currency.exponent for currency in Currency if currency.exponent is not None}
_DOLLARS = ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU", "JMD", "BBD", "NAD")
SIGNS = {
    "$": _DOLLARS,
    "us$": ("USD",),
    "c$": ("CAD",),
    "a$": ("AUD",),
    "nz$": ("NZD",),
    "hk$": ("HKD",),
    "s$": ("SGD",),
    "r$": ("BRL",),
    "€": ("EUR",),
    "£": ("GBP", "EGP"),
    "¥": ("JPY", "CNY"),
    "円": ("JPY",),
    "元": ("CNY", "TWD"),
    "₽": ("RUB",),
    "₴": ("UAH",),
    "₸": ("KZT",),
    "₹": ("INR",),
    "₩": ("KRW",),
    "₪": ("ILS",),
    "₺": ("TRY",),
    "₫": ("VND",),
    "₱": ("PHP",),
    "฿": ("THB",),
    "₼": ("AZN",),
    "₾": ("GEL",),
    "֏": ("AMD",),
    "₦": ("NGN",),
    "₵": ("GHS",),
    "₮": ("MNT",),
    "₲": ("PYG",),
    "₡": ("CRC",),
    "zł": ("PLN",),
    "kč": ("CZK",),
    "kr": ("SEK", "NOK", "DKK", "ISK"),
    "ft": ("HUF",),
    "лв": ("BGN",),
    "lei": ("RON", "MDL"),
    "tl": ("TRY",),
    "fr": ("CHF",),
    "rs": ("INR", "PKR", "LKR", "NPR"),
    "br": ("BYN",),
    "rmb": ("CNY",),
    "nis": ("ILS",),
    "btc": ("BTC",),  # no wallet has these, which is then said
    "eth": ("ETH",),
    "usdt": ("USDT",),
    "د.ك": ("KWD",),
}
_WORDS = {bare(word): codes for language in LANGUAGES for word, codes in language.currencies.items()}
_ORDINARY = frozenset(word for language in LANGUAGES for word in language.ordinary)
_SIGNS = {bare(sign): codes for sign, codes in SIGNS.items()}


def meant(text: str, own: frozenset[str]) -> tuple[str, ...]:
    """The currencies that the text may stand for beside a number; nothing where it is an ordinary word.

    `own` are those of the family. 'all', 'cup' and the like are codes too, but only in capitals or as one of those.
    """
    word = bare(text.rstrip(".,;:!?"))
    codes = (word.upper(),) if word.upper() in DECIMALS else _SIGNS.get(word, ())
    if word in _ORDINARY and not own.intersection(codes) and not text.isupper():
        return ()
    return codes or _WORDS.get(word, ())


def is_spoken(text: str) -> bool:
    """Whether it is a word of a language ('euro') rather than a sign or a code, and so may mean something else."""
    return bare(text.rstrip(".,;:!?")) in _WORDS


def exact(amount: Decimal, currency: str) -> Decimal | None:
    """The amount with its currency's own decimals, `50.00`, JPY `1200`; None where it is finer than that."""
    found = amount.quantize(Decimal(1).scaleb(-DECIMALS[currency]))
    return found if found == amount else None
