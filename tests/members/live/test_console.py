import pytest
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from core.kernel.scoping import tenant
from members.live import services
from members.live.models import LiveSegment
from tests.factories.members import MemberFactory, SegmentFactory

pytestmark = pytest.mark.django_db
GROWTH = {"op": "all", "items": [{"field": "stage", "cmp": "in", "value": ["growth"]}]}


@pytest.fixture
def segment(brand):
    MemberFactory(brand=brand, stage="growth")
    return SegmentFactory(brand=brand, tree=GROWTH)


def test_a_person_makes_it_live_sees_as_of_when_and_stops(signed_in, brand, segment):
    state = reverse("members:live-state", args=[segment.pk])
    switch = reverse("members:live-switch", args=[segment.pk])
    assert "设为实时" in signed_in.get(state).content.decode()
    assert signed_in.post(switch).status_code == 302
    assert "every 2s" in signed_in.get(state).content.decode()  # until a worker filled it
    with tenant(brand.pk):
        services.refresh(brand_id=brand.pk, now=timezone.now())
    page = signed_in.get(state).content.decode()
    assert "every 15s" in page
    assert "秒前" in page
    signed_in.post(switch, {"off": "1"})
    with tenant(brand.pk):
        assert not LiveSegment.objects.exists()


def test_a_program_does_the_same(staff, brand, segment):
    api = APIClient()
    api.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    url = f"/api/v1/segments/{segment.pk}/live/"
    assert api.get(url).json()["is_live"] is False
    assert api.post(url, {}, format="json").json()["refreshed_at"] is None
    with tenant(brand.pk):
        services.refresh(brand_id=brand.pk, now=timezone.now())
    assert api.get(url).json()["member_count"] == 1
    kept = api.get(f"{url}members/").json()
    assert len(kept["results"]) == 1
    assert api.get(f"{url}members/", {"after": kept["results"][0]}).json()["results"] == []
    assert api.get(f"{url}members/", {"after": "x"}).status_code == 400
    assert api.delete(url).status_code == 204
    assert api.get(url).json()["is_live"] is False
