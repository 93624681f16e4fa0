from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.errors import NotAuthenticated
from accounts.sessions import require_fresh
from financebot.common.errors import PermissionDenied


class PersonPermission(BasePermission):
    """Everything needs a person, save what the view's table opens to anyone or to a service, which gets nothing else;
    a Telegram token reaches less, and an old proof of who one is."""

    def has_permission(self, request: Request, view: Any) -> bool:
        needs = view.call.needs
        if needs.kind == "anyone":
            return True
        if request.auth is None:
            raise NotAuthenticated
        actor: Any = request.auth
        if needs.kind == "person_t_or_service":
            return True
        if (actor.user is None) != (needs.kind == "service"):
            raise PermissionDenied("service" if needs.kind == "service" else "person")
        if needs.kind == "person" and actor.token_scope:
            raise PermissionDenied("person")
        if view.call.fresh:
            require_fresh(actor)
        return True
