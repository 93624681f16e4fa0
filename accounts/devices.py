"""Devices: an id that we issue at a log-in and know again by its digest."""

import hashlib
import secrets
from dataclasses import dataclass

from accounts.models import Device, User
from financebot.common import clock


@dataclass(frozen=True, slots=True)
class Seen:
    """The device of a log-in, and the id that it is to keep; `new` when this account had not seen it."""

    device: Device
    device_id: str
    new: bool


def is_known(device_id: str, **user: str | int) -> bool:
    """Whether the account of this `user_id` or `user__email` has been entered with it."""
    return bool(device_id) and Device.objects.filter(digest=digest(device_id), **user).exists()


def see(user: User, presented: str, user_agent: str) -> Seen:
    """Know a device again by the id it presents. An id that we never issued is ignored and a new one given; one that
    another account of the same tablet has is kept."""
    now = clock.now()
    issued = Device.objects.filter(digest=digest(presented)) if presented else Device.objects.none()
    device_id = presented if issued.exists() else secrets.token_urlsafe(24)
    device, new = Device.objects.update_or_create(
        user=user,
        digest=digest(device_id),
        defaults={"last_seen_at": now, "user_agent": user_agent},
        create_defaults={"first_seen_at": now, "last_seen_at": now, "user_agent": user_agent},
    )
    return Seen(device, device_id, new=new)


def matches(device: Device | None, presented: str) -> bool:
    """Whether what is presented is not the id of another device."""
    return not (device and presented) or device.digest == digest(presented)


def digest(device_id: str) -> str:
    return hashlib.sha256(device_id.encode()).hexdigest()
