from rest_framework.request import Request
from rest_framework.response import Response

from accounts import serializers, services
from accounts.views.common import PersonViewSet
from financebot.api.views import PERSON, PERSON_T, Call
from financebot.common.errors import PreconditionFailed


class ProfileViewSet(PersonViewSet):
    calls = {
        "retrieve": Call(needs=PERSON_T, answer=serializers.ProfileRead),
        "partial_update": Call(
            needs=PERSON,
            body=serializers.ProfileWrite,
            answer=serializers.ProfileRead,
            problems=(PreconditionFailed,),
        ),
    }

    def retrieve(self, request: Request) -> Response:
        return self.show(request.user)

    def partial_update(self, request: Request) -> Response:
        changes = dict(self.body(request))
        version = self.expected_version()
        return self.once(lambda: services.edit_profile(actor=self.actor, changes=changes, version=version))
