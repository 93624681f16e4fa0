from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import passwords, serializers, services, tokens
from accounts.errors import EmailTaken, InvalidCredentials, InvalidToken, WrongPassword
from accounts.models import User
from accounts.services import Entered
from accounts.views.common import PersonViewSet
from financebot.api.views import ANYONE, PERSON, PERSON_T, Call
from financebot.common.errors import PermissionDenied
from financebot.common.usecase import Refused


class AuthViewSet(PersonViewSet):
    calls = {
        "register": Call(
            needs=ANYONE,
            body=serializers.RegisterWrite,
            answer=serializers.RegisterRead,
            status=201,
            secret=True,
            problems=(EmailTaken, PermissionDenied),
        ),
        "login": Call(
            needs=ANYONE,
            body=serializers.LoginWrite,
            answer=serializers.LoginRead,
            secret=True,
            problems=(InvalidCredentials,),
        ),
        "refresh": Call(
            needs=ANYONE,
            body=serializers.RefreshWrite,
            answer=serializers.TokensRead,
            secret=True,
            problems=(InvalidToken,),
        ),
        "logout": Call(needs=PERSON_T, body=serializers.LogoutWrite, answer=serializers.MessageRead, secret=True),
        "step_up": Call(
            needs=PERSON,
            body=serializers.StepUpWrite,
            answer=serializers.StepUpRead,
            secret=True,
            problems=(WrongPassword,),
        ),
        "change_password": Call(
            needs=PERSON, body=serializers.PasswordChangeWrite, secret=True, problems=(WrongPassword,)
        ),
    }

    def register(self, request: Request) -> Response:
        body = dict(self.body(request))
        owner = User(email=body["email"], first_name=body["first_name"], last_name=body["last_name"])
        password_hash = passwords.hash_new(body.pop("password"), field="password", owner=owner)

        def work() -> dict[str, Any]:
            entered = services.register(actor=self.actor, password_hash=password_hash, **body)
            if entered is None:
                return {"success": True, "message": _("We have sent you a letter. Follow the link in it.")}
            return {**asdict(entered.tokens), "success": True, "message": _("Welcome.")}

        return self.once(work)

    def login(self, request: Request) -> Response:
        body = self.body(request)
        proof = passwords.prove_email(body["email"], body["password"])

        def work() -> Any:
            outcome = services.log_in(actor=self.actor, proof=proof)
            return outcome.tokens if isinstance(outcome, Entered) else outcome

        return self.once(work)

    def refresh(self, request: Request) -> Response:
        claims = tokens.read_refresh(self.body(request)["refresh_token"])
        return self.once(lambda: services.refresh(actor=self.actor, claims=claims))

    def logout(self, request: Request) -> Response:
        everywhere = self.body(request)["all"]

        def work() -> dict[str, str]:
            services.log_out(actor=self.actor, everywhere=everywhere)
            return {"message": _("You are logged out.")}

        return self.once(work)

    def step_up(self, request: Request) -> Response:
        proof = passwords.prove(User.objects.get(pk=self.actor.user), self.body(request)["password"])

        def work() -> Any:
            outcome = services.step_up(actor=self.actor, proof=proof)
            return outcome if isinstance(outcome, Refused) else {"valid_until": outcome}

        return self.once(work)

    def change_password(self, request: Request) -> Response:
        body = self.body(request)
        user = User.objects.get(pk=self.actor.user)
        password_hash = passwords.hash_new(body["new_password"], field="new_password", owner=user)
        proof = passwords.prove(user, body["current_password"])
        return self.once(lambda: services.change_password(actor=self.actor, proof=proof, password_hash=password_hash))
