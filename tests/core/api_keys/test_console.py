import datetime as dt

import pytest
from django.utils import timezone

from core.api_keys.models import ApiKey
from tests.factories.core import BrandFactory, RoleGrantFactory, StaffFactory

pytestmark = pytest.mark.django_db


def make(signed_in, **changes):
    values = {"name": "DMS 同步", "permissions": ["members.view", "runs.view"], "expires_on": ""}
    return signed_in.post("/api-keys/new/", values | changes)


def test_a_key_is_made_and_its_secret_shown_once(signed_in, client):
    response = make(signed_in)
    secret = response.context["secret"]
    assert response["Cache-Control"] == "no-store"
    assert secret not in signed_in.get("/api-keys/").text
    bearer = {"Authorization": f"Bearer {secret}"}
    anonymous = type(client)()
    assert anonymous.get("/api/v1/runs/", headers=bearer).status_code == 200
    assert anonymous.get("/api/v1/staff/", headers=bearer).status_code == 403
    assert anonymous.get("/tasks/", headers=bearer).status_code == 302, "REST only"


def test_a_revoked_key_is_refused(signed_in, client):
    secret = make(signed_in).context["secret"]
    key = ApiKey.objects.get()
    assert signed_in.get(f"/api-keys/{key.pk}/revoke/").status_code == 200
    assert signed_in.post(f"/api-keys/{key.pk}/revoke/").status_code == 302
    bearer = {"Authorization": f"Bearer {secret}"}
    assert type(client)().get("/api/v1/runs/", headers=bearer).status_code == 401
    assert signed_in.post(f"/api-keys/{key.pk}/revoke/").status_code == 409


def test_a_key_lasts_to_the_end_of_its_day(signed_in):
    day = timezone.localdate() + dt.timedelta(days=3)
    make(signed_in, expires_on=day.isoformat())
    end = timezone.localtime(ApiKey.objects.get().expires_at)
    assert (end.date(), end.time()) == (day + dt.timedelta(days=1), dt.time.min)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"permissions": []}, "permissions"),
        ({"permissions": ["everything"]}, "permissions"),
        ({"expires_on": "2020-01-01"}, "expires_on"),
    ],
)
def test_a_refused_key_makes_nothing(signed_in, changes, field):
    response = make(signed_in, **changes)
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert not ApiKey.objects.exists()


def test_another_brands_key_does_not_exist(signed_in):
    key = ApiKey.objects.create(brand=BrandFactory(), name="x", prefix="qy_x", digest=b"x")
    assert signed_in.post(f"/api-keys/{key.pk}/revoke/").status_code == 404
    assert "qy_x" not in signed_in.get("/api-keys/").text


def test_only_admins_make_keys(client, brand):
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=staff, role="hq_operator")
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/api-keys/").status_code == 403
    assert make(client).status_code == 403


def test_the_list_needs_one_query(signed_in, query_budget):
    for _n in range(4):
        make(signed_in)
    with query_budget(1):
        signed_in.get("/api-keys/")
