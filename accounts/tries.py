"""A try at a password or a code, as every door makes it: reserved, then looked at with no unit of work open, slowly."""

from dataclasses import replace

from accounts import lockout, passwords, second_factor, services
from accounts.binding import Offered
from accounts.models import User
from accounts.passwords import Proof
from accounts.second_factor import Factor, Shown
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
    keys = lockout.for_codes(user_id=user.pk, address=actor.address, device=actor.device)
    with unit_of_work():
        reservation = services.reserve_try(actor=actor, keys=keys)
    proof = passwords.prove(user if reservation else None, password)
    return replace(proof, reservation=reservation)


def of_code(actor: Actor, user_id: int, code: str, factor: Factor) -> Shown:
    """A try at somebody's code, of whichever kind it is."""
    keys = lockout.for_codes(user_id=user_id, address=actor.address, device=actor.device)
    with unit_of_work():
        reservation = services.reserve_try(actor=actor, keys=keys, user_id=user_id)
    return Shown(code, factor, reservation)


def of_binding(actor: Actor, code: str, match: str = "", *, chat_id: int = 0) -> Offered:
    """A try at a code that binds a chat: by the person logged in, else out of the chat."""
    keys = lockout.for_chat(chat_id)
    if actor.user:
        keys = lockout.for_codes(user_id=actor.user, address=actor.address, device=actor.device)
    with unit_of_work():
        reservation = services.reserve_try(actor=actor, keys=keys)
    return Offered(code, match, reservation)


def at_challenge(actor: Actor, challenge: str, code: str, factor: Factor) -> Shown:
    """A try at the code of whom a challenge is for; a challenge that is nobody's counts for nobody."""
    user_id = second_factor.person_challenged(challenge)
    return of_code(actor, user_id, code, factor) if user_id else Shown(code, factor, None)
