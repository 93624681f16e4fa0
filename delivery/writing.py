"""From a delivery to its letter: whether it still has a point, the code that it brings, its words."""

from django.core.mail import EmailMultiAlternatives

from accounts import codes, mailed
from accounts.models import CodePurpose
from delivery import alerts, invitations, letters, notifications, rules
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
    until = clock.now() + mailed.LIVES[purpose]
    with unit_of_work():
        token = mailed.make(purpose, user)
    return letters.about_account(user, delivery=delivery, purpose=purpose, token=token, until=until)


def _invitation(delivery: Delivery) -> EmailMultiAlternatives | None:
    with unit_of_work():
        invitation = invitations.lock_open(delivery.target)
        if invitation is None:
            return None
        life = invitation.expires_at - clock.now()
        token = codes.make(CodePurpose.INVITATION, subject=invitation.pk, life=life)
    return letters.invitation(invitation, delivery=delivery, token=token)


WRITERS = {
    TargetKind.MEMBER: _approval,
    TargetKind.PERSON: _about_account,
    TargetKind.INVITATION: _invitation,
}
