from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from core.kernel.scoping import tenant
from members.identities.models import Identity
from members.revealing import services
from members.revealing.models import Reveal, RevealLimit
from members.vehicles.models import Ownership
from tests.factories.members import MemberFactory, OwnershipFactory
from tests.members.revealing.conftest import car_of

pytestmark = pytest.mark.django_db
WHY = {"reason": "service", "note": "repair is done"}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def member(brand):
    return MemberFactory(brand=brand, phone="+8613812341234")


def place(member, query=""):
    return reverse("members:reveals-new", args=[member.pk]) + query


def test_the_profile_shows_masks_and_the_way_behind_them(signed_in, member, brand):
    with tenant(brand.pk):
        car = car_of(member, "LSVAA4187E2184847")
        Identity.objects.create(
            brand=brand,
            member=member,
            kind="unionid",
            value="oABC123DEF456",
            created_at=timezone.now(),
        )
    page = signed_in.get(reverse("members:members-detail", args=[member.pk])).content.decode()
    assert "138****1234" in page
    for whole in ("13812341234", "LSVAA4187E2184847", "oABC123DEF456"):
        assert whole not in page
    assert f"field=vin&amp;of={car.pk}" in page


def test_nothing_is_offered_of_a_car_that_somebody_else_owns_now(signed_in, member, brand):
    with tenant(brand.pk):
        car = car_of(member, "LSVAA4187E2184847")
        Ownership.objects.update(ended_on=date(2026, 2, 1))
    OwnershipFactory(
        brand=brand,
        vehicle=car,
        member=MemberFactory(brand=brand),
        delivered_on=date(2026, 2, 1),
    )
    page = signed_in.get(reverse("members:members-detail", args=[member.pk])).content.decode()
    assert "184847" in page
    assert "field=vin" not in page
    url = reverse("members:reveals-new", args=[member.pk]) + f"?field=vin&of={car.pk}"
    answer = signed_in.post(url, WHY, headers=HTMX)
    assert answer.status_code == 422
    assert "LSVAA4187E2184847" not in answer.content.decode()


def test_asks_for_the_reason_first(signed_in, member):
    answer = signed_in.get(place(member), headers=HTMX)
    assert "13812341234" not in answer.content.decode()
    answer = signed_in.post(place(member), {"reason": "", "note": "x"}, headers=HTMX)
    assert answer.status_code == 422
    assert 'value="x"' in answer.content.decode()


def test_shows_the_value_in_its_place_and_closes_the_dialog(signed_in, member):
    answer = signed_in.post(place(member), WHY, headers=HTMX)
    page = answer.content.decode()
    assert "13812341234" in page
    assert 'data-forget="30"' in page
    assert answer["HX-Retarget"] == "#shown-phone"
    assert "close-layer" in answer["HX-Trigger"]
    assert answer["Cache-Control"] == "no-store"


def test_works_without_scripts(signed_in, member):
    assert "138****1234" in signed_in.get(place(member)).content.decode()
    assert "13812341234" in signed_in.post(place(member), WHY).content.decode()


def test_the_cap_is_told_beside_the_form(signed_in, member, brand, actor):
    with tenant(brand.pk):
        services.change_limit(per_day=0, actor=actor, now=timezone.now())
    answer = signed_in.post(place(member), WHY, headers=HTMX)
    assert answer.status_code == 422
    assert "13812341234" not in answer.content.decode()
    assert answer.context["form"].non_field_errors()


@pytest.mark.parametrize("query", ["?field=salary", "?field=vin&of=1", "?field=identity&of=x"])
def test_what_there_is_not_answers_404(signed_in, member, query):
    assert signed_in.post(place(member, query), WHY).status_code == 404


def test_the_list_tells_who_saw_what_and_why(signed_in, member, staff):
    signed_in.post(place(member), WHY)
    page = signed_in.get(reverse("members:reveals-list")).content.decode()
    assert staff.display_name in page
    assert WHY["note"] in page


def test_the_limit_is_set_in_a_dialog(signed_in, brand):
    where = reverse("members:reveals-limit")
    assert signed_in.get(where, headers=HTMX).status_code == 200
    assert signed_in.post(where, {"per_day": "-1"}).status_code == 422
    signed_in.post(where, {"per_day": "7"})
    with tenant(brand.pk):
        assert RevealLimit.objects.get().per_day == 7
        assert not Reveal.objects.exists()
