from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from communities.communities.models import Community
from communities.communities.tasks import close_ended
from core.kernel.scoping import tenant
from tests.factories.communities import CommunityFactory

pytestmark = pytest.mark.django_db


def test_bell_closes_what_is_over_and_may_ring_twice(brand):
    CommunityFactory.create_batch(2, brand=brand, ends_at=timezone.now() - timedelta(days=2))
    CommunityFactory(brand=brand, ends_at=timezone.now())
    assert [close_ended(brand.pk), close_ended(brand.pk)] == [2, 0]
    with tenant(brand.pk):
        assert Community.objects.filter(state="closing").count() == 2


def test_beat_rings_it():
    rung = [entry["args"] for entry in settings.CELERY_BEAT_SCHEDULE.values() if "args" in entry]
    assert [f"{close_ended.__module__}.close_ended"] in rung
