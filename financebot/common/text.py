"""Text as people look for it, in any case and however it was typed, and as others may be shown it."""

from unicodedata import normalize

JOINERS = "\u200c\u200d"  # they hold letters and emoji together


def fold(text: str) -> str:
    """One form for all that differs in case or normalization alone: canonical caseless matching (Unicode 3.13, D145).

    The four Turkish i are one letter, since which of them a capital stands for depends on a language that is not known.
    At most three code points come of one.
    """
    folded = normalize("NFD", normalize("NFD", text).casefold())
    return normalize("NFC", folded.replace("ı", "i").replace("i\u0307", "i"))


def one_line(text: str) -> str:
    """What somebody wrote, as one line of what can be seen: no line of a letter, no header, no order of reading can be
    made by it."""
    seen = (c if c.isprintable() or c in JOINERS else " " if c.isspace() else "" for c in text)
    return " ".join("".join(seen).split())
