from rest_framework.request import Request
from rest_framework.response import Response

from accounts import serializers, services, tries
from accounts.errors import EmailChangedLately, WrongPassword
from accounts.models import User
from accounts.views.common import PersonViewSet
from financebot.api import trace
from financebot.api.views import PERSON, PERSON_T, Call
from financebot.common.errors import LastOwner, PreconditionFailed


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
        "destroy": Call(
            needs=PERSON,
            fresh=True,
            body=serializers.PasswordWrite,
            secret=True,
            problems=(WrongPassword, LastOwner),
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

    def destroy(self, request: Request) -> Response:
        """Erase the account: it leaves all families, and nothing of the person stays but the families' own books."""
        user = User.objects.get(pk=self.person)
        proof = tries.of_oneself(self.actor, user, self.body(request)["password"])
        answer = self.once(lambda: services.erase_account(actor=self.actor, proof=proof))
        if now := trace.current.get():
            now.address = now.user_agent = ""  # for the access log, which notes this request too
        return answer

    def change_email(self, request: Request) -> Response:
        """A link goes to the new address; from its use on it is theirs. The same whether or not it is somebody's."""
        email = self.body(request)["email"]
        return self.once(lambda: services.ask_email_change(actor=self.actor, email=email))
