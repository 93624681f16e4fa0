"""Writes that the use cases on members share: what a change of role or state brings with it."""

from accounts import codes
from accounts.errors import InvalidToken
from accounts.models import CodePurpose, User
from audit.names import EventName
from audit.trail import Actor, Change, Event
from families import access, moments
from families.models import Invitation, InvitationState, Membership, MembershipState
from families.roles import Role
from financebot.common.errors import LastOwner, NotFound, UnknownReference

OWNS = {"role": Role.OWNER.value, "state": MembershipState.ACTIVE.value}


def lock_people(*user_ids: int) -> list[User]:
    """Users in the order of ids: who changes ownership locks them before counting."""
    return list(User.objects.lock().filter(pk__in=user_ids))


def lock_newcomer(user_id: int) -> None:
    """Who is to join; InvalidToken for one who has been erased or shut out since they were let in."""
    if not all(user.is_active for user in lock_people(user_id)):
        raise InvalidToken


def lock_member(family_id: int, membership_id: int) -> Membership:
    """A member who has not left, with their user locked before them. Raises NotFound."""
    members = Membership.objects.in_family(family_id).exclude(state=MembershipState.ENDED)
    user_id = members.filter(pk=membership_id).values_list("user_id", flat=True).first()
    if user_id is None:
        raise NotFound
    lock_people(user_id)
    return members.lock().get(pk=membership_id)


def lock_pair(family_id: int, one: int, other: int) -> tuple[Membership, Membership]:
    """Two members who have not left, their users locked before them. Raises UnknownReference."""
    members = Membership.objects.in_family(family_id).exclude(state=MembershipState.ENDED)
    lock_people(*members.filter(pk__in=[one, other]).values_list("user_id", flat=True))
    found = {member.pk: member for member in members.filter(pk__in=[one, other]).lock()}
    if one not in found:
        raise UnknownReference(field="membership_id")
    return found[one], found[other]


def end_invitation(invitation: Invitation, state: InvitationState) -> None:
    invitation.state = state
    invitation.save(update_fields=["state"])
    codes.revoke(CodePurpose.INVITATION, subject=invitation.pk)


def withdraw_invitations(member: Membership) -> None:
    """Invitations end with the membership of the one who made them."""
    for invitation in Invitation.objects.in_family(member.family_id).open().filter(invited_by=member):
        end_invitation(invitation, InvitationState.REVOKED)


def end(member: Membership, actor: Actor) -> list[Event]:
    """End a membership, locked, with what hangs on it; the events that this brings. Raises LastOwner."""
    member.state = MembershipState.ENDED
    member.overrides.all().delete()
    changed(member)
    withdraw_invitations(member)
    return [event for ending in moments.ending for event in ending(member, actor)]


def changed(membership: Membership) -> None:
    """After a change of role or state: permission rows, the last owner, the staff mark. Raises LastOwner, save for an
    archived family, in which nothing is decided any more."""
    membership.version += 1
    membership.save(update_fields=["role", "state", "spending_limit", "version"])
    access.sync(membership)
    owners = Membership.objects.in_family(membership.family_id).filter(**OWNS, user__is_active=True)
    if not owners.exists() and membership.family.archived_at is None:
        raise LastOwner
    mark_staff(membership.user_id)


def mark_staff(user_id: int) -> None:
    """An owner of any family works in the admin; who owns none does not, unless an operator."""
    owns = Membership.objects.of(user_id).filter(**OWNS).exists()
    User.objects.filter(pk=user_id, is_superuser=False).exclude(is_staff=owns).update(is_staff=owns)


def about(name: EventName, membership: Membership, changes: dict[str, Change] | None = None) -> Event:
    return Event(name, "membership", membership.pk, changes or {}, members=[membership.pk])
