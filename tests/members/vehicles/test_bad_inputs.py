"""Bad inputs 49 and 50 of invariants.md, sent to the API as they would come from outside."""

import pytest
from rest_framework.test import APIClient

from core.kernel.scoping import tenant
from members.vehicles.models import Ownership, Vehicle
from tests.factories.members import MemberFactory, VehicleModelFactory

pytestmark = pytest.mark.django_db
VIN = "LSVAM4187C2184847"  # its check digit is right
FULL_WIDTH = "".join(chr(ord(letter) + 0xFEE0) for letter in VIN)


@pytest.fixture
def api(staff):
    client = APIClient()
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def send(api, brand):
    model = VehicleModelFactory(brand=brand)

    def post(vin=VIN, **more):
        wanted = {"member": MemberFactory(brand=brand).pk, "vin": vin, "model": model.pk}
        return api.post("/api/v1/ownerships/", wanted | {"delivered_on": "2024-03-01"} | more)

    return post


def kept(brand, model):
    with tenant(brand.pk):
        return model.objects.count()


@pytest.mark.parametrize(
    ("vin", "code"),
    [
        (VIN[:16], "vin_length"),
        (VIN + "7", "vin_length"),
        ("", "blank"),
        (f"I{VIN[1:]}", "vin_letters"),
        (f"O{VIN[1:]}", "vin_letters"),
        (f"Q{VIN[1:]}", "vin_letters"),
        (f"{VIN[:8]}0{VIN[9:]}", "vin_check_digit"),
        ("鲁A12345鲁A12345鲁A1", "vin_letters"),
    ],
)
def test_49_a_vin_that_cannot_be_is_refused(brand, send, vin, code):
    answer = send(vin)
    assert answer.status_code == 422
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [("/vin", code)]
    assert kept(brand, Vehicle) == 0


@pytest.mark.parametrize("vin", [VIN.lower(), f" {VIN} ", FULL_WIDTH, f"{VIN[:9]} {VIN[9:]}"])
def test_49_a_vin_is_one_however_it_is_typed(brand, send, vin):
    assert send().status_code == 201
    answer = send(vin)
    assert (answer.status_code, answer.json()["code"]) == (409, "vehicle_owned")
    assert kept(brand, Vehicle) == 1


def test_50_a_vin_that_somebody_owns_is_not_owned_twice(brand, send, api):
    first = send()
    assert (send().status_code, send().json()["code"]) == (409, "vehicle_owned")
    # Nor in the past, when somebody had it.
    end = api.post(f"{first['Location']}end/", {"ended_on": "2025-01-01"})
    assert end.status_code == 200
    overlapping = send(delivered_on="2024-12-31")
    assert (overlapping.status_code, overlapping.json()["code"]) == (409, "ownership_overlaps")
    assert send(delivered_on="2025-01-01").status_code == 201
    assert kept(brand, Ownership) == 2


@pytest.mark.parametrize("act", ["end", "transfer"])
def test_48_nobody_gives_a_car_up_before_it_was_delivered(brand, send, api, act):
    place = send()["Location"]
    wanted = {"end": {"ended_on": "2024-02-29"}, "transfer": {"on": "2024-02-29"}}[act]
    more = {"to": MemberFactory(brand=brand).pk} if act == "transfer" else {}
    answer = api.post(f"{place}{act}/", wanted | more)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (f"/{next(iter(wanted))}", "ends_before_start")
    with tenant(brand.pk):
        assert Ownership.objects.get().ended_on is None
