"""Use cases on invitations."""

from dataclasses import dataclass, replace

from accounts import codes
from accounts.errors import InvalidCode, InvalidToken
from accounts.models import CodePurpose
from audit import trail
from audit.names import EventName
from audit.trail import Actor, Event
from families import access as families_access
from families import membership, rules
from families.access import enter
from families.errors import AlreadyMember, FamilyArchived
from families.models import Family, Invitation, InvitationState, Membership, MembershipState
from families.roles import P, Role
from financebot.common import clock
from financebot.common.errors import NotFound, PermissionDenied
from financebot.common.usecase import use_case


@dataclass(frozen=True, slots=True)
class Invited:
    """`token` is known here once and never again."""

    invitation: Invitation
    token: str


@use_case
def create_invitation(*, actor: Actor, role: Role, email: str | None) -> Invited:
    """Offer a role. Locks the family (shared). Raises PermissionDenied for a role one may not invite to."""
    access = enter(actor)
    access.require(P.INVITE_MEMBER)
    if role not in rules.invitable(access.role):
        raise PermissionDenied(P.INVITE_MEMBER)
    invitation = Invitation.objects.create(
        family_id=access.family,
        role=role,
        email=email,
        invited_by_id=access.membership,
        expires_at=clock.now() + rules.INVITATION_LIFE,
    )
    token = codes.make(CodePurpose.INVITATION, subject=invitation.pk, life=rules.INVITATION_LIFE)
    event = _about(EventName.INVITATION_CREATED, invitation, {"role": (None, role)})
    trail.record(replace(event, texts={"email": (None, invitation.email)}), actor=actor)
    return Invited(invitation, token)


@use_case
def revoke_invitation(*, actor: Actor, invitation_id: int) -> None:
    """Take an offer back. Locks the family (shared) and the invitation. Raises NotFound, PermissionDenied."""
    access = enter(actor)
    seen = Invitation.objects.visible_to(access).open()
    invitation = seen.select_for_update(no_key=True).filter(pk=invitation_id).first()
    if invitation is None:
        raise NotFound
    access.require(P.REVOKE_INVITATION, on=invitation)
    membership.end_invitation(invitation, InvitationState.REVOKED)
    trail.record(_about(EventName.INVITATION_REVOKED, invitation, {}), actor=actor)


@use_case
def accept_invitation(*, actor: Actor, token: str) -> Membership:
    """Join by a token, which is spent. Who was a member before gets the same membership back.

    Locks the family alone, the user, the membership. Raises InvalidCode for every token that does not work (among
    them one whose inviter may no longer invite), AlreadyMember, FamilyArchived.
    """
    if actor.user is None:
        raise InvalidToken
    code = codes.look_up(CodePurpose.INVITATION, token)
    family_id = Invitation.objects.values_list("family_id", flat=True).get(pk=code.subject)
    families_access.lock(family_id, alone=True)
    codes.spend(code)
    membership.lock_newcomer(actor.user)
    invitation = Invitation.objects.open().select_related("invited_by__user").filter(pk=code.subject).first()
    if invitation is None or not _still_offered(invitation):
        raise InvalidCode
    if Family.objects.filter(pk=family_id, archived_at__isnull=False).exists():
        raise FamilyArchived
    member = _join(invitation, actor.user)
    membership.end_invitation(invitation, InvitationState.ACCEPTED)
    joined = membership.about(EventName.MEMBER_JOINED, member, {"role": (None, member.role)})
    trail.record(joined, actor=replace(actor, family=family_id, membership=member.pk))
    return member


def _still_offered(invitation: Invitation) -> bool:
    """Whether the inviter is still here and may still invite to this role."""
    inviter = invitation.invited_by
    return (
        inviter.state == MembershipState.ACTIVE
        and inviter.user.is_active
        and families_access.holds(inviter, P.INVITE_MEMBER)
        and Role(invitation.role) in rules.invitable(Role(inviter.role))
    )


def _join(invitation: Invitation, user_id: int) -> Membership:
    member = Membership.objects.in_family(invitation.family_id).of(user_id).lock().first()
    if member is None:
        member = Membership.objects.create(family_id=invitation.family_id, user_id=user_id, role=invitation.role)
    elif member.state != MembershipState.ENDED:
        raise AlreadyMember
    member.role, member.state, member.spending_limit = invitation.role, MembershipState.ACTIVE, None
    membership.changed(member)
    return member


def _about(name: EventName, invitation: Invitation, changes: dict[str, tuple[object, object]]) -> Event:
    return Event(name, "invitation", invitation.pk, changes, members=[invitation.invited_by_id])
