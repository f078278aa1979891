"""Many windows of one person at once: the day's cap holds."""

import threading

import pytest
from django.db import connection
from django.utils import timezone
from django.utils.timezone import localdate

from core.kernel.access import Permission, Viewer, system_viewer
from core.kernel.scoping import tenant
from members.revealing import services
from members.revealing.models import Reveal, RevealTally
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db(transaction=True)
CAP, WINDOWS = 3, 12


def windows_reveal(brand):
    """Return how many of the windows saw the value, and how many rows say so."""
    now, seen = timezone.now(), []
    person = Viewer(brand.pk, "Chen", staff_id=7, permissions=frozenset(Permission))
    # One each: looking at a member waits for whoever looks at the same one.
    members = [MemberFactory(brand=brand, phone=f"+86138123412{n:02d}") for n in range(WINDOWS)]
    with tenant(brand.pk):
        services.change_limit(per_day=CAP, actor=system_viewer(brand.pk), now=now)
    start = threading.Barrier(WINDOWS, timeout=20)

    def reveal(member):
        try:
            start.wait()
            with tenant(brand.pk):
                why = {"reason": "call", "note": "called"}
                found = services.reveal(member=member, field="phone", **why, actor=person, now=now)
            seen.append(found.value)
        except services.TooManyReveals:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=reveal, args=[member]) for member in members]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with tenant(brand.pk):
        return len(seen), Reveal.objects.count()


def test_nobody_sees_more_than_the_cap(brand):
    assert windows_reveal(brand) == (CAP, CAP)


def test_looking_first_and_counting_then_would_let_them_all_pass(brand, monkeypatch):
    """The negative control: what keeps the cap is that one statement looks and counts."""
    looked = threading.Barrier(WINDOWS, timeout=20)

    def look_then_count(*, brand_id, who, day, cap):
        held = RevealTally.objects.filter(brand_id=brand_id, who=who, day=localdate())
        used = held.values_list("used", flat=True).first() or 0
        looked.wait()
        return used + 1 if used < cap else None

    monkeypatch.setattr(services, "_count", look_then_count)
    assert windows_reveal(brand) == (WINDOWS, WINDOWS)
