"""Taking out of a text what nobody is to read in a log: secrets whole, addresses and numbers but for what tells them
apart."""

import re

MASK = "…"
PHONE_SHOWN = 2  # digits, at its end

_LOCAL, _DOMAIN = r"[\w.+%-]{1,64}", r"[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"  # bounded, so that no text takes long
EMAIL = re.compile(rf"({_LOCAL})@({_DOMAIN})")
PHONE = re.compile(r"\+[1-9](?:[ ()-]{0,2}\d){6,14}", re.ASCII)
SECRETS = (
    re.compile(r"()\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?", re.ASCII),  # a JWT
    re.compile(r"()(?<!\d)\d{6,12}:[\w-]{30,}", re.ASCII),  # a bot's token
    re.compile(r"(\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}", re.IGNORECASE | re.ASCII),
    re.compile(
        r"((?:token|password|passwd|secret|code|ticket|signature|api_?key)[\"']?\s{0,3}[=:]\s{0,3}[\"']?)[^\s\"'&,;}]+",
        re.IGNORECASE,
    ),
    re.compile(r"(\w://[^\s/:@]{0,64}:)[^\s/@]{1,200}(?=@)"),  # the password of a URL
)


def mask(text: str) -> str:
    for secret in SECRETS:
        text = secret.sub(rf"\g<1>{MASK}", text)
    return PHONE.sub(lambda found: mask_phone(found[0]), EMAIL.sub(lambda found: mask_email(found[0]), text))


def mask_email(address: str) -> str:
    """Its first letter and its domain."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}{MASK}@{domain}"


def mask_phone(number: str) -> str:
    """That it is one, and its last two digits."""
    return f"+{MASK}{number[-PHONE_SHOWN:]}"
