"""From an empty server to cars by every door, without the demo."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from core.runs import services as runs
from core.staff.models import Staff
from members.imports import services as imports
from members.imports.models import ImportJob
from members.vehicles.models import Ownership
from tests.factories.members import MemberFactory
from tests.members.imports.conftest import table

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"
BY_FORM, BY_REST, IN_FILE = "LSVAM4187C2184847", "11111111111111111", "1M8GDM9AXKP042788"


@pytest.fixture
def admin(settings, tmp_path, capsys):
    settings.FILES_DIR = tmp_path
    call_command("open_brand", "yuanhang", "远航汽车", admin="lin")
    return Staff.objects.get(username="lin")


def bring_in(brand, file):
    actor, now = system_viewer(brand.pk), timezone.now()
    with tenant(brand.pk):
        job = imports.receive_file(
            file=file, name="车主.csv", subject="members", actor=actor, now=now
        )
        imports.start_import(
            job_id=job.pk, mapping=job.mapping, options={}, is_dry_run=False, actor=actor, now=now
        )
        runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(minutes=5))
        return ImportJob.objects.get(pk=job.pk)


def test_a_brand_that_was_just_opened_enters_cars_by_form_by_rest_and_by_file(admin, client):
    brand = admin.brand
    client.force_login(admin, backend=BACKEND)
    first, second = (MemberFactory(brand=brand) for _n in range(2))
    add = reverse("members:vehicles-add", args=[first.pk])
    models = reverse("members:vehicle-models-list")
    assert models in client.get(add).content.decode()

    made = client.post(
        reverse("members:vehicle-models-new"), {"code": "E7", "name": "远航 E7"}, follow=True
    )
    assert "远航 E7" in made.content.decode()
    api = APIClient()
    api.force_login(admin, backend=BACKEND)
    (model,) = api.get("/api/v1/vehicle-models/").json()["results"]

    car = {"vin": BY_FORM, "model": model["id"], "delivered_on": "2024-03-01"}
    assert client.post(add, car | {"is_domestic": "on"}).status_code == 302
    posted = api.post("/api/v1/ownerships/", car | {"vin": BY_REST, "member": second.pk})
    assert posted.status_code == 201
    head = ("客户编号", "姓名", "车架号", "车型", "交付日期")
    job = bring_in(brand, table(head, ("C1", "陈小宇", IN_FILE, "E7", "2024-03-01")))
    assert (job.created_count, job.rejected_count) == (1, 0)

    with tenant(brand.pk):
        held = Ownership.objects.select_related("vehicle__model").order_by("pk")
        cars = [(each.vehicle.vin_tail, each.vehicle.model.name) for each in held]
    assert cars == [(vin[-6:], "远航 E7") for vin in (BY_FORM, BY_REST, IN_FILE)]
    (row,) = client.get(models).context["rows"]
    assert row[1].number == 3
