from datetime import timedelta

import pytest
from django.utils import timezone

from core.kernel.scoping import tenant
from members.erasure import services
from members.erasure.models import Erasure
from members.erasure.tasks import start_due_erasures
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db


def test_beat_starts_what_is_due_once(brand, actor, ask):
    with tenant(brand.pk):
        services.change_grace(days=1, actor=actor, now=timezone.now())
    due = MemberFactory(brand=brand, display_name="欧阳若兰")
    ask(due, now=timezone.now() - timedelta(days=1))
    ask(MemberFactory(brand=brand, display_name="司马相如"))
    assert [start_due_erasures(brand.pk) for _ring in range(2)] == [1, 0]
    with tenant(brand.pk):
        assert Erasure.objects.get(state="running").member_id == due.pk
