from typing import TYPE_CHECKING

from django.apps import apps
from django.db import models

from families import rules
from families.roles import Access, P

if TYPE_CHECKING:
    from families.models import Family, Invitation, Membership  # noqa: F401 - what the querysets are of


class FamilyQuerySet(models.QuerySet["Family"]):
    def in_reach(self, user_id: int) -> "FamilyQuerySet":
        """Families that the person is an active member of."""
        return self.filter(memberships__user_id=user_id, memberships__state="active")

    def of_one(self, user_id: int) -> "FamilyQuerySet":
        """Families that nobody else has ever been in."""
        others = apps.get_model("families", "Membership").objects.exclude(user_id=user_id)
        return self.filter(memberships__user_id=user_id).exclude(pk__in=others.values("family_id"))


class MembershipQuerySet(models.QuerySet["Membership"]):
    def in_family(self, family_id: int) -> "MembershipQuerySet":
        return self.filter(family_id=family_id)

    def of(self, user_id: int) -> "MembershipQuerySet":
        return self.filter(user_id=user_id)

    def active(self) -> "MembershipQuerySet":
        return self.filter(state="active", user__is_active=True)

    def visible_to(self, access: Access) -> "MembershipQuerySet":
        return self.in_family(access.family).exclude(state="ended")

    def lock(self) -> "MembershipQuerySet":
        return self.select_for_update(no_key=True, of=("self",)).order_by("pk")


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def in_family(self, family_id: int) -> "InvitationQuerySet":
        return self.filter(family_id=family_id)

    def open(self) -> "InvitationQuerySet":
        return self.filter(state="open")

    def visible_to(self, access: Access) -> "InvitationQuerySet":
        """Those that one could have made: an adult sees the ones to roles below adult."""
        if not access.holds(P.INVITE_MEMBER):
            return self.none()
        return self.in_family(access.family).filter(role__in=rules.invitable(access.role))
