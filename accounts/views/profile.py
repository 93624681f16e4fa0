from rest_framework.request import Request
from rest_framework.response import Response

from accounts import serializers, services
from accounts.errors import EmailChangedLately
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
            secret=True,
            problems=(PreconditionFailed,),
        ),
        "change_email": Call(
            needs=PERSON,
            fresh=True,
            body=serializers.AddressWrite,
            secret=True,
            limit="5/h",
            problems=(EmailChangedLately,),
        ),
    }

    def retrieve(self, request: Request) -> Response:
        return self.show(request.user)

    def partial_update(self, request: Request) -> Response:
        changes = dict(self.body(request))
        version = self.expected_version()
        return self.once(lambda: services.edit_profile(actor=self.actor, changes=changes, version=version))

    def change_email(self, request: Request) -> Response:
        """A link goes to the new address; from its use on it is theirs. The same whether or not it is somebody's."""
        email = self.body(request)["email"]
        return self.once(lambda: services.ask_email_change(actor=self.actor, email=email))
