"""From a delivery to its letter: whether it still has a point, the code that it brings, its words."""

from django.core.mail import EmailMultiAlternatives

from accounts import codes, mailed
from accounts.mailed import To
from accounts.models import CodePurpose, User
from delivery import addresses, alerts, invitations, letters, notifications, operators, rules, words
from delivery.letters import Link
from delivery.models import Delivery, TargetKind
from financebot.common import clock
from financebot.common.usecase import unit_of_work


def write(delivery: Delivery) -> EmailMultiAlternatives | None:
    """The letter, its code made and committed; None where it has no point any more. A letter that is written twice
    brings another code for the same."""
    return WRITERS[TargetKind(delivery.target_kind)](delivery)


def _approval(delivery: Delivery) -> EmailMultiAlternatives | None:
    question = notifications.question(delivery)
    if question is None:
        return None
    until = clock.now() + rules.CONFIRMATION_LIFE
    with unit_of_work():
        token = codes.make(
            CodePurpose.CONFIRMATION,
            subject=question.entry.pk,
            life=rules.CONFIRMATION_LIFE,
            payload={"membership": question.approver.pk, "version": question.entry.version},
        )
    return letters.approval(question, delivery=delivery, token=token, until=until)


def _about_account(delivery: Delivery) -> EmailMultiAlternatives | None:
    event = delivery.event
    user = alerts.reachable([delivery.target]).get(delivery.target)
    if user is None or not alerts.is_wanted(event, user):
        return None
    if event.name in alerts.VERIFICATIONS:
        purpose = CodePurpose.EMAIL_VERIFICATION
    else:
        purpose = CodePurpose.PASSWORD_RESET if event.name in alerts.RESETS else CodePurpose.NOT_ME
    link = _link(purpose, user)
    return letters.about_account(user, words.ABOUT_ACCOUNT[event.name], link, delivery=delivery, to=user.email or "")


def _new_address(delivery: Delivery) -> EmailMultiAlternatives | None:
    user = addresses.wanting(delivery.target)
    if user is None:
        return None
    link = _link(CodePurpose.EMAIL_VERIFICATION, user, to=To.NEW)
    return letters.about_account(user, words.TO_NEW, link, delivery=delivery, to=user.new_email or "")


def _former_address(delivery: Delivery) -> EmailMultiAlternatives | None:
    user = addresses.regretting(delivery.target)
    if user is None:
        return None
    link = _link(CodePurpose.NOT_ME, user, to=To.FORMER)
    return letters.about_account(user, words.TO_FORMER, link, delivery=delivery, to=user.former_email or "")


def _link(purpose: CodePurpose, user: User, *, to: To = To.PRESENT) -> Link:
    until = clock.now() + mailed.LIVES[purpose]
    with unit_of_work():
        return Link(purpose, mailed.make(purpose, user, to=to), until)


def _invitation(delivery: Delivery) -> EmailMultiAlternatives | None:
    with unit_of_work():
        invitation = invitations.lock_open(delivery.target)
        if invitation is None:
            return None
        life = invitation.expires_at - clock.now()
        token = codes.make(CodePurpose.INVITATION, subject=invitation.pk, life=life)
    return letters.invitation(invitation, delivery=delivery, token=token)


def _week(delivery: Delivery) -> EmailMultiAlternatives | None:
    operator = operators.operator(delivery.target)
    return letters.week(operator, operators.week(delivery.event), delivery=delivery) if operator else None


WRITERS = {
    TargetKind.MEMBER: _approval,
    TargetKind.PERSON: _about_account,
    TargetKind.NEW_ADDRESS: _new_address,
    TargetKind.FORMER: _former_address,
    TargetKind.INVITATION: _invitation,
    TargetKind.OPERATOR: _week,
}
