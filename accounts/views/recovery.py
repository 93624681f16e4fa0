from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import mailed, passwords, serializers, services
from accounts.errors import InvalidCode
from accounts.models import CodePurpose
from accounts.views.common import PersonViewSet
from financebot.api.views import ANYONE, Call


class RecoveryViewSet(PersonViewSet):
    """What people do by codes that were mailed to them; none of it logs anybody in."""

    calls = {
        "ask_reset": Call(needs=ANYONE, body=serializers.AddressWrite, secret=True, limit="5/h"),
        "reset": Call(needs=ANYONE, body=serializers.ResetWrite, secret=True, problems=(InvalidCode,)),
        "verify": Call(needs=ANYONE, body=serializers.MailedTokenWrite, secret=True, problems=(InvalidCode,)),
        "ask_verification": Call(needs=ANYONE, body=serializers.AddressWrite, secret=True, limit="5/h"),
        "not_me": Call(needs=ANYONE, body=serializers.MailedTokenWrite, secret=True, problems=(InvalidCode,)),
    }

    def ask_reset(self, request: Request) -> Response:
        email = self.body(request)["email"]
        return self.once(lambda: services.ask_password_reset(actor=self.actor, email=email))

    def reset(self, request: Request) -> Response:
        body = self.body(request)
        _, owner = mailed.look_up(CodePurpose.PASSWORD_RESET, body["token"])
        password_hash = passwords.hash_new(body["new_password"], field="new_password", owner=owner)

        def work() -> Any:
            services.reset_password(actor=self.actor, token=body["token"], password_hash=password_hash)

        return self.once(work)

    def verify(self, request: Request) -> Response:
        token = self.body(request)["token"]
        return self.once(lambda: services.verify_email(actor=self.actor, token=token))

    def ask_verification(self, request: Request) -> Response:
        email = self.body(request)["email"]
        return self.once(lambda: services.ask_verification(actor=self.actor, email=email))

    def not_me(self, request: Request) -> Response:
        token = self.body(request)["token"]
        return self.once(lambda: services.secure_account(actor=self.actor, token=token))
