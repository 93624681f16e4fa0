"""Where the links of letters lead: pages that ask, and do nothing before a button is pressed.

Programs that look for malware in mail follow links; none of them presses buttons.
"""

from abc import ABC, abstractmethod
from http import HTTPStatus
from typing import Any, ClassVar

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters

from accounts import binding, mailed, passwords, services, tries
from accounts.authentication import nobody
from accounts.errors import InvalidCode
from accounts.models import CodePurpose, User
from accounts.rules import normalise_email
from accounts.serializers import CODE_MAX, PASSWORD_MAX
from financebot.api import limits, problems
from financebot.common.errors import DomainError, Invalid
from financebot.common.usecase import unit_of_work

TOKEN_MAX = 200
LIMIT = "30/m"  # of a network


class TokenForm(forms.Form):
    token = forms.CharField(max_length=TOKEN_MAX, widget=forms.HiddenInput)


class NewPasswordForm(TokenForm):
    new_password = forms.CharField(
        label=lazy("New password"),
        max_length=PASSWORD_MAX,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "autofocus": True}),
    )


@method_decorator(
    [csrf_exempt, never_cache, sensitive_post_parameters("token", "match", "new_password")], name="dispatch"
)
class LetterPage(View, ABC):
    """GET asks, POST does. The address holds the token, so no site is told it as a referrer; browsers that send none
    send no origin either, and what nobody else can send without the token needs no CSRF token."""

    title: ClassVar[Any]
    question: ClassVar[Any]
    button: ClassVar[Any]
    done: ClassVar[Any]
    form_class: ClassVar[type[TokenForm]] = TokenForm

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, self.form_class(initial={"token": request.GET.get("token", "")}))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.form_class(request.POST)
        if not form.is_valid():
            return self._page(request, form)
        if limits.is_over("letters", LIMIT):
            form.add_error(None, _("Too many tries. Wait a minute."))
            return self._page(request, form, status=HTTPStatus.TOO_MANY_REQUESTS)
        try:
            self.act(**form.cleaned_data)
        except Invalid as refusal:
            for field, sentences in refusal.errors.items():
                form.add_error(field, sentences)  # type: ignore[call-overload]
            return self._page(request, form)
        except DomainError as refusal:
            form.add_error(None, problems.sentence(refusal))
            return self._page(request, form)
        return self._page(request, None)

    @abstractmethod
    def act(self, **given: str) -> None:
        """Do what the letter's token is for, by one use case. Raises what that raises."""

    def _page(self, request: HttpRequest, form: TokenForm | None, status: int = HTTPStatus.OK) -> HttpResponse:
        texts = {name: getattr(self, name) for name in ("title", "question", "button", "done")}
        response = render(request, "accounts/letter.html", {"form": form, **texts}, status=status)
        response["Referrer-Policy"] = "no-referrer"
        return response


class ResetPage(LetterPage):
    title = lazy("Choose a new password")
    question = lazy("Everybody who is logged in to your account is logged out.")
    button = lazy("Change the password")
    done = lazy("Your password is changed. Log in with it.")
    form_class = NewPasswordForm

    def act(self, **given: str) -> None:
        token = given["token"]
        _code, owner = mailed.look_up(CodePurpose.PASSWORD_RESET, token)
        password_hash = passwords.hash_new(given["new_password"], field="new_password", owner=owner)
        with unit_of_work():
            services.reset_password(actor=nobody(channel="web"), token=token, password_hash=password_hash)


class VerifyPage(LetterPage):
    title = lazy("Confirm your e-mail address")
    question = lazy("Is this address yours, and do you want to use it here?")
    button = lazy("Confirm")
    done = lazy("Your e-mail address is confirmed.")

    def act(self, **given: str) -> None:
        with unit_of_work():
            services.verify_email(actor=nobody(channel="web"), token=given["token"])


class NotMePage(LetterPage):
    title = lazy("This was not me")
    question = lazy("Everybody is logged out, and your password opens nothing until you choose a new one by mail.")
    button = lazy("Lock my account")
    done = lazy("Your account is locked. We have sent you a link to choose a new password.")

    def act(self, **given: str) -> None:
        with unit_of_work():
            services.secure_account(actor=nobody(channel="web"), token=given["token"])


class AccountForm(NewPasswordForm):
    match = forms.CharField(
        label=lazy("The six digits that the bot shows in your chat"),
        max_length=CODE_MAX,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric", "autofocus": True}),
    )
    email = forms.EmailField(
        label=lazy("E-mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )
    field_order = ["token", "match", "email", "new_password"]


class AccountPage(LetterPage):
    """Where the bot's link leads who came by Telegram."""

    title = lazy("Your own e-mail address and password")
    question = lazy("With them you can log in here too, and come back if you lose your chat.")
    button = lazy("Set them")
    done = lazy("Done. If you get a letter from us, follow the link in it first; then log in.")
    form_class = AccountForm

    def act(self, **given: str) -> None:
        row = binding.find(CodePurpose.COMPLETION, given["token"])
        if row is None:
            raise InvalidCode
        actor, email = nobody(channel="web"), normalise_email(given["email"])
        password_hash = passwords.hash_new(given["new_password"], field="new_password", owner=User(email=email))
        offered = tries.of_binding(actor, given["token"], given["match"], chat_id=row.payload["chat_id"])
        with unit_of_work():
            refused = services.complete_account(actor=actor, offered=offered, email=email, password_hash=password_hash)
        if refused:
            raise refused.problem


urlpatterns = [
    path("auth/account", AccountPage.as_view(), name="account-page"),
    path("auth/password/reset", ResetPage.as_view(), name="reset-page"),
    path("auth/email/verify", VerifyPage.as_view(), name="verify-page"),
    path("auth/not-me", NotMePage.as_view(), name="not-me-page"),
]
