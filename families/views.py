from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.errors import AlreadyBound, InvalidCode
from accounts.views import PersonViewSet
from families import serializers, services
from families.errors import AlreadyMember, CurrencyFixed, FamilyArchived, MembershipState, RestoreWindowOver
from families.models import Family, Invitation, Membership
from families.roles import Access, P, Role
from families.viewsets import FamilyViewSet
from financebot.api.views import PERSON_T, Call, PageQuery, any_of
from financebot.common.errors import (
    AmountNotPositive,
    AmountTooFine,
    AmountTooLarge,
    Changed,
    DateInFuture,
    DateTooEarly,
    LastOwner,
    PreconditionFailed,
    UnknownReference,
)

LIMIT_PROBLEMS = (AmountNotPositive, AmountTooFine, AmountTooLarge)


class MyFamiliesViewSet(PersonViewSet):
    calls = {
        "list": Call(needs=PERSON_T, query=PageQuery, answer=serializers.FamilyRead, ordering="id"),
        "create": Call(needs=PERSON_T, body=serializers.FamilyWrite, answer=serializers.FamilyRead, status=201),
        "accept": Call(
            needs=PERSON_T,
            body=serializers.AcceptWrite,
            answer=serializers.AcceptedRead,
            secret=True,
            problems=(InvalidCode, AlreadyMember, FamilyArchived),
        ),
    }

    def list(self, request: Request) -> Response:
        return self.page(Family.objects.in_reach(self.person))

    def create(self, request: Request) -> Response:
        body = self.body(request)
        return self.once(lambda: services.create_family(actor=self.actor, **body))

    def accept(self, request: Request) -> Response:
        token = self.body(request)["token"]
        return self.once(lambda: services.accept_invitation(actor=self.actor, token=token))


class OneFamilyViewSet(FamilyViewSet):
    """Calls on a family itself: its id stands in the path as `family_pk`."""

    calls = {
        "retrieve": Call(needs=any_of(P.VIEW_FAMILY), answer=serializers.FamilyRead),
        "partial_update": Call(
            needs=any_of(P.EDIT_FAMILY),
            body=serializers.FamilyEdit,
            answer=serializers.FamilyRead,
            problems=(FamilyArchived, PreconditionFailed, CurrencyFixed, *LIMIT_PROBLEMS),
        ),
        "destroy": Call(needs=any_of(P.DELETE_FAMILY), problems=(FamilyArchived,)),
        "restore": Call(
            needs=any_of(P.DELETE_FAMILY),
            answer=serializers.FamilyRead,
            problems=(Changed, RestoreWindowOver),
        ),
        "close": Call(
            needs=any_of(P.CLOSE_PERIOD),
            body=serializers.CloseWrite,
            answer=serializers.FamilyRead,
            problems=(FamilyArchived, DateInFuture, DateTooEarly, Changed),
        ),
        "reopen": Call(
            needs=any_of(P.CLOSE_PERIOD),
            body=serializers.ReopenWrite,
            answer=serializers.FamilyRead,
            problems=(FamilyArchived, DateTooEarly, Changed),
        ),
        "transfer_ownership": Call(
            needs=any_of(P.TRANSFER_OWNERSHIP),
            body=serializers.TransferWrite,
            answer=serializers.MemberRead,
            problems=(FamilyArchived, UnknownReference, MembershipState),
        ),
        "permissions": Call(needs=any_of(P.VIEW_FAMILY), answer=serializers.PermissionsRead),
    }

    def retrieve(self, request: Request, family_pk: int) -> Response:
        return self.show(Family.objects.in_reach(self.access.user).get(pk=family_pk))

    def partial_update(self, request: Request, family_pk: int) -> Response:
        changes, version = self.body(request), self.expected_version()
        return self.once(lambda: services.edit_family(actor=self.actor, changes=changes, version=version))

    def destroy(self, request: Request, family_pk: int) -> Response:
        return self.once(lambda: services.archive_family(actor=self.actor))

    def restore(self, request: Request, family_pk: int) -> Response:
        return self.once(lambda: services.restore_family(actor=self.actor))

    def close(self, request: Request, family_pk: int) -> Response:
        through = self.body(request)["through"]
        return self.once(lambda: services.close_period(actor=self.actor, through=through))

    def reopen(self, request: Request, family_pk: int) -> Response:
        through = self.body(request)["through"]
        return self.once(lambda: services.reopen_period(actor=self.actor, through=through))

    def transfer_ownership(self, request: Request, family_pk: int) -> Response:
        heir = self.body(request)["membership_id"]
        return self.once(lambda: services.transfer_ownership(actor=self.actor, membership_id=heir))

    def permissions(self, request: Request, family_pk: int) -> Response:
        scopes = {name.value: scope for name in P if (scope := self.access.scope(name))}
        return self.show({"role": self.access.role, "permissions": scopes})


