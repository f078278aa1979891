import pytest
from django.utils import timezone

from core.kernel.scoping import tenant
from members.live import services, tasks
from members.live.models import LiveMember, TouchedMember
from members.profiles.models import Member
from tests.factories.members import MemberFactory, SegmentFactory

pytestmark = pytest.mark.django_db
GROWTH = {"op": "all", "items": [{"field": "stage", "cmp": "in", "value": ["growth"]}]}


def test_the_bell_takes_marks_batch_by_batch(brand, actor, monkeypatch):
    monkeypatch.setattr(services, "BATCH", 2)
    people = [MemberFactory(brand=brand, stage="lost") for _ in range(5)]
    with tenant(brand.pk):
        segment = SegmentFactory(brand=brand, tree=GROWTH)
        services.switch_on(segment=segment, actor=actor, now=timezone.now())
        services.refresh(brand_id=brand.pk, now=timezone.now())
        Member.objects.filter(pk__in=[p.pk for p in people]).update(stage="growth")
    assert tasks.refresh_live_segments(brand.pk) == 5
    with tenant(brand.pk):
        assert LiveMember.objects.count() == 5
        assert not TouchedMember.objects.exists()
    assert tasks.recompute_live_segments(brand.pk) == 1
