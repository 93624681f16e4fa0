"""Encryption at rest: AES-256-GCM (NIST SP 800-38D) under keys that are not in the database."""

import base64
import hashlib
import secrets
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import FieldError
from django.db import models
from django.db.models.query_utils import DeferredAttribute

NONCE_SIZE = 12


class Undecipherable(Exception):
    """The key is gone, or the ciphertext was changed or belongs to another row."""


class Sealed(str):
    """A ciphertext as it is stored: `kid:` and the base64 of nonce, ciphertext and tag."""

    __slots__ = ()

    @property
    def kid(self) -> str:
        return self.partition(":")[0]


def current_kid() -> str:
    return _kid(settings.ENCRYPTION_KEY)


def seal(text: str, *, bound_to: str) -> Sealed:
    """The ciphertext of `text` that opens only together with `bound_to`, under the current key."""
    nonce = secrets.token_bytes(NONCE_SIZE)
    sealed = _cipher(settings.ENCRYPTION_KEY).encrypt(nonce, text.encode(), bound_to.encode())
    return Sealed(f"{current_kid()}:{base64.b64encode(nonce + sealed).decode()}")


def unseal(sealed: str, *, bound_to: str) -> str:
    """The text; Undecipherable when no key of ours, or nothing with this `bound_to`, made it."""
    kid, _, body = sealed.partition(":")
    keys = {_kid(key): key for key in (settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_PREVIOUS) if key}
    if kid not in keys:
        raise Undecipherable(f"no key {kid}")
    raw = base64.b64decode(body)
    try:
        return _cipher(keys[kid]).decrypt(raw[:NONCE_SIZE], raw[NONCE_SIZE:], bound_to.encode()).decode()
    except InvalidTag as error:
        raise Undecipherable(f"not what key {kid} made for this row") from error


def _cipher(key: str) -> AESGCM:
    return AESGCM(hashlib.sha256(b"financebot.encryption\0" + key.encode()).digest())


def _kid(key: str) -> str:
    """Eight digits that name a key and tell nothing of it."""
    return hashlib.sha256(b"financebot.kid\0" + key.encode()).hexdigest()[:8]


class _Attribute(DeferredAttribute):
    """Reads as text: what came from the database is deciphered when somebody looks.

    It is asked at every look because it has `__set__`: Python takes the instance's own value first otherwise.
    """

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if not isinstance(value, Sealed):
            return value
        text = unseal(value, bound_to=self.field.binding_of(instance))  # type: ignore[attr-defined]
        instance.__dict__[self.field.attname] = text
        return text

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class EncryptedField(models.TextField):  # type: ignore[type-arg]
    """Text that only the key makes readable, bound to its row by the value of another column.

    `bound_to` names that column; it is known before the insert and never changes. There is nothing to search by:
    only `isnull` can be asked. `QuerySet.update` cannot write it, for it knows no row.
    """

    descriptor_class = _Attribute

    def __init__(self, *args: Any, bound_to: str, **kwargs: Any) -> None:
        self.bound_to = bound_to
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "bound_to": self.bound_to}

    def binding_of(self, instance: models.Model) -> str:
        """What names the row; FieldError for one that has no name yet: nothing would open what is bound to that."""
        if (name := getattr(instance, self.bound_to)) is None:
            raise FieldError(f"{self.name} is written once {self.bound_to} is known")
        return f"{self.model._meta.label_lower}.{self.name}:{name}"

    def from_db_value(self, value: str | None, *_: object) -> Sealed | None:
        return None if value is None else Sealed(value)

    def pre_save(self, model_instance: models.Model, add: bool) -> Sealed | None:  # noqa: FBT001 - Django's
        text = getattr(model_instance, self.attname)
        return None if text is None else seal(text, bound_to=self.binding_of(model_instance))

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if value is not None and not isinstance(value, Sealed):
            raise FieldError(f"{self.name} is written by save(), which knows the row it is bound to")
        return super().get_db_prep_save(value, connection)

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted: only isnull can be asked of it")
        return super().get_lookup(lookup_name)
