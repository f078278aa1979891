"""Bad input 38 of invariants.md: what differs in how letters are put together is one identity."""

import unicodedata

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from core.kernel.scoping import tenant
from members.duplicates import finding
from members.duplicates.models import DuplicatePair
from members.imports.values import read_name, read_number
from members.members import selectors
from members.profiles.models import Member

pytestmark = pytest.mark.django_db
COMPOSED = unicodedata.normalize("NFC", "José Nuñez")
TAKEN_APART = unicodedata.normalize("NFD", COMPOSED)


@pytest.fixture
def send(staff):
    client = APIClient()
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    return lambda **values: client.post("/api/v1/members/", values)


def test_38_a_name_is_kept_in_one_form_by_hand_and_from_a_file(brand, actor, send):
    assert TAKEN_APART != COMPOSED == read_name(TAKEN_APART)
    for name in (COMPOSED, TAKEN_APART):
        assert send(display_name=name).json()["display_name"] == COMPOSED
    with tenant(brand.pk):
        for typed in (COMPOSED, TAKEN_APART):
            assert selectors.narrowed(viewer=actor, chosen={}, query=typed).count() == 2


def test_38_a_customer_number_belongs_to_one_member_in_either_form(brand, actor, send):
    composed, apart = f"Ñ-{COMPOSED}", unicodedata.normalize("NFD", f"Ｎ̃-{COMPOSED}")
    assert read_number(apart) == composed
    assert send(display_name="一", customer_no=apart).json()["customer_no"] == composed
    answer = send(display_name="二", customer_no=composed)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "customer_no_taken"
    with tenant(brand.pk):
        assert Member.objects.count() == 1
        assert selectors.narrowed(viewer=actor, chosen={}, query=apart).count() == 1


def test_38_twins_are_suggested_as_one_person(brand, send):
    for name, phone in ((COMPOSED, "13811110001"), (TAKEN_APART, "13922220001")):
        assert send(display_name=name, phone=phone).status_code == 201
    with tenant(brand.pk):
        at = finding.beginning()
        while at.part is not None:
            at = finding.find(brand_id=brand.pk, at=at, as_of=timezone.now())
        assert DuplicatePair.objects.get().reasons == ["name_tail"]


@pytest.mark.parametrize("number", ["x" * 65, "a\u0007b", "ﷺ" * 9])
def test_what_is_no_customer_number_is_refused(send, number):
    answer = send(display_name="一", customer_no=number)
    assert answer.status_code == 422
    assert "customer_no" in str(answer.json()["errors"])
