from datetime import timedelta

import pytest
from django.utils import timezone

from core.audit.models import AuditEntry
from core.kernel.errors import InvalidInput, NotFound
from core.sign_in import rules, services
from core.staff.models import Staff, StaffSession
from tests.factories.core import StaffFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def session_of(staff, key):
    return StaffSession.objects.create(
        session_key=key * 32,
        session_data="",
        expire_date=NOW + timedelta(hours=1),
        staff_id=staff.pk,
        created_at=NOW,
        seen_at=NOW,
    )


def test_a_session_is_ended_by_its_name_and_only_for_its_owner(inside_brand, actor):
    mine, theirs = StaffFactory(brand=inside_brand), StaffFactory(brand=inside_brand)
    session = session_of(mine, "a")
    ref = rules.ref_of(session.session_key)
    with pytest.raises(NotFound):
        services.end_session(staff=theirs, ref=ref, actor=actor, now=NOW)
    services.end_session(staff=mine, ref=ref, actor=actor, now=NOW)
    assert not StaffSession.objects.exists()
    assert AuditEntry.objects.get().action == "staff.session_ended"


def test_ending_others_keeps_the_present_one(inside_brand, actor):
    staff = StaffFactory(brand=inside_brand)
    for key in "abc":
        session_of(staff, key)
    assert services.end_sessions(staff=staff, keep_key="b" * 32, actor=actor, now=NOW) == 2
    assert StaffSession.objects.get().session_key == "b" * 32
    assert AuditEntry.objects.get().data == {"count": 2}


def test_a_weak_password_changes_nothing(inside_brand, actor):
    staff = StaffFactory(brand=inside_brand, username="chenke2026")
    for weak in ("short", "password123", "chenke2026"):
        with pytest.raises(InvalidInput):
            services.change_own_password(
                staff=staff, password=weak, current_key=None, actor=actor, now=NOW
            )
    assert not Staff.objects.get(pk=staff.pk).password
    assert not AuditEntry.objects.exists()