class MemberViewSet(FamilyViewSet):
    model = Membership
    calls = {
        "list": Call(needs=any_of(P.VIEW_MEMBERS), query=PageQuery, answer=serializers.MemberListed, ordering="id"),
        "partial_update": Call(
            needs=any_of(P.MANAGE_MEMBERS),
            body=serializers.MemberEdit,
            answer=serializers.MemberRead,
            problems=(FamilyArchived, LastOwner, PreconditionFailed, *LIMIT_PROBLEMS),
        ),
        "suspend": Call(
            needs=any_of(P.MANAGE_MEMBERS),
            answer=serializers.MemberRead,
            problems=(FamilyArchived, LastOwner, MembershipState),
        ),
        "resume": Call(
            needs=any_of(P.MANAGE_MEMBERS),
            answer=serializers.MemberRead,
            problems=(FamilyArchived, MembershipState),
        ),
        "telegram_consent": Call(
            needs=any_of(P.MANAGE_MEMBERS),
            answer=serializers.MemberRead,
            problems=(FamilyArchived, MembershipState, AlreadyBound),
        ),
        "destroy": Call(needs=any_of(P.MANAGE_MEMBERS, P.LEAVE_FAMILY), problems=(FamilyArchived, LastOwner)),
    }

    def seen(self, access: Access) -> QuerySet[Membership]:
        return Membership.objects.visible_to(access).select_related("user", "family")

    def list(self, request: Request, family_pk: int) -> Response:
        return self.page(self.seen(self.access))

    def partial_update(self, request: Request, family_pk: int, pk: int) -> Response:
        changes, version = self.body(request), self.expected_version()
        return self.once(
            lambda: services.edit_member(actor=self.actor, membership_id=pk, changes=changes, version=version)
        )

    def suspend(self, request: Request, family_pk: int, pk: int) -> Response:
        return self.once(lambda: services.suspend_member(actor=self.actor, membership_id=pk))

    def resume(self, request: Request, family_pk: int, pk: int) -> Response:
        return self.once(lambda: services.resume_member(actor=self.actor, membership_id=pk))

    def telegram_consent(self, request: Request, family_pk: int, pk: int) -> Response:
        """Let a child's Telegram chat speak for them, as they have asked."""
        return self.once(lambda: services.consent_to_telegram(actor=self.actor, membership_id=pk))

    def destroy(self, request: Request, family_pk: int, pk: int) -> Response:
        return self.once(lambda: services.remove_member(actor=self.actor, membership_id=pk))

    def _shape(self, found: Any, *, many: bool = False) -> Any:
        brief = many and self.access.role in {Role.CHILD, Role.READ_ONLY}
        if brief:
            return serializers.MemberBrief(found, many=True).data
        return super()._shape(found, many=many)


class InvitationViewSet(FamilyViewSet):
    model = Invitation
    calls = {
        "list": Call(
            needs=any_of(P.INVITE_MEMBER),
            query=PageQuery,
            answer=serializers.InvitationRead,
            ordering="-id",
        ),
        "create": Call(
            needs=any_of(P.INVITE_MEMBER),
            body=serializers.InvitationWrite,
            answer=serializers.InvitedRead,
            status=201,
            secret=True,
            limit="10/h",
            problems=(FamilyArchived,),
        ),
        "destroy": Call(needs=any_of(P.REVOKE_INVITATION), problems=(FamilyArchived,)),
    }

    def seen(self, access: Access) -> QuerySet[Invitation]:
        return Invitation.objects.visible_to(access).open()

    def list(self, request: Request, family_pk: int) -> Response:
        return self.page(self.seen(self.access))

    def create(self, request: Request, family_pk: int) -> Response:
        body = self.body(request)

        def work() -> dict[str, Any]:
            invited = services.create_invitation(actor=self.actor, role=Role(body["role"]), email=body.get("email"))
            return {**serializers.InvitationRead(invited.invitation).data, "token": invited.token}

        return self.once(work)

    def destroy(self, request: Request, family_pk: int, pk: int) -> Response:
        return self.once(lambda: services.revoke_invitation(actor=self.actor, invitation_id=pk))
