import pytest
from django.utils import timezone

from core.kernel.access import Viewer
from core.kernel.scoping import tenant
from core.runs import ports, services
from core.runs.models import Run
from core.runs.ports import register_run_kind
from tests.factories.core import BrandFactory, RoleGrantFactory, StaffFactory

pytestmark = pytest.mark.django_db


class Idle:
    def step(self, **_given):
        raise AssertionError("nobody works here")

    def cancelled(self, **_given):
        pass


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    monkeypatch.setattr(ports, "_handlers", {})
    monkeypatch.setattr(services, "ring", lambda *bell: None)
    register_run_kind("import", Idle())


def start(brand, **state):
    with tenant(brand.pk):
        run = services.start_run(
            kind="import",
            title="名单",
            params={},
            actor=Viewer(brand_id=brand.pk, label="x"),
            now=timezone.now(),
        )
        Run.objects.filter(pk=run.pk).update(**state)
    return run


def post(client, path):
    return client.post(f"/api/v1/runs/{path}/", {}, "application/json")


def test_tasks_are_read(signed_in, brand):
    run = start(brand, done=3, total=9)
    start(BrandFactory())
    (row,) = signed_in.get("/api/v1/runs/").json()["results"]
    assert (row["id"], row["done"], row["total"], row["state"]) == (run.pk, 3, 9, "queued")
    assert "params" not in row
    assert signed_in.get("/api/v1/runs/?state=paused").json()["results"] == []


def test_tasks_are_steered(signed_in, brand):
    run = start(brand)
    assert post(signed_in, f"{run.pk}/pause").json()["state"] == "paused"
    assert post(signed_in, f"{run.pk}/resume").json()["state"] == "queued"
    assert post(signed_in, f"{run.pk}/cancel").json()["state"] == "cancelled"
    refused = post(signed_in, f"{run.pk}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "run_ended")


def test_another_brands_task_does_not_exist(signed_in):
    run = start(BrandFactory())
    assert signed_in.get(f"/api/v1/runs/{run.pk}/").status_code == 404
    assert post(signed_in, f"{run.pk}/cancel").status_code == 404


def test_reading_is_not_steering(client, brand):
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=staff, role="analyst")
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    run = start(brand)
    assert client.get(f"/api/v1/runs/{run.pk}/").status_code == 200
    assert post(client, f"{run.pk}/cancel").status_code == 403
