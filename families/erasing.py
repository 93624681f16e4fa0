"""What becomes of somebody's memberships when their account is erased."""

from dataclasses import replace

from django.db.models import Q

from accounts.models import User
from audit import erasure
from audit.names import EventName
from audit.trail import Actor, Event
from families import access, membership
from families.models import Family, Invitation, InvitationState, Membership, MembershipState
from financebot.common.errors import Busy


def leave_all(user_id: int, actor: Actor) -> list[tuple[Actor, list[Event]]]:
    """End all memberships, those in archived families too; by whom, and the events that it brings.

    Locks the families alone in ascending order, the user, the memberships. Raises LastOwner, and Busy where another
    family took them in meanwhile.
    """
    mine = Membership.objects.of(user_id)
    families = sorted(mine.values_list("family_id", flat=True))
    for family in families:
        access.lock(family, alone=True)
    membership.lock_people(user_id)
    members = list(mine.lock())
    if sorted(member.family_id for member in members) != families:
        raise Busy
    _forget_invitations(user_id)
    Family.objects.of_one(user_id).update(name="")
    found = []
    for member in members:
        if member.state != MembershipState.ENDED:
            by = replace(actor, family=member.family_id, membership=member.pk)
            change = {"state": (member.state, MembershipState.ENDED)}
            ended = membership.end(member, by)
            found.append((by, [*ended, membership.about(EventName.MEMBER_LEFT, member, change)]))
    return found


def _forget_invitations(user_id: int) -> None:
    """Their address where others invited it, and those that they invited; what of it is open ends."""
    email = User.objects.values_list("email", flat=True).get(pk=user_id)
    theirs = Q(invited_by__user_id=user_id) | (Q(email=email) if email else Q(pk__in=[]))
    named = list(Invitation.objects.filter(theirs, email__isnull=False))
    for invitation in named:
        if invitation.state == InvitationState.OPEN:
            membership.end_invitation(invitation, InvitationState.REVOKED)
    Invitation.objects.filter(pk__in=[invitation.pk for invitation in named]).update(email=None)
    erasure.forget(Q(entity_type="invitation", entity_id__in=[invitation.pk for invitation in named]))
