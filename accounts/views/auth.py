from typing import Any

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import passwords, serializers, services, tokens, tries
from accounts.errors import EmailTaken, InvalidCode, InvalidCredentials, InvalidToken, WrongPassword
from accounts.models import User
from accounts.passwords import Proof
from accounts.services import Challenged, Entered, Factor, Shown
from accounts.tries import LOGIN_LIMIT
from accounts.views.common import PersonViewSet, tokens_of
from financebot.api.views import ANYONE, PERSON, PERSON_T, Call, Instead
from financebot.common.errors import Overloaded, PermissionDenied
from financebot.common.usecase import Refused


class AuthViewSet(PersonViewSet):
    calls = {
        "register": Call(
            needs=ANYONE,
            body=serializers.RegisterWrite,
            answer=serializers.RegisterRead,
            status=201,
            secret=True,
            limit="10/h",
            problems=(EmailTaken, Overloaded, PermissionDenied),
        ),
        "login": Call(
            needs=ANYONE,
            body=serializers.LoginWrite,
            answer=serializers.LoginRead,
            instead={202: serializers.ChallengeRead},
            secret=True,
            limit=LOGIN_LIMIT,
            problems=(InvalidCredentials, Overloaded),
        ),
        "refresh": Call(
            needs=ANYONE,
            body=serializers.RefreshWrite,
            answer=serializers.TokensRead,
            secret=True,
            problems=(InvalidToken, Overloaded),
        ),
        "logout": Call(needs=PERSON_T, body=serializers.LogoutWrite, answer=serializers.MessageRead, secret=True),
        "step_up": Call(
            needs=PERSON,
            body=serializers.StepUpWrite,
            answer=serializers.StepUpRead,
            secret=True,
            problems=(InvalidCode, WrongPassword),
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
            return {**tokens_of(entered), "success": True, "message": _("Welcome.")}

        return self.once(work)

    def login(self, request: Request) -> Response:
        body = self.body(request)
        proof = tries.to_enter(self.actor, email=body["email"], password=body["password"])

        def work() -> Any:
            outcome = services.log_in(actor=self.actor, proof=proof)
            if isinstance(outcome, Challenged):
                return Instead(202, outcome)
            return tokens_of(outcome) if isinstance(outcome, Entered) else outcome

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
        body, user = self.body(request), User.objects.get(pk=self.actor.user)
        if "password" in body:
            proof: Proof | Shown = tries.of_oneself(self.actor, user, body["password"])
        else:
            proof = tries.of_code(self.actor, user.pk, body["code"], Factor.APP)

        def work() -> Any:
            outcome = services.step_up(actor=self.actor, proof=proof)
            return outcome if isinstance(outcome, Refused) else {"valid_until": outcome}

        return self.once(work)

    def change_password(self, request: Request) -> Response:
        body = self.body(request)
        user = User.objects.get(pk=self.actor.user)
        password_hash = passwords.hash_new(body["new_password"], field="new_password", owner=user)
        proof = tries.of_oneself(self.actor, user, body["current_password"])
        return self.once(lambda: services.change_password(actor=self.actor, proof=proof, password_hash=password_hash))
