import pytest
from rest_framework.test import APIClient

from tests.factories.members import MemberFactory, VehicleModelFactory

pytestmark = pytest.mark.django_db
VIN = "LSVAM4187C2184847"


@pytest.fixture
def api(staff):
    client = APIClient()
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def wanted(brand):
    return {
        "member": MemberFactory(brand=brand).pk,
        "vin": VIN,
        "model": VehicleModelFactory(brand=brand).pk,
        "delivered_on": "2024-03-01",
    }


def test_a_car_is_owned_transferred_and_given_up(api, brand, wanted):
    made = api.post("/api/v1/ownerships/", wanted)
    assert made.status_code == 201
    buyer = MemberFactory(brand=brand)
    taken = api.post("/api/v1/ownerships/", wanted | {"member": buyer.pk})
    assert (taken.status_code, taken.json()["code"]) == (409, "vehicle_owned")
    moved = api.post(f"{made['Location']}transfer/", {"to": buyer.pk, "on": "2026-05-01"})
    assert moved.json()["member"] == buyer.pk
    late = api.post(f"{made['Location']}end/", {"ended_on": "2026-06-01"})
    assert (late.status_code, late.json()["code"]) == (409, "ownership_ended")
    ended = api.post(f"/api/v1/ownerships/{moved.json()['id']}/end/", {"ended_on": "2026-06-01"})
    assert ended.json()["ended_on"] == "2026-06-01"
    cars = api.get("/api/v1/vehicles/?vin_tail=184847").json()["results"]
    assert [car["id"] for car in cars] == [made.json()["vehicle"]]
    assert "vin" not in cars[0]


@pytest.mark.parametrize(
    "change",
    [
        {"vin": VIN[:-1]},
        {"vin": VIN.replace("7", "I", 1)},
        {"delivered_on": "2026-02-30"},
        {"delivered_on": "0000-01-01"},
        {"delivered_on": "9999-12-31"},
        {"is_domestic": "yes"},
        {"owner": 1},
    ],
)
def test_what_cannot_be_is_refused_with_its_field(api, wanted, change):
    answer = api.post("/api/v1/ownerships/", wanted | change)
    assert answer.status_code == 422
    (name,) = change
    assert name in str(answer.json()["errors"])


def test_readings_and_visits(api, brand, wanted):
    car = api.post("/api/v1/ownerships/", wanted).json()["vehicle"]
    visit = {"vehicle": car, "visited_on": "2026-03-01", "kind": "repair", "mileage_km": 9000}
    assert api.post("/api/v1/service-visits/", visit).status_code == 201
    reading = {"vehicle": car, "read_on": "2026-04-01", "km": 8000}
    assert api.post("/api/v1/mileage-readings/", reading).status_code == 422
    reason = reading | {"reason": "meter replaced"}
    assert api.post("/api/v1/mileage-readings/", reason).status_code == 201
    assert api.get(f"/api/v1/vehicles/{car}/").json()["mileage_km"] == 8000
    found = api.get(f"/api/v1/mileage-readings/?vehicle={car}").json()["results"]
    assert [each["km"] for each in found] == [8000, 9000]
    assert len(api.get(f"/api/v1/service-visits/?vehicle={car}").json()["results"]) == 1


def test_a_foreign_cars_odd_check_digit_is_answered_as_a_warning(api, wanted):
    odd = wanted | {"vin": "LSVAM4180C2184847"}
    assert api.post("/api/v1/ownerships/", odd).status_code == 422
    made = api.post("/api/v1/ownerships/", odd | {"is_domestic": False})
    assert made.status_code == 201
    assert made["Location"] == f"/api/v1/ownerships/{made.json()['id']}/"
    [warning] = made.json()["warnings"]
    assert (warning["pointer"], warning["code"]) == ("/vin", "vin_check_digit")
    assert warning["detail"]
    assert "warnings" not in api.get(made["Location"]).json()


def test_a_car_with_nothing_odd_has_no_warnings(api, wanted):
    made = api.post(
        "/api/v1/ownerships/", wanted | {"is_domestic": False, "vin": f" {VIN.lower()}"}
    )
    assert made.json()["warnings"] == []
