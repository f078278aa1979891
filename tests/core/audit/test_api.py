import pytest
from django.utils import timezone

from core.audit import services
from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from tests.factories.core import BrandFactory

pytestmark = pytest.mark.django_db


def record(brand, action):
    with tenant(brand.pk):
        services.record(
            action=action, subject=brand, actor=system_viewer(brand.pk), now=timezone.now()
        )


def test_the_trail_is_read(signed_in, brand):
    record(brand, "run.started")
    record(brand, "run.paused")
    record(BrandFactory(), "run.started")
    rows = signed_in.get("/api/v1/audit/").json()["results"]
    assert [row["action"] for row in rows] == ["run.paused", "run.started"]
    rows = signed_in.get("/api/v1/audit/?action=run.started").json()["results"]
    assert [row["action"] for row in rows] == ["run.started"]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_the_trail_cannot_be_written(signed_in, method):
    response = getattr(signed_in, method)("/api/v1/audit/1/", {}, "application/json")
    assert response.status_code in {404, 405}


def test_an_unknown_filter_is_an_error(signed_in):
    assert signed_in.get("/api/v1/audit/?actor=1").status_code == 400


def test_a_period_may_end_where_it_starts(signed_in):
    asked = dict.fromkeys(("since", "until"), "2026-03-02T00:00:00+08:00")
    assert signed_in.get("/api/v1/audit/", asked).status_code == 200
