"""Text as people look for it: in any case, and however it was typed."""

from unicodedata import normalize


def fold(text: str) -> str:
    """One form for all that differs in case or normalization alone: canonical caseless matching (Unicode 3.13, D145).

    The four Turkish i are one letter, since which of them a capital stands for depends on a language that is not known.
    At most three code points come of one.
    """
    folded = normalize("NFD", normalize("NFD", text).casefold())
    return normalize("NFC", folded.replace("ı", "i").replace("i\u0307", "i"))
