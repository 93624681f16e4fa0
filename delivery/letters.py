"""What letters say: in the recipient's language, and of the family only what the recipient may see."""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from delivery.models import Delivery
from delivery.notifications import Question
from families.models import Membership
from families.roles import Access
from financebot.common import money
from ledger.models import Transaction, Wallet

ID_DOMAIN = "financebot.invalid"  # Django would ask the network for this machine's name
JOINERS = "\u200c\u200d"  # they hold letters and emoji together


def approval(question: Question, *, delivery: Delivery, token: str, until: datetime) -> EmailMultiAlternatives:
    """The letter that brings an approver their confirmation token. A second one has the `Message-ID` of the first."""
    entry, user = question.entry, question.approver.user
    with translation.override(user.language):
        local = until.astimezone(ZoneInfo(user.timezone))
        amount = f"{money.wire(entry.amount, entry.currency)} {entry.currency}"
        context = {
            "name": _name(question.approver),
            "asker": _name(entry.author),
            "amount": amount,
            "details": [(label, value) for label, value in _details(entry, question.access, amount) if value],
            "until": f"{date_format(local, 'DATETIME_FORMAT')} ({user.timezone})",
            "path": f"/api/v1/transactions/{entry.pk}/confirm",
            "body": json.dumps({"confirmation_token": token, "version": entry.version}),
            "token": token,
        }
        message = EmailMultiAlternatives(
            subject=_("%(asker)s asks you to approve %(amount)s") % context,
            body=render_to_string("delivery/approval.txt", context),
            to=[question.address],
            headers={
                "Message-ID": f"<{delivery.pk}.{delivery.created_at:%Y%m%d%H%M%S%f}@{ID_DOMAIN}>",
                "Auto-Submitted": "auto-generated",  # RFC 3834: nobody's absence is to be answered
            },
        )
        message.attach_alternative(render_to_string("delivery/approval.html", context), "text/html")
    return message


def one_line(text: str) -> str:
    """What somebody wrote, as one line of what can be seen: no line of the letter, no header, no order of reading
    can be made by it."""
    seen = (c if c.isprintable() or c in JOINERS else " " if c.isspace() else "" for c in text)
    return " ".join("".join(seen).split())


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
