"""What letters say: in the recipient's language, and of the family only what the recipient may see."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import CodePurpose, User
from audit.models import EventLog
from delivery import words
from delivery.models import Delivery
from delivery.notifications import Question
from delivery.operators import Week
from families.models import Invitation, Membership
from families.roles import Access
from financebot.common import money
from financebot.common.text import one_line
from ledger.models import Transaction, Wallet

ID_DOMAIN = "financebot.invalid"  # Django would ask the network for this machine's name
PAGES = {
    CodePurpose.PASSWORD_RESET: "/auth/password/reset",
    CodePurpose.EMAIL_VERIFICATION: "/auth/email/verify",
    CodePurpose.NOT_ME: "/auth/not-me",
}


def approval(question: Question, *, delivery: Delivery, token: str, until: datetime) -> EmailMultiAlternatives:
    """The letter that brings an approver their confirmation token. A second one has the `Message-ID` of the first."""
    entry, user = question.entry, question.approver.user
    with translation.override(user.language):
        amount = f"{money.wire(entry.amount, entry.currency)} {entry.currency}"
        context = {
            "name": _name(question.approver),
            "asker": _name(entry.author),
            "amount": amount,
            "details": [(label, value) for label, value in _details(entry, question.access, amount) if value],
            "until": _moment(until, ZoneInfo(user.timezone)),
            "path": f"/api/v1/transactions/{entry.pk}/confirm",
            "body": json.dumps({"confirmation_token": token, "version": entry.version}),
            "token": token,
        }
        subject = _("%(asker)s asks you to approve %(amount)s") % context
        return _message("approval", context, subject=subject, to=question.address, delivery=delivery)


@dataclass(frozen=True, slots=True)
class Link:
    """What a code is for, the code, and until when it works."""

    purpose: CodePurpose
    token: str
    until: datetime


def about_account(user: User, told: words.Told, link: Link, *, delivery: Delivery, to: str) -> EmailMultiAlternatives:
    """The letter about somebody's own account: what happened or was asked for, and a link that works once."""
    event = delivery.event
    with translation.override(user.language):
        zone = ZoneInfo(user.timezone)
        facts = {"when": _moment(event.created_at, zone), "count": delivery.gathers}
        context = {
            "name": one_line(user.first_name),
            "sentences": [told.sentence % facts, *([words.TOGETHER % facts] if delivery.gathers else [])],
            "details": [] if delivery.gathers or not told.is_alert else _origin(event),
            "action": told.action or words.ACTIONS[link.purpose],
            "link": f"{settings.PUBLIC_URL}{PAGES[link.purpose]}?{urlencode({'token': link.token})}",
            "until": _moment(link.until, zone),
            "closing": told.closing,
        }
        return _message("note", context, subject=str(told.subject), to=to, delivery=delivery)


def week(operator: User, told: Week, *, delivery: Delivery) -> EmailMultiAlternatives:
    """The letter to an operator about what happened in a week, in figures."""
    with translation.override(operator.language):
        days = {"first": date_format(told.first, "DATE_FORMAT"), "last": date_format(told.last, "DATE_FORMAT")}
        context = {
            "name": one_line(operator.first_name),
            "sentence": _("What happened to accounts from %(first)s to %(last)s (UTC):") % days,
            "counts": [(label, told.counts[name]) for name, label in words.OF_WEEK.items() if name in told.counts],
            "seals": _("Events are sealed up to position %(position)s, digest %(digest)s; %(open)s are not yet.")
            % {"position": told.seals.sealed, "digest": told.seals.head or "–", "open": told.seals.unsealed},
        }
        subject = _("The week from %(first)s to %(last)s") % days
        return _message("week", context, subject=subject, to=operator.email or "", delivery=delivery)


def invitation(offer: Invitation, *, delivery: Delivery, token: str) -> EmailMultiAlternatives:
    """The letter that brings an invitation's token to the address it names, in the language of who invites."""
    inviter = offer.invited_by
    with translation.override(inviter.user.language):
        context = {
            "inviter": _name(inviter),
            "family": one_line(offer.family.name),
            "role": offer.role,
            "until": _moment(offer.expires_at, ZoneInfo(inviter.user.timezone)),
            "register": f"{settings.PUBLIC_URL}/api/v1/auth/register",
            "register_body": json.dumps({"email": offer.email, "password": "", "invitation": token}),
            "accept": f"{settings.PUBLIC_URL}/api/v1/invitations/accept",
            "body": json.dumps({"token": token}),
            "token": token,
        }
        subject = _("%(inviter)s invites you to %(family)s") % context
        return _message("invitation", context, subject=subject, to=offer.email or "", delivery=delivery)


def _message(
    template: str, context: dict[str, Any], *, subject: str, to: str, delivery: Delivery
) -> EmailMultiAlternatives:
    message = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string(f"delivery/{template}.txt", context),
        to=[to],
        headers={
            "Message-ID": f"<{delivery.pk}.{delivery.created_at:%Y%m%d%H%M%S%f}@{ID_DOMAIN}>",
            "Auto-Submitted": "auto-generated",  # RFC 3834: nobody's absence is to be answered
        },
    )
    message.attach_alternative(render_to_string(f"delivery/{template}.html", context), "text/html")
    return message


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    return f"{date_format(moment.astimezone(zone), 'DATETIME_FORMAT')} ({zone.key})"


def _origin(event: EventLog) -> list[tuple[str, str]]:
    """From where it was done, as far as that is known and not erased."""
    known = event.private or {}
    said = [(_("Network"), known.get("address")), (_("Device"), known.get("user_agent"))]
    return [(label, one_line(value)) for label, value in said if value]


def _details(entry: Transaction, access: Access, amount: str) -> list[tuple[str, str]]:
    return [
        (_("Family"), one_line(entry.family.name)),
        (_("Amount"), amount),
        (_("What for"), one_line(entry.description)),
        (_("Payee"), one_line(entry.payee.name) if entry.payee else ""),
        (_("From"), _wallet(entry.from_wallet, access)),
        (_("To"), _wallet(entry.to_wallet, access)),
        (_("Day"), date_format(entry.occurred_on, "DATE_FORMAT")),
        (_("Transaction"), _("%(id)s, version %(version)s") % {"id": entry.pk, "version": entry.version}),
    ]


def _wallet(wallet: Wallet | None, access: Access) -> str:
    """The wallet's name, or whose it is where the wallet itself is not for this person."""
    if wallet is None:
        return ""
    if wallet.shows_to(access):
        return one_line(wallet.name)
    return _("a wallet of %(name)s") % {"name": _name(wallet.holder)} if wallet.holder else _("a wallet of the family")


def _name(member: Membership) -> str:
    """What all members may know of another."""
    return one_line(member.user.first_name) or _("member %(id)s") % {"id": member.pk}
