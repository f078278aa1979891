from datetime import date

import pytest
from django.urls import reverse

from core.kernel.scoping import tenant
from members.vehicles.models import MileageReading, Ownership, ServiceVisit
from tests.factories.core import DealerFactory
from tests.factories.members import MemberFactory, OwnershipFactory, VehicleModelFactory

pytestmark = pytest.mark.django_db
VIN = "LSVAM4187C2184847"


@pytest.fixture
def held(brand):
    return OwnershipFactory(brand=brand)


def rows_of(brand, model):
    with tenant(brand.pk):
        return list(model.objects.order_by("pk"))


def test_a_car_is_added_and_a_wrong_vin_kept_for_correction(signed_in, brand):
    member, model = MemberFactory(brand=brand), VehicleModelFactory(brand=brand)
    url = reverse("members:vehicles-add", args=[member.pk])
    body = {"vin": VIN[:-1], "model": model.pk, "delivered_on": "2024-03-01", "is_domestic": "on"}
    refused = signed_in.post(url, body)
    assert refused.status_code == 422
    assert VIN[:-1] in refused.content.decode()
    assert signed_in.post(url, body | {"vin": VIN}).status_code == 302
    (ownership,) = rows_of(brand, Ownership)
    assert ownership.member_id == member.pk
    again = signed_in.post(url, body | {"vin": VIN})
    assert again.status_code == 422


def test_a_foreign_car_with_an_odd_digit_is_added_with_a_warning(signed_in, brand):
    member, model = MemberFactory(brand=brand), VehicleModelFactory(brand=brand)
    url = reverse("members:vehicles-add", args=[member.pk])
    body = {"vin": "LSVAM4180C2184847", "model": model.pk, "delivered_on": "2024-03-01"}
    page = signed_in.post(url, body, follow=True).content.decode()
    assert "校验位" in page


def test_a_car_is_handed_on_by_phone(signed_in, brand, held):
    buyer = MemberFactory(brand=brand, phone="+8613811110009")
    url = reverse("members:ownerships-transfer", args=[held.pk])
    assert signed_in.post(url, {"to": "999999999999", "on": "2026-05-01"}).status_code == 422
    answer = signed_in.post(url, {"to": "13811110009", "on": "2026-05-01"})
    assert answer.status_code == 302
    assert [each.member_id for each in rows_of(brand, Ownership)] == [held.member_id, buyer.pk]
    page = signed_in.get(answer["Location"]).content.decode()
    assert "2026-05-01" in page


def test_an_ownership_is_ended(signed_in, brand, held):
    url = reverse("members:ownerships-end", args=[held.pk])
    assert signed_in.post(url, {"ended_on": "2020-01-01"}).status_code == 422
    assert signed_in.post(url, {"ended_on": "2025-01-01"}).status_code == 302
    assert rows_of(brand, Ownership)[0].ended_on == date(2025, 1, 1)


def test_mileage_and_visits_show_on_the_cars_page(signed_in, brand, held):
    dealer = DealerFactory(brand=brand, name="滨江店")
    car = held.vehicle_id
    read = reverse("members:vehicles-read", args=[car])
    assert signed_in.post(read, {"read_on": "2026-01-01", "km": "8000"}).status_code == 302
    assert signed_in.post(read, {"read_on": "2026-02-01", "km": "7000"}).status_code == 422
    visit = {
        "visited_on": "2026-03-01",
        "kind": "maintenance",
        "dealer": dealer.pk,
        "mileage_km": "9000",
        "amount": "880.50",
    }
    url = reverse("members:vehicles-visit", args=[car])
    assert signed_in.post(url, visit).status_code == 302
    page = signed_in.get(reverse("members:vehicles-detail", args=[car])).content.decode()
    assert "滨江店" in page
    assert "9,000 km" in page
    assert rows_of(brand, ServiceVisit)[0].amount_fen == 88050
    assert len(rows_of(brand, MileageReading)) == 2
