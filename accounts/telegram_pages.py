"""Binding a Telegram chat with a browser: by a code out of the chat, or by one that is sent in it."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts import binding, codes, services, tries
from accounts.binding import Bound, Chat
from accounts.models import TelegramIdentity
from accounts.pages import ProvenPage
from accounts.serializers import CODE_MAX
from financebot.api import limits, problems
from financebot.common.errors import DomainError
from financebot.common.usecase import Refused, unit_of_work

LIMIT = "30/m"  # of a network


class TypedForm(forms.Form):
    code = forms.CharField(
        label=lazy("The code that the bot shows you"),
        max_length=CODE_MAX,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )


class ConfirmForm(forms.Form):
    code = forms.CharField(max_length=CODE_MAX, widget=forms.HiddenInput)


class MatchForm(ConfirmForm):
    match = forms.CharField(
        label=lazy("The six digits that the bot shows in that chat"),
        max_length=CODE_MAX,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric", "autofocus": True}),
    )


@method_decorator([never_cache, sensitive_post_parameters("code", "match")], name="dispatch")
class TelegramPage(ProvenPage):
    """GET shows who asks and changes nothing; each button does one thing. A code that somebody types is looked at as a
    try, one in a link is too long to be guessed."""

    def get(self, request: HttpRequest) -> HttpResponse:
        code = codes.as_typed(request.GET.get("code", "")[:CODE_MAX])
        if len(code) != binding.LINK_LENGTH:
            return self._page(request, typed=TypedForm(initial={"code": code}))
        return self._ask(request, MatchForm(initial={"code": code}), code)

    def post(self, request: HttpRequest) -> HttpResponse:
        steps: dict[str, Callable[[HttpRequest], HttpResponse]] = {
            "look": self._look,
            "confirm": self._confirm,
            "begin": self._begin,
            "unlink": self._unlink,
        }
        step = steps.get(request.POST.get("do", ""))
        if step is None:
            return self.get(request)
        if limits.is_over("telegram", LIMIT):
            return self._refuse(request, _("Too many tries. Wait a minute."), HTTPStatus.TOO_MANY_REQUESTS)
        try:
            return step(request)
        except DomainError as refusal:
            return self._refuse(request, problems.sentence(refusal))

    def _look(self, request: HttpRequest) -> HttpResponse:
        """Who is behind a code that somebody typed."""
        form = TypedForm(request.POST)
        if not form.is_valid():
            return self._page(request, typed=form)
        code = codes.as_typed(form.cleaned_data["code"])
        if len(code) == binding.LINK_LENGTH:
            return redirect(f"{reverse('rest_framework:telegram')}?{urlencode({'code': code})}")
        offered = tries.of_binding(self.actor, code)
        with unit_of_work():
            found = services.look_at_binding(actor=self.actor, offered=offered)
        if isinstance(found, Refused):
            form.add_error("code", problems.sentence(found.problem))
            return self._page(request, typed=form)
        return self._page(request, confirm=ConfirmForm(initial={"code": code}), chat=found)

    def _confirm(self, request: HttpRequest) -> HttpResponse:
        in_link = len(codes.as_typed(request.POST.get("code", ""))) == binding.LINK_LENGTH
        form = (MatchForm if in_link else ConfirmForm)(request.POST)
        if not form.is_valid():  # short ones are looked at as tries alone
            code = request.POST.get("code", "")
            return self._ask(request, form, code) if in_link else self._page(request, typed=TypedForm(request.POST))
        code = form.cleaned_data["code"]
        chat = binding.chat_asking(code)
        offered = tries.of_binding(self.actor, code, form.cleaned_data.get("match", ""))
        with unit_of_work():
            outcome = services.confirm_binding(actor=self.actor, chat=chat or Chat(0), offered=offered)
        if isinstance(outcome, Refused):
            form.add_error(None, problems.sentence(outcome.problem))
            return self._ask(request, form, code)
        return self._page(request, done=True, waits=not isinstance(outcome, Bound), chat=chat)

    def _begin(self, request: HttpRequest) -> HttpResponse:
        with unit_of_work():
            begun = services.begin_by_person(actor=self.actor)
        bot = settings.TELEGRAM_BOT_USERNAME
        link = f"https://t.me/{bot}?{urlencode({'start': begun.code})}" if bot else ""
        return self._page(request, begun=begun, link=link)

    def _unlink(self, request: HttpRequest) -> HttpResponse:
        with unit_of_work():
            services.unlink_own_chat(actor=self.actor)
        return redirect("rest_framework:telegram")

    def _ask(self, request: HttpRequest, form: forms.Form, code: str) -> HttpResponse:
        """Whether this chat is theirs; a code that does not work any more is not asked about again."""
        chat = binding.chat_asking(code)
        if chat is None:
            return self._refuse(request, _("This code is wrong, used or no longer valid."))
        return self._page(request, confirm=form, chat=chat)

    def _refuse(self, request: HttpRequest, sentence: str, status: int = HTTPStatus.OK) -> HttpResponse:
        return self._page(request, status=status, typed=TypedForm(), sentence=sentence)

    def _page(self, request: HttpRequest, status: int = HTTPStatus.OK, **context: Any) -> HttpResponse:
        identity = TelegramIdentity.objects.of(self.user.pk).first()
        shown = {**context, "bound": identity and binding.chat_bound(identity), "account": self.user}
        return render(request, "accounts/telegram.html", shown, status=status)


urlpatterns = [path("auth/telegram", TelegramPage.as_view(), name="telegram")]
