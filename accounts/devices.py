"""Devices: an id that we issue at a log-in and know again by its digest."""

import hashlib
import secrets
from dataclasses import dataclass

from accounts.models import Device, User
from accounts.rules import look
from audit.trail import Actor
from financebot.common import clock


@dataclass(frozen=True, slots=True)
class Seen:
    """The device of a log-in, and the id that it is to keep; `new` when this account had not seen it, `changed` when it
    looks otherwise than before."""

    device: Device
    device_id: str
    new: bool
    changed: bool


def is_known(device_id: str, **user: str | int) -> bool:
    """Whether the account of this `user_id` or `user__email` has been entered with it."""
    return bool(device_id) and Device.objects.filter(digest=digest(device_id), **user).exists()


def see(user: User, actor: Actor) -> Seen:
    """Know a device again by the id it presents. An id that we never issued is ignored and a new one given; one that
    another account of the same tablet has is kept. Called with the user locked."""
    now, presented = clock.now(), actor.device
    issued = Device.objects.filter(digest=digest(presented)) if presented else Device.objects.none()
    device_id = presented if issued.exists() else secrets.token_urlsafe(24)
    times = {"first_seen_at": now, "last_seen_at": now}
    device, new = Device.objects.get_or_create(user=user, digest=digest(device_id), defaults=times)
    changed = note_look(device, actor)
    device.last_seen_at, device.user_agent = now, actor.user_agent
    device.save(update_fields=["last_seen_at", "user_agent", "look"])
    return Seen(device, device_id, new=new, changed=changed)


def note_look(device: Device, actor: Actor) -> bool:
    """Put down what a device looks like now, for the caller to save; whether it looked otherwise before: its id, which
    only that device holds, may have been copied to another."""
    before, device.look = device.look, look(actor.user_agent, actor.languages)
    return bool(before) and before != device.look


def matches(device: Device | None, presented: str) -> bool:
    """Whether what is presented is not the id of another device."""
    return not (device and presented) or device.digest == digest(presented)


def digest(device_id: str) -> str:
    return hashlib.sha256(device_id.encode()).hexdigest()
