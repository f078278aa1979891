import pytest
from rest_framework.test import APIClient

from core.kernel.access import Permission
from core.staff.rules import PERMISSIONS_OF_ROLE
from tests.factories.core import RoleGrantFactory, StaffFactory
from tests.factories.members import VehicleFactory

pytestmark = pytest.mark.django_db
MODELS = "/api/v1/vehicle-models/"
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def api(staff):
    client = APIClient()
    client.force_login(staff, backend=BACKEND)
    return client


@pytest.fixture
def e7(api):
    return api.post(MODELS, {"code": "E7", "name": "远航 E7"})


def test_models_are_made_read_renamed_and_deleted(api, e7, query_budget):
    assert e7.status_code == 201
    pk = e7.json()["id"]
    assert e7["Location"] == f"{MODELS}{pk}/"
    api.post(MODELS, {"code": "S5", "name": "远航 S5"})
    with query_budget(1):
        codes = [each["code"] for each in api.get(f"{MODELS}?ordering=-code").json()["results"]]
    assert codes == ["S5", "E7"]
    assert [each["id"] for each in api.get(f"{MODELS}?code=E7").json()["results"]] == [pk]
    renamed = api.patch(e7["Location"], {"name": "远航 E7 Max", "version": 1})
    assert renamed.json() == {"id": pk, "code": "E7", "name": "远航 E7 Max", "version": 2}
    assert api.get(e7["Location"]).json() == renamed.json()
    assert api.delete(e7["Location"]).status_code == 204
    assert api.get(e7["Location"]).status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"code": "e7", "name": "x"}, "/code"),
        ({"code": "S5", "name": "E7"}, "/name"),
        ({"code": "", "name": "x"}, "/code"),
        ({"code": "S 5", "name": "x"}, "/code"),
        ({"name": "x"}, "/code"),
        ({"code": "S5"}, "/name"),
        ({"code": "S5", "name": "x" * 81}, "/name"),
        ({"code": "S5", "name": "x", "brand": 1}, "/brand"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(api, e7, body, pointer):
    answer = api.post(MODELS, body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_a_code_never_changes(api, e7):
    answer = api.patch(e7["Location"], {"code": "E8", "version": 1})
    assert answer.status_code == 422
    assert api.get(e7["Location"]).json()["code"] == "E7"


def test_a_model_of_cars_is_not_deleted(api, e7, brand):
    VehicleFactory(brand=brand, model_id=e7.json()["id"], model=None)
    answer = api.delete(e7["Location"])
    assert (answer.status_code, answer.json()["code"]) == (409, "vehicle_model_in_use")


def test_who_sees_members_reads_and_only_who_sets_up_writes(brand, e7):
    person = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=person, role="hq_operator")
    assert Permission.VEHICLE_MODELS_EDIT not in PERMISSIONS_OF_ROLE["hq_operator"]
    client = APIClient()
    client.force_login(person, backend=BACKEND)
    assert client.get(MODELS).status_code == 200
    assert client.post(MODELS, {"code": "S5", "name": "S5"}).status_code == 403
    assert client.patch(e7["Location"], {"name": "x"}).status_code == 403
    assert client.delete(e7["Location"]).status_code == 403
