"""From one thing to those that belong to it."""

import re

import pytest

from tests.conftest import House
from tests.office.conftest import OFFICE, Desk

pytestmark = pytest.mark.django_db


def links(desk: Desk, path: str) -> list[str]:
    page = desk.get(path).content.decode().split('id="content-main"')[-1]
    return [link.replace("&amp;", "&") for link in re.findall(r'href="(/admin/[^"]+)"', page)]


def test_the_links_of_a_page_lead_somewhere(house: House, desk, operator: Desk):
    house.earn("10.00")
    reversed_one = house.earn("10.00").transaction
    desk("owner").act("ledger/transaction/", "reverse", reversed_one)
    pages = [
        OFFICE,
        f"families/family/{house.family.pk}/change/",
        f"ledger/wallet/{house.wallets['cash'].pk}/change/",
        f"ledger/transaction/{reversed_one.pk}/change/",
    ]
    for someone in (desk("owner"), operator):
        found = {link for page in pages for link in links(someone, page)}
        assert len(found) > 15
        for link in found:
            assert someone.get(link).status_code == 200, link


def test_a_wallet_leads_to_what_moved_on_it_alone(house: House, desk):
    here, elsewhere = house.earn("10.00").transaction, house.earn("11.00", wallet="anns").transaction
    [entries] = [
        link
        for link in links(desk("owner"), f"ledger/wallet/{house.wallets['cash'].pk}/change/")
        if "transaction/?wallet" in link
    ]
    page = desk("owner").get(entries).content.decode()
    assert f"#{here.pk}<" in page
    assert f"#{elsewhere.pk}<" not in page
