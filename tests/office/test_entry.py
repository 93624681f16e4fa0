"""Who gets in, and until when."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

from accounts.admin_site import OfficeAdmin
from accounts.models import LoginSession, User
from accounts.services import log_out
from families.models import Family
from families.services import transfer_ownership
from financebot.common.usecase import unit_of_work
from tests.factories import PASSWORD
from tests.office.conftest import Desk
from tests.test_migrations import OURS

pytestmark = pytest.mark.django_db


def every_page():
    for model in admin.site._registry:
        yield reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    yield from (reverse(f"admin:{name}") for name in ("index", "step_up", "autocomplete", "jsi18n"))


PAGES = list(every_page())


def test_every_model_of_ours_stands_in_the_office():
    assert set(admin.site._registry) == {m for m in apps.get_models() if m.__module__.partition(".")[0] in OURS}


def test_only_classes_that_say_whose_rows_they_show_are_taken():
    with pytest.raises(ImproperlyConfigured):
        admin.site.register(Family, ModelAdmin)
    with pytest.raises(ImproperlyConfigured):
        admin.site.register(Family)


def test_no_class_of_the_office_lets_a_form_write(rf, house):
    request = rf.get("/admin/")
    request.user = house.owner.user
    request.user.is_superuser = True
    for office in admin.site._registry.values():
        assert isinstance(office, OfficeAdmin)
        assert not office.has_add_permission(request)
        assert not office.has_change_permission(request)
        assert not office.has_delete_permission(request)
        assert not office.list_editable
        for inline in office.inlines:
            made = inline(office.model, admin.site)
            assert not made.has_add_permission(request, None)
            assert not made.has_change_permission(request)
            assert not made.has_delete_permission(request)


@pytest.mark.parametrize("page", PAGES)
def test_nobody_comes_in_without_a_log_in(page):
    answer = Desk(None).get(page)
    assert (answer.status_code, answer.url.split("?")[0]) == (302, reverse("admin:login"))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", ["adult", "member", "child", "reader", "suspended", "removed"])
def test_who_owns_nothing_is_turned_away(desk, page, name):
    answer = desk(name).get(page)
    assert (answer.status_code, answer.url.split("?")[0]) == (302, reverse("admin:login"))
    assert desk(name).get(answer.url).status_code == 403


def test_who_is_not_logged_in_is_sent_to_the_one_log_in():
    answer = Desk(None).get("login/", next="/admin/ledger/wallet/")
    assert answer.url == "/login?next=%2Fadmin%2Fledger%2Fwallet%2F"


def test_a_log_in_that_has_ended_ends_here_at_once(house, desk):
    olga = desk("owner")
    assert olga.get().status_code == 200
    with unit_of_work():
        log_out(actor=house.owner.actor, everywhere=True)
    assert olga.get().status_code == 302


def test_who_gives_the_family_away_is_out_at_the_next_page(house, desk):
    olga = desk("owner")
    assert olga.get().status_code == 200
    with unit_of_work():
        transfer_ownership(actor=house.owner.actor, membership_id=house.adult.membership.pk)
    assert olga.get().status_code == 302
    assert desk("adult").get().status_code == 200


def test_an_account_that_is_switched_off_is_out(house, desk):
    User.objects.filter(pk=house.owner.user.pk).update(is_active=False)
    assert desk("owner").get().status_code == 302


def test_django_s_own_change_of_password_is_not_there(desk):
    assert desk("owner").get("password_change/").status_code == 404
    assert desk("owner").post("password_change/", old_password=PASSWORD).status_code == 404


def test_leaving_goes_through_the_one_log_out(house, desk):
    olga = desk("owner")
    assert olga.get("logout/").url == "/logout"
    olga.post("/logout")
    assert LoginSession.objects.get(pk=house.owner.session.pk).revoked_at
    assert olga.get().status_code == 302
