from rest_framework.request import Request
from rest_framework.response import Response

from accounts import serializers, services
from accounts.models import LoginSession
from accounts.views.common import PersonViewSet
from financebot.api.views import PERSON, Call, PageQuery
from financebot.common.errors import NotFound


class SessionViewSet(PersonViewSet):
    calls = {
        "list": Call(needs=PERSON, query=PageQuery, answer=serializers.SessionRead, ordering="-id"),
        "destroy": Call(needs=PERSON, secret=True, problems=(NotFound,)),
    }

    def list(self, request: Request) -> Response:
        return self.page(LoginSession.objects.alive().of(self.person))

    def destroy(self, request: Request, pk: int) -> Response:
        return self.once(lambda: services.revoke_session(actor=self.actor, session_id=pk))
