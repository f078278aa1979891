from datetime import timedelta

import pytest
from django.utils import timezone

from core.idempotency import services, tasks
from core.idempotency.models import IdempotencyKey
from core.kernel.access import Viewer
from core.kernel.scoping import tenant

pytestmark = pytest.mark.django_db


def test_sweep_opens_its_brand(brand):
    with tenant(brand.pk):
        services.keep(
            key="k",
            request_hash=b"h",
            answer=services.Answer(status=200, body=None),
            actor=Viewer(brand_id=brand.pk, label="A", staff_id=1),
            now=timezone.now() - timedelta(days=8),
        )
    assert tasks.sweep_idempotency_keys(brand.pk) == 1
    with tenant(brand.pk):
        assert not IdempotencyKey.objects.exists()
