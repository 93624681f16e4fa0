"""Registering with a browser: the API's registration, ending in a cookie where no address has to be proven first."""

from http import HTTPStatus
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts import passwords, services
from accounts.authentication import nobody
from accounts.models import User
from accounts.pages import form_page, go_in
from accounts.rules import normalise_email
from accounts.serializers import PASSWORD_MAX
from financebot.api import limits, problems
from financebot.common.errors import DomainError, Invalid
from financebot.common.usecase import unit_of_work

LIMIT = "10/h"  # of a network, together with the API's registrations


class RegisterForm(forms.Form):
    first_name = forms.CharField(
        label=lazy("First name"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "given-name", "autofocus": True}),
    )
    email = forms.EmailField(
        label=lazy("E-mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )
    password = forms.CharField(
        label=lazy("Password, ten characters or more"),
        max_length=PASSWORD_MAX,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if settings.REGISTRATION_MODE == "invite":
            self.fields["invitation"] = forms.CharField(label=_("Token of your invitation"), max_length=200)

    def clean_email(self) -> str:
        return normalise_email(self.cleaned_data["email"])


@method_decorator([never_cache, sensitive_post_parameters("password", "invitation")], name="dispatch")
class RegisterPage(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, RegisterForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = RegisterForm(request.POST)
        if not form.is_valid():
            return self._page(request, form)
        if limits.is_over("AuthViewSet.register", LIMIT):
            form.add_error(None, _("Too many tries. Wait a while."))
            return self._page(request, form, HTTPStatus.TOO_MANY_REQUESTS)
        given = dict(form.cleaned_data)
        owner = User(email=given["email"], first_name=given["first_name"])
        try:
            password_hash = passwords.hash_new(given.pop("password"), field="password", owner=owner)
            with unit_of_work():
                entered = services.register(
                    actor=nobody(channel="web"), password_hash=password_hash, last_name="", **given
                )
        except Invalid as refusal:
            for field, sentences in refusal.errors.items():
                form.add_error(field, sentences)  # type: ignore[call-overload]
            return self._page(request, form)
        except DomainError as refusal:
            form.add_error(None, problems.sentence(refusal))
            return self._page(request, form)
        return go_in(request, entered) if entered else self._page(request, None)

    def _page(self, request: HttpRequest, form: RegisterForm | None, status: int = HTTPStatus.OK) -> HttpResponse:
        return form_page(request, "accounts/register.html", form, status)


urlpatterns = [path("register", RegisterPage.as_view(), name="register")]
