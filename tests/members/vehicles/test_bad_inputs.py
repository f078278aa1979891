"""Bad inputs 49 and 50 of invariants.md, sent to the API as they would come from outside."""

import pytest
from rest_framework.test import APIClient

from core.kernel.scoping import tenant
from members.vehicles.models import Ownership
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
