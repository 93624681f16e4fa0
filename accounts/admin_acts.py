"""What people do in the back office: a page that asks, then one use case for each row that was chosen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from audit.trail import Actor
from financebot.api import problems
from financebot.common.errors import DomainError, StepUpRequired
from financebot.common.usecase import Refused, unit_of_work

MOST = 50  # rows in one go


class ReasonForm(forms.Form):
    reason = forms.CharField(max_length=500, required=False, strip=True)


@dataclass(frozen=True)
class Act:
    """An action of a list, and what is said of a row when it is `done`. `do` calls one use case, with the actor, the
    row, the version of it that was seen, and what the form says; what it returns, if anything, is shown once and kept
    nowhere."""

    name: str
    label: Any
    done: Any
    do: Callable[[Actor, Any, int, dict[str, Any]], Any]
    form: type[forms.Form] = forms.Form
    do_not_call_in_templates: ClassVar[bool] = True

    @property
    def __name__(self) -> str:
        return self.name

    def __call__(self, admin: Any, request: HttpRequest, rows: Any) -> HttpResponse | None:
        chosen = list(rows[: MOST + 1])
        if len(chosen) > MOST:
            messages.error(request, _("Choose at most %(count)s at a time.") % {"count": MOST})
            return None
        asked = "act" in request.POST
        form = self.form(request.POST if asked else None)
        if not (asked and form.is_valid()):
            return self._ask(admin, request, chosen, form)
        told = []
        for row in chosen:
            try:
                with unit_of_work():
                    outcome = self.do(admin.actor_for(request, row), row, _seen(request, row), form.cleaned_data)
                if isinstance(outcome, Refused):
                    raise outcome.problem
            except StepUpRequired:
                return redirect(f"{reverse('admin:step_up')}?{urlencode({'next': request.get_full_path()})}")
            except DomainError as error:
                messages.error(request, f"{row}: {problems.sentence(error)}")
            else:
                messages.success(request, f"{row}: {self.done}")
                told += [(str(row), outcome)] if outcome else []
        return self._tell(admin, request, told) if told else None

    def _ask(self, admin: Any, request: HttpRequest, chosen: list[Any], form: forms.Form) -> HttpResponse:
        rows = admin.described(request, chosen)
        return self._page(
            admin, request, "admin/act.html", rows=rows, form=form, act=self, checkbox=ACTION_CHECKBOX_NAME
        )

    def _tell(self, admin: Any, request: HttpRequest, told: list[tuple[str, Any]]) -> HttpResponse:
        return self._page(admin, request, "admin/acted.html", told=told)

    def _page(self, admin: Any, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        site = admin.admin_site.each_context(request)
        return render(request, template, {**site, "title": self.label, "opts": admin.opts, **context})


def _seen(request: HttpRequest, row: Any) -> int:
    """The version that stood on the page that asked; without it, none that there is."""
    said = request.POST.get(f"version_{row.pk}", "")
    return int(said) or -1 if said.isascii() and said.isdigit() else -1
