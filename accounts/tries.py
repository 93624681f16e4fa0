"""A try at a password, as every door makes it: reserved, then looked at, slowly, with no unit of work open."""

from dataclasses import replace

from accounts import lockout, passwords, services
from accounts.models import User
from accounts.passwords import Proof
from audit.trail import Actor
from financebot.common.usecase import unit_of_work

LOGIN_LIMIT = "30/m"  # of a network


def to_enter(actor: Actor, *, email: str, password: str) -> Proof:
    """A try to log in. Where it is locked the same work is done, and nothing is proven."""
    keys = lockout.for_log_in(email=email, address=actor.address, device=actor.device)
    with unit_of_work():
        reservation = services.reserve_try(actor=actor, keys=keys, email=email)
    proof = passwords.prove_email(email if reservation else "", password)
    return replace(proof, reservation=reservation)


def of_oneself(actor: Actor, user: User, password: str) -> Proof:
    """A try by somebody logged in to show that it is they; counted together with the tries at their codes."""
    keys = lockout.for_codes(user_id=user.pk, address=actor.address)
    with unit_of_work():
        reservation = services.reserve_try(actor=actor, keys=keys)
    proof = passwords.prove(user if reservation else None, password)
    return replace(proof, reservation=reservation)
