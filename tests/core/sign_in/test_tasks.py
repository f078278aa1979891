from datetime import timedelta

import pytest
from django.utils import timezone

from core.sign_in.tasks import clear_expired_sessions
from core.staff.models import StaffSession

pytestmark = pytest.mark.django_db


def test_sessions_that_ran_out_are_cleared():
    now = timezone.now()
    for key, hours in (("a", -1), ("b", 1)):
        StaffSession.objects.create(
            session_key=key * 32,
            session_data="",
            expire_date=now + timedelta(hours=hours),
            created_at=now,
            seen_at=now,
        )
    assert clear_expired_sessions() == 1
    assert StaffSession.objects.get().session_key == "b" * 32
