import pytest

from tests.factories.core import DealerFactory, RoleGrantFactory, StaffFactory

pytestmark = pytest.mark.django_db


def test_people_are_read_with_their_roles(signed_in, brand, staff):
    dealer = DealerFactory(brand=brand)
    person = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=person, role="dealer_staff", dealer=dealer)
    StaffFactory()
    found = signed_in.get("/api/v1/staff/").json()["results"]
    assert {row["id"] for row in found} == {staff.pk, person.pk}
    (row,) = (row for row in found if row["id"] == person.pk)
    assert row["grants"][0]["dealer"] == dealer.pk
    assert "password" not in row
    only = signed_in.get(f"/api/v1/staff/?dealer={dealer.pk}").json()["results"]
    assert [row["id"] for row in only] == [person.pk]


def test_another_brands_person_does_not_exist(signed_in):
    assert signed_in.get(f"/api/v1/staff/{StaffFactory().pk}/").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_access_is_not_given_through_rest(signed_in, staff, method):
    response = getattr(signed_in, method)(f"/api/v1/staff/{staff.pk}/", {}, "application/json")
    assert response.status_code == 405


def test_reading_staff_needs_the_permission(client, brand):
    person = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=person, role="analyst")
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/api/v1/staff/").status_code == 403


def test_the_list_needs_few_queries(signed_in, brand, query_budget):
    for _n in range(8):
        RoleGrantFactory(brand=brand, staff=StaffFactory(brand=brand), role="hq_operator")
    with query_budget(1):
        assert signed_in.get("/api/v1/staff/").status_code == 200
