"""Hashing and comparing: slow on purpose, so done by the door before the unit of work opens."""

from dataclasses import dataclass

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.lockout import Reservation
from accounts.models import User
from accounts.rules import normalise_email, normalise_password
from financebot.common.errors import Invalid


@dataclass(frozen=True, slots=True)
class Proof:
    """A password held against what was stored when we looked; the use case checks that this still stands."""

    user: int | None
    stored: str
    right: bool
    reservation: Reservation | None = None

    def holds_for(self, user: User) -> bool:
        return self.right and user.pk == self.user and user.password == self.stored


def prove(user: User | None, password: str) -> Proof:
    """Constant work: for nobody, or one without a password, the same hash is computed and thrown away."""
    normal = normalise_password(password)
    if user is None or not user.has_usable_password():
        make_password(normal)
        return Proof(None, "", right=False)
    return Proof(user.pk, user.password, check_password(normal, user.password))


def prove_email(email: str, password: str) -> Proof:
    return prove(User.objects.filter(email=normalise_email(email)).first(), password)


def hash_new(password: str, *, field: str, owner: User) -> str:
    """The hash of a new password; Invalid when it is too short, common or made of the person's own names."""
    normal = normalise_password(password)
    try:
        validate_password(normal, owner)
    except ValidationError as error:
        raise Invalid({field: error.messages}) from error
    return make_password(normal)
