from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from families.access import look
from families.roles import TABLE, P
from financebot.api import trace
from financebot.common.errors import PermissionDenied, StepUpRequired


class FamilyPermission(BasePermission):
    """First sight, then right: strangers get what they would get if nothing were there, members the name they lack."""

    def has_permission(self, request: Request, view: Any) -> bool:
        needs = view.call.needs
        if needs.kind != "family":
            return True
        view.access = look(view.request.auth, family=view.family_of(request))
        view.sight()
        if now := trace.current.get():  # only now: in the access log, too, what is hidden is as if it were not there
            now.family = view.access.family
        if not any(view.access.holds(P(name)) for name in needs.permissions):
            raise PermissionDenied(needs.permissions[0])
        return True


class StepUp(BasePermission):
    """Refuse early where every permission held for this call wants a fresh proof."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if view.call.needs.kind != "family" or view.access.fresh:
            return True
        held = [P(name) for name in view.call.needs.permissions if view.access.holds(P(name))]
        if all(TABLE[name].step_up for name in held):
            raise StepUpRequired
        return True
