"""Turning two-factor authentication on with a browser: a picture for the app, its first code, ten codes for paper."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts import services, totp, tries
from accounts.models import TotpDevice
from accounts.pages import ProvenPage
from accounts.serializers import CODE_MAX
from accounts.services import Factor
from financebot.api import problems
from financebot.common.errors import DomainError
from financebot.common.usecase import Refused, unit_of_work


class FirstCodeForm(forms.Form):
    code = forms.CharField(
        label=lazy("The six digits that it shows"),
        max_length=CODE_MAX,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}),
    )


@method_decorator([never_cache, sensitive_post_parameters("code")], name="dispatch")
class TwoFactorPage(ProvenPage):
    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, is_on=TotpDevice.objects.of(self.user.pk).confirmed().exists())

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            return self._verify(request) if "code" in request.POST else self._begin(request)
        except DomainError:  # it is on by now
            return redirect("rest_framework:two_factor")

    def _begin(self, request: HttpRequest) -> HttpResponse:
        key = totp.new_key()
        with unit_of_work():
            services.enable_two_factor(actor=self.actor, key=key)
        return self._ask(request, key, FirstCodeForm())

    def _verify(self, request: HttpRequest) -> HttpResponse:
        begun = TotpDevice.objects.of(self.user.pk).filter(confirmed_at=None).first()
        if begun is None:
            return redirect("rest_framework:two_factor")
        form = FirstCodeForm(request.POST)
        if form.is_valid():
            shown = tries.of_code(self.actor, self.user.pk, form.cleaned_data["code"], Factor.APP)
            with unit_of_work():
                outcome = services.verify_two_factor(actor=self.actor, shown=shown)
            if not isinstance(outcome, Refused):
                return self._page(request, is_on=True, backup_codes=outcome)
            form.add_error(None, problems.sentence(outcome.problem))
        return self._ask(request, begun.key, form)

    def _ask(self, request: HttpRequest, key: str, form: FirstCodeForm) -> HttpResponse:
        picture = totp.qr_png(totp.uri(key, name=str(self.user)))
        return self._page(request, key=key, picture=picture, form=form)

    def _page(self, request: HttpRequest, **context: Any) -> HttpResponse:
        return render(request, "accounts/two_factor.html", context)


urlpatterns = [path("two-factor", TwoFactorPage.as_view(), name="two_factor")]
