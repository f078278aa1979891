"""Several segments archived at once."""

import pytest
from django.urls import reverse
from django.utils import timezone

from core.kernel.scoping import tenant
from members.segments.models import Segment

pytestmark = pytest.mark.django_db
URL = reverse("members:segments-archive-several")


def test_segments_are_asked_about_then_archived(signed_in, brand):
    now = timezone.now()
    with tenant(brand.pk):
        made = [
            Segment.objects.create(brand=brand, name=name, tree={}, created_at=now, updated_at=now)
            for name in "甲乙丙"
        ]
    ids = [made[0].pk, made[1].pk]
    assert set(signed_in.post(URL, {"id": ids}).context["effects"]) == {"甲", "乙"}
    assert signed_in.post(URL, {"id": ids, "sure": "1"}).status_code == 204
    with tenant(brand.pk):
        assert [s.name for s in Segment.objects.filter(is_archived=False)] == ["丙"]
