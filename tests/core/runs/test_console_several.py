"""Several tasks cancelled at once."""

import pytest
from django.urls import reverse
from django.utils import timezone

from core.kernel.scoping import tenant
from core.runs.models import Run
from tests.factories.core import RoleGrantFactory, StaffFactory

pytestmark = pytest.mark.django_db
URL = reverse("core:runs-cancel-several")


def make(brand, staff=None, state="paused"):
    now = timezone.now()
    with tenant(brand.pk):
        return Run.objects.create(
            brand=brand,
            kind="sample",
            title=f"任务 {state}",
            state=state,
            requested_by_id=staff and staff.pk,
            requested_by_label="x",
            claimable_at=now,
            created_at=now,
            finished_at=None if state in Run.OPEN_STATES else now,
        )


def states(brand):
    with tenant(brand.pk):
        return list(Run.objects.order_by("pk").values_list("state", flat=True))


def test_the_question_names_those_that_can_be_ended(signed_in, brand):
    runs = [make(brand), make(brand, state="queued"), make(brand, state="succeeded")]
    page = signed_in.post(URL, {"id": [run.pk for run in runs]})
    assert set(page.context["effects"]) == {"任务 queued", "任务 paused"}
    assert states(brand) == ["paused", "queued", "succeeded"]


def test_a_sure_answer_ends_them(signed_in, brand):
    runs = [make(brand), make(brand, state="queued"), make(brand, state="succeeded")]
    answer = signed_in.post(URL, {"id": [run.pk for run in runs], "sure": "1"})
    assert answer.status_code == 204
    assert states(brand) == ["cancelled", "cancelled", "succeeded"]


def test_what_others_started_is_left_alone(client, brand):
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=staff, role="analyst")
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    runs = [make(brand), make(brand, staff=staff)]
    client.post(URL, {"id": [*(run.pk for run in runs), "x", "9" * 30], "sure": "1"})
    assert states(brand) == ["paused", "cancelled"]
