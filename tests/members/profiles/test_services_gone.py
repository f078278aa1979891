"""Somebody deletes a row while another person's page still shows it."""

import threading

import pytest
from django.db import connection, connections
from django.utils import timezone

from core.kernel.access import Permission, Viewer
from core.kernel.errors import NotFound
from core.kernel.scoping import tenant
from members.erasure import services as erasure
from members.lifecycle import services as lifecycle
from members.privacy import services as privacy
from members.profiles import services as profiles
from members.profiles.models import Member
from members.revealing import services as revealing
from members.segments import services as segments
from members.segments.models import Segment
from members.tags import by_hand
from tests.factories.members import MemberFactory, SegmentFactory, TagFactory

pytestmark = pytest.mark.django_db
WHY = {"reason": "call", "note": "called"}
ACTS = {
    "change": lambda member, **by: profiles.change_member(
        member=member, changes={"display_name": "王芳"}, **by
    ),
    "stage": lambda member, **by: lifecycle.change_by_hand(
        member=member, to_stage="lost", note="said so", **by
    ),
    "consent": lambda member, **by: privacy.withdraw_consent(
        member=member, purpose="community", evidence="letter", **by
    ),
    "erase": lambda member, **by: erasure.request_erasure(
        member=member, typed_name=member.display_name, reason="asked", note="", **by
    ),
    "reveal": lambda member, **by: revealing.reveal(member=member, field="phone", **WHY, **by),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_member_who_is_gone_is_not_found(brand, act):
    person = Viewer(brand.pk, "Chen", staff_id=7, permissions=frozenset(Permission))
    member = MemberFactory(brand=brand, phone="+8613812341234")
    with tenant(brand.pk):
        Member.objects.filter(pk=member.pk).delete()
        with pytest.raises(NotFound):
            act(member, actor=person, now=timezone.now())


def test_so_is_a_segment(brand, actor):
    segment = SegmentFactory(brand=brand)
    with tenant(brand.pk):
        Segment.objects.filter(pk=segment.pk).delete()
        with pytest.raises(NotFound):
            segments.change_segment(
                segment=segment, changes={"name": "New"}, actor=actor, now=timezone.now()
            )


@pytest.mark.django_db(transaction=True)
def test_who_goes_while_a_tag_is_being_given_is_left_out(brand, actor):
    member, tag = MemberFactory(brand=brand), TagFactory(brand=brand)
    locked, given = threading.Event(), []

    def give():
        try:
            locked.wait(20)
            with tenant(brand.pk):
                given.append(
                    by_hand.tag_members(
                        tag=tag, member_ids=[member.pk], actor=actor, now=timezone.now()
                    )
                )
        finally:
            connections.close_all()

    thread = threading.Thread(target=give)
    thread.start()
    with tenant(brand.pk):
        Member.objects.filter(pk=member.pk).delete()
        locked.set()
        _wait_for_a_waiter()
    thread.join()
    assert given == [0]


def _wait_for_a_waiter():
    with connection.cursor() as cursor:
        for _attempt in range(1000):
            cursor.execute(
                "SELECT count(*), pg_sleep(0.01) FROM pg_locks"
                " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return
    pytest.fail("nobody waits")
