from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import serializers, services, totp, tries
from accounts.errors import InvalidCode, TwoFactorOn, WrongPassword
from accounts.models import User
from accounts.passwords import Proof
from accounts.services import Entered, Factor
from accounts.tries import LOGIN_LIMIT
from accounts.views.common import PersonViewSet, tokens_of
from financebot.api.views import ANYONE, PERSON, Call
from financebot.common.errors import Overloaded, StepUpRequired
from financebot.common.usecase import Refused


class TwoFactorViewSet(PersonViewSet):
    calls = {
        "answer": Call(
            needs=ANYONE,
            body=serializers.ChallengeCodeWrite,
            answer=serializers.LoginRead,
            secret=True,
            limit=LOGIN_LIMIT,
            problems=(InvalidCode, Overloaded),
        ),
        "answer_by_backup_code": Call(
            needs=ANYONE,
            body=serializers.ChallengeBackupWrite,
            answer=serializers.LoginRead,
            secret=True,
            limit=LOGIN_LIMIT,
            problems=(InvalidCode, Overloaded),
        ),
        "enable": Call(
            needs=PERSON,
            fresh=True,
            answer=serializers.EnableRead,
            secret=True,
            problems=(TwoFactorOn, StepUpRequired),
        ),
        "verify": Call(
            needs=PERSON,
            body=serializers.CodeWrite,
            answer=serializers.VerifyRead,
            secret=True,
            problems=(InvalidCode, TwoFactorOn),
        ),
        "disable": Call(
            needs=PERSON,
            body=serializers.PasswordAndCodeWrite,
            secret=True,
            problems=(InvalidCode, WrongPassword),
        ),
        "backup_codes": Call(
            needs=PERSON,
            body=serializers.PasswordAndCodeWrite,
            answer=serializers.BackupCodesRead,
            secret=True,
            problems=(InvalidCode, WrongPassword),
        ),
    }

    def answer(self, request: Request) -> Response:
        body = self.body(request)
        return self._enter(body["challenge"], body["code"], Factor.APP)

    def answer_by_backup_code(self, request: Request) -> Response:
        body = self.body(request)
        return self._enter(body["challenge"], body["backup_code"], Factor.BACKUP)

    def enable(self, request: Request) -> Response:
        key = totp.new_key()
        uri = totp.uri(key, name=str(request.user))
        answer = {"secret": key, "otpauth_uri": uri, "qr_png": totp.qr_png(uri)}

        def work() -> dict[str, str]:
            services.enable_two_factor(actor=self.actor, key=key)
            return answer

        return self.once(work)

    def verify(self, request: Request) -> Response:
        shown = tries.of_code(self.actor, self.person, self.body(request)["code"], Factor.APP)

        def work() -> Any:
            outcome = services.verify_two_factor(actor=self.actor, shown=shown)
            return outcome if isinstance(outcome, Refused) else {"enabled": True, "backup_codes": outcome}

        return self.once(work)

    def disable(self, request: Request) -> Response:
        body = self.body(request)
        proof = self._proof(body["password"])
        return self.once(lambda: services.disable_two_factor(actor=self.actor, proof=proof, code=body["code"]))

    def backup_codes(self, request: Request) -> Response:
        body = self.body(request)
        proof = self._proof(body["password"])

        def work() -> Any:
            outcome = services.renew_backup_codes(actor=self.actor, proof=proof, code=body["code"])
            return outcome if isinstance(outcome, Refused) else {"backup_codes": outcome}

        return self.once(work)

    def _enter(self, challenge: str, code: str, factor: Factor) -> Response:
        shown = tries.at_challenge(self.actor, challenge, code, factor)

        def work() -> Any:
            outcome = services.answer_challenge(actor=self.actor, challenge=challenge, shown=shown)
            return tokens_of(outcome) if isinstance(outcome, Entered) else outcome

        return self.once(work)

    def _proof(self, password: str) -> Proof:
        return tries.of_oneself(self.actor, User.objects.get(pk=self.actor.user), password)
